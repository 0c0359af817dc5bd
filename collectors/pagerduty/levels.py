"""What a PagerDuty answer tells beside each entry: names by id, and at which escalation level people were called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import ident, order, rows, text


@dataclass
class Known:
    """What a reply tells beside the entry at hand.

    `incident` is the one asked for (""); `titles` and `urgencies` by incident id; `services` names by id; `levels` by
    (incident, user): the escalation level at which that user was first called; `reached` by entry id: the level
    escalated to; `repeats`: ids of trigger entries that are not their incident's first.
    """

    incident: str = ""
    titles: dict[str, str] = field(default_factory=dict)
    urgencies: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    levels: dict[tuple[str, str], int] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    repeats: set[str] = field(default_factory=set)


def entry_type(entry: Mapping[str, Any]) -> str:
    """The type without its ending: `acknowledge` for `acknowledge_log_entry`."""
    return (text(entry.get("type")) or "").removesuffix("_reference").removesuffix("_log_entry")


def study(entries: Iterable[Any], known: Known) -> None:
    """Derive levels and repeated triggers, for each incident whose first trigger is among `entries`.

    Level 1 is the first assignment; each escalation goes one up, unless to people called before (the policy started over).
    People whom someone assigns by hand later have no level.
    """
    by_incident: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if isinstance(entry, Mapping):
            by_incident.setdefault(ident(entry.get("incident")) or known.incident, []).append(entry)
    ranks = {"trigger": 0, "assign": 1}
    for incident, log in by_incident.items():
        log.sort(key=lambda e: (order(e.get("created_at")), ranks.get(entry_type(e), 2), ident(e) or ""))
        triggers = [ident(e) or "" for e in log if entry_type(e) == "trigger"]
        known.repeats.update(triggers[1:])
        if triggers and entry_type(log[0]) == "trigger":
            _study_one(incident, log, known)


def _study_one(incident: str, log: list[Mapping[str, Any]], known: Known) -> None:
    level = 0
    for entry in log:
        kind = entry_type(entry)
        people = [i for i in map(ident, rows(entry.get("assignees"))) if i]
        called = [known.levels[incident, p] for p in people if (incident, p) in known.levels]
        if kind == "assign" and level == 0 and people:
            level = 1
        elif kind == "escalate" and level and people:
            level = min(called) if len(called) == len(people) else level + 1
            known.reached[ident(entry) or ""] = level
        else:
            continue
        for person in people:
            known.levels.setdefault((incident, person), level)
