"""Rows `node.condition`: a node's conditions that changed in the window, from its status and from events (core/v1 NodeCondition)."""

from __future__ import annotations

from dataclasses import replace

from ..normalize.stamps import instant_ns
from .managed import NEAR_NS, SECOND_NS
from .rows import Fact, Given, Row, row_of, witness
from .scalings import instants, involved

# Event reason → condition type and status.
EVENTS = {
    "NodeReady": ("Ready", "True"), "NodeNotReady": ("Ready", "False"),
    "NodeHasInsufficientMemory": ("MemoryPressure", "True"), "NodeHasSufficientMemory": ("MemoryPressure", "False"),
    "NodeHasDiskPressure": ("DiskPressure", "True"), "NodeHasNoDiskPressure": ("DiskPressure", "False"),
    "NodeHasInsufficientPID": ("PIDPressure", "True"), "NodeHasSufficientPID": ("PIDPressure", "False"),
    "NodeNotSchedulable": ("Schedulable", "False"), "NodeSchedulable": ("Schedulable", "True"),
    "Rebooted": ("Rebooted", "True"),
}  # fmt: skip
GOOD = {("Ready", "True"), ("Schedulable", "True")}


def rows(given: Given) -> list[Row]:
    """One row per change of a condition; a status and an event within ten seconds are witnesses of one."""
    found: list[Row] = []
    for row in sorted([*_statuses(given), *_events(given)], key=lambda r: (r.thread, r.edge, r.at_ns, r.ref)):
        last = found[-1] if found else None
        if last and (last.thread, last.edge) == (row.thread, row.edge) and row.at_ns - last.at_ns <= NEAR_NS:
            said = {(w.source, w.ref): w for w in (*last.witnesses, *row.witnesses)}
            found[-1] = replace(last, witnesses=tuple(said.values()), body=last.body or row.body)
        else:
            found.append(row)
    return found


def _statuses(given: Given) -> list[Row]:
    found = []
    for fact in given.of("state.node"):
        for condition in fact.attributes["conditions"]:
            at_ns = instant_ns(condition.get("lastTransitionTime"))
            if at_ns is not None and given.window.since_ns <= at_ns < given.window.until_ns:
                said = replace(fact, at_ns=at_ns, stamp=condition["lastTransitionTime"], ref=f"{fact.ref.rstrip('/')}/status/conditions/{condition['index']}")
                words = {"name": fact.attributes["name"], "type": condition.get("type", ""), "status": condition.get("status", "")}
                found.append(replace(_row(said, words, condition.get("message") or condition.get("reason") or ""), folds=(fact.ref,)))
    return found


def _events(given: Given) -> list[Row]:
    found = []
    for fact in given.of("k8s.event"):
        type_, status = EVENTS.get(str(fact.attributes.get("reason")), ("", ""))
        if type_ and involved(fact)[1] == "Node":
            for at_ns in instants(fact):
                words = {"name": involved(fact)[2], "type": type_, "status": status}
                said = replace(fact, at_ns=at_ns, stamp=fact.until_stamp if at_ns == fact.until_ns else fact.stamp)
                found.append(_row(said, words, str(fact.attributes.get("message") or "")))
    return found


def _row(fact: Fact, words: dict[str, str], text: str) -> Row:
    good = (words["type"], words["status"]) in GOOD or (words["status"] == "False" and words["type"] not in ("Ready", "Schedulable"))
    # An unreachable node is Ready=Unknown in its status while the event says "not ready": one change.
    status = "False" if words["type"] == "Ready" and words["status"] == "Unknown" else words["status"]
    return row_of(
        fact,
        kind="node.condition",
        title=f"node {words['name']}: {words['type']} is {words['status']}",
        body=text or None,
        thread=f"node:{words['name']}/{words['type']}",
        edge=status,
        until_ns=None,
        count=None,
        after_ns=SECOND_NS,
        severity="info" if good else "warning",
        subject=f"Node/{words['name']}",
        labels={"node": words["name"], "type": words["type"], "status": words["status"]},
        witnesses=(witness(fact),),
    )
