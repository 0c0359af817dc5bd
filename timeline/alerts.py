"""Alerts as rows: one per edge of each run, with every system's word as a witness.

`alert.pending`, `.firing`, `.resolved` once per run; `.notified` once per run, state and receiver, repeats folded with their
count. `at` is Prometheus' where it has one. A run that is active when the window opens is one row at its start, "already …",
and no milestone; nor is one that was silenced from its start to its end.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ..collectors.alertmanager.fingerprint import fingerprint
from ..collectors.window import Window, rfc3339_short
from . import silences
from .alert_likely import perhaps
from .alert_routes import group_keys
from .alert_runs import WORDS, Alert, Told, alert_runs
from .alert_samples import MS_NS, SECOND_NS
from .likelihood import JOINED_LABEL
from .rows import Fact, Given, Row, Witness, witness

SERVICE = ("service", "app", "app_kubernetes_io_name", "deployment", "statefulset", "daemonset")
DULL = frozenset({"alertname", "severity", "team", "cluster", "env", "prometheus", "replica", "job"})


def rows(given: Given) -> list[Row]:
    """All alert rows; also silences, whose `about` is the one alert run that they concern."""
    alerts, configurations, muted = alert_runs(given), routes(given), silences.latest(given)
    found: list[Row] = []
    for alert in alerts:
        shared = _shared(alert, keys_of(alert, configurations))
        fires = alert.firing_ns is not None and alert.firing_ns >= given.window.since_ns
        fresh = fires and not _holds(alert, alert.firing_ns, alert.last_ns, given.window)
        shared["milestone_ok"] = fresh and not silences.covers(muted, alert, given.window)
        found += _edges(alert, shared, given.window)
    return [*perhaps(found, alerts), *silences.rows(given, alerts)]


def routes(given: Given) -> list[str]:
    """Every configuration of Alertmanager that was seen."""
    return sorted({str(f.attributes.get("original", "")) for f in given.of("context.am_route")})


def keys_of(alert: Alert, configurations: Sequence[str]) -> list[str]:
    """Group keys of the alert's notifications: those that were seen, and those that the configured routes give."""
    words = alert.words
    seen = {str(k) for f in words if (k := f.attributes.get("group_key"))}
    labels = next((f.labels for f in words if f.kind in WORDS), alert.shown)
    return sorted(seen.union(*(group_keys(original, labels) for original in configurations)))


def dedup_keys(keys: Sequence[str]) -> list[str]:
    """What PagerDuty calls those groups: SHA-256 of the group key, in hex (Alertmanager notify/util.go)."""
    return [hashlib.sha256(key.encode()).hexdigest() for key in keys]


def service_of(labels: dict[str, str]) -> str | None:
    """The service that labels name, None where they only name a job or an instance."""
    return next((labels[name] for name in SERVICE if labels.get(name)), None)


def _edges(alert: Alert, shared: dict[str, Any], window: Window) -> Iterator[Row]:
    run = alert.run
    if run and run.pending_ns is not None and not _holds(alert, alert.firing_ns, alert.last_ns, window):
        yield _pending(alert, run.pending_ns, shared, window)
    if alert.firing_ns is not None:
        yield _firing(alert, alert.firing_ns, shared, window)
        if alert.last_ns is not None:
            yield _resolved(alert, alert.last_ns, shared)
    yield from _notified(alert, shared, window)


def _holds(alert: Alert, start: int | None, end: int | None, window: Window) -> bool:
    """Whether an edge lies before the window and what it began reaches into it; samples that begin with the window prove no edge in it."""
    if start is None or (end is not None and end < window.since_ns):
        return False
    run = alert.run
    missed = run is not None and run.truncated and start in (run.pending_ns, run.firing_ns) and run.first_ns == start < window.since_ns + run.interval_ns
    return start < window.since_ns or missed


