"""The walk of `automata_walk`, compiled: a line after the other, as far as its bytes have to be looked at.

Lines stand in `data` at their places less `shift`, and it goes on for 64 bytes after the last of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from ..collectors.kernel import BYTES, BYTES_OUT, COUNT, FLAGS, INTS, LONGS, LONGS_OUT, U, kernel, lowest, matching, part

HEAD_BYTES = U(65_536)
SYMBOLS, END_OF_LINE, LONGEST = U(257), U(256), U(4096)
DEAD, TAKEN, UNKNOWN = U(0), U(1), U(2)
UNKNOWN_STATE = 2
BRACKET, BAR, BRACE = b"[|{"
SETS, KINDS = U(6), U(256)
COLOUR, FEED = 2, 10
PLACE = types.uint64
# The table of states, the steps, which states are over, what landmarks these wait for, what bytes have to follow those, and how many;
# which landmarks there are at all.
WALK = types.Tuple((LONGS, INTS, FLAGS, INTS, BYTES, INTS, COUNT))
# Rows that are left; rows that are asked about, with the row of the table and the place; how many of both.
OPEN = types.Tuple((LONGS_OUT, LONGS_OUT, LONGS_OUT, LONGS_OUT, LONGS_OUT))


@kernel(COUNT, BYTES, PLACE, PLACE)
def seen(data: Any, at: Any, end: Any) -> Any:
    """Which landmarks there are between two places, as bits."""
    brackets, bars, braces = U(0), U(0), U(0)
    while at + U(64) <= end:
        brackets |= matching(data, at, 255, BRACKET)
        bars |= matching(data, at, 255, BAR)
        braces |= matching(data, at, 255, BRACE)
        at += U(64)
    found = U(brackets != 0) | U(bars != 0) << U(1) | U(braces != 0) << U(2)
    for i in range(at, end):
        byte = data[U(i)]
        found |= U(byte == BRACKET) | U(byte == BAR) << U(1) | U(byte == BRACE) << U(2)
    return np.int64(found)


@kernel(types.boolean, BYTES, LONGS, LONGS)
def fed(data: Any, starts: Any, ends: Any) -> Any:
    """Whether any line ends in a line feed."""
    for i in range(U(len(starts))):
        if ends[i] > starts[i] and data[U(ends[i]) - U(1)] == FEED:
            return True
    return False


@part
def windowed(data: Any, at: Any, end: Any, window: Any, walk: Any) -> Any:
    """Whether the bytes after a landmark may be what has to follow it."""
    kinds, sizes = walk[4], walk[5]
    for i in range(U(sizes[window])):
        place = at + U(i) + U(1)
        if place >= end:
            return False
        kind = kinds[(window * SETS + U(i)) * KINDS + U(data[place])]
        if kind == COLOUR:
            return True
        if not kind:
            return False
    return True


@part
def marked(data: Any, at: Any, end: Any, state: Any, walk: Any) -> Any:
    """Whether what follows holds a landmark that a match needs from this state on, as `automata_lines.holding` says."""
    marks, first = walk[3], state << U(2)
    which = marks[first] & walk[6]
    if not which:
        return False
    while at < end:
        bits = U(0)
        if which & 1:
            bits |= matching(data, at, 255, BRACKET)
        if which & 2:
            bits |= matching(data, at, 255, BAR)
        if which & 4:
            bits |= matching(data, at, 255, BRACE)
        while bits:
            place = at + lowest(bits)
            if place >= end:
                return False
            byte = data[place]
            window = marks[first + U(1 if byte == BRACKET else 2 if byte == BAR else 3)]
            if windowed(data, place, end, U(window), walk):
                return True
            bits &= bits - U(1)
        at += U(64)
    return False


@part
def stepped(data: Any, at: Any, end: Any, row: Any, steps: Any) -> Any:
    """The row of the first state that is over, and the place where it is reached; or those up to which that is known."""
    while at < end:
        after = steps[row + U(data[at])]
        if after >= 0:
            row = U(after)
            at += U(1)
        elif after == -UNKNOWN_STATE - 1:
            break
        else:
            return U(-after - 1) * SYMBOLS, at + U(1)
    return row, at


@part
def followed(data: Any, at: Any, end: Any, row: Any, walk: Any) -> Any:
    """Where an automaton ends that goes on from the row of a state, as `Walker.walk` has it; with the row and the place up to which that is known."""
    table, over, marks = walk[0], walk[2], walk[3]
    last, hit = at + LONGEST, False
    if row > TAKEN * SYMBOLS and not over[row // SYMBOLS]:
        row, at = stepped(data, at, min(end, last), row, walk[1])
    while row > TAKEN * SYMBOLS:
        state = row // SYMBOLS
        if over[state] and not hit:
            if marks[state << U(2)] < 0:
                return UNKNOWN, row, at
            if not marked(data, at, end, state, walk):
                return DEAD, row, at
            hit = True
        if at > last:
            return TAKEN, row, at
        after = U(table[row + (U(data[at]) if at < end else END_OF_LINE)])
        if after == UNKNOWN * SYMBOLS:
            return UNKNOWN, row, at
        row = after
        at += U(1)
    return row // SYMBOLS, row, at


@kernel(COUNT, BYTES, PLACE, LONGS, LONGS_OUT, LONGS, LONGS_OUT, WALK, BYTES_OUT)
def walked(data: Any, shift: Any, which: Any, at: Any, ends: Any, rows: Any, walk: Any, found: Any) -> Any:
    """Where those of the lines end that are asked for, which go on from `rows` of the table at `at`; how many are UNKNOWN. These are moved on."""
    unknown = 0
    for k in range(U(len(which))):
        i = U(which[k])
        start = U(at[i]) - shift
        verdict, row, place = followed(data, start, min(U(ends[i]) - shift, start + HEAD_BYTES), U(rows[i]), walk)
        found[i], rows[i], at[i] = verdict, row, place + shift
        unknown += verdict == UNKNOWN
    return unknown


@kernel(COUNT, BYTES, PLACE, LONGS, PLACE, PLACE, LONGS, LONGS, PLACE, FLAGS, WALK, OPEN)
def bare(data: Any, shift: Any, rows: Any, begin: Any, until: Any, starts: Any, ends: Any, first: Any, mended: Any, walk: Any, found: Any) -> Any:
    """Which of `rows[begin:until]` are left, where something may match that starts at the row `first` of the table; and those that are UNKNOWN."""
    left, asked, states, places, counts = found
    for i in range(begin, until):
        row = rows[U(i)]
        start = U(starts[U(row)]) - shift
        end = min(U(ends[U(row)]) - shift, start + HEAD_BYTES)
        verdict, state, place = TAKEN, U(0), U(0)
        if start == end or not mended[data[start]]:
            verdict, state, place = followed(data, start, end, first, walk)
        if verdict == TAKEN:
            left[U(counts[0])] = row
            counts[0] += 1
        elif verdict == UNKNOWN:
            k = U(counts[1])
            asked[k], states[k], places[k] = row, state, place + shift
            counts[1] += 1
    return 0
