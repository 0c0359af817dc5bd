"""`lines.parquet` as it is written: row groups of one size, smaller where lines are long, made by threads while the next is prepared."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..normalize.tables import LINES
from .line_waiting import size_of
from .row_groups import RowGroups, made

ROWS_A_GROUP, BYTES_A_GROUP = 131_072, 64 << 20
ROWS_AT_ONCE = 16_384
WORKERS = min(os.cpu_count() or 1, 3)
NAMES = ["severity", "namespace", "pod", "container", "template_id", "correction_ns", "before_ns", "after_ns"]
# Names arrive as dictionaries; what is read back has the columns of LINES.
WRITTEN = pa.schema([f.with_type(pa.dictionary(pa.int32(), f.type)) if f.name in NAMES and pa.types.is_string(f.type) else f for f in LINES])


OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": NAMES,
    "column_encoding": {"at": "DELTA_BINARY_PACKED", "app_at": "DELTA_BINARY_PACKED"},
    # Nobody looks for texts by their alphabetical order.
    "write_statistics": [name for name in WRITTEN.names if name != "text"],
    "write_batch_size": ROWS_AT_ONCE,
    "store_schema": False,
}


class LinesFile:
    """Takes tables of WRITTEN, in order of time. Left by an exception, the file is not complete."""

    def __init__(self, path: Path) -> None:
        self._file = RowGroups(path)
        self._pending: list[pa.Table] = []
        self._rows = self._size = 0
        self._threads: ThreadPoolExecutor | None = None
        self._making: deque[Future[pa.Buffer]] = deque()

    def write(self, table: pa.Table) -> None:
        """Add rows. Raises OSError where they cannot be written."""
        self._pending.append(table)
        self._rows += len(table)
        self._size += size_of(table["text"].chunk(0)) if len(table) else 0
        while self._rows >= ROWS_A_GROUP or self._size > BYTES_A_GROUP:
            together = pa.concat_tables(self._pending)
            self._pending = [together.slice(ROWS_A_GROUP)]
            self._rows = len(self._pending[0])
            self._size = 0
            if self._threads is None:
                self._threads = ThreadPoolExecutor(WORKERS)
            while len(self._making) > WORKERS:
                self._file.add(self._making.popleft().result())
            self._making.append(self._threads.submit(made, together.slice(0, ROWS_A_GROUP), OPTIONS))

    def close(self, metadata: dict[str, str] | None = None) -> None:
        """Write the rest, and the file's end with `metadata`; None: an exception ends it."""
        try:
            if metadata is not None:
                rest = made(pa.concat_tables(self._pending) if self._pending else WRITTEN.empty_table(), OPTIONS)
                while self._making:
                    self._file.add(self._making.popleft().result())
                self._file.add(rest)
        except BaseException:
            metadata = None
            raise
        finally:
            if self._threads is not None:
                self._threads.shutdown(cancel_futures=True)
            self._file.close(metadata)
