"""Lines of a buffer, and which of them hold given bytes one after another: what an automaton may wait for is looked for in all lines at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ..collectors.compiled import Compiled
from .automata import BYTES
from .words import Places, places_of

KERNELS = Compiled(__package__, "automata_compiled")
LINE_FEED, ALL = 10, 7
COLOUR_BYTES = b"\x1b\\#"
MEMBER, COLOUR = 1, 2
SPARSE = 8
BLOCK = 1 << 16
# Compiled kernels look at no more of a line, and at no byte so far behind it.
HEAD_BYTES, REACH = 1 << 16, 512


@dataclass
class Lines:
    """Some lines of one buffer, `data[starts:ends]` each without its newline; they lie in order."""

    data: npt.NDArray[np.uint8]
    starts: Places
    ends: Places
    _marks: dict[tuple[int, ...], npt.NDArray[np.bool_]] = field(default_factory=dict)
    _held: dict[int, bool] = field(default_factory=dict)
    _seen: int = -1
    _ending: tuple[int, npt.NDArray[np.uint8], int] | None = None
    _answers: dict[Hashable, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def marked(self, windows: tuple[int, ...], rows: Places | slice) -> npt.NDArray[np.bool_]:
        """Which of `rows` hold bytes of these sets one after another, or a colour among them; the first set is a single byte."""
        if windows not in self._marks:
            byte = windows[0].bit_length() - 1
            if not isinstance(rows, slice) and self.holds(byte) and len(rows) * SPARSE < len(self.starts):
                some = self.only(rows)
                return some.holding(windows, 0, len(some.data))
            first, last = int(self.starts[0]), int(self.ends[-1])
            self._marks[windows] = self.holding(windows, first, last if self.holds(byte) else first)
        return self._marks[windows][rows]

    def once(self, find: Callable[[Lines, Any], npt.NDArray[np.bool_]], about: Hashable) -> npt.NDArray[np.bool_]:
        """What `find` says of all lines, asked once."""
        if about not in self._answers:
            self._answers[about] = find(self, about)
        return self._answers[about]

    def holds(self, byte: int) -> bool:
        """Whether any line holds a byte."""
        if byte not in self._held:
            last = int(self.ends[-1])
            parts = (self.data[first : min(first + BLOCK, last)] for first in range(int(self.starts[0]), last, BLOCK))
            self._held[byte] = any(byte in part.tobytes() for part in parts)
        return self._held[byte]

    def holding(self, windows: tuple[int, ...], first: int, last: int) -> npt.NDArray[np.bool_]:
        """Which lines hold bytes of these sets in a row that begin in `[first, last)`."""
        byte, last_byte = windows[0].bit_length() - 1, len(self.data) - 1
        at, hits = places_of(self.data[first:last], byte) + first, []
        for i, bits in enumerate(windows[1:], 1):
            if not len(at):
                break
            kind = kinds(bits)[self.data[np.minimum(at + i, last_byte)]]
            if kind.max() == COLOUR:
                hits.append(at[kind == COLOUR])
            at = at[kind == MEMBER]
        hits.append(at)
        found = np.zeros(len(self.starts) + 1, bool)
        found[np.searchsorted(self.starts, np.concatenate(hits), "right") - 1] = True
        return found[:-1]

    def fed(self) -> bool:
        """Whether any line ends in a line feed, before which a pattern's end stands too."""
        if compiled := KERNELS.module():
            return bool(compiled.fed(self.data, self.starts, self.ends))
        return bool(((self.data[self.ends - 1] == LINE_FEED) & (self.ends > self.starts)).any())

    def seen(self) -> int:
        """Which landmarks there are at all, as bits; all of them while that cannot be known soon."""
        if self._seen < 0:
            compiled = KERNELS.module()
            if compiled is None:
                return ALL
            self._seen = compiled.seen(self.data, int(self.starts[0]), int(self.ends[-1])) if len(self.starts) else 0
        return self._seen

    def parts(self, rows: Places) -> Iterator[tuple[npt.NDArray[np.uint8], int, int, int]]:
        """Bytes that go on for REACH after what is looked at of some rows, which are in order; how far back they are moved, and for which of the rows."""
        if self._ending is None:
            self._ending = self._end()
        row, data, shift = self._ending
        cut = int(np.searchsorted(rows, row))
        if cut:
            yield self.data, 0, 0, cut
        if cut < len(rows):
            yield data, shift, cut, len(rows)

    def _end(self) -> tuple[int, npt.NDArray[np.uint8], int]:
        """The last rows, which end too near to the end of the buffer, by themselves."""
        row, last = int(np.searchsorted(self.ends, len(self.data) - REACH, "right")), len(self.data)
        if row < len(self.starts) and int(self.starts[row]) + HEAD_BYTES + REACH <= last:
            row += 1
        shift = int(self.starts[row]) if row < len(self.starts) else last
        data = np.zeros(last - shift + REACH, np.uint8)
        data[: last - shift] = self.data[shift:]
        return row, data, shift

    def only(self, rows: Places) -> Lines:
        """Some of the lines, copied one after another."""
        sizes = self.ends[rows] - self.starts[rows]
        ends = np.cumsum(sizes)
        starts = ends - sizes
        data = self.data[np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[rows] - starts, sizes)]
        return Lines(data if len(data) else np.zeros(1, np.uint8), starts, ends)


@lru_cache(maxsize=256)
def kinds(bits: int) -> npt.NDArray[np.uint8]:
    """For each byte: a MEMBER of the set, the beginning of a COLOUR, or 0."""
    found = np.unpackbits(np.frombuffer((bits & BYTES).to_bytes(32, "little"), np.uint8), bitorder="little")
    found[list(COLOUR_BYTES)] = COLOUR
    return found


def chosen(rows: Places | slice, places: Places) -> Places:
    """Some of the rows."""
    return places + rows.start if isinstance(rows, slice) else rows[places]
