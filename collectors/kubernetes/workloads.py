"""Workloads, their revisions, Jobs, ConfigMaps as facts (Kubernetes API reference, apps/v1, batch/v1, core/v1, autoscaling/v2).

Of ConfigMaps and Secrets only metadata is taken, even where a saved file holds more; no annotation is copied but those named
here, since `last-applied-configuration` holds whole objects. `metadata.managedFields` says who last changed which fields and when
(API server's clock, 1 s; kubectl's scale subresource leaves no time).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .fields import controller, mapping, number, sequence, text
from .pods import conditions

REVISION = "deployment.kubernetes.io/revision"
ROLLOUT_REVISION = "rollout.argoproj.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
CHANGE_CAUSE = "kubernetes.io/change-cause"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
BY_HAND = "cronjob.kubernetes.io/instantiate"
TEMPLATE_HASHES = ("pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash", "controller.kubernetes.io/hash")


def workload_facts(item: Mapping[str, Any], ref: str, kind: str) -> Iterator[dict[str, Any]]:
    """`state.deployment`, `state.statefulset`, `state.daemonset`: attributes kind, name, namespace, uid, generation, replicas,
    revision, change_cause, images {container: image}, restartedAt, strategy, configmaps, conditions, managed.
    """
    template = mapping(item, "spec", "template")
    strategy = text(item, "spec", "strategy", "type") or text(item, "spec", "updateStrategy", "type")
    yield _fact(
        item, ref, f"state.{kind.lower()}", kind,
        generation=number(item, "metadata", "generation"),
        replicas=number(item, "spec", "replicas"),
        revision=_revision(item),
        change_cause=text(item, "metadata", "annotations", CHANGE_CAUSE),
        images=_images(template),
        restartedAt=text(template, "metadata", "annotations", RESTARTED_AT),
        strategy=strategy,
        configmaps=_configmaps(template),
        conditions=conditions(item),
    )  # fmt: skip


def replicaset_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.replicaset`: attributes name, namespace, uid, owner, deployment, deployment_uid, revision, revision_history,
    change_cause, replicas, images, restartedAt, template_hash.
    """
    owner = controller(item) or {}
    template = mapping(item, "spec", "template")
    history = text(item, "metadata", "annotations", REVISION_HISTORY)
    yield _fact(
        item, ref, "state.replicaset", "ReplicaSet",
        owner=owner or None,
        deployment=owner.get("name", ""),
        deployment_uid=owner.get("uid", ""),
        revision=_revision(item),
        revision_history=[int(n) for n in re.findall(r"\d{1,9}", history)],
        change_cause=text(item, "metadata", "annotations", CHANGE_CAUSE),
        replicas=number(item, "spec", "replicas"),
        images=_images(template),
        restartedAt=text(template, "metadata", "annotations", RESTARTED_AT),
        template_hash=_hash(item),
    )  # fmt: skip


def controllerrevision_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.controllerrevision`: attributes name, namespace, uid, owner, revision, change_cause, images, restartedAt, template_hash."""
    template = mapping(item, "data", "spec", "template")
    yield _fact(
        item, ref, "state.controllerrevision", "ControllerRevision",
        owner=controller(item),
        revision=number(item, "revision"),
        change_cause=text(item, "metadata", "annotations", CHANGE_CAUSE),
        images=_images(template),
        restartedAt=text(template, "metadata", "annotations", RESTARTED_AT),
        template_hash=_hash(item),
    )  # fmt: skip


def job_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.job`: attributes name, namespace, uid, owner, by_hand, startTime, completionTime, failed, images, conditions."""
    status = mapping(item, "status")
    yield _fact(
        item, ref, "state.job", "Job",
        owner=controller(item),
        by_hand=text(item, "metadata", "annotations", BY_HAND) == "manual",
        startTime=text(status, "startTime"),
        completionTime=text(status, "completionTime"),
        failed=number(status, "failed") or 0,
        images=_images(mapping(item, "spec", "template")),
        conditions=conditions(item),
    )  # fmt: skip


def configmap_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.configmap`: attributes name, namespace, uid, managed; never its data."""
    yield _fact(item, ref, "state.configmap", "ConfigMap")


