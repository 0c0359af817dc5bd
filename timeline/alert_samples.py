"""Runs of alerts in Prometheus' own record of them: the series ALERTS and ALERTS_FOR_STATE.

One ALERTS series holds every run of an alert in one state; a sample stands at each evaluation while it is active, none
otherwise. A run ends where the samples stop for more than 1.5 evaluation intervals, unless ALERTS_FOR_STATE says on both
sides that the condition has held since the same second (an evaluation was missed). ALERTS_FOR_STATE's value is the start of
pending in whole seconds; evaluations are evenly spaced, so the samples' phase gives its milliseconds. Knowledge: Prometheus
documentation "Alerting rules" and its rules/alerting.go at 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from .alert_extent import ALERTS, Extent, Times, extent, metric, spacing
from .rows import Fact, Given, Series

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
STATES = ("pending", "firing")
REPLICAS = frozenset({"replica", "prometheus_replica", "__replica__"})
FALLBACK_NS = 60 * SECOND_NS


@dataclass(frozen=True)
class Rule:
    """What is known of an alert's rule, in nanoseconds; None is unknown."""

    interval_ns: int | None = None
    for_ns: int | None = None


@dataclass(frozen=True)
class Run:
    """One run of one alert as its samples show it.

    `pending_ns` is None for a rule without `for`, `firing_ns` for a run that never fired. The edges lie in `[at - before, at + after)`.
    `last_ns` is the last active sample, `end_ns` the evaluation that ended it, None while it is active at the end of the data.
    `truncated` is True when the run may have begun before the data did.
    """

    labels: Mapping[str, str]
    first_ns: int
    last_ns: int
    interval_ns: int
    pending_ns: int | None = None
    pending_before_ns: int = 0
    pending_after_ns: int = MS_NS
    firing_ns: int | None = None
    firing_before_ns: int = 0
    end_ns: int | None = None
    end_before_ns: int = 0
    truncated: bool = False
    ref: str = ""
    clock: str = "prometheus"
    replica: str = ""


@dataclass
class _Alert:
    """All samples of one alert of one Prometheus: its states' times, ends that were marked, and (time, activeAt)."""

    labels: Mapping[str, str]
    times: dict[str, list[Times]] = field(default_factory=lambda: {s: [] for s in STATES})
    marks: list[Times] = field(default_factory=list)
    since: list[tuple[Times, npt.NDArray[np.float64]]] = field(default_factory=list)
    step_ns: int | None = None
    ref: str = ""
    clock: str = "prometheus"


def external_pairs(given: Given) -> frozenset[tuple[str, str]]:
    """Labels that Prometheus adds on the way out: they name the sender, not the alert."""
    return frozenset((str(k), str(v)) for f in given.of("context.external_labels") for k, v in (f.attributes.get("labels") or {}).items())


def own_labels(labels: Mapping[str, str], external: frozenset[tuple[str, str]]) -> dict[str, str]:
    """`labels` that name the alert: without metric name, state, replica and external labels."""
    return {k: v for k, v in labels.items() if k not in REPLICAS and k not in ("__name__", "alertstate") and (k, v) not in external}


def rules(given: Given) -> dict[str, list[Fact]]:
    """`context.rule` facts by alert name."""
    found: dict[str, list[Fact]] = {}
    for fact in given.of("context.rule"):
        found.setdefault(str(fact.attributes.get("alert")), []).append(fact)
    return found


def rule_of(labels: Mapping[str, str], known: Mapping[str, Sequence[Fact]]) -> Rule:
    """The rule of the alert with `labels`: the one of its name whose own labels fit best."""
    candidates = known.get(labels.get("alertname", ""), ())
    if not candidates:
        return Rule()

    def fit(fact: Fact) -> tuple[int, str]:
        fixed = fact.attributes.get("labels") or {}
        return sum(labels.get(k) == v for k, v in fixed.items()), fact.ref

    attributes = max(candidates, key=fit).attributes
    return Rule(_ns(attributes.get("interval_s")), _ns(attributes.get("for_s")))


def sampled_runs(given: Given) -> list[Run]:
    """Every run that ALERTS samples show, replicas merged, sorted by labels and time."""
    series = [s for s in given.series if metric(s) in ALERTS and len(s.at_ns)]
    if not series:
        return []
    known, external = rules(given), external_pairs(given)
    data = extent(given, series, {_full(s) for s in series})
    found: dict[tuple[tuple[str, str], ...], list[Run]] = {}
    for alert in _alerts(series):
        own = own_labels(alert.labels, external)
        for run in _runs(alert, rule_of(own, known), data):
            found.setdefault(tuple(sorted(own.items())), []).append(replace(run, labels=own))
    return [run for key in sorted(found) for run in _merged(found[key])]


def _alerts(series: Sequence[Series]) -> list[_Alert]:
    """Samples by alert; a stepped series only counts where there is no raw one of that alert."""
    raw = {_full(s) for s in series if s.step_ns is None and metric(s) == "ALERTS"}
    found: dict[tuple[tuple[str, str], ...], _Alert] = {}
    for one in series:
        key = _full(one)
        if one.step_ns is not None and key in raw:
            continue
        alert = found.setdefault(key, _Alert(dict(key), ref=one.ref, clock=one.clock))
        gone = np.isnan(one.values) | (one.values == 0)
        if metric(one) == "ALERTS":
            state = one.labels.get("alertstate", "firing")
            alert.times.setdefault(state, []).append(one.at_ns[~gone])
            alert.marks.append(one.at_ns[gone])
            alert.ref, alert.step_ns = one.ref, one.step_ns if alert.step_ns is None else alert.step_ns
        else:
            alert.since.append((one.at_ns[~gone], one.values[~gone]))
    return [found[key] for key in sorted(found)]


