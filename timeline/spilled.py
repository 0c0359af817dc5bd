"""Record batches on their way through an Arrow file, so that memory does not grow with them."""

from __future__ import annotations

import mmap
from contextlib import suppress
from pathlib import Path

import pyarrow as pa


class Spilled:
    """Batches of `schema` in a file at `path`, which is made for the first one: all are written, then had back in any order, each once."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._writer: pa.RecordBatchFileWriter | None = None
        self._sink: pa.NativeFile | None = None
        self._ends: list[int] = []
        self._map: mmap.mmap | None = None
        self._reader: pa.RecordBatchFileReader | None = None

    def put(self, batch: pa.RecordBatch) -> int:
        """Write a batch; its number, from 0. Raises OSError where the file cannot be written."""
        if self._writer is None or self._sink is None:
            self._sink = pa.OSFile(str(self._path), "wb")
            self._writer = pa.ipc.new_file(self._sink, self._schema)
        self._writer.write_batch(batch)
        self._ends.append(self._sink.tell())
        return len(self._ends) - 1

    def end(self) -> None:
        """No more batches: what follows is reading."""
        if self._writer is None or self._sink is None:
            return
        self._writer.close()
        self._sink.close()
        self._writer = self._sink = None
        self._map = mapped(self._path)
        self._reader = pa.ipc.open_file(pa.py_buffer(self._map))

    def batch(self, number: int) -> pa.RecordBatch:
        """A batch by its number."""
        if self._reader is None:
            raise LookupError(f"batch {number} was not written")
        return self._reader.get_batch(number)

    def done(self, number: int) -> None:
        """The batch is not needed any more."""
        if self._map is not None and hasattr(self._map, "madvise"):
            first, last = -(-(self._ends[number - 1] if number else 0) // mmap.PAGESIZE), self._ends[number] // mmap.PAGESIZE
            if last > first:
                self._map.madvise(mmap.MADV_DONTNEED, first * mmap.PAGESIZE, (last - first) * mmap.PAGESIZE)

    def close(self) -> None:
        """Remove the file."""
        for opened in (self._writer, self._sink):
            if opened is not None:
                with suppress(OSError, pa.ArrowException):
                    opened.close()
        self._writer = self._sink = None
        self._reader = self._map = None
        self._path.unlink(missing_ok=True)


def mapped(path: Path) -> mmap.mmap:
    """A file that is not empty as memory."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
