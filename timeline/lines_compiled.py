"""The kernels of `line_texts`, `line_words` and `column_chunks`, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..collectors.kernel import BYTES_OUT, COUNT, FLAGS, INTS, INTS_OUT, LONGS, LONGS_OUT, U, kernel, part


def _fetch(_typing: Any, out: Any, _at: Any, _address: Any, _count: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to, at, address, count = values
        to_array = context.make_array(signature.args[0])(context, builder, to)
        cgutils.raw_memcpy(builder, builder.gep(to_array.data, [at]), builder.inttoptr(address, cgutils.voidptr_t), count, 1)
        return context.get_dummy_value()

    return types.void(out, types.uint64, types.uint64, types.uint64), generate


# `fetch(out, at, address, count)`: `count` bytes that stand at an address of memory, which somebody holds meanwhile.
fetch: Any = intrinsic(_fetch)


@kernel(COUNT, INTS, COUNT, LONGS_OUT, INTS_OUT)
def places(bounds: Any, address: Any, found: Any, sizes: Any) -> Any:
    """Where the texts of an Arrow array stand in memory, and how long they are; `address` is that of its data."""
    for i in range(U(len(sizes))):
        found[i] = address + bounds[i]
        sizes[i] = bounds[i + U(1)] - bounds[i]
    return 0


@kernel(COUNT, LONGS, INTS, BYTES_OUT)
def plain(addresses: Any, sizes: Any, out: Any) -> Any:
    """Texts as PLAIN has them, each behind its size in four bytes; the bytes that takes."""
    at = U(0)
    for i in range(U(len(sizes))):
        size = U(sizes[i])
        out[at] = size & U(255)
        out[at + U(1)] = (size >> U(8)) & U(255)
        out[at + U(2)] = (size >> U(16)) & U(255)
        out[at + U(3)] = size >> U(24)
        fetch(out, at + U(4), U(addresses[i]), size)
        at += size + U(4)
    return np.int64(at)


@kernel(COUNT, LONGS, INTS, BYTES_OUT, INTS_OUT)
def gathered(addresses: Any, sizes: Any, out: Any, offsets: Any) -> Any:
    """Texts one after the other, and where each begins; the bytes that takes."""
    at = U(0)
    for i in range(U(len(sizes))):
        offsets[i] = at
        fetch(out, at, U(addresses[i]), U(sizes[i]))
        at += U(sizes[i])
    offsets[len(sizes)] = at
    return np.int64(at)


@kernel(types.void, INTS, INTS, COUNT, BYTES_OUT)
def packed(codes: Any, table: Any, width: Any, out: Any) -> Any:
    """As `column_chunks._packed`, into zeros."""
    count, at, held, bits = U(len(codes)), U(0), U(0), U(0)
    for i in range(count):
        held |= U(table[U(codes[i])]) << bits
        bits += U(width)
        while bits >= U(8):
            out[at] = held & U(255)
            at += U(1)
            held >>= U(8)
            bits -= U(8)
    if bits:
        out[at] = held & U(255)


@part
def graver(named: Any, first: Any) -> Any:
    """As `line_words.of_record`."""
    one, other = named >> 1 & 7, first >> 1 & 7
    return named >> 4 << 4 | (one if one and (one < other or not other) else other) << 1


@kernel(types.void, FLAGS, FLAGS, INTS, INTS_OUT, LONGS_OUT)
def keyed(continues: Any, names: Any, own: Any, keys: Any, rest: Any) -> Any:
    """As `line_words.keyed`; what else it tells goes to `rest`."""
    count, at = U(len(own)), U(0)
    while at < count and continues[at]:
        keys[at] = 0
        at += U(1)
    rest[0] = at
    rest[1], rest[2], rest[3] = -1, 0, 0
    while at < count:
        name, stop, key = at, at + U(1), own[at]
        while stop < count and continues[stop]:
            if names[stop]:
                name = stop
            stop += U(1)
        if stop > at + U(1):
            key = graver(own[name], own[at])
        for i in range(at, stop):
            keys[U(i)] = key
        keys[name] = key | 1
        rest[1], rest[2], rest[3] = at, key, name
        at = stop
