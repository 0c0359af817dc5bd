"""The archive as a table on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from ..collectors.window import rfc3339
from .archive import Entry
from .export import records
from .text import CONTROL, span

SHOWN = ("TTD", "TTA", "TTM", "TTR")


def listing(entries: Iterable[Entry]) -> str:
    """One line per incident: id, start in UTC, length, services, durations of profile impact."""
    rows: list[tuple[str, ...]] = [("INCIDENT", "SINCE (UTC)", "LENGTH", "SERVICE", *SHOWN)]
    for entry in entries:
        line = entry.timeline
        best = {d["name"]: d["best_s"] for d in records(line.table("durations")) if d["profile"] == "impact"}
        times = ("–" if best.get(name) is None else span(best[name]) for name in SHOWN)
        rows.append((entry.id, rfc3339(line.window.since_ns, 0), span(line.window.seconds), CONTROL.sub(" ", line.told.get("services", "")), *times))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)
