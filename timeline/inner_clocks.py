"""What the stamps inside log lines tell of the clocks that wrote them, against the runtime's stamp of the same line.

A line is written before the runtime stamps it, so an application's clock is ahead of its node's by at least the largest difference;
that the quickest line took no more than a twentieth of a second on its way is assumed. A whole number of quarters of an hour is a zone: local
time without its zone written down, not a wrong clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..normalize.layout import Layout
from ..normalize.openings import fitting
from ..normalize.stamp_columns import inner_stamps
from ..normalize.stamp_reading import proven
from ..normalize.stamps import NONE_NS
from .clocks import Offset
from .services import workload_of

QUICK_NS = 50_000_000
FEW, MOST, GROUPS = 5, 500, 16
NEAR_NS, SHARE = 1_000_000_000, 0.05
COLUMNS = ["at", "namespace", "pod", "container", "text"]


def inner_offsets(lines: Path) -> list[Offset]:
    """One offset per container of a workload whose lines carry stamps of their own; `lines` is the table of lines."""
    parts: dict[str, list[pa.Table]] = {}
    for name, table in _containers(lines):
        parts.setdefault(name, []).append(table)
    held = {name: pa.concat_tables(tables).combine_chunks() for name, tables in sorted(parts.items())}
    plain = [text for table in held.values() if not _keyed(text := table["text"].combine_chunks())]
    layouts = fitting(proven(), pa.concat_arrays(plain).cast(pa.large_binary())) if plain else ()
    found = (offset(name, differences(table, layouts)) for name, table in held.items())
    return [one for one in found if one is not None]


def _keyed(texts: pa.Array) -> bool:
    """Whether any record is JSON: what layouts its values could fit is not told by the records as they stand."""
    return bool(pc.any(pc.match_substring(texts, "{")).as_py())


def _containers(lines: Path) -> Iterator[tuple[str, pa.Table]]:
    """Lines by workload and container, a bounded number of each row group, evenly spread."""
    file = pq.ParquetFile(lines)
    for group in range(0, file.num_row_groups, max(1, file.num_row_groups // GROUPS)):
        table = file.read_row_group(group, columns=COLUMNS)
        keys = pc.binary_join_element_wise(pc.fill_null(table["pod"], ""), pc.fill_null(table["container"], ""), "/").combine_chunks().dictionary_encode()
        codes = keys.indices.to_numpy()
        for code, key in enumerate(keys.dictionary.to_pylist()):
            rows = np.flatnonzero(codes == code)
            pod, _, container = key.rpartition("/")
            if pod:
                yield f"{workload_of(pod)}/{container}", table.take(pa.array(rows[:: -(-len(rows) // MOST)]))


def differences(table: pa.Table, plain: tuple[Layout, ...] | None = None) -> np.ndarray:
    """Two columns, in nanoseconds: the least and the most that the inner stamp can be ahead of the runtime's, for lines that have one.

    A stamp may have been cut or rounded to its last digit. `plain`: the layouts that records without JSON could fit, where that is known.
    """
    runtime = table["at"].cast(pa.int64()).to_numpy()
    texts = table["text"].combine_chunks()
    inner = inner_stamps(texts, runtime_ns=runtime, table=None if _keyed(texts) else plain)
    known = inner.at_ns != NONE_NS
    ahead = inner.at_ns[known] - runtime[known]
    return np.stack([ahead - inner.before_ns[known] - inner.after_ns[known], ahead + inner.after_ns[known]], axis=1)


def offset(name: str, ahead: np.ndarray) -> Offset | None:
    """The interval of one clock; None where there are few lines, or where the largest differences stand alone."""
    if len(ahead) < FEW:
        return None
    low, high = int(ahead[:, 0].max()), int(ahead[:, 1].max()) + QUICK_NS
    if int((ahead[:, 0] >= low - NEAR_NS).sum()) < max(FEW, SHARE * len(ahead)):
        return None
    return Offset(name, "its node", low, high, (f"{len(ahead)} lines with both stamps, assuming that the quickest took at most 0.05 s",), (), low > QUICK_NS)
