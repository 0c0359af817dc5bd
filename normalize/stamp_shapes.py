"""The shape of a stream's lines: which bytes are digits of the stamp, which are the same in every line, and what may vary around them.

A shape is made of one line that was read in full, and proven by automata: every line of this shape is read by the same layout at the same
place, and no layout further up the table fits it, whatever digits it has. What follows the shape is looked at as far as it matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .automata import DIGITS, END_OF_LINE, LOWER, UPPER, Program
from .automata_lines import COLOUR_BYTES
from .automata_tables import DEAD, TAKEN
from .automata_walk import Walker
from .keyed import OPEN
from .layout import DATE_PARTS, Layout
from .signatures import Signatures
from .stamp_reading import RELAYED
from .zones import ABBREVIATIONS

NUMERIC = ("year", "month", "day", "one", "two", "hour", "minute", "second", "fraction", "ordinal", "week", "weekday", "epoch")
LONGEST, LONGEST_SIDE = 120, 64
FRONT, SIDE_WORDS = 6, 4
ANCHOR = ord("[")
# What makes a byte reach 128 that is not the same, no digit, no digit up to 5.
SAME, DIGIT, UP_TO_5 = 0x7F, 0x76, 0x7A
# What begins as JSON and goes on beyond `keyed.BARELY_BEGUN`, so that its keys may hold a time.
BEGUN = OPEN + r'[ \t\r\n]*(?:[^" \t\r\n]|"[^"\\]*(?:\\|"[ \t\r\n]*(?:[^: \t\r\n]|:[ \t\r\n]*(?:[^" \t\r\n]|"[^"\\]*["\\]))))'
MENDED = (b"\xef", b"\r", b"\n", b"\0")
Spans = Mapping[str, tuple[int, int]]
Mask = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Masks:
    """Masks over words. Bytes under `keep`, less those of `exact`, must stay below 128 when `add` is added: a byte that is what it must be,
    a digit, a digit up to 5. `date` and `slow` say which date and which minute it is.
    """

    keep: Mask
    exact: Mask
    add: Mask
    date: Mask
    slow: Mask

    @cached_property
    def tests(self) -> tuple[tuple[np.uint64, np.uint64, np.uint64], ...]:
        """`keep`, `exact` and `add` of each word."""
        return tuple(zip(self.keep, self.exact, self.add, strict=True))


@dataclass(frozen=True)
class Shape:
    """What the lines' core looks like, which begins at the line's start or after the first `anchor` byte.

    `spans` are the groups', `end` the core's end; `whole`: the line ends there. `begin`, if not 0, is the set of the first byte, which the
    masks leave out. `sides` judges what stands before the core or, where `stop` ends it, after the core. `tail` is the state that an automaton
    of all that could interfere is in after the shape, where there are no `sides`. A line of JSON with one of the keys `rest`, however it is
    spelled, is left out. `layout` is None for a count.
    """

    layout: Layout | None
    name: str
    place: int
    anchor: int
    stop: int
    spans: Spans
    zone: str
    end: int
    whole: bool
    masks: Masks
    begin: int
    sides: Signatures | None
    tail: int
    rest: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words the core has."""
        return len(self.masks.keep)


@dataclass(frozen=True)
class Seen:
    """A record that a layout reads, where its match ends and where its groups stand."""

    record: bytes
    end: int
    spans: Spans

    @property
    def first(self) -> int:
        """Where the first group begins."""
        return min(s for s, _ in self.spans.values())

    @property
    def last(self) -> int:
        """Where the last group ends."""
        return max(e for _, e in self.spans.values())

    @property
    def front(self) -> list[int]:
        """The digits before the first group, whose values do not matter."""
        return [i for i in range(self.first) if DIGITS >> self.record[i] & 1]


