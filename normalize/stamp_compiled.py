"""The kernels of `stamp_kernels`, compiled: a line after the other, each word looked at once.

Lines stand in `data` at their places less `shift`, and it goes on for `stamp_packed.REACH` bytes after the last of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from ..collectors.kernel import BYTES, COUNT, FLAGS, INTS, INTS_OUT, LONGS, LONGS_OUT, WORDS, U, kernel, load, part
from . import stamp_packed
from .automata_compiled import DEAD, HEAD_BYTES, PLACE, SYMBOLS, TAKEN, WALK, followed
from .stamp_json_keys_compiled import KEYS, keyed
from .stamp_packed import Said
from .words_compiled import HIGHS, number, number8, side_of

SECOND_NS, HALF_DAY_NS, NONE_NS = 1_000_000_000, 43_200_000_000_000, -(2**63)
NEW = U(3)
WORDS_OUT = types.Array(types.uint64, 1, "C")
SPREAD, SLOTS, SLOT_BITS = U(stamp_packed.SPREAD), U(stamp_packed.SLOTS), U(stamp_packed.SLOT_BITS)
SHORTS = types.Array(types.int16, 1, "C", readonly=True)
SAID = types.NamedUniTuple(types.int64, len(Said._fields), Said)
# Signatures' keys, verdicts, factors and table.
SIDES = types.Tuple((WORDS, INTS, WORDS, SHORTS))
# Which slots are taken, a date's words and half day, and when it begins.
DAYS = types.Tuple((FLAGS, WORDS, LONGS))
# Instants, widths and layouts by row; rows that are left; rows that are asked about, with the row of the table and the place; how many of both.
FOUND = types.Tuple((LONGS_OUT, LONGS_OUT, INTS_OUT, LONGS_OUT, LONGS_OUT, LONGS_OUT, LONGS_OUT, LONGS_OUT))


@part
def judged(data: Any, at: Any, size: Any, said: Any, sides: Any, side: Any) -> Any:
    """The verdict on a side as `signatures.look_up` finds it; -1 where it proves nothing, -2 where it is new and may be judged."""
    keys, verdicts, factors, table = sides
    words, mixed = U(said.side_words), U(0)
    for i in range(words):
        mixed += side[U(i)] * factors[U(i)]
    place = table[mixed >> U(64 - said.side_bits)]
    if place >= 0:
        odd, count = U(0), U(len(verdicts))
        for i in range(words):
            odd |= side[U(i)] ^ keys[U(i) * count + U(place)]
        if not odd:
            return np.int64(verdicts[U(place)])
    if said.full:
        return np.int64(-1)
    for i in range(size):
        one = data[at + U(i)]
        if one >= 128 or one == 10 or one == 13 or one == 27 or one == 35 or one == 92:
            return np.int64(-1)
    return np.int64(-2)


@part
def free(data: Any, start: Any, core: Any, end: Any, said: Any, sides: Any, walk: Any, keys: Any, side: Any) -> Any:
    """DEAD where nothing else can fit, TAKEN where it may, NEW for a new side, else UNKNOWN, with the row of the table and the place."""
    after, row = core + U(said.end), U(said.tail)
    if said.keyed_from >= 0 and keyed(data, core + U(said.keyed_from), end, keys):
        return TAKEN, U(0), after
    if said.side_words:
        at, size = start, core - start - U(1)
        if said.stop >= 0:
            at = after
            size = side_of(data, at, said.stop, said.letters != 0, U(said.side_words), side)
            after += size + U(1)
        if after > end or size == U(said.side_words) << U(3):
            return TAKEN, U(0), after
        verdict = judged(data, at, size, said, sides, side)
        if verdict < 0:
            return NEW if verdict == -2 else TAKEN, U(0), after
        row = U(verdict) * SYMBOLS
    return followed(data, after, end, row, walk)


@part
def differing(data: Any, core: Any, masks: Any, words: Any, held: Any) -> Any:
    """What of the words does not fit, and what of the minute differs from that of the words in `held`."""
    bad, other = U(0), U(0)
    for i in range(words):
        word, k = load(data, core + (U(i) << U(3))), U(i) * U(5)
        odd = (word ^ masks[k + U(1)]) & masks[k]
        bad |= odd | (odd + masks[k + U(2)])
        other |= (word ^ held[U(i)]) & masks[k + U(4)]
    return bad & HIGHS, other


@part
def slot_of(data: Any, core: Any, masks: Any, words: Any, half: Any, days: Any) -> Any:
    """Where a date stands among those known; SLOTS where it is new."""
    taken, keys = days[0], days[1]
    mixed = U(half) * SPREAD
    for i in range(words):
        mixed = (mixed ^ (load(data, core + (U(i) << U(3))) & masks[U(i) * U(5) + U(3)])) * SPREAD
    slot = mixed >> (U(64) - SLOT_BITS)
    while taken[slot]:
        at = slot * (words + U(1))
        odd = keys[at + words] ^ U(half)
        for i in range(words):
            odd |= keys[at + U(i)] ^ (load(data, core + (U(i) << U(3))) & masks[U(i) * U(5) + U(3)])
        if not odd:
            return slot
        slot = (slot + U(1)) & (SLOTS - U(1))
    return SLOTS


@part
def fraction(data: Any, core: Any, said: Any) -> Any:
    """Nanoseconds of a fraction of a second, or billionths of another unit."""
    return np.int64(number(data, core + U(said.fraction), U(said.fraction_digits))) * said.scale if said.fraction_digits else 0


@part
def counted(data: Any, core: Any, said: Any) -> Any:
    """As `stamp_kernels.counted`; NONE_NS where it is no time."""
    whole = np.int64(number(data, core + U(said.epoch), U(said.epoch_digits)))
    if whole < said.floor or whole >= said.last:
        return NONE_NS
    return whole * said.unit + fraction(data, core, said) * said.unit // SECOND_NS


@part
def minute_ns(data: Any, core: Any, said: Any, base: Any) -> Any:
    """The instant of a minute by that at which its date begins, or its hour; NONE_NS where there is none."""
    hour = np.int64(number8(data, core + U(said.hour), U(said.hour_digits))) if said.hour_digits else 0
    minute = np.int64(number8(data, core + U(said.minute), U(said.minute_digits)))
    return NONE_NS if base == NONE_NS or hour > 23 or minute > 59 else base + (hour * 60 + minute) * 60 * SECOND_NS


@part
def timed(data: Any, core: Any, said: Any, base: Any) -> Any:
    """The instant of a line by that of its minute; NONE_NS where there is none."""
    if base == NONE_NS:
        return NONE_NS
    return base + np.int64(number8(data, core + U(said.second), U(said.second_digits))) * SECOND_NS + fraction(data, core, said)


@part
def core_of(data: Any, start: Any, end: Any, said: Any, first: Any, side: Any) -> Any:
    """Where the core may begin, one beyond the line's end where it can not."""
    core = start
    if said.anchor >= 0:
        size = side_of(data, start, said.anchor, said.letters != 0, U(said.side_words), side)
        core = start + size + U(1)
    room = U(said.end)
    if core + room > end or (said.whole and core + room != end) or (said.begins and not first[data[core]]):
        return end + U(1)
    return core


