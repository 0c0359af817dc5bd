"""The kernels of `records`, compiled: what numpy does column by column is done line by line, in one walk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from ..collectors.kernel import BYTES, BYTES_OUT, COUNT, FLAGS, INTS, LONGS_OUT, WORDS, U, kernel, load, part

# What is noted of a line: what its beginning makes it, and what its words do.
MORE, OPENER, GOROUTINE, CHAINED = U(1), U(2), U(4), U(8)
ENDS, CALLS, THROWN = U(32), U(64), U(128)
NO_HEAD = MORE | OPENER
FATAL, ERROR = 1, 2


@part
def head(data: Any, start: Any) -> Any:
    """Eight bytes, those beyond the end as zeros."""
    if start + U(8) <= U(len(data)):
        return load(data, start)
    word = U(0)
    for i in range(start, U(len(data))):
        word |= U(data[U(i)]) << U(8) * (U(i) - start)
    return word


@part
def begins(data: Any, start: Any, end: Any, wanted: Any) -> Any:
    """Whether a line begins with some bytes, of which 0 is any number."""
    at, i = start, U(0)
    while i < U(len(wanted)):
        if at >= end:
            return False
        if wanted[i] == 0:
            if not 48 <= data[at] <= 57:
                return False
            while at < end and 48 <= data[at] <= 57:
                at += U(1)
        elif data[at] != wanted[i]:
            return False
        else:
            at += U(1)
        i += U(1)
    return True


@part
def closes(data: Any, start: Any, end: Any) -> Any:
    """Whether a line is closing brackets alone, and perhaps a comma or a semicolon."""
    at = start
    while at < end and (data[at] == 93 or data[at] == 125 or data[at] == 41):
        at += U(1)
    if at == start:
        return False
    return at == end or (at + U(1) == end and (data[at] == 44 or data[at] == 59))


@part
def marked(data: Any, start: Any, end: Any, starts: Any, places: Any, marks: Any) -> Any:
    """The marks of a line that begins as one of `starts` may, which end at `places`."""
    mark = MORE if closes(data, start, end) else U(0)
    begin = U(0)
    for i in range(U(len(places))):
        stop = U(places[i])
        if begins(data, start, end, starts[begin:stop]):
            mark |= U(marks[i])
        begin = stop
    return mark


@kernel(types.void, BYTES, INTS, types.Tuple((FLAGS, BYTES, INTS, BYTES)), types.Tuple((WORDS, WORDS, BYTES)), BYTES_OUT, BYTES_OUT)
def glance(data: Any, bounds: Any, openings: Any, levels: Any, said: Any, marks: Any) -> Any:
    """What the first bytes of each line say: the level of the word that it begins with (`said`, 0 for none), and its marks.

    `openings`: which two bytes, the first lowest, a line that is to be marked may begin with; the beginnings of such lines one after the other, where each
    ends, its marks. `levels`: words as eight bytes, the bits of each, its level. A word has no zero byte, so no shorter line is it.
    """
    first_two, starts, places, kinds = openings
    words, masks, known = levels
    for i in range(U(len(said))):
        start, size = U(bounds[i]), bounds[i + U(1)] - bounds[i]
        word = head(data, start)
        if size < 8:
            word &= (U(1) << U(8 * size)) - U(1)
        first = word & U(255)
        mark, level = U(0), U(0)
        if size == 0 or first == U(32) or first == U(9):
            mark = MORE
        elif first_two[word & U(0xFFFF)]:
            mark = marked(data, start, start + U(size), starts, places, kinds)
        for j in range(U(len(words))):
            if word & masks[j] == words[j]:
                level = U(known[j])
                break
        said[i] = level
        marks[i] = mark


@part
def grave(level: Any) -> Any:
    """Whether a level is that of an error."""
    return level in (FATAL, ERROR)


@kernel(COUNT, BYTES, BYTES, FLAGS, COUNT, COUNT, LONGS_OUT)
def questions(marks: Any, levels: Any, throwing: Any, before: Any, grave_before: Any, found: Any) -> Any:
    """How many lines there are whose words must be looked at; in `found` these, as line << 8 | ENDS, CALLS, THROWN: what they may be.

    `before` marks what stands open.
    """
    count = U(0)
    opened = U(before) & OPENER
    dump = U(before) & GOROUTINE
    threw = grave_before != 0
    for i in range(U(len(marks))):
        mark = U(marks[i])
        dump |= mark & GOROUTINE
        asked = U(0)
        if mark & OPENER:
            opened = OPENER
        elif not mark & MORE:
            if opened:
                asked |= ENDS
                opened = U(0)
            if dump:
                asked |= CALLS
            if threw and throwing[i]:
                asked |= THROWN
        if asked:
            found[count] = U(i) << U(8) | asked
            count += U(1)
        threw = grave(levels[i]) and not mark & NO_HEAD
    return np.int64(count)


@part
def part_of(mark: Any, opened: Any, dump: Any, head_before: Any) -> Any:
    """What a line is that neither opens a traceback nor continues by how it begins: 1 continues, 2 names."""
    if (opened and mark & ENDS) or (head_before and mark & THROWN):
        return U(3)
    return U(1) if dump and mark & CALLS else U(0)


@kernel(COUNT, BYTES, BYTES, COUNT, COUNT, BYTES_OUT)
def follow(marks: Any, levels: Any, before: Any, grave_before: Any, out: Any) -> Any:
    """What each line is in its record, 1 where it continues it, 2 where it names it; the marks that stand open in the end, and grave ones << 8.

    `marks` have ENDS, CALLS and THROWN where the words of a line are so.
    """
    opened, dump, chain, head_before = U(before) & OPENER, U(before) & GOROUTINE, U(before) & CHAINED, grave_before != 0
    for i in range(U(len(marks))):
        mark, said = U(marks[i]), U(0)
        dump |= mark & GOROUTINE
        if mark & MORE:
            said, head_before = U(1), False
            chain |= mark & CHAINED
            out[i] = said
            continue
        if mark & OPENER:
            said = U(head_before or chain != U(0))
            opened, head_before = OPENER, False
        else:
            said = part_of(mark, opened, dump, head_before)
            dump &= (mark & CALLS) >> U(4)
            opened, head_before = U(0), grave(levels[i]) and said == U(0)
        chain = U(0)
        out[i] = said
    return np.int64(opened | dump | chain | U(head_before) << U(8))
