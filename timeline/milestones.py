"""Milestones by stated rules from typed rows. Unknown is absent: a milestone is given only with its evidence.

The rules, one function each, in the order of the story; README.md has them in words. A rule sees the rows of the incident's
services (`scope`) that are part of the story (`milestone_ok`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .identity import Named

NAMES = (
    "change", "onset", "impact", "detected_machine", "detected_human", "detected", "paged", "acknowledged", "escalated", "engaged",
    "identified", "mitigation_started", "mitigated", "recovered", "resolved", "notified_public",
)  # fmt: skip
SEVERITIES = ("info", "none", "low", "minor", "warning", "medium", "error", "high", "major", "page", "critical", "emergency", "fatal")
TOGETHER_NS = 600_000_000_000


@dataclass(frozen=True)
class Milestone:
    """An interval [earliest_ns, latest_ns] with a best estimate; None: not bounded on that side."""

    name: str
    best_ns: int
    earliest_ns: int | None
    latest_ns: int | None
    method: str
    event_ids: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """Whose incident it is. No service: every row counts. `how` says how it was chosen, for the report."""

    services: frozenset[str]
    how: str
    alerts: frozenset[str] = frozenset()

    def holds(self, row: Named) -> bool:
        """Whether the row belongs to the incident's services."""
        return not self.services or row.row.service in self.services


@dataclass
class Story:
    """The rows that the rules look at, and the milestones found so far."""

    rows: Sequence[Named]
    scope: Scope
    pager_lost: bool = False
    found: dict[str, Milestone] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Named]:
        """Rows of the story of these kinds, in time."""
        return [n for n in self.rows if n.row.kind in kinds and n.row.milestone_ok and self.scope.holds(n)]

    def best(self, name: str) -> int | None:
        """Best estimate of a milestone found already."""
        return self.found[name].best_ns if name in self.found else None


def severity(word: str | None) -> int:
    """Rank of a severity word; unknown words rank like warning, none below all."""
    lowered = (word or "none").lower()
    return SEVERITIES.index(lowered) if lowered in SEVERITIES else SEVERITIES.index("warning")


def scope(rows: Iterable[Named], service: str | None, depends_on: Iterable[str] = ()) -> Scope:
    """The incident's services: `service` with what it depends on; else those of the firing alerts of highest severity.

    Several services at that severity count together when their alerts began within ten minutes of each other; else the
    first one's service. Without alerts: the service of the first page of highest urgency.
    """
    if service:
        return Scope(frozenset((service, *depends_on)), f"`{service}`, as asked")
    story = [n for n in rows if n.row.milestone_ok]
    firing = [n for n in story if n.row.kind == "alert.firing"]
    if firing:
        top = max(severity(n.row.severity) for n in firing)
        highest = [n for n in firing if severity(n.row.severity) == top]
        first = min(n.row.at_ns for n in highest)
        services = {n.row.service for n in highest if n.row.service and n.row.at_ns - first <= TOGETHER_NS}
        word = highest[0].row.severity or "unnamed"
        how = f"the service of the firing alerts of the highest severity ({word})" if services else "all services: the firing alerts name none"
        return Scope(frozenset((*services, *depends_on)) if services else frozenset(), how)
    pages = [n for n in story if n.row.kind == "page.triggered"]
    if pages:
        chosen = max(pages, key=lambda n: (n.row.labels.get("urgency") == "high", -n.row.at_ns))
        if chosen.row.service:
            return Scope(frozenset((chosen.row.service, *depends_on)), "the service of the first page of the highest urgency; no alert was seen")
    return Scope(frozenset(depends_on), "all services: no alert fired and none was named")


def milestones(rows: Sequence[Named], chosen: Scope, *, pager_lost: bool = False) -> list[Milestone]:
    """All milestones that the rows show, in the order of NAMES. `pager_lost`: a pager is configured but gave no full answer."""
    story = Story(rows, chosen, pager_lost)
    for name, rule in RULES.items():
        found = rule(story)
        if found:
            story.found[name] = found
    return [story.found[name] for name in NAMES if name in story.found]


def at_row(name: str, row: Named, method: str, *more: Named) -> Milestone:
    """A milestone that is a row's own instant."""
    one = row.row
    return Milestone(name, one.at_ns, one.at_ns - one.before_ns, one.at_ns + one.after_ns, method, tuple(n.event_id for n in (row, *more)))


