"""The merge of sorted sources with their lines, beside `np.argsort` of all times: seconds, and memory beyond the sources' own.

python benchmarks --only merging [--size tiny|small|medium|large]
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from measure import LINES, RUNS, Figure, medians, same
from retroline.timeline.line_held import WAITING
from retroline.timeline.line_merge import merged
from retroline.timeline.line_waiting import Source, size_of

HOUR_NS = 3_600_000_000_000
ROWS_A_BATCH = 16_384
MOST_BYTES = 32.0


@dataclass(frozen=True)
class Held:
    """Batches in memory, as the merge asks for them; and what it is told of each."""

    batches: list[pa.RecordBatch]
    sources: list[Source]
    at: np.ndarray

    def columns(self, number: int) -> dict[str, pa.Array]:
        """The columns of one of them."""
        batch = self.batches[number]
        return dict(zip(batch.schema.names, batch.columns, strict=True))

    def done(self, number: int) -> None:
        """Nothing is given up: the sources' own memory is not what is measured."""

    def merge(self) -> int:
        """All lines in order, a piece at a time."""
        return sum(len(piece.column("text")) for piece in merged(self.sources, self))


def rows(size: str) -> list[Figure]:
    """Of 5 and of 50 sources."""
    return [figure for count in (5, 50) for figure in _figures(count, size)]


def _figures(count: int, size: str) -> list[Figure]:
    held = _sorted_sources(LINES[size], count)
    same(np.concatenate([piece.at for piece in merged(held.sources, held)]).tolist(), np.sort(held.at).tolist(), "times")
    ours, theirs = medians(held.merge, lambda: np.argsort(held.at), runs=RUNS[size])
    what = f"merge of {count} sorted sources, with their lines"
    return [
        Figure(what, "np.argsort of the times", ours, theirs, "<= 3"),
        Figure(f"{what}: memory a row", f"{MOST_BYTES:.0f} bytes", _extra_bytes(held.merge) / len(held.at), MOST_BYTES, "<= 1", "B"),
    ]


def _sorted_sources(lines: int, count: int) -> Held:
    rng = np.random.default_rng(count)
    held = Held([], [], np.sort(rng.integers(0, HOUR_NS, (count, lines // count))).ravel())
    for number, times in enumerate(held.at.reshape(count, -1)):
        for start in range(0, len(times), ROWS_A_BATCH):
            at = times[start : start + ROWS_A_BATCH]
            texts = pa.array([f"INFO shop.orders line {n} of source {number}: {'basket ' * 15}" for n in range(start, start + len(at))])
            columns = [pa.array(at).view(WAITING.field("at").type), texts, pa.array(np.zeros(len(at), bool)), pa.nulls(len(at), WAITING.field("app_at").type)]
            held.batches.append(pa.RecordBatch.from_arrays(columns, schema=WAITING))
            held.sources.append(Source(number, number, "", 1, (0, 0, 1), len(at), size_of(texts), int(at[0]), int(at[-1]), ordered=True))
    return held


def _extra_bytes(job: Callable[[], object]) -> int:
    """At most how many bytes of Arrow's and of numpy's are held at once while the job runs, what it was given left out."""
    usual = pa.default_memory_pool()
    counting = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counting)
    tracemalloc.start()
    try:
        job()
        return tracemalloc.get_traced_memory()[1] + (counting.max_memory() or 0)
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
