"""The kernels of `shown`, compiled. Broken UTF-8 is told as Python tells it, by "maximal subparts" (The Unicode Standard, table 3-7 and section 3.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.kernel import BYTES, BYTES_OUT, COUNT, INTS, INTS_OUT, U, clean, copy, kernel, lowest, part, room

TAB, DELETE, REPLACEMENT, UNCHANGED = 9, 127, (0xEF, 0xBF, 0xBD), -1


def shown(data: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int32], strange: int | None) -> pa.Array | None:
    """The texts from each of `bounds` to the next, fit to be shown; None where all of them are already. `strange` as for `shown.shown_text`."""
    first, last = int(bounds[0]), int(bounds[-1])
    odd = count_odd(data[first:last]) if strange is None else strange
    if not odd:
        return None
    text_buffer, texts = room(last - first + 2 * odd)
    places, offsets = room(4 * len(bounds))
    size = replaced(data, bounds, texts, offsets.view(np.int32))
    if size == UNCHANGED:
        return None
    clean(texts, size)
    return pa.Array.from_buffers(pa.string(), len(bounds) - 1, [None, places, text_buffer.slice(0, size)])


@part
def is_odd(byte: Any) -> Any:
    """Whether a byte is neither printable ASCII nor a tab."""
    return (byte < 32 or byte >= DELETE) and byte != TAB


@kernel(COUNT, BYTES)
def count_odd(data: Any) -> Any:
    """How many bytes are neither printable ASCII nor a tab."""
    count = 0
    for i in range(U(len(data))):
        count += is_odd(data[U(i)])
    return count


@part
def odd_of(data: Any, begin: Any, end: Any) -> Any:
    """Which of the 64 bytes from a place on are odd, as bits; there are none after `end`."""
    bits = U(0)
    if begin + U(64) <= end:
        for j in range(U(64)):
            byte = data[begin + U(j)]
            bits |= U((byte < 32) | (byte >= DELETE)) << U(j)
        return bits
    for j in range(end - begin):
        bits |= U(is_odd(data[begin + U(j)])) << U(j)
    return bits


@part
def following(lead: Any) -> Any:
    """How many bytes follow a leading one, 0 for what leads nothing."""
    if lead < 0xC2 or lead > 0xF4:
        return U(0)
    return U(1) + U(lead >= 0xE0) + U(lead >= 0xF0)


@part
def may_follow(lead: Any, byte: Any, nth: Any) -> Any:
    """Whether a byte may be the `nth` after the leading one."""
    if byte & 0xC0 != 0x80:
        return False
    if nth != 1:
        return True
    if lead == 0xE0:
        return byte >= 0xA0
    if lead == 0xED:
        return byte < 0xA0
    if lead == 0xF0:
        return byte >= 0x90
    return byte < 0x90 if lead == 0xF4 else True


@part
def sequence(data: Any, at: Any, end: Any) -> Any:
    """How many bytes one character takes, or what is broken of one, and in the next bit up from 8 whether it is shown."""
    lead = data[at]
    if lead < 0x80:
        return U(1) | U(lead == TAB) << U(8)
    wanted, size = following(lead), U(1)
    while size <= wanted and at + size < end and may_follow(lead, data[at + size], size):
        size += U(1)
    whole = wanted > 0 and size == wanted + U(1)
    if not whole:
        return size
    second = data[at + U(1)]
    if lead == 0xC2:
        return size | U(second >= 0xA0) << U(8)
    if lead == 0xE2 and (second == 0x80 or second == 0x81):
        third = data[at + U(2)]
        overriding = 0xAA <= third <= 0xAE if second == 0x80 else 0xA6 <= third <= 0xA9
        return size | U(not overriding) << U(8)
    return size | U(1) << U(8)


@kernel(COUNT, BYTES, INTS, BYTES_OUT, INTS_OUT)
def replaced(data: Any, bounds: Any, out: Any, offsets: Any) -> Any:
    """Texts with what cannot be shown replaced, and where each begins; how many bytes they are, UNCHANGED where nothing was replaced."""
    rows = U(len(bounds) - 1)
    done, last = U(bounds[0]), U(bounds[rows])
    at, row, changed = U(0), U(0), False
    for group in range(done, last, U(64)):
        bits = odd_of(data, U(group), last)
        while bits:
            place = U(group) + lowest(bits)
            bits &= bits - U(1)
            if place < done:
                continue
            while U(bounds[row + U(1)]) <= place:
                row += U(1)
                offsets[row] = at + (U(bounds[row]) - done)
            found = sequence(data, place, U(bounds[row + U(1)]))
            size, kept = found & U(255), found >> U(8)
            copy(out, at, data, done, place - done + size * kept)
            at += place - done + size * kept
            if not kept:
                changed = True
                for i in range(U(3)):
                    out[at + U(i)] = REPLACEMENT[i]
                at += U(3)
            done = place + size
    while row < rows:
        row += U(1)
        offsets[row] = at + (U(bounds[row]) - done)
    copy(out, at, data, done, last - done)
    offsets[0] = 0
    return int(at + last - done) if changed else UNCHANGED
