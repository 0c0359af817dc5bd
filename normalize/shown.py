"""Bytes as text that can be shown: the rows that need a change are found by their bytes, and they alone are looked at closely."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.compiled import Compiled
from ..collectors.words import Offsets

# What a terminal or an editor would act on instead of showing: C0 but tab, DEL, C1, and bidirectional overrides.
WIDE = "\u0080-\u009f\u202a-\u202e\u2066-\u2069"
UNSHOWN = re.compile(f"[\\x00-\\x08\\x0a-\\x1f\\x7f{WIDE}]")
UNSHOWN_WIDE = re.compile(f"[{WIDE}]")
# All of them that are one byte become NUL at once; the others begin with one of two bytes.
BYTES = bytes(0 if (c < 32 and c not in b"\t\n") or c == 127 else c for c in range(256))
KERNELS = Compiled(__package__, "shown_compiled")
LEADS = (b"\xc2", b"\xe2")
PIECE = 256 << 10


def shown_text(texts: pa.Array, strange: int | None = None) -> pa.Array:
    """Binary as text: invalid UTF-8 and control characters become U+FFFD; tabs stay, null stays null.

    `strange`: at most so many bytes are neither printable ASCII nor tabs, where that is known.
    """
    if strange == 0:
        return _as_text(texts)
    if texts.null_count:
        return pc.replace_with_mask(pa.nulls(len(texts), pa.string()), texts.is_valid(), shown_text(texts.drop_null()))
    if not len(texts):
        return _as_text(texts)
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = texts.buffers()[2]
    if held and (compiled := KERNELS.module()):
        found = compiled.shown(np.frombuffer(held, np.uint8), bounds, strange)
        return _as_text(texts) if found is None else found
    data = np.frombuffer(held, np.uint8)[bounds[0] : bounds[-1]] if held else np.empty(0, np.uint8)
    if not len(data) or (data.min() >= 32 and data.max() < 127):
        return _as_text(texts)
    bounds = bounds - bounds[0]
    at = _odd(data)
    rows = _rows(at, bounds)
    if len(rows) * 4 > len(texts) and _valid(texts):
        rows = _rows(at[_unshown(data, at)], bounds)
    return _replaced(data, bounds, rows) if len(rows) else _as_text(texts)


def _odd(data: npt.NDArray[np.uint8]) -> Offsets:
    """Where `data` has a byte that is neither printable ASCII nor a tab; eight bytes are looked at as one, since most hold none."""
    size = -(-min(len(data), PIECE) // 8) * 8
    less, odd = np.zeros(size, np.uint8), np.zeros(size, bool)
    found = []
    for start in range(0, len(data), PIECE):
        count = min(PIECE, len(data) - start)
        np.subtract(data[start : start + count], 32, out=less[:count])
        np.greater(less[:count], 94, out=odd[:count])
        odd[count:] = False
        eights = np.flatnonzero(odd.view(np.uint64) != 0)
        near = (eights[:, None] * 8 + np.arange(8)).ravel()
        found.append(near[odd[near]] + start)
    at = np.concatenate(found)
    odd_at: Offsets = at[data[at] != 9]
    return odd_at


def _rows(at: Offsets, bounds: npt.NDArray[np.int32]) -> Offsets:
    """Which texts the places lie in."""
    found = np.searchsorted(bounds[1:], at, "right")
    return found[np.diff(found, prepend=-1) > 0]


def _unshown(data: npt.NDArray[np.uint8], at: Offsets) -> npt.NDArray[np.bool_]:
    """Which of these places of valid UTF-8 may begin a character that is not shown."""
    byte, after = data[at], data[np.minimum(at + 1, len(data) - 1)]
    # U+0080 to U+009F begin with C2 80 to C2 9F, U+202x with E2 80 and U+206x with E2 81.
    odd: npt.NDArray[np.bool_] = (byte < 32) | (byte == 127) | (byte == 0xC2) & (after < 0xA0) | (byte == 0xE2) & (after < 0x82)
    return odd


def _replaced(data: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int32], rows: Offsets) -> pa.Array:
    """All texts, those of `rows` made fit to be shown; what lies between them is copied as it is."""
    view = data.data
    begins, ends = bounds[rows].tolist(), bounds[rows + 1].tolist()
    shown = list(_shown([bytes(view[begin:end]) for begin, end in zip(begins, ends, strict=True)]))
    between = (view[end:begin] for end, begin in zip([0, *ends], [*begins, len(data)], strict=True))
    body = b"".join(chain.from_iterable(zip(between, [*shown, b""], strict=True)))
    sizes = np.diff(bounds)
    sizes[rows] = [len(text) for text in shown]
    offsets = np.zeros(len(bounds), np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return pa.Array.from_buffers(pa.string(), len(sizes), [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(body)])


def _shown(texts: list[bytes]) -> Iterator[bytes]:
    """The same as UTF-8 that can be shown. They are looked at together, as lines, unless one has a line feed of its own."""
    body = b"\n".join(texts)
    if body.count(b"\n") != len(texts) - 1:
        return (UNSHOWN.sub("\ufffd", text.decode("utf-8", "replace")).encode() for text in texts)
    text = body.translate(BYTES).decode("utf-8", "replace").replace("\0", "\ufffd")
    if any(lead in body for lead in LEADS):
        text = UNSHOWN_WIDE.sub("\ufffd", text)
    return iter(text.encode().split(b"\n"))


def _valid(texts: pa.Array) -> bool:
    try:
        texts.cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _as_text(texts: pa.Array) -> pa.Array:
    """Bytes that are known to be UTF-8 as text, without looking at them again."""
    return pa.Array.from_buffers(pa.string(), len(texts), texts.buffers(), 0, texts.offset)
