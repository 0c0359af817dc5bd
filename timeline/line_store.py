"""Log lines on their way from many streams into one sorted Parquet file; only their times and what they say are held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..normalize.severity import LEVELS
from ..normalize.tables import LINES
from ..normalize.templates import template_id
from .line_words import Words
from .log_templates import Said, counted, told
from .rows import Template

# Namespace, pod, container; "" where unknown.
Container = tuple[str, str, str]

ROWS_A_GROUP = 131_072
SEVERITIES = pa.array(LEVELS, pa.string())


class LineStore:
    """Takes batches of `normalize.tables.LINES` in any order, writes them in order of `at`.

    Lines wait in an Arrow file beside the result. Where two streams are of one container (a log saved twice, or while it
    ran and after), lines of equal stamp and text count once per stream's own repetition. After `write`, `templates` has what they
    say: `severity` and `template_id` of a line are those of its record.
    """

    def __init__(self, place: Path) -> None:
        self._path = place / ".lines.arrow.part"
        self._writer = pa.ipc.new_file(str(self._path), LINES)
        self._at: list[np.ndarray] = []
        self._streams: list[tuple[Container, str]] = []
        self._refs: list[tuple[str, np.ndarray | int]] = []
        self._words = Words()
        self.templates: list[Template] = []

    def add(self, container: Container, stream: str, batch: pa.RecordBatch, ref: str = "", numbers: np.ndarray | None = None) -> None:
        """Keep one batch of one stream of a container; `ref` and `numbers` say where in the evidence its lines stand."""
        if batch.num_rows:
            self._writer.write_batch(batch)
            self._at.append(batch.column("at").cast(pa.int64()).to_numpy())
            self._streams.append((container, stream))
            self._refs.append((ref, _short(numbers)))
            self._words.add(stream, batch.column("text"))

    def write(self, path: Path, workloads: Mapping[str, str] | None = None) -> int:
        """Write everything to `path` as Parquet, sorted; returns how many lines were doubles and left out.

        `workloads`: pod → workload, where it is known better than by the pod's name.
        """
        self._writer.close()
        with pa.memory_map(str(self._path)) as source:
            reader = pa.ipc.open_file(source)
            batches = [reader.get_batch(i) for i in range(reader.num_record_batches)]
            order, doubles = self._order(batches)
            keys, ids = self._named(batches, order, workloads or {})
            with pq.ParquetWriter(path, LINES, compression="zstd") as out:
                out.add_key_value_metadata({"retroline.templates": told(self.templates)})
                for start in range(0, len(order), ROWS_A_GROUP):
                    rows = order[start : start + ROWS_A_GROUP]
                    out.write_batch(_saying(self._rows(batches, rows), keys[rows], ids[keys[rows] >> 4]))
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
            at = np.concatenate([self._at[i] for i in mine])
            if len(streams) < 2 or len(np.unique(at)) == len(at):
                continue
            frame = pd.DataFrame(
                {
                    "row": np.concatenate([np.arange(starts[i], starts[i + 1]) for i in mine]),
                    "stream": np.concatenate([np.full(len(self._at[i]), streams[self._streams[i][1]]) for i in mine]),
                    "at": at,
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

    def _named(self, batches: list[pa.RecordBatch], order: np.ndarray, workloads: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
        """The key of every line and the template id of every mask; counts the templates."""
        keys = np.concatenate(self._words.keys) if self._at else np.empty(0, np.int32)
        found = self._words.templates(np.unique(keys >> 4))
        names = {name: i for i, name in enumerate(sorted(set(found.values())))}
        place = np.zeros(len(self._words.masks), np.int64)
        for number, name in found.items():
            place[number] = names[name]
        rows = order[(keys[order] & 1).astype(bool)]
        owners = self._owners()
        known = {owner: i for i, owner in enumerate(dict.fromkeys(owners))}
        owner = np.repeat(np.array([known[o] for o in owners], np.int64), [len(a) for a in self._at]) if rows.size else rows
        at = np.concatenate(self._at) if self._at else rows
        said = Said(at[rows], owner[rows], place[keys[rows] >> 4], (keys[rows] >> 1 & 7).astype(np.int64), rows)
        self.templates = counted(said, list(names), list(known), workloads, lambda row: self._line(batches, row))
        return keys, np.array([template_id(name) for name in names], np.int32)[place] if names else np.zeros(len(place), np.int32)

    def _line(self, batches: list[pa.RecordBatch], row: int) -> tuple[str, str]:
        """Text and ref of a line."""
        starts = np.cumsum([0, *(len(a) for a in self._at)])
        batch = int(np.searchsorted(starts, row, "right")) - 1
        within = row - int(starts[batch])
        ref, numbers = self._refs[batch]
        number = numbers + within if isinstance(numbers, int) else int(numbers[within])
        return batches[batch].column("text")[within].as_py(), f"{ref}#line {number}" if number > 0 else ref

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


def _short(numbers: np.ndarray | None) -> np.ndarray | int:
    """Line numbers, or the first of them where they go on by one; a number below 1 is unknown."""
    if numbers is None or not len(numbers):
        return -(1 << 40)
    return int(numbers[0]) if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers


def _saying(batch: pa.RecordBatch, keys: np.ndarray, ids: np.ndarray) -> pa.RecordBatch:
    """`batch` with `severity` and `template_id` filled in."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns["severity"] = SEVERITIES.take(pa.array(keys >> 1 & 7))
    columns["template_id"] = pa.array(ids)
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=LINES)
