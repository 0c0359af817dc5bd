"""Pods that loop, fail their probes, are evicted, or die with their node's memory: rows from events, else from statuses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .managed import SECOND_NS
from .pod_names import container_of, event_pod
from .rows import Fact, Given, Row, row_of, witness
from .scalings import involved

PROBE = re.compile(r"^(?P<probe>Readiness|Liveness|Startup) probe (?:failed|errored|warning)", re.IGNORECASE)
EVICTIONS = ("Evicted", "Preempted", "TaintManagerEviction", "NodeControllerEviction")
NODE_OOMS = ("OOMKilling", "SystemOOM")
VICTIM = re.compile(r"(?:Killed process \d+ \((?P<name>[^)]+)\)|victim process: (?P<victim>[^,]+))")


def rows(given: Given) -> list[Row]:
    """`workload.crash_looping`, `.unhealthy`, `.evicted`, and `.oom_killed` of nodes."""
    groups: dict[tuple[str, str], list[Fact]] = {}
    found = []
    for fact in given.of("k8s.event"):
        about = _about(fact) if fact.at_ns is not None else None
        if about:
            groups.setdefault(about, []).append(fact)
        elif fact.attributes.get("reason") in NODE_OOMS and fact.at_ns is not None:
            found.append(_node_oom(fact))
    found += [_row(kind, thread, facts) for (kind, thread), facts in groups.items()]
    return [*found, *_by_status(given, set(groups))]


def _about(fact: Fact) -> tuple[str, str] | None:
    """Kind and thread of the row that an event belongs to."""
    reason, message = fact.attributes.get("reason"), fact.attributes.get("message") or ""
    namespace, name, uid = event_pod(fact)
    pod = uid or f"{namespace}/{name}"
    if not name:
        return None
    if reason == "BackOff" and "restarting failed" in message:
        return "workload.crash_looping", f"crash-loop:{pod}/{container_of(fact)}"
    if reason == "Unhealthy":
        match = PROBE.match(message)
        return "workload.unhealthy", f"unhealthy:{pod}/{container_of(fact)}/{match['probe'].lower() if match else 'probe'}"
    if reason in EVICTIONS and not message.startswith("Cancelling"):
        return "workload.evicted", f"evicted:{pod}"
    return None


def _row(kind: str, thread: str, facts: list[Fact]) -> Row:
    """One row for all events of one thread: an interval with the sum of their counts, each event counted once."""
    facts = sorted(facts, key=lambda f: (f.at_ns or 0, f.ref))
    counts: dict[str, int] = {}
    for fact in facts:
        name = fact.native_id or fact.ref
        counts[name] = max(counts.get(name, 0), fact.count or 1)
    last_ns = max(max(f.at_ns or 0, f.until_ns or 0) for f in facts)
    first = facts[0]
    _, pod, _ = event_pod(first)
    container = container_of(first)
    where = f"{pod}/{container}" if container else pod
    said = {
        "workload.crash_looping": f"{where} is crash-looping (back-off)",
        "workload.unhealthy": f"{where}: {thread.rpartition('/')[2]} probe failed",
        "workload.evicted": f"{where} evicted: {_line(first)}",
    }[kind]
    return row_of(
        first,
        kind=kind,
        title=said,
        body="\n".join(dict.fromkeys(f.attributes.get("message") or "" for f in facts)) or None,
        thread=thread,
        edge="",
        until_ns=last_ns if last_ns > (first.at_ns or 0) else None,
        count=sum(counts.values()),
        severity="warning",
        labels={**first.labels, "pod": pod, **({"container": container} if container else {})},
        witnesses=tuple(witness(f) for f in facts),
    )


def _line(fact: Fact) -> str:
    return str(fact.attributes.get("message") or "").strip().partition("\n")[0]


def _node_oom(fact: Fact) -> Row:
    match = VICTIM.search(fact.attributes.get("message") or "")
    victim = (match["name"] or match["victim"]) if match else ""
    kind, name = involved(fact)[1:3]
    return row_of(fact, kind="workload.oom_killed", title=f"{kind} {name}: {'process ' + victim.strip() + ' ' if victim else ''}OOM-killed", severity="warning")


def _by_status(given: Given, told: set[tuple[str, str]]) -> Iterable[Row]:
    """What only a pod's status tells of: an eviction, and a back-off whose events are gone (since the last end)."""
    ends: dict[tuple[str, str], Fact] = {}
    for fact in given.of("state.container_end"):
        ends[fact.attributes["pod_uid"], fact.attributes["container"]] = fact
    for fact in given.of("state.container_waiting"):
        a = fact.attributes
        end = ends.get((a["pod_uid"], a["container"]))
        thread = f"crash-loop:{a['pod_uid']}/{a['container']}"
        if a.get("reason") == "CrashLoopBackOff" and end and end.at_ns is not None and ("workload.crash_looping", thread) not in told:
            yield _status_row(end, "workload.crash_looping", thread, f"{a['pod']}/{a['container']} is crash-looping (back-off)")
    for fact in given.of("state.pod"):
        a = fact.attributes
        thread = f"evicted:{a['uid']}"
        if a.get("reason") == "Evicted" and ("workload.evicted", thread) not in told:
            mine = [e for (uid, _), e in ends.items() if uid == a["uid"] and e.at_ns is not None]
            if mine:
                yield _status_row(
                    max(mine, key=lambda e: e.at_ns or 0), "workload.evicted", thread, f"{a['name']} evicted: {a.get('message') or ''}".rstrip(": ")
                )


def _status_row(end: Fact, kind: str, thread: str, title: str) -> Row:
    a = end.attributes
    labels = {"namespace": a["namespace"], "pod": a["pod"], "container": a["container"]}
    return row_of(end, kind=kind, title=title, thread=thread, edge="", severity="warning", labels=labels, after_ns=SECOND_NS)
