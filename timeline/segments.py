"""Where the minutes went: TTD and TTA cut into named segments that sum exactly, each with the knob that owns it.

The steps are those of an alert that pages: impact → condition true (the run's pending edge, which is `ALERTS_FOR_STATE`) → firing → sent
(Alertmanager's notification) → page triggered → page notified → escalated → acknowledged. A step that was not seen, or that lies out of
order by more than its own uncertainty, is merged into its neighbours, and the segment says so. Points are the best estimates of the
milestones and the instants of the rows; a stamp cut to the second may move inside that second to keep its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..collectors.window import SECOND_NS
from .export import records
from .milestones import Milestone
from .published import marks_of
from .text import span, span_with_bounds

if TYPE_CHECKING:
    from .timeline import Timeline

# What each step is called, and what decides how long it takes to get there from the step before.
KNOBS = {
    "condition true": "scrape interval, rate window, rule evaluation",
    "firing": "`for` of the rule",
    "reported": "people: no alert told of it",
    "sent": "`group_wait` of the route",
    "page triggered": "routing to the pager",
    "page notified": "notification rules of who is on call",
    "escalated": "escalation policy",
    "acknowledged": "the person on call",
}
KINDS = ("alert.pending", "alert.firing", "alert.notified", "page.triggered", "page.notified", "page.escalated", "page.acknowledged")
COLUMNS = ("duration", "profile", "from", "to", "ns", "low_s", "best_s", "high_s", "knob", "merged", "event_ids")
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A point of the chain in [low_ns, high_ns]; None: not bounded on that side."""

    name: str
    at_ns: int
    low_ns: int | None
    high_ns: int | None
    event_id: str | None = None


@dataclass(frozen=True)
class Segment:
    """The time between two neighbouring steps of `duration`; `ns` sum to the whole. `merged` are the steps that it swallowed, with why."""

    duration: str
    profile: str
    start: Step
    end: Step
    knob: str
    merged: tuple[str, ...] = ()

    @property
    def ns(self) -> int:
        """How long it took."""
        return self.end.at_ns - self.start.at_ns

    @property
    def bounds_s(self) -> tuple[float | None, float | None]:
        """The shortest and the longest that its ends allow, in seconds."""
        low = None if self.end.low_ns is None or self.start.high_ns is None else max(0, self.end.low_ns - self.start.high_ns) / SECOND_NS
        high = None if self.end.high_ns is None or self.start.low_ns is None else max(0, self.end.high_ns - self.start.low_ns) / SECOND_NS
        best = self.ns / SECOND_NS
        return low if low is None else min(low, best), high if high is None else max(high, best)

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The rows that show its ends."""
        return tuple(i for i in (self.start.event_id, self.end.event_id) if i)


def segments(milestones: Iterable[Milestone], events: Sequence[Event]) -> list[Segment]:
    """Segments of TTD and TTA under profile impact, of TTA under profile alert where impact is unknown.

    `events` are rows of the story: event_id, kind, thread, labels, at_ns, before_ns, after_ns.
    """
    known = {m.name: m for m in milestones}
    found: list[Segment] = []
    to_detected, to_acknowledged = _steps(known, events)
    if "impact" in known and "detected" in known:
        found += cut("TTD", "impact", known["impact"], known["detected"], to_detected)
    begin = next((n for n in ("impact", "detected") if n in known), None)
    if begin and "acknowledged" in known:
        profile = "impact" if begin == "impact" else "alert"
        found += cut("TTA", profile, known[begin], known["acknowledged"], [*(to_detected if profile == "impact" else ()), *to_acknowledged])
    return found


def cut(duration: str, profile: str, begin: Milestone, end: Milestone, steps: Sequence[tuple[str, Step | None]]) -> list[Segment]:
    """The way from `begin` to `end` cut at `steps`; nothing where they contradict their order. The last of `steps` is `end` itself."""
    if end.best_ns < begin.best_ns:
        return []
    at, last = _point(begin.name, begin), _point(steps[-1][0], end)
    found, knobs, merged = [], list[str](), list[str]()
    for name, step in steps[:-1]:
        knobs.append(KNOBS[name])
        placed = step and _placed(step, at, last)
        if placed:
            found.append(Segment(duration, profile, at, placed, "; ".join(knobs), tuple(merged)))
            at, knobs, merged = placed, [], []
        else:
            merged.append(f"{name}: {'out of order' if step else 'not seen'}")
    return [*found, Segment(duration, profile, at, last, "; ".join([*knobs, KNOBS[steps[-1][0]]]), tuple(merged))]


def _placed(step: Step, before: Step, last: Step) -> Step | None:
    """`step` between its neighbours, moved no further than its own and the last step's uncertainty allow; None where it is out of order."""
    at = step.at_ns
    if at < before.at_ns and step.high_ns is not None and before.at_ns < step.high_ns:
        at = before.at_ns
    if at > last.at_ns and last.high_ns is not None and at < last.high_ns:
        at = last.at_ns
    if not before.at_ns <= at <= last.at_ns:
        return None
    return Step(step.name, at, step.low_ns, step.high_ns, step.event_id)


