"""Rows of what was done to StatefulSets and DaemonSets: their templates are ControllerRevisions.

A rollback gives an old revision the highest number; its creation time stays that of its first use. Sizes: no event tells
them, only which ordinals of a StatefulSet are made for the first time or go for good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .change_rows import change_row, scaled_row
from .managed import NEAR_NS, SECOND_NS, Touch, nearest, nearest_of, touches
from .revisions import Revision, by_name
from .rollout_walk import Act
from .rows import Fact, Given, Row
from .scalings import instants, involved

KINDS = ("StatefulSet", "DaemonSet")
CHAIN_NS = 120 * SECOND_NS
ORDINAL = re.compile(r"\bPod (?P<pod>\S+-(?P<ordinal>\d{1,9})) in StatefulSet")


@dataclass
class SetWorkload:
    """All that is known of one StatefulSet or DaemonSet, over all answers."""

    namespace: str
    kind: str
    name: str
    uid: str = ""
    states: list[Fact] = field(default_factory=list)
    revisions: dict[str, Revision] = field(default_factory=dict)
    touches: list[Touch] = field(default_factory=list)
    events: list[Fact] = field(default_factory=list)
    pods: list[Fact] = field(default_factory=list)
    killed: list[Fact] = field(default_factory=list)

    @property
    def born_ns(self) -> int | None:
        """Creation of the object itself."""
        return next((s.at_ns for s in self.states if s.at_ns is not None), None)


def rows(given: Given) -> list[Row]:
    """One row per new or reused revision, and one per change of a StatefulSet's size."""
    found: list[Row] = []
    for one in _workloads(given):
        acts = _acts(one)
        scaled = _scaled(one, acts) if one.kind == "StatefulSet" else []
        found += _rows_of(one, acts)
        found += [row for act, facts in scaled if (row := scaled_row(one, act, _scale_touch(one, act), extra=facts))]
    return found


def _workloads(given: Given) -> list[SetWorkload]:
    found: dict[tuple[str, str, str], SetWorkload] = {}
    revisions: dict[int, list[Fact]] = {}
    for fact in given.of("state.statefulset", "state.daemonset", "state.controllerrevision", "state.pod", "k8s.event"):
        key = _whose(fact)
        if key is None:
            continue
        one = found.setdefault(key[:3], SetWorkload(*key[:3]))
        one.uid = one.uid or key[3]
        if fact.kind == "state.controllerrevision":
            revisions.setdefault(id(one), []).append(fact)
        else:
            {"state.pod": one.pods, "k8s.event": one.events}.get(fact.kind, one.states).append(fact)
    killed = [f for f in given.of("k8s.event") if f.attributes.get("reason") == "Killing" and involved(f)[1] == "Pod"]
    for one in found.values():
        one.revisions = by_name(revisions.get(id(one), []))
        one.touches = touches(one.states)
        one.events.sort(key=lambda f: (f.at_ns or 0, f.ref))
        one.killed = [f for f in killed if involved(f)[0] == one.namespace and involved(f)[2].startswith(f"{one.name}-")]
    return [found[key] for key in sorted(found)]


def _whose(fact: Fact) -> tuple[str, str, str, str] | None:
    """Namespace, kind, name and uid of the set that a fact is about, None where it is about no set."""
    a = fact.attributes
    if fact.kind == "k8s.event":
        made = a.get("reason") in ("SuccessfulCreate", "SuccessfulDelete") and fact.at_ns is not None
        return involved(fact) if made and involved(fact)[1] in KINDS else None
    owner = a if fact.kind in ("state.statefulset", "state.daemonset") else a.get("owner") or {}
    return (a["namespace"], owner["kind"], owner["name"], owner["uid"]) if owner.get("kind") in KINDS else None


def _acts(one: SetWorkload) -> list[Act]:
    """First uses by the revisions' creation; reuses by their numbers."""
    born = sorted((r.born_ns, name) for name, r in one.revisions.items() if r.born_ns is not None)
    found: list[Act] = []
    for i, (at_ns, name) in enumerate(born):
        found.append(Act("deployed", at_ns, name, born[i - 1][1] if i else None, born=True, end_ns=at_ns))
    if not one.revisions and one.born_ns is not None:
        return [Act("deployed", one.born_ns, "", None, born=True, end_ns=one.born_ns)]
    reused = _reused(one, born)
    return [*found, reused] if reused else found


def _reused(one: SetWorkload, born: Sequence[tuple[int, str]]) -> Act | None:
    """The rollback to an older revision, if the highest number is not the newest one's."""
    if len(born) < 2:
        return None
    current = max(one.revisions.values(), key=lambda r: (r.numbers[-1:] or [0], r.name))
    newest_ns, newest = born[-1]
    if current.name == newest or (current.born_ns or 0) >= newest_ns:
        return None
    used = [t.at_ns for t in one.touches if t.at_ns is not None and "template" in t.fields and t.at_ns > newest_ns + NEAR_NS]
    if used:
        return Act("rolled_back", used[-1], current.name, newest, end_ns=used[-1])
    hash_ = current.latest.attributes.get("template_hash") if current.latest else ""
    labels = {current.name, hash_ or current.name}
    pods = sorted(p.at_ns for p in one.pods if p.at_ns is not None and p.at_ns > newest_ns and p.attributes["labels"].get("controller-revision-hash") in labels)
    return Act("rolled_back", pods[0], current.name, newest, slack_ns=NEAR_NS, end_ns=pods[0]) if pods else None