def hpa_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """`state.hpa`: attributes name, namespace, uid, target {kind, name}."""
    target = mapping(item, "spec", "scaleTargetRef")
    yield _fact(item, ref, "state.hpa", "HorizontalPodAutoscaler", target={k: text(target, k) for k in ("kind", "name")})


def object_facts(item: Mapping[str, Any], ref: str, kind: str) -> Iterator[dict[str, Any]]:
    """`state.object` for a kind that no rule asks about: its name and when it was made, nothing else."""
    fact = _fact(item, ref, "state.object", kind)
    fact["attributes"] = {k: fact["attributes"][k] for k in ("kind", "name", "namespace", "uid")}
    yield fact


def _fact(item: Mapping[str, Any], ref: str, fact_kind: str, kind: str, **attributes: Any) -> dict[str, Any]:
    meta = mapping(item, "metadata")
    name, uid = text(meta, "name"), text(meta, "uid")
    return {
        "kind": fact_kind,
        "stamp": text(meta, "creationTimestamp") or None,
        "clock": "kubernetes/apiserver",
        "subject": f"{kind}/{name}",
        "thread": f"object:{uid or '/'.join((kind, text(meta, 'namespace'), name))}",
        "native_id": uid or None,
        "ref": ref,
        "record": ref,
        "attributes": {"kind": kind, "name": name, "namespace": text(meta, "namespace"), "uid": uid, "managed": _managed(meta), **attributes},
    }


def _managed(meta: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who changed what and when: manager, operation, subresource, time (null where the server gave none), fields, keys (of data), index."""
    found = []
    for i, entry in enumerate(sequence(meta, "managedFields")):
        owned = mapping(entry, "fieldsV1")
        found.append({
            "index": i,
            **{k: text(entry, k) for k in ("manager", "operation", "subresource")},
            "time": text(entry, "time") or None,
            "fields": sorted(_owned(owned)),
            "keys": sorted(k[2:] for part in ("f:data", "f:binaryData") for k in mapping(owned, part) if k.startswith("f:")),
        })  # fmt: skip
    return found


def _owned(fields: Mapping[str, Any]) -> set[str]:
    spec, template = mapping(fields, "f:spec"), mapping(fields, "f:spec", "f:template")
    annotations = mapping(fields, "f:metadata", "f:annotations")
    names = {
        "template": bool(template),
        "image": any("f:image" in mapping(c) for kind in ("f:containers", "f:initContainers") for c in mapping(template, "f:spec", kind).values()),
        "restartedAt": f"f:{RESTARTED_AT}" in mapping(template, "f:metadata", "f:annotations"),
        "replicas": "f:replicas" in spec,
        "selector": "f:selector" in spec,
        "paused": "f:paused" in spec,
        "change-cause": f"f:{CHANGE_CAUSE}" in annotations,
        "data": any(part in fields for part in ("f:data", "f:binaryData")),
        "status": "f:status" in fields,
    }
    return {name for name, held in names.items() if held} or {"other"}


def _images(template: Mapping[str, Any]) -> dict[str, str]:
    return {text(c, "name"): text(c, "image") for kind in ("initContainers", "containers") for c in sequence(template, "spec", kind)}


def _configmaps(template: Mapping[str, Any]) -> list[str]:
    """Names of the ConfigMaps that the pod template mounts or reads its environment from."""
    spec = mapping(template, "spec")
    names = {text(v, "configMap", "name") for v in sequence(spec, "volumes")}
    names |= {text(s, "configMap", "name") for v in sequence(spec, "volumes") for s in sequence(v, "projected", "sources")}
    for c in sequence(spec, "containers") + sequence(spec, "initContainers"):
        names |= {text(e, "configMapRef", "name") for e in sequence(c, "envFrom")}
        names |= {text(e, "valueFrom", "configMapKeyRef", "name") for e in sequence(c, "env")}
    return sorted(names - {""})


def _revision(item: Mapping[str, Any]) -> int | None:
    return number(item, "metadata", "annotations", REVISION) or number(item, "metadata", "annotations", ROLLOUT_REVISION)


def _hash(item: Mapping[str, Any]) -> str:
    labels = mapping(item, "metadata", "labels")
    return next((text(labels, name) for name in TEMPLATE_HASHES if text(labels, name)), "")
