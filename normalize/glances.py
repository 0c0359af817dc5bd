"""What the first bytes of lines say, in one walk over a column by compiled kernels: their severity, and what they are in a record of several lines.

Everything is as `severity.first_words` and `records.records` have it, which do the same on numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.compiled import Compiled
from .records import CALL, CHAINS, EXCEPTION, FIRST_TWO, STARTS, THROWN, TRACEBACK, Flags, Open, Records, matching
from .severity import FIRST_WORDS, WORDS, Codes

KERNELS = Compiled(__package__, "records_compiled")
# Bits of `records_compiled`: a line continues, opens a traceback, begins a goroutine's dump, announces a further traceback; its words fit a pattern.
MORE, OPENER, GOROUTINE, CHAINED = 1, 2, 4, 8
PATTERNS = {32: EXCEPTION, 64: CALL, 128: THROWN}
BEGINNINGS = {**dict.fromkeys(STARTS, MORE), TRACEBACK: OPENER, "goroutine ": GOROUTINE, **dict.fromkeys(CHAINS, MORE | CHAINED)}
BEGUN = [start.encode().replace(b"0", b"\0") for start in BEGINNINGS]
OPENINGS = (
    FIRST_TWO,
    np.frombuffer(b"".join(BEGUN), np.uint8),
    np.cumsum([len(start) for start in BEGUN], dtype=np.int32),
    np.array(list(BEGINNINGS.values()), np.uint8),
)
LOUD = [f"{word} ".encode() for word in FIRST_WORDS]
LEVELLED = (
    np.array([int.from_bytes(word, "little") for word in LOUD], np.uint64),
    np.array([(1 << 8 * len(word)) - 1 for word in LOUD], np.uint64),
    np.array([WORDS[word.lower()] for word in FIRST_WORDS], np.uint8),
)

Marks = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Glance:
    """Of each line the severity that its first word says, UNKNOWN where that says none, and its marks: how it begins, as `records_compiled` notes it."""

    levels: Codes
    marks: Marks

    def continuing(self) -> Flags:
        """Which lines continue a record by how they begin."""
        return (self.marks & np.uint8(MORE)).view(bool)


def glance(texts: pa.Array) -> Glance | None:
    """The lines of a string array without nulls; None without kernels."""
    kernels = KERNELS.module()
    if kernels is None:
        return None
    _, bounds, data = texts.buffers()
    ends = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    levels, marks = np.empty(len(texts), np.uint8), np.empty(len(texts), np.uint8)
    kernels.glance(held, ends, OPENINGS, LEVELLED, levels, marks)
    return Glance(levels.view(np.int8), marks)


def walked(texts: pa.Array, marks: Marks, levels: Codes, throwing: Flags, before: Open) -> Records:
    """As `records.records`; `marks` are those of `glance`, which are written to."""
    kernels: Any = import_module(KERNELS.name)
    opened = OPENER * before.traceback | GOROUTINE * before.goroutine | CHAINED * (before.chained and not before.traceback)
    grave = before.grave_head and not (before.traceback or before.goroutine or before.chained)
    said = levels.view(np.uint8)
    asked = np.empty(2 * len(marks), np.int64)
    asked = asked[: kernels.questions(marks, said, throwing, opened, grave, asked)]
    for kind, pattern in PATTERNS.items() if len(asked) else ():
        rows = asked[(asked & kind) > 0] >> 8
        if len(rows):
            marks[rows[matching(texts.take(pa.array(rows)), pattern)]] |= np.uint8(kind)
    found = np.empty(len(marks), np.uint8)
    after = kernels.follow(marks, said, opened, grave, found)
    if not before.any:
        found[0] = 0
    still = Open(True, bool(after & OPENER), bool(after & GOROUTINE), bool(after & CHAINED), grave_head=bool(after >> 8))
    return Records((found & 1).view(bool), (found >> 1).view(bool), still)
