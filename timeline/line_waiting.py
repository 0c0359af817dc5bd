"""Lines that were read and wait to be merged."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..normalize.app_clock import app_times
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings
from .line_held import WAITING, HeldLines, Places

ROWS_AT_ONCE, BYTES_AT_ONCE = 8_192, 4 << 20
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
    """A batch without `app_at`, by how much its `at` was corrected, and where its texts stand, if they do."""

    batch: pa.RecordBatch
    correction_ns: int
    places: Places | None


class Waiting:
    """Batches on their way into `HeldLines` at `path`, each once.

    A thread finds `app_at`, what the lines' programs say of the time; small batches are read together. A program reads its node's
    clock, so what it says is corrected like the runtime's stamp.
    """

    def __init__(self, path: Path, stamps: StampSettings = AS_SHIPPED) -> None:
        self.held = HeldLines(path)
        self._fresh: list[Fresh] = []
        self._rows = self._fresh_size = 0
        self._stamps = stamps.stream()
        self._thread: ThreadPoolExecutor | None = None
        self._writing: deque[Future[None]] = deque()

    def put(self, batch: pa.RecordBatch, correction_ns: int = 0, places: Places | None = None) -> None:
        """Add a batch with `at`, `text` and `truncated`; `at` is the runtime's stamp plus the correction, `places` say where its texts stand as they are.

        Raises OSError where a file cannot be written.
        """
        self._fresh.append(Fresh(batch, correction_ns, places))
        self._rows += batch.num_rows
        self._fresh_size += size_of(batch.column("text"))
        if self._rows < ROWS_AT_ONCE and self._fresh_size < BYTES_AT_ONCE:
            return
        self._thread = self._thread or ThreadPoolExecutor(1)
        self._writing.append(self._thread.submit(self._take, self._fresh))
        self._fresh, self._rows, self._fresh_size = [], 0, 0
        while len(self._writing) > MOST_UNWRITTEN:
            self._writing.popleft().result()

    def end(self) -> HeldLines:
        """No more batches; what is held then."""
        while self._writing:
            self._writing.popleft().result()
        if self._fresh:
            self._take(self._fresh)
        self._fresh = []
        self.held.end()
        return self.held

    def close(self) -> None:
        """Stop the thread; remove the files."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)
        self.held.close()

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
            self.held.put(pa.RecordBatch.from_arrays(columns, schema=WAITING), one.places)
            start += count


def nanoseconds(at: pa.Array) -> Instants:
    """A column of instants without nulls as nanoseconds, not copied."""
    return np.frombuffer(at.buffers()[1], np.int64)[at.offset : at.offset + len(at)]


def size_of(texts: pa.Array) -> int:
    """The bytes of a string array's texts."""
    ends = np.frombuffer(texts.buffers()[1], np.int32)
    return int(ends[texts.offset + len(texts)] - ends[texts.offset]) if len(texts) else 0
