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
from .automata_walk import Lines
from .layout import Layout
from .openings import fitting
from .stamp_columns import InnerStamps, inner_stamps, unread
from .stamp_fields import Reading
from .stamp_fields_columns import Context
from .stamp_json_columns import tried
from .stamp_json_shapes import json_shape_of
from .stamp_kernels import stamped_by, width_of
from .stamp_reading import Failure, Stamp, head, proven, stamp_of
from .stamp_shapes import Prover, Shape, shape_of
from .stamps import NONE_NS, Nanoseconds
from .words import Places
from .years import reference
from .zones import zone_of

FEW = 4096
CHUNK = 16_384
ROUNDS = 8
TRIES = 400
SAMPLE, SAMPLES = 48, 3
ONE_BY_ONE = 512


class StampStream:
    """Reads batches of one stream's lines. The answers are those of `stamp_reading.read_stamp` for each line, however the lines are batched.

    `zone` is taken for stamps that name none; the runtime's stamp of a line, else the window, completes dates. Raises ConfigError for
    an unknown zone. Threads may share one.
    """

    def __init__(self, *, zone: str = "UTC", since_ns: int | None = None, until_ns: int | None = None, extra: Sequence[Layout] = ()) -> None:
        self.zone, self.since_ns, self.until_ns, self.extra = zone, since_ns, until_ns, tuple(extra)
        self._context = Context(zone_of(zone), reference(None, since_ns, until_ns))
        self._table = proven(self.extra)
        self._shapes: list[Shape] = []
        self._seen = 0
        self._tries = TRIES
        self._prover: Prover | None = None
        self._lock = Lock()

    def read(self, texts: pa.Array, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The stamps of some lines (binary or string); `runtime_ns` has NONE_NS where the runtime's stamp is unknown."""
        return self.read_lines(lines_of(texts), runtime_ns)

    def read_lines(self, lines: Lines, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The same for lines in a buffer, which is not copied."""
        count = len(lines.starts)
        self._seen += count
        if self._seen >= FEW and self._prover is None:
            self._prover = prover_of(self._table)
        complete = runtime_ns is None or not (runtime_ns == NONE_NS).any()
        if self._prover is None or not complete or not count or ((lines.data[lines.ends - 1] == LINE_FEED) & (lines.ends > lines.starts)).any():
            return self._slowly(lines, np.arange(count), runtime_ns)
        found = unread(count)
        context = Context(self._context.zone, self._context.near, runtime_ns)
        fresh = not self._shapes
        left = self._settle(self._prover, lines, context, found)
        if len(left) > ONE_BY_ONE:
            _merge(found, left, self._slowly(lines, left, runtime_ns))
            return found
        table = self._could_fit(lines, left) if fresh else self._table
        for row in left.tolist():
            stamp = self._stamp(lines, row, context, table)
            if isinstance(stamp, Stamp):
                found.at_ns[row], found.before_ns[row], found.after_ns[row] = stamp.at_ns, stamp.before_ns, stamp.after_ns
                found.layout[row] = found.index(stamp.format)
        return found

    def _slowly(self, lines: Lines, rows: Places, runtime_ns: Nanoseconds | None) -> InnerStamps:
        some = lines.only(rows)
        offsets = np.append(some.starts, some.ends[-1:] if len(rows) else 0)
        texts = pa.Array.from_buffers(pa.large_binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(some.data)])
        stamps = None if runtime_ns is None else runtime_ns[rows]
        return inner_stamps(texts, zone=self.zone, runtime_ns=stamps, since_ns=self.since_ns, until_ns=self.until_ns, extra=self.extra)

    def _settle(self, prover: Prover, lines: Lines, context: Context, found: InnerStamps) -> Places:
        """Settle what shapes and proofs can; the rows that are left."""
        left, task = np.arange(len(lines.starts)), Task(prover, lines, context, found)
        known = tuple(self._shapes)
        for shape in known:
            left = apply(shape, task, left) if len(left) else left
        left = left[~bare(prover, lines, left)]
        with self._lock if len(left) else nullcontext():
            for shape in self._shapes[len(known) :]:
                left = apply(shape, task, left)
            fresh = not self._shapes
            sample, table = left[:0], self._table
            for _ in range(ROUNDS):
                sample = sample[found.layout[sample] < 0]
                if not len(sample):
                    sample = left[:: max(1, len(left) // SAMPLE)]
                    table = self._could_fit(lines, sample) if fresh else table
                new = self._learn(task, sample, table)
                if new is None:
                    break
                self._shapes.append(new)
                left = apply(new, task, left)
        return left

    def _could_fit(self, lines: Lines, rows: Places) -> tuple[Layout, ...]:
        """The layouts that any of these lines could fit. To rule the others out takes less than to compile them, which is done once for all lines."""
        records = [head(lines.data[lines.starts[row] : lines.ends[row]].tobytes()) for row in rows.tolist()]
        return fitting(self._table, pa.array(tried(records), pa.large_binary())) if records else ()

    def _stamp(self, lines: Lines, row: int, context: Context, table: tuple[Layout, ...]) -> Stamp | Failure:
        """One line read by itself; `table` is the layouts that it could fit."""
        near = context.near if context.runtime_ns is None else reference(int(context.runtime_ns[row]), None, None)
        record = lines.data[lines.starts[row] : lines.ends[row]].tobytes()
        return stamp_of(head(record), Reading(context.zone, near), self.zone, table)

    def _learn(self, task: Task, rows: Places, table: tuple[Layout, ...]) -> Shape | None:
        """The shape of one of these rows, which no known shape settles; it settles this row at least."""
        lines, context = task.lines, task.context
        for row in rows[:: max(1, len(rows) // SAMPLES)].tolist():
            if self._tries <= 0:
                return None
            self._tries -= 1
            record = lines.data[lines.starts[row] : lines.ends[row]].tobytes()
            stamp = self._stamp(lines, row, context, table) if head(record) == record else None
            shape = learnt(task.prover, record, stamp.format) if isinstance(stamp, Stamp) else None
            if shape is not None and not len(apply(shape, task, np.array([row]))):
                return shape
        return None


def learnt(prover: Prover, record: bytes, said: str) -> Shape | None:
    """The shape of a record whose reading says by which layout it was read."""
    if said.startswith("json "):
        return json_shape_of(prover, record, said)
    place = next((i for i, layout in enumerate(prover.table) if layout.name == said), None)
    return None if place is None else shape_of(prover, place, record)


@dataclass(frozen=True)
class Task:
    """A batch of lines while it is read, and what was found so far."""

    prover: Prover
    lines: Lines
    context: Context
    found: InnerStamps


def apply(shape: Shape, task: Task, rows: Places) -> Places:
    """Set the rows that the shape settles; the others are returned."""
    found = task.found
    name, width = found.index(shape.name), width_of(shape)
    left = []
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        taken, at = stamped_by(task.prover, shape, task.lines, some, task.context)
        here: Places | slice = taken
        if len(taken) == len(some) == taken[-1] - taken[0] + 1:
            here = slice(int(taken[0]), int(taken[-1]) + 1)
        found.at_ns[here], found.after_ns[here], found.layout[here] = at, width, name
        if len(taken) < len(some):
            left.append(some[found.layout[some] < 0])
    return np.concatenate(left) if left else rows[:0]


def bare(prover: Prover, lines: Lines, rows: Places) -> npt.NDArray[np.bool_]:
    """Which rows certainly fit no layout."""
    starts = lines.starts[rows]
    none = prover.walker.walk(lines, rows, starts, np.full(len(rows), prover.start(len(prover.table)), np.int32))
    mended = np.isin(lines.data[np.minimum(starts, len(lines.data) - 1)], MENDED) & (starts < lines.ends[rows])
    return none & ~mended


MENDED = np.frombuffer(b"\xef\r\n\0", np.uint8)
LINE_FEED = 10


@lru_cache(maxsize=4)
def prover_of(table: tuple[Layout, ...]) -> Prover | None:
    """The table's prover, made once; None where a pattern of somebody's own cannot be known."""
    try:
        return Prover(table)
    except UnknownSyntaxError:
        return None


def lines_of(texts: pa.Array) -> Lines:
    """The lines of a binary or string array, nothing copied; null is empty."""
    if texts.null_count:
        texts = pc.fill_null(texts, "" if pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type) else b"")
    large = pa.types.is_large_binary(texts.type) or pa.types.is_large_string(texts.type)
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int64 if large else np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    held = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return Lines(held, bounds[:-1], bounds[1:])


def _merge(found: InnerStamps, rows: Places, part: InnerStamps) -> None:
    found.at_ns[rows], found.before_ns[rows], found.after_ns[rows] = part.at_ns, part.before_ns, part.after_ns
    places = np.array([*(found.index(name) for name in part.names), -1], np.int32)
    found.layout[rows] = places[part.layout]
