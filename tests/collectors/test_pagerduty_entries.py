"""Every type of log entry: its kind, its words, and what can be derived about levels."""

from __future__ import annotations

from typing import Any

import pytest
from retroline.collectors.pagerduty.entries import entry_fact, note_edge
from retroline.collectors.pagerduty.levels import Known, study

AT = "2026-11-21T00:20:10Z"
INCIDENT = {"id": "Q1", "type": "incident_reference", "summary": "[#7] shop: down"}


def entry(kind: str, second: int = 10, **more: Any) -> dict[str, Any]:
    at = f"2026-11-21T00:20:{second:02d}Z"
    return {"id": f"R-{kind}-{second}", "type": f"{kind}_log_entry", "created_at": at, "incident": INCIDENT, "summary": f"{kind} happened", **more}


def people(*ids: str) -> list[dict[str, str]]:
    return [{"id": i, "type": "user_reference", "summary": f"Person {i}"} for i in ids]


@pytest.mark.parametrize(
    ("kind", "more", "expected", "title"),
    [
        ("trigger", {}, "page.triggered", "page triggered: shop: down (#7)"),
        ("acknowledge", {}, "page.acknowledged", "page #7 acknowledged"),
        ("acknowledgement", {}, "page.acknowledged", "page #7 acknowledged"),
        ("escalate", {"channel": {"type": "timeout"}}, "page.escalated", "page #7 escalated, nobody acknowledged in time"),
        ("escalate", {"channel": {"type": "website"}}, "page.escalated", "page #7 escalated"),
        ("notify", {"channel": {"notification": {"type": "sms_notification", "status": "success"}}}, "page.notified", "on-call notified by sms"),
        ("notify", {"channel": {"notification": {"type": "push", "status": "failed"}}}, "page.notified", "on-call notified by push (failed)"),
        ("notify", {"channel": None}, "page.notified", "on-call notified"),
        ("resolve", {"agent": {"type": "user_reference"}}, "page.resolved", "page #7 resolved"),
        ("resolve", {"channel": {"type": "timeout"}, "agent": None}, "page.resolved", "page #7 resolved automatically"),
        ("annotate", {"channel": {"summary": "\n rolling back \nnow"}}, "note", "note: rolling back"),
        ("annotate", {"channel": {}}, "note", "note"),
        ("status_update", {"message": "We are on it."}, "comms.published", "status update: We are on it."),
        ("status_update", {"channel": {"message": "Still."}}, "comms.published", "status update: Still."),
        ("assign", {}, "page.changed", "page #7 assigned"),
        ("delegate", {}, "page.changed", "page #7 moved to another escalation policy"),
        ("unacknowledge", {}, "page.changed", "page #7 back to triggered"),
        ("snooze", {"changed_actions": [{"type": "unacknowledge", "at": AT}]}, "page.changed", f"page #7 snoozed until {AT}"),
        ("snooze", {"changed_actions": None}, "page.changed", "page #7 snoozed"),
        ("repeat_escalation_path", {}, "page.changed", "page #7 escalation policy started over"),
        ("exhaust_escalation_path", {}, "page.changed", "page #7 escalation policy exhausted, nobody left to notify"),
        ("reach_ack_limit", {}, "page.changed", "page #7 limit of acknowledgements reached"),
        ("reach_trigger_limit", {}, "page.changed", "page #7 limit of triggers reached"),
        ("urgency_change", {"changeset": {"urgency": ["high", "low"]}}, "page.changed", "page #7 urgency changed: high → low"),
        ("urgency_change", {"changeset": [{"old": "low", "new": "high"}]}, "page.changed", "page #7 urgency changed: low → high"),
        ("priority_change", {"channel": {"old_priority": None, "new_priority": {"summary": "P1"}}}, "page.changed", "page #7 priority changed: none → P1"),
        ("field_value_change", {"changeset": "?"}, "page.changed", "page #7 field changed"),
        ("responder_request", {}, "page.changed", "page #7 more responders requested"),
        ("merge_incident", {}, "page.changed", "merge_incident happened"),
        ("never_heard_of", {"summary": None}, "page.changed", "page #7: never heard of"),
    ],
)
def test_each_type(kind: str, more: dict[str, Any], expected: str, title: str) -> None:
    """Each type becomes its kind with words of its own; types that nobody knows pass with PagerDuty's words."""
    fact = entry_fact(entry(kind, **more), Known())

    assert (expected, title) == (fact["kind"], fact["title"])
    assert f"{kind}_log_entry" == fact["labels"]["type"] == fact["attributes"]["type"]
    assert (fact["thread"], fact["stamp"]) == ("pagerduty:Q1", AT)