def _rows_of(one: SetWorkload, acts: list[Act]) -> list[Row]:
    found = []
    for i, act in enumerate(acts):
        numbers = one.revisions[act.target].numbers if act.target in one.revisions else []
        number = (numbers[-1] if act.kind == "rolled_back" else numbers[0]) if numbers else None
        touch = nearest(nearest_of(one.touches, act.at_ns, [a.at_ns for a in acts]), act.at_ns, "template")
        row = change_row(
            one, act, touch, origin=one.revisions.get(act.origin or ""), number=number, first=i == 0, pods=[p for p in one.pods if p.at_ns == act.at_ns]
        )
        until = acts[i + 1].at_ns if i + 1 < len(acts) else None
        said = {w.ref for w in row.witnesses}
        folds = [f.ref for f in (*_chain(one.events, act.at_ns, until), *one.states) if f.ref not in said]
        found.append(replace(row, folds=tuple(dict.fromkeys(folds))))
    return found


def _chain(events: Sequence[Fact], from_ns: int, until_ns: int | None) -> list[Fact]:
    """Pods made and deleted after an act, as long as one follows the other within two minutes and before the next act."""
    found: list[Fact] = []
    last = from_ns
    for fact in events:
        at_ns = max(instants(fact))
        if (fact.at_ns or 0) < from_ns - SECOND_NS or (until_ns is not None and at_ns >= until_ns):
            continue
        if at_ns - last > CHAIN_NS:
            break
        found.append(fact)
        last = max(last, at_ns)
    return found


def _scaled(one: SetWorkload, acts: list[Act]) -> list[tuple[Act, list[Fact]]]:
    """Changes of a StatefulSet's size: ordinals that are new, or that go and do not come back, in chains."""
    made, gone = _ordinals(one, "SuccessfulCreate"), _ordinals(one, "SuccessfulDelete")
    first_ns = min((a.at_ns for a in acts if a.born and a is acts[0]), default=0)
    started = {o for at, o, _ in made if at - first_ns <= CHAIN_NS} if acts else set()
    size = next((s.attributes.get("replicas") for s in reversed(one.states) if s.attributes.get("replicas") is not None), None)
    ups = [m for m in made if m[0] - first_ns > CHAIN_NS and m[1] not in started and not _was_there(one, *m[:2]) and _first_made(made, m)]
    downs = [g for g in gone if size is not None and g[1] >= size and not any(m[1] == g[1] and m[0] >= g[0] for m in made)]
    found = []
    for way, steps in (("up", ups), ("down", downs)):
        for group in _groups(steps):
            low, high = min(o for _, o, _ in group), max(o for _, o, _ in group) + 1
            before, after = (low, high) if way == "up" else (high, low)
            at_ns = group[0][0]
            found.append((Act("scaled", at_ns, one.name, None, before, after, end_ns=group[-1][0]), [f for _, _, f in group]))
    return sorted(found, key=lambda pair: pair[0].at_ns)


def _ordinals(one: SetWorkload, reason: str) -> list[tuple[int, int, Fact]]:
    found = []
    for fact in one.events:
        match = ORDINAL.search(fact.attributes.get("message") or "")
        if match and fact.attributes["reason"] == reason and match["pod"].rpartition("-")[0] == one.name:
            found += [(at, int(match["ordinal"]), fact) for at in instants(fact)]
    return sorted(found, key=lambda s: (s[0], s[1]))


def _was_there(one: SetWorkload, at_ns: int, ordinal: int) -> bool:
    """Whether the pod of that ordinal existed before: it was killed or deleted, so it is only replaced."""
    name = f"{one.name}-{ordinal}"
    killed = any(involved(f)[2] == name and (f.at_ns or 0) <= at_ns for f in one.killed)
    return killed or any(o == ordinal and at <= at_ns for at, o, _ in _ordinals(one, "SuccessfulDelete"))


def _first_made(made: Sequence[tuple[int, int, Fact]], step: tuple[int, int, Fact]) -> bool:
    return not any(o == step[1] and at < step[0] for at, o, _ in made)


def _groups(steps: Sequence[tuple[int, int, Fact]]) -> list[list[tuple[int, int, Fact]]]:
    found: list[list[tuple[int, int, Fact]]] = []
    for step in steps:
        if found and step[0] - found[-1][-1][0] <= CHAIN_NS:
            found[-1].append(step)
        else:
            found.append([step])
    return found


def _scale_touch(one: SetWorkload, act: Act) -> Touch | None:
    return nearest([t for t in one.touches if "template" not in t.fields], act.at_ns, "replicas")
