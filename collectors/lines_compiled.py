"""The kernels of `words`, `kubernetes.log_heads` and `kubernetes.log_format`, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .kernel import BYTES, BYTES_OUT, COUNT, INTS_OUT, LONGS, LONGS_OUT, U, copy, kernel, load, lowest, part, room
from .words import shape_of

Offsets = npt.NDArray[np.int64]

HIGH = U(0x8080808080808080)
LETTER_T = U(0x20 << 16)
DATE, TIME, SECOND, ANY_DIGITS, OFFSET, MINUTES, PLAIN_MINUTES = (
    tuple(U(one) for one in shape_of(shape)) for shape in ("0000-00-", "00t00:00", ":00?????", "00000000", "?00:00??", "?00?????", "???00???")
)


@kernel(LONGS_OUT, BYTES)
def newlines(data: Any) -> Any:
    """As `words.newlines`: whether each of 64 bytes is a line feed, as the bits of one word."""
    found = np.empty(len(data), np.int64)
    count, whole = U(0), U(len(data) >> 6)
    for i in range(whole):
        begin, bits = U(i) << U(6), U(0)
        for j in range(U(64)):
            bits |= U(data[begin + U(j)] == 10) << U(j)
        while bits:
            found[count] = begin + lowest(bits)
            count += U(1)
            bits &= bits - U(1)
    for i in range(whole << U(6), U(len(data))):
        if data[U(i)] == 10:
            found[count] = i
            count += U(1)
    return found[: np.int64(count)].copy()


@part
def odd(word: Any, shape: Any) -> Any:
    """The highest bit of each byte that differs from a shape."""
    exact, add, keep = shape
    other = (word ^ exact) & keep
    return ((other + add) | other) & HIGH


@part
def digits(word: Any) -> Any:
    """How many of a word's first bytes are digits."""
    other = odd(word, ANY_DIGITS)
    return lowest(other) >> U(3) if other else U(8)


@part
def stamp_size(data: Any, start: Any, end: Any) -> Any:
    """Bytes of a stamp as `log_format.RUNTIME` has it, 0 where there is none; `data` goes on for 48 bytes."""
    second = load(data, start + U(16))
    if odd(load(data, start), DATE) | odd(load(data, start + U(8)) | LETTER_T, TIME) | odd(second, SECOND):
        return U(0)
    at = start + U(19)
    if data[at] == 46:
        decimals = digits(load(data, at + U(1)))
        if decimals == 8 and 48 <= data[at + U(9)] <= 57:
            decimals = U(9)
        if decimals == 0:
            return U(0)
        at += decimals + U(1)
    at = zone_end(data, at)
    if not at or at > end or (at < end and data[at] != 32):
        return U(0)
    return at - start


@part
def zone_end(data: Any, at: Any) -> Any:
    """Where `Z` or an offset ends that begins at a place; 0 where there is none."""
    sign = data[at]
    if sign == 90 or sign == 122:
        return at + U(1)
    if sign != 43 and sign != 45:
        return U(0)
    offset = load(data, at)
    if not odd(offset, OFFSET):
        return at + U(6)
    return at + U(5) if not odd(offset, MINUTES) and not odd(offset, PLAIN_MINUTES) else U(0)


@kernel(LONGS_OUT, BYTES, LONGS, LONGS)
def stamp_sizes(data: Any, starts: Any, ends: Any) -> Any:
    """Bytes of the runtime's stamp at each line's beginning, 0 where there is none."""
    found = np.empty(len(starts), np.int64)
    for i in range(U(len(starts))):
        found[i] = stamp_size(data, U(starts[i]), U(ends[i]))
    return found


@kernel(COUNT, BYTES, LONGS, LONGS, BYTES_OUT, INTS_OUT)
def gather(data: Any, starts: Any, ends: Any, out: Any, offsets: Any) -> Any:
    """The bytes from each start to its end one after another, and where each begins; how many they are."""
    at = U(0)
    for i in range(U(len(starts))):
        offsets[i] = at
        start, size = U(starts[i]), U(ends[i] - starts[i])
        copy(out, at, data, start, size)
        at += size
    offsets[len(starts)] = at
    return np.int64(at)


def pieces(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> pa.Array:
    """As `log_format.pieces`."""
    count = len(starts)
    texts, out = room(int(ends[-1] - starts[0]) if count else 0)
    places, offsets = room(4 * count + 4)
    size = gather(data, starts, ends, out, offsets.view(np.int32))
    return pa.Array.from_buffers(pa.binary(), count, [None, places, texts.slice(0, size)])
