"""`lines.parquet` as it is written: row groups of one size, smaller where lines are long, made by threads while the next is prepared."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ..normalize.tables import LINES
from .line_groups import OPTIONS, Rows, row_group, together
from .row_groups import Group, RowGroups

ROWS_A_GROUP, BYTES_A_GROUP = 131_072, 64 << 20
WORKERS = min(os.cpu_count() or 1, 3)


class LinesFile:
    """Takes lines in order of time. Left by an exception, the file is not complete."""

    def __init__(self, path: Path) -> None:
        self._file = RowGroups(path, LINES, OPTIONS)
        self._pending: list[Rows] = []
        self._rows = self._size = 0
        self._threads: ThreadPoolExecutor | None = None
        self._making: deque[Future[Group]] = deque()

    def write(self, rows: Rows) -> None:
        """Add lines. Raises OSError where they cannot be written."""
        self._pending.append(rows)
        self._rows += len(rows)
        self._size += int(rows.texts.sizes.sum(dtype=np.int64))
        while self._rows >= ROWS_A_GROUP or self._size > BYTES_A_GROUP:
            every = together(self._pending)
            self._pending = [every.some(slice(ROWS_A_GROUP, None))]
            self._rows = len(self._pending[0])
            self._size = 0
            if self._threads is None:
                self._threads = ThreadPoolExecutor(WORKERS)
            while len(self._making) > WORKERS:
                self._file.add(self._making.popleft().result())
            self._making.append(self._threads.submit(row_group, every.some(slice(ROWS_A_GROUP))))

    def close(self, metadata: dict[str, str] | None = None) -> None:
        """Write the rest, and the file's end with `metadata`; None: an exception ends it."""
        try:
            if metadata is not None:
                rest = row_group(together(self._pending)) if self._rows else None
                while self._making:
                    self._file.add(self._making.popleft().result())
                if rest:
                    self._file.add(rest)
        except BaseException:
            metadata = None
            raise
        finally:
            if self._threads is not None:
                self._threads.shutdown(cancel_futures=True)
            self._file.close(metadata)
