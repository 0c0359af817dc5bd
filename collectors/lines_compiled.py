"""Line feeds and pieces of a buffer, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .kernel import BYTES, BYTES_OUT, COUNT, INTS_OUT, LONGS, LONGS_OUT, U, copy, kernel, lowest, room

Offsets = npt.NDArray[np.int64]


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
