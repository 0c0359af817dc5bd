"""Lines of one stream have the same bytes around their digits: compare words of eight bytes instead of running an automaton.

One line, read in full, gives the skeleton: which bytes are digits of numbers, which must be the same in every line. What stands before
the seconds repeats for a minute or longer, so it is settled once per run; seconds and fraction are arithmetic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .layout import DATE_PARTS, Layout
from .stamp_fields import clock_s, day_of
from .stamp_fields_columns import HALF_DAY_S, RESOLUTIONS, SECOND_NS, hour_offset
from .stamps import NONE_NS, Nanoseconds
from .years import DAY_S, Reference
from .zones import UnknownZoneError, named_zone, zone_of

if TYPE_CHECKING:
    from .stamp_columns import Rows, Stream

SHAPES = 4
LONGEST = 120
NUMERIC = ("year", "month", "day", "one", "two", "hour", "minute", "second", "fraction", "ordinal", "week", "weekday")
EVERY = 0x0101010101010101
# Bytes after the match that are looked at.
AFTER = 2
BYTES = np.arange(256)
HALF, HALF_SECOND, ZONE, POINT = (np.isin(BYTES, list(signs)) for signs in (b"AaPp", b"Mm.", b"+-" + bytes(range(65, 91)), b".,:+-"))
DIGIT = (BYTES >= 48) & (BYTES < 58)


@dataclass(frozen=True)
class Skeleton:
    """Masks over words of eight bytes: `same` must equal `bytes`, `digits` must be digits, `slow` says which minute it is.

    The first `end` bytes matter; `whole`: the record ends there.
    """

    layout: Layout
    record: bytes
    spans: dict[str, tuple[int, int]]
    words: int
    end: int
    whole: bool
    same: npt.NDArray[np.uint64]
    equal: npt.NDArray[np.uint64]
    digits: npt.NDArray[np.uint64]
    slow: npt.NDArray[np.uint64]


def by_skeleton(stream: Stream, layout: Layout, rows: Rows) -> Rows:
    """Set the rows that have the shape of one of the first lines; returns them."""
    done: list[Rows] = []
    left = rows
    for _ in range(SHAPES):
        skeleton = next((s for row in left[:3] if (s := skeleton_of(layout, stream.records[int(row)].as_py()))), None)
        if skeleton is None:
            break
        taken = _apply(stream, skeleton, left)
        if not len(taken):
            break
        done.append(taken)
        if len(taken) < len(left) // 8:
            break
        left = np.setdiff1d(left, taken, assume_unique=True)
        if not len(left):
            break
    return np.concatenate(done) if done else rows[:0]


def skeleton_of(layout: Layout, record: bytes) -> Skeleton | None:
    """The shape of a record, None where the layout does not allow it: other numbers than plain digits, no date, too long a head."""
    match = layout.expression.search(record)
    if match is None or layout.own or not _plain(layout) or match.end() > LONGEST or match.end() > len(record):
        return None
    spans = {name: match.span(name) for name in layout.groups if match.span(name)[0] >= 0 and match[name]}
    if "second" not in spans or not any(name in spans for name in DATE_PARTS) or spans["second"][1] - spans["second"][0] != 2:
        return None
    if match.start() != 0 or (match.end() < len(record) and max(last for _, last in spans.values()) == match.end()):
        return None
    return _masks(layout, record, spans, match.end())


def _plain(layout: Layout) -> bool:
    """Whether every digit of a number may be any digit, so that equal shape means equal match."""
    numbers = re.findall(r"\(\?P<(?:" + "|".join(NUMERIC) + r")>([^)]*)\)", layout.pattern)
    return all(re.fullmatch(r"(?:\[0-9\](?:\{[0-9,]+\}|\+)?\|?)+", one) for one in numbers)


def _masks(layout: Layout, record: bytes, spans: dict[str, tuple[int, int]], end: int) -> Skeleton:
    words = -(-(end + AFTER) // 8)
    same, digits, slow = (np.zeros(words * 8, np.uint8) for _ in range(3))
    same[:end] = 0xFF
    for name, (first, last) in spans.items():
        if name in NUMERIC:
            same[first:last], digits[first:last] = 0, 0xFF
        if name == "name" and last - first == 3:
            same[first:last] = 0
        if name in DATE_PARTS or name in ("hour", "minute"):
            slow[first:last] = 0xFF
    text = np.frombuffer(record[:end].ljust(words * 8, b"\0"), np.uint8)
    as_words = [part.view("<u8") for part in (same, text & same, digits, slow)]
    whole = end == len(record) and max(last for _, last in spans.values()) == end
    return Skeleton(layout, record, spans, words, end, whole, *as_words)


def _apply(stream: Stream, skeleton: Skeleton, rows: Rows) -> Rows:
    from .stamp_columns import views

    offsets, data = views(stream.records)
    size = skeleton.words * 8
    starts = offsets[rows]
    inside = starts + size <= len(data)
    rows, starts = rows[inside], starts[inside]
    if not len(rows):
        return rows
    heads = np.ndarray((len(data) - size + 1,), f"V{size}", data, 0, (1,))[starts].view("<u8").reshape(len(rows), skeleton.words)
    fits = _fits(skeleton, heads, offsets[rows + 1] - starts)
    if not skeleton.whole:
        fits &= ~_goes_on(skeleton, heads.view(np.uint8))
    rows, heads = rows[fits], np.ascontiguousarray(heads[fits])
    if not len(rows):
        return rows
    base = _bases(stream, skeleton, rows, heads)
    text = heads.view(np.uint8)
    second = _number(text, *skeleton.spans["second"])
    nanos, width = _fraction(text, skeleton)
    good = (base != NONE_NS) & (second < 60)
    at = np.where(good, base, 0) * SECOND_NS + second * SECOND_NS + nanos
    stream.found.put(rows[good], at[good], np.full(int(good.sum()), width), skeleton.layout.name)
    taken: Rows = rows[good]
    return taken


def _fits(skeleton: Skeleton, heads: npt.NDArray[np.uint64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    fits = lengths == skeleton.end if skeleton.whole else lengths >= skeleton.end
    for i in range(skeleton.words):
        word = heads[:, i]
        fits &= (word & skeleton.same[i]) == skeleton.equal[i]
        digits = skeleton.digits[i]
        if digits:
            fits &= (word & digits & np.uint64(0xF0 * EVERY)) == (digits & np.uint64(0x30 * EVERY))
            fits &= (((word & digits) + (np.uint64(0x06 * EVERY) & digits)) & np.uint64(0xF0 * EVERY)) == (digits & np.uint64(0x30 * EVERY))
    return fits


def _goes_on(skeleton: Skeleton, text: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where a fraction, AM or PM, or a zone may follow that the skeleton's line has not: a full match would take it."""
    absent = skeleton.layout.groups - skeleton.spans.keys()
    last, after, then = (text[:, skeleton.end + i] for i in (-1, 0, 1))
    found = POINT[last] & DIGIT[after] & bool(absent & {"fraction", "zone", "bias"})
    if "half" in absent:
        found |= (last == 32) & HALF[after] & HALF_SECOND[then]
    if "zone" in absent:
        found |= (last == 32) & ZONE[after]
    return found


