"""What the deployment controller's events say about sizes: texts of `ScalingReplicaSet`, and which workload they are about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .rows import Fact, Given

# "Scaled up replica set web-5d7 from 0 to 1"; servers before 1.25 leave the "from" out.
SCALED = re.compile(r"^Scaled (?P<way>up|down) replica set (?P<name>\S+)(?: from (?P<before>\d{1,9}))? to (?P<after>\d{1,9})(?!\d)")


@dataclass
class Scaling:
    """One change of one ReplicaSet's size; `before` None where the text leaves it out. `facts`: every sight of it."""

    at_ns: int
    replicaset: str
    up: bool
    before: int | None
    after: int
    facts: list[Fact] = field(default_factory=list)


@dataclass
class Sizes:
    """All that events say about one Deployment: its scalings in order, and combined events whose text is lost."""

    uid: str = ""
    scalings: list[Scaling] = field(default_factory=list)
    mute: list[Fact] = field(default_factory=list)


def scalings(given: Given) -> dict[tuple[str, str, str, str], Sizes]:
    """Per (namespace, kind, name, uid) of the workload; the same event seen in two answers counts once."""
    found: dict[tuple[str, str, str, str], dict[tuple[int, str, bool, int], Scaling]] = {}
    mute: dict[tuple[str, str, str, str], list[Fact]] = {}
    for fact in given.of("k8s.event"):
        if fact.attributes.get("reason") != "ScalingReplicaSet" or fact.at_ns is None:
            continue
        key = involved(fact)
        match = SCALED.match(fact.attributes.get("message") or "")
        if match is None:
            mute.setdefault(key, []).append(fact)
            continue
        before = int(match["before"]) if match["before"] else None
        for at_ns in instants(fact):
            same = (at_ns, match["name"], match["way"] == "up", int(match["after"]))
            one = found.setdefault(key, {}).setdefault(same, Scaling(same[0], same[1], same[2], before, same[3]))
            one.facts.append(fact)
    return {key: Sizes(key[3], in_order(found.get(key, {}).values()), mute.get(key, [])) for key in {**found, **mute}}


def involved(fact: Fact) -> tuple[str, str, str, str]:
    """Namespace, kind, name and uid of the object that an event is about."""
    about = fact.attributes.get("involved") or {}
    return about.get("namespace", ""), about.get("kind", ""), about.get("name", ""), about.get("uid", "")


def instants(fact: Fact) -> list[int]:
    """The instants that are known of an event: its first, and its last where it was repeated."""
    if fact.at_ns is None:
        return []
    if fact.until_ns is None or fact.until_ns == fact.at_ns or (fact.count or 1) < 2:
        return [fact.at_ns]
    return [fact.at_ns, fact.until_ns]


def in_order(found: Iterable[Scaling]) -> list[Scaling]:
    """By time; within a second ups before downs, and each ReplicaSet's steps in the direction they go."""
    return sorted(found, key=lambda s: (s.at_ns // 1_000_000_000, not s.up, s.replicaset, s.after if s.up else -s.after))
