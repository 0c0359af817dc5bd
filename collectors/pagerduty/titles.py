"""Titles of log entries: what was done to the page, without anybody's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import first, first_line, name, obj, rows, stamp, text

WORDS = {"annotate": "note", "status_update": "status update"}
CHANGES = {
    "assign": "assigned",
    "reassign": "reassigned",
    "delegate": "moved to another escalation policy",
    "unacknowledge": "back to triggered",
    "snooze": "snoozed",
    "repeat_escalation_path": "escalation policy started over",
    "exhaust_escalation_path": "escalation policy exhausted, nobody left to notify",
    "reach_ack_limit": "limit of acknowledgements reached",
    "reach_trigger_limit": "limit of triggers reached",
    "responder_request": "more responders requested",
    "urgency_change": "urgency changed",
    "priority_change": "priority changed",
    "field_value_change": "field changed",
    "custom_field_value_change": "custom field changed",
}


def entry_title(kind: str, entry: Mapping[str, Any], labels: Mapping[str, str], title: str | None, content: str | None) -> str:
    """One line on what the entry did; `title` is the incident's, `content` a note's or status update's words."""
    page = f"page #{labels['number']}" if "number" in labels else "page"
    if kind == "trigger":
        return _trigger_title(entry, labels, title)
    if kind in WORDS:
        return f"{WORDS[kind]}: {first_line(content)}" if content else WORDS[kind]
    if kind == "notify":
        return _notify_title(labels)
    if kind == "escalate":
        level = f" to level {labels['level']}" if "level" in labels else ""
        return f"{page} escalated{level}" + (", nobody acknowledged in time" if labels.get("channel") == "timeout" else "")
    if kind == "resolve":
        return f"{page} resolved" + (" automatically" if labels.get("auto") else "")
    return f"{page} acknowledged" if kind.startswith("acknowledge") else _change_title(kind, entry, page)


def _trigger_title(entry: Mapping[str, Any], labels: Mapping[str, str], title: str | None) -> str:
    """A repeated trigger brings its own words; the first opens the incident under the incident's title."""
    repeat = "repeat" in labels
    words = first(obj(entry, "channel").get("summary"), title) if repeat else title
    head = "page triggered again" if repeat else "page triggered"
    return (f"{head}: {first_line(words)}" if words else head) + (f" (#{labels['number']})" if "number" in labels else "")


def _notify_title(labels: Mapping[str, str]) -> str:
    means = labels.get("channel", "").replace("_", " ")
    failed = " (failed)" if labels.get("status", "").lower().startswith("fail") else ""
    return ("on-call notified" if means in ("", "auto") else f"on-call notified by {means}") + failed


def _change_title(kind: str, entry: Mapping[str, Any], page: str) -> str:
    """Title of a `page.changed`; of a type that nobody here knows, the words that PagerDuty wrote."""
    if kind not in CHANGES:
        return first_line(text(entry.get("summary"))) or f"{page}: {kind.replace('_', ' ') or 'changed'}"
    said = "; ".join(f"{old or 'none'} → {new or 'none'}" for old, new in changes(entry))
    until = snoozed_until(entry) if kind == "snooze" else None
    return f"{page} {CHANGES[kind]}" + (f": {said}" if said else "") + (f" until {until}" if until else "")


def changes(entry: Mapping[str, Any]) -> list[tuple[str | None, str | None]]:
    """Pairs of old and new value, from `channel.old_priority` and `.new_priority` or from a `changeset`."""
    channel = obj(entry, "channel")
    if "old_priority" in channel or "new_priority" in channel:
        return [(_value(channel.get("old_priority")), _value(channel.get("new_priority")))]
    given = entry.get("changeset") or channel.get("changeset")
    sets = given if isinstance(given, list) else list(given.values()) if isinstance(given, Mapping) else []
    pairs = []
    for change in sets:
        if isinstance(change, list) and len(change) == 2:
            pairs.append((_value(change[0]), _value(change[1])))
        elif isinstance(change, Mapping):
            pairs.append((_value(_first_of(change, "old", "old_value", "from")), _value(_first_of(change, "new", "new_value", "to", "value"))))
    return pairs


def _first_of(value: Mapping[str, Any], *keys: str) -> Any:
    """The value under the first of `keys` that is there."""
    return next((value[k] for k in keys if value.get(k) is not None), None)


def _value(value: Any) -> str | None:
    return text(value) or first(name(value), obj(value).get("value"))


def snoozed_until(entry: Mapping[str, Any]) -> str | None:
    """When a snooze ends: the time of its `unacknowledge` action."""
    actions = [a for a in rows(entry.get("changed_actions")) if isinstance(a, Mapping)]
    actions.sort(key=lambda a: a.get("type") != "unacknowledge")
    return next((at for at in (stamp(a.get("at")) for a in actions) if at), None)
