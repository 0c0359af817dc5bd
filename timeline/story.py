"""The story of one incident: whose it is, which rows belong to it, and what a milestone is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .carried import carried
from .identity import Named

SEVERITIES = ("none", "info", "low", "minor", "warning", "medium", "error", "high", "major", "page", "critical", "emergency", "fatal")
NUMBERED = re.compile(r"^(?:p|s|sev|severity|priority|prio)[ _-]?(\d)$", re.IGNORECASE)
MOST_NAMED = 12
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
        """Whether the row belongs to the incident's services; an objective that names no service is everybody's."""
        if row.row.service is None and row.row.labels.get("role") == "configured":
            return True
        return not self.services or row.row.service in self.services


@dataclass
class Story:
    """The rows that the rules look at, and the milestones found so far."""

    rows: Sequence[Named]
    scope: Scope
    pager_lost: bool = False
    found: dict[str, Milestone] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Named]:
        """Rows of the story of these kinds, in time; alerts and pages that were over before the harm began are another story."""
        return [n for n in self.rows if n.row.kind in kinds and n.row.milestone_ok and self.scope.holds(n) and not self._over(n)]

    @cached_property
    def _ends(self) -> dict[str, int]:
        """When each alert run (by thread) and each page (by incident) ended."""
        alerts = {n.row.thread: n.row.at_ns for n in self.rows if n.row.kind == "alert.resolved"}
        return alerts | {n.row.labels.get("incident", ""): n.row.at_ns for n in self.rows if n.row.kind == "page.resolved"}

    def _over(self, named: Named) -> bool:
        impact = self.found.get("impact")
        if impact is None or not named.row.kind.startswith(("alert.", "page.", "note")):
            return False
        end_ns = self._ends.get(named.row.labels.get("incident") or named.row.thread)
        return end_ns is not None and end_ns < (impact.best_ns if impact.earliest_ns is None else impact.earliest_ns)

    def best(self, name: str) -> int | None:
        """Best estimate of a milestone found already."""
        return self.found[name].best_ns if name in self.found else None


def severity(word: str | None) -> int:
    """Rank of a severity word; P1 and sev1 rank above critical, unknown words like warning, none below all."""
    lowered = (word or "none").strip().lower()
    numbered = NUMBERED.match(lowered)
    if numbered:
        return len(SEVERITIES) - int(numbered[1]) * 2
    return SEVERITIES.index(lowered) if lowered in SEVERITIES else SEVERITIES.index("warning")


def scope(rows: Iterable[Named], service: str | None, depends_on: Iterable[str] = ()) -> Scope:
    """The incident's services: `service` with what it depends on; else those of the firing alerts of highest severity.

    Several services at that severity count together when their alerts began within ten minutes of each other; else the
    first one's service. Where none began in the window, those count that fired when it opened and ended in it. Without alerts: the
    service of the first page of highest urgency.
    """
    if service:
        seen = sorted({n.row.service for n in rows if n.row.service})
        unknown = "" if service in seen else f"; no row names it, only {', '.join(seen[:MOST_NAMED]) or 'none at all'}"
        return Scope(frozenset((service, *depends_on)), f"`{service}`, as asked{unknown}")
    listed = list(rows)
    story = [n for n in listed if n.row.milestone_ok]
    begun = [n for n in story if n.row.kind == "alert.firing"]
    held = () if begun else carried(listed)
    firing = begun or [n for n in listed if n.row.kind == "alert.firing" and n.row.thread in held]
    if firing:
        top = max(severity(n.row.severity) for n in firing)
        highest = [n for n in firing if severity(n.row.severity) == top]
        first = min(n.row.at_ns for n in highest)
        services = {n.row.service for n in highest if n.row.service and n.row.at_ns - first <= TOGETHER_NS}
        word = highest[0].row.severity or "unnamed"
        when = "firing alerts" if begun else "alerts that fired when the window opened, those"
        how = f"the service of the {when} of the highest severity ({word})" if services else "all services: the firing alerts name none"
        return Scope(frozenset((*services, *depends_on)) if services else frozenset(), how)
    pages = [n for n in story if n.row.kind == "page.triggered"]
    if pages:
        chosen = max(pages, key=lambda n: (n.row.labels.get("urgency") == "high", -n.row.at_ns))
        if chosen.row.service:
            return Scope(frozenset((chosen.row.service, *depends_on)), "the service of the first page of the highest urgency; no alert was seen")
    return Scope(frozenset(depends_on), "all services: no alert began to fire and none was named")


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
