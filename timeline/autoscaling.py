"""The horizontal autoscaler's word on sizes: its event `SuccessfulRescale` names the new size and the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .managed import SECOND_NS
from .rows import Fact, Given, Row, row_of, witness
from .scalings import instants, involved

NEW_SIZE = re.compile(r"New size: (?P<size>\d{1,9})(?!\d)(?:; reason: (?P<reason>.*))?", re.DOTALL)
LATER_NS = 15 * SECOND_NS
ACTOR = "horizontal-pod-autoscaler"


def with_autoscaler(changes: Sequence[Row], given: Given) -> list[Row]:
    """`changes` with the autoscaler as witness and actor of what it scaled; its rescales that nothing else tells of as rows."""
    targets = {
        (f.attributes["namespace"], f.attributes["name"]): f.attributes["target"]
        for f in given.of("state.hpa")
        if (f.attributes.get("target") or {}).get("name")
    }
    found = list(changes)
    alone: list[Row] = []
    for fact in given.of("k8s.event"):
        match = NEW_SIZE.search(fact.attributes.get("message") or "")
        if fact.attributes.get("reason") != "SuccessfulRescale" or match is None:
            continue
        namespace, _, name, _ = involved(fact)
        target = targets.get((namespace, name), {"kind": "Deployment", "name": name})
        for at_ns in instants(fact):
            i = _match(found, namespace, target["name"], int(match["size"]), at_ns)
            if i is None:
                alone.append(_alone(fact, at_ns, namespace, target, match))
            else:
                row = found[i]
                found[i] = replace(row, actor=ACTOR, body=row.body or match["reason"], witnesses=(*row.witnesses, replace(witness(fact), at_ns=at_ns)))
    return [*found, *alone]


def _match(rows: Sequence[Row], namespace: str, name: str, size: int, at_ns: int) -> int | None:
    near = [
        (abs(row.at_ns - at_ns), i)
        for i, row in enumerate(rows)
        if row.kind == "change.scaled" and row.labels.get("namespace") == namespace and abs(row.at_ns - at_ns) <= LATER_NS
        if row.labels.get("name") == name or row.labels.get("to") == str(size)
    ]
    return min(near)[1] if near else None


def _alone(fact: Fact, at_ns: int, namespace: str, target: dict[str, str], match: re.Match[str]) -> Row:
    labels = {"namespace": namespace, "workload": target["kind"], "name": target["name"], "to": match["size"]}
    return row_of(
        fact,
        kind="change.scaled",
        at_ns=at_ns,
        until_ns=None,
        at_source=fact.until_stamp if at_ns == fact.until_ns else fact.stamp,
        title=f"{target['name']} scaled to {match['size']}",
        body=match["reason"],
        thread=f"scale:{namespace}/{target['kind']}/{target['name']}",
        edge=f"→{match['size']}",
        severity="info",
        count=None,
        service=target["name"],
        subject=f"{target['kind']}/{target['name']}",
        actor=ACTOR,
        labels=labels,
    )
