"""Which service a row is about, and which reported change is which rollout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .change_reports import shows, tells_of
from .identity import named, pointer
from .likelihood import AS_NEAR_NS, JOINED_LABEL, SAID, SAME_LABEL, SECOND_REPORT, Likelihood
from .rows import Given, Row

# Names that controllers give their pods: ReplicaSet hash and pod suffix, ordinal, CronJob minute, DaemonSet suffix.
SUFFIX = re.compile(r"(-[a-z0-9]{6,10}-[a-z0-9]{5}|-\d{6,10}-[a-z0-9]{5}|-\d{1,4}|-[a-z0-9]{5})$")
CHANGES = ("change.deployed", "change.rolled_back", "change.scaled", "change.configured")
METRICS = "prometheus"
MACHINE_ACTORS = ("kubectl", "kube-controller-manager", "deployment-controller", "before-first-apply", "")

Belief = Callable[[Row, Row], Likelihood | None]


def workload_of(pod: str) -> str:
    """The workload that owns a pod, from the pod's name alone (Kubernetes' naming of generated names)."""
    return SUFFIX.sub("", pod)


def owners(given: Given) -> dict[str, str]:
    """Pod name → workload name, from the pods' owner references; a ReplicaSet stands for its Deployment."""
    deployments = {f.attributes.get("name"): f.attributes.get("deployment") for f in given.of("state.replicaset")}
    found = {}
    for fact in given.of("state.pod"):
        owner = fact.attributes.get("owner") or {}
        name = deployments.get(owner.get("name")) or owner.get("name")
        if owner.get("kind") == "ReplicaSet" and owner.get("name") not in deployments:
            name = workload_of(str(fact.attributes.get("name")))
        elif owner.get("kind") == "Job":
            name = re.sub(r"-\d{6,10}$", "", str(owner.get("name")))
        if name:
            found[str(fact.attributes.get("name"))] = str(name)
    return found


def with_services(rows: Iterable[Row], given: Given) -> list[Row]:
    """`rows` with `service` filled in where a pod, a workload or a word names it; what is given stays."""
    pods = owners(given)
    listed = [row if row.service else replace(row, service=_service(row, pods)) for row in rows]
    known = sorted({r.service for r in listed if r.service and r.kind.startswith(("alert.", "change.dep", "change.rolled", "change.sc", "metric."))}, key=len)
    return [_named_in_text(row, known) for row in listed]


def _service(row: Row, pods: Mapping[str, str]) -> str | None:
    pod = row.labels.get("pod") or row.labels.get("name", "") * (row.labels.get("kind") == "Pod")
    kind, _, name = (row.subject or "").partition("/")
    if not pod and kind == "Pod":
        pod = name.partition("/")[0]
    if pod:
        return pods.get(pod) or workload_of(pod)
    if kind in ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "HorizontalPodAutoscaler") and name:
        return name.partition("/")[0]
    if kind == "ReplicaSet":
        return re.sub(r"-[a-z0-9]{6,10}$", "", name)
    if kind == "Job":
        return re.sub(r"-\d{6,10}$", "", name)
    return None


def _named_in_text(row: Row, known: Sequence[str]) -> Row:
    """A change event or a page is about the one known service that its words name; else a page has its pager's service."""
    paged = bool(row.labels.get("incident"))
    if row.service in known or not (row.kind == "change.reported" or paged):
        return row
    text = f"{row.service or ''} {row.subject or ''}" if paged else " ".join((row.title, *row.labels.values()))
    named = [s for s in known if re.search(rf"(?<![\w-]){re.escape(s)}(?![\w-])", text, re.IGNORECASE)]
    if len(named) == 1:
        return replace(row, service=named[0])
    return replace(row, service=row.service or row.subject) if paged else row


