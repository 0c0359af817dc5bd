"""A walker's states as compiled kernels take them, and lines brought through these; steps that nobody took before are worked out in between."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .automata import END_OF_LINE
from .automata_lines import ALL, Lines, kinds
from .words import Places

if TYPE_CHECKING:
    from .automata_walk import Walker

DEAD, TAKEN, UNKNOWN = 0, 1, 2
SYMBOLS = 257
LANDMARKS = b"[|{"
WINDOW = 6
ROUNDS, LEARNT, STRIDE = 64, 64, 32


# The table, the steps, and which states are over; for each state the landmarks that it waits for, as bits and as windows; what follows in these, and how long.
# States may be added to the arrays while they are looked at, but none that has no room in them. Windows of a state that are not known are -1.
Snapshot = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.bool_], npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.int32]]
Walk = tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.bool_], npt.NDArray[np.int32], npt.NDArray[np.uint8], npt.NDArray[np.int32], int]


class Tables:
    """Makes these arrays, anew where states were added."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self._marked = 0
        self._windows: dict[tuple[int, ...], int] = {}
        marks = np.full(4 * len(walker.table), -1, np.int32)
        self._held: Snapshot = walker.table.reshape(-1), walker.steps.reshape(-1), walker.over, marks, np.zeros(1, np.uint8), np.zeros(1, np.int32)

    def snapshot(self, seen: int = ALL) -> Walk:
        """What is known now, and which landmarks are there at all."""
        with self.walker.lock:
            if self._marked < len(self.walker.sets):
                self._mark()
            return *self._held, seen

    def _mark(self) -> None:
        walker = self.walker
        marks = np.full((len(walker.table), 4), -1, np.int32)
        marks[: self._marked] = self._held[3].reshape(-1, 4)[: self._marked]
        for state in range(self._marked, len(walker.sets)):
            if walker.over[state]:
                marks[state] = 0
                for one in walker.windows(state) if state > TAKEN else ():
                    place = LANDMARKS.index(one[0].bit_length() - 1)
                    marks[state, 0] |= 1 << place
                    marks[state, 1 + place] = self._windows.setdefault(one, len(self._windows))
        self._marked = len(walker.sets)
        sets, sizes = np.zeros((len(self._windows) + 1, WINDOW, 256), np.uint8), np.zeros(len(self._windows) + 1, np.int32)
        for one, number in self._windows.items():
            sizes[number] = len(one) - 1
            for i, bits in enumerate(one[1:]):
                sets[number, i] = kinds(bits)
        self._held = walker.table.reshape(-1), walker.steps.reshape(-1), walker.over, marks.reshape(-1), sets.reshape(-1), sizes

    def walk(self, compiled: ModuleType, lines: Lines, rows: Places, at: Places, states: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """As `Walker.walk`."""
        found, which = np.zeros(len(rows), np.uint8), np.arange(len(rows))
        at, ends, places = at.copy(), lines.ends[rows], states.astype(np.int64) * SYMBOLS
        for _ in range(ROUNDS):
            unknown, snapshot = 0, self.snapshot(lines.seen())
            for data, shift, first, last in lines.parts(rows[which]):
                unknown += compiled.walked(data, shift, which[first:last], at, ends, places, snapshot, found)
            if not unknown:
                break
            which = which[found[which] == UNKNOWN]
            self.learn(lines.data, places[which], at[which], ends[which])
        free: npt.NDArray[np.bool_] = found == DEAD
        return free

    def left(self, compiled: ModuleType, lines: Lines, rows: Places, state: int, mended: npt.NDArray[np.bool_]) -> Places:
        """Those rows for which it is not certain that nothing matches from their beginning on; all that begin with a byte of `mended`."""
        left = []
        for _ in range(ROUNDS):
            found, counts, snapshot = np.empty((4, len(rows)), np.int64), np.zeros(2, np.int64), self.snapshot(lines.seen())
            for data, shift, first, last in lines.parts(rows):
                compiled.bare(data, shift, rows, first, last, lines.starts, lines.ends, state * SYMBOLS, mended, snapshot, (*found, counts))
            left.append(found[0, : counts[0]])
            rows, states, at = found[1:, : counts[1]]
            if not len(rows):
                break
            self.learn(lines.data, states, at, lines.ends[rows])
        else:
            left.append(rows)
        return left[0] if len(left) == 1 else np.sort(np.concatenate(left))

    def learn(self, data: npt.NDArray[np.uint8], states: Places, at: Places, ends: Places) -> None:
        """Make steps known that lines need next, those of a few of them at a time; `states` are places in the table."""
        some = slice(0, LEARNT)
        for state, first, end in zip(states[some].tolist(), at[some].tolist(), ends[some].tolist(), strict=True):
            last = min(first + STRIDE, end)
            self.walker.follow(state // SYMBOLS, (*data[first:last].tobytes(), *([END_OF_LINE] if last == end else ())))
