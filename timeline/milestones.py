"""Milestones by stated rules from typed rows. Unknown is absent: a milestone is given only with its evidence.

The rules, one function each, in the order of the story; README.md has them in words. A rule sees the rows of the incident's
services (`story.scope`) that are part of the story (`milestone_ok`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .autoscaling import ACTOR as AUTOSCALER
from .harm import NEVER_NS, impact, onset, recovered
from .identity import Named
from .story import Milestone, Scope, Story, at_row, scope, severity

__all__ = ["NAMES", "RULES", "Milestone", "Scope", "milestones", "scope"]

NAMES = (
    "change", "onset", "impact", "detected_machine", "detected_human", "detected", "paged", "acknowledged", "escalated", "engaged",
    "identified", "mitigation_started", "mitigated", "recovered", "resolved", "notified_public",
)  # fmt: skip
ACTS = ("change.deployed", "change.rolled_back", "change.scaled", "change.configured", "change.reported")


def milestones(rows: Sequence[Named], chosen: Scope, *, pager_lost: bool = False) -> list[Milestone]:
    """All milestones that the rows show, in the order of NAMES. `pager_lost`: a pager is configured but gave no full answer."""
    story = Story(rows, chosen, pager_lost)
    for name, rule in RULES.items():
        found = rule(story)
        if found:
            story.found[name] = found
    return [story.found[name] for name in NAMES if name in story.found]


def _change(story: Story) -> Milestone | None:
    """The last change on the same service that began before the first sign of trouble."""
    signs = [m.latest_ns or m.best_ns for m in (story.found.get("impact"), story.found.get("detected_machine"), story.found.get("paged")) if m]
    if not signs:
        return None
    before = [n for n in story.of(*ACTS) if n.row.at_ns <= signs[0]]
    if not before:
        return None
    last = _decided(before)[-1]
    return at_row("change", last, "last change of the service before the first sign", *(n for n in reversed(before) if n is not last))


def _decided(acts: list[Named]) -> list[Named]:
    """Those that somebody decided on; an autoscaler answers the load, and counts only where there is nothing else."""
    return [n for n in acts if n.row.actor != AUTOSCALER] or acts


def _detected_machine(story: Story) -> Milestone | None:
    """The first alert of the service that fired and meant this incident.

    That is one that fired after the harm began, that paged somebody, or that is as grave as the gravest: a certificate that is about
    to expire detected nothing.
    """
    firing = story.of("alert.firing")
    harm = story.found.get("impact")
    begun = NEVER_NS if harm is None else harm.best_ns if harm.earliest_ns is None else harm.earliest_ns
    paged = {t for n in story.of("page.triggered") for t in (n.row.about, *n.row.labels.get("alert_threads", "").split())}
    top = max((severity(n.row.severity) for n in firing), default=-1)
    meant = [n for n in firing if n.row.at_ns >= begun or n.row.thread in paged or severity(n.row.severity) == top]
    return at_row("detected_machine", meant[0], "first firing alert of the service") if meant else None


def _detected_human(story: Story) -> Milestone | None:
    """The first page of the service that a person made."""
    made = [n for n in story.of("page.triggered") if n.row.labels.get("agent_type") == "user"]
    return at_row("detected_human", made[0], "first page made by a person") if made else None


def _detected(story: Story) -> Milestone | None:
    """The earlier of machine and human; blank where neither alerts nor a person's page were seen."""
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
    taken = _taken(story)
    return at_row("acknowledged", taken[0], "first acknowledgement of a page of the service") if taken else None


def _taken(story: Story) -> list[Named]:
    """Acknowledgements by people; an integration or a workflow takes no page."""
    return [n for n in story.of("page.acknowledged") if n.row.labels.get("agent_type", "user") == "user"]


def _escalated(story: Story) -> Milestone | None:
    pages = story.of("page.escalated")
    return at_row("escalated", pages[0], "first escalation of a page of the service") if pages else None


def _engaged(story: Story) -> Milestone | None:
    """The last team that was needed is there: the last of their first acknowledgements over the pages of the service.

    A team is who a pager's service calls: a further page of a team that has come calls nobody new. A page that was escalated counts
    by itself, from its last escalation; a team of which nobody acknowledged leaves this blank.
    """
    escalated = {n.row.labels.get("incident"): n.row.at_ns for n in story.of("page.escalated")}
    called = [(n.row.labels.get("incident"), n.row.subject) for n in story.of("page.triggered")]
    teams = {incident: incident if incident in escalated else team or incident for incident, team in called}
    first: dict[str | None, Named] = {}
    for n in _taken(story):
        incident = n.row.labels.get("incident")
        if n.row.at_ns >= escalated.get(incident, n.row.at_ns):
            first.setdefault(teams.get(incident, incident), n)
    if not teams or set(teams.values()) - first.keys():
        return None
    last = max((first[team] for team in set(teams.values())), key=lambda n: n.row.at_ns)
    return at_row("engaged", last, "last first acknowledgement over the pages of the service")


def _mitigation_started(story: Story) -> Milestone | None:
    """The last change of the service after detection and before recovery: the act that can have ended it."""
    recovered, begun = story.found.get("recovered"), story.best("detected") or story.best("impact")
    if recovered is None or begun is None:
        return None
    end = recovered.latest_ns or recovered.best_ns
    acts = [n for n in story.of(*ACTS) if begun < n.row.at_ns <= end and n.event_id not in story.found.get("change", recovered).event_ids]
    return at_row("mitigation_started", _decided(acts)[-1], "last change of the service before recovery") if acts else None


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
    """Somebody declared it over after the last alert ended; how much later nobody but a pager would know."""
    threads = {n.row.thread for n in story.of("alert.firing")}
    told = {n.row.thread: n for n in story.of("alert.notified") if n.row.labels.get("status") == "resolved"}
    if not threads or threads - told.keys():
        return None
    ends = [n.row.at_ns - n.row.before_ns for n in story.of("alert.resolved") if n.row.thread in threads]
    found = at_row("resolved", max(told.values(), key=lambda n: n.row.at_ns), "no pager: last alert of the service notified as resolved")
    return replace(found, earliest_ns=max(ends, default=None), latest_ns=None)


def _notified_public(story: Story) -> Milestone | None:
    told = story.of("comms.published")
    return at_row("notified_public", told[0], "first status update") if told else None


# In order of dependence; a milestone without a rule (identified, mitigated) comes only from people.
RULES: dict[str, Callable[[Story], Milestone | None]] = {
    "impact": impact,
    "detected_machine": _detected_machine,
    "detected_human": _detected_human,
    "detected": _detected,
    "paged": _paged,
    "onset": onset,
    "change": _change,
    "acknowledged": _acknowledged,
    "escalated": _escalated,
    "engaged": _engaged,
    "recovered": recovered,
    "mitigation_started": _mitigation_started,
    "resolved": _resolved,
    "notified_public": _notified_public,
}
