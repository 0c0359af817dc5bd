"""Lines that begin as others did that match nothing: tracebacks and other lines between the stamped ones, empty lines.

What a beginning leads to is worked out when it comes for the second time, since those of damaged lines seldom come again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .automata import END_OF_LINE
from .automata_lines import COLOUR_BYTES, Lines
from .automata_tables import DEAD, TAKEN
from .automata_walk import Walker
from .words import gathered

LONGEST = 64
MOST = 4096
NEW, SEEN = -2, -1


class Openings:
    """The first bytes of lines, and in which state of the automaton they leave what starts from `start`; SEEN where that is not worked out."""

    def __init__(self, walker: Walker, start: int) -> None:
        self.walker, self.start = walker, start
        self._states: dict[bytes, int] = {}

    def nothing(self, lines: Lines, records: list[bytes]) -> npt.NDArray[np.bool_]:
        """Which of the lines, all of the buffer's, are known to match nothing."""
        word = gathered(lines.data, lines.starts, 1)[0]
        states = self.walker.led(lines.ends - lines.starts, word, np.full(len(word), self.start, np.int32), most=0)
        left = np.flatnonzero(states < 0)
        states[left] = [self._state(records[row][:LONGEST]) for row in left.tolist()]
        found: npt.NDArray[np.bool_] = states == DEAD
        for state in {one for one in states.tolist() if one > TAKEN}:
            here = np.flatnonzero(states == state)
            found[here] = self.walker.unmarked(lines, here, state)
        return found

    def _state(self, text: bytes) -> int:
        known = self._states.get(text, NEW)
        if known == NEW:
            if len(self._states) < MOST:
                self._states[text] = SEEN
            return SEEN
        if known == SEEN:
            known = self._states[text] = self._settled(text)
        return known

    def _settled(self, text: bytes) -> int:
        """The first state that takes no more bytes; TAKEN if there is none so soon. A text that is shorter than LONGEST is a whole line."""
        state = self.start
        for byte in (*text, END_OF_LINE)[:LONGEST]:
            if self.walker.is_over(state):
                return state
            state = TAKEN if byte < END_OF_LINE and byte in COLOUR_BYTES else self.walker.step(state, 1 << byte)
        return state if self.walker.is_over(state) else TAKEN
