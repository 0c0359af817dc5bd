"""Pods and Nodes as facts (Kubernetes API reference, core/v1 PodStatus, ContainerStatus, NodeCondition)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .fields import controller, mapping, number, sequence, text

STATUS_LISTS = {"containerStatuses": "", "initContainerStatuses": "init", "ephemeralContainerStatuses": "ephemeral"}


def pod_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.pod`, and per container `state.container_start`, `_end` (current and last instance) and `_waiting`.

    Containers' attributes: pod, pod_uid, namespace, node, owner, container, init, image, containerID, restartCount, restart
    (how many restarts came before this instance), current, and the state's own fields (reason, message, exitCode,
    signal, startedAt, finishedAt).
    """
    yield _pod(item, ref)
    about = {
        "pod": text(item, "metadata", "name"),
        "pod_uid": text(item, "metadata", "uid"),
        "namespace": text(item, "metadata", "namespace"),
        "node": text(item, "spec", "nodeName"),
        "owner": controller(item),
    }
    for name, role in STATUS_LISTS.items():
        for i, status in enumerate(sequence(item, "status", name)):
            yield from _container_facts(mapping(status), about, role, f"{ref}/status/{name}/{i}", ref)


def node_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.node`: attributes name, addresses (IPs and names), conditions, unschedulable."""
    name = text(item, "metadata", "name")
    yield {
        "kind": "state.node",
        "stamp": text(item, "metadata", "creationTimestamp") or None,
        "clock": "kubernetes/apiserver",
        "subject": f"Node/{name}",
        "thread": f"object:{text(item, 'metadata', 'uid') or name}",
        "native_id": text(item, "metadata", "uid") or None,
        "ref": ref,
        "record": ref,
        "attributes": {
            "name": name,
            "addresses": [text(mapping(a), "address") for a in sequence(item, "status", "addresses")],
            "conditions": conditions(item),
            "unschedulable": mapping(item, "spec").get("unschedulable") is True,
        },
    }


def conditions(item: Mapping[str, Any]) -> list[dict[str, str]]:
    """The conditions of an object's status with their times as received; `index` is their place in the list."""
    names = ("type", "status", "reason", "message", "lastTransitionTime", "lastUpdateTime")
    found = [{"index": str(i), **{n: text(c, n) for n in names}} for i, c in enumerate(sequence(item, "status", "conditions"))]
    return [{k: v for k, v in c.items() if v} for c in found]


def _pod(item: Mapping[str, Any], ref: str) -> dict[str, Any]:
    meta, spec, status = mapping(item, "metadata"), mapping(item, "spec"), mapping(item, "status")
    attributes = {
        **{k: text(meta, k) for k in ("name", "namespace", "uid", "deletionTimestamp")},
        **{k: text(status, k) for k in ("phase", "reason", "message", "startTime")},
        "owner": controller(item),
        "node": text(spec, "nodeName"),
        "host_ip": text(status, "hostIP"),
        "restart_policy": text(spec, "restartPolicy"),
        "containers": [
            {"name": text(c, "name"), "image": text(c, "image"), "init": kind != "containers"}
            for kind in ("containers", "initContainers")
            for c in sequence(spec, kind)
        ],
        "labels": {k: text(meta, "labels", k) for k in mapping(meta, "labels")},
        "conditions": conditions(item),
    }
    return {
        "kind": "state.pod",
        "stamp": text(meta, "creationTimestamp") or None,
        "clock": "kubernetes/apiserver",
        "subject": f"Pod/{text(meta, 'name')}",
        "thread": f"object:{text(meta, 'uid') or ref}",
        "native_id": text(meta, "uid") or None,
        "ref": ref,
        "record": ref,
        "attributes": attributes,
    }


def _container_facts(status: Mapping[str, Any], pod: Mapping[str, Any], role: str, ref: str, record: str) -> Iterator[dict[str, Any]]:
    about = {
        **pod,
        "container": text(status, "name"),
        "init": role == "init",
        "image": text(status, "image"),
        "restartCount": number(status, "restartCount") or 0,
    }
    for state, current in (("state", True), ("lastState", False)):
        for kind in ("running", "terminated", "waiting"):
            found = mapping(status, state, kind)
            if found:
                yield _container_fact(kind, found, {**about, "current": current}, held=text(status, "containerID"), ref=f"{ref}/{state}/{kind}", record=record)


def _container_fact(kind: str, state: Mapping[str, Any], about: dict[str, Any], *, held: str, ref: str, record: str) -> dict[str, Any]:
    """`held` is the container id that the status names beside its states."""
    container_id = text(state, "containerID") or (held if kind == "running" else "")
    # A container waiting in back-off keeps its last instance in `lastState`, with the count of that instance.
    earlier = not about["current"] and container_id != held
    attributes = {
        **about,
        "containerID": container_id,
        "restart": max(about["restartCount"] - 1, 0) if earlier else about["restartCount"],
        **{k: text(state, k) for k in ("reason", "message", "startedAt", "finishedAt")},
        "exitCode": number(state, "exitCode"),
        "signal": number(state, "signal"),
    }
    names = {"running": ("start", "startedAt"), "terminated": ("end", "finishedAt"), "waiting": ("waiting", "")}
    edge, time = names[kind]
    return {
        "kind": f"state.container_{edge}",
        "stamp": (text(state, time) or None) if time else None,
        "clock": f"kubernetes/node/{about['node']}" if about["node"] else "kubernetes/node",
        "subject": f"Pod/{about['pod']}/{about['container']}",
        "thread": f"container:{container_id or about['pod_uid'] + '/' + about['container']}",
        "edge": edge,
        "native_id": container_id or None,
        "ref": ref,
        "record": record,
        "attributes": attributes,
    }