def confirmed(rows: Sequence[Row]) -> list[Row]:
    """Reported changes become witnesses of the cluster's own rows where that is likely enough; the rest stay and say which row they may be.

    A report that was had twice is one. The report's actor (a pipeline, a person) replaces a mere tool's name; each cluster row takes at most one report.
    New versions in a service's metric then become witnesses of the act that brought them; those that may be one make no milestone.
    """
    reports = [n.row for n in named(r for r in rows if r.kind == "change.reported")]
    taken, left = _assigned([r for r in reports if r.source != METRICS], [r for r in rows if r.kind in CHANGES], tells_of)
    acts = [*(_with_report(row, *report) if report else row for row, report in taken), *left]
    shown, alone = _assigned([r for r in reports if r.source == METRICS], acts, shows)
    others = [r for r in rows if r.kind not in CHANGES and r.kind != "change.reported"]
    alone = [replace(r, milestone_ok=SAME_LABEL not in r.labels) for r in alone]
    return [*others, *(_with_metric(row, *sight) if sight else row for row, sight in shown), *alone]


def _assigned(reports: Sequence[Row], acts: Sequence[Row], belief_of: Belief) -> tuple[list[tuple[Row, tuple[Row, Likelihood] | None]], list[Row]]:
    """Every act with the report joined with it, if any; and the reports that are left."""
    found = sorted(_beliefs(reports, acts, belief_of), key=lambda b: (-b[2].value, b[3], b[0], b[1]))
    taken: dict[int, tuple[Row, Likelihood]] = {}
    used: set[int] = set()
    for i, k, belief, _ in found:
        if belief.joins and k not in taken and i not in used:
            taken[k] = (reports[i], belief)
            used.add(i)
    left = []
    for i in (i for i in range(len(reports)) if i not in used):
        best = next(((k, b) for j, k, b, _ in found if j == i), None)
        left.append(reports[i] if best is None else _may_be(reports[i], acts[best[0]], best[1], second=best[0] in taken))
    return [(row, taken.get(k)) for k, row in enumerate(acts)], left


def _beliefs(reports: Sequence[Row], acts: Sequence[Row], belief_of: Belief) -> Iterator[tuple[int, int, Likelihood, int]]:
    """(report, act, how likely they are one, how far apart in ns) of all pairs that are worth saying."""
    for i, report in enumerate(reports):
        mine = [(k, belief, abs(act.at_ns - report.at_ns)) for k, act in enumerate(acts) if (belief := belief_of(report, act))]
        for k, belief, far_ns in mine:
            rivals = sum(j != k and other.value >= belief.value and other_ns <= far_ns + AS_NEAR_NS for j, other, other_ns in mine)
            shared = belief.among(rivals)
            if shared.value >= SAID:
                yield i, k, shared, far_ns


def _may_be(report: Row, act: Row, belief: Likelihood, *, second: bool) -> Row:
    if second:
        belief = belief.at_most(SECOND_REPORT, "another report is nearer")
    return replace(report, labels={**report.labels, SAME_LABEL: pointer(act.kind, act.thread, act.edge, act.at_ns, belief)})


def _with_report(row: Row, report: Row, belief: Likelihood) -> Row:
    machine = not row.actor or row.actor.startswith(MACHINE_ACTORS[0]) or row.actor in MACHINE_ACTORS
    return replace(
        row,
        actor=report.actor or row.actor if machine else row.actor,
        body=row.body or report.title,
        url=row.url or report.url,
        labels={**report.labels, **row.labels, "reported": report.title, JOINED_LABEL: _words(row, report.source, belief)},
        witnesses=(*row.witnesses, *report.witnesses),
        folds=(*row.folds, *report.folds),
    )


def _with_metric(row: Row, sight: Row, belief: Likelihood) -> Row:
    words = _words(row, sight.labels.get("metric", ""), belief)
    return replace(row, labels={**row.labels, JOINED_LABEL: words}, witnesses=(*row.witnesses, *sight.witnesses), folds=(*row.folds, *sight.folds))


def _words(row: Row, who: str, belief: Likelihood) -> str:
    """What `row` says of its joins after one more, of `who`."""
    before = row.labels.get(JOINED_LABEL)
    return f"{before}; {who} {belief.words}" if before else belief.words
