"""The history of one Deployment, told again from its ReplicaSets and scaling events.

A new ReplicaSet is a new template; an old one that grows from nothing again is a rollback (its creation time is its first use
only); growing or shrinking of the one in use alone changes the total. The controller scales the old set down and the new
one up in steps: these belong to the act that began them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .managed import NEAR_NS, SECOND_NS
from .scalings import Scaling

RECREATE_NS = 600 * SECOND_NS
QUIET_NS = 900 * SECOND_NS


@dataclass
class Act:
    """One thing someone did: `target` the template it leads to (a ReplicaSet's name), `origin` the one before."""

    kind: Literal["deployed", "rolled_back", "scaled"]
    at_ns: int
    target: str
    origin: str | None = None
    before: int | None = None
    after: int | None = None
    born: bool = False
    slack_ns: int = 0
    done: bool = False
    end_ns: int = 0
    steps: list[Scaling] = field(default_factory=list)


class Walk:
    """Walks through births and scalings in order of time; `acts` is what it found."""

    def __init__(self, births: Mapping[str, int], scalings: Sequence[Scaling], joint_ns: Sequence[int] = ()) -> None:
        """`births`: creation of each ReplicaSet; `joint_ns`: when someone set template and size in one change."""
        self.acts: list[Act] = []
        self.births = births
        self.scalings = scalings
        self.joint_ns = joint_ns
        self.sizes: dict[str, int] = {}
        self.current: str | None = None
        self.act: Act | None = None

    def run(self) -> list[Act]:
        """All acts, in order of time."""
        births = [(at // SECOND_NS, 0, i, name) for i, (name, at) in enumerate(sorted(self.births.items(), key=lambda b: (b[1], b[0])))]
        steps = [(s.at_ns // SECOND_NS, 1, i, "") for i, s in enumerate(self.scalings)]
        for _, is_step, i, name in sorted(births + steps):
            if is_step:
                self._step(i, self.scalings[i])
            else:
                self._begin("deployed", name, self.births[name], born=True)
        return self.acts

    def _begin(self, kind: Literal["deployed", "rolled_back"], target: str, at_ns: int, *, born: bool = False) -> Act:
        total = sum(self.sizes.values()) if self.sizes else None
        self.act = Act(kind, at_ns, target, self.current, total or None, born=born, end_ns=at_ns)
        emptied = self._emptied_by(target, at_ns)
        if emptied:
            self.act.at_ns, self.act.before = emptied.at_ns, emptied.before
            self.act.steps.append(emptied)
        self.acts.append(self.act)
        self.current = target
        return self.act

    def _step(self, i: int, step: Scaling) -> None:
        was = step.before if step.before is not None else self.sizes.get(step.replicaset)
        if step.replicaset == self.current:
            self._of_current(i, step, was)
        elif step.up:
            self._up_of_other(step, was)
        else:
            self._down_of_other(i, step, was)
        self.sizes[step.replicaset] = step.after
        if self.act and not self.act.done and self.act.target == self.current:
            self.act.done = self._complete()

    def _of_current(self, i: int, step: Scaling, was: int | None) -> None:
        if step.up and self.act and (not self._over(self.act, step, was) or self._joint(step, self.act)):
            self._fold(step)
            self.act.after = step.after
        elif step.up or not (self._turned(i, step) or (step.after == 0 and self._successor(i, step))):
            self._scaled(step, was)

    def _up_of_other(self, step: Scaling, was: int | None) -> None:
        known = step.replicaset in self.sizes or self._old(step)
        if was or (was is None and self.current and not known and self._old(step)):
            if self.current and not self._falls(self.current, step.at_ns):
                self._scaled(step, None)
                return
            known = True
        self._begin("rolled_back" if known else "deployed", step.replicaset, step.at_ns)
        self._fold(step)

    def _down_of_other(self, i: int, step: Scaling, was: int | None) -> None:
        if self.current is None:
            self.current = step.replicaset
            self._of_current(i, step, was)
        elif self.act:
            self._fold(step)
            if self.act.before is None and was is not None:
                self.act.before = was

    def _scaled(self, step: Scaling, was: int | None) -> None:
        """The total changed. A step of another set than the current one is a share of a change whose numbers are unknown."""
        whole = step.replicaset == self.current
        last = self.acts[-1] if self.acts else None
        if last and last.kind == "scaled" and abs(step.at_ns - last.at_ns) < 2 * SECOND_NS and last.target == step.replicaset and last.after == was:
            last.after = step.after
            last.steps.append(step)
            return
        act = Act("scaled", step.at_ns, step.replicaset, None, was if whole else None, step.after if whole else None, end_ns=step.at_ns, steps=[step])
        self.acts.append(act)

    def _fold(self, step: Scaling) -> None:
        if self.act:
            self.act.steps.append(step)
            self.act.end_ns = max(self.act.end_ns, step.at_ns)

    def _complete(self) -> bool:
        """Whether the rollout has reached its size: the others are empty, and the target is as big as they were."""
        act = self.act
        if act is None:
            return True
        if act.origin and act.origin not in self.sizes:
            return False
        others = [size for name, size in self.sizes.items() if name != act.target]
        return not any(others) and self.sizes.get(act.target, 0) > 0 and self.sizes[act.target] >= (act.before or 0)

    def _over(self, act: Act, step: Scaling, was: int | None) -> bool:
        """Whether the rollout was over before this step up of its target, seen or not."""
        unseen = step.replicaset not in self.sizes and (bool(was) or step.at_ns - act.at_ns > RECREATE_NS)
        beyond = was is not None and act.before is not None and was >= act.before
        return act.done or unseen or beyond or step.at_ns - act.end_ns > QUIET_NS

    def _joint(self, step: Scaling, act: Act) -> bool:
        """Whether a step past the old size goes on with a change that set template and size at once."""
        return step.at_ns - act.end_ns <= 60 * SECOND_NS and any(abs(at - act.at_ns) <= NEAR_NS for at in self.joint_ns)

    def _old(self, step: Scaling) -> bool:
        born = self.births.get(step.replicaset)
        return born is not None and step.at_ns - born > NEAR_NS

    def _falls(self, name: str, at_ns: int) -> bool:
        return any(not s.up and s.replicaset == name and -2 * SECOND_NS <= s.at_ns - at_ns <= NEAR_NS for s in self.scalings)

    def _turned(self, i: int, step: Scaling) -> bool:
        """Whether the current set shrinks because another grows: a rollback in the middle of a rollout, or one whose first step comes a moment later."""
        for later in self.scalings[i + 1 :]:
            if later.at_ns - step.at_ns > NEAR_NS:
                return False
            if later.up and later.replicaset != step.replicaset:
                known = later.replicaset in self.sizes or self._old(later)
                if not known and later.replicaset in self.births:
                    return False
                self._begin("rolled_back" if known else "deployed", later.replicaset, step.at_ns)
                self._fold(step)
                return True
        return False

    def _successor(self, i: int, step: Scaling) -> bool:
        """Whether another set follows an emptied one (strategy Recreate): then emptying was the rollout's first step."""
        follower = next(iter(self.scalings[i + 1 :]), None)
        return bool(follower and follower.up and follower.replicaset != step.replicaset and follower.at_ns - step.at_ns <= RECREATE_NS)

    def _emptied_by(self, target: str, at_ns: int) -> Scaling | None:
        """The step that emptied the set before `target` was made, where nothing else happened in between."""
        earlier = [s for s in self.scalings if s.at_ns <= at_ns and s.replicaset != target and not (s.at_ns == at_ns and s.up)]
        last = earlier[-1] if earlier else None
        if last and not last.up and last.after == 0 and last.replicaset == self.current and at_ns - last.at_ns <= RECREATE_NS:
            if self.act:
                self.act.steps = [s for s in self.act.steps if s is not last]
            return last
        return None
