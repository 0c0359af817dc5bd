"""Bytes as text that can be shown: the rows that need a change are found by their bytes, and they alone are looked at closely."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.words import Offsets

# What a terminal or an editor would act on instead of showing: C0 but tab, DEL, C1, and bidirectional overrides.
UNSHOWN = "[\\x00-\\x08\\x0a-\\x1f\\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]"
PIECE = 256 << 10


def shown_text(texts: pa.Array) -> pa.Array:
    """Binary as text: invalid UTF-8 and control characters become U+FFFD; tabs stay."""
    if not len(texts) or texts.null_count:
        return _shown(texts)
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = texts.buffers()[2]
    data = np.frombuffer(held, np.uint8)[bounds[0] : bounds[-1]] if held else np.empty(0, np.uint8)
    if not len(data) or (data.min() >= 32 and data.max() < 127):
        return _as_text(texts)
    at = _odd(data)
    mask = _rows(at, bounds)
    if np.count_nonzero(mask) * 4 > len(texts) and _valid(texts):
        mask = _rows(at[_unshown(data, at)], bounds)
    if not mask.any():
        return _as_text(texts)
    few = pa.array(mask)
    return _as_text(pc.replace_with_mask(texts, few, _shown(texts.filter(few)).cast(pa.binary())))


def _odd(data: npt.NDArray[np.uint8]) -> Offsets:
    """Where `data` has a byte that is neither printable ASCII nor a tab."""
    at = np.concatenate([np.flatnonzero(data[i : i + PIECE] - 32 > 94) + i for i in range(0, len(data), PIECE)])
    found: Offsets = at[data[at] != 9]
    return found


def _rows(at: Offsets, bounds: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which texts the places lie in."""
    mask = np.zeros(len(bounds) - 1, bool)
    mask[np.searchsorted(bounds[1:], at + bounds[0], "right")] = True
    return mask


def _unshown(data: npt.NDArray[np.uint8], at: Offsets) -> npt.NDArray[np.bool_]:
    """Which of these places of valid UTF-8 may begin a character that is not shown."""
    byte, after = data[at], data[np.minimum(at + 1, len(data) - 1)]
    # U+0080 to U+009F begin with C2 80 to C2 9F, U+202x with E2 80 and U+206x with E2 81.
    odd: npt.NDArray[np.bool_] = (byte < 32) | (byte == 127) | (byte == 0xC2) & (after < 0xA0) | (byte == 0xE2) & (after < 0x82)
    return odd


def _valid(texts: pa.Array) -> bool:
    try:
        texts.cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _as_text(texts: pa.Array) -> pa.Array:
    """Bytes that are known to be UTF-8 as text, without looking at them again."""
    return pa.Array.from_buffers(pa.string(), len(texts), texts.buffers(), 0, texts.offset)


def _shown(texts: pa.Array) -> pa.Array:
    try:
        shown = texts.cast(pa.string())
    except pa.ArrowInvalid:
        shown = pa.array([t.decode("utf-8", "replace") for t in texts.to_pylist()], pa.string())
    if pc.any(pc.match_substring_regex(shown, UNSHOWN)).as_py():
        shown = pc.replace_substring_regex(shown, UNSHOWN, "\ufffd")
    return shown
