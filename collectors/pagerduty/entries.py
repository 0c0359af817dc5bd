"""Log entries of PagerDuty incidents as facts: what happened to a page, and who did it.

Source of knowledge: PagerDuty REST API v2, "List log entries" and the `LogEntry` types of its OpenAPI document. Types
that the document lacks (`priority_change_`, `status_update_`, `responder_request_`, merges) exist; any type passes.

Titles name no person: `actor` holds who acted; `attributes.assignees` and `attributes.user` who was meant. The summary that
PagerDuty wrote, names included, is `body` where there is no better text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .fields import alert_labels, first, ident, kind_of_agent, name, number_and_title, obj, present, reference, rows, shared_labels, stamp, text
from .levels import Known, entry_type
from .titles import changes, entry_title, snoozed_until

KINDS = {
    "trigger": "page.triggered",
    "notify": "page.notified",
    "acknowledge": "page.acknowledged",
    "acknowledgement": "page.acknowledged",
    "escalate": "page.escalated",
    "resolve": "page.resolved",
    "annotate": "note",
    "status_update": "comms.published",
}
MACHINES = ("service", "integration")


def note_edge(content: str | None) -> str:
    """The edge that a note has in the log and in the notes API alike: a digest of its words."""
    return "note:" + hashlib.sha256(" ".join((content or "").split()).encode("utf-8", "replace")).hexdigest()[:12]


def entry_fact(entry: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """The fact of one log entry, without `ref`. An entry without a usable time becomes `unreadable`.

    Attributes: `type`, `summary`, `channel`, `incident` {id, number, title}, `service` {id, summary}; where they are given
    `assignees` and `user` ({id, summary}), `changes`, `until`, `incident_key`, `details_text`, `alerts` (label sets of the
    Alertmanager alerts that a trigger carries), `acknowledgement_timeout` (s).
    """
    kind = entry_type(entry)
    incident = ident(entry.get("incident")) or known.incident
    number, title = number_and_title(entry.get("incident"))
    title = known.titles.get(incident) or title
    agent, channel = obj(entry, "agent"), obj(entry, "channel")
    content = _content(kind, entry)
    labels = _labels(entry, kind, incident, number, known)
    created = stamp(entry.get("created_at"))
    until = snoozed_until(entry) if kind == "snooze" else None
    fact: dict[str, Any] = {
        "kind": KINDS.get(kind, "page.changed"),
        "stamp": created,
        "until_stamp": until,
        "title": entry_title(kind, entry, labels, title, content),
        "body": content or text(entry.get("summary")),
        "subject": name(entry.get("service")),
        "actor": name(agent),
        "thread": f"pagerduty:{incident}" if incident else None,
        "edge": note_edge(content) if kind == "annotate" else ident(entry),
        "labels": labels,
        "native_id": ident(entry),
        "url": first(entry.get("html_url"), obj(entry, "incident").get("html_url")),
        "attributes": {
            "type": text(entry.get("type")),
            "summary": text(entry.get("summary")),
            "channel": text(channel.get("type")),
            "incident": {"id": incident or None, "number": number, "title": title},
            "service": reference(entry.get("service")),
            **_extras(entry, channel, until),
        },
    }
    if created is None:
        fact |= {"kind": "unreadable", "title": f"log entry {ident(entry)}: created_at {entry.get('created_at')!r:.60} is no time with a zone"}
    return fact


def _content(kind: str, entry: Mapping[str, Any]) -> str | None:
    """The words of a note or status update; None for other entries."""
    channel = obj(entry, "channel")
    if kind == "annotate":
        return first(channel.get("summary"), channel.get("content"), entry.get("note"))
    if kind == "status_update":
        return first(entry.get("message"), channel.get("message"), obj(entry, "status_update").get("message"), channel.get("summary"))
    return None


def _labels(entry: Mapping[str, Any], kind: str, incident: str, number: str | None, known: Known) -> dict[str, str]:
    agent_type = kind_of_agent(entry.get("agent"))
    channel = obj(entry, "channel")
    notification = obj(channel, "notification")
    urgency = first(obj(entry, "incident").get("urgency"), known.urgencies.get(incident))
    people = {"notify": [entry.get("user") or channel.get("user")], "assign": rows(entry.get("assignees"))}.get(kind, [entry.get("agent")])
    levels = [known.levels[incident, i] for i in map(ident, people) if i and (incident, i) in known.levels]
    level = known.reached.get(ident(entry) or "") or (levels[0] if levels and len(set(levels)) == 1 and len(levels) == len(people) else None)
    machine = agent_type in MACHINES or (agent_type is None and channel.get("type") in ("auto", "timeout"))
    return present(
        incident=incident,
        number=number,
        type=text(entry.get("type")),
        agent_type=agent_type,
        level=level,
        urgency=urgency,
        channel=(first(notification.get("type"), channel.get("type")) or "").removesuffix("_notification") or None,
        status=notification.get("status"),
        auto="true" if kind == "resolve" and machine else None,
        repeat="true" if kind == "trigger" and ident(entry) in known.repeats else None,
    )


def _extras(entry: Mapping[str, Any], channel: Mapping[str, Any], until: str | None) -> dict[str, Any]:
    alerts = alert_labels(channel.get("details"))
    found = {
        "assignees": [r for r in map(reference, rows(entry.get("assignees"))) if r],
        "user": reference(entry.get("user") or channel.get("user")),
        "changes": [list(pair) for pair in changes(entry)],
        "until": until,
        "incident_key": text(channel.get("incident_key")),
        "alerts": alerts,
        "alert_labels": shared_labels(alerts),
        "acknowledgement_timeout": text(entry.get("acknowledgement_timeout")),
    }
    return {k: v for k, v in found.items() if v}
