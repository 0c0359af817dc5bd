"""Containers that started again, were killed for memory, loop, fail their probes, are evicted; nodes whose condition changed.

A restart is named by pod uid, container and its number, so that the pod's status in two answers, the kubelet's event `Started` and the
metric `kube_pod_container_status_restarts_total` become witnesses of one row. A container's first start is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import node_conditions, pod_trouble
from .likelihood import JOINED_LABEL
from .managed import SECOND_NS
from .restart_sights import IMPLIED, Sight, ooms, restarts
from .rows import Given, Row, Witness


def rows(given: Given) -> list[Row]:
    """`workload.*` and `node.condition` rows of everything that the facts and series tell of."""
    again = restarts(given)
    return [
        *(_restarted(group) for group in _groups(again)),
        *(_oom_killed(group) for group in _groups(ooms(given, again))),
        *pod_trouble.rows(given),
        *node_conditions.rows(given),
    ]


def _groups(sights: Sequence[Sight]) -> list[list[Sight]]:
    """Sights of the same restart, the best first: statuses, then exact events, then samples, then what counts imply."""
    found: dict[tuple[str, str, int], list[Sight]] = {}
    for sight in sorted(sights, key=lambda s: (s.rank, s.before_ns, s.at_ns, s.witness.ref)):
        found.setdefault(sight.key, []).append(sight)
    for key in sorted(found, reverse=True):
        _bound(found[key], found.get((*key[:2], key[2] + 1)), found.get((*key[:2], key[2] - 1)))
    return [found[key] for key in sorted(found)]


def _bound(sights: list[Sight], following: list[Sight] | None, preceding: list[Sight] | None) -> None:
    """A restart that only a count implies lies between its neighbours."""
    best = sights[0]
    if best.rank != IMPLIED:
        return
    began_ns, at_ns = best.at_ns - best.before_ns, best.at_ns
    if following and began_ns < following[0].at_ns < at_ns:
        at_ns = following[0].at_ns
    if preceding and preceding[0].rank != IMPLIED and began_ns < preceding[0].at_ns < at_ns:
        began_ns = preceding[0].at_ns
    sights[0] = replace(best, at_ns=at_ns, before_ns=at_ns - began_ns)


def _restarted(sights: list[Sight]) -> Row:
    best = sights[0]
    why = next((s.why for s in sights if s.why), "")
    return _row(sights, "workload.restarted", f"{best.pod}/{best.container} restarted (restart {best.number}{', after ' + why if why else ''})")


def _oom_killed(sights: list[Sight]) -> Row:
    return _row(sights, "workload.oom_killed", f"{sights[0].pod}/{sights[0].container} OOM-killed")


def _row(sights: list[Sight], kind: str, title: str) -> Row:
    best = sights[0]
    uid, container, number = best.key
    labels = {"namespace": best.namespace, "pod": best.pod, "container": container, "restart": str(number), "uid": uid}
    said: dict[tuple[str, str], Witness] = {}
    for sight in sights:
        if sight.rank < IMPLIED or sight is best:
            said.setdefault((sight.witness.source, sight.witness.ref), sight.witness)
    beliefs = [s.likely for s in sights if s.likely] if len({w.source for w in said.values()}) > 1 else []
    if beliefs:
        labels[JOINED_LABEL] = min(beliefs, key=lambda b: b.value).words
    return Row(
        kind=kind,
        at_ns=best.at_ns,
        title=title,
        source=best.witness.source,
        clock=best.witness.clock,
        thread=f"restart:{uid}/{container}/{number}",
        edge="",
        before_ns=best.before_ns,
        after_ns=SECOND_NS if best.witness.source == "kubernetes" else 1,
        at_source=best.witness.at_source,
        severity="warning",
        subject=f"Pod/{best.pod}/{container}",
        labels={k: v for k, v in labels.items() if v},
        ref=best.witness.ref,
        witnesses=tuple(said.values()),
    )
