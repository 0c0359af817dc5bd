"""The inner stamps of one stream, batch after batch: what was learnt of its layouts is kept from one batch to the next.

Lines are first compared with the shapes that the stream has shown. What fits none of them either proves to fit no layout at all, and is
null, or is read as `stamp_columns` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .automata import UnknownSyntaxError
from .automata_lines import KERNELS as WALKS
from .automata_lines import Lines
from .automata_openings import Openings
from .layout import Layout
from .stamp_columns import InnerStamps, inner_stamps, unread
from .stamp_fields import Reading
from .stamp_fields_columns import Context
from .stamp_json_shapes import json_shape_of
from .stamp_kernels import stamped_by, width_of
from .stamp_openings import narrowed
from .stamp_packed import KERNELS, Packed, Task
from .stamp_reading import Failure, Stamp, head, proven, stamp_of
from .stamp_shapes import Prover, Shape, shape_of
from .stamps import NONE_NS, Nanoseconds
from .words import Places
from .years import reference
from .zones import zone_of

FEW = 4096
CHUNK = 16_384
ROUNDS = 8
TRIES = 200
SAMPLE, SAMPLES = 48, 3
ONE_BY_ONE = 512
SPARSE = 8
TALLIED, WORTH = 8, 4
PATIENCE = 256


class StampStream:
    """Reads batches of one stream's lines. The answers are those of `stamp_reading.read_stamp` for each line, however the lines are batched.

    `zone` is taken for stamps that name none; the runtime's stamp of a line, else the window, completes dates. Raises ConfigError for
    an unknown zone. Threads may share one.
    """

    def __init__(self, *, zone: str = "UTC", since_ns: int | None = None, until_ns: int | None = None, extra: Sequence[Layout] = ()) -> None:
        self.zone, self.since_ns, self.until_ns, self.extra = zone, since_ns, until_ns, tuple(extra)
        self._context = Context(zone_of(zone), reference(None, since_ns, until_ns))
        self._table = proven(self.extra)
        self._shapes: tuple[Shape, ...] = ()
        self._tallies: dict[int, Tally] = {}
        self._packed: dict[tuple[int, bool], Packed | None] = {}
        self._seen = 0
        self._tries = TRIES
        self._unknown, self._patience = 0, PATIENCE
        self._prover: Prover | None = None
        self._openings: Openings | None = None
        self._lock = Lock()

    def read(self, texts: pa.Array, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The stamps of some lines (binary or string); `runtime_ns` has NONE_NS where the runtime's stamp is unknown."""
        return self.read_lines(lines_of(texts), runtime_ns)

    def read_lines(self, lines: Lines, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The same for lines in a buffer, which is not copied."""
        count = len(lines.starts)
        self._seen += count
        if self._prover is None and (self._seen >= FEW or self._table in MADE):
            self._prover = prover_of(self._table)
        complete = runtime_ns is None or not (runtime_ns == NONE_NS).any()
        if self._prover is None or not complete or not count or lines.fed():
            return self._slowly(lines, np.arange(count), runtime_ns)
        task = Task(self._prover, lines, Context(self._context.zone, self._context.near, runtime_ns), unread(count), self._packed)
        left, tried = np.arange(count), 0
        for shape in self._shapes:
            left, tried = self._apply(shape, task, left), tried + 1
            if len(left) * SPARSE <= count:
                break
        if len(left) * SPARSE > count:
            self._finish(task, self._settle(task, left, tried))
        elif len(left):
            self._few(task, unproven(task.prover, lines, left) if KERNELS.module() else left)
        return task.found

    def _few(self, task: Task, rows: Places) -> None:
        """Read a few of the lines: some begin as others did that fit no layout; the rest is read for what it is without colours and byte order mark."""
        if not len(rows):
            return
        held = task.lines.data.data
        records = [held[start:end].tobytes() for start, end in zip(task.lines.starts[rows].tolist(), task.lines.ends[rows].tolist(), strict=True)]
        left = np.arange(len(rows)) if KERNELS.module() else self._unopened(task, records)
        if not len(left):
            return
        texts = [_plain(records[row]) for row in left.tolist()]
        rows, runtime = rows[left], task.context.runtime_ns
        context = task.context if runtime is None else Context(task.context.zone, task.context.near, runtime[rows])
        apart = Task(task.prover, lines_of(pa.array(texts, pa.binary())), context, unread(len(rows)), self._packed)
        self._finish(apart, self._settle(apart, np.arange(len(rows)), 0))
        task.found.merge(rows, apart.found)

    def _unopened(self, task: Task, records: list[bytes]) -> Places:
        """Which of the lines do not begin as others did that fit no layout."""
        lines = lines_of(pa.array(records, pa.binary()))
        if self._openings is None:
            self._openings = Openings(task.prover.walker, task.prover.start(len(task.prover.table)))
        return np.flatnonzero(~self._openings.nothing(lines, records) | _mended(lines, np.arange(len(records))))

    def _finish(self, task: Task, rows: Places) -> None:
        """Read what neither shapes nor proofs settled."""
        runtime = task.context.runtime_ns
        if len(rows) > ONE_BY_ONE:
            task.found.merge(rows, self._slowly(task.lines, rows, runtime))
            return
        found = task.found
        for row in rows.tolist():
            stamp = self._stamp(task.lines, row, task.context, task.prover)
            if isinstance(stamp, Stamp):
                found.at_ns[row], found.before_ns[row], found.after_ns[row] = stamp.at_ns, stamp.before_ns, stamp.after_ns
                found.layout[row] = found.index(stamp.format)

    def _slowly(self, lines: Lines, rows: Places, runtime_ns: Nanoseconds | None) -> InnerStamps:
        some = lines.only(rows)
        offsets = np.append(some.starts, some.ends[-1:] if len(rows) else 0)
        texts = pa.Array.from_buffers(pa.large_binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(some.data)])
        stamps = None if runtime_ns is None else runtime_ns[rows]
        return inner_stamps(texts, zone=self.zone, runtime_ns=stamps, since_ns=self.since_ns, until_ns=self.until_ns, extra=self.extra)

    def _settle(self, task: Task, left: Places, tried: int) -> Places:
        """Settle what proofs can, and shapes but for the first ones, which were `tried`; the rows that are left."""
        known = tuple(self._shapes)
        for shape in known[tried:]:
            left = self._apply(shape, task, left)
        if not len(left):
            return left
        proven = bool(known) or not len(unproven(task.prover, task.lines, some_of(left)))
        if proven:
            left = unproven(task.prover, task.lines, left)
            self._unknown += len(left)
            if known and self._unknown < self._patience:
                return left
        self._unknown, self._patience = 0, 2 * self._patience
        with self._lock if len(left) else nullcontext():
            for shape in self._shapes:
                if not any(shape is one for one in known):
                    left = apply(shape, task, left)
            left = self._learnt(task, left, proven=proven)
        return left if proven else unproven(task.prover, task.lines, left)

    def _learnt(self, task: Task, left: Places, *, proven: bool) -> Places:
        """Settle rows by shapes that a few of them show; `proven`: none of them certainly fits no layout."""
        sample = left[:0]
        for _ in range(ROUNDS):
            sample = sample[task.found.layout[sample] < 0]
            if not len(sample):
                sample = some_of(left) if proven else unproven(task.prover, task.lines, some_of(left))
            new = self._learn(task, sample)
            if new is None:
                break
            self._shapes = (*self._shapes, new)
            left = apply(new, task, left)
        return left

    def _apply(self, shape: Shape, task: Task, rows: Places) -> Places:
        """The same as `apply`; a shape that hardly ever has any lines is given up, since to read them one by one takes less."""
        if not len(rows):
            return rows
        left = apply(shape, task, rows)
        tally = self._tallies.setdefault(id(shape), Tally())
        tally.tried += 1
        tally.settled += len(rows) - len(left)
        if tally.tried >= TALLIED and tally.settled < WORTH * tally.tried:
            with self._lock:
                self._shapes = tuple(one for one in self._shapes if one is not shape)
        return left

    def _stamp(self, lines: Lines, row: int, context: Context, prover: Prover) -> Stamp | Failure:
        """One line read by itself."""
        near = context.near if context.runtime_ns is None else reference(int(context.runtime_ns[row]), None, None)
        record = lines.data[lines.starts[row] : lines.ends[row]].tobytes()
        return stamp_of(head(record), Reading(context.zone, near), self.zone, narrowed(prover))

    def _learn(self, task: Task, rows: Places) -> Shape | None:
        """The shape of one of these rows, which no known shape settles; it settles this row at least."""
        lines, context = task.lines, task.context
        for row in rows[:: max(1, len(rows) // SAMPLES)].tolist():
            if self._tries <= 0:
                return None
            self._tries -= 1
            record = lines.data[lines.starts[row] : lines.ends[row]].tobytes()
            stamp = self._stamp(lines, row, context, task.prover) if head(record) == record else None
            shape = learnt(task.prover, record, stamp.format) if isinstance(stamp, Stamp) else None
            if shape is not None and not len(apply(shape, task, np.array([row]))):
                return shape
        return None


def some_of(rows: Places) -> Places:
    """A few of the rows, from first to last."""
    return rows[:: max(1, len(rows) // SAMPLE)].copy()


def learnt(prover: Prover, record: bytes, said: str) -> Shape | None:
    """The shape of a record whose reading says by which layout it was read."""
    if said.startswith("json "):
        return json_shape_of(prover, record, said)
    place = next((i for i, layout in enumerate(prover.table) if layout.name == said), None)
    return None if place is None else shape_of(prover, place, record)


@dataclass
class Tally:
    """How often a shape was tried on some lines, and how many it settled."""

    tried: int = 0
    settled: int = 0


def apply(shape: Shape, task: Task, rows: Places) -> Places:
    """Set the rows that the shape settles; the others are returned."""
    found = task.found
    if compiled := KERNELS.module():
        packed = task.packed(shape)
        if packed is not None:
            return packed.settled(compiled, task, rows)
    name, width = found.index(shape.name), width_of(shape)
    left = []
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        whole = int(some[-1]) - int(some[0]) == len(some) - 1
        here: Places | slice = slice(int(some[0]), int(some[-1]) + 1) if whole else some
        settled, at = stamped_by(task.prover, shape, task.lines, here, task.context)
        if not settled.all():
            left.append(some[~settled])
            here, at = some[settled], at[settled]
        found.at_ns[here], found.after_ns[here], found.layout[here] = at, width, name
    return np.concatenate(left) if left else rows[:0]


def unproven(prover: Prover, lines: Lines, rows: Places) -> Places:
    """The rows that do not certainly fit no layout."""
    state = prover.start(len(prover.table))
    if compiled := WALKS.module():
        return prover.walker.tables.left(compiled, lines, rows, state, MENDED)
    none = prover.walker.walk(lines, rows, lines.starts[rows], np.full(len(rows), state, np.int32))
    return rows[~none | _mended(lines, rows)]


def _plain(record: bytes) -> bytes:
    """A record as it is read, or as it is where that would be read as something else in its turn."""
    text = head(record)
    return text if text == record or head(text) == text else record


def _mended(lines: Lines, rows: Places) -> npt.NDArray[np.bool_]:
    """Which rows begin with what is left out when they are read."""
    starts = lines.starts[rows]
    return MENDED[lines.data[np.minimum(starts, len(lines.data) - 1)]] & (starts < lines.ends[rows])


MENDED = np.isin(np.arange(256), [*b"\xef\r\n\0"])
# Tables whose prover is there already.
MADE: set[tuple[Layout, ...]] = set()


@lru_cache(maxsize=4)
def prover_of(table: tuple[Layout, ...]) -> Prover | None:
    """The table's prover, made once; None where a pattern of somebody's own cannot be known."""
    try:
        prover = Prover(table)
    except UnknownSyntaxError:
        return None
    MADE.add(table)
    return prover


def lines_of(texts: pa.Array) -> Lines:
    """The lines of a binary or string array, nothing copied; null is empty."""
    if texts.null_count:
        texts = pc.fill_null(texts, "" if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type) else b"")
    large = pa.types.is_large_binary(texts.type) or pa.types.is_large_string(texts.type)
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int64 if large else np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    held = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return Lines(held, bounds[:-1], bounds[1:])
