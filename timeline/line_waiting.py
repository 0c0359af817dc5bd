"""Lines that wait to be written: batches on their way through one Arrow file, so that memory does not grow with them."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..normalize.app_clock import app_times
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings
from ..normalize.tables import LINES

# What differs from line to line; the rest is said once per batch.
WAITING = pa.schema([LINES.field(name) for name in ("at", "text", "truncated", "app_at")])
# So much waits in memory: to write it and to give it back takes a tenth of the time of a whole build.
HELD_BYTES = 192 << 20
# Where there is more, such a part of it goes on waiting in memory.
KEPT = 2 / 3
ROWS_AT_ONCE, BYTES_AT_ONCE = 16_384, 4 << 20
MOST_UNWRITTEN = 3

Instants = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """One batch: whose it is and where in the evidence, by number; its rows, first and last instant, and whether they are in order.

    `container` and `stream` are numbers; `size` is the bytes of its text; `precision` is correction_ns, before_ns, after_ns of all its lines;
    `numbers` are its lines' numbers in `ref`, or the first of them where they go on by one; below 1 is unknown.
    """

    container: int
    stream: int
    ref: str
    numbers: npt.NDArray[np.int64] | int
    precision: tuple[int, ...]
    rows: int
    size: int
    first_ns: int
    last_ns: int
    ordered: bool


@dataclass(frozen=True)
class Fresh:
    """A batch without `app_at`, and by how much its `at` was corrected."""

    batch: pa.RecordBatch
    correction_ns: int


class Waiting:
    """Batches that wait in memory, or, but for the first ones, in a file at `path` where they are more than HELD_BYTES.

    They are had back as WAITING in any order, each once.
    A thread finds `app_at`, what the lines' programs say of the time, and writes; small batches are read together. A program reads its node's
    clock, so what it says is corrected like the runtime's stamp.
    """

    def __init__(self, path: Path, stamps: StampSettings = AS_SHIPPED) -> None:
        self._path = path
        self._fresh: list[Fresh] = []
        self._rows = self._fresh_size = 0
        self._stamps = stamps.stream()
        self._held: list[pa.RecordBatch | None] = []
        self._size = 0
        self._writer: pa.RecordBatchFileWriter | None = None
        self._sink: pa.NativeFile | None = None
        self._ends: list[int] = []
        self._thread: ThreadPoolExecutor | None = None
        self._writing: deque[Future[None]] = deque()
        self._map: mmap.mmap | None = None
        self._reader: pa.RecordBatchFileReader | None = None

    def put(self, batch: pa.RecordBatch, correction_ns: int = 0) -> None:
        """Add a batch with `at`, `text` and `truncated`; `at` is the runtime's stamp plus the correction. Raises OSError where the file cannot be written."""
        self._fresh.append(Fresh(batch, correction_ns))
        self._rows += batch.num_rows
        self._fresh_size += size_of(batch.column("text"))
        if self._rows < ROWS_AT_ONCE and self._fresh_size < BYTES_AT_ONCE:
            return
        self._thread = self._thread or ThreadPoolExecutor(1)
        self._writing.append(self._thread.submit(self._take, self._fresh))
        self._fresh, self._rows, self._fresh_size = [], 0, 0
        while len(self._writing) > MOST_UNWRITTEN:
            self._writing.popleft().result()

    def end(self) -> None:
        """No more batches: what follows is reading."""
        while self._writing:
            self._writing.popleft().result()
        if self._fresh:
            self._take(self._fresh)
        self._fresh = []
        if self._writer is None or self._sink is None:
            return
        self._writer.close()
        self._sink.close()
        self._writer = self._sink = None
        with self._path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._reader = pa.ipc.open_file(pa.py_buffer(self._map))

    def batch(self, number: int) -> pa.RecordBatch:
        """The batch that was put in as the `number`th, from 0."""
        if number >= len(self._held) and self._reader is not None:
            return self._reader.get_batch(number - len(self._held))
        held = self._held[number]
        if held is None:
            raise LookupError(f"batch {number} was given up")
        return held

    def done(self, number: int) -> None:
        """The batch is not needed any more."""
        if number < len(self._held):
            self._held[number] = None
        elif self._map is not None and hasattr(self._map, "madvise"):
            number -= len(self._held)
            first, last = -(-(self._ends[number - 1] if number else 0) // mmap.PAGESIZE), self._ends[number] // mmap.PAGESIZE
            if last > first:
                self._map.madvise(mmap.MADV_DONTNEED, first * mmap.PAGESIZE, (last - first) * mmap.PAGESIZE)

    def close(self) -> None:
        """Remove the file."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        for opened in (self._writer, self._sink):
            if opened is not None:
                with suppress(OSError, pa.ArrowException):
                    opened.close()
        self._writer = self._sink = None
        self._reader = self._map = None
        self._path.unlink(missing_ok=True)

    def _take(self, fresh: Sequence[Fresh]) -> None:
        """Batches in their order, whose lines are read together: any stream's lines read the same beside others."""
        texts = [one.batch.column("text") for one in fresh]
        runtime_ns = [nanoseconds(one.batch.column("at")) - one.correction_ns for one in fresh]
        app_at = app_times(pa.concat_arrays(texts) if len(texts) > 1 else texts[0], np.concatenate(runtime_ns), self._stamps)
        start = 0
        for one in fresh:
            count = one.batch.num_rows
            said = app_at.slice(start, count)
            if one.correction_ns:
                said = pc.add(said, pa.scalar(one.correction_ns, pa.duration("ns")))
            columns = [*(one.batch.column(name) for name in WAITING.names[:-1]), said]
            self._keep(pa.RecordBatch.from_arrays(columns, schema=WAITING))
            start += count

    def _keep(self, batch: pa.RecordBatch) -> None:
        if self._writer is None or self._sink is None:
            self._held.append(batch)
            self._size += batch.nbytes
            if self._size <= HELD_BYTES:
                return
            self._sink = pa.OSFile(str(self._path), "wb")
            self._writer = pa.ipc.new_file(self._sink, WAITING)
            sizes = np.cumsum([one.nbytes for one in self._held if one])
            kept = int(np.searchsorted(sizes, HELD_BYTES * KEPT, "right"))
            self._held, fresh = self._held[:kept], self._held[kept:]
        else:
            fresh = [batch]
        for one in fresh:
            self._writer.write_batch(one)
            self._ends.append(self._sink.tell())


def nanoseconds(at: pa.Array) -> Instants:
    """A column of instants without nulls as nanoseconds, not copied."""
    return np.frombuffer(at.buffers()[1], np.int64)[at.offset : at.offset + len(at)]


def size_of(texts: pa.Array) -> int:
    """The bytes of a string array's texts."""
    ends = np.frombuffer(texts.buffers()[1], np.int32)
    return int(ends[texts.offset + len(texts)] - ends[texts.offset]) if len(texts) else 0
