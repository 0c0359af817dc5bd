"""Batches of lines that are held until they are merged: in memory, as places of their texts, or in files, so that memory stays bounded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..normalize.tables import INSTANT, LINES
from .line_texts import Standing, bounds_of
from .spilled import Spilled, mapped

# What differs from line to line; the rest is said once per batch.
WAITING = pa.schema([LINES.field(name) for name in ("at", "text", "truncated", "app_at")])
# The same of texts that stand in a file: where each begins after the batch's first, and its bytes.
PLACED = pa.schema([*(LINES.field(name) for name in ("at", "truncated", "app_at")), ("begin", pa.int32()), ("size", pa.int32())])
# So much is held in memory: to write it and to give it back takes a tenth of the time of a whole build.
HELD_BYTES = 192 << 20
# Where there is more, such a part of it stays in memory.
KEPT = 2 / 3
MOST_BYTES = (1 << 31) - 1

Columns = dict[str, pa.Array | Standing]


@dataclass(frozen=True)
class Places:
    """Where in a file that is not packed the texts of a batch begin, in bytes and in the file's order."""

    path: Path
    begins: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Whole:
    """A batch of WAITING, and where its texts stand, if they do."""

    batch: pa.RecordBatch
    places: Places | None

    def placed(self) -> Placed | Whole:
        """The batch without its texts where they stand somewhere."""
        if self.places is None or not self.batch.num_rows:
            return self
        begins, sizes = self.places.begins, np.diff(bounds_of(self.batch.column("text")))
        start = int(begins[0])
        if int(begins[-1]) - start > MOST_BYTES:
            return self
        app_at = self.batch.column("app_at")
        said = pa.nulls(len(app_at)) if app_at.null_count == len(app_at) else app_at
        columns = [self.batch.column("at"), self.batch.column("truncated"), said, pa.array((begins - start).astype(np.int32)), pa.array(sizes.astype(np.int32))]
        return Placed(pa.RecordBatch.from_arrays(columns, PLACED.names), self.places.path, start)


@dataclass(frozen=True)
class Placed:
    """A batch of PLACED whose texts stand in the file `path` from `start` on; an `app_at` that is null everywhere has no bytes."""

    batch: pa.RecordBatch
    path: Path
    start: int

    def full(self) -> pa.RecordBatch:
        """The batch with all columns of PLACED."""
        return pa.RecordBatch.from_arrays([column.cast(field.type) for column, field in zip(self.batch.columns, PLACED, strict=True)], schema=PLACED)


@dataclass(frozen=True)
class Written:
    """A batch that stands in a file of batches, by its number there; `path` and `start` are those of a Placed one, None and 0 of a Whole one."""

    file: Spilled
    number: int
    path: Path | None
    start: int


class HeldLines:
    """Takes batches one after the other, and gives each back once, in any order.

    Where they are more than HELD_BYTES, of texts that stand in a file only the places are kept; where these are too, what comes after goes to files
    beside `path`, of which `end` is told before anything is had back.
    """

    def __init__(self, path: Path) -> None:
        self._batches: list[Whole | Placed | Written | None] = []
        self._size = 0
        self._crowded = self._full = False
        self._whole, self._placed = Spilled(path, WAITING), Spilled(path.with_name(f"{path.name}.places"), PLACED)
        self._maps: dict[Path, pa.Buffer] = {}

    def put(self, batch: pa.RecordBatch, places: Places | None = None) -> None:
        """Add a batch of WAITING; `places` say where its texts stand as they are. Raises OSError where a file cannot be written."""
        whole = Whole(batch, places)
        one = whole.placed() if self._crowded else whole
        self._batches.append(self._written(one) if self._full else one)
        self._size += 0 if self._full else one.batch.nbytes
        if self._size <= HELD_BYTES or self._full:
            return
        if not self._crowded:
            self._crowded = True
            self._batches = [each.placed() if isinstance(each, Whole) else each for each in self._batches]
        sizes = np.cumsum([each.batch.nbytes for each in self._batches if isinstance(each, (Whole, Placed))])
        self._size = int(sizes[-1])
        if self._size > HELD_BYTES:
            self._full = True
            kept = int(np.searchsorted(sizes, HELD_BYTES * KEPT, "right"))
            self._batches[kept:] = [self._written(each) for each in self._batches[kept:] if isinstance(each, (Whole, Placed))]

    def end(self) -> None:
        """No more batches: what follows is reading."""
        self._whole.end()
        self._placed.end()

    def columns(self, number: int) -> Columns:
        """The columns of WAITING of the batch that came as the `number`th, from 0.

        Raises OSError where the file that its texts stand in is gone, or ends before they do.
        """
        one = self._batches[number]
        if one is None:
            raise LookupError(f"batch {number} was given up")
        if isinstance(one, Written):
            batch = one.file.batch(one.number)
            one = Placed(batch, one.path, one.start) if one.path else Whole(batch, None)
        if isinstance(one, Whole):
            return dict(zip(WAITING.names, one.batch.columns, strict=True))
        if one.path not in self._maps:
            self._maps[one.path] = pa.py_buffer(mapped(one.path) if one.path.stat().st_size else b"")
        at, truncated, app_at, begins, sizes = one.batch.columns
        texts = Standing(self._maps[one.path], one.start, begins.to_numpy(), sizes.to_numpy())
        if texts.end > len(texts.data):
            raise OSError(f"{one.path} became shorter while it was read")
        return {"at": at, "text": texts, "truncated": truncated, "app_at": app_at.cast(INSTANT)}

    def done(self, number: int) -> None:
        """The batch is not needed any more."""
        one = self._batches[number]
        if isinstance(one, Written):
            one.file.done(one.number)
        else:
            self._batches[number] = None

    def close(self) -> None:
        """Remove the files."""
        self._batches, self._maps = [], {}
        self._whole.close()
        self._placed.close()

    def _written(self, one: Whole | Placed) -> Written:
        if isinstance(one, Whole):
            return Written(self._whole, self._whole.put(one.batch), None, 0)
        return Written(self._placed, self._placed.put(one.full()), one.path, one.start)
