"""What `words` does to columns of text, done to a text after the other: parts of compiled kernels.

`data` goes on for 64 bytes after what is looked at.
"""

from __future__ import annotations

from typing import Any

from ..collectors.kernel import U, load, part

ONES, HIGHS, LOWS = U(0x0101010101010101), U(0x8080808080808080), U(0x7F7F7F7F7F7F7F7F)
ZEROS, NO_DIGIT, DIGITS = U(0x3030303030303030), U(0x7676767676767676), U(0x0F0F0F0F0F0F0F0F)
PAIRS, FOURS = U(0x00FF00FF00FF00FF), U(0x0000FFFF0000FFFF)
TENS, HUNDREDS, TEN_THOUSANDS = U(10 << 8 | 1), U(100 << 16 | 1), U(10_000 << 32 | 1)
CASES, LETTERS = U(0x2020202020202020), U(0x4141414141414141)


@part
def number8(data: Any, at: Any, count: Any) -> Any:
    """The number that one to eight digits write."""
    value = load(data, at) << (U(64) - (count << U(3))) & DIGITS
    value = value * TENS >> U(8) & PAIRS
    value = value * HUNDREDS >> U(16) & FOURS
    return value * TEN_THOUSANDS >> U(32)


@part
def number(data: Any, at: Any, count: Any) -> Any:
    """The number that one to nineteen digits write, as far as 64 bits hold it."""
    if count <= U(8):
        return number8(data, at, count)
    low = number8(data, at + count - U(8), U(8))
    if count <= U(16):
        return number8(data, at, count - U(8)) * U(10**8) + low
    return number8(data, at, count - U(16)) * U(10**16) + number8(data, at + count - U(16), U(8)) * U(10**8) + low


@part
def alike(word: Any, letters: Any) -> Any:
    """As `words.alike`, and without `letters` as `words.collapsed`."""
    odd = word ^ ZEROS
    if letters:
        return odd & ((((((odd & LOWS) + NO_DIGIT) | odd) & HIGHS) >> U(7)) * U(255))
    low, small = word & LOWS, (word & LOWS) | CASES
    plain = ~word & HIGHS
    digit = (((low + U(80) * ONES) & ~(low + U(70) * ONES) & plain) >> U(7)) * U(255)
    letter = (((small + U(31) * ONES) & ~(small + U(5) * ONES) & plain) >> U(7)) * U(255)
    return (word & ~(digit | letter)) | (digit & ZEROS) | (((word & CASES) | LETTERS) & letter)


@part
def before(word: Any, wanted: Any) -> Any:
    """The bytes of a word before the first that is as all in `wanted` are, as a mask; all of them where there is none."""
    other = word ^ wanted
    hit = (other - ONES) & ~other & HIGHS
    return ((hit & (U(0) - hit)) >> U(7)) - U(1)


@part
def side_of(data: Any, at: Any, byte: Any, letters: Any, words: Any, found: Any) -> Any:
    """How many bytes stand before the first `byte`, as far as so many words go; in `found` these, with all that follows made that byte, as `alike` has them."""
    wanted, size, going = U(byte) * ONES, U(0), ~U(0)
    for i in range(words):
        word = load(data, at + (U(i) << U(3)))
        mask = before(word, wanted) & going
        found[U(i)] = alike((word & mask) | (wanted & ~mask), letters)
        size += ((mask & ONES) * ONES) >> U(56)
        going = U(0) - (mask >> U(63))
    return size
