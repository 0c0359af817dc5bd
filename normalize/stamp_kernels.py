"""Shapes applied to many lines at once: compare words, look up what stands beside the core, settle each minute once, add seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .automata_walk import MEMBER, Lines, kinds
from .epochs import BANDS, LAST_NS, unit_ns
from .layout import Layout
from .signatures import signature
from .stamp_fields import day_of
from .stamp_fields_columns import HALF_DAY_S, RESOLUTIONS, SECOND_NS, Context, hour_offset
from .stamp_json_shapes import with_key
from .stamp_shapes import Prover, Shape, side_state
from .stamps import NONE_NS, Nanoseconds
from .words import BYTE, Places, Word, are_digits, gathered, number, up_to
from .years import DAY_S, Reference
from .zones import named_zone, zone_of

NEW_SIGNATURES = 512
Booleans = npt.NDArray[np.bool_]


@dataclass
class Fitting:
    """Lines that have a shape: their rows, the words of their cores, and where in the buffer the shape ends."""

    rows: Places
    heads: list[Word]
    after: Places

    def only(self, chosen: Booleans) -> Fitting:
        """Some of the lines."""
        if chosen.all():
            return self
        return Fitting(self.rows[chosen], [word[chosen] for word in self.heads], self.after[chosen])


def stamped_by(prover: Prover, shape: Shape, lines: Lines, rows: Places, context: Context) -> tuple[Places, Nanoseconds]:
    """The rows that the shape settles, and their instants."""
    fitting = _fitting(prover, shape, lines, rows)
    if not len(fitting.rows):
        return fitting.rows, np.empty(0, np.int64)
    if "epoch" in shape.spans:
        return _counted(shape, fitting)
    base = _bases(shape, fitting, context)
    second = number(fitting.heads, *shape.spans["second"])
    good = (base != NONE_NS) & (second < 60)
    at = (base + second) * SECOND_NS
    if "fraction" in shape.spans:
        first, last = shape.spans["fraction"]
        digits = min(last - first, 9)
        at += number(fitting.heads, first, first + digits) * RESOLUTIONS[digits]
    return (fitting.rows, at) if good.all() else (fitting.rows[good], at[good])


def _counted(shape: Shape, fitting: Fitting) -> tuple[Places, Nanoseconds]:
    unit, whole = unit_of(shape), number(fitting.heads, *shape.spans["epoch"])
    good = whole < LAST_NS // unit
    at = np.where(good, whole, 0) * unit
    if "fraction" in shape.spans:
        first, last = shape.spans["fraction"]
        at += number(fitting.heads, first, last) * 10 ** (9 - last + first) * unit // SECOND_NS
    good &= (whole >= unit_floor(unit)) & (whole < 100 * unit_floor(unit))
    return fitting.rows[good], at[good]


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


def _fitting(prover: Prover, shape: Shape, lines: Lines, rows: Places) -> Fitting:
    starts, ends, masks = lines.starts[rows], lines.ends[rows], shape.masks
    side: list[Word] = []
    if shape.anchor >= 0 and shape.sides is not None:
        size, side = up_to(gathered(lines.data, starts, shape.sides.words), shape.anchor)
        starts = starts + size + 1
    heads = gathered(lines.data, starts, shape.words)
    after = starts + shape.end
    fits = ends == after if shape.whole else ends >= after
    for word, same, equal, digits in zip(heads, masks.same, masks.equal, masks.digits, strict=True):
        fits &= (word & same) == equal
        if digits:
            fits &= are_digits(word, digits)
    if shape.begin:
        fits &= (kinds(shape.begin) == MEMBER)[(heads[0] & BYTE).astype(np.uint8)]
    fitting = Fitting(rows, heads, after).only(fits)
    if shape.sides is None or not len(fitting.rows):
        states = np.full(len(fitting.rows), shape.tail, np.int32)
    else:
        if shape.stop >= 0:
            size, side = up_to(gathered(lines.data, fitting.after, shape.sides.words), shape.stop)
            fitting.after = fitting.after + size + 1
        elif len(fitting.rows) < len(rows):
            side = [word[fits] for word in side]
        states = _judged(prover, shape, lines, fitting.rows, signature(side))
        states[fitting.after > lines.ends[fitting.rows]] = -1
        proven = states >= 0
        fitting, states = fitting.only(proven), states[proven]
    if shape.rest and len(fitting.rows):
        chosen = ~lines.once(shape.rest, with_key)[fitting.rows]
        fitting, states = fitting.only(chosen), states[chosen]
    return fitting.only(prover.walker.walk(lines, fitting.rows, fitting.after, states)) if len(fitting.rows) and states.any() else fitting


def _judged(prover: Prover, shape: Shape, lines: Lines, rows: Places, side: list[Word]) -> npt.NDArray[np.int32]:
    """The state that each line's sides leave, -1 where they prove nothing; signatures that are new are judged, a few at a time."""
    sides = shape.sides
    assert sides is not None  # noqa: S101 - only shapes with sides come here
    verdicts, known = sides.look_up(side)
    new = np.flatnonzero(~known)
    for _ in range(NEW_SIGNATURES):
        if not len(new):
            break
        row = int(new[0])
        verdict = side_state(prover, shape, lines.data[lines.starts[rows[row]] : lines.ends[rows[row]]].tobytes())
        if not sides.add(side, row, verdict):
            break
        alike = np.logical_and.reduce([word[new] == word[row] for word in side])
        verdicts[new[alike]] = verdict
        new = new[~alike]
    return verdicts


