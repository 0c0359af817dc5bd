"""Rows of what was done to Deployments: deployed, rolled back, restarted, scaled, at the true time of the act.

Time, from best to worst: `managedFields` (API server, 1 s), the new ReplicaSet's creation, the controller's first scaling event. What
lies within ten seconds of each other and leads to the same ReplicaSet is one act with several witnesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .change_rows import change_row, scaled_row
from .managed import NEAR_NS, SECOND_NS, Touch, nearest, nearest_of, touches
from .revisions import Revision, by_name
from .rollout_walk import Act, Walk
from .rows import Fact, Given, Row
from .scalings import Sizes, instants, involved, scalings

OWNERS = ("Deployment", "Rollout")
PODS_NS = 5 * SECOND_NS

Key = tuple[str, str, str]


@dataclass
class Deployment:
    """All that is known of one Deployment (or another kind that owns ReplicaSets), over all answers."""

    namespace: str
    kind: str
    name: str
    uid: str = ""
    states: list[Fact] = field(default_factory=list)
    revisions: dict[str, Revision] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    touches: list[Touch] = field(default_factory=list)
    pods: dict[str, list[Fact]] = field(default_factory=dict)

    @property
    def born_ns(self) -> int | None:
        """Creation of the object itself."""
        return next((s.at_ns for s in self.states if s.at_ns is not None), None)


def rows(given: Given) -> list[Row]:
    """One row per act on each Deployment; the events of a rollout fold into its row."""
    creations = _pod_events(given)
    return [row for one in _deployments(given) for row in _rows_of(one, creations)]


def _deployments(given: Given) -> list[Deployment]:
    """Everything by (namespace, kind, name, uid); a uid that is not known is taken from where it is."""
    found: dict[tuple[str, str, str, str], Deployment] = {}
    states = [
        (f, (f.attributes["namespace"], f.attributes["kind"], f.attributes["name"], f.attributes["uid"])) for f in given.of("state.deployment", "state.rollout")
    ]
    sets = [(f, _owner(f)) for f in given.of("state.replicaset") if (f.attributes.get("owner") or {}).get("kind") in OWNERS]
    sizes = {key: s for key, s in scalings(given).items() if key[1] in OWNERS}
    uids: dict[Key, str] = {}
    for key in [k for _, k in states + sets] + list(sizes):
        uids.setdefault(key[:3], key[3])
        uids[key[:3]] = uids[key[:3]] or key[3]

    def at(key: tuple[str, str, str, str]) -> Deployment:
        full = (*key[:3], key[3] or uids[key[:3]])
        return found.setdefault(full, Deployment(*full))

    for fact, key in states:
        at(key).states.append(fact)
    mine: dict[int, list[Fact]] = {}
    for fact, key in sets:
        mine.setdefault(id(at(key)), []).append(fact)
    for key, one_sizes in sizes.items():
        at(key).sizes = one_sizes
    pods = _pods(given)
    for one in found.values():
        one.states.sort(key=lambda f: (f.collected_ns or 0, f.ref))
        one.revisions = by_name(mine.get(id(one), []))
        one.touches = touches(one.states)
        one.pods = pods
    return [found[key] for key in sorted(found)]


def _owner(fact: Fact) -> tuple[str, str, str, str]:
    owner = fact.attributes["owner"]
    return fact.attributes["namespace"], owner["kind"], owner["name"], owner["uid"]


def _pods(given: Given) -> dict[str, list[Fact]]:
    """ReplicaSet name → its pods."""
    found: dict[str, list[Fact]] = {}
    for fact in given.of("state.pod"):
        found.setdefault((fact.attributes.get("owner") or {}).get("name", ""), []).append(fact)
    return found


def _pod_events(given: Given) -> dict[tuple[str, str], list[Fact]]:
    """(namespace, ReplicaSet) → the controller's events of pods made and deleted."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in given.of("k8s.event"):
        if fact.attributes.get("reason") in ("SuccessfulCreate", "SuccessfulDelete") and involved(fact)[1] == "ReplicaSet":
            found.setdefault((involved(fact)[0], involved(fact)[2]), []).append(fact)
    return found


def _rows_of(one: Deployment, creations: Mapping[tuple[str, str], list[Fact]]) -> list[Row]:
    births = {name: revision.born_ns for name, revision in one.revisions.items() if revision.born_ns is not None}
    joint = [t.at_ns for t in one.touches if t.at_ns is not None and t.fields >= {"template", "replicas"}]
    acts = Walk(births, one.sizes.scalings, joint).run()
    acts = sorted([*acts, *_unseen(one, acts)], key=lambda a: a.at_ns)
    numbers = _numbers(one, acts)
    rolled = [a for a in acts if a.kind != "scaled"]
    found = []
    for i, act in enumerate(acts):
        touch = _touch(one, act, acts)
        if act.kind == "scaled":
            row = scaled_row(one, act, touch, scaler=_last_scaler(one, acts, i))
        else:
            origin = one.revisions.get(act.origin or "")
            row = change_row(one, act, touch, origin=origin, number=numbers.get(id(act)), first=act is rolled[0], pods=one.pods.get(act.target, []))
        if row:
            found.append(_with_folds(row, act, one, creations, acts[i + 1].at_ns if i + 1 < len(acts) else None))
    return found


def _touch(one: Deployment, act: Act, acts: Sequence[Act]) -> Touch | None:
    """Who wrote what `act` followed: a manager's time near it, and no nearer to another act of its kind."""
    alike = [a for a in acts if (a.kind == "scaled") == (act.kind == "scaled")]
    found = nearest_of(one.touches, act.at_ns, [a.at_ns for a in alike])
    if act.kind == "scaled":
        return nearest([t for t in found if "template" not in t.fields], act.at_ns, "replicas")
    return nearest(found, act.at_ns, "template")