def test_snooze_lasts() -> None:
    """A snooze is an interval that ends when it says."""
    later = "2026-11-21T04:00:00Z"

    assert later == entry_fact(entry("snooze", changed_actions=[{"type": "resolve", "at": AT}, {"type": "unacknowledge", "at": later}]), Known())["until_stamp"]


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({"type": "user_reference"}, {"agent_type": "user"}),
        ({"type": "service_reference"}, {"agent_type": "service", "auto": "true"}),
        ({"type": "events_api_v2_inbound_integration_reference"}, {"agent_type": "integration", "auto": "true"}),
        (None, {}),
    ],
)
def test_who_resolved(agent: Any, expected: dict[str, str]) -> None:
    """A resolve by a service or an integration is automatic, one by a person is not."""
    labels = entry_fact(entry("resolve", agent=agent, channel={"type": "api"}), Known())["labels"]

    assert expected == {k: labels[k] for k in ("agent_type", "auto") if k in labels}


def levels_of(log: list[dict[str, Any]]) -> dict[str, str | None]:
    known = Known()
    study(log, known)
    return {e["id"]: entry_fact(e, known)["labels"].get("level") for e in log}


def test_levels_rise_with_escalations() -> None:
    """Level 1 is the first assignment, each escalation is one higher; whoever was called keeps that level."""
    log = [
        entry("trigger", 10),
        entry("assign", 10, assignees=people("A")),
        entry("notify", 11, user=people("A")[0]),
        entry("escalate", 20, assignees=people("B", "C")),
        entry("escalate", 30, assignees=people("D")),
        entry("acknowledge", 31, agent=people("C")[0]),
        entry("acknowledge", 32, agent=people("E")[0]),
        entry("escalate", 40, assignees=people("A")),
    ]

    assert levels_of(log) == {
        "R-trigger-10": None, "R-assign-10": "1", "R-notify-11": "1", "R-escalate-20": "2", "R-escalate-30": "3",
        "R-acknowledge-31": "2", "R-acknowledge-32": None, "R-escalate-40": "1",
    }  # fmt: skip


def test_no_levels_without_the_beginning() -> None:
    """A part of a log that lacks the trigger or the first assignment says nothing about levels."""
    log = [entry("trigger", 10), entry("assign", 10, assignees=people("A")), entry("escalate", 20, assignees=people("B"))]

    assert {None} == set(levels_of(log[1:]).values())
    assert {None} == set(levels_of([log[0], log[2]]).values())


def test_assigned_by_hand_has_no_level() -> None:
    """Who is added by a colleague, not by the policy, has no level."""
    log = [entry("trigger", 10), entry("assign", 10, assignees=people("A")), entry("assign", 20, assignees=people("A", "Z"))]
    log.append(entry("acknowledge", 21, agent=people("Z")[0]))

    assert levels_of(log) == {"R-trigger-10": None, "R-assign-10": "1", "R-assign-20": None, "R-acknowledge-21": None}


def test_note_edge_ignores_spacing() -> None:
    """Two renderings of the same words have the same edge, other words another."""
    assert note_edge("a  b\r\n") == note_edge("a b")
    assert note_edge("a b") != note_edge("a c")
    assert note_edge(None) == note_edge("")


def test_trigger_carries_alerts() -> None:
    """A trigger keeps the alerts that Alertmanager sent with it, and the key that names their group."""
    details = {"firing": "Labels:\n - alertname = Down\nAnnotations:\n"}

    attributes = entry_fact(entry("trigger", channel={"type": "api", "incident_key": "k", "details": details}), Known())["attributes"]

    assert (attributes["alerts"], attributes["incident_key"]) == ([{"alertname": "Down"}], "k")