class Prover:
    """The table's patterns as one program, and what follows from it for shapes. Raises UnknownSyntaxError for a pattern that it cannot know."""

    def __init__(self, table: tuple[Layout, ...]) -> None:
        self.table = table
        self.program = Program()
        self.walker = Walker(self.program)
        self._json = [self.program.add(BEGUN, loose=True), self.program.add(RELAYED, loose=True)]
        self._loose, self.ends = list[int](), list[int]()
        for layout in table:
            self._loose.append(self.program.add(layout.pattern, loose=True))
            self.ends.append(len(self.program.bits))
        self._exact: dict[int, int] = {}
        self._starts: dict[int, int] = {}

    def start(self, place: int) -> int:
        """The state before any byte, of what comes before the layout at `place`: JSON and the layouts further up the table."""
        if place not in self._starts:
            entries = [*self._json, *self._loose[:place]]
            self._starts[place] = self.walker.state(pc for entry in entries for pc in self.program.closure(entry))
        return self._starts[place]

    def tail(self, place: int, symbols: list[tuple[int, int]]) -> int:
        """The state after these sets of symbols (for the layout itself, for the others), from which on nothing may match for the layout at
        `place` to be the one that fits, and to fit just so far. TAKEN where that is not so for each and every such line.
        """
        state = self.start(place)
        for _, bits in symbols:
            state = self.walker.step(state, bits)
        own = self._own(place, [bits for bits, _ in symbols])
        if state == TAKEN or own is None:
            return TAKEN
        return self.walker.state([*self.walker.sets[state], *own])

    def first_bytes(self, place: int, byte: int) -> int:
        """The capitals that a line may begin with as well as with this one, for all that the layout makes of them."""
        found = {self.program.bits[pc] for pc in self.program.closure(self._entry(place)) if self.program.bits[pc] >> byte & 1}
        return found.pop() if len(found) == 1 and not max(found) & ~UPPER else 1 << byte

    def _entry(self, place: int) -> int:
        if place not in self._exact:
            self._exact[place] = self.program.add(self.table[place].pattern)
        return self._exact[place]

    def _own(self, place: int, symbols: list[int]) -> tuple[int, ...] | None:
        """The layout's own ways to go on that it prefers to a match right after `symbols`; None where they do not settle it."""
        program = self.program
        ways: tuple[int, ...] = program.closure(self._entry(place))
        accepted = -1
        for i, bits in enumerate(symbols):
            if 0 in ways:
                accepted, ways = i, ways[: ways.index(0)]
            after: dict[int, None] = {}
            for pc in ways:
                common = program.bits[pc] & bits
                if common and common != bits:
                    return None
                if common:
                    after.update(dict.fromkeys(program.closure(program.then[pc][0])))
            ways = tuple(after)
        if 0 in ways:
            accepted, ways = len(symbols), ways[: ways.index(0)]
        return ways if accepted == len(symbols) else None


def seen(layout: Layout, record: bytes) -> Seen | None:
    """A record as the layout reads it; None where it does not, or where colours are near."""
    match = layout.expression.search(record)
    if match is None or record[:1] in MENDED or any(b in record[: match.end()] for b in COLOUR_BYTES):
        return None
    return Seen(record, match.end(), {name: match.span(name) for name in layout.groups if match[name]})


