"""Eight bytes at a time: text in 64-bit words, little-endian, a column of words per eight bytes of the lines' beginnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Word = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

EVERY = 0x0101010101010101
ONES, HIGHS, LOWS = np.uint64(EVERY), np.uint64(0x80 * EVERY), np.uint64(0x7F * EVERY)
FULL, BYTE = np.uint64(0xFF * EVERY), np.uint64(0xFF)
HIGH_NIBBLES, ZEROS, SIXES, NIBBLES = (np.uint64(b * EVERY) for b in (0xF0, 0x30, 0x06, 0x0F))
CASES, LETTERS = np.uint64(0x20 * EVERY), np.uint64(0x41 * EVERY)
SEVEN, COUNT = np.uint64(7), np.uint64(56)
PAIRS, FOURS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)
HALF = np.uint64(0xFFFFFFFF)
POSITIONS = np.uint64(sum(k << (56 - 8 * k) for k in range(8)))
BLOCK = 1 << 19


def gathered(data: npt.NDArray[np.uint8], at: Places, words: int) -> list[Word]:
    """The words that begin at the bytes `at`; zeros beyond the end of `data`."""
    size = words * 8
    if not len(at):
        return [np.empty(0, np.uint64)] * words
    last = len(data) - size
    if int(at.max()) <= last:
        return list(np.ascontiguousarray(_wide(data, at, words).T))
    heads = np.empty((len(at), words), np.uint64)
    far = at > last
    heads[~far] = _wide(data, at[~far], words)
    first = max(last, 0)
    rest = np.zeros(len(data) - first + size, np.uint8)
    rest[: len(data) - first] = data[first:]
    heads[far] = _wide(rest, np.minimum(at[far] - first, len(rest) - size), words)
    return list(np.ascontiguousarray(heads.T))


def _wide(data: npt.NDArray[np.uint8], at: Places, words: int) -> Word:
    wide = np.ndarray((max(len(data) - 8 * words + 1, 0),), f"V{8 * words}", data, 0, (1,))
    return np.asarray(wide[at].view(np.uint64).reshape(len(at), words))


def places_of(data: npt.NDArray[np.uint8], byte: int) -> Places:
    """Where `byte` stands in `data`, in no order; eight bytes are looked at as one, since most hold none."""
    found = [one + first for first in range(0, len(data), BLOCK) for one in _places_in(data[first : first + BLOCK], byte)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _places_in(block: npt.NDArray[np.uint8], byte: int) -> Iterator[Places]:
    """The first place in each eight bytes, then the second, and so on."""
    equal = np.zeros(-(-len(block) // 8) * 8, bool)
    np.equal(block, byte, out=equal[: len(block)])
    eights = equal.view(np.uint64)
    at = np.flatnonzero(eights != 0)
    hit = eights[at]
    while len(at):
        further = hit & (hit - np.uint64(1))
        yield (at << 3) + (((hit ^ further) * POSITIONS) >> COUNT).astype(np.int64)
        more = further != 0
        at, hit = at[more], further[more]


def are_digits(word: Word, mask: np.uint64) -> npt.NDArray[np.bool_]:
    """Whether every byte under `mask` is a digit."""
    part = word & mask
    high = mask & HIGH_NIBBLES
    wanted = mask & ZEROS
    return np.asarray(((part & high) == wanted) & (((part + (SIXES & mask)) & high) == wanted))


def up_to(words: list[Word], byte: int) -> tuple[Places, list[Word]]:
    """How many bytes stand before the first `byte` (all, if there is none), and the words with only these bytes left."""
    wanted = np.uint64(byte * EVERY)
    count = np.zeros(len(words[0]), np.uint64)
    going = np.full(len(words[0]), FULL)
    left = []
    for word in words:
        other = word ^ wanted
        hit = (other - ONES) & ~other & HIGHS
        before = (((hit & (~hit + np.uint64(1))) - np.uint64(1)) & HIGHS & going) >> SEVEN
        left.append(word & (before * BYTE))
        count += (before * ONES) >> COUNT
        going = np.where(hit == 0, going, np.uint64(0))
    return count.astype(np.int64), left


def collapsed(word: Word) -> Word:
    """Digits as `0`, small letters as `a`, capitals as `A`; other bytes as they are."""
    low, plain = word & LOWS, ~word
    digit = ((low + _above(48)) & ~(low + _above(58)) & plain & HIGHS) >> SEVEN
    small = low | CASES
    letter = ((small + _above(97)) & ~(small + _above(123)) & plain & HIGHS) >> SEVEN
    digits, letters = digit * BYTE, letter * BYTE
    return np.asarray((word & ~(digits | letters)) | (digits & ZEROS) | (((word & CASES) | LETTERS) & letters))


def _above(byte: int) -> np.uint64:
    return np.uint64((0x80 - byte) * EVERY)


def window(words: list[Word], first: int) -> Word:
    """The eight bytes from byte `first` on."""
    at, shift = divmod(first * 8, 64)
    if not shift:
        return words[at]
    low = words[at] >> np.uint64(shift)
    return low | (words[at + 1] << np.uint64(64 - shift)) if at + 1 < len(words) else low


def number(words: list[Word], first: int, last: int) -> Places:
    """The number that the bytes `[first, last)` write, which are digits and no more than fit."""
    if last - first > 8:
        return number(words, first, last - 8) * 100_000_000 + number(words, last - 8, last)
    value = (window(words, first) << np.uint64(64 - 8 * (last - first))) & NIBBLES
    value = (value * np.uint64(10) + (value >> np.uint64(8))) & PAIRS
    value = (value * np.uint64(100) + (value >> np.uint64(16))) & FOURS
    value = (value * np.uint64(10_000) + (value >> np.uint64(32))) & HALF
    return value.astype(np.int64)
