"""Line feeds and pieces of a buffer, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .kernel import BYTES, BYTES_OUT, COUNT, INTS_OUT, LONGS, LONGS_OUT, U, clean, copy, kernel, lowest, matching, room

LINE_FEED = 10
Offsets = npt.NDArray[np.int64]


def newlines(data: npt.NDArray[np.uint8]) -> Offsets:
    """As `words.newlines`."""
    found = np.empty(len(data), np.int64)
    return found[: feeds(data, found)].copy()


@kernel(COUNT, BYTES, LONGS_OUT)
def feeds(data: Any, found: Any) -> Any:
    """Where line feeds stand; how many there are."""
    count, whole = U(0), U(len(data)) & ~U(63)
    for begin in range(U(0), whole, U(64)):
        bits = matching(data, U(begin), 255, LINE_FEED)
        while bits:
            found[count] = U(begin) + lowest(bits)
            count += U(1)
            bits &= bits - U(1)
    for i in range(whole, U(len(data))):
        if data[U(i)] == LINE_FEED:
            found[count] = i
            count += U(1)
    return np.int64(count)


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
    clean(out, size)
    clean(offsets, 4 * count + 4)
    return pa.Array.from_buffers(pa.binary(), count, [None, places, texts.slice(0, size)])
