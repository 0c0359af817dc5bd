"""Shapes as compiled kernels take them, and rows brought through them: what a kernel does not know yet is asked of the kernels on numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from types import ModuleType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ..collectors.compiled import Compiled
from .automata_lines import MEMBER, REACH, Lines, kinds
from .automata_tables import SYMBOLS
from .epochs import LAST_NS
from .signatures import MOST
from .stamp_columns import InnerStamps
from .stamp_fields_columns import HALF_DAY_S, RESOLUTIONS, SECOND_NS, Context
from .stamp_json_keys import packed_keys, with_key
from .stamp_kernels import days_of, offsets_of, stamped_by, unit_floor, unit_of, width_of, zone_of_shape
from .stamp_shapes import Prover, Shape
from .stamps import NONE_NS
from .words import Places, number
from .years import DAY_S

KERNELS = Compiled(__package__, "stamp_compiled")
ROUNDS, MOST_DATES = 64, 256
SLOTS, SLOT_BITS, SPREAD, FULL_WORD = 1024, 10, 0x9E3779B97F4A7C15, (1 << 64) - 1
NO_WORDS, NO_LONGS = np.zeros(1, np.uint64), np.zeros(0, np.int64)
NO_SIDES = (NO_WORDS, np.zeros(1, np.int32), NO_WORDS, np.zeros(1, np.int16))


class Said(NamedTuple):
    """What a shape says: counts of words and digits, places in the core; `last` is the first count that is too large.

    `anchor` and `stop` are below 0 where there is none, `keyed_from` where no keys matter; `hour_digits` are 0 where dates know their hour.
    """

    anchor: int
    stop: int
    end: int
    whole: int
    words: int
    begins: int
    halves: int
    hour: int
    hour_digits: int
    minute: int
    minute_digits: int
    second: int
    second_digits: int
    fraction: int
    fraction_digits: int
    scale: int
    epoch: int
    epoch_digits: int
    unit: int
    floor: int
    last: int
    width: int
    name: int
    side_words: int
    side_bits: int
    letters: int
    full: int
    tail: int
    keyed_from: int


class Dates:
    """When dates begin, by the words that show them and half days of the runtime; in slots, which kernels look up while some are added."""

    def __init__(self, words: int) -> None:
        self.words = words
        self._lock = Lock()
        self._empty()

    def add(self, key: list[int], at_ns: int) -> None:
        """Keep when a date begins; that it is there is written last."""
        mixed = key[-1] * SPREAD & FULL_WORD
        for word in key[:-1]:
            mixed = (mixed ^ word) * SPREAD & FULL_WORD
        slot = mixed >> 64 - SLOT_BITS
        with self._lock:
            if self._count >= SLOTS // 2:
                self._empty()
            taken, keys, begins = self.held
            while taken[slot]:
                slot = (slot + 1) % SLOTS
            keys[slot * len(key) : (slot + 1) * len(key)] = key
            begins[slot] = at_ns
            taken[slot] = True
            self._count += 1

    def _empty(self) -> None:
        self._count = 0
        self.held = np.zeros(SLOTS, bool), np.zeros(SLOTS * (self.words + 1), np.uint64), np.zeros(SLOTS, np.int64)


@dataclass
class Asked:
    """Rows that a kernel left, and those that it asks about, in which state of the automaton and at which byte."""

    left: Places
    rows: Places
    states: Places
    places: Places


@dataclass(frozen=True)
class Task:
    """A batch of lines while it is read, and what was found so far; `shapes` as compiled kernels take them."""

    prover: Prover
    lines: Lines
    context: Context
    found: InnerStamps
    shapes: dict[tuple[int, bool], Packed | None] = field(default_factory=dict)

    def packed(self, shape: Shape) -> Packed | None:
        """A shape as compiled kernels take it, made once."""
        key = id(shape), self.context.runtime_ns is None
        known = self.shapes.get(key)
        if known is None or known.shape is not shape:
            known = self.shapes[key] = packed(shape, self.context)
        return known


@dataclass(frozen=True)
class Packed:
    """A shape with what kernels know of it."""

    shape: Shape
    zone: ZoneInfo | int
    said: Said
    masks: npt.NDArray[np.uint64]
    first: npt.NDArray[np.bool_]
    keys: tuple[Any, ...]
    dates: Dates = field(compare=False)

    def settled(self, compiled: ModuleType, task: Task, rows: Places) -> Places:
        """Set the rows that the shape settles, as `stamped_by` would; the others are returned."""
        left = []
        for _ in range(ROUNDS):
            asked = self._run(compiled, task, rows)
            left.append(asked.left)
            if not len(asked.rows):
                break
            new = asked.states < 0
            if new.any():
                left.append(self._by_numpy(task, asked.rows[new]))
            rows = asked.rows[~new]
            if not len(rows):
                break
            task.prover.walker.tables.learn(task.lines.data, asked.states[~new], asked.places[~new], task.lines.ends[rows])
        else:
            left.append(rows)
        return left[0] if len(left) == 1 else np.sort(np.concatenate(left))

    def _run(self, compiled: ModuleType, task: Task, rows: Places) -> Asked:
        """One pass over rows. Dates that are new are settled where they come, unless there are too many."""
        count, lines, found, runtime = len(rows), task.lines, task.found, task.context.runtime_ns
        said, sides = self._judging(found.index(self.shape.name))
        asked = Asked(*(np.empty(count, np.int64) for _ in range(4)))
        held, side = np.zeros(self.shape.words, np.uint64), np.zeros(max(said.side_words, 1), np.uint64)
        about = (self.masks, held, side, said, self.first, sides, task.prover.walker.tables.snapshot(), self.keys)
        counts, stops = np.zeros(2, np.int64), 0
        out = (found.at_ns, found.after_ns, found.layout, asked.left, asked.rows, asked.states, asked.places, counts)
        runtime = NO_LONGS if runtime is None else np.ascontiguousarray(runtime, np.int64)
        rest: list[Places] = []
        for data, shift, first, last in lines.parts(rows):
            at = first
            while at < last:
                at = compiled.stamped(data, shift, rows, at, last, lines.starts, lines.ends, runtime, *about, self.dates.held, out)
                if at < last and stops == MOST_DATES:
                    rest.append(self._by_numpy(task, rows[at:last]))
                    break
                if at < last:
                    stops += 1
                    self._date(task, int(rows[at]))
        left = asked.left[: counts[0]]
        more = slice(0, counts[1])
        return Asked(np.sort(np.concatenate([left, *rest])) if rest else left, asked.rows[more], asked.states[more], asked.places[more])

    def _judging(self, name: int) -> tuple[Said, tuple[Any, ...]]:
        sides = self.shape.sides
        if sides is None:
            return self.said._replace(name=name), NO_SIDES
        known = sides.known
        said = self.said._replace(name=name, side_bits=known.bits, letters=int(known.letters), full=int(not known.letters and len(known.verdicts) >= MOST))
        return said, (known.keys.reshape(-1), known.verdicts, known.factors, known.table)

    def _by_numpy(self, task: Task, rows: Places) -> Places:
        found = task.found
        settled, at = stamped_by(task.prover, self.shape, task.lines, rows, task.context)
        here = rows[settled]
        found.at_ns[here], found.after_ns[here], found.layout[here] = at[settled], self.said.width, found.index(self.shape.name)
        return rows[~settled]

    def _date(self, task: Task, row: int) -> None:
        """Have the date of a row known, which fits but for that."""
        shape, start, context = self.shape, task.lines.starts[row], task.context
        record = task.lines.data[start : start + REACH].tobytes()
        core = record[record.find(shape.anchor) + 1 :] if shape.anchor >= 0 else record
        words = np.frombuffer(core[: 8 * shape.words].ljust(8 * shape.words, b"\0"), np.uint64)
        half = -1 if context.runtime_ns is None or not self.said.halves else int(context.runtime_ns[row]) // (SECOND_NS * HALF_DAY_S)
        self.dates.add([*(words & self.masks[3::5]).tolist(), half & FULL_WORD], self._begins(words[:, None], half, context))

    def _begins(self, words: npt.NDArray[np.uint64], half: int, context: Context) -> int:
        day = int(days_of(self.shape, words, np.array([half]) if self.said.halves else None, context)[0])
        if day == NONE_NS:
            return NONE_NS
        if isinstance(self.zone, int):
            return (day * DAY_S - self.zone) * SECOND_NS
        hour = int(number(words, *self.shape.spans["hour"])[0])
        local_s = day * DAY_S + hour * 3600
        offset = int(offsets_of(self.zone, np.array([local_s]))[0])
        return NONE_NS if hour > 23 or offset == NONE_NS else (local_s - offset) * SECOND_NS


def packed(shape: Shape, context: Context) -> Packed | None:
    """A shape as kernels take it, for streams with this zone and with runtime's stamps, or without; None for one that they cannot."""
    zone = 0 if "epoch" in shape.spans else zone_of_shape(shape, context)
    if zone is None:
        return None
    date, slow = shape.masks.date.copy(), shape.masks.slow
    if not isinstance(zone, int):
        date.view(np.uint8)[slice(*shape.spans["hour"])] = 0xFF
    first = kinds(shape.begin) == MEMBER if shape.begin else np.ones(256, bool)
    masks = np.stack([shape.masks.keep, shape.masks.exact, shape.masks.add, date, slow], axis=1).reshape(-1)
    keys = packed_keys(shape.rest or ("ts",))
    return Packed(shape, zone, _said(shape, zone, context), masks, first, keys, Dates(shape.words))


