"""Silences as rows: start, changes, end; and which alert runs they covered from beginning to end.

The same silence seen at several moments is one thing: the answer with the latest `updatedAt` knows best when it ends. An
edit is seen by an `updatedAt` after the start. Knowledge: Alertmanager OpenAPI v2 (`gettableSilence`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..collectors.window import SECOND_NS, Window, rfc3339_short
from ..normalize.stamps import instant_ns
from .alert_routes import matches
from .alert_runs import Alert
from .rows import Fact, Given, Row, row_of

OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
MOST = 20


def rows(given: Given, alerts: Sequence[Alert]) -> list[Row]:
    """Rows of every silence; `about` is the alert run that it concerns, when it is one."""
    return [row for facts in _by_silence(given).values() for row in _rows(facts, alerts)]


def latest(given: Given) -> list[Fact]:
    """What the latest answer says of each silence."""
    return [_latest(facts) for facts in _by_silence(given).values()]


def covers(muted: Sequence[Fact], alert: Alert, window: Window) -> bool:
    """Whether one of the silences held from before the alert fired until it ended (or until the window's end)."""
    start = alert.firing_ns
    if start is None:
        return False
    end = min(alert.last_ns or window.until_ns, window.until_ns)
    for fact in muted:
        since, until = fact.at_ns, _ns(fact, "endsAt")
        if since is not None and since <= start and (until is None or until >= end) and concerns(fact, alert.shown):
            return True
    return False


def concerns(fact: Fact, labels: Mapping[str, str]) -> bool:
    """Whether the silence's matchers take an alert with `labels`: every matcher of any of its sets."""
    try:
        return any(bool(one) and all(_takes(m, labels) for m in one) for one in fact.attributes.get("matcher_sets") or ())
    except re.error:
        return False


def _takes(matcher: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    operator = OPERATORS[bool(matcher.get("isEqual", True)), bool(matcher.get("isRegex"))]
    return matches(str(matcher.get("name")), operator, str(matcher.get("value")), labels)


def _by_silence(given: Given) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in given.of("alert.silenced", "alert.unsilenced"):
        if fact.thread and fact.thread.startswith("silence:"):
            found.setdefault(fact.thread, []).append(fact)
    return {thread: sorted(facts, key=lambda f: (f.kind, f.ref)) for thread, facts in sorted(found.items())}


def _latest(facts: Iterable[Fact]) -> Fact:
    """The start fact of the answer that knows most."""
    starts = [f for f in facts if f.kind == "alert.silenced"] or list(facts)
    return max(starts, key=lambda f: (_ns(f, "updatedAt") or 0, f.attributes.get("state") == "expired", f.ref))


def _rows(facts: list[Fact], alerts: Sequence[Alert]) -> list[Row]:
    best = _latest(facts)
    start, end = best.at_ns, _ns(best, "endsAt")
    if start is None:
        return []
    named = best.subject or "everything"
    starts = [f for f in facts if f.kind == "alert.silenced"]
    shared = _about(best, start, end, alerts)
    found = [row_of(best, title=f"silenced: {named}", until_ns=end, edge="start", folds=tuple(f.ref for f in starts if f is not best), **shared)]
    for fact in {_ns(f, "updatedAt"): f for f in sorted(starts, key=lambda f: f.ref, reverse=True)}.values():
        changed, until = _ns(fact, "updatedAt"), _ns(fact, "endsAt")
        over = fact.attributes.get("state") == "expired" or (until is not None and changed is not None and until - changed < SECOND_NS)
        if changed is not None and changed > start + SECOND_NS and not over:
            title = f"silence changed: {named}" + (f", now until {rfc3339_short(until // SECOND_NS * SECOND_NS)}" if until else "")
            stamp = fact.attributes.get("updatedAt")
            found.append(row_of(fact, at_ns=changed, at_source=stamp, title=title, until_ns=None, edge=f"changed:{changed // 1_000_000}", **shared))
    ended = next((f for f in facts if f.kind == "alert.unsilenced" and f.at_ns == end), None)
    past = best.collected_ns is None or (end is not None and end <= best.collected_ns)
    if end is not None and (ended is not None or past):
        stamp = best.attributes.get("endsAt")
        over = tuple(f.ref for f in facts if f.kind == "alert.unsilenced" and f is not ended)
        changes = {"kind": "alert.unsilenced", "title": f"silence over: {named}", "at_ns": end, "at_source": stamp, "until_ns": None, "edge": "end"}
        found.append(row_of(ended or best, actor=None, folds=over, **changes, **shared))
    return found


def _about(fact: Fact, start: int, end: int | None, alerts: Sequence[Alert]) -> dict[str, Any]:
    """Columns that tell which alert runs fired under the silence."""
    hit = [a for a in alerts if a.firing_ns is not None and (end is None or a.firing_ns < end) and (a.last_ns is None or a.last_ns > start)]
    hit = [a for a in hit if concerns(fact, a.shown)]
    labels = dict(fact.labels)
    if hit:
        labels |= {"alertname": " ".join(sorted({a.name for a in hit})), "alert_threads": " ".join(a.thread for a in hit[:MOST])}
    services = {a.shown.get("service") for a in hit} - {None}
    return {"about": hit[0].thread if len(hit) == 1 else "", "labels": labels, "service": services.pop() if len(services) == 1 else None}


def _ns(fact: Fact, name: str) -> int | None:
    value = fact.attributes.get(name)
    return instant_ns(value) if isinstance(value, str) else None