def _shared(alert: Alert, keys: Sequence[str]) -> dict[str, Any]:
    """The columns that all rows of a run have in common."""
    first = next((f for f in alert.words if f.kind in WORDS), None)
    labels = {**alert.shown, "alertname": alert.name, "fingerprint": (first.native_id if first else None) or fingerprint(alert.labels)}
    if alert.likely:
        labels[JOINED_LABEL] = alert.likely.words
    if keys:
        labels |= {"group_key": keys[0], "dedup_key": " ".join(sorted(dedup_keys(keys)))}
    return {
        "thread": alert.thread,
        "subject": alert.name,
        "service": service_of(alert.shown),
        "severity": alert.shown.get("severity"),
        "labels": labels,
        "url": next((f.url for f in alert.words if f.url), None),
        "collected_ns": max((f.collected_ns for f in alert.words if f.collected_ns is not None), default=None),
    }


def _pending(alert: Alert, at: int, shared: dict[str, Any], window: Window) -> Row:
    run = alert.run
    if run is None:
        raise ValueError("only Prometheus knows of pending alerts")
    words = [_sampled(alert, at), *(witness(f) for f in _one_each(alert.pending))]
    base = _by_samples(alert, at, words)
    base |= {"before_ns": run.pending_before_ns, "after_ns": run.pending_after_ns, "folds": _folds(alert.pending, words)}
    until = alert.firing_ns or run.end_ns
    title = f"{alert.name} pending{_where(alert)}"
    ok = at >= window.since_ns and (shared["milestone_ok"] or alert.firing_ns is None)
    return _row("alert.pending", "pending", {**shared, "milestone_ok": ok}, base, title, _holds(alert, at, until, window), window)


def _firing(alert: Alert, at: int, shared: dict[str, Any], window: Window) -> Row:
    run, told = alert.run, _one_each(alert.firing)
    if run:
        words = [_sampled(alert, at), *map(witness, told)]
        base = _by_samples(alert, at, words) | {"before_ns": run.firing_before_ns}
    else:
        words = list(map(witness, told))
        base = {"at_ns": at, "source": told[0].source, "clock": told[0].clock, "at_source": told[0].stamp, "ref": told[0].ref, "after_ns": told[0].after_ns}
    holds = _holds(alert, at, alert.last_ns, window) and alert.alive(window.since_ns)
    pending = alert.pending if holds else []
    base |= {"witnesses": tuple(words), "folds": _folds([*alert.firing, *pending], words), "body": alert.annotation("description")}
    summary = alert.annotation("summary")
    title = f"{alert.name} firing: {summary}" if summary else f"{alert.name} firing{_where(alert)}"
    return _row("alert.firing", "firing", shared, base, title, holds, window)


def _resolved(alert: Alert, at: int, shared: dict[str, Any]) -> Row:
    run = alert.run
    exact = {f.ref: t for t, f in alert.resolved}
    told = _one_each([f for _, f in alert.resolved])
    said = [Witness(f.source, f.clock, exact[f.ref], f.attributes.get("endsAt"), f.native_id, f.ref) for f in told]
    if run:
        words = [Witness("prometheus", run.clock, run.end_ns or at, None, None, run.ref), *said] if run.end_ns is not None else said
        base = _by_samples(alert, at, words) | {"before_ns": 0 if alert.end_ns is not None else run.end_before_ns, "after_ns": 1, "at_source": None}
        if alert.end_ns is not None and said:
            base["at_source"] = next((w.at_source for w in said if w.at_ns == alert.end_ns), None)
    else:
        words = said
        base = {"at_ns": at, "source": said[0].source, "clock": said[0].clock, "ref": said[0].ref}
        base["at_source"] = next((w.at_source for w in said if w.at_ns == at), said[0].at_source)
    base |= {"witnesses": tuple(words), "folds": _folds([f for _, f in alert.resolved], words)}
    return Row(kind="alert.resolved", edge="resolved", title=f"{alert.name} resolved{_where(alert)}", **{**shared, **base})


