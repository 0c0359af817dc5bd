"""Pages and notes as rows, tied to the alert runs that they are about.

A page is about an alert run when PagerDuty's `alert_key` is the SHA-256 of a group key of that run, else when the labels that
Alertmanager printed into the page contain all of the run's; and the run fired at the trigger or at most ten minutes before
it. The same key comes again with every incident of a group: the latest run counts. A run that had ended, and labels that the run
does not have, make that only likely (`likelihood`), and the page's rows say so. Titles alone prove nothing. A page without an
alert (a person's) that is not of low urgency belongs to the service that the alerts of the same pager service are about, where they
tell one, and it was opened while they fired or at most ten minutes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .alert_runs import Alert, alert_runs
from .alert_samples import SECOND_NS, external_pairs
from .alerts import dedup_keys, keys_of, routes, service_of
from .identity import pointer
from .likelihood import JOINED_LABEL, SAID, SAME_LABEL, SAME_WORDS, Likelihood
from .page_alerts import LATE_NS, Believed, Claim, joined_alerts
from .rows import Fact, Given, Row, Witness, row_of, witness
from .services import owners, workload_of

MOST = 20
OURS = ("page.", "note", "comms.published", "state.page", "state.page_alert")
PHASES = ("page.escalated", "page.acknowledged", "page.resolved", "page.changed")


@dataclass
class Page:
    """One incident: its log entries and notes in time, what its lists say of it."""

    thread: str
    entries: list[Fact] = field(default_factory=list)
    states: list[Fact] = field(default_factory=list)
    alerts: list[Fact] = field(default_factory=list)

    @property
    def triggers(self) -> list[Fact]:
        """Trigger entries in time."""
        return [f for f in self.entries if f.kind == "page.triggered"]

    @property
    def pager(self) -> str | None:
        """The pager's service that it was opened on."""
        told = ((f.attributes.get("service") or {}).get("summary") for f in self.states)
        return next((str(w) for w in (*told, *(f.subject for f in self.entries)) if w), None)

    @property
    def begun_ns(self) -> int | None:
        """When it was opened."""
        return next((f.at_ns for f in (*self.triggers, *self.states) if f.at_ns is not None), None)


def rows(given: Given) -> list[Row]:
    """Rows of every page and of the notes on it; `about` is the thread of the first alert run it is about."""
    pages = _pages(given)
    if not pages:
        return []
    found = _take_notes(pages, given)
    alerts = [a for a in alert_runs(given) if a.firing_ns is not None]
    configurations = routes(given)
    keys = {a.thread: set(dedup_keys(keys_of(a, configurations))) for a in alerts}
    pods = owners(given)
    external = external_pairs(given)
    joined = {page.thread: joined_alerts(_claims(page), alerts, keys, external) for page in pages}
    shared = {page.thread: _shared(page, *joined[page.thread], pods) for page in pages}
    fired = [(page.pager, shared[page.thread]["service"], a) for page in pages for a in joined[page.thread][0]]
    for page in pages:
        told = shared[page.thread]
        if not joined[page.thread][0]:
            told = {**told, "service": _beside(page, fired, given.window.until_ns)}
        found += [_with(row, told) for row in _rows(page, given)]
    return found


def _beside(page: Page, fired: Sequence[tuple[str | None, str | None, Alert]], until_ns: int) -> str | None:
    """The one service whose alerts fired on the same pager service when a page without an alert was opened."""
    at, calm = page.begun_ns, any("low" in (f.attributes.get("urgency"), f.labels.get("urgency")) for f in (*page.states, *page.triggers))
    if at is None or calm or page.pager is None:
        return None
    near = {service for pager, service, a in fired if pager == page.pager and a.start_ns - LATE_NS <= at <= (a.last_ns or until_ns)}
    return near.pop() if len(near) == 1 else None


def _claims(page: Page) -> Iterator[Claim]:
    """Every statement on what the page is about."""
    begun = page.begun_ns
    for fact in (*page.alerts, *page.triggers, *page.states):
        at = fact.at_ns if fact.at_ns is not None else begun
        if at is not None:
            key = fact.attributes.get("alert_key") or fact.attributes.get("incident_key")
            sets = fact.attributes.get("alerts")
            yield at, str(key) if key else None, [s for s in sets if isinstance(s, dict)] if isinstance(sets, list) else []


def _pages(given: Given) -> list[Page]:
    found: dict[str, Page] = {}
    for fact in given.of(*OURS):
        thread = fact.thread or ""
        if not thread.startswith("pagerduty:") or thread.startswith(("pagerduty:change:", "pagerduty:note:")):
            continue
        page = found.setdefault(thread, Page(thread))
        (page.states if fact.kind == "state.page" else page.alerts if fact.kind == "state.page_alert" else page.entries).append(fact)
    for page in found.values():
        for facts in (page.entries, page.states, page.alerts):
            facts.sort(key=_in_time)
    return [found[thread] for thread in sorted(found)]


def _in_time(fact: Fact) -> tuple[bool, int, str]:
    return fact.at_ns is None, fact.at_ns or 0, fact.ref


