"""What alerts and their notifications tell of the clocks of Prometheus, Alertmanager's receivers and the pager.

A notification comes after what it tells of, and after `group_wait` where it is the first of its group: that holds whatever happens.
That the quickest of several deliveries took at most a second is an assumption: it is only made where at least two deliveries agree, it
is said, and it proves nothing by itself. Alertmanager sends one notification to all receivers at once, so a page and a saved webhook of the same
notification are compared with each other, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..collectors.window import SECOND_NS
from .alert_routes import shortest_wait_ns
from .alerts import routes
from .clocks import Bound
from .rows import Given, Row

QUICK_NS = SECOND_NS
NEAR_NS = 120 * SECOND_NS
ASSUMED = "assuming that the quickest delivery took at most 1 s"


@dataclass(frozen=True)
class Delivery:
    """One happening and its arrival on another clock, as readings: the least and the most that lie between them."""

    cause: str
    effect: str
    low_ns: int
    high_ns: int
    ref: str


def deliveries(given: Given, rows: Sequence[Row]) -> Iterator[Bound]:
    """Bounds from every alert run of the window with its notifications and pages."""
    alerts = [r for r in rows if r.kind in ("alert.firing", "alert.resolved") and not r.title.startswith("already ")]
    told = [r for r in rows if r.kind == "alert.notified"]
    pages = [r for r in rows if r.kind == "page.triggered" or (r.kind == "page.resolved" and r.labels.get("agent_type") != "user")]
    yield from _later(alerts, [*told, *pages])
    yield from _waited(given, alerts, [*told, *pages])
    yield from _together(told, pages)


def _later(alerts: Sequence[Row], arrivals: Sequence[Row]) -> Iterator[Bound]:
    """No arrival comes before the edge of the alert that it tells of."""
    edges = {(r.thread, "resolved" if r.kind == "alert.resolved" else "firing"): r for r in alerts}
    for one in arrivals:
        edge = edges.get((one.about or one.thread, _status(one)))
        if edge is not None and one.clock != edge.clock:
            most = one.at_ns + one.after_ns - (edge.at_ns - edge.before_ns)
            yield Bound(one.clock, edge.clock, most, f"{_noun(one)} comes after its alert", (one.ref,))


def _waited(given: Given, alerts: Sequence[Row], arrivals: Sequence[Row]) -> Iterator[Bound]:
    """The first notification of a new group comes `group_wait` after the group's first alert, and soon."""
    found: dict[tuple[str, str], list[Delivery]] = {}
    configurations = routes(given)
    for group in {r.labels["group_key"] for r in alerts if r.labels.get("group_key")}:
        members = [r for r in alerts if r.labels.get("group_key") == group]
        threads = {r.thread for r in members}
        waits = {w for c in configurations for r in members if (w := shortest_wait_ns(c, r.labels)) is not None}
        fired = [r for r in members if r.kind == "alert.firing" and r.source == "prometheus"]
        if not fired or len(waits) != 1 or not _new(given, rows=members):
            continue
        first, wait = min(fired, key=lambda r: r.at_ns), waits.pop()
        for clock in sorted({a.clock for a in arrivals} - {first.clock}):
            mine = [a for a in arrivals if a.clock == clock and (a.about or a.thread) in threads and _status(a) == "firing"]
            if mine:
                one = min(mine, key=lambda r: r.at_ns)
                low, high = one.at_ns - (first.at_ns + first.after_ns) - wait, one.at_ns + one.after_ns - (first.at_ns - first.before_ns) - wait
                found.setdefault((first.clock, clock), []).append(Delivery(first.clock, clock, low, high, one.ref))
    for (cause, effect), each in sorted(found.items()):
        best = min(each, key=lambda d: d.high_ns)
        yield Bound(effect, cause, best.high_ns, "a first notification comes `group_wait` after its alert", (best.ref,))
        if len(each) > 1:
            why = f"first notifications come soon after `group_wait`, {ASSUMED}"
            yield Bound(cause, effect, QUICK_NS - min(d.low_ns for d in each), why, (best.ref,), assumed=True)


def _new(given: Given, rows: Sequence[Row]) -> bool:
    """Whether the group's first alert in the window fired long after the window's start, with no older alert of the group about."""
    began = min(r.at_ns for r in rows)
    return all(r.kind == "alert.firing" or r.at_ns > began for r in rows) and began > given.window.since_ns


def _together(told: Sequence[Row], pages: Sequence[Row]) -> Iterator[Bound]:
    """A page and a saved webhook of one notification arrive within a second of each other, if at least two pairs say the same."""
    found: dict[tuple[str, str], list[Delivery]] = {}
    for page in pages:
        same = [t for t in told if t.thread == page.about and _status(t) == _status(page) and abs(t.at_ns - page.at_ns) <= NEAR_NS]
        if same:
            one = min(same, key=lambda t: abs(t.at_ns - page.at_ns))
            low, high = page.at_ns - page.before_ns - one.at_ns - one.after_ns, page.at_ns + page.after_ns - one.at_ns
            found.setdefault((one.clock, page.clock), []).append(Delivery(one.clock, page.clock, low, high, page.ref))
    for (log, pager), each in sorted(found.items()):
        low, high = max(d.low_ns for d in each) - QUICK_NS, min(d.high_ns for d in each) + QUICK_NS
        if len(each) > 1 and low <= high:
            why = f"page and webhook are one notification, {ASSUMED}"
            yield Bound(pager, log, high, why, (each[0].ref,), assumed=True)
            yield Bound(log, pager, -low, why, (each[0].ref,), assumed=True)


def _status(row: Row) -> str:
    if row.kind == "alert.notified":
        return row.labels.get("status", "")
    return "resolved" if row.kind == "page.resolved" else "firing"


def _noun(row: Row) -> str:
    return "a notification" if row.kind == "alert.notified" else "a page"
