"""Which rows a reader needs, and which of them are one line.

The rule, as the report states it: everything that carries a milestone, every action (changes, pages, notes, silences), every
alert edge that is not background; then symptoms (metrics, restarts, probes, node conditions) and warnings of the cluster,
while there is room for 60 lines. Lines of one kind, service and wording within ten minutes are one line with a count; edges of
other services' alerts, which may flap all day, within the whole window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]

MOST_LINES = 60
FOLD_NS = 600_000_000_000
QUIET_NS = 60_000_000_000
ACTIONS = (
    "change.", "page.triggered", "page.acknowledged", "page.escalated", "page.resolved", "note", "decision", "comms.published",
    "alert.firing", "alert.resolved", "alert.pending", "alert.silenced", "alert.unsilenced",
)  # fmt: skip
SYMPTOMS = ("metric.", "workload.", "node.condition", "log.")
NAMES = re.compile(r"\b[\w.-]*\d[\w.-]*\b|\{[^}]*\}|\"[^\"]*\"")


@dataclass(frozen=True)
class Line:
    """One line of the table: its events, the first of which is shown."""

    events: tuple[Event, ...]
    tier: int

    @property
    def first(self) -> Event:
        """The event shown."""
        return self.events[0]

    @property
    def mixed(self) -> list[str]:
        """What the events are about, where they are of one kind but not of one wording; else nothing."""
        if len({_wording(e) for e in self.events}) < 2:
            return []
        return list(dict.fromkeys(str(e["subject"] or e["title"]) for e in self.events))

    @property
    def count(self) -> int:
        """How many times it happened."""
        return sum(e["count"] or 1 for e in self.events)


def lines(
    events: Iterable[Event], milestone_ids: set[str], set_aside: set[str], services: Set[str] = frozenset(), *, everything: bool = False
) -> tuple[list[Line], int]:
    """The lines to show in time order, and how many events they leave out. `services`: the incident's; none where all count."""
    listed = list(events)
    if everything:
        return [Line((e,), 0) for e in listed], 0
    told = {e["thread"] for e in listed if e["event_id"] in milestone_ids}
    ranked = [(tier(e, milestone_ids, told), e) for e in listed if e["event_id"] not in set_aside or e["event_id"] in milestone_ids]
    told_of = [(t, e) for t, e in ranked if t < 4]
    folded = fold(told_of, milestone_ids, FOLD_NS, services)
    if len(folded) > MOST_LINES:
        folded = fold(told_of, milestone_ids, None)
    for worst in (3, 2):
        if len(folded) > MOST_LINES:
            folded = _without(folded, worst, len(folded) - MOST_LINES)
    for within_ns in (FOLD_NS, 6 * FOLD_NS, None):
        if len(folded) > MOST_LINES:
            folded = coarser(folded, within_ns)
    shown = sum(len(line.events) for line in folded)
    return folded, len(listed) - shown


def tier(event: Event, milestone_ids: set[str], told: set[str]) -> int:
    """0 carries a milestone, 1 action or alert edge, 2 symptom, 3 warning, 4 not shown.

    A series counts as a symptom where a milestone rests on it (its thread is in `told`); else the edges of its alert say it all.
    """
    kind = event["kind"]
    if event["event_id"] in milestone_ids:
        return 0
    if kind.startswith("metric.") and event["thread"] not in told and event["labels"].get("role") != "configured":
        return 4
    if kind.startswith(ACTIONS):
        return 1
    if kind.startswith(SYMPTOMS):
        return 2
    if kind == "k8s.event" and event["severity"] == "warning":
        return 3
    return 4


def fold(ranked: Sequence[tuple[int, Event]], milestone_ids: set[str], within_ns: int | None, services: Set[str] = frozenset()) -> list[Line]:
    """Events of one kind, service and wording as one line; a milestone's event always stands alone. `within_ns` None: over the whole window."""
    open_lines: dict[tuple[str, ...], list[tuple[int, Event]]] = {}
    done: list[list[tuple[int, Event]]] = []
    for rank, event in ranked:
        key = _wording(event)
        group = open_lines.get(key)
        alone = event["event_id"] in milestone_ids or event["kind"].startswith(("change.", "note", "decision", "comms."))
        late = group is not None and within_ns is not None and (event["at_ns"] - group[0][1]["at_ns"] > within_ns or quiet(group[-1][1], event))
        if alone or group is None or (late and not _elsewhere(event, services)):
            group = []
            done.append(group)
            if not alone:
                open_lines[key] = group
        group.append((rank, event))
    return [Line(tuple(e for _, e in group), min(t for t, _ in group)) for group in done]


def quiet(before: Event, after: Event) -> bool:
    """Whether so long nothing of the kind happened between two events that they are two stories."""
    return bool(after["at_ns"] - max(before["at_ns"], before.get("until_ns") or 0) > QUIET_NS)


def coarser(folded: Sequence[Line], within_ns: int | None) -> list[Line]:
    """Actions and alert edges of one kind as one line, whatever they are about: none is left out, where there are too many for a line each."""
    open_lines: dict[str, list[Line]] = {}
    done: list[list[Line]] = []
    for line in folded:
        kind = line.first["kind"]
        group = open_lines.get(kind)
        alone = line.tier == 0
        if alone or group is None or (within_ns is not None and line.first["at_ns"] - group[0].first["at_ns"] > within_ns):
            group = []
            done.append(group)
            if not alone:
                open_lines[kind] = group
        group.append(line)
    return [Line(tuple(e for line in group for e in line.events), min(line.tier for line in group)) for group in done]


def _elsewhere(event: Event, services: Set[str]) -> bool:
    """Whether it is an alert's edge of a service that is not the incident's."""
    return bool(services) and event["kind"].startswith("alert.") and event["service"] not in services


def _wording(event: Event) -> tuple[str, ...]:
    subject = event["subject"] if event["kind"].startswith("alert.") else event["labels"].get("series") if event["kind"].startswith("metric.") else ""
    return event["kind"], event["service"] or "", subject or "", event["labels"].get("incident", ""), NAMES.sub("#", event["title"])


def _without(folded: list[Line], worst: int, excess: int) -> list[Line]:
    """`folded` without up to `excess` lines of tier `worst`, the least counted and latest first."""
    mine = sorted((line for line in folded if line.tier == worst), key=lambda line: (line.count, -line.first["at_ns"]))
    gone = {id(line) for line in mine[:excess]}
    return [line for line in folded if id(line) not in gone]
