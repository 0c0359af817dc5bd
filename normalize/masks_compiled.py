"""The kernel of `digit_masks`, compiled: line by line, 64 signs at once, and each mask found again among those before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from ..collectors.kernel import BYTES, BYTES_OUT, COUNT, FLAGS_OUT, INTS, INTS_OUT, LONGS_OUT, U, copy, kernel, load, lowest, part

WORDS_OUT = types.Array(types.uint64, 1, "C")
# As `digit_masks` has them.
DIGIT, INNER, FOLLOWS, STAR = U(1), U(2), U(4), 255
# Any odd number of many bits spreads what it is multiplied with.
SPREAD = U(0x9E3779B97F4A7C15)


def _reversed(_typing: Any, _word: Any) -> Any:

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitreverse(values[0])

    return types.uint64(types.uint64), generate


# The bits of a word, the lowest as the highest.
backwards: Any = intrinsic(_reversed)


@part
def classed(data: Any, at: Any, count: Any, classes: Any) -> Any:
    """The classes of `count` signs, 64 at most, each as bits of a word; 64 signs are looked at."""
    digits, inner, follows = U(0), U(0), U(0)
    for i in range(U(64)):
        kind = U(classes[data[at + U(i)]])
        digits |= (kind & U(1)) << U(i)
        inner |= (kind >> U(1) & U(1)) << U(i)
        follows |= (kind >> U(2) & U(1)) << U(i)
    keep = U(0xFFFFFFFFFFFFFFFF) if count >= U(64) else (U(1) << count) - U(1)
    return digits & keep, inner & keep, follows & keep


@part
def reached(digits: Any, runs: Any, carried: Any) -> Any:
    """The bits of each run from its first digit on, of a run that `carried` says to go on from its beginning; whether the last one goes on."""
    total = (digits & runs) + runs
    further = total < runs
    total += carried
    further |= total < carried
    return ((total ^ runs) | digits) & runs, U(further)


@part
def covered(data: Any, start: Any, size: Any, classes: Any, room: Any) -> Any:
    """The signs of a line that are masked, as bits in the first words of `room`; True where two matches may stand side by side."""
    groups = (size + U(63)) >> U(6)
    third = U(len(room)) // U(3)
    for i in range(groups):
        at = U(i) << U(6)
        room[i], room[third + U(i)], room[U(2) * third + U(i)] = classed(data, start + at, size - at, classes)
    carried = U(0)
    for j in range(groups):
        i = third + groups - U(1) - U(j)
        found, carried = reached(backwards(room[i - third]), backwards(room[i]), carried)
        room[i] = backwards(found)
    carried, last, doubtful = U(0), U(0), U(0)
    for i in range(groups):
        before, follows = room[third + U(i)], room[U(2) * third + U(i)]
        after, carried = reached(room[i], follows, carried)
        masked = before | after
        doubtful |= before & masked & (masked << U(1) | last) & ~follows
        last = masked >> U(63)
        room[i] = masked
    return doubtful != U(0)


@part
def starred(data: Any, start: Any, size: Any, room: Any, out: Any, to: Any) -> Any:
    """Write a line with STAR for each run of masked signs; where it ends. Up to fifteen bytes beyond it are written, and beyond the line looked at."""
    left, last, inside = start, U(0), False
    for i in range((size + U(63)) >> U(6)):
        word, begin = room[i], start + (U(i) << U(6))
        edges = word ^ (word << U(1) | last)
        last = word >> U(63)
        while edges:
            at = begin + lowest(edges)
            edges &= edges - U(1)
            if inside:
                left = at
            else:
                to = copied(data, left, at, out, to)
                out[to] = STAR
                to += U(1)
            inside = not inside
    return to if inside else copied(data, left, start + size, out, to)


@part
def copied(data: Any, start: Any, stop: Any, out: Any, to: Any) -> Any:
    """Copy some bytes, sixteen at a time; where they end."""
    for i in range(U(0), stop - start, U(16)):
        copy(out, to + U(i), data, start + U(i), U(16))
    return to + (stop - start)


@part
def hashed(out: Any, start: Any, stop: Any) -> Any:
    """A number that equal bytes share; what follows them does not count, but is eight bytes at least."""
    found, at = stop - start, start
    while at + U(8) <= stop:
        found = (found ^ load(out, at)) * SPREAD
        found ^= found >> U(29)
        at += U(8)
    if at < stop:
        found = (found ^ (load(out, at) & ((U(1) << (U(8) * (stop - at))) - U(1)))) * SPREAD
        found ^= found >> U(29)
    return found ^ found >> U(32)


@part
def equal(out: Any, one: Any, other: Any, size: Any) -> Any:
    """Whether so many bytes are the same at both places."""
    at = U(0)
    while at + U(8) <= size:
        if load(out, one + at) != load(out, other + at):
            return False
        at += U(8)
    while at < size:
        if out[one + at] != out[other + at]:
            return False
        at += U(1)
    return True


@kernel(COUNT, BYTES, INTS, BYTES, types.Tuple((INTS_OUT, FLAGS_OUT)), types.Tuple((BYTES_OUT, LONGS_OUT, INTS_OUT, WORDS_OUT)), COUNT)
def masked(data: Any, bounds: Any, classes: Any, lines: Any, known: Any, count: Any) -> Any:
    """As `digit_masks.digits_masked`, for lines whose data goes on for 80 bytes after the last of them; how many masks there are now.

    `lines`: the number of each line's mask, and whether the pattern itself must be asked. `known`: the masks one after the other and where they end, the
    first 0; their slots in a table, a power of two and twice as many as lines, -1 where it is free; room for three bits a sign. `count` were known before.
    """
    codes, doubtful = lines
    out, ends, slots, room = known
    last = U(len(slots)) - U(1)
    for i in range(U(len(codes))):
        start = U(bounds[i])
        size = U(bounds[i + U(1)]) - start
        doubtful[i] = covered(data, start, size, classes, room)
        begin = U(ends[count])
        end = starred(data, start, size, room, out, begin)
        slot = hashed(out, begin, end) & last
        while True:
            one = slots[slot]
            if one < 0:
                slots[slot] = one = count
                count += 1
                ends[count] = end
                break
            first = U(ends[one])
            if U(ends[one + 1]) - first == end - begin and equal(out, first, begin, end - begin):
                break
            slot = (slot + U(1)) & last
        codes[i] = one
    return np.int64(count)
