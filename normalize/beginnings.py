"""How lines begin: their first eight bytes as one number, to be compared with words for a whole column at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .words import gathered

Flags = npt.NDArray[np.bool_]
BLANKS = (ord(" "), ord("\t"))


@dataclass(frozen=True)
class Beginnings:
    """Of each line the first eight bytes, the first lowest, and its length in bytes; what stands beyond the line's end means nothing."""

    word: npt.NDArray[np.uint64]
    size: npt.NDArray[np.int32]

    def begin(self, start: bytes) -> Flags:
        """Which lines begin with some bytes, eight at most."""
        mask = np.uint64((1 << 8 * len(start)) - 1)
        found: Flags = (self.word & mask) == np.uint64(int.from_bytes(start, "little"))
        found &= self.size >= len(start)
        return found

    def continuing(self) -> Flags:
        """Which lines continue a record by how they begin: those that are blank or indented."""
        first = self.word.astype(np.uint8)
        found: Flags = (self.size == 0) | (first == BLANKS[0]) | (first == BLANKS[1])
        return found

    def some(self, rows: npt.NDArray[np.int64] | slice) -> Beginnings:
        """Those of some lines."""
        return Beginnings(self.word[rows], self.size[rows])


def beginnings(texts: pa.Array) -> Beginnings:
    """The beginnings of a string array's lines; null is nothing in particular."""
    _, bounds, data = texts.buffers()
    ends = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return Beginnings(gathered(held, ends[:-1].astype(np.int64), 1)[0], ends[1:] - ends[:-1])
