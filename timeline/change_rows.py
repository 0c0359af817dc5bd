"""How acts on workloads read as rows: titles, labels, threads, witnesses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from .likelihood import JOINED_LABEL, WRITTEN, Likelihood, apart
from .managed import NEAR_NS, SECOND_NS, Touch
from .revisions import Revision, image_words
from .rollout_walk import Act
from .rows import Fact, Row, Witness, witness

# A controller follows a write within a second or two.
WRITTEN_NS = 2 * SECOND_NS


class Workload(Protocol):
    """What a row needs to know of a workload."""

    namespace: str
    kind: str
    name: str
    uid: str
    revisions: dict[str, Revision]
    touches: list[Touch]

    @property
    def born_ns(self) -> int | None:
        """Creation of the object itself."""


def change_row(one: Workload, act: Act, touch: Touch | None, *, origin: Revision | None, number: int | None, first: bool, pods: Sequence[Fact] = ()) -> Row:
    """The row of a rollout, rollback or restart of `one` to the revision `act.target`."""
    target = one.revisions.get(act.target)
    created = act.kind == "deployed" and first and act.born and one.born_ns is not None and abs(act.at_ns - one.born_ns) <= NEAR_NS
    before = origin.images() if origin and not created else {}
    after = target.images() if target else {}
    words, image_from, image_to = image_words(before, after)
    restarted = act.kind == "deployed" and not created and _restarted(target, origin, touch)
    cause = target.cause(number) if target else ""
    if origin and cause and cause == origin.cause(None) and not created:
        cause = ""
    said = _witnesses(act, touch, target, pods)
    best = said[0] if said else Witness("kubernetes", "kubernetes/apiserver", act.at_ns, None, None, "")
    labels = {
        "namespace": one.namespace, "workload": one.kind, "name": one.name, "revision": str(number or ""), "image_from": image_from, "image_to": image_to,
        "replicaset" if one.kind not in ("StatefulSet", "DaemonSet") else "controllerrevision": act.target, "change_cause": cause,
        "replicas": f"{act.before} → {act.after}" if act.before and act.after and act.after > act.before else "",
    }  # fmt: skip
    if touch and touch.at_ns is not None and abs(touch.at_ns - act.at_ns) > WRITTEN_NS:
        labels[JOINED_LABEL] = Likelihood(WRITTEN, f"same object, its manager's time {apart(abs(touch.at_ns - act.at_ns))}").words
    happening = "deployed (created)" if created else "restarted (rollout restart)" if restarted else "rolled back" if act.kind == "rolled_back" else "deployed"
    details = [
        f"revision {number}" if number else act.target,
        words if words and not restarted else "" if created or restarted else "template changed" if before else "",
    ]
    title = f"{one.name} {happening}" + _tail(details, cause)
    return Row(
        kind=f"change.{act.kind}",
        at_ns=best.at_ns if best.at_ns is not None else act.at_ns,
        title=title,
        source=best.source,
        clock=best.clock,
        thread=f"rollout:{one.uid or '/'.join((one.namespace, one.kind, one.name))}:{number or act.target}",
        edge="start",
        before_ns=act.slack_ns if touch is None else 0,
        after_ns=SECOND_NS,
        at_source=best.at_source,
        severity="info",
        body=cause or None,
        service=one.name,
        subject=f"{one.kind}/{one.name}",
        actor=touch.manager if touch else None,
        labels={k: v for k, v in labels.items() if v},
        ref=best.ref,
        witnesses=said,
    )


def scaled_row(one: Workload, act: Act, touch: Touch | None, *, scaler: str = "", extra: Iterable[Fact] = ()) -> Row | None:
    """The row of a changed total; None where neither its numbers nor anyone's word on its time are known."""
    facts = [*(f for step in act.steps for f in step.facts), *extra]
    said = ((touch.witness,) if touch else ()) + tuple(_at(f, act.at_ns) for f in facts)
    if not said:
        return None
    numbers = f" {act.before} → {act.after}" if act.before is not None and act.after is not None else f" to {act.after}" if act.after is not None else ""
    labels = {"namespace": one.namespace, "workload": one.kind, "name": one.name, "from": act.before, "to": act.after}
    return Row(
        kind="change.scaled",
        at_ns=said[0].at_ns if said[0].at_ns is not None else act.at_ns,
        title=f"{one.name} scaled{numbers}",
        source=said[0].source,
        clock=said[0].clock,
        thread=f"scale:{one.uid or '/'.join((one.namespace, one.kind, one.name))}",
        edge=f"{'' if act.before is None else act.before}→{'' if act.after is None else act.after}",
        before_ns=act.slack_ns,
        after_ns=SECOND_NS,
        at_source=said[0].at_source,
        severity="info",
        service=one.name,
        subject=f"{one.kind}/{one.name}",
        actor=touch.manager if touch else scaler or None,
        labels={k: str(v) for k, v in labels.items() if v not in (None, "")},
        ref=said[0].ref,
        witnesses=said,
    )


def _tail(details: Sequence[str], cause: str) -> str:
    text = ", ".join(d for d in details if d)
    return (f": {text}" if text else "") + (f" ({cause})" if cause else "")


def _restarted(target: Revision | None, origin: Revision | None, touch: Touch | None) -> bool:
    """Whether nothing but the restart annotation changed."""
    if target and origin:
        return bool(target.restarted_at()) and target.restarted_at() != origin.restarted_at() and target.images() == origin.images()
    return bool(touch and "restartedAt" in touch.fields and "image" not in touch.fields and "selector" not in touch.fields)


def _witnesses(act: Act, touch: Touch | None, target: Revision | None, pods: Sequence[Fact]) -> tuple[Witness, ...]:
    """Who says when: the manager's time, the new revision's creation, the controller's first step (else the first pod)."""
    found = [touch.witness] if touch else []
    if act.born and target:
        found += [witness(f) for f in target.facts if f.at_ns is not None and abs(f.at_ns - act.at_ns) <= NEAR_NS]
    near = [s for s in act.steps if abs(s.at_ns - act.at_ns) <= NEAR_NS]
    towards = [s for s in near if s.up and s.replicaset == act.target][:1] or near[:1]
    found += [_at(f, s.at_ns) for s in towards for f in s.facts]
    if not found:
        found = [witness(f) for f in pods if f.at_ns == act.at_ns]
    if touch is None:
        found.sort(key=lambda w: w.at_ns if w.at_ns is not None else act.at_ns)
    return tuple({w.ref: w for w in reversed(found)}.values())[::-1]


def _at(fact: Fact, at_ns: int) -> Witness:
    """`fact` as a witness of `at_ns`, which may be its last time."""
    said = witness(fact)
    if fact.at_ns != at_ns and fact.until_ns == at_ns:
        return Witness(said.source, said.clock, at_ns, fact.until_stamp, said.native_id, said.ref)
    return said