def _notified(alert: Alert, shared: dict[str, Any], window: Window) -> Iterator[Row]:
    """One row per state and receiver, at the first notification in the window, else at the first."""
    groups: dict[tuple[str, str], list[Told]] = {}
    for told in sorted(alert.told, key=lambda t: (t.at_ns, WORDS.index(t.fact.kind), t.fact.ref)):
        groups.setdefault((told.status, told.receiver), []).append(told)
    for (status, receiver), sent in groups.items():
        inside = [t for t in sent if window.since_ns <= t.at_ns < window.until_ns] or sent
        first = inside[0]
        count = max(_how_often([t for t in inside if t.fact.kind == kind]) for kind in WORDS)
        clock = "alertmanager" if first.fact.kind == "state.recorder_alert" else "alert-log"
        to = f" to {receiver}" if receiver else ""
        yield Row(
            kind="alert.notified",
            edge=f"notified:{status}:{receiver}",
            title=f"{alert.name} {status}: notified{to}{_where(alert)}",
            at_ns=first.at_ns,
            after_ns=_unit_ns(first.stamp),
            at_source=first.stamp,
            source=first.fact.source,
            clock=clock,
            ref=first.fact.ref,
            count=count,
            witnesses=(Witness(first.fact.source, clock, first.at_ns, first.stamp, first.fact.native_id, first.fact.ref),),
            folds=tuple(t.fact.ref for t in sent if t.fact.ref != first.fact.ref),
            **{**shared, "labels": {**shared["labels"], "status": status, "receiver": receiver}},
        )


def _how_often(sent: Iterable[Told]) -> int:
    """How many notifications these are: a file that was collected twice tells each only once."""
    files: dict[str, Counter[int]] = {}
    for told in sent:
        files.setdefault(told.fact.ref.partition("#")[0], Counter())[told.at_ns] += 1
    fullest: Counter[int] = Counter()
    for counted in files.values():
        fullest |= counted
    return fullest.total()


def _row(kind: str, edge: str, shared: dict[str, Any], base: dict[str, Any], title: str, holds: bool, window: Window) -> Row:  # noqa: PLR0917 - one call per edge, side by side
    """A row of one edge; one that holds when the window opens is moved to its start and says so."""
    if holds:
        true = base["at_source"] or rfc3339_short(base["at_ns"])
        base |= {"at_ns": window.since_ns, "before_ns": 0, "after_ns": 1, "at_source": true, "milestone_ok": False}
        title = f"already {edge}: {title.replace(f' {edge}', '', 1)}"
    return Row(kind=kind, edge=edge, title=title, **{**shared, **base})


def _by_samples(alert: Alert, at: int, words: Sequence[Witness]) -> dict[str, Any]:
    run = alert.run
    clock, ref = (run.clock, run.ref) if run else ("prometheus", "")
    return {
        "at_ns": at,
        "after_ns": MS_NS,
        "source": "prometheus",
        "clock": clock,
        "ref": ref,
        "at_source": next((w.at_source for w in words if w.at_source), None),
        "witnesses": tuple(words),
    }


def _sampled(alert: Alert, at: int) -> Witness:
    """The samples' own word, its time as Prometheus writes it; derived times (no sample stands there) have no text."""
    run = alert.run
    if run is None:
        raise ValueError("no samples")
    text = str(Decimal(at // MS_NS).scaleb(-3)) if run.first_ns <= at <= run.last_ns and at % MS_NS == 0 else None
    return Witness("prometheus", run.clock, at, text, None, run.ref)


def _one_each(facts: Sequence[Fact]) -> list[Fact]:
    """The first fact of each kind, in the order webhook, recorder, API."""
    found: dict[str, Fact] = {}
    for fact in facts:
        found.setdefault(fact.kind, fact)
    return sorted(found.values(), key=lambda f: WORDS.index(f.kind) if f.kind in WORDS else -1)


def _folds(facts: Sequence[Fact], words: Sequence[Witness]) -> tuple[str, ...]:
    named = {w.ref for w in words}
    return tuple(dict.fromkeys(f.ref for f in facts if f.ref not in named))


def _where(alert: Alert) -> str:
    """What tells this alert from others of its name, in a few words; a pod says enough."""
    telling = {k: v for k, v in sorted(alert.labels.items()) if k not in DULL}
    if "pod" in telling:
        telling = {"pod": telling["pod"]}
    words = ", ".join(f"{k}={v}" for k, v in list(telling.items())[:4])
    return f" ({words})" if words else ""


def _unit_ns(stamp: str) -> int:
    """What one unit of the last digit of an RFC 3339 stamp is worth."""
    fraction = stamp.partition(".")[2]
    digits = next((i for i, c in enumerate(fraction) if not c.isdigit()), len(fraction))
    return int(SECOND_NS // 10 ** min(digits, 9))
