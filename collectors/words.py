"""Bytes as 64-bit words: the newlines of a block, what stands at many places of it, and which of that is digits; no loop in Python.

A word is eight bytes, the first in its lowest bits. A shape is eight characters: `0` stands for any digit, `?` for any byte, every other one for itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .compiled import Compiled

Offsets = npt.NDArray[np.int64]
# Of np.uint64, which numpy's types lose at every shift by a plain number.
Words = npt.NDArray[Any]

PIECE = 256 << 10
HIGH, FULL = 0x8080808080808080, 0xFFFFFFFFFFFFFFFF
KERNELS = Compiled(__package__, "lines_compiled")
FEEDS, ONES = 0x0A0A0A0A0A0A0A0A, 0x0101010101010101


def newlines(data: npt.NDArray[np.uint8]) -> Offsets:
    """Where the line feeds of `data` stand: first which words have one, in pieces that stay in the cache, then which byte of each."""
    if compiled := KERNELS.module():
        found: Offsets = compiled.newlines(data)
        return found
    count = len(data) // 8
    mask, some = np.empty(PIECE, bool), np.empty(count, bool)
    for start in range(0, 8 * count, PIECE):
        end = min(start + PIECE, 8 * count)
        np.equal(data[start:end], 10, out=mask[: end - start])
        np.not_equal(mask[: end - start].view(np.uint64), 0, out=some[start // 8 : end // 8])
    at = np.flatnonzero(some)
    word = np.ndarray((count,), "<u8", data)[at] ^ FEEDS
    # The lowest byte that is zero has its highest bit set; of those above it some may falsely have it.
    marks = (word - ONES) & ~word & HIGH
    at *= 8
    several = at[np.flatnonzero(marks & (marks - 1))]
    at += np.bitwise_count((marks - 1) & ~marks) >> 3
    if several.size:
        near = several[:, None] + np.arange(8)
        at = np.sort(np.concatenate((at, near[data[near] == 10])), kind="stable")
        at = at[np.diff(at, prepend=-1) > 0]
    last = np.flatnonzero(data[8 * count :] == 10)
    return np.append(at, last + 8 * count) if last.size else at


def words(data: npt.NDArray[np.uint8], places: Offsets, count: int) -> Words:
    """The `count` words from each place on, as `(places, count)`; `data` must go on for so long."""
    wide = np.dtype(f"V{8 * count}")
    return np.ndarray((max(len(data) - 8 * count + 1, 0),), wide, data, 0, (1,))[places].view("<u8").reshape(len(places), count)


def fits(word: Words, shape: str) -> npt.NDArray[np.bool_]:
    """Which words have the shape."""
    found: npt.NDArray[np.bool_] = (_odd(word, shape) & HIGH) == 0
    return found


def all_fit(word: Words, shape: str) -> bool:
    """Whether every word has the shape."""
    return not int(np.bitwise_or.reduce(_odd(word, shape), initial=0)) & HIGH


def _odd(word: Words, shape: str) -> Words:
    """Words whose bytes have their highest bit where those of `word` differ from the shape."""
    exact, add, keep = shape_of(shape)
    odd = word ^ exact
    if keep != FULL:
        odd &= keep
    found = odd + add
    found |= odd
    return found


def digits(word: Words) -> Offsets:
    """How many of each word's first bytes are digits, 0 to 8."""
    odd = _odd(word, "00000000") & HIGH
    count: Offsets = (np.bitwise_count(odd - 1 & ~odd) >> 3).astype(np.int64)
    return count


def number(word: Words) -> Offsets:
    """What eight digits are worth; pairs, fours and all of them by one multiplication each."""
    value = word & 0x0F0F0F0F0F0F0F0F
    value *= 10 << 8 | 1
    value >>= 8
    value &= 0x00FF00FF00FF00FF
    value *= 100 << 16 | 1
    value >>= 16
    value &= 0x0000FFFF0000FFFF
    value *= 10_000 << 32 | 1
    value >>= 32
    found: Offsets = value.view(np.int64)
    return found


def runs(*columns: Words) -> Offsets:
    """Where a row differs from the one before in any of the columns; row 0 always, if there is one."""
    change = columns[0][1:] != columns[0][:-1]
    for column in columns[1:]:
        change |= column[1:] != column[:-1]
    return np.append(0, np.flatnonzero(change) + 1)[: len(columns[0])]


def word(text: bytes) -> int:
    """At most eight bytes as a word, filled up with NUL."""
    return int.from_bytes(text, "little")


@lru_cache
def shape_of(shape: str) -> tuple[int, int, int]:
    """What to compare with, what makes a byte that differs too much reach 128, and which bytes count."""
    exact = shape.replace("?", "\0").encode("latin-1")
    add = bytes(0x76 if c == "0" else 0 if c == "?" else 0x7F for c in shape)
    keep = bytes(0 if c == "?" else 0xFF for c in shape)
    return word(exact), word(add), word(keep)
