"""Lines that wait to be written: batches on their way through one Arrow file, so that memory does not grow with them."""

from __future__ import annotations

import mmap
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..normalize.tables import LINES

# What differs from line to line; the rest is said once per batch.
WAITING = pa.schema([LINES.field(name) for name in ("at", "text", "truncated", "app_at")])
HELD_BYTES = 16 << 20
MOST_UNWRITTEN = 3

Instants = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """One batch: whose it is and where in the evidence, by number; its rows, first and last instant, and whether they are in order.

    `container` and `stream` are numbers; `precision` is correction_ns, before_ns, after_ns of all its lines; `numbers` are its lines' numbers in
    `ref`, or the first of them where they go on by one; below 1 is unknown.
    """

    container: int
    stream: int
    ref: str
    numbers: npt.NDArray[np.int64] | int
    precision: tuple[int, ...]
    rows: int
    first_ns: int
    last_ns: int
    ordered: bool


class Waiting:
    """Batches of WAITING, written to `path` by a thread once they are more than HELD_BYTES; read back in any order, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[pa.RecordBatch] = []
        self._size = 0
        self._writer: pa.RecordBatchFileWriter | None = None
        self._sink: pa.NativeFile | None = None
        self._ends: list[int] = []
        self._thread: ThreadPoolExecutor | None = None
        self._writing: deque[Future[None]] = deque()
        self._map: mmap.mmap | None = None
        self._reader: pa.RecordBatchFileReader | None = None

    def put(self, batch: pa.RecordBatch) -> None:
        """Add a batch. Raises OSError where the file cannot be written."""
        self._held.append(batch)
        self._size += batch.nbytes
        if self._thread is None and self._size > HELD_BYTES:
            self._thread = ThreadPoolExecutor(1)
            self._sink = pa.OSFile(str(self._path), "wb")
            self._writer = pa.ipc.new_file(self._sink, WAITING)
        if self._thread is not None:
            for one in self._held:
                self._writing.append(self._thread.submit(self._write, one, self._writer, self._sink))
            self._held = []
        while len(self._writing) > MOST_UNWRITTEN:
            self._writing.popleft().result()

    def end(self) -> None:
        """No more batches: what follows is reading."""
        while self._writing:
            self._writing.popleft().result()
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
        return self._held[number] if self._reader is None else self._reader.get_batch(number)

    def done(self, number: int) -> None:
        """The batch is not needed any more."""
        if self._map is not None and hasattr(self._map, "madvise"):
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

    def _write(self, batch: pa.RecordBatch, writer: pa.RecordBatchFileWriter, sink: pa.NativeFile) -> None:
        writer.write_batch(batch)
        self._ends.append(sink.tell())
