"""The inner stamps of a stream, columns at once; the same answers as `stamp_reading.read_stamp` gives line by line.

The layouts that the stream uses are found in a sample of its lines; each is then applied to all of them by kernels. A line counts for a
layout only if no layout further up the table fits it. What is left and fits no layout at all is null; the rest, lines of
layouts that the sample did not show and lines that need a second thought, is read one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .keyed import OPEN
from .layout import Layout
from .openings import fitting
from .stamp_fields import Reading
from .stamp_fields_columns import Booleans, Context, evaluated
from .stamp_reading import COLOUR, HEAD_BYTES, RELAYED, Stamp, head, proven, stamp_of
from .stamps import NONE_NS, Nanoseconds
from .years import reference
from .zones import zone_of

SAMPLE = 96
HOT = 4
BLOCK = 1 << 18
NAMED_GROUP = re.compile(r"\(\?P<[a-z0-9_]+>")
COLOUR_STARTS = ((ord("\\"), np.frombuffer(b"x0u", np.uint8)), (ord("#"), np.frombuffer(b"0", np.uint8)))
Rows = npt.NDArray[np.int64]


@dataclass
class InnerStamps:
    """One row per line: instants (NONE_NS: null) in `[at_ns - before_ns, at_ns + after_ns)`; `names[layout]` read it, -1 is null."""

    at_ns: Nanoseconds
    layout: npt.NDArray[np.int32]
    names: list[str]
    before_ns: Nanoseconds
    after_ns: Nanoseconds

    def index(self, name: str) -> int:
        """Where `name` stands in `names`, added if it is new."""
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def put(self, rows: Rows, at: Nanoseconds, width: Nanoseconds, name: str) -> None:
        """Set the instants of some rows, exact but for the width of their last digit."""
        if not len(rows):
            return
        self.at_ns[rows], self.after_ns[rows], self.layout[rows] = at, width, self.index(name)

    def merge(self, rows: Rows, part: InnerStamps) -> None:
        """Set some rows to what was found of them by themselves."""
        self.at_ns[rows], self.before_ns[rows], self.after_ns[rows] = part.at_ns, part.before_ns, part.after_ns
        places = np.array([*(self.index(name) for name in part.names), -1], np.int32)
        self.layout[rows] = places[part.layout]


def inner_stamps(
    texts: pa.Array,
    *,
    zone: str = "UTC",
    runtime_ns: Nanoseconds | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
    extra: Sequence[Layout] = (),
) -> InnerStamps:
    """The stamps of one stream's records (binary or string). `runtime_ns` (NONE_NS: unknown), else the window, completes dates.

    Raises ConfigError for an unknown zone.
    """
    count = len(texts)
    found = unread(count)
    window = reference(None, since_ns, until_ns)
    table = proven(tuple(extra))
    stream = Stream(heads(texts), Context(zone_of(zone), window, runtime_ns), zone, table, found)
    known = np.arange(count) if runtime_ns is None else np.flatnonzero(runtime_ns != NONE_NS)
    stream.read(known)
    if len(known) < count:
        Stream(stream.records, Context(zone_of(zone), window), zone, table, found).read(np.flatnonzero(runtime_ns == NONE_NS))
    return found


def unread(count: int) -> InnerStamps:
    """Rows that are all null."""
    return InnerStamps(np.full(count, NONE_NS), np.full(count, -1, np.int32), [], np.zeros(count, np.int64), np.zeros(count, np.int64))


def heads(texts: pa.Array) -> pa.Array:
    """Records as `stamp_reading.head` gives them, as one contiguous binary array; null is empty."""
    records = texts.cast(pa.large_binary())
    if records.null_count:
        records = pc.fill_null(records, b"")
    needs = pc.greater(pc.binary_length(records), HEAD_BYTES)
    needs = pc.or_(needs, pc.match_substring_regex(records, r"^(?:\xef\xbb\xbf|[\r\n\x00])"))
    if _coloured(records):
        needs = pc.or_(needs, pc.match_substring_regex(records, COLOUR.pattern.decode("ascii")))
    if not pc.any(needs).as_py():
        return records
    mended = [head(one) for one in records.filter(needs).to_pylist()]
    return pc.replace_with_mask(records, needs, pa.array(mended, pa.large_binary()))


def _coloured(records: pa.Array) -> bool:
    """Whether any record may carry colours: the bytes that such a sequence begins with are there at all."""
    offsets, data = views(records)
    return any(_colour_bytes(data[first : min(first + BLOCK + 1, offsets[-1])]) for first in range(int(offsets[0]), int(offsets[-1]), BLOCK))


def _colour_bytes(block: npt.NDArray[np.uint8]) -> bool:
    if (block == 0x1B).any():
        return True
    for first, second in COLOUR_STARTS:
        at = np.flatnonzero(block[:-1] == first)
        if len(at) and np.isin(block[at + 1], second).any():
            return True
    return False


def views(records: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Offsets and bytes of a large binary array, nothing copied."""
    _, offsets, data = records.buffers()
    bounds = np.frombuffer(offsets, np.int64)[records.offset : records.offset + len(records) + 1] if offsets else np.zeros(1, np.int64)
    return bounds, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)