def _bases(stream: Stream, skeleton: Skeleton, rows: Rows, heads: npt.NDArray[np.uint64]) -> Nanoseconds:
    """Seconds since 1970 of each line's minute, NONE_NS where it needs a second thought."""
    change = np.zeros(len(rows), bool)
    change[0] = True
    for i in range(skeleton.words):
        if skeleton.slow[i]:
            word = heads[:, i] & skeleton.slow[i]
            change[1:] |= word[1:] != word[:-1]
    runtime = stream.context.runtime_ns
    if runtime is not None and ("year" not in skeleton.spans or "one" in skeleton.spans):
        bucket = runtime[rows] // (SECOND_NS * HALF_DAY_S)
        change[1:] |= bucket[1:] != bucket[:-1]
    runs = np.flatnonzero(change)
    known: dict[tuple[bytes, int], int] = {}
    bases = np.empty(len(runs), np.int64)
    text = heads.view(np.uint8)
    slow = np.flatnonzero(skeleton.slow.view(np.uint8))
    for i, (key, row) in enumerate(zip(text[np.ix_(runs, slow)], rows[runs], strict=True)):
        half = -1 if runtime is None else int(runtime[row]) // (SECOND_NS * HALF_DAY_S)
        said = (key.tobytes(), half)
        if said not in known:
            known[said] = _base(stream, skeleton, text[runs[i]].tobytes(), half)
        bases[i] = known[said]
    found: Nanoseconds = bases[np.cumsum(change) - 1]
    return found


def _base(stream: Stream, skeleton: Skeleton, head: bytes, half: int) -> int:
    groups = {name: head[first:last].decode("latin-1") for name, (first, last) in skeleton.spans.items()}
    clock = clock_s({**groups, "second": "00"})
    near = stream.context.near if half < 0 else Reference(half * HALF_DAY_S, half * HALF_DAY_S)
    day = day_of(groups, near)
    if clock is None or clock >= DAY_S or day is None:
        return NONE_NS
    local_s = day * DAY_S + clock
    configured = zone_of(skeleton.layout.zone) if skeleton.layout.zone else stream.context.zone
    try:
        zone = int(groups["bias"]) * 60 if "bias" in groups else named_zone(groups.get("zone", "").strip(), local_s, configured)
    except UnknownZoneError:
        return NONE_NS
    offset = zone if isinstance(zone, int) else hour_offset(local_s // 3600, zone)
    return NONE_NS if offset == NONE_NS else local_s - offset


def _fraction(text: npt.NDArray[np.uint8], skeleton: Skeleton) -> tuple[Nanoseconds, int]:
    if "fraction" not in skeleton.spans:
        return np.zeros(len(text), np.int64), SECOND_NS
    first, last = skeleton.spans["fraction"]
    digits = min(last - first, 9)
    return _number(text, first, first + digits) * int(RESOLUTIONS[digits]), int(RESOLUTIONS[digits])


def _number(text: npt.NDArray[np.uint8], first: int, last: int) -> Nanoseconds:
    """The number that the digits in these columns write."""
    total = np.zeros(len(text), np.int64)
    for column in range(first, last):
        total *= 10
        total += text[:, column]
    found: Nanoseconds = total - 48 * sum(10**place for place in range(last - first))
    return found
