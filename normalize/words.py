"""Eight bytes at a time: text in 64-bit words, little-endian, a column of words per eight bytes of the lines' beginnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Word = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

EVERY = 0x0101010101010101
ONE, ONES, HIGHS, LOWS = np.uint64(1), np.uint64(EVERY), np.uint64(0x80 * EVERY), np.uint64(0x7F * EVERY)
FULL, BYTE = np.uint64(0xFF * EVERY), np.uint64(0xFF)
ZEROS, NO_DIGIT = np.uint64(0x30 * EVERY), np.uint64(0x76 * EVERY)
CASES, LETTERS = np.uint64(0x20 * EVERY), np.uint64(0x41 * EVERY)
SEVEN, COUNT = np.uint64(7), np.uint64(56)
PAIRS, FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
TENS, HUNDREDS, TEN_THOUSANDS = np.uint64(10 << 8 | 1), np.uint64(100 << 16 | 1), np.uint64(10_000 << 32 | 1)
POSITIONS = np.uint64(sum(k << (56 - 8 * k) for k in range(8)))
BLOCK = 1 << 18


def gathered(data: npt.NDArray[np.uint8], at: Places, words: int) -> Word:
    """The words that begin at the bytes `at`, as `(words, places)`; zeros beyond the end of `data`."""
    size = words * 8
    if not len(at):
        return np.empty((words, 0), np.uint64)
    last = len(data) - size
    if int(at.max()) <= last:
        return np.ascontiguousarray(_wide(data, at, words).T)
    heads = np.empty((len(at), words), np.uint64)
    far = at > last
    heads[~far] = _wide(data, at[~far], words)
    first = max(last, 0)
    rest = np.zeros(len(data) - first + size, np.uint8)
    rest[: len(data) - first] = data[first:]
    heads[far] = _wide(rest, np.minimum(at[far] - first, len(rest) - size), words)
    return np.ascontiguousarray(heads.T)


def _wide(data: npt.NDArray[np.uint8], at: Places, words: int) -> Word:
    wide = np.ndarray((max(len(data) - 8 * words + 1, 0),), f"V{8 * words}", data, 0, (1,))
    return np.asarray(wide[at].view(np.uint64).reshape(len(at), words))


def places_of(data: npt.NDArray[np.uint8], byte: int) -> Places:
    """Where `byte` stands in `data`, in no order."""
    size = min(len(data) + 7 & ~7, BLOCK)
    equal, eights = np.empty(size, bool), np.empty(size // 8, bool)
    found = []
    for first in range(0, len(data), BLOCK):
        count = min(len(data) - first, BLOCK)
        np.equal(data[first : first + count], byte, out=equal[:count])
        found += [one + first for one in set_places(equal, count, eights)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def set_places(found: npt.NDArray[np.bool_], count: int, eights: npt.NDArray[np.bool_]) -> Iterator[Places]:
    """Where the first `count` bytes are set, of which there are few: the first in each eight, then the second, and so on.

    `found`, whose length is a multiple of eight, may be written to after `count`; `eights` is room for an eighth as many.
    """
    words = -(-count // 8)
    found[count : 8 * words] = False
    held = found.view(np.uint64)[:words]
    at = np.flatnonzero(np.not_equal(held, 0, out=eights[:words]))
    hit = held[at]
    at <<= 3
    while len(at):
        further = hit & (hit - ONE)
        yield at + (((hit ^ further) * POSITIONS) >> COUNT).view(np.int64)
        more = np.flatnonzero(further)
        at, hit = at[more], further[more]


def up_to(words: Word, byte: int) -> tuple[Places, list[Word]]:
    """How many bytes stand before the first `byte` (all, if there is none), and the words with all that follows them made that byte."""
    wanted = np.uint64(byte * EVERY)
    count = np.zeros(len(words[0]), np.uint8)
    going: Word | None = None
    left = []
    for word in words:
        if going is not None and not going.any():
            left.append(np.full(len(word), wanted))
            continue
        other = word ^ wanted
        hit = other - ONES
        hit &= ~other
        hit &= HIGHS
        hit >>= SEVEN
        before = hit - ONE
        before ^= hit
        if going is not None:
            before &= going
        other &= before
        other ^= wanted
        left.append(other)
        count += np.bitwise_count(before) >> 3
        going = (before.view(np.int64) >> 63).view(np.uint64)
    return count.astype(np.int64), left


def collapsed(word: Word) -> Word:
    """Digits as `0`, small letters as `a`, capitals as `A`; other bytes as they are."""
    low, plain = word & LOWS, ~word
    digit = ((low + _above(48)) & ~(low + _above(58)) & plain & HIGHS) >> SEVEN
    small = low | CASES
    letter = ((small + _above(97)) & ~(small + _above(123)) & plain & HIGHS) >> SEVEN
    digits, letters = digit * BYTE, letter * BYTE
    return np.asarray((word & ~(digits | letters)) | (digits & ZEROS) | (((word & CASES) | LETTERS) & letters))


def alike(word: Word) -> Word:
    """Words that are equal where the bytes are, but for which digits they are; `collapsed` takes three times as long."""
    odd = word ^ ZEROS
    other = odd & LOWS
    other += NO_DIGIT
    other |= odd
    other &= HIGHS
    other >>= SEVEN
    other *= BYTE
    odd &= other
    return odd


def _above(byte: int) -> np.uint64:
    return np.uint64((0x80 - byte) * EVERY)


def window(words: Word, first: int, last: int) -> Word:
    """The bytes `[first, last)`, at most eight, as the highest of a word; what is below them means nothing."""
    at, end = divmod(last * 8, 64)
    if not end:
        return np.asarray(words[at - 1])
    found: Word = words[at] << np.uint64(64 - end)
    if first < 8 * at:
        found |= words[at - 1] >> np.uint64(end)
    return found


def number(words: Word, first: int, last: int) -> Places:
    """The number that the bytes `[first, last)` write, which are digits and no more than fit."""
    if last - first > 8:
        return number(words, first, last - 8) * 100_000_000 + number(words, last - 8, last)
    value = window(words, first, last) & _top(last - first)
    value *= TENS
    if last - first <= 2:
        value >>= np.uint64(56)
        return np.asarray(value.view(np.int64))
    value >>= np.uint64(8)
    value &= PAIRS
    value *= HUNDREDS
    if last - first <= 4:
        value >>= np.uint64(48)
        return value.view(np.int64)
    value >>= np.uint64(16)
    value &= FOURS
    value *= TEN_THOUSANDS
    value >>= np.uint64(32)
    return value.view(np.int64)


def _top(count: int) -> np.uint64:
    """A mask of what digits are worth in the highest `count` bytes."""
    return np.uint64(0x0F * EVERY >> 8 * (8 - count) << 8 * (8 - count))
