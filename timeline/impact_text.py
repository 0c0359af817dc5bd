"""What the report says right under its headline: impact in numbers, and a symptom that was there before any alert."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..collectors.window import SECOND_NS
from .impact_numbers import NAMES
from .text import cell, span_with_bounds

if TYPE_CHECKING:
    from .timeline import Timeline

COLUMNS = ("name", "low", "best", "high", "query", "alert", "why")
SYMPTOMS = ("metric.", "workload.", "log.")
# What can stand in a code span: no backtick, no control sign, nothing that could be read as HTML.
HARMLESS = re.compile(r"[\w {}()\[\]\"'=~!.,:;@+*/|^$?\\-]*", re.ASCII)
LONGEST_QUERY = 400
Event = Mapping[str, Any]


def impact_told(timeline: Timeline) -> dict[str, Any]:
    """What `impact_numbers.Numbers.told` said when the incident was built; {} for one that was built without it."""
    told: dict[str, Any] = json.loads(timeline.told.get("impact") or "{}")
    return told


def impact_rows(timeline: Timeline) -> list[dict[str, Any]]:
    """Rows with COLUMNS: requests, failed, share (0 to 1); unknown is null, `why` says why."""
    told = impact_told(timeline)
    queries = [*(told.get("queries") or ("", "")), ""]
    unknown = dict.fromkeys(("low", "best", "high"))
    return [
        {"name": name, **unknown, **(told.get(name) or {}), "query": query or None, "alert": told.get("alert") or None, "why": told.get("why") or None}
        for name, query in zip(NAMES, queries, strict=True)
    ]


def impact_text(timeline: Timeline, events: Sequence[Event], marks: Sequence[Mapping[str, Any]], aside: set[str], services: set[str]) -> str:
    """The sentences, "" where there is nothing to say. `events` and `marks` as the report has them, with `…_ns`."""
    return "\n\n".join(filter(None, (_numbers(impact_told(timeline)), _before_alerts(events, marks, aside, services))))


def _numbers(told: Mapping[str, Any]) -> str:
    if not (told.get("requests") and told.get("failed")):
        return ""
    requests, failed, share = (told[name] for name in NAMES)
    counted = f"{_amount(requests)} counted by {cell(told['counted'])}" if told["counted"] else f"{_amount(requests)} requests"
    word = "too slow" if told["slow"] else "failed"
    part = f" ({_percent(share)})" if share else ""
    whole, bad = told["queries"]
    return f"Impact: about {counted}, {_amount(failed)} {word}{part}, between impact and recovered — {_code(bad)} of {_code(whole)}"


def _amount(count: Mapping[str, float | None]) -> str:
    best, low, high = (_whole(count[name]) for name in ("best", "low", "high"))
    return best if best == low == high else f"{best} [{low}–{high}]"


def _whole(number: float | None) -> str:
    return "?" if number is None else f"{number:,.0f}"


def _percent(share: Mapping[str, float]) -> str:
    best, low, high = (f"{100 * share[name]:.{0 if share['best'] >= 0.095 else 1}f}" for name in ("best", "low", "high"))
    return f"{best} %" if best == low == high else f"{best} % [{low}–{high}]"


def _code(query: str) -> str:
    """A query as a code span, escaped text where one cannot hold it."""
    return f"`{query}`" if HARMLESS.fullmatch(query) and len(query) <= LONGEST_QUERY else cell(query, LONGEST_QUERY)


def _before_alerts(events: Sequence[Event], marks: Sequence[Mapping[str, Any]], aside: set[str], services: set[str]) -> str:
    """Onset, else impact, where its whole interval lies before the first alert of the incident that fired."""
    by_id = {e["event_id"]: e for e in events}
    fired = [e for e in events if e["kind"] == "alert.firing" and e["event_id"] not in aside and (not services or e["service"] in services)]
    first = min(fired, key=lambda e: (e["at_ns"], e["event_id"]), default=None)
    known = {m["name"]: m for m in marks}
    for mark in (known[name] for name in ("onset", "impact") if first and name in known):
        row = by_id.get(mark["event_ids"][0]) if mark["event_ids"] else None
        if first and row and row["kind"].startswith(SYMPTOMS) and mark["latest_ns"] is not None and mark["latest_ns"] < first["at_ns"] - first["before_ns"]:
            low = first["at_ns"] - first["before_ns"] - mark["latest_ns"]
            high = None if mark["earliest_ns"] is None else first["at_ns"] + first["after_ns"] - mark["earliest_ns"]
            times = ((first["at_ns"] - mark["best_ns"]) / SECOND_NS, low / SECOND_NS, None if high is None else high / SECOND_NS)
            return f"Visible {span_with_bounds(*times)} before the first alert fired: {_symptom(row)}"
    return ""


def _symptom(row: Event) -> str:
    """What was seen: a series by its metric, or as it was asked for; else the row's title."""
    labels = row["labels"]
    return cell(labels.get("__name__") or labels.get("series") or row["title"]) if row["kind"].startswith("metric.") else cell(row["title"])
