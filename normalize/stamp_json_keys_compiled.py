"""The kernel of `stamp_json_keys`, compiled: quotes of 64 bytes at once by what stands after them, then byte by byte.

Lines stand in `data` at their places less `shift`, and it goes on for 64 bytes after the last of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from ..collectors.kernel import BYTES, COUNT, FLAGS_OUT, LONGS, U, kernel, lowest, matching, part
from .automata_compiled import HEAD_BYTES, PLACE

QUOTE, BACKSLASH = b'"\\'
BESIDE, OTHERWISE = 2, 3
REACH, KINDS = U(64), U(256)
ENDS_KEY, ESCAPED = (np.isin(np.arange(256), [*some]) for some in (b": \t\r\n\x1b#\\", b"x0u"))
# Pairs of mask and value for what may follow a key's quote, what each byte means by its distance from it, the keys' texts and where each begins.
KEYS = types.Tuple((BYTES, BYTES, BYTES, LONGS))


@part
def is_key(data: Any, at: Any, size: Any, texts: Any, offsets: Any) -> Any:
    """Whether a text is one of the keys, but for the case of letters."""
    for k in range(U(len(offsets) - 1)):
        first = U(offsets[U(k)])
        if U(offsets[U(k) + U(1)]) - first != size:
            continue
        same = True
        for i in range(size):
            same = same and (data[at + U(i)] | 32) == texts[first + U(i)]
        if same:
            return True
    return False


@part
def keyed_at(data: Any, at: Any, end: Any, keys: Any) -> Any:
    """Whether a quote begins a key, or may do so, as `stamp_json_keys.with_key` has it."""
    kinds, texts, offsets, plain = keys[1], keys[2], keys[3], True
    longest = U(len(kinds)) // KINDS
    for i in range(U(1), REACH + U(1)):
        if at + U(i) >= end:
            return False
        byte = data[at + U(i)]
        if byte == QUOTE and i > 1:
            after = at + U(i) + U(1)
            if after >= end or not ENDS_KEY[data[after]]:
                return False
            return not plain or is_key(data, at + U(1), U(i) - U(1), texts, offsets)
        kind = kinds[(min(U(i), longest) - U(1)) * KINDS + U(byte)]
        if kind == 0:
            return False
        if kind == OTHERWISE:
            return byte != BACKSLASH or (at + U(i) + U(1) < end and ESCAPED[data[at + U(i) + U(1)]])
        plain = plain and kind != BESIDE
    return True


@part
def keyed(data: Any, at: Any, end: Any, keys: Any) -> Any:
    """Whether a line may have one of the keys from a place on."""
    pairs = keys[0]
    while at < end:
        bits = matching(data, at, 255, QUOTE)
        if bits:
            after = U(0)
            for i in range(U(0), U(len(pairs)), U(2)):
                after |= matching(data, at + U(1), pairs[U(i)], pairs[U(i) + U(1)])
            bits &= after
        while bits:
            if keyed_at(data, at + lowest(bits), end, keys):
                return True
            bits &= bits - U(1)
        at += U(64)
    return False


@kernel(COUNT, BYTES, PLACE, PLACE, PLACE, LONGS, LONGS, KEYS, FLAGS_OUT)
def with_key(data: Any, shift: Any, begin: Any, until: Any, starts: Any, ends: Any, keys: Any, found: Any) -> Any:
    """As `stamp_json_keys.with_key`, for the lines from `begin` until `until`."""
    for i in range(begin, until):
        start = U(starts[U(i)]) - shift
        found[U(i)] = keyed(data, start, min(U(ends[U(i)]) - shift, start + HEAD_BYTES), keys)
    return 0
