"""When it hurt: onset, impact and recovery from series and alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .identity import Named
from .story import Milestone, Story, at_row, estimated, severity

NEVER_NS = 2**62
SLACK_NS = 60_000_000_000


def _harm(story: Story) -> list[Named]:
    """Onsets and returns that mean harm, in time: of a configured objective, else of the gravest alert that has series.

    Of an alert that fired only the excursions count during which it fired: a blip too short for it hurt nobody that it knows of.
    """
    edges = _fired(story, story.of("metric.onset", "metric.recovery"))
    configured = [n for n in edges if n.row.labels.get("role") == "configured"]
    if configured:
        return configured
    grave = {n.row.subject: severity(n.row.severity) for n in story.of("alert.firing", "alert.pending")}
    begun = [n for n in edges if n.row.kind == "metric.onset"]
    top = max((grave.get(n.row.labels.get("alert"), -1) for n in begun), default=-1)
    threads = {n.row.thread for n in begun if grave.get(n.row.labels.get("alert"), -1) == top}
    return [n for n in edges if n.row.thread in threads]


def _fired(story: Story, edges: Sequence[Named]) -> list[Named]:
    """`edges` without the excursions during which their alert, if it fired at all, did not."""
    ends = {n.row.thread: n.row.at_ns for n in story.of("alert.resolved")}
    runs: dict[str | None, list[tuple[int, int]]] = {}
    for n in story.of("alert.firing"):
        runs.setdefault(n.row.subject, []).append((n.row.at_ns, ends.get(n.row.thread, NEVER_NS)))
    spans = {n.event_id: span for thread in {n.row.thread for n in edges} for n, span in _excursions([n for n in edges if n.row.thread == thread])}

    def hurt(n: Named) -> bool:
        fired = runs.get(n.row.labels.get("alert"))
        begun, ended = spans[n.event_id]
        return not fired or any(begun <= stop and start <= ended + SLACK_NS for start, stop in fired)

    return [n for n in edges if hurt(n)]


def _excursions(mine: Sequence[Named]) -> Iterator[tuple[Named, tuple[int, int]]]:
    """Every edge of one series with the stretch from its onset to its return; an open end reaches to the end of time."""
    for i, n in enumerate(mine):
        if n.row.kind == "metric.onset":
            after = mine[i + 1].row if i + 1 < len(mine) else None
            yield n, (n.row.at_ns, after.at_ns if after and after.kind == "metric.recovery" else NEVER_NS)
        else:
            before = mine[i - 1].row if i else None
            yield n, (before.at_ns if before and before.kind == "metric.onset" else 0, n.row.at_ns)


def onset(story: Story) -> Milestone | None:
    """The first abnormal sign: a series over its limit, an alert pending that came to fire, a workload in trouble."""
    fired = {n.row.thread for n in story.of("alert.firing")}
    crossings = [estimated("onset", n, "series crosses its limit") for n in story.of("metric.onset")]
    alerts = [_no_earlier(at_row("onset", n, f"first {n.row.kind}")) for n in story.of("alert.pending", "alert.firing") if not fired or n.row.thread in fired]
    others = [_no_earlier(at_row("onset", n, f"first {n.row.kind}")) for n in story.of("workload.oom_killed", "workload.crash_looping")]
    return min((*crossings, *alerts, *others), key=lambda m: m.best_ns, default=None)


def _no_earlier(found: Milestone) -> Milestone:
    """The milestone without an earliest bound: an alert, or a killed container, tells of a state that may have begun long before it."""
    return replace(found, earliest_ns=None)


def _bare(story: Story, harm: Sequence[Named]) -> list[Named]:
    """Firing edges of the gravest alerts of which no series was had; none where an objective is configured.

    Series of lesser alerts cannot speak for them.
    """
    shown = [n.row.labels for n in harm if n.row.kind == "metric.onset"]
    if any(labels.get("role") == "configured" for labels in shown):
        return []
    top = max((severity(n.row.severity) for n in story.of("alert.firing")), default=-1)
    seen = {labels.get("alert") for labels in shown}
    return [n for n in story.of("alert.firing") if severity(n.row.severity) == top and n.row.subject not in seen]


def impact(story: Story) -> Milestone | None:
    """First harm to users: the first crossing of the series behind the gravest alert, else when its condition was first true.

    Blank where the first of the gravest alerts has neither a series nor a pending edge.
    """
    harm = _harm(story)
    crossings = [estimated("impact", n, f"first crossing of {n.row.title.split(' ')[0]}") for n in harm if n.row.kind == "metric.onset"]
    first = min(crossings, key=lambda m: m.best_ns, default=None)
    bare = _bare(story, harm)
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
    harm = _harm(story)
    last = {n.row.thread: n for n in harm}
    if not last or _bare(story, harm):
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
