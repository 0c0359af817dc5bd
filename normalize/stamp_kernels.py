"""Shapes applied to many lines at once: compare words, look up what stands beside the core, settle each minute once, add seconds.

Lines that do not fit take the bytes of one that does, so that all else is done to all lines alike; in the end they count as unsettled.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from .automata_lines import MEMBER, Lines, chosen, kinds
from .automata_tables import DEAD
from .epochs import BANDS, LAST_NS, unit_ns
from .signatures import Answers
from .stamp_fields import day_of
from .stamp_fields_columns import HALF_DAY_S, RESOLUTIONS, SECOND_NS, Context, hour_offset
from .stamp_json_keys import with_key
from .stamp_shapes import Prover, Shape, side_state
from .stamps import NONE_NS, Nanoseconds
from .words import BYTE, FULL, HIGHS, Places, Word, gathered, number, up_to, window
from .years import DAY_S, Reference
from .zones import named_zone, zone_of

NEW_SIGNATURES = 64
# Bytes that no side is judged with: they seldom come again.
ODD_BYTES = np.isin(np.arange(256), [*b"\n\r\x1b\\#", *range(128, 256)])
Booleans = npt.NDArray[np.bool_]
Rows = Places | slice


@dataclass
class Heads:
    """Lines of the buffer `data`, where the core of each begins and the shape ends, and the words from there on.

    `odd` are those that do not fit; what stands here is that of a line that does.
    """

    data: npt.NDArray[np.uint8]
    rows: Rows
    starts: Places
    ends: Places
    core: Places
    after: Places
    words: Word
    side: list[Word]
    odd: Places

    def mend(self, odd: Places, good: Places) -> None:
        """Put a line that fits, the one before if there is one, in the place of each that does not."""
        self.odd = odd
        if not len(good):
            return
        other = good[np.maximum(np.searchsorted(good, odd) - 1, 0)]
        for column in (self.starts, self.ends, self.core, *self.side):
            column[odd] = column[other]
        self.words[:, odd] = self.words[:, other]


def stamped_by(prover: Prover, shape: Shape, lines: Lines, rows: Rows, context: Context) -> tuple[Booleans, Nanoseconds]:
    """Which of the rows the shape settles, and their instants; NONE_NS for the others."""
    heads = _heads(shape, lines, rows)
    count = len(heads.starts)
    if len(heads.odd) == count:
        return np.zeros(count, bool), np.full(count, NONE_NS)
    settled, at = _counted(shape, heads) if "epoch" in shape.spans else _placed(shape, heads, context)
    settled &= _free(prover, shape, lines, heads)
    settled[heads.odd] = False
    if not settled.all():
        at[~settled] = NONE_NS
    return settled, at


def _heads(shape: Shape, lines: Lines, rows: Rows) -> Heads:
    """The lines, with those mended whose core does not fit."""
    starts, ends = lines.starts[rows], lines.ends[rows]
    if isinstance(rows, slice):
        starts, ends = starts.copy(), ends.copy()
    side: list[Word] = []
    core, endless = starts, None
    if shape.anchor >= 0 and shape.sides is not None:
        size, side = up_to(gathered(lines.data, starts, shape.sides.words), shape.anchor)
        endless = size == 8 * shape.sides.words
        core = starts + size
        core += 1
    beyond = 8 if shape.sides is None else 8 * shape.sides.words if shape.stop >= 0 else 0
    words = gathered(lines.data, core, -(-(shape.end + beyond) // 8))
    heads = Heads(lines.data, rows, starts, ends, core, core, words, side, np.empty(0, np.int64))
    odd, room = _differing(shape, words), ends - core
    wrong = room != shape.end if shape.whole else room < shape.end
    for one in (odd, endless):
        if one is not None:
            wrong |= one
    if wrong.any():
        heads.mend(np.flatnonzero(wrong), np.flatnonzero(~wrong))
    heads.after = heads.core + shape.end
    return heads


def _differing(shape: Shape, words: Word) -> Booleans | None:
    """Which cores do not fit; None if all do."""
    found = np.zeros(len(words[0]), np.uint64)
    for word, (keep, exact, add) in zip(words, shape.masks.tests, strict=False):
        odd = word ^ exact
        if keep != FULL:
            odd &= keep
        found |= odd
        odd += add
        found |= odd
    first = None
    if shape.begin:
        first = (kinds(shape.begin) != MEMBER).take((words[0] & BYTE).view(np.int64))
    if not int(np.bitwise_or.reduce(found)) & int(HIGHS):
        return first if first is not None and first.any() else None
    found &= HIGHS
    differing: Booleans = found != 0
    return differing if first is None else np.asarray(differing | first)


def _free(prover: Prover, shape: Shape, lines: Lines, heads: Heads) -> Booleans:
    """Which lines nothing else can fit, whatever stands before and after the shape."""
    count, state = len(heads.starts), shape.tail
    found = np.ones(count, bool)
    if shape.rest:
        found &= ~lines.once(with_key, shape.rest)[heads.rows]
    if shape.sides is None:
        if state == DEAD:
            return found
        word = window(heads.words, shape.end, shape.end + 8)
    else:
        if shape.stop >= 0:
            behind = np.stack([window(heads.words, i, i + 8) for i in range(shape.end, shape.end + 8 * shape.sides.words, 8)])
            size, heads.side = up_to(behind, shape.stop)
            found &= size < 8 * shape.sides.words
            heads.after += size
            heads.after += 1
        found &= heads.after <= heads.ends
        states = _judged(prover, shape, heads, shape.sides.look_up(heads.side), found)
        found &= states >= 0
        left = states[found]
        state = int(left[0]) if len(left) else DEAD
        if (left != state).any():
            todo = np.flatnonzero(found)
            found[todo] = prover.walker.walk(lines, chosen(heads.rows, todo), heads.after[todo], left)
            return found
        if state == DEAD:
            return found
        word = gathered(lines.data, heads.after, 1)[0]
    away = prover.walker.away(lines, heads.rows, heads.ends - heads.after, word, state)
    if away.all():
        return found
    away[heads.odd] = True
    todo = np.flatnonzero(found & ~away)
    found[todo] = prover.walker.walk(lines, chosen(heads.rows, todo), heads.after[todo], np.full(len(todo), state, np.int32))
    return found


def _judged(prover: Prover, shape: Shape, heads: Heads, answers: Answers, asked: Booleans) -> npt.NDArray[np.int32]:
    """The state that each line's sides leave, -1 where they prove nothing; signatures that are new are judged where it is asked for, a few at a time."""
    sides, verdicts = shape.sides, answers.verdicts
    assert sides is not None  # noqa: S101 - only shapes with sides come here
    if answers.known.all():
        return verdicts
    new = np.flatnonzero(~answers.known & asked)
    if not len(new):
        return verdicts
    texts = np.ascontiguousarray(np.stack([word[new] for word in heads.side], axis=1)).view(np.uint8)
    new = new[~ODD_BYTES[texts].any(axis=1)]
    for _ in range(NEW_SIGNATURES):
        if not len(new):
            break
        row = int(new[0])
        verdict = side_state(prover, shape, heads.data[heads.starts[row] : heads.ends[row]].tobytes())
        if not sides.add(answers, row, verdict):
            break
        same = np.logical_and.reduce([word[new] == word[row] for word in answers.signatures])
        verdicts[new[same]] = verdict
        new = new[~same]
    return verdicts