@part
def put(row: Any, verdict: Any, at: Any, state: Any, place: Any, said: Any, found: Any) -> None:
    """What is known of a row: its instant, or that it is left, or to be asked about."""
    instants, widths, layouts, left, asked, states, places, counts = found
    if at != NONE_NS:
        instants[row], widths[row], layouts[row] = at, said.width, said.name
    elif verdict <= TAKEN:
        left[U(counts[0])] = row
        counts[0] += 1
    else:
        k = U(counts[1])
        asked[k], states[k], places[k] = row, -1 if verdict == NEW else np.int64(state), place
        counts[1] += 1


@kernel(COUNT, BYTES, PLACE, LONGS, PLACE, PLACE, LONGS, LONGS, LONGS, WORDS, WORDS_OUT, WORDS_OUT, SAID, FLAGS, SIDES, WALK, KEYS, DAYS, FOUND)
def stamped(
    data: Any, shift: Any, rows: Any, begin: Any, until: Any, starts: Any, ends: Any, runtime: Any,
    masks: Any, held: Any, side: Any, said: Any, first: Any, sides: Any, walk: Any, keys: Any, days: Any, found: Any,
) -> Any:  # fmt: skip
    """Settle `rows[begin:until]` as far as may be; how far it came: the date of the next one is new."""
    words, base, half, fresh = U(said.words), np.int64(NONE_NS), np.int64(-1), True
    for i in range(begin, until):
        row = U(rows[U(i)])
        start = U(starts[row]) - shift
        end = min(U(ends[row]) - shift, start + HEAD_BYTES)
        core, at = core_of(data, start, end, said, first, side), np.int64(NONE_NS)
        verdict, state, place, other = TAKEN, U(0), U(0), U(0)
        if core <= end:
            bad, other = differing(data, core, masks, words, held)
            if not bad:
                verdict, state, place = free(data, start, core, end, said, sides, walk, keys, side)
        if verdict == DEAD and said.epoch_digits:
            at = counted(data, core, said)
        elif verdict == DEAD:
            now = runtime[row] // HALF_DAY_NS if said.halves else np.int64(-1)
            if fresh or other or now != half:
                slot = slot_of(data, core, masks, words, now, days)
                if slot == SLOTS:
                    return np.int64(i)
                base, half, fresh = minute_ns(data, core, said, days[2][slot]), now, False
                for k in range(words):
                    held[U(k)] = load(data, core + (U(k) << U(3)))
            at = timed(data, core, said, base)
        put(row, verdict, at, state, place + shift, said, found)
    return np.int64(until)