def estimated(name: str, row: Named, method: str) -> Milestone:
    """A milestone at a crossing, moved to where the rate window allows the true instant (`true_*_ns` of the row)."""
    one = row.row
    best, earliest, latest = (one.labels.get(f"true_{w}_ns") for w in ("best", "earliest", "latest"))
    if best is None:
        return at_row(name, row, method)
    bounds = int(earliest) if earliest else one.at_ns - one.before_ns, int(latest) if latest else one.at_ns + one.after_ns
    return Milestone(name, int(best), *bounds, f"{method}, freed of its rate window", (row.event_id,))


def _impact_threads(story: Story) -> set[str]:
    """Threads of the excursions that mean harm: of the gravest alert that has series, or of a configured objective."""
    onsets = story.of("metric.onset")
    configured = {n.row.thread for n in onsets if n.row.labels.get("role") == "configured"}
    ranked: dict[int, set[str]] = {}
    grave = {n.row.subject: severity(n.row.severity) for n in story.of("alert.firing", "alert.pending")}
    for n in onsets:
        ranked.setdefault(grave.get(n.row.labels.get("alert"), -1), set()).add(n.row.thread)
    return configured or (ranked[max(ranked)] if ranked else set())


def _change(story: Story) -> Milestone | None:
    """The last change on the same service that began before the first sign of trouble."""
    signs = [m.latest_ns or m.best_ns for m in (story.found.get("impact"), story.found.get("detected_machine"), story.found.get("paged")) if m]
    if not signs:
        return None
    before = [n for n in story.of("change.deployed", "change.rolled_back", "change.scaled", "change.configured", "change.reported") if n.row.at_ns <= signs[0]]
    if not before:
        return None
    return at_row("change", before[-1], "last change of the service before the first sign", *reversed(before[:-1]))


def _onset(story: Story) -> Milestone | None:
    """The first abnormal sign: a series over its limit, a pending alert, a workload in trouble."""
    crossings = [estimated("onset", n, "series crosses its limit") for n in story.of("metric.onset")]
    others = [at_row("onset", n, f"first {n.row.kind}") for n in story.of("alert.pending", "alert.firing", "workload.oom_killed", "workload.crash_looping")]
    return min((*crossings, *others), key=lambda m: m.best_ns, default=None)


def _impact(story: Story) -> Milestone | None:
    """First harm to users: the first crossing of the series behind the gravest alert, else when its condition was first true."""
    threads = _impact_threads(story)
    crossings = [estimated("impact", n, f"first crossing of {n.row.title.split(' ')[0]}") for n in story.of("metric.onset") if n.row.thread in threads]
    if crossings:
        return min(crossings, key=lambda m: m.best_ns)
    top = max((severity(n.row.severity) for n in story.of("alert.firing")), default=-1)
    subjects = {n.row.subject for n in story.of("alert.firing") if severity(n.row.severity) == top}
    pending = [n for n in story.of("alert.pending") if n.row.subject in subjects]
    if not pending:
        return None
    found = at_row("impact", pending[0], "alert condition first true (no series was had: harm may have begun earlier)")
    return Milestone(found.name, found.best_ns, None, found.latest_ns, found.method, found.event_ids)


def _detected_machine(story: Story) -> Milestone | None:
    """The first alert of the service that fired."""
    firing = story.of("alert.firing")
    return at_row("detected_machine", firing[0], "first firing alert of the service") if firing else None


def _detected_human(story: Story) -> Milestone | None:
    """The first page of the service that a person made."""
    made = [n for n in story.of("page.triggered") if n.row.labels.get("agent_type") == "user"]
    return at_row("detected_human", made[0], "first page made by a person") if made else None


def _detected(story: Story) -> Milestone | None:
    """The earlier of machine and human; a page stands for its alert where no alert source was had."""
    known = [story.found[n] for n in ("detected_machine", "detected_human") if n in story.found]
    if not known:
        return None
    first = min(known, key=lambda m: m.best_ns)
    return Milestone("detected", first.best_ns, first.earliest_ns, first.latest_ns, first.method, first.event_ids)


def _paged(story: Story) -> Milestone | None:
    pages = story.of("page.triggered")
    return at_row("paged", pages[0], "first page of the service") if pages else None


def _acknowledged(story: Story) -> Milestone | None:
    """The first acknowledgement of a page of the service by a person."""
    people = [n for n in story.of("page.acknowledged") if n.row.labels.get("agent_type", "user") == "user"]
    return at_row("acknowledged", people[0], "first acknowledgement of a page of the service") if people else None


def _escalated(story: Story) -> Milestone | None:
    pages = story.of("page.escalated")
    return at_row("escalated", pages[0], "first escalation of a page of the service") if pages else None