def _said(shape: Shape, zone: ZoneInfo | int, context: Context) -> Said:
    spans = {name: (first, last - first) for name, (first, last) in shape.spans.items()}
    none = (0, 0)
    epoch, fraction = spans.get("epoch", none), spans.get("fraction", none)
    unit = unit_of(shape) if epoch[1] else 1
    floor = unit_floor(unit) if epoch[1] else 0
    digits = fraction[1] if epoch[1] else min(fraction[1], 9)
    return Said(
        shape.anchor, shape.stop, shape.end, int(shape.whole), shape.words, int(shape.begin > 0),
        int(context.runtime_ns is not None and ("year" not in spans or "one" in spans)),
        *(spans.get("hour", none) if isinstance(zone, int) else none), *spans.get("minute", none), *spans.get("second", none),
        fraction[0], digits, int(RESOLUTIONS[digits]),
        *epoch, unit, floor, min(100 * floor, LAST_NS // unit), width_of(shape),
        0, 0 if shape.sides is None else shape.sides.words, 0, 0, 0, 0 if shape.sides is not None else shape.tail * SYMBOLS, _keyed_from(shape),
    )  # fmt: skip


def _keyed_from(shape: Shape) -> int:
    """From where on keys matter: those that the core may have are looked for in every line."""
    if not shape.rest:
        return -1
    core = shape.masks.exact.view(np.uint8)[: shape.end]
    return 0 if with_key(Lines(np.append(core, np.uint8(0)), np.array([0]), np.array([len(core)])), shape.rest).any() else shape.end