def _take_notes(pages: Sequence[Page], given: Given) -> list[Row]:
    """A saved list of notes does not say of which incident it is; the log entry of the same words and time does, where there is but one.

    Rows of those that fit several pages: each points at the first.
    """
    said: dict[str | None, list[tuple[Page, Fact]]] = {}
    for page in pages:
        for entry in page.entries:
            if entry.kind == "note" and entry.at_ns is not None:
                said.setdefault(entry.edge, []).append((page, entry))
    left = []
    for note in given.of("note"):
        if not (note.thread or "").startswith("pagerduty:note:") or note.at_ns is None:
            continue
        found = {page.thread: (page, entry) for page, entry in said.get(note.edge, ()) if abs((entry.at_ns or 0) - note.at_ns) <= 2 * SECOND_NS}
        if not found:
            continue
        page, entry = next(iter(found.values()))
        if len(found) == 1:
            page.entries.append(replace(note, thread=page.thread, labels={**entry.labels, **note.labels}))
            page.entries.sort(key=_in_time)
        else:
            belief = Likelihood(SAME_WORDS, "same words and time").among(len(found) - 1)
            left.append(row_of(note, labels={**note.labels, SAME_LABEL: pointer("note", page.thread, entry.edge or "", entry.at_ns or 0, belief)}))
    return left


def _rows(page: Page, given: Given) -> Iterator[Row]:
    entries = [f for f in page.entries if f.at_ns is not None]
    first = _first_trigger(page, given)
    if first:
        yield first
    for sent in _notifications(entries).values():
        inside = [f for f in sent if f.at_ns is not None and given.window.since_ns <= f.at_ns < given.window.until_ns] or sent
        others = tuple(f.ref for f in sent if f is not inside[0])
        yield row_of(inside[0], count=len({f.edge for f in inside}), folds=others)
    yield from (row_of(f) for f in entries if f.kind not in ("page.triggered", "page.notified"))


def _first_trigger(page: Page, given: Given) -> Row | None:
    """The page's opening, with later triggers folded; from the incident itself where the log lacks it.

    A page that is open when the window begins is one row at its start.
    """
    triggers = [f for f in page.triggers if f.at_ns is not None]
    opened = triggers or [f for f in page.states if f.at_ns is not None]
    if not opened:
        return None
    best = opened[0]
    number = best.labels.get("number")
    title = best.title if triggers else f"page triggered: {best.title}" + (f" (#{number})" if number else "")
    same = [f for f in opened[1:] if f.edge == best.edge and f.at_ns == best.at_ns]
    again = {f.edge for f in triggers}
    words: tuple[Witness, ...] = (witness(best), *(witness(f) for f in same))
    folds = tuple(dict.fromkeys(f.ref for f in (*opened[1:], *page.states, *page.alerts) if f is not best and f not in same))
    service = best.subject if not triggers else None
    row = row_of(best, kind="page.triggered", edge="triggered", title=title, witnesses=words, folds=folds, service=best.service or service)
    severity = row.severity or next((f.severity for f in page.alerts if f.severity), None)
    row = replace(row, count=len(again) if len(again) > 1 else None, severity=severity)
    return _already(row, page, given)


def _already(row: Row, page: Page, given: Given) -> Row:
    since = given.window.since_ns
    closed = max((f.at_ns for f in page.entries if f.kind == "page.resolved" and f.at_ns is not None), default=None)
    over = any(f.attributes.get("status") == "resolved" for f in page.states) and closed is None
    if row.at_ns >= since or over or (closed is not None and closed < since):
        return row
    return replace(row, at_ns=since, before_ns=0, after_ns=1, title=f"already open: {row.title}", milestone_ok=False)


def _notifications(entries: Sequence[Fact]) -> dict[tuple[Any, ...], list[Fact]]:
    """Contact attempts by person, outcome and phase of the page: each is one row."""
    found: dict[tuple[Any, ...], list[Fact]] = {}
    phase = 0
    for fact in entries:
        phase += fact.kind in PHASES and not str(fact.attributes.get("type", "")).startswith("assign")
        if fact.kind == "page.notified":
            user = fact.attributes.get("user") or {}
            found.setdefault((user.get("id") or user.get("summary"), fact.labels.get("status"), phase), []).append(fact)
    return found


def _shared(page: Page, joined: Sequence[Alert], likely: Believed, pods: Mapping[str, str]) -> dict[str, Any]:
    """What the alert runs add to every row of the page: thread, names, service."""
    urgency = next((str(u) for f in page.states if (u := f.attributes.get("urgency"))), "")
    labels: dict[str, str] = {"urgency": urgency} if urgency else {}
    if joined:
        labels["alertname"] = " ".join(sorted({a.name for a in joined}))
        if len(joined) > 1:
            labels["alert_threads"] = " ".join(a.thread for a in joined[:MOST])
    if beliefs := [b for a, b in likely.values() if b.joins]:
        labels[JOINED_LABEL] = min(beliefs, key=lambda b: b.value).words
    services = [s for a in joined if (s := service_of(a.shown) or _of_pod(a.shown.get("pod"), pods))]
    named = next((str(s) for f in page.states if (s := (f.attributes.get("service") or {}).get("summary"))), None)
    doubtful = [(b, a) for a, b in likely.values() if b.value >= SAID and not b.joins]
    belief, alert = max(doubtful, key=lambda pair: pair[0].value, default=(None, None))
    perhaps = pointer("alert.firing", alert.thread, "firing", alert.start_ns, belief) if belief and alert else ""
    return {"perhaps": perhaps, "about": joined[0].thread if joined else "", "labels": labels, "service": services[0] if services else None, "fallback": named}


def _of_pod(pod: str | None, pods: Mapping[str, str]) -> str | None:
    return (pods.get(pod) or workload_of(pod)) if pod else None


def _with(row: Row, shared: Mapping[str, Any]) -> Row:
    service = shared["service"] or row.service or shared["fallback"] or row.subject
    perhaps = {SAME_LABEL: shared["perhaps"]} if shared["perhaps"] and row.kind == "page.triggered" else {}
    return replace(row, about=shared["about"], service=service, labels={**row.labels, **shared["labels"], **perhaps})