def _engaged(story: Story) -> Milestone | None:
    """The last team that was needed is there: the last first-acknowledgement over the pages of the service.

    A page that was escalated counts from its last escalation; a page that nobody acknowledged leaves this blank.
    """
    escalated = {n.row.labels.get("incident"): n.row.at_ns for n in story.of("page.escalated")}
    pages = {n.row.labels.get("incident") for n in story.of("page.triggered")}
    first: dict[str | None, Named] = {}
    for n in story.of("page.acknowledged"):
        incident = n.row.labels.get("incident")
        if n.row.at_ns >= escalated.get(incident, n.row.at_ns):
            first.setdefault(incident, n)
    if not pages or pages - first.keys():
        return None
    last = max((first[p] for p in pages), key=lambda n: n.row.at_ns)
    return at_row("engaged", last, "last first acknowledgement over the pages of the service")


def _recovered(story: Story) -> Milestone | None:
    """The last return to normal that held, of every series that showed the harm; blank while one is still beyond its limit."""
    threads = _impact_threads(story)
    last: dict[str, Named] = {}
    for n in story.of("metric.onset", "metric.recovery"):
        if n.row.thread in threads:
            last[n.row.thread] = n
    if not last:
        return _recovered_by_alert(story)
    if any(n.row.kind == "metric.onset" for n in last.values()):
        return None
    return max((estimated("recovered", n, "last return to normal that held") for n in last.values()), key=lambda m: m.best_ns)


def _recovered_by_alert(story: Story) -> Milestone | None:
    """Without series: the gravest alerts of the evaluating system have ended and none fires again."""
    firing = [n for n in story.of("alert.firing") if n.row.source == "prometheus"]
    top = max((severity(n.row.severity) for n in firing), default=-1)
    threads = {n.row.thread for n in firing if severity(n.row.severity) == top}
    ends = {n.row.thread: n for n in story.of("alert.resolved") if n.row.thread in threads}
    if not threads or threads - ends.keys():
        return None
    last = max(ends.values(), key=lambda n: n.row.at_ns)
    found = at_row("recovered", last, "the gravest alerts ended (no series was had: harm may have ended earlier)")
    return Milestone(found.name, found.best_ns, None, found.latest_ns, found.method, found.event_ids)


def _mitigation_started(story: Story) -> Milestone | None:
    """The last change of the service after detection and before recovery: the act that can have ended it."""
    recovered, begun = story.found.get("recovered"), story.best("detected") or story.best("impact")
    if recovered is None or begun is None:
        return None
    end = recovered.latest_ns or recovered.best_ns
    acts = [
        n
        for n in story.of("change.rolled_back", "change.deployed", "change.scaled", "change.configured", "change.reported")
        if begun < n.row.at_ns <= end and n.event_id not in story.found.get("change", recovered).event_ids
    ]
    return at_row("mitigation_started", acts[-1], "last change of the service before recovery") if acts else None


def _resolved(story: Story) -> Milestone | None:
    """The last page of the service was resolved; where no pager is used, its last alert was told to have resolved."""
    pages = {n.row.labels.get("incident") for n in story.of("page.triggered")}
    if pages:
        ends = {n.row.labels.get("incident"): n for n in story.of("page.resolved")}
        if pages - ends.keys():
            return None
        return at_row("resolved", max(ends.values(), key=lambda n: n.row.at_ns), "last page of the service resolved")
    if story.pager_lost:
        return None
    return _resolved_as_told(story)


def _resolved_as_told(story: Story) -> Milestone | None:
    threads = {n.row.thread for n in story.of("alert.firing")}
    told = {n.row.thread: n for n in story.of("alert.notified") if n.row.labels.get("status") == "resolved"}
    if not threads or threads - told.keys():
        return None
    return at_row("resolved", max(told.values(), key=lambda n: n.row.at_ns), "no pager: last alert of the service notified as resolved")


def _notified_public(story: Story) -> Milestone | None:
    told = story.of("comms.published")
    return at_row("notified_public", told[0], "first status update") if told else None


# In order of dependence; a milestone without a rule (identified, mitigated) comes only from people.
RULES: dict[str, Callable[[Story], Milestone | None]] = {
    "detected_machine": _detected_machine,
    "detected_human": _detected_human,
    "detected": _detected,
    "paged": _paged,
    "impact": _impact,
    "onset": _onset,
    "change": _change,
    "acknowledged": _acknowledged,
    "escalated": _escalated,
    "engaged": _engaged,
    "recovered": _recovered,
    "mitigation_started": _mitigation_started,
    "resolved": _resolved,
    "notified_public": _notified_public,
}
