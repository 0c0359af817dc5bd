"""Incidents, alerts, notes and change events of PagerDuty as facts.

Source of knowledge: PagerDuty REST API v2, `Incident`, `Alert`, `IncidentNote` and `ChangeEvent` of its OpenAPI document; the
text in an alert's details is Alertmanager's default PagerDuty template. Each function returns one fact without `ref`;
an object without a usable time becomes `unreadable`, with its attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .entries import note_edge
from .fields import alert_labels, first, first_line, ident, kind_of_agent, name, number_and_title, obj, present, reference, rows, shared_labels, stamp, text
from .levels import Known

PERSON_KEYS = ("by", "user", "author", "deployer", "deployed_by", "triggered_by", "actor")


def incident_fact(incident: Mapping[str, Any], _: Known) -> dict[str, Any]:
    """`state.page`: an incident as it was when asked, at its `created_at`.

    Attributes: id, number, title, urgency, priority (its name), status, service {id, summary}, incident_key, created_at,
    resolved_at, last_status_change_at, escalation_policy, assignments and acknowledgements ([{at, id, summary}], emptied by
    PagerDuty once resolved), first_trigger (id of the log entry that opened it), merged_into (incident id or null), alert_counts.
    """
    number, title = number_and_title(incident)
    key = ident(incident)
    reason = obj(incident, "resolve_reason")
    attributes = {
        "id": key,
        "number": number,
        "title": title,
        "urgency": text(incident.get("urgency")),
        "priority": name(incident.get("priority")),
        "status": text(incident.get("status")),
        "service": reference(incident.get("service")),
        "incident_key": text(incident.get("incident_key")),
        "created_at": text(incident.get("created_at")),
        "resolved_at": text(incident.get("resolved_at")),
        "last_status_change_at": text(incident.get("last_status_change_at")),
        "escalation_policy": reference(incident.get("escalation_policy")),
        "assignments": _people(incident.get("assignments"), "assignee"),
        "acknowledgements": _people(incident.get("acknowledgements"), "acknowledger"),
        "first_trigger": ident(incident.get("first_trigger_log_entry")),
        "merged_into": ident(reason.get("incident")),
        "alert_counts": dict(obj(incident, "alert_counts")),
    }
    fact = {
        "kind": "state.page",
        "stamp": stamp(incident.get("created_at")),
        "title": title,
        "subject": name(incident.get("service")),
        "thread": f"pagerduty:{key}" if key else None,
        "edge": "",
        "labels": present(incident=key, number=number, urgency=incident.get("urgency"), priority=name(incident.get("priority")), status=incident.get("status")),
        "native_id": key,
        "url": text(incident.get("html_url")),
        "attributes": attributes,
    }
    return _or_unreadable(fact, f"incident {key}", "created_at", incident)


def alert_fact(alert: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """`state.page_alert`: an alert of an incident, at its `created_at` (when PagerDuty took it).

    `labels` are those that all Alertmanager alerts in it share. Attributes: id, incident, alert_key, status, resolved_at, severity,
    suppressed, details_text, alerts (all label sets), integration.
    """
    incident = ident(alert.get("incident")) or known.incident
    body = obj(alert, "body")
    details = body.get("details") or obj(body, "cef_details").get("details")
    sets = alert_labels(details) or alert_labels(obj(body, "cef_details").get("details"))
    labels = shared_labels(sets)
    summary, key = text(alert.get("summary")), ident(alert)
    fact = {
        "kind": "state.page_alert",
        "stamp": stamp(alert.get("created_at")),
        "severity": text(alert.get("severity")),
        "title": summary,
        "service": labels.get("service"),
        "subject": name(alert.get("service")),
        "thread": f"pagerduty:{incident}" if incident else None,
        "edge": f"alert:{key}",
        "labels": labels,
        "native_id": key,
        "url": text(alert.get("html_url")),
        "attributes": {
            "id": key,
            "incident": incident or None,
            "alert_key": text(alert.get("alert_key")),
            "status": text(alert.get("status")),
            "resolved_at": text(alert.get("resolved_at")),
            "severity": text(alert.get("severity")),
            "suppressed": alert.get("suppressed") is True,
            "details_text": first(obj(details).get("firing"), details),
            "alerts": sets,
            "integration": name(alert.get("integration")),
        },
    }
    return _or_unreadable(fact, f"alert {key}", "created_at", alert)


def note_fact(note: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """`note`: a person's words on an incident. The same words are an `annotate_log_entry`: thread and edge are equal.

    The object does not name its incident; where nothing else does, the note is a thread of its own.
    """
    content = first(note.get("content"), note.get("summary"))
    incident = ident(note.get("incident")) or known.incident
    key = ident(note)
    fact = {
        "kind": "note",
        "stamp": stamp(note.get("created_at")),
        "title": f"note: {first_line(content)}" if content else "note",
        "body": content,
        "actor": name(note.get("user")),
        "thread": f"pagerduty:{incident}" if incident else f"pagerduty:note:{key}",
        "edge": note_edge(content),
        "labels": present(incident=incident, agent_type=kind_of_agent(note.get("user")), channel=obj(note, "channel").get("summary")),
        "native_id": key,
        "attributes": {"id": key, "incident": incident or None, "updated_at": text(note.get("updated_at"))},
    }
    return _or_unreadable(fact, f"note {key}", "created_at", note)


def change_fact(change: Mapping[str, Any], known: Known) -> dict[str, Any]:
    """`change.reported`: a change event, at its `timestamp`; the actor is the person named in its details, else its `source`.

    Attributes: id, source, custom_details, links, services [{id, summary}].
    """
    key = ident(change)
    details = change.get("custom_details")
    by = first(*(obj(details).get(k) for k in PERSON_KEYS))
    told = {k: v for k, v in ((str(k), text(v)) for k, v in obj(details).items()) if v is not None and k not in PERSON_KEYS}
    told |= {k: "true" if v else "false" for k, v in obj(details).items() if isinstance(v, bool)}
    links = [href for href in (text(obj(link).get("href")) for link in rows(change.get("links"))) if href]
    services = [r for r in map(reference, rows(change.get("services"))) if r]
    for service in services:
        service["summary"] = service["summary"] or known.services.get(service["id"] or "")
    fact = {
        "kind": "change.reported",
        "stamp": stamp(change.get("timestamp")),
        "title": first_line(text(change.get("summary"))) or "change event without a summary",
        "body": "\n".join(f"{k}: {v}" for k, v in told.items()) or text(details),
        "subject": ", ".join(s["summary"] for s in services if s["summary"]) or None,
        "actor": by or text(change.get("source")),
        "thread": f"pagerduty:change:{key}" if key else None,
        "edge": "",
        "labels": told | present(type="change_event", agent_type="user" if by else "service", source=change.get("source")),
        "native_id": key,
        "url": links[0] if links else None,
        "attributes": {
            "id": key,
            "source": text(change.get("source")),
            "custom_details": dict(details) if isinstance(details, Mapping) else details,
            "links": links,
            "services": services,
        },
    }
    return _or_unreadable(fact, f"change event {key}", "timestamp", change)


def context_fact(item: Mapping[str, Any], key: str) -> dict[str, Any]:
    """`context.user`, `.service`, `.team` or `.escalation_policy`: what an id is called. E-mail addresses are left out."""
    kind = "escalation_policy" if key == "escalation_policies" else key.removesuffix("s")
    attributes = {"id": ident(item), "name": name(item)}
    return {"kind": f"context.{kind}", "title": name(item), "native_id": ident(item), "attributes": attributes}


def _people(items: Any, role: str) -> list[dict[str, str | None]]:
    found = [{"at": text(obj(item).get("at")), **(reference(obj(item).get(role)) or {})} for item in rows(items)]
    return [f for f in found if f.get("id") or f.get("summary")]


def _or_unreadable(fact: dict[str, Any], what: str, key: str, item: Mapping[str, Any]) -> dict[str, Any]:
    if fact["stamp"] is None:
        fact |= {"kind": "unreadable", "title": f"{what}: {key} {item.get(key)!r:.60} is no time with a zone"}
    return fact