def _full(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in series.labels.items() if k not in ("__name__", "alertstate")))


def _runs(alert: _Alert, rule: Rule, data: Extent) -> list[Run]:
    pending, firing = (_joined(alert.times[state]) for state in STATES)
    active = np.union1d(pending, firing)
    if not len(active):
        return []
    interval = alert.step_ns or rule.interval_ns or spacing(np.diff(active)) or data.usual or FALLBACK_NS
    active_at = _active_at(alert, active)
    fires = np.isin(active, firing)
    gaps = (np.diff(active) > 1.5 * interval) & ~((active_at[1:] == active_at[:-1]) & (active_at[1:] >= 0))
    cuts = np.flatnonzero(gaps | (fires[:-1] & ~fires[1:])) + 1
    marks = np.setdiff1d(_joined(alert.marks), active)
    return [
        _run(alert, Rule(interval, rule.for_ns), (times, states, int(since[0])), marks, data)
        for times, states, since in zip(np.split(active, cuts), np.split(fires, cuts), np.split(active_at, cuts), strict=True)
    ]


def _run(alert: _Alert, rule: Rule, part: tuple[Times, npt.NDArray[np.bool_], int], marks: Times, data: Extent) -> Run:
    times, fires, since = part
    first, last, step, interval = int(times[0]), int(times[-1]), alert.step_ns or 0, rule.interval_ns or FALLBACK_NS
    began = _began(first, since, step, interval)
    truncated = first <= data.begin + 1.5 * interval
    run = Run(alert.labels, first, last, interval, ref=alert.ref, clock=alert.clock, replica=str(alert.labels))
    if not fires[0] or (rule.for_ns and since >= 0 and began.pending_ns < first):
        run = replace(run, pending_ns=began.pending_ns, pending_before_ns=began.before_ns, pending_after_ns=began.after_ns)
    if fires.any():
        run = replace(run, firing_ns=_fired(times, fires, began.pending_ns, rule, known=since >= 0), firing_before_ns=step)
    mark = _mark(last, interval, marks)
    end = mark or data.end_of(last, interval)
    unknown = truncated and (since < 0 or (bool(fires[0]) and rule.for_ns is None))
    return replace(run, end_ns=end, end_before_ns=0 if mark or end is None else end - last, truncated=unknown)


@dataclass(frozen=True)
class _Began:
    pending_ns: int
    before_ns: int
    after_ns: int


def _began(first: int, since: int, step: int, interval: int) -> _Began:
    """When the condition was first true: activeAt, to the millisecond where the evaluations' phase is known; else the first sample."""
    if since < 0:
        return _Began(first, step, MS_NS)
    exact = first - (first - since) // interval * interval
    return _Began(exact, 0, MS_NS) if not step and 0 <= exact - since < SECOND_NS else _Began(since, 0, SECOND_NS)


def _fired(times: Times, fires: npt.NDArray[np.bool_], began: int, rule: Rule, *, known: bool) -> int:
    """The first firing sample; where samples before it are missing, the evaluation at which `for` was over."""
    seen = int(times[int(np.argmax(fires))])
    if not fires[0] or not known or rule.for_ns is None or not rule.interval_ns:
        return seen
    return min(seen, began + -(-rule.for_ns // rule.interval_ns) * rule.interval_ns)


def _mark(last: int, interval: int, marks: Times) -> int:
    """The stale marker that follows `last`, 0 if there is none."""
    following = marks[(marks > last) & (marks <= last + 1.5 * interval)]
    return int(following[0]) if len(following) else 0


def _active_at(alert: _Alert, active: Times) -> Times:
    """When pending began, in nanoseconds, at each active sample, -1 where ALERTS_FOR_STATE has none."""
    found = np.full(len(active), -1, np.int64)
    for times, values in alert.since:
        at = np.searchsorted(times, active)
        hit = (at < len(times)) & (times[np.minimum(at, len(times) - 1)] == active) if len(times) else np.zeros(len(active), bool)
        found[hit] = values[at[hit]].astype(np.int64) * SECOND_NS
    return found


def _merged(runs: list[Run]) -> list[Run]:
    """Runs of one alert from several replicas: those that overlap are one, from its earliest edge to its last."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda r: (r.first_ns, r.ref)):
        apart = run.interval_ns if found and found[-1].replica != run.replica else 0
        if found and run.first_ns <= found[-1].last_ns + apart:
            found[-1] = _both(found[-1], run)
        else:
            found.append(run)
    return found


def _both(a: Run, b: Run) -> Run:
    ends = [r.end_ns for r in (a, b)]
    latest = a if a.last_ns >= b.last_ns else b
    return replace(
        a,
        last_ns=latest.last_ns,
        pending_ns=_least(a.pending_ns, b.pending_ns),
        firing_ns=_least(a.firing_ns, b.firing_ns),
        end_ns=None if None in ends else max(e for e in ends if e is not None),
        end_before_ns=latest.end_before_ns,
        truncated=a.truncated and b.truncated,
    )


def _least(*values: int | None) -> int | None:
    return min((v for v in values if v is not None), default=None)


def _joined(parts: Sequence[Times]) -> Times:
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)


def _ns(seconds: object) -> int | None:
    return round(float(seconds) * SECOND_NS) if isinstance(seconds, int | float) else None
