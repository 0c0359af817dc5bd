"""When it hurt: onset, impact and recovery from series and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .identity import Named
from .story import Milestone, Story, at_row, estimated, severity


def _impact_threads(story: Story) -> set[str]:
    """Threads of the excursions that mean harm: of the gravest alert that has series, or of a configured objective."""
    onsets = story.of("metric.onset")
    configured = {n.row.thread for n in onsets if n.row.labels.get("role") == "configured"}
    ranked: dict[int, set[str]] = {}
    grave = {n.row.subject: severity(n.row.severity) for n in story.of("alert.firing", "alert.pending")}
    for n in onsets:
        ranked.setdefault(grave.get(n.row.labels.get("alert"), -1), set()).add(n.row.thread)
    return configured or (ranked[max(ranked)] if ranked else set())


def onset(story: Story) -> Milestone | None:
    """The first abnormal sign: a series over its limit, a pending alert, a workload in trouble."""
    crossings = [estimated("onset", n, "series crosses its limit") for n in story.of("metric.onset")]
    alerts = [_no_earlier(at_row("onset", n, f"first {n.row.kind}")) for n in story.of("alert.pending", "alert.firing")]
    others = [at_row("onset", n, f"first {n.row.kind}") for n in story.of("workload.oom_killed", "workload.crash_looping")]
    return min((*crossings, *alerts, *others), key=lambda m: m.best_ns, default=None)


def _no_earlier(found: Milestone) -> Milestone:
    """The milestone without an earliest bound: an alert tells of a state that may have begun long before it."""
    return replace(found, earliest_ns=None)


def _bare(story: Story, threads: set[str]) -> list[Named]:
    """Firing edges of the gravest alerts of which no series was had; none where an objective is configured.

    Series of lesser alerts cannot speak for them.
    """
    shown = [n.row.labels for n in story.of("metric.onset") if n.row.thread in threads]
    if any(labels.get("role") == "configured" for labels in shown):
        return []
    top = max((severity(n.row.severity) for n in story.of("alert.firing")), default=-1)
    seen = {labels.get("alert") for labels in shown}
    return [n for n in story.of("alert.firing") if severity(n.row.severity) == top and n.row.subject not in seen]


def impact(story: Story) -> Milestone | None:
    """First harm to users: the first crossing of the series behind the gravest alert, else when its condition was first true.

    Blank where the first of the gravest alerts has neither a series nor a pending edge.
    """
    threads = _impact_threads(story)
    crossings = [estimated("impact", n, f"first crossing of {n.row.title.split(' ')[0]}") for n in story.of("metric.onset") if n.row.thread in threads]
    first = min(crossings, key=lambda m: m.best_ns, default=None)
    bare = _bare(story, threads)
    if not bare:
        return first
    subjects = {n.row.subject for n in bare}
    pending = [n for n in story.of("alert.pending") if n.row.subject in subjects]
    begun = (pending or bare)[0]
    if first and first.best_ns <= begun.row.at_ns:
        return _no_earlier(first)
    return _no_earlier(at_row("impact", begun, "alert condition first true (no series was had: harm may have begun earlier)")) if pending else None


def recovered(story: Story) -> Milestone | None:
    """The last return to normal that held, of every series that showed the harm; blank while one is still beyond its limit."""
    threads = _impact_threads(story)
    last = {n.row.thread: n for n in story.of("metric.onset", "metric.recovery") if n.row.thread in threads}
    if not last or _bare(story, threads):
        return _recovered_by_alert(story)
    by_alert: dict[str, list[Named]] = {}
    for n in last.values():
        by_alert.setdefault(n.row.labels.get("alert", ""), []).append(n)
    returns = [n for alert, ends in by_alert.items() for n in _returns(story, alert, ends)]
    if any(n.row.kind == "metric.onset" for n in returns):
        return None
    return max((estimated("recovered", n, "last return to normal that held") for n in returns), key=lambda m: m.best_ns)


def _returns(story: Story, alert: str, ends: Sequence[Named]) -> Sequence[Named]:
    """The last word of every series of one alert; of an alert with several comparisons only of the one that ended it.

    Comparisons joined by `and` end an alert with the first that returns, by `or` with the last: the return that is nearest to the
    alert's own end tells.
    """
    sides: dict[tuple[str, ...], list[Named]] = {}
    for n in ends:
        sides.setdefault(tuple(n.row.labels.get(k, "") for k in ("series", "op", "threshold", "rate_window_s")), []).append(n)
    edges = [n for n in story.of("alert.firing", "alert.resolved") if n.row.subject == alert]
    if len(sides) == 1 or not edges or edges[-1].row.kind != "alert.resolved":
        return ends
    end_ns = edges[-1].row.at_ns
    returned = [side for side in sides.values() if all(n.row.kind == "metric.recovery" for n in side)]
    return min(returned, key=lambda side: abs(max(n.row.at_ns for n in side) - end_ns)) if returned else ends


def _recovered_by_alert(story: Story) -> Milestone | None:
    """Without series: the gravest alerts have ended, as the evaluating system saw itself, and none fires again."""
    top = max((severity(n.row.severity) for n in story.of("alert.firing")), default=-1)
    firing = [n for n in story.of("alert.firing") if severity(n.row.severity) == top]
    threads = {n.row.thread for n in firing}
    ends = {n.row.thread: n for n in story.of("alert.resolved") if n.row.thread in threads}
    if not threads or threads - ends.keys() or any(n.row.source != "prometheus" for n in firing):
        return None
    last = max(ends.values(), key=lambda n: n.row.at_ns)
    return _no_earlier(at_row("recovered", last, "the gravest alerts ended (no series was had: harm may have ended earlier)"))
