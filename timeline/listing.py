"""The archive as a table on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from ..collectors.window import rfc3339
from .archive import Entry
from .export import records
from .report import shown_s
from .text import CONTROL, span

SHOWN = ("TTD", "TTA", "TTM", "TTR")


def listing(entries: Iterable[Entry]) -> str:
    """One line per incident: id, start in UTC, length, services, durations of profile impact."""
    rows: list[tuple[str, ...]] = [("INCIDENT", "SINCE (UTC)", "LENGTH", "SERVICE", *SHOWN)]
    for entry in entries:
        line = entry.timeline
        marks = line.table("milestones")
        at = [{"name": name, "best_ns": ns} for name, ns in zip(marks["name"].to_pylist(), marks["best"].cast(pa.int64()).to_pylist(), strict=True)]
        best = {d["name"]: shown_s(d, at) for d in records(line.table("durations")) if d["profile"] == "impact"}
        times = ("–" if (shown := best.get(name)) is None else span(shown) for name in SHOWN)
        rows.append((entry.id, rfc3339(line.window.since_ns, 0), span(line.window.seconds), CONTROL.sub(" ", line.told.get("services", "")), *times))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)
