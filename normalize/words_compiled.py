"""What `words` does to columns of text, done to a text after the other: parts of compiled kernels.

`data` goes on for 64 bytes after what is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba import types
from numba.core.cgutils import ir
from numba.extending import intrinsic

from ..collectors.kernel import U, load

Function = TypeVar("Function", bound=Callable[..., Any])

ONES, HIGHS, LOWS = U(0x0101010101010101), U(0x8080808080808080), U(0x7F7F7F7F7F7F7F7F)
ZEROS, NO_DIGIT, DIGITS = U(0x3030303030303030), U(0x7676767676767676), U(0x0F0F0F0F0F0F0F0F)
PAIRS, FOURS = U(0x00FF00FF00FF00FF), U(0x0000FFFF0000FFFF)
TENS, HUNDREDS, TEN_THOUSANDS = U(10 << 8 | 1), U(100 << 16 | 1), U(10_000 << 32 | 1)
CASES, LETTERS = U(0x2020202020202020), U(0x4141414141414141)


def kernel(result: Any, *arguments: Any) -> Callable[[Function], Function]:
    """As `collectors.kernel.kernel`, for one that makes no arrays: nobody counts who refers to those that it is given."""
    compiled: Callable[[Function], Function] = numba.njit(result(*arguments), nogil=True, cache=True, error_model="numpy", _nrt=False)
    return compiled


def part(function: Function) -> Function:
    """A function that such kernels call, put in its place in each: to hand over arrays takes longer than most of them do."""
    compiled: Function = numba.njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    return compiled


def _matching(_typing: Any, data: Any, _at: Any, _mask: Any, _value: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given, at, mask, value = values
        lanes, places = ir.VectorType(ir.IntType(8), 64), ir.VectorType(ir.IntType(32), 64)
        array = context.make_array(signature.args[0])(context, builder, given)
        text = builder.load(builder.bitcast(builder.gep(array.data, [at]), lanes.as_pointer()))
        text.align = 1
        none = ir.Constant(lanes, ir.Undefined)
        mask, value = (
            builder.shuffle_vector(builder.insert_element(none, one, ir.Constant(ir.IntType(32), 0)), none, ir.Constant(places, None)) for one in (mask, value)
        )
        return builder.bitcast(builder.icmp_unsigned("==", builder.and_(text, mask), value), ir.IntType(64))

    return types.uint64(data, types.uint64, types.uint8, types.uint8), generate


# `matching(data, at, mask, value)`: which of the 64 bytes from a place on are `value` under `mask`, as the bits of a word.
matching: Any = intrinsic(_matching)


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
