"""Log lines on their way from many streams into one sorted Parquet file; only their times are held in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..normalize.tables import LINES

# Namespace, pod, container; "" where unknown.
Container = tuple[str, str, str]

ROWS_A_GROUP = 131_072


class LineStore:
    """Takes batches of `normalize.tables.LINES` in any order, writes them in order of `at`.

    Lines wait in an Arrow file beside the result. Where two streams are of one container (a log saved twice, or while it
    ran and after), lines of equal stamp and text count once per stream's own repetition.
    """

    def __init__(self, place: Path) -> None:
        self._path = place / ".lines.arrow.part"
        self._writer = pa.ipc.new_file(str(self._path), LINES)
        self._at: list[np.ndarray] = []
        self._streams: list[tuple[Container, str]] = []

    def add(self, container: Container, stream: str, batch: pa.RecordBatch) -> None:
        """Keep one batch of one stream of a container."""
        if batch.num_rows:
            self._writer.write_batch(batch)
            self._at.append(batch.column("at").cast(pa.int64()).to_numpy())
            self._streams.append((container, stream))

    def write(self, path: Path) -> int:
        """Write everything to `path` as Parquet, sorted; returns how many lines were doubles and left out."""
        self._writer.close()
        with pa.memory_map(str(self._path)) as source:
            reader = pa.ipc.open_file(source)
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
            order, doubles = self._order(batches)
            with pq.ParquetWriter(path, LINES, compression="zstd") as out:
                for start in range(0, len(order), ROWS_A_GROUP):
                    out.write_batch(self._rows(batches, order[start : start + ROWS_A_GROUP]))
        self.close()
        return doubles

    def close(self) -> None:
        """Remove the waiting file."""
        self._path.unlink(missing_ok=True)

    def _order(self, batches: list[pa.RecordBatch]) -> tuple[np.ndarray, int]:
        """Row numbers by time; ties keep the order of streams and of lines in them."""
        if not self._at:
            return np.empty(0, np.int64), 0
        at = np.concatenate(self._at)
        order = np.argsort(at, kind="stable")
        double = self._doubles(batches, len(at))
        return order[~double[order]], int(double.sum())

    def _doubles(self, batches: list[pa.RecordBatch], rows: int) -> np.ndarray:
        double = np.zeros(rows, bool)
        starts = np.cumsum([0, *(len(a) for a in self._at)])
        owners = self._owners()
        for container in sorted({c for c in owners if c[1]}):
            mine = [i for i, c in enumerate(owners) if c == container]
            streams = {name: n for n, name in enumerate(dict.fromkeys(self._streams[i][1] for i in mine))}
            if len(streams) < 2:
                continue
            frame = pd.DataFrame(
                {
                    "row": np.concatenate([np.arange(starts[i], starts[i + 1]) for i in mine]),
                    "stream": np.concatenate([np.full(len(self._at[i]), streams[self._streams[i][1]]) for i in mine]),
                    "at": np.concatenate([self._at[i] for i in mine]),
                    "text": np.concatenate([np.asarray(batches[i].column("text").to_pylist(), object) for i in mine]),
                }
            )
            frame["again"] = frame.groupby(["stream", "at", "text"], sort=False).cumcount()
            double[frame["row"].to_numpy()[frame.duplicated(["at", "text", "again"]).to_numpy()]] = True
        return double

    def _owners(self) -> list[Container]:
        """The container of every batch; one without namespace is of the only namespace known for its pod, if there is one."""
        known: dict[tuple[str, str], set[str]] = {}
        for (namespace, *name), _ in self._streams:
            known.setdefault((name[0], name[1]), set()).update({namespace} - {""})
        return [(next(iter(known[c[1:]])) if not c[0] and len(known[c[1:]]) == 1 else c[0], *c[1:]) for c, _ in self._streams]

    def _rows(self, batches: list[pa.RecordBatch], rows: np.ndarray) -> pa.RecordBatch:
        """The chosen rows in their order, touching only the batches that hold them."""
        starts = np.cumsum([0, *(len(a) for a in self._at)])
        inverse = np.argsort(rows, kind="stable")
        ascending = rows[inverse]
        cuts = np.searchsorted(ascending, starts)
        parts = [batches[i].take(pa.array(ascending[cuts[i] : cuts[i + 1]] - starts[i])) for i in range(len(batches)) if cuts[i] < cuts[i + 1]]
        together = pa.Table.from_batches(parts, LINES).combine_chunks().to_batches()
        joined = together[0]
        back = np.empty(len(rows), np.int64)
        back[inverse] = np.arange(len(rows))
        return joined.take(pa.array(back))