def _last_scaler(one: Deployment, acts: list[Act], i: int) -> str:
    """Who set the size last before an answer was given: the scale subresource leaves no time, so only the last scaling can be theirs."""
    later = [a.at_ns for a in acts[i + 1 :] if a.kind == "scaled"]
    for touch in one.touches:
        given_ns = touch.fact.collected_ns
        if touch.subresource == "scale" and touch.at_ns is None and (not later or (given_ns is not None and acts[i].at_ns <= given_ns <= later[0])):
            return touch.manager
    return ""


def _numbers(one: Deployment, acts: Iterable[Act]) -> dict[int, int]:
    """The revision number that each act led to: a set's first number for its birth, its last ones for later uses."""
    found: dict[int, int] = {}
    for name, revision in one.revisions.items():
        numbers = list(revision.numbers)
        uses = [a for a in acts if a.target == name and a.kind != "scaled"]
        if numbers and uses and uses[0].born:
            found[id(uses.pop(0))] = numbers.pop(0)
        found.update({id(act): number for act, number in zip(reversed(uses), reversed(numbers), strict=False)})
    return found


def _unseen(one: Deployment, acts: list[Act]) -> list[Act]:
    """Acts that no event tells of any more: a rollback by its number and managers, a workload without its ReplicaSets."""
    if not one.revisions:
        return [] if any(a.kind != "scaled" for a in acts) else _without_sets(one, acts)
    current = max(one.revisions.values(), key=lambda r: (r.numbers[-1:] or [0], r.name))
    uses = [a for a in acts if a.target == current.name and a.kind != "scaled"]
    found = [] if len(uses) >= len(current.numbers) else _reused(one, current, acts)
    return found + _resized(one, [*acts, *found])


def _reused(one: Deployment, current: Revision, acts: list[Act]) -> list[Act]:
    """The current set was used before, and nothing says when it came back: its manager's time, else its first new pod."""
    newest = max((r.born_ns for r in one.revisions.values() if r.born_ns is not None and r is not current), default=current.born_ns or 0)
    known = [a.at_ns for a in acts if a.kind != "scaled"]
    free = [t.at_ns for t in one.touches if t.at_ns is not None and "template" in t.fields and all(abs(t.at_ns - k) > NEAR_NS for k in known)]
    later = [at for at in free if at >= newest]
    before = next((a.target for a in sorted(acts, key=lambda a: a.at_ns, reverse=True) if a.kind != "scaled" and a.target != current.name), None)
    if later:
        return [Act("rolled_back", later[-1], current.name, before, end_ns=later[-1] + 60 * SECOND_NS)]
    pods = sorted(p.at_ns for p in one.pods.get(current.name, []) if p.at_ns is not None and p.at_ns > newest)
    return [Act("rolled_back", pods[0], current.name, before, slack_ns=min(NEAR_NS, pods[0] - newest), end_ns=pods[-1])] if pods else []


def _without_sets(one: Deployment, acts: list[Act]) -> list[Act]:
    """Acts of a Deployment whose ReplicaSets were not asked for: its creation, and template changes after which it progressed."""
    found = [Act("deployed", one.born_ns, "", None, born=True, end_ns=one.born_ns)] if one.born_ns is not None else []
    progress = [c.get("lastUpdateTime", "") for s in one.states for c in s.attributes.get("conditions") or [] if c.get("type") == "Progressing"]
    for touch in one.touches:
        at_ns = touch.at_ns
        if at_ns is None or "template" not in touch.fields or any(abs(at_ns - a.at_ns) <= NEAR_NS for a in (*acts, *found)):
            continue
        if any(time >= (touch.witness.at_source or "~") for time in progress):
            found.append(Act("deployed", at_ns, "", "", end_ns=at_ns))
    return found


def _resized(one: Deployment, acts: list[Act]) -> list[Act]:
    """A size set by hand at a known time that no event tells of; the number is known for the last one alone."""
    mine = [t for t in one.touches if t.at_ns is not None and "replicas" in t.fields and not t.fields & {"template", "selector"}]
    found = []
    for touch in mine:
        if touch.at_ns is not None and all(abs(touch.at_ns - a.at_ns) > NEAR_NS for a in acts):
            last = touch is mine[-1] and one.states
            found.append(Act("scaled", touch.at_ns, "", None, None, one.states[-1].attributes.get("replicas") if last else None, end_ns=touch.at_ns))
    return found


def _with_folds(row: Row, act: Act, one: Deployment, creations: Mapping[tuple[str, str], list[Fact]], next_ns: int | None) -> Row:
    """`row` with the records that went into it: steps, combined events whose texts are lost, pods made and deleted, the objects read."""
    steps = [f for step in act.steps for f in step.facts]
    span = (act.at_ns - 2 * SECOND_NS, max(act.end_ns, act.at_ns) + PODS_NS)
    until = min(span[1], next_ns) if next_ns is not None and act.kind != "scaled" else span[1]
    lost = [f for f in one.sizes.mute if f.at_ns is not None and span[0] <= f.at_ns and (next_ns is None or f.at_ns < next_ns or f.at_ns <= until)]
    names = {*one.revisions, *(s.replicaset for s in one.sizes.scalings)}
    pods = [f for name in sorted(names) for f in creations.get((one.namespace, name), []) if all(span[0] <= at <= until + PODS_NS for at in instants(f))]
    said = {w.ref for w in row.witnesses}
    folds = [f.ref for f in (*steps, *lost, *pods, *one.states) if f.ref not in said]
    return replace(row, folds=tuple(dict.fromkeys((*row.folds, *folds))))