def _counted(shape: Shape, heads: Heads) -> tuple[Booleans, Nanoseconds]:
    unit, whole = unit_of(shape), number(heads.words, *shape.spans["epoch"])
    good = whole < LAST_NS // unit
    at = np.where(good, whole, 0) * unit
    if "fraction" in shape.spans:
        first, last = shape.spans["fraction"]
        at += number(heads.words, first, last) * 10 ** (9 - last + first) * unit // SECOND_NS
    good &= (whole >= unit_floor(unit)) & (whole < 100 * unit_floor(unit))
    return good, at


def unit_of(shape: Shape) -> int:
    """The unit of a count with as many digits as the shape's, in nanoseconds."""
    first, last = shape.spans["epoch"]
    return unit_ns(10 ** (last - first - 1)) or 1


def unit_floor(unit: int) -> int:
    """The least count of a unit."""
    return int(next(low for low, _, one in BANDS if one == unit))


def width_of(shape: Shape) -> int:
    """How wide the last digit of the shape's stamps is, in nanoseconds."""
    first, last = shape.spans.get("fraction", (0, 0))
    if "epoch" in shape.spans:
        return int(max(unit_of(shape) // 10 ** (last - first), 1))
    return int(RESOLUTIONS[min(last - first, 9)])


def _placed(shape: Shape, heads: Heads, context: Context) -> tuple[Booleans, Nanoseconds]:
    """Instants: that of the minute, which is settled once for each in a row, and each date once, then seconds and their fraction."""
    half = None
    if context.runtime_ns is not None and ("year" not in shape.spans or "one" in shape.spans):
        half = context.runtime_ns[heads.rows] // (SECOND_NS * HALF_DAY_S)
    runs = _runs(heads.words, shape.masks.slow, half)
    base = _minutes(shape, heads.words[:, runs], half if half is None else half[runs], context)
    known = base != NONE_NS
    base *= SECOND_NS * known
    at = number(heads.words, *shape.spans["second"])
    at *= SECOND_NS
    if "fraction" in shape.spans:
        first, last = shape.spans["fraction"]
        digits = min(last - first, 9)
        fraction = number(heads.words, first, first + digits)
        fraction *= RESOLUTIONS[digits]
        at += fraction
    if len(runs) == 1:
        at += base[0]
        return np.full(len(at), known[0]), at
    sizes = np.diff(np.append(runs, len(at)))
    at += np.repeat(base, sizes)
    return np.ones(len(at), bool) if known.all() else np.repeat(known, sizes), at


def _runs(words: Word, masks: npt.NDArray[np.uint64], half: Places | None) -> Places:
    """Where lines begin that differ in what the masks show from the one before."""
    change = None
    for word, mask in zip(words, masks, strict=False):
        if mask:
            part = word if mask == FULL else word & mask
            other = part[1:] != part[:-1]
            change = other if change is None else np.logical_or(change, other, out=change)
    if half is not None:
        other = half[1:] != half[:-1]
        change = other if change is None else change | other
    if change is None or not change.any():
        return np.zeros(1, np.int64)
    return np.append(0, np.flatnonzero(change) + 1)


def _minutes(shape: Shape, words: Word, half: Places | None, context: Context) -> Nanoseconds:
    """Seconds since 1970 of minutes, NONE_NS where one needs a second thought."""
    runs = _runs(words, shape.masks.date, half)
    dates = days_of(shape, words[:, runs], half if half is None else half[runs], context)
    day = np.repeat(dates, np.diff(np.append(runs, len(words[0]))))
    hour, minute = number(words, *shape.spans["hour"]), number(words, *shape.spans["minute"])
    good = (day != NONE_NS) & (hour < 24) & (minute < 60)
    local_s = np.where(good, day, 0) * DAY_S + hour * 3600 + minute * 60
    zone = zone_of_shape(shape, context)
    offset = np.full(len(local_s), NONE_NS) if zone is None else offsets_of(zone, local_s)
    return np.where(good & (offset != NONE_NS), local_s - offset, NONE_NS)


def days_of(shape: Shape, words: Word, half: Places | None, context: Context) -> Nanoseconds:
    """Days since 1970 of dates; each is settled once."""
    texts = np.ascontiguousarray(words[: shape.words].T).view(np.uint8)
    known: dict[tuple[bytes, int], int] = {}
    masked = texts & shape.masks.date.view(np.uint8)
    found = []
    for i in range(len(texts)):
        key = (masked[i].tobytes(), -1 if half is None else int(half[i]))
        if key not in known:
            head = texts[i].tobytes()
            groups = {name: head[first:last].decode("latin-1") for name, (first, last) in shape.spans.items()}
            near = context.near if half is None else Reference(key[1] * HALF_DAY_S, key[1] * HALF_DAY_S)
            day = day_of(groups, near)
            known[key] = NONE_NS if day is None else day
        found.append(known[key])
    return np.array(found, np.int64)


def zone_of_shape(shape: Shape, context: Context) -> ZoneInfo | int | None:
    """The zone that lines of a shape are read in; None where they name one that nobody can know."""
    try:
        return named_zone(shape.zone, 0, zone_of(shape.layout.zone) if shape.layout is not None and shape.layout.zone else context.zone)
    except ValueError:
        return None


def offsets_of(zone: ZoneInfo | int, local_s: Nanoseconds) -> Nanoseconds:
    """Seconds east of UTC, NONE_NS in an hour in which they change."""
    if isinstance(zone, int):
        return np.full(len(local_s), zone)
    hours, rows = np.unique(local_s // 3600, return_inverse=True)
    return np.array([hour_offset(int(hour), zone) for hour in hours], np.int64)[rows.reshape(-1)]
