"""`lines.parquet` as it is written: row groups of one size, smaller where lines are long, encoded by a thread of its own while the next is prepared."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..normalize.tables import LINES
from .line_waiting import size_of

ROWS_A_GROUP, BYTES_A_GROUP = 131_072, 64 << 20
ROWS_AT_ONCE = 16_384
MOST_UNWRITTEN = 2
NAMES = ["severity", "namespace", "pod", "container", "template_id", "correction_ns", "before_ns", "after_ns"]
# Names arrive as dictionaries; what is read back has the columns of LINES.
WRITTEN = pa.schema([f.with_type(pa.dictionary(pa.int32(), f.type)) if f.name in NAMES and pa.types.is_string(f.type) else f for f in LINES])


class LinesFile:
    """Takes tables of WRITTEN, in order of time. Left by an exception, the file is not complete."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(
            path,
            WRITTEN,
            compression="zstd",
            use_dictionary=NAMES,
            column_encoding={"at": "DELTA_BINARY_PACKED", "app_at": "DELTA_BINARY_PACKED"},
            # Nobody looks for texts by their alphabetical order.
            write_statistics=[name for name in WRITTEN.names if name != "text"],
            write_batch_size=ROWS_AT_ONCE,
            store_schema=False,
        )
        self._pending: list[pa.Table] = []
        self._rows = self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._writing: deque[Future[None]] = deque()

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
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1)
            while len(self._writing) >= MOST_UNWRITTEN:
                self._writing.popleft().result()
            self._writing.append(self._thread.submit(self._write, together.slice(0, ROWS_A_GROUP)))

    def close(self, metadata: dict[str, str] | None = None) -> None:
        """Write the rest, and the file's end with `metadata`; None: an exception ends it."""
        try:
            while self._writing:
                self._writing.popleft().result()
            if metadata is not None:
                if self._rows:
                    self._write(pa.concat_tables(self._pending))
                self._writer.add_key_value_metadata(metadata)
        finally:
            if self._thread is not None:
                self._thread.shutdown(cancel_futures=True)
            self._writer.close()

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=ROWS_A_GROUP)
