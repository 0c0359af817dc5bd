"""Which alert runs a page is about: exactly by the group's key or by equal labels, else how likely.

An exact join still needs the run to fire when the page was triggered, since keys and labels come again with every incident of a
group. What had ended by then, and labels in the page that the run does not have, make it only likely.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .alert_runs import Alert
from .alert_samples import SECOND_NS
from .likelihood import PAGE_AFTER_END, PAGE_BEFORE_START, PAGE_LABELS, Likelihood
from .text import span

EARLY_NS = 5 * SECOND_NS
LATE_NS = 600 * SECOND_NS
# How far a pager's clock may be behind for its pages still to find their alerts.
BEHIND_NS = 120 * SECOND_NS

# When something was said of a page: the instant, the deduplication key, the label sets of the alerts in it.
Claim = tuple[int, str | None, list[dict[str, str]]]
Believed = Mapping[str, tuple[Alert, Likelihood]]


def joined_alerts(
    claims: Iterable[Claim], alerts: Sequence[Alert], keys: Mapping[str, set[str]], external: frozenset[tuple[str, str]]
) -> tuple[list[Alert], Believed]:
    """The alert runs that a page is about, earliest first; and by thread the runs it is likely or perhaps about. Exact joins are not among those.

    `keys`: an alert's thread → its deduplication keys; `external`: labels that Prometheus is known to add.
    """
    found: dict[str, Alert] = {}
    exact: set[str] = set()
    believed: dict[str, tuple[Alert, Likelihood]] = {}
    for at, key, sets in claims:
        for alert, belief in list(_grouped(alerts, keys, key, at)) or [hit for labels in sets for hit in _labelled(alerts, labels, at, external)]:
            if belief is None:
                exact.add(alert.thread)
            elif alert.thread not in believed or belief.value > believed[alert.thread][1].value:
                believed[alert.thread] = (alert, belief)
            if belief is None or belief.joins:
                found[alert.thread] = alert
    likely = {thread: pair for thread, pair in believed.items() if thread not in exact}
    return sorted(found.values(), key=lambda a: (a.start_ns, a.thread)), likely


def _grouped(alerts: Sequence[Alert], keys: Mapping[str, set[str]], key: str | None, at: int) -> Iterator[tuple[Alert, Likelihood | None]]:
    """The current runs of the group whose key the page has."""
    for alert in _current([a for a in alerts if key in keys[a.thread]], at) if key else []:
        yield alert, _at_trigger(alert, at, None, "same group")


def _labelled(alerts: Sequence[Alert], labels: Mapping[str, str], at: int, external: frozenset[tuple[str, str]]) -> Iterator[tuple[Alert, Likelihood | None]]:
    """The current runs whose labels are those printed in the page; less likely where the page has more."""
    hits = _current(_of_labels(alerts, labels), at)
    named = {tuple(sorted(a.labels.items())) for a in hits}
    for alert in hits:
        more = {k for k, v in labels.items() if (k, v) not in external} - {*alert.labels, *alert.shown}
        belief = Likelihood(PAGE_LABELS, "the page's labels hold all of the alert's").among(len(named) - 1) if more or len(named) > 1 else None
        yield alert, _at_trigger(alert, at, belief, "same labels")


def _at_trigger(alert: Alert, at: int, belief: Likelihood | None, what: str) -> Likelihood | None:
    """`belief`, less where the run had ended when the page was triggered, or had yet to begin."""
    if alert.holds(at, EARLY_NS):
        return belief
    if alert.firing_ns is not None and alert.firing_ns > at:
        early = f"the page is stamped {span((alert.firing_ns - at) / SECOND_NS)} before the alert fired"
        return belief.at_most(PAGE_BEFORE_START, early) if belief else Likelihood(PAGE_BEFORE_START, f"{what}; {early}")
    ago = f"the alert ended {span((at - alert.last_ns) / SECOND_NS)} before" if alert.last_ns is not None else "the alert may have ended before"
    return belief.at_most(PAGE_AFTER_END, ago) if belief else Likelihood(PAGE_AFTER_END, f"{what}; {ago}")


def _of_labels(alerts: Sequence[Alert], labels: Mapping[str, str]) -> list[Alert]:
    """Runs of the alert whose labels are the largest part of `labels`."""
    fitting = [a for a in alerts if "alertname" in a.labels and a.labels.items() <= labels.items()]
    most = max((len(a.labels) for a in fitting), default=0)
    return [a for a in fitting if len(a.labels) == most]


def _current(alerts: Sequence[Alert], at: int) -> list[Alert]:
    """Those that fire at `at`; else the latest that fired within ten minutes before, else the first within two minutes after."""
    firing = [a for a in alerts if a.holds(at, EARLY_NS)]
    if firing:
        return _latest_each(firing)
    before = [a for a in alerts if a.firing_ns is not None and -EARLY_NS <= at - a.firing_ns <= LATE_NS]
    if before:
        return [max(before, key=lambda a: (a.start_ns, a.thread))]
    after = [a for a in alerts if a.firing_ns is not None and 0 < a.firing_ns - at <= BEHIND_NS]
    return [min(after, key=lambda a: (a.start_ns, a.thread))] if after else []


def _latest_each(alerts: Sequence[Alert]) -> list[Alert]:
    """The latest run of each alert."""
    latest = {tuple(sorted(a.labels.items())): a for a in sorted(alerts, key=lambda a: a.start_ns)}
    return list(latest.values())
