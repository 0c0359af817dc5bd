"""Batches of lines into one order of time, a piece at a time.

A batch is opened when its first instant comes up. What lies before the first instant of all that are not open yet can be told in its
order: those parts are put one after the other and sorted, which finds the runs that they are made of. Lines of one instant are never
in two pieces; they stand in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .line_texts import Copied, Standing, Texts, placed, together
from .line_waiting import Instants, Source, nanoseconds

ROWS, PIECE_BYTES = 32_768, 32 << 20
# So many runs are quickly merged by a stable sort.
FEW = 2
# Of what is open, at least such a part is opened before it is looked again whether that is enough.
AT_ONCE = 8
NO_INSTANTS = np.empty(0, np.int64)

Whole = TypeVar("Whole", bound=np.integer[Any])
Places = npt.NDArray[np.intp]


class Batches(Protocol):
    """Where batches are had from, by number."""

    def columns(self, number: int) -> Mapping[str, pa.Array | Standing]:
        """The columns of a source's batch."""

    def done(self, number: int) -> None:
        """It is not asked for again."""


@dataclass
class Open:
    """A batch with its lines in order of time; those before `place` are told. `sorted_rows`: their rows in the batch, None if they are in order."""

    number: int
    columns: Mapping[str, pa.Array | Standing]
    at: Instants
    sorted_rows: Places | None
    place: int = 0


