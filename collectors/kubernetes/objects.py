"""List items as facts: which reader knows which kind. Items of an API list carry no kind of their own; the list's does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import events, pods, workloads
from .fields import mapping, text

Reader = Callable[[Mapping[str, Any], str], Iterator[dict[str, Any]]]


def _workload(kind: str) -> Reader:
    return lambda item, ref: workloads.workload_facts(item, ref, kind)


READERS: dict[str, Reader] = {
    "Event": events.event_facts,
    "Pod": pods.pod_facts,
    "Node": pods.node_facts,
    "Deployment": _workload("Deployment"),
    "StatefulSet": _workload("StatefulSet"),
    "DaemonSet": _workload("DaemonSet"),
    "Rollout": _workload("Rollout"),
    "ReplicaSet": workloads.replicaset_facts,
    "ControllerRevision": workloads.controllerrevision_facts,
    "Job": workloads.job_facts,
    "ConfigMap": workloads.configmap_facts,
    "HorizontalPodAutoscaler": workloads.hpa_facts,
}


def item_facts(item: Any, ref: str, list_kind: str) -> list[dict[str, Any]]:
    """The facts of one list item; one `unreadable` fact where it is no API object.

    `list_kind` is the kind of the list's items, used where the item names none ("" when unknown).
    """
    if not isinstance(item, Mapping) or not text(item, "metadata", "name"):
        return [{"kind": "unreadable", "title": "a list item is no Kubernetes object: it has no metadata.name", "ref": ref}]
    own = text(item, "kind")
    kind = own if own and own != "PartialObjectMetadata" else list_kind or _guess(item)
    reader = READERS.get(kind)
    return list(reader(item, ref) if reader else workloads.object_facts(item, ref, kind or "Object"))


def _guess(item: Mapping[str, Any]) -> str:
    """The kind of an item of a metadata list, by what its field managers own: data means ConfigMap (Secrets are never asked for)."""
    owned = [mapping(e, "fieldsV1") for e in item["metadata"].get("managedFields") or []]
    return "ConfigMap" if any("f:data" in o for o in owned) and not any("f:type" in o or "f:revision" in o for o in owned) else ""
