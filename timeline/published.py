"""What others publish as their definitions of incident times, computed from the same milestones, side by side with ours.

Each definition is a pair of our milestones, or blank with the reason where what it measures is not in the evidence. Nothing here is
stored: it follows from the stored milestones and acknowledgements when it is shown.

Sources: FireHydrant documentation, "Incident Milestones & Lifecycle Phases" and "MTTx Analytics"; Datadog documentation, "Incident
Management Analytics" (its measures); Microsoft Azure's TTx as "Beyond SLAs: A Practical Guide to TTx Metrics" (blackair.io) tells them
after O'Reilly; PagerDuty REST API reference, AnalyticsRawIncident; DORA's guide to its metrics (failed deployment recovery time, until 2022
time to restore service), counted from the deployment as Apache DevLake does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..collectors.errors import ConfigError
from .durations import PROFILES, Duration, between
from .export import records
from .milestones import Milestone
from .text import cell

if TYPE_CHECKING:
    from .timeline import Timeline

FIRST, LAST = "first responder", "last responder"
NO_DECLARATION = "no source says when the incident was declared"
DEPLOYED = ("change.deployed", "change.rolled_back", "change.reported")


@dataclass(frozen=True)
class Definition:
    """A published duration: `meaning` in its publisher's sense, `pair` in our milestones, or `why` there is none."""

    meaning: str
    pair: tuple[str, str] | None = None
    why: str = ""


PUBLISHED: dict[str, dict[str, Definition]] = {
    "firehydrant": {
        "MTTD": Definition("started to detected", ("impact", "detected")),
        "MTTA": Definition("started to acknowledged", ("impact", "acknowledged")),
        "MTTM": Definition("started to mitigated", ("impact", "recovered")),
        "MTTR": Definition("started to resolved", ("impact", "resolved")),
    },
    "datadog": {
        "Customer Impact Duration": Definition("while customers were impacted", ("impact", "recovered")),
        "Time to Detect": Definition("earliest customer impact to detection", ("impact", "detected")),
        "Time to Repair": Definition("detection to the end of the last customer impact", ("detected", "recovered")),
        "Time to Resolve": Definition("declaration to resolved", None, NO_DECLARATION),
    },
    "azure": {
        "TTD": Definition("impact starts to detected", ("impact", "detected")),
        "TTE": Definition("detected to the last needed engineer engaged", ("detected", "engaged")),
        "TTF": Definition("last needed engineer engaged to mitigated", ("engaged", "recovered")),
        "TTM": Definition("impact starts to mitigated", ("impact", "recovered")),
        "TTN": Definition("impact starts to the first notice to customers", ("impact", "notified_public")),
    },
    "pagerduty": {
        "seconds_to_first_ack": Definition("triggered to the first acknowledgement", ("paged", "acknowledged")),
        "seconds_to_mobilize": Definition("triggered to the last additional responder's acknowledgement", ("paged", LAST)),
        "seconds_to_engage": Definition("first responder's acknowledgement to the last one's", (FIRST, LAST)),
        "seconds_to_resolve": Definition("triggered to resolved", ("paged", "resolved")),
    },
    "dora": {
        "failed deployment recovery time": Definition("the deployment that failed to recovered", ("change", "recovered")),
        "time to restore": Definition("service impaired to restored", ("impact", "recovered")),
    },
}


def published(milestones: Iterable[Milestone], events: Sequence[Mapping[str, Any]] = ()) -> list[Duration]:
    """Every published duration. `events` are rows of the incident's own services: `event_id, kind, actor, at_ns, after_ns, agent_type`."""
    known = {m.name: m for m in milestones}
    known |= {m.name: m for m in responders(events)}
    kinds = {e["event_id"]: e["kind"] for e in events}
    found = [_one(name, profile, d, known) for profile, defined in PUBLISHED.items() for name, d in defined.items()]
    return [_reasoned(d, known, kinds) for d in found]


def responders(events: Iterable[Mapping[str, Any]]) -> list[Milestone]:
    """The first acknowledgements of the first and of the last person who took a page, if there were at least two people."""
    first: dict[str, Mapping[str, Any]] = {}
    for event in sorted(events, key=lambda e: (e["at_ns"], e["event_id"])):
        if event["kind"] == "page.acknowledged" and event["agent_type"] == "user" and event["actor"]:
            first.setdefault(event["actor"], event)
    if len(first) < 2:
        return []
    taken = list(first.values())
    return [
        Milestone(name, e["at_ns"], e["at_ns"], e["at_ns"] + e["after_ns"], "first acknowledgement of a responder", (e["event_id"],))
        for name, e in ((FIRST, taken[0]), (LAST, taken[-1]))
    ]


