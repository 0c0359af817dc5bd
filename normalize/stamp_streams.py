"""The inner stamps of one stream, batch after batch: what was learnt of its layouts is kept from one batch to the next.

Lines are first compared with the shapes that the stream has shown. What fits none of them either proves to fit no layout at all, and is
null, or is read as `stamp_columns` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .automata import UnknownSyntaxError
from .automata_walk import Lines
from .layout import Layout
from .stamp_columns import InnerStamps, inner_stamps, unread
from .stamp_fields import Reading
from .stamp_fields_columns import Context
from .stamp_kernels import stamped_by, width_of
from .stamp_reading import Stamp, head, proven, stamp_of
from .stamp_shapes import Prover, Shape, shape_of
from .stamps import NONE_NS, Nanoseconds
from .words import Places
from .years import reference
from .zones import zone_of

FEW = 4096
CHUNK = 8192
ROUNDS = 8
TRIES = 400
SAMPLES = 3


class StampStream:
    """Reads batches of one stream's lines. The answers are those of `stamp_reading.read_stamp` for each line, however the lines are batched.

    `zone` is taken for stamps that name none; the runtime's stamp of a line, else the window, completes dates. Raises ConfigError for
    an unknown zone.
    """

    def __init__(self, *, zone: str = "UTC", since_ns: int | None = None, until_ns: int | None = None, extra: Sequence[Layout] = ()) -> None:
        self.zone, self.since_ns, self.until_ns, self.extra = zone, since_ns, until_ns, tuple(extra)
        self._context = Context(zone_of(zone), reference(None, since_ns, until_ns))
        self._table = proven(self.extra)
        self._shapes: list[Shape] = []
        self._seen = 0
        self._tries = TRIES
        self._prover: Prover | None = None

    def read(self, texts: pa.Array, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The stamps of some lines (binary or string); `runtime_ns` has NONE_NS where the runtime's stamp is unknown."""
        self._seen += len(texts)
        complete = runtime_ns is None or not (runtime_ns == NONE_NS).any()
        if self._seen >= FEW and self._prover is None:
            self._prover = prover_of(self._table)
        if self._prover is None or not complete:
            return self._slowly(texts, runtime_ns)
        lines = lines_of(texts)
        if (lines.data[lines.ends - 1] == LINE_FEED).any():
            return self._slowly(texts, runtime_ns)
        found = unread(len(texts))
        left = self._settle(self._prover, lines, Context(self._context.zone, self._context.near, runtime_ns), found)
        if len(left):
            slow = self._slowly(texts.take(pa.array(left)), None if runtime_ns is None else runtime_ns[left])
            _merge(found, left, slow)
        return found

    def _slowly(self, texts: pa.Array, runtime_ns: Nanoseconds | None) -> InnerStamps:
        return inner_stamps(texts, zone=self.zone, runtime_ns=runtime_ns, since_ns=self.since_ns, until_ns=self.until_ns, extra=self.extra)

    def _settle(self, prover: Prover, lines: Lines, context: Context, found: InnerStamps) -> Places:
        """Settle what shapes and proofs can; the rows that are left."""
        left = np.arange(len(lines.starts))
        for shape in self._shapes:
            left = apply(shape, Task(prover, lines, context, found), left)
        left = left[~bare(prover, lines, left)]
        for _ in range(ROUNDS):
            learnt = self._learn(prover, lines, left, context)
            if learnt is None:
                break
            self._shapes.append(learnt)
            left = apply(learnt, Task(prover, lines, context, found), left)
        return left

    def _learn(self, prover: Prover, lines: Lines, rows: Places, context: Context) -> Shape | None:
        """The shape of one of these rows, which no known shape fits."""
        for row in rows[:: max(1, len(rows) // SAMPLES)].tolist():
            if self._tries <= 0:
                return None
            self._tries -= 1
            record = lines.data[lines.starts[row] : lines.ends[row]].tobytes()
            if head(record) != record:
                continue
            near = context.near if context.runtime_ns is None else reference(int(context.runtime_ns[row]), None, None)
            stamp = stamp_of(record, Reading(context.zone, near), self.zone, self._table)
            place = next((i for i, layout in enumerate(self._table) if isinstance(stamp, Stamp) and layout.name == stamp.format), None)
            shape = None if place is None else shape_of(prover, place, record)
            if shape is not None:
                return shape
        return None


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
    name, width = found.index(shape.layout.name), width_of(shape)
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
