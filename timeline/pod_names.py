"""Which pod: names and uids as facts give them, and what an event says it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .likelihood import POD_NAME, Likelihood
from .managed import SECOND_NS
from .rows import Fact, Given
from .scalings import involved

SLACK_NS = 5 * SECOND_NS
FIELD_PATH = re.compile(r"\{(.+)\}$")


@dataclass(frozen=True)
class Life:
    """One pod of a name: when it was made (`known`) or is first told of."""

    first_ns: int
    known: bool
    uid: str


@dataclass(frozen=True)
class Pods:
    """The pods that bore each (namespace, name), one after another."""

    lives: Mapping[tuple[str, str], tuple[Life, ...]]

    @classmethod
    def of(cls, given: Given) -> Pods:
        """All pods that a status or an event names."""
        found: dict[tuple[str, str], dict[str, Life]] = {}
        for fact in given.of("state.pod", "k8s.event"):
            a, made = fact.attributes, fact.kind == "state.pod"
            namespace, name, uid = (a["namespace"], a["name"], a["uid"]) if made else event_pod(fact)
            if name and uid:
                life = Life(fact.at_ns or 0, made and fact.at_ns is not None, uid)
                lives = found.setdefault((namespace, name), {})
                lives[uid] = min(life, lives.get(uid, life), key=lambda one: (not one.known, one.first_ns))
        return cls({key: tuple(sorted(lives.values(), key=lambda one: (one.first_ns, one.uid))) for key, lives in found.items()})

    def uid(self, namespace: str, name: str, at_ns: int, said: str = "") -> tuple[str, Likelihood | None]:
        """The uid at `at_ns`: as `said`, else of the pod of that name then, else namespace and name; with how likely where there were several."""
        lives = self.lives.get((namespace, name), ())
        there = [one for one in lives if one.first_ns <= at_ns + SLACK_NS] or [one for one in lives if not one.known][:1]
        if said or not there:
            return said or f"{namespace}/{name}", None
        return there[-1].uid, Likelihood(POD_NAME, "same pod name, the pod that had it then") if len(lives) > 1 else None


def event_pod(fact: Fact) -> tuple[str, str, str]:
    """Namespace, name and uid of the pod that an event is about; blank where it is about something else."""
    namespace, kind, name, uid = involved(fact)
    return (namespace, name, uid) if kind == "Pod" else ("", "", "")


def container_of(fact: Fact) -> str:
    """The container that an event's field path names, "" without."""
    match = FIELD_PATH.search((fact.attributes.get("involved") or {}).get("fieldPath", ""))
    return match[1] if match else ""
