"""What the time inside log lines tells of the clocks that wrote them, from `lines.parquet`: `app_at` against the runtime's stamp.

A line is written before the runtime stamps it, so an application's clock is ahead of its node's by at least the largest difference; that the quickest line
took no more than a twentieth of a second on its way is assumed. A whole number of quarters of an hour is a zone: local time without its zone written
down, not a wrong clock. What the others took longer is said too where it is much: a program that holds its lines back (a buffer that is seldom flushed)
is not a clock that is wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..collectors.window import SECOND_NS
from .clocks import Offset
from .services import workload_of
from .text import span

COLUMNS = ["at", "app_at", "correction_ns", "pod", "container"]
QUICK_NS = 50_000_000
FEW, MOST, GROUPS = 5, 500, 16
NEAR_NS, SHARE = SECOND_NS, 0.05
# What a stamp's last digit may be worth.
UNITS = (SECOND_NS, 1_000_000, 1_000, 1)
HELD_BACK_NS = 2 * SECOND_NS

Numbers = npt.NDArray[np.int64]


def app_offsets(lines: Path) -> list[Offset]:
    """One offset per container of a workload whose lines carry stamps of their own; lines that are held back are told in its `why`."""
    held: dict[str, list[Numbers]] = defaultdict(list)
    for name, instants in _containers(lines):
        held[name].append(instants)
    found = (_offset(name, *np.concatenate(parts, axis=1)) for name, parts in sorted(held.items()))
    return [one for one in found if one is not None]


def _offset(name: str, app_ns: Numbers, runtime_ns: Numbers) -> Offset | None:
    unit = next(unit for unit in UNITS if not (app_ns % unit).any())
    ahead = app_ns - runtime_ns
    found = _bounded(name, ahead - unit, ahead + unit)
    late_ns = int(ahead.max() - np.median(ahead)) if found else 0
    if found is None or late_ns < HELD_BACK_NS:
        return found
    return replace(found, why=(*found.why, f"half of them came {span(late_ns / SECOND_NS)} or more later than the quickest: they are held back"))


def _bounded(name: str, least: Numbers, most: Numbers) -> Offset | None:
    """The interval of one clock, from the least and the most that each line shows it ahead; None for few lines, or where the largest stand alone."""
    if len(least) < FEW:
        return None
    low, high = int(least.max()), int(most.max()) + QUICK_NS
    if int((least >= low - NEAR_NS).sum()) < max(FEW, SHARE * len(least)):
        return None
    return Offset(name, "its node", low, high, (f"{len(least)} lines with both stamps, assuming that the quickest took at most 0.05 s",), (), low > QUICK_NS)


def _containers(lines: Path) -> Iterator[tuple[str, Numbers]]:
    """Workload and container, and two rows, as received: what the program said and what the runtime said; a bounded number of each row group, evenly spread."""
    file = pq.ParquetFile(lines)
    for group in range(0, file.num_row_groups, max(1, file.num_row_groups // GROUPS)):
        table = file.read_row_group(group, columns=COLUMNS)
        table = table.filter(pc.is_valid(table["app_at"]))
        if not len(table):
            continue
        keys = pc.binary_join_element_wise(pc.fill_null(table["pod"], ""), pc.fill_null(table["container"], ""), "/").combine_chunks().dictionary_encode()
        app_ns, at_ns = (_numbers(table[name].cast(pa.int64())) for name in ("app_at", "at"))
        instants = np.stack([app_ns, at_ns]) - _numbers(table["correction_ns"])
        codes = _numbers(keys.indices)
        for code, key in enumerate(keys.dictionary.to_pylist()):
            pod, _, container = key.rpartition("/")
            rows = np.flatnonzero(codes == code)
            if pod:
                yield f"{workload_of(pod)}/{container}", instants[:, rows[:: -(-len(rows) // MOST)]]


def _numbers(column: pa.Array | pa.ChunkedArray) -> Numbers:
    return np.asarray(column.to_numpy(), np.int64)
