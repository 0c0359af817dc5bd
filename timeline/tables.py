"""What `build` made, as Arrow tables of `normalize.tables`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..normalize.tables import COVERAGE, DURATIONS, EVENTS, MILESTONES
from .durations import Duration
from .identity import Named
from .milestones import Milestone

# Columns that go from a row to the table under the same name.
SAME = (
    "kind", "source", "clock", "severity", "title", "body", "service", "subject", "actor", "count", "value",
    "at_source", "before_ns", "after_ns", "url", "ref",
)  # fmt: skip


def events_table(rows: Iterable[Named], corrections: Mapping[str, tuple[int, int]] | None = None) -> pa.Table:
    """Rows as EVENTS, in their order. `corrections`: clock → (what was added to its readings, ...)."""
    moved = corrections or {}
    return pa.Table.from_pylist([_event(n, moved.get(n.row.clock, (0, 0))[0]) for n in rows], schema=EVENTS)


def milestones_table(found: Iterable[Milestone]) -> pa.Table:
    """Milestones as MILESTONES."""
    return pa.Table.from_pylist(
        [
            {"name": m.name, "earliest": m.earliest_ns, "best": m.best_ns, "latest": m.latest_ns, "method": m.method, "event_ids": list(m.event_ids)}
            for m in found
        ],
        schema=MILESTONES,
    )


def durations_table(found: Iterable[Duration]) -> pa.Table:
    """Durations as DURATIONS."""
    rows = [
        {
            "name": d.name, "profile": d.profile, "from": d.start, "to": d.end, "low_s": d.low_s, "best_s": d.best_s, "high_s": d.high_s,
            "event_ids": list(d.event_ids), "why": d.why,
        }
        for d in found
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=DURATIONS)


def coverage_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Coverage rows as COVERAGE."""
    return pa.Table.from_pylist(list(rows), schema=COVERAGE)


def _event(named: Named, correction_ns: int) -> dict[str, Any]:
    row = named.row
    return {
        **{name: getattr(row, name) for name in SAME},
        "event_id": named.event_id,
        "at": row.at_ns,
        "until": row.until_ns,
        "thread": row.about or row.thread,
        "labels": sorted((k, v) for k, v in row.labels.items() if v is not None),
        "correction_ns": correction_ns,
        "witnesses": [
            {"source": w.source, "clock": w.clock, "at": w.at_ns, "at_source": w.at_source, "native_id": w.native_id, "ref": w.ref} for w in row.witnesses
        ],
        "collected_at": row.collected_ns,
    }
