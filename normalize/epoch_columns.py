"""Columns of counts since 1970 that are all plain, as Prometheus writes its times: read by arithmetic on whole columns, exact.

Plain are texts of one length with the same digits before the point, if there is one; and seconds between 2001 and 2255 with at most three
decimals, which a double tells apart. Anything else is None: it needs a slower way.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

POINT, ZERO, NINE = (ord(c) for c in ".09")
SECOND_NS = 1_000_000_000
MOST_DIGITS = 18
LONGEST_SECONDS = len("1795224000.123")
LEAST_S, MOST_S = 1e9, 9e9
LAST_NS = np.iinfo(np.int64).max
Nanoseconds = npt.NDArray[np.int64]


def plain_counts(texts: pa.Array, unit_ns: int) -> Nanoseconds | None:
    """Nanoseconds of each text, a count of `unit_ns`; None where any text is not plain."""
    if not len(texts) or texts.null_count or not pa.types.is_string(texts.type):
        return None
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    sizes = np.diff(bounds)
    longest = int(sizes.max())
    if not 0 < longest <= MOST_DIGITS:
        return None
    chars = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    if chars.min() < POINT or chars.max() > NINE:
        return None
    at = _alike(chars.reshape(len(texts), longest), unit_ns) if sizes.min() == longest else None
    return _seconds(texts) if at is None and unit_ns == SECOND_NS and longest <= LONGEST_SECONDS else at


def _alike(chars: npt.NDArray[np.uint8], unit_ns: int) -> Nanoseconds | None:
    """Rows with a point in the same column, or without any, digit by digit."""
    odd = np.flatnonzero(chars[0] < ZERO)
    if len(odd) > 1 or 0 in odd or np.count_nonzero(chars < ZERO) != len(odd) * len(chars) or (chars[:, odd] != POINT).any():
        return None
    width = chars.shape[1]
    decimals = width - 1 - int(odd[0]) if len(odd) else 0
    if decimals > 9 or (decimals and unit_ns != SECOND_NS):
        return None
    counts = np.zeros(len(chars), np.int64)
    for column in range(width):
        if column not in odd:
            counts *= 10
            counts += chars[:, column]
    counts -= int("1" * (width - len(odd))) * ZERO
    return counts * (unit_ns // 10**decimals) if counts.max() // 10**decimals < LAST_NS // unit_ns else None


def _seconds(texts: pa.Array) -> Nanoseconds | None:
    """Seconds of different lengths."""
    try:
        seconds = np.frombuffer(texts.cast(pa.float64()).buffers()[1], np.float64, len(texts))
    except pa.ArrowInvalid:
        return None
    if seconds.min() < LEAST_S or seconds.max() >= MOST_S:
        return None
    return np.rint(seconds * 1000).astype(np.int64) * 1_000_000