def shape_of(prover: Prover, place: int, record: bytes) -> Shape | None:
    """The shape of a record that the layout at `place` reads; None where it has none that could be proven."""
    layout = prover.table[place]
    one = seen(layout, record)
    if one is None or not is_plain(layout) or one.end > LONGEST or not one.spans.keys() & set(DATE_PARTS):
        return None
    zone = record[slice(*one.spans.get("zone", (0, 0)))].decode("latin-1").strip()
    if not {"hour", "minute", "second"} <= one.spans.keys() or one.spans.keys() & {"half", "bias"} or ABBREVIATIONS.get(zone) == ():
        return None
    anchor = ANCHOR if one.first > FRONT and record.find(ANCHOR) == one.first - 1 else -1
    stop = record[one.end - 1] if one.end > one.last + FRONT and anchor < 0 else -1
    if one.first > LONGEST_SIDE or one.end - one.last > LONGEST_SIDE or (stop >= 0 and record.index(stop, one.last) != one.end - 1):
        return None
    if anchor < 0 and stop < 0:
        return _plain_shape(prover, place, one, zone)
    origin, end = (one.first, one.end) if anchor >= 0 else (0, one.last)
    side = one.first if anchor >= 0 else one.end - one.last
    spans = {name: (s - origin, e - origin) for name, (s, e) in one.spans.items()}
    masks, begin = masks_of(record[origin:end], spans, [] if anchor >= 0 else one.front), 0
    if stop >= 0 and one.first > 0 and UPPER >> record[0] & 1:
        begin = prover.first_bytes(place, record[0])
        masks = free_first(masks)
    return Shape(layout, layout.name, place, anchor, stop, spans, zone, end - origin, False, masks, begin, Signatures(max(SIDE_WORDS, side // 8 + 1)), DEAD)


def _plain_shape(prover: Prover, place: int, one: Seen, zone: str) -> Shape | None:
    """A shape without sides, proven at once."""
    whole = False
    tail = prover.tail(place, symbols(one, one.front))
    if tail == TAKEN and one.end == len(one.record):
        tail, whole = prover.tail(place, [*symbols(one, one.front), (1 << END_OF_LINE, 1 << END_OF_LINE)]), True
    masks = masks_of(one.record[: one.end], one.spans, one.front)
    return None if tail == TAKEN else Shape(prover.table[place], prover.table[place].name, place, -1, -1, one.spans, zone, one.end, whole, masks, 0, None, tail)


def is_plain(layout: Layout) -> bool:
    """Whether every digit of a number may be any digit, so that equal shape means equal match."""
    numbers = re.findall(r"\(\?P<(?:" + "|".join(NUMERIC) + r")>([^)]*)\)", layout.pattern)
    return all(re.fullmatch(r"(?:\[0-9\](?:\{[0-9,]+\}|\+)?\|?)+", one) for one in numbers)


def masks_of(core: bytes, spans: Spans, front: list[int]) -> Masks:
    """The masks of a core, in which the digits of numbers, and those at the places `front`, may be any."""
    words = -(-len(core) // 8)
    keep, exact, add, date, slow = (np.zeros(words * 8, np.uint8) for _ in range(5))
    text = np.frombuffer(core, np.uint8)
    keep[: len(core)], exact[: len(core)], add[: len(core)] = 0xFF, text, SAME
    exact[front], add[front] = ord("0"), DIGIT
    for name, (s, e) in spans.items():
        if name in NUMERIC:
            exact[s:e], add[s:e] = ord("0"), DIGIT
        if name == "second" and e - s == 2:
            add[s] = UP_TO_5
        if name == "name" and e - s == 3:
            keep[s:e] = exact[s:e] = add[s:e] = 0
        if name in DATE_PARTS:
            date[s:e] = 0xFF
        if name in DATE_PARTS or name in ("hour", "minute"):
            slow[s:e] = 0xFF
    return Masks(*(part.view(np.uint64) for part in (keep, exact, add, date, slow)))


def free_first(masks: Masks) -> Masks:
    """The masks without the first byte."""
    rest = np.full(len(masks.keep), np.uint64(0xFFFFFFFFFFFFFFFF))
    rest[0] = np.uint64(0xFFFFFFFFFFFFFF00)
    return replace(masks, keep=masks.keep & rest, exact=masks.exact & rest, add=masks.add & rest)


def symbols(one: Seen, free: Iterable[int]) -> list[tuple[int, int]]:
    """What may stand at each byte of a shape, for the layout itself and for all others; at the places `free`, any digit or letter of its kind.

    A month's short name is what it is for the layout itself: all of them are read alike, and a wrong one gives no date.
    """
    found = [(1 << byte, 1 << byte) for byte in one.record[: one.end]]
    for i in free:
        bits = next((kind for kind in (DIGITS, LOWER, UPPER) if kind >> one.record[i] & 1), 1 << one.record[i])
        found[i] = bits, bits
    for name, (s, e) in one.spans.items():
        for i in range(s, e):
            if name in NUMERIC:
                found[i] = DIGITS, DIGITS
            elif name == "name" and e - s == 3:
                found[i] = 1 << one.record[i], LOWER | UPPER
    return found


def side_state(prover: Prover, shape: Shape, record: bytes) -> int:
    """The state after a record of the shape, and of any with the same signature beside the core; -1 where nothing follows from it."""
    one = seen(prover.table[shape.place], record)
    if one is None:
        return -1
    origin = record.find(shape.anchor) + 1 if shape.anchor >= 0 else 0
    if {name: (s - origin, e - origin) for name, (s, e) in one.spans.items()} != shape.spans:
        return -1
    if shape.anchor >= 0:
        free, fits = list(range(origin - 1)), one.end - origin == shape.end
    else:
        free, fits = [*one.front, *range(one.last, one.end - 1)], record.find(shape.stop, one.last) == one.end - 1
    seen_as = symbols(one, free)
    if shape.begin:
        seen_as[0] = shape.begin, shape.begin
    state = prover.tail(shape.place, seen_as) if fits else TAKEN
    return -1 if state == TAKEN else state
