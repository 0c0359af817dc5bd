"""Rows of Jobs that someone started and of ConfigMaps that someone changed. A Job that its CronJob made on schedule is no change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .managed import SECOND_NS, Touch, touches
from .rows import Fact, Given, Row, Witness, row_of, witness
from .scalings import involved

# The CronJob controller names a Job after its scheduled minute.
SCHEDULED = re.compile(r"-\d{8,10}$")
MADE = re.compile(r"^Created job (?P<name>\S+)")
PUBLISHED = ("kube-root-ca.crt", "openshift-service-ca.crt")


def rows(given: Given) -> list[Row]:
    """`change.deployed` per Job without a schedule, `change.configured` per change of a ConfigMap."""
    return [*_jobs(given), *_configs(given)]


def _jobs(given: Given) -> list[Row]:
    scheduled = {m["name"] for f in given.of("k8s.event") if involved(f)[1] == "CronJob" and (m := MADE.match(f.attributes.get("message") or ""))}
    found, listed = [], set()
    for fact in given.of("state.job"):
        a = fact.attributes
        listed.add((a["namespace"], a["name"]))
        owner = a.get("owner") or {}
        if fact.at_ns is not None and (not owner or (owner.get("kind") == "CronJob" and a.get("by_hand"))):
            found.append(_job(fact, a["namespace"], a["name"], a["uid"]))
    first: dict[tuple[str, str], Fact] = {}
    for fact in given.of("k8s.event"):
        namespace, kind, name, _ = involved(fact)
        if kind == "Job" and fact.attributes.get("reason") == "SuccessfulCreate" and fact.at_ns is not None:
            known = first.setdefault((namespace, name), fact)
            first[namespace, name] = min(known, fact, key=lambda f: (f.at_ns or 0, f.ref))
    for (namespace, name), fact in first.items():
        if (namespace, name) not in listed and name not in scheduled and not SCHEDULED.search(name):
            found.append(_job(fact, namespace, name, involved(fact)[3]))
    return found


def _job(fact: Fact, namespace: str, name: str, uid: str) -> Row:
    by_hand = " by hand" if fact.attributes.get("by_hand") else ""
    return row_of(
        fact,
        kind="change.deployed",
        title=f"job {name} started{by_hand}",
        thread=f"job:{uid or namespace + '/' + name}",
        edge="start",
        severity="info",
        body=None,
        until_ns=None,
        count=None,
        service=name,
        subject=f"Job/{name}",
        actor=next((t.manager for t in touches([fact])), None),
        labels={"namespace": namespace, "workload": "Job", "name": name},
    )


def _configs(given: Given) -> list[Row]:
    users = _users(given)
    states: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in given.of("state.configmap"):
        a = fact.attributes
        if a["name"] not in PUBLISHED:
            states.setdefault((a["namespace"], a["name"], a["uid"]), []).append(fact)
    return [row for key in sorted(states) for row in _config_rows(key, states[key], users)]


def _users(given: Given) -> Mapping[tuple[str, str], list[str]]:
    """(namespace, ConfigMap) → the workloads that read it."""
    found: dict[tuple[str, str], list[str]] = {}
    for fact in given.of("state.deployment", "state.statefulset", "state.daemonset", "state.rollout"):
        for name in fact.attributes.get("configmaps") or []:
            held = found.setdefault((fact.attributes["namespace"], name), [])
            if fact.attributes["name"] not in held:
                held.append(fact.attributes["name"])
    return found


def _config_rows(key: tuple[str, str, str], facts: list[Fact], users: Mapping[tuple[str, str], list[str]]) -> Iterable[Row]:
    """One row per known time of a data change; the creation counts where a person or a pipeline made it."""
    namespace, name, uid = key
    born_ns = next((f.at_ns for f in facts if f.at_ns is not None), None)
    used_by = users.get((namespace, name), [])
    by_time: dict[int, Touch] = {}
    for touch in touches(facts):
        if touch.at_ns is not None and "data" in touch.fields:
            by_time.setdefault(touch.at_ns, touch)
    for at_ns, touch in by_time.items():
        created = born_ns is not None and abs(at_ns - born_ns) <= SECOND_NS
        words = "created" if created else "changed" + (f": {', '.join(touch.keys)}" if touch.keys else "")
        said: tuple[Witness, ...] = (touch.witness, *((witness(f) for f in facts) if created else ()))
        row = row_of(
            replace(touch.fact, at_ns=at_ns),
            kind="change.configured",
            title=f"{name} {words}",
            at_source=touch.witness.at_source,
            thread=f"config:{uid or namespace + '/' + name}",
            edge="start",
            after_ns=SECOND_NS,
            severity="info",
            service=used_by[0] if len(used_by) == 1 else None,
            subject=f"ConfigMap/{name}",
            actor=touch.manager,
            labels={"namespace": namespace, "workload": "ConfigMap", "name": name, "used_by": ", ".join(used_by)},
            ref=touch.witness.ref,
            witnesses=said,
            folds=tuple(f.ref for f in facts if f.ref not in {w.ref for w in said}),
        )
        yield replace(row, labels={k: v for k, v in row.labels.items() if v})