def _steps(known: Mapping[str, Milestone], events: Sequence[Event]) -> tuple[list[tuple[str, Step | None]], list[tuple[str, Step | None]]]:
    """The steps to `detected` and the ones from there to `acknowledged`; the last of either is the milestone's own place."""
    by_id = {e["event_id"]: e for e in events}
    detected, acknowledged = (_row(known.get(name), by_id) for name in ("detected", "acknowledged"))
    page = acknowledged or _row(known.get("paged"), by_id)
    incident = page["labels"].get("incident") if page else None
    fired = detected["thread"] if detected and detected["kind"] == "alert.firing" else None
    by_machine = detected is None or detected["kind"] == "alert.firing"
    threads = {t for t in (fired, page["thread"] if page else None) if t}
    first = [("condition true", _first("condition true", events, "alert.pending", lambda e: e["thread"] == fired))] if by_machine else []
    told = known.get("detected")
    first.append(("firing" if by_machine else "reported", _point("firing" if by_machine else "reported", told) if told else None))

    def of_page(event: Event) -> bool:
        return incident is not None and event["labels"].get("incident") == incident

    taken = known["acknowledged"].best_ns if "acknowledged" in known else 0
    second = [
        ("sent", _first("sent", events, "alert.notified", lambda e: e["thread"] in threads and e["labels"].get("status") != "resolved")),
        ("page triggered", _first("page triggered", events, "page.triggered", of_page)),
        ("page notified", _first("page notified", events, "page.notified", of_page)),
    ]
    escalated = [e for e in events if e["kind"] == "page.escalated" and of_page(e) and e["at_ns"] <= taken]
    if escalated:
        second.append(("escalated", _of("escalated", max(escalated, key=lambda e: (e["at_ns"], e["event_id"])))))
    if not by_machine:
        second = [pair for pair in second if pair[0] in ("page notified", "escalated")]
    return first, [*second, ("acknowledged", None)]


def _row(mark: Milestone | None, by_id: Mapping[str, Event]) -> Event | None:
    return by_id.get(mark.event_ids[0]) if mark and mark.event_ids else None


def _first(name: str, events: Sequence[Event], kind: str, fits: Any) -> Step | None:
    chosen = [e for e in events if e["kind"] == kind and fits(e)]
    return _of(name, min(chosen, key=lambda e: (e["at_ns"], e["event_id"]))) if chosen else None


def _of(name: str, event: Event) -> Step:
    at = event["at_ns"]
    return Step(name, at, at - event["before_ns"], at + event["after_ns"], event["event_id"])


def _point(name: str, mark: Milestone) -> Step:
    return Step(name, mark.best_ns, mark.earliest_ns, mark.latest_ns, mark.event_ids[0] if mark.event_ids else None)


def of_timeline(timeline: Timeline) -> list[Segment]:
    """The segments of a stored incident."""
    aside = set(timeline.told.get("set_aside", "").split(","))
    table = timeline.table("events").select(["event_id", "kind", "thread", "labels", "before_ns", "after_ns", "at"])
    times = table["at"].cast(pa.int64()).to_pylist()
    events = [{**row, "at_ns": at} for row, at in zip(records(table), times, strict=True) if row["kind"] in KINDS and row["event_id"] not in aside]
    return segments(marks_of(timeline.table("milestones")), events)


def segment_rows(timeline: Timeline) -> list[dict[str, Any]]:
    """The segments as JSON-ready rows with COLUMNS."""
    return [
        {
            "duration": s.duration, "profile": s.profile, "from": s.start.name, "to": s.end.name, "ns": s.ns,
            "low_s": s.bounds_s[0], "best_s": s.ns / SECOND_NS, "high_s": s.bounds_s[1],
            "knob": s.knob, "merged": list(s.merged), "event_ids": list(s.event_ids),
        }
        for s in of_timeline(timeline)
    ]  # fmt: skip


def segments_text(timeline: Timeline) -> str:
    """The part of the report: one table of the longest duration known, and what its segments sum to."""
    found = of_timeline(timeline)
    title = "## Where the minutes went\n\n"
    if not found:
        return title + "Neither TTD nor TTA is known, so there is nothing to divide."
    shown = [s for s in found if s.duration == found[-1].duration]
    whole = sum(s.ns for s in shown)
    lines = ["| From → to | Took | Share | Decided by |", "|---|---|---|---|"]
    for s in shown:
        said = f" ({'; '.join(s.merged)})" if s.merged else ""
        share = f"{100 * s.ns / whole:.0f} %" if whole else "–"
        lines.append(f"| {s.start.name} → {s.end.name}{said} | {span_with_bounds(_seconds([s]), *s.bounds_s)} | {share} | {s.knob} |")
    return title + "\n".join(lines) + f"\n\nTogether they are {shown[0].duration} ({shown[0].profile}), {span(_seconds(shown))}{_within(found, shown)}."


def _seconds(joined: Sequence[Segment]) -> float:
    """How long neighbouring segments took between the seconds that the report shows, so that a reader's sum agrees."""
    return float(joined[-1].end.at_ns // 1_000_000_000 - joined[0].start.at_ns // 1_000_000_000)


def _within(found: Sequence[Segment], shown: Sequence[Segment]) -> str:
    """Which of the segments shown are TTD."""
    first = [s for s in found if s.duration == "TTD"]
    if not first or first[0] in shown or not any(s.end.at_ns == first[-1].end.at_ns for s in shown):
        return ""
    return f"; up to `{first[-1].end.name}` they are TTD, {span(_seconds(first))}"