@dataclass
class Stream:
    """One stream while it is read: its records, what completes dates, the table, and what was found so far."""

    records: pa.Array
    context: Context
    zone: str
    table: tuple[Layout, ...]
    found: InnerStamps

    def read(self, rows: Rows) -> None:
        """Fill `found` for these rows; `context.runtime_ns`, where there is one, covers all rows."""
        if not len(rows):
            return
        from .stamp_json_columns import read_json

        chosen = self.of(rows)
        keyed = mask(pc.match_substring_regex(chosen, f"{OPEN}|{RELAYED}"))
        left = [read_json(self, rows[keyed])] if keyed.any() else []
        left.append(self.layouts_of(rows[~keyed]))
        for row in np.concatenate(left):
            self.put_one(int(row), stamp_of(self.records[int(row)].as_py(), self.reading(int(row)), self.zone, self.table))

    def layouts_of(self, rows: Rows) -> Rows:
        """Apply the layouts that the stream shows; the rows that are left for a reading one by one."""
        if not len(rows):
            return rows
        chosen = self.of(rows)
        keyed = mask(pc.match_substring_regex(chosen, f"{OPEN}|{RELAYED}")).any()
        table = self.table if keyed else fitting(self.table, chosen)
        for place in self.hot(rows, table):
            rows = self.apply(place, rows, table)
            if not len(rows):
                return rows
        return rows[mask(pc.match_substring_regex(self.of(rows), union(table, len(table))))] if table else rows[:0]

    def of(self, rows: Rows) -> pa.Array:
        """The records of some rows."""
        return self.records if len(rows) == len(self.records) else self.records.take(pa.array(rows))

    def of_values(self, values: pa.Array, rows: Rows) -> InnerStamps:
        """The stamps of texts cut out of these rows; those that need a second thought are null."""
        count = len(values)
        found = unread(count)
        inner = Stream(pa.concat_arrays([values.cast(pa.large_binary())]), self.context.take(rows), self.zone, self.table, found)
        inner.layouts_of(np.arange(count))
        return found

    def hot(self, rows: Rows, table: tuple[Layout, ...]) -> list[int]:
        """The layouts of a sample, by their place in `table`, the most frequent first."""
        sample = rows[np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64))] if len(rows) else rows
        seen: Counter[str] = Counter()
        for row in sample:
            stamp = stamp_of(self.records[int(row)].as_py(), self.reading(int(row)), self.zone, table)
            if isinstance(stamp, Stamp):
                seen[stamp.format] += 1
        places = {layout.name: place for place, layout in enumerate(table)}
        return [places[name] for name, _ in seen.most_common(HOT) if name in places]

    def apply(self, place: int, rows: Rows, table: tuple[Layout, ...]) -> Rows:
        """Set the rows that the layout at `place` of `table`, and none before it, fits; the others are returned."""
        from .stamp_skeletons import by_skeleton

        layout = table[place]
        open_rows = self._free(place, rows, table)
        done = by_skeleton(self, layout, open_rows)
        rest = np.setdiff1d(open_rows, done, assume_unique=True) if len(done) else open_rows
        if len(rest):
            parts = pc.extract_regex(self.of(rest), layout.pattern)
            fits = mask(pc.is_valid(parts))
            chosen = rest[fits]
            fields = {name: parts.field(i).filter(pa.array(fits)) for i, name in enumerate(parts.type.names)}
            try:
                at, width = evaluated(fields, self.context.take(chosen), zone_of(layout.zone) if layout.zone else None)
            except ValueError:  # a layout of somebody's own that takes more than digits for a number
                return rows
            good = at != NONE_NS
            self.found.put(chosen[good], at[good], width[good], layout.name)
        return rows[self.found.layout[rows] < 0]

    def _free(self, place: int, rows: Rows, table: tuple[Layout, ...]) -> Rows:
        if place == 0:
            return rows
        blocked = mask(pc.match_substring_regex(self.of(rows), union(table, place)))
        return rows[~blocked]

    def reading(self, row: int) -> Reading:
        """The one-by-one reading of a row."""
        if self.context.runtime_ns is None:
            return Reading(self.context.zone, self.context.near)
        return Reading(self.context.zone, reference(int(self.context.runtime_ns[row]), None, None))

    def put_one(self, row: int, stamp: object) -> None:
        """Set one row to what its own reading gave."""
        if isinstance(stamp, Stamp):
            self.found.at_ns[row], self.found.before_ns[row], self.found.after_ns[row] = stamp.at_ns, stamp.before_ns, stamp.after_ns
            self.found.layout[row] = self.found.index(stamp.format)


@lru_cache(maxsize=256)
def union(table: tuple[Layout, ...], end: int) -> str:
    """One pattern for all layouts before `end`, without groups: an automaton rejects a line for all of them in one pass."""
    return "|".join(f"(?:{NAMED_GROUP.sub('(?:', layout.pattern)})" for layout in table[:end])


def mask(values: pa.Array) -> Booleans:
    """An Arrow array of booleans without nulls."""
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)