@dataclass(slots=True)
class Part:
    """The lines [start, stop) of an open batch, by place in order of time."""

    number: int
    columns: Mapping[str, pa.Array | Standing]
    sorted_rows: Places | None
    start: int
    stop: int

    def column(self, name: str) -> pa.Array | Standing:
        """These lines' values."""
        column = self.columns[name]
        if self.sorted_rows is None:
            return column.slice(self.start, self.stop - self.start)
        return column.take(pa.array(self.sorted_rows[self.start : self.stop]))

    def of(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The part of `values`, one per row of the batch, that is these lines'."""
        return values[self.start : self.stop] if self.sorted_rows is None else values[self.sorted_rows[self.start : self.stop]]


@dataclass(frozen=True)
class Piece:
    """Lines that follow each other in time: `at` of each, and `order`, where each stands in the parts put one after the other."""

    parts: list[Part]
    at: Instants
    order: Places

    def column(self, name: str) -> pa.Array:
        """A column of WAITING for each line."""
        columns = [column.array() if isinstance(column, Standing) else column for column in (part.column(name) for part in self.parts)]
        same = _same(columns)
        return together(columns).take(pa.array(self.order)) if same is None else same.slice(0, len(self.order))

    def texts(self, kernels: Any) -> Texts:
        """The text of each line; `kernels` are those of `lines_compiled`, None without."""
        if kernels is None:
            return Copied(self.column("text"))
        return placed(kernels, [part.column("text") for part in self.parts]).some(self.order)

    def per_source(self, values: npt.NDArray[Whole]) -> npt.NDArray[Whole]:
        """`values`, one per source, for each line."""
        mine = values[[part.number for part in self.parts]]
        if len(mine) and (mine == mine[0]).all():
            return np.full(len(self.order), mine[0])
        return np.repeat(mine, [part.stop - part.start for part in self.parts])[self.order]

    def per_row(self, values: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.int32]:
        """`values`, one array per source with a value per row, for each line."""
        return np.concatenate([part.of(values[part.number]) for part in self.parts])[self.order]

    def origin(self, line: int) -> tuple[int, int]:
        """Source and row in it of a line of the piece."""
        place = int(self.order[line])
        for part in self.parts:
            if place < part.stop - part.start:
                within = part.start + place
                return part.number, within if part.sorted_rows is None else int(part.sorted_rows[within])
            place -= part.stop - part.start
        raise IndexError(line)

    def without(self, dropped: npt.NDArray[np.bool_]) -> Piece:
        """The piece without some lines."""
        return Piece(self.parts, self.at[~dropped], self.order[~dropped])


def _same(columns: Sequence[pa.Array]) -> pa.Array | None:
    """All nulls, or all false, as long as the columns together, where they are that: most lines have no stamp of their own, and are whole."""
    if all(column.null_count == len(column) for column in columns):
        return pa.nulls(sum(map(len, columns)), columns[0].type)
    if pa.types.is_boolean(columns[0].type) and not any(column.true_count or column.null_count for column in columns):
        return pa.repeat(pa.scalar(False), sum(map(len, columns)))
    return None


def merged(sources: Sequence[Source], waiting: Batches, rows: int = 0) -> Iterator[Piece]:
    """All lines of all sources in order of time; ties in the order of sources, and of lines in them.

    Pieces have about `rows` (0: ROWS) lines, fewer where these are long.
    """
    most = rows or ROWS
    coming = sorted(range(len(sources)), key=lambda number: (sources[number].first_ns, number), reverse=True)
    opened: list[Open] = []
    while coming or opened:
        fresh = count = 0
        rows = min(most, _fitting(sources[number] for number in [*(one.number for one in opened), *coming[-1:]]))
        while coming and (fresh < max(rows // 4, 1) or AT_ONCE * count < len(opened)):
            fresh, count = fresh + sources[coming[-1]].rows, count + 1
            opened.append(_opened(coming.pop(), sources, waiting))
        until_ns = sources[coming[-1]].first_ns if coming else None
        opened.sort(key=lambda one: one.number)
        ready = sum(_until(one, until_ns) - one.place for one in opened)
        if ready < rows and coming:
            continue
        yield from _pieces(opened, _ends(opened, until_ns, rows) if ready > 2 * rows else NO_INSTANTS, until_ns)
        for one in opened:
            if one.place == len(one.at):
                waiting.done(one.number)
        opened = [one for one in opened if one.place < len(one.at)]


def _fitting(sources: Iterable[Source]) -> int:
    """How many lines have PIECE_BYTES of text, where the longest are."""
    return max(min(PIECE_BYTES * source.rows // (source.size + 1) for source in sources), 1)


def _opened(number: int, sources: Sequence[Source], waiting: Batches) -> Open:
    columns = waiting.columns(number)
    at = nanoseconds(columns["at"])
    if sources[number].ordered:
        return Open(number, columns, at, None)
    order = np.argsort(at, kind="stable")
    return Open(number, columns, at[order], order)


def _until(one: Open, until_ns: int | None) -> int:
    return len(one.at) if until_ns is None else int(one.at.searchsorted(until_ns))


def _ends(opened: Sequence[Open], until_ns: int | None, rows: int) -> Instants:
    """Instants that cut what lies before `until_ns` into pieces of about `rows` lines, more only where they share an instant; by samples."""
    stride = max(rows // (4 * len(opened)), 1)
    samples = np.sort(np.concatenate([one.at[one.place : _until(one, until_ns) : stride] for one in opened]))
    each = max(rows // stride, 1)
    return np.unique(samples[each::each])


def _pieces(opened: Sequence[Open], ends: Instants, until_ns: int | None) -> Iterator[Piece]:
    """The lines before `until_ns`, cut at `ends`; they are told then."""
    stops = [[*one.at.searchsorted(ends).tolist(), _until(one, until_ns)] for one in opened]
    for i in range(len(ends) + 1):
        parts, times = [], []
        for one, mine in zip(opened, stops, strict=True):
            if mine[i] > one.place:
                parts.append(Part(one.number, one.columns, one.sorted_rows, one.place, mine[i]))
                times.append(one.at[one.place : mine[i]])
                one.place = mine[i]
        if parts:
            yield Piece(parts, *_in_order(np.concatenate(times), len(times)))


def _in_order(at: Instants, runs: int) -> tuple[Instants, Places]:
    """The instants as a stable sort gives them, and where each stood.

    Where there are several runs, numbers made of an instant and its place are sorted, which is faster.
    """
    bits = len(at).bit_length()
    first, last = int(at.min()), int(at.max())
    if runs <= FEW or (last - first).bit_length() + bits > 63:
        order = np.argsort(at, kind="stable")
        return at[order], order
    key = at - first
    key <<= bits
    key |= np.arange(len(at))
    key.sort()
    order = key & ((1 << bits) - 1)
    key >>= bits
    key += first
    return key, order
