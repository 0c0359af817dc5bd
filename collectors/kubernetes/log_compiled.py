"""The kernels of `log_format` and `log_heads` in one, compiled: a block of bytes is taken apart line by line, while each is at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from ..blocks import SLACK, Block
from ..kernel import BYTES, BYTES_OUT, COUNT, FLAG, FLAGS_OUT, INTS_OUT, LONGS_OUT, U, clean, kernel, load, lowest, matching, odd, ones, part, put, room
from ..words import shape_of, word
from .log_format import Layout, Part

LETTER_T = U(0x20 << 16)
DATE, TIME, SECOND, ANY_DIGITS, OFFSET, MINUTES, PLAIN_MINUTES = (
    tuple(U(one) for one in shape_of(shape)) for shape in ("0000-00-", "00t00:00", ":00?????", "00000000", "?00:00??", "?00?????", "???00???")
)
SEVEN, STDOUT, STDERR = U((1 << 56) - 1), U(word(b"stdout ")), U(word(b"stderr "))
NO_CONTROL, NO_ASCII, DELETE, TAB = 0xE0, 0x80, 127, 9
FULL, PARTIAL, COLON, SPACE, DOT, LINE_FEED, RETURN = (ord(one) for one in "FP: .\n\r")
UNUSUAL, NO_ROOM = -1, -2
# A line is taken to have so many bytes, until a block shows that they are shorter.
SHORT = 64
# No stamp of a runtime has more bytes.
STAMP = 35


def taken(block: Block, layout: Layout) -> Part | None:
    """The lines of a block, without prefixes, as `log_format.taken` gives them; None where one of the tags is not of the usual form."""
    size = block.size
    lines = size // SHORT + 1024
    while True:
        stamped = min(size, STAMP * lines) if layout.runtime else 0
        held = [room(count) for count in (stamped + SLACK, 4 * lines + 4, size + SLACK, 4 * lines + 4)]
        stamps, stamp_offsets, texts, text_offsets = (memory for _, memory in held)
        partial, begins, strange = np.empty(lines, bool), np.empty(lines, np.int64), np.empty(1, np.int64)
        ends = stamp_offsets.view(np.int32), text_offsets.view(np.int32)
        count = take(block.data, size, block.place, layout.runtime, layout.cri, stamps, ends[0], texts, ends[1], begins, partial, strange)
        if count != NO_ROOM:
            break
        lines = size
    if count == UNUSUAL:
        return None
    stamp_buffer, stamp_places, text_buffer, text_places = (buffer for buffer, _ in held)
    for memory, offsets in ((stamps, stamp_offsets), (texts, text_offsets)):
        clean(memory, int(offsets.view(np.int32)[count]))
        clean(offsets, 4 * count + 4)
    sizes = np.diff(stamp_offsets.view(np.int32)[: count + 1])
    known = None if sizes.all() else pa.py_buffer(np.packbits(sizes > 0, bitorder="little"))
    found = pa.Array.from_buffers(pa.string(), count, [known, stamp_places, stamp_buffer])
    read = pa.Array.from_buffers(pa.binary(), count, [None, text_places, text_buffer])
    return Part(found, read, None, partial[:count] if layout.cri else None, begins[:count], int(strange[0]))


@part
def digits(word: Any) -> Any:
    """How many of a word's first bytes are digits."""
    other = odd(word, ANY_DIGITS)
    return lowest(other) >> U(3) if other else U(8)


@part
def stamp_size(data: Any, start: Any, end: Any) -> Any:
    """Bytes of a stamp as `log_format.RUNTIME` has it, 0 where there is none."""
    second = load(data, start + U(16))
    if odd(load(data, start), DATE) | odd(load(data, start + U(8)) | LETTER_T, TIME) | odd(second, SECOND):
        return U(0)
    at = start + U(19)
    if data[at] == DOT:
        decimals = digits(load(data, at + U(1)))
        if decimals == 8 and 48 <= data[at + U(9)] <= 57:
            decimals = U(9)
        if decimals == 0:
            return U(0)
        at += decimals + U(1)
    at = zone_end(data, at)
    if not at or at > end or (at < end and data[at] != SPACE):
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


@part
def tag_of(data: Any, start: Any, end: Any) -> Any:
    """The tag after `stdout ` or `stderr `; 0 where there is none, a colon where more than one letter is."""
    if end < start + U(8):
        return 0
    head = load(data, start)
    if (head & SEVEN) != STDOUT and (head & SEVEN) != STDERR:
        return 0
    tag = data[start + U(7)]
    if tag != FULL and tag != PARTIAL:
        return 0
    if end == start + U(8) or data[start + U(8)] == SPACE:
        return int(tag)
    return COLON if data[start + U(8)] == COLON else 0


@part
def feeds(data: Any, begin: Any, size: Any) -> Any:
    """Which of the 64 bytes from a place on are line feeds, as bits, of the first `size` bytes of all."""
    return below(matching(data, begin, 255, LINE_FEED), begin, size)


@part
def oddities(data: Any, begin: Any, size: Any) -> Any:
    """Likewise which are neither printable ASCII nor a tab."""
    controls = matching(data, begin, NO_CONTROL, 0) & ~matching(data, begin, 255, TAB)
    return below(controls | matching(data, begin, NO_ASCII, NO_ASCII) | matching(data, begin, 255, DELETE), begin, size)


@part
def below(bits: Any, begin: Any, size: Any) -> Any:
    """The bits of places below `size`, the first of which is `begin`."""
    return bits if begin + U(64) <= size else bits & ((U(1) << (size - begin)) - U(1))


@kernel(COUNT, BYTES, COUNT, COUNT, FLAG, FLAG, BYTES_OUT, INTS_OUT, BYTES_OUT, INTS_OUT, LONGS_OUT, FLAGS_OUT, LONGS_OUT)
def take(
    data: Any, size: Any, place: Any, runtime: Any, tagged: Any,
    stamps: Any, stamp_offsets: Any, texts: Any, text_offsets: Any, begins: Any, partial: Any, strange: Any,
) -> Any:  # fmt: skip
    """How many lines there are, UNUSUAL or NO_ROOM; the last line may lack its line feed."""
    count, start, stamp_at, text_at, unshown, limit = U(0), U(0), U(0), U(0), U(0), U(size)
    stamp_offsets[0] = text_offsets[0] = 0
    for group in range(U(0), limit, U(64)):
        begin = U(group)
        bits = feeds(data, begin, limit)
        unshown += ones(oddities(data, begin, limit) & ~bits)
        last = begin + U(64) >= limit and data[limit - U(1)] != LINE_FEED
        while bits or last:
            feed = begin + lowest(bits) if bits else limit
            last = last and bits != 0
            bits &= bits - U(1)
            if count == U(len(partial)):
                return NO_ROOM
            end = feed - U(1) if feed > start and feed < limit and data[feed - U(1)] == RETURN else feed
            stamp = stamp_size(data, start, end) if runtime else U(0)
            text = min(start + stamp + U(stamp > 0), end)
            partial[count] = False
            if tagged:
                tag = tag_of(data, text, end)
                if tag == COLON:
                    return UNUSUAL
                partial[count] = tag == PARTIAL
                text = min(text + U(9) * U(tag > 0), end)
            begins[count] = place + int(text)
            put(stamps, stamp_at, data, start, stamp)
            put(texts, text_at, data, text, end - text)
            stamp_at += stamp
            text_at += end - text
            count += U(1)
            stamp_offsets[count], text_offsets[count] = stamp_at, text_at
            start = feed + U(1)
    strange[0] = unshown
    return int(count)
