"""What compiled kernels are made with: types, the decorator, and the few operations that numba's Python lacks. Importing it loads numba.

A kernel is plain Python over arrays and whole numbers. Places are unsigned (`U`), since numba takes negative ones to count from the end and looks for
them each time; what eight bytes hold is put together by `load`, of which the compiler makes one instruction. Nothing checks a place: a kernel looks at
no byte that it was not given. What is compiled is kept beside the module, and made anew when the module's file changes, though not
when this one does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import types
from numba.core import cgutils
from numba.core.cgutils import ir
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

U, S = numba.uint64, numba.int64
HIGH = U(0x8080808080808080)
COUNT, FLAG = types.int64, types.boolean
# What is only looked at may be anybody's memory; what is written to is ours.
BYTES, FLAGS, LONGS, INTS, WORDS = (types.Array(kind, 1, "C", readonly=True) for kind in (types.uint8, FLAG, types.int64, types.int32, types.uint64))
BYTES_OUT, FLAGS_OUT, LONGS_OUT, INTS_OUT = (types.Array(kind, 1, "C") for kind in (types.uint8, FLAG, types.int64, types.int32))


def kernel(result: Any, *arguments: Any) -> Callable[[Function], Function]:
    """Compile a function for these types at once, or take what was compiled before; it leaves the interpreter to other threads.

    It makes no arrays, so that nobody counts who refers to those that it is given.
    """
    compiled: Callable[[Function], Function] = numba.njit(result(*arguments), nogil=True, cache=True, error_model="numpy", _nrt=False)
    return compiled


def part(function: Function) -> Function:
    """A function that kernels call, put in its place in each: to hand over arrays takes longer than most of them do."""
    compiled: Function = numba.njit(nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function)
    return compiled


@part
def load(data: Any, at: Any) -> Any:
    """The eight bytes from a place on, the first lowest."""
    return (
        U(data[at])
        | U(data[at + U(1)]) << U(8)
        | U(data[at + U(2)]) << U(16)
        | U(data[at + U(3)]) << U(24)
        | U(data[at + U(4)]) << U(32)
        | U(data[at + U(5)]) << U(40)
        | U(data[at + U(6)]) << U(48)
        | U(data[at + U(7)]) << U(56)
    )


@part
def odd(word: Any, shape: Any) -> Any:
    """The highest bit of each byte that differs from a shape, which is what `words.shape_of` gives, as unsigned numbers."""
    exact, add, keep = shape
    other = (word ^ exact) & keep
    return ((other + add) | other) & HIGH


def _lowest(_typing: Any, _word: Any) -> Any:

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.cttz(values[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


def _ones(_typing: Any, _word: Any) -> Any:

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.ctpop(values[0])

    return types.uint64(types.uint64), generate


def _copy(_typing: Any, out: Any, _at: Any, data: Any, _start: Any, _count: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to, at, given, start, count = values
        to_array = context.make_array(signature.args[0])(context, builder, to)
        given_array = context.make_array(signature.args[2])(context, builder, given)
        cgutils.raw_memcpy(builder, builder.gep(to_array.data, [at]), builder.gep(given_array.data, [start]), count, 1)
        return context.get_dummy_value()

    return types.void(out, types.uint64, data, types.uint64, types.uint64), generate


def _move(_typing: Any, out: Any, _at: Any, data: Any, _start: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to, at, given, start = values
        lanes = ir.VectorType(ir.IntType(8), 64).as_pointer()
        to_array = context.make_array(signature.args[0])(context, builder, to)
        given_array = context.make_array(signature.args[2])(context, builder, given)
        text = builder.load(builder.bitcast(builder.gep(given_array.data, [start]), lanes))
        text.align = 1
        builder.store(text, builder.bitcast(builder.gep(to_array.data, [at]), lanes), 1)
        return context.get_dummy_value()

    return types.void(out, types.uint64, data, types.uint64), generate


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


# `lowest(word)`: the number of the lowest bit that is set; of 0 it means nothing.
lowest: Any = intrinsic(_lowest)
# `ones(word)`: how many bits are set.
ones: Any = intrinsic(_ones)
# `copy(out, at, data, start, count)`: `count` bytes of one array into another, which does not overlap.
copy: Any = intrinsic(_copy)
# `move(out, at, data, start)`: 64 bytes of one array into another.
move: Any = intrinsic(_move)
# `matching(data, at, mask, value)`: which of the 64 bytes from a place on are `value` under `mask`, as the bits of a word.
matching: Any = intrinsic(_matching)


@part
def put(out: Any, at: Any, data: Any, start: Any, count: Any) -> None:
    """Some bytes of one array into another, 64 at once: up to 63 beyond them come along, for which both have to have room. It is the fastest for few."""
    for done in range(U(0), count, U(64)):
        move(out, at + U(done), data, start + U(done))


def _pool() -> pa.MemoryPool:
    """jemalloc's, where Arrow was built with it: what is not used any more it gives back at once, of which the default holds on to as much again."""
    try:
        return pa.jemalloc_memory_pool()
    except NotImplementedError:
        return pa.default_memory_pool()


POOL = _pool()


def room(count: int) -> tuple[pa.Buffer, npt.NDArray[np.uint8]]:
    """Memory for `count` bytes that goes to Arrow, from one of its own pools."""
    buffer = pa.allocate_buffer(count, memory_pool=POOL)
    return buffer, np.frombuffer(buffer, np.uint8)


def clean(memory: npt.NDArray[np.uint8], size: int) -> None:
    """Zeros after the first `size` bytes, as far as Arrow writes them to a stream, which has a multiple of 64: what stood there before is nobody's business."""
    memory[size : size + 64] = 0