def _bases(shape: Shape, fitting: Fitting, context: Context) -> Nanoseconds:
    """Seconds since 1970 of each line's minute, NONE_NS where it needs a second thought. Each minute in a row is settled once, and each date."""
    half = None
    if context.runtime_ns is not None and ("year" not in shape.spans or "one" in shape.spans):
        half = context.runtime_ns[fitting.rows] // (SECOND_NS * HALF_DAY_S)
    change = _changes(fitting.heads, shape.masks.slow, half)
    runs = np.flatnonzero(change)
    heads = [word[runs] for word in fitting.heads]
    settled = _minutes(shape, heads, half if half is None else half[runs], context)
    if len(runs) == 1:
        return np.full(len(change), settled[0])
    return np.asarray(np.repeat(settled, np.diff(np.append(runs, len(change)))), np.int64)


def _changes(heads: list[Word], masks: npt.NDArray[np.uint64], half: Places | None) -> Booleans:
    change = np.zeros(len(heads[0]), bool)
    for word, mask in zip(heads, masks, strict=True):
        if mask:
            part = word & mask
            change[1:] |= part[1:] != part[:-1]
    if half is not None:
        change[1:] |= half[1:] != half[:-1]
    change[0] = True
    return change


def _minutes(shape: Shape, heads: list[Word], half: Places | None, context: Context) -> Nanoseconds:
    change = _changes(heads, shape.masks.date, half)
    runs = np.flatnonzero(change)
    dates = _days(shape, [word[runs] for word in heads], half if half is None else half[runs], context)
    day = dates[np.cumsum(change) - 1]
    hour, minute = number(heads, *shape.spans["hour"]), number(heads, *shape.spans["minute"])
    good = (day != NONE_NS) & (hour < 24) & (minute < 60)
    local_s = np.where(good, day, 0) * DAY_S + hour * 3600 + minute * 60
    offset = _offsets(shape.layout, shape.zone, local_s, context)
    return np.where(good & (offset != NONE_NS), local_s - offset, NONE_NS)


def _days(shape: Shape, heads: list[Word], half: Places | None, context: Context) -> Nanoseconds:
    """Days since 1970 of dates; each is settled once."""
    texts = np.ascontiguousarray(np.stack(heads, axis=1)).view(np.uint8)
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


def _offsets(layout: Layout | None, named: str, local_s: Nanoseconds, context: Context) -> Nanoseconds:
    """Seconds east of UTC, NONE_NS in an hour in which they change."""
    try:
        zone = named_zone(named, 0, zone_of(layout.zone) if layout is not None and layout.zone else context.zone)
    except ValueError:
        return np.full(len(local_s), NONE_NS)
    if isinstance(zone, int):
        return np.full(len(local_s), zone)
    hours, rows = np.unique(local_s // 3600, return_inverse=True)
    return np.array([hour_offset(int(hour), zone) for hour in hours], np.int64)[rows.reshape(-1)]