def _one(name: str, profile: str, defined: Definition, known: Mapping[str, Milestone]) -> Duration:
    if defined.pair is None:
        return Duration(name, profile, None, None, None, None, None, (), defined.why)
    return between(name, profile, defined.pair, known)


def _reasoned(found: Duration, known: Mapping[str, Milestone], kinds: Mapping[str, str]) -> Duration:
    """`found` with the publisher's own reason for a blank: one responder engages nobody else, and only a deployment can have failed."""
    if found.end == LAST and LAST not in known and "acknowledged" in known:
        return replace(found, why="only one person acknowledged, so it is not defined")
    change = known.get("change")
    if found.start == "change" and change and change.event_ids and kinds.get(change.event_ids[0], DEPLOYED[0]) not in DEPLOYED:
        return replace(found, low_s=None, best_s=None, high_s=None, why="the change before it was no deployment")
    return found


def of_timeline(timeline: Timeline) -> list[Duration]:
    """The published durations of a stored incident."""
    return published(marks_of(timeline.table("milestones")), _events(timeline))


def marks_of(table: pa.Table) -> list[Milestone]:
    """Milestones back from their table; those without a best estimate are unknown."""
    ends = [table[name].cast(pa.int64()).to_pylist() for name in ("earliest", "best", "latest")]
    rows = zip(table["name"].to_pylist(), *ends, table["method"].to_pylist(), table["event_ids"].to_pylist(), strict=True)
    return [Milestone(name, best, low, high, method, tuple(ids)) for name, low, best, high, method, ids in rows if best is not None]


def _events(timeline: Timeline) -> list[dict[str, Any]]:
    """Changes and acknowledgements that belong to the incident, in the shape that `published` takes."""
    aside, services = (set(filter(None, timeline.told.get(name, "").split(","))) for name in ("set_aside", "services"))
    table = timeline.table("events").select(["event_id", "kind", "actor", "service", "labels", "after_ns", "at"])
    return [
        {**row, "at_ns": at, "agent_type": row["labels"].get("agent_type", "user")}
        for row, at in zip(records(table), table["at"].cast(pa.int64()).to_pylist(), strict=True)
        if row["kind"].startswith(("page.acknowledged", "change.")) and row["event_id"] not in aside and (not services or row["service"] in services)
    ]


def chosen(timeline: Timeline, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Durations as rows of `normalize.tables.DURATIONS`, of the profiles named, separated by commas too; `all` is every one, none the stored ones.

    Raises ConfigError for a name that is no profile.
    """
    stored = records(timeline.table("durations"))
    others = [
        {
            "name": d.name, "profile": d.profile, "from": d.start, "to": d.end, "low_s": d.low_s, "best_s": d.best_s, "high_s": d.high_s,
            "event_ids": list(d.event_ids), "why": d.why,
        }
        for d in of_timeline(timeline)
    ]  # fmt: skip
    wanted = [name.strip() for text in names for name in text.split(",")]
    known = list(dict.fromkeys(d["profile"] for d in (*stored, *others)))
    unknown = [name for name in wanted if name not in (*known, "all")]
    if unknown:
        raise ConfigError(f"there is no profile {unknown[0]!r}; the profiles are {', '.join(known)}, or all")
    order = known if "all" in wanted else wanted or [name for name in known if name not in PUBLISHED]
    return [d for profile in order for d in (*stored, *others) if d["profile"] == profile]


def durations_text(timeline: Timeline, names: Sequence[str] = ()) -> str:
    """The chosen durations as a Markdown table. Raises ConfigError for a name that is no profile."""
    from .report import shown_value
    from .strip import resting

    wanted = chosen(timeline, names)
    unsupported = resting(timeline, wanted)
    marks = [{"name": m.name, "best_ns": m.best_ns} for m in marks_of(timeline.table("milestones"))]
    lines = ["| Profile | Duration | Value | Formula | Evidence, or why blank |", "|---|---|---|---|---|"]
    for d in wanted:
        formula = f"{cell(d['from'])} → {cell(d['to'])}" if d["from"] else "–"
        shown = ", ".join(f"`{i}`" for i in d["event_ids"]) if d["best_s"] is not None else cell(d["why"])
        if hole := unsupported.get((d["profile"], d["name"])):
            shown += f"; **unsupported**: {hole}"
        lines.append(f"| {cell(d['profile'])} | {cell(d['name'])} | {shown_value(d, marks)} | {formula} | {shown} |")
    return "\n".join(lines) + f"\n\nProfiles of ours: {', '.join(PROFILES)}; published by others: {', '.join(PUBLISHED)}. A blank is unknown, never zero.\n"
