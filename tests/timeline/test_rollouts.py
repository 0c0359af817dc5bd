"""What was changed and when: every act of a recorded incident from either moment, and shapes that it does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from retroline.timeline import rollouts
from retroline.timeline.likelihood import JOINED_LABEL
from retroline.timeline.rows import Given, Row

SINCE = "00:45:00"
ACTS = [
    ("00:46:46", "change.deployed", "checkout deployed: revision 2, app v2.5.2 → v2.5.3 (checkout v2.5.3: keep priced carts in memory (release 120))"),
    ("00:48:21", "change.scaled", "payments scaled 2 → 4"),
    ("00:49:16", "change.configured", "payments-config changed: payments.properties"),
    ("00:49:23", "change.deployed", "payments restarted (rollout restart): revision 2"),
    ("00:49:56", "change.deployed", "node-agent deployed: revision 2, agent v0.2.0 → v0.2.1 (agent v0.2.1)"),
    ("00:51:31", "change.rolled_back", "checkout rolled back: revision 3, app v2.5.3 → v2.5.2 (rollback to v2.5.2 (release 119))"),
    ("00:53:00", "change.scaled", "payments scaled 4 → 2"),
]
Told = Callable[..., list[tuple[str, str, str]]]
Cluster = Callable[..., Given]


def meta(name: str, at: str = "00:00:00", uid: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", "uid": uid or f"uid-{name}", "creationTimestamp": f"2026-11-21T{at}Z", **fields}


def template(image: str, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "app", "image": image}]}}


def deployment(name: str, *managed: dict[str, Any], image: str = "r/web:1", at: str = "00:00:00", **spec: Any) -> dict[str, Any]:
    return {"kind": "Deployment", "metadata": meta(name, at, managedFields=list(managed)), "spec": {"template": template(image), **spec}}


def touched(manager: str, at: str | None, *fields: str, subresource: str = "") -> dict[str, Any]:
    """A managedFields entry whose manager owns these parts of the spec ("template", "replicas", …)."""
    spec = {f"f:{f}": {"f:spec": {}} if f == "template" else {} for f in fields}
    time = {"time": f"2026-11-21T{at}Z"} if at else {}
    return {"manager": manager, "operation": "Update", "subresource": subresource, "fieldsV1": {"f:spec": spec}, **time}


def replicaset(owner: str, hash_: str, at: str, revision: int, image: str = "r/web:1", *, history: str = "", **annotations: str) -> dict[str, Any]:
    notes = {"deployment.kubernetes.io/revision": str(revision), **({"deployment.kubernetes.io/revision-history": history} if history else {})}
    owners = [{"kind": "Deployment", "name": owner, "uid": f"uid-{owner}", "controller": True}]
    about = meta(f"{owner}-{hash_}", at, annotations=notes, ownerReferences=owners, labels={"pod-template-hash": hash_})
    return {"kind": "ReplicaSet", "metadata": about, "spec": {"replicas": 1, "template": template(image, **annotations)}}


def event(kind: str, name: str, reason: str, message: str, at: str, *, last: str = "", count: int = 1) -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": meta(f"{name}.{reason}.{message}", at),
        "involvedObject": {"kind": kind, "namespace": "shop", "name": name, "uid": f"uid-{name}"},
        "reason": reason,
        "message": message,
        "type": "Normal",
        "source": {"component": "deployment-controller"},
        "firstTimestamp": f"2026-11-21T{at}Z",
        "lastTimestamp": f"2026-11-21T{last or at}Z",
        "count": count,
    }


def scaling(owner: str, at: str, text: str, last: str = "", count: int = 1) -> dict[str, Any]:
    """`text` like "up 9f 0 3" (from 0 to 3) or, as older servers say it, "up 9f 3"."""
    way, hash_, *sizes = text.split()
    numbers = f"from {sizes[0]} to {sizes[1]}" if len(sizes) == 2 else f"to {sizes[0]}"
    return event("Deployment", owner, "ScalingReplicaSet", f"Scaled {way} replica set {owner}-{hash_} {numbers}", at, last=last, count=count)


def acts(told: Told, rows: list[Row], since: str = SINCE) -> list[tuple[str, str, str]]:
    return [act for act in told(rows, "change.") if act[0] >= since]


@pytest.mark.parametrize(("moments", "until"), [(("after",), 7), (("during",), 5), (("during", "after"), 7)])
def test_every_recorded_act_is_told_once_and_nothing_else(recorded: Cluster, told: Told, moments: tuple[str, ...], until: int) -> None:
    """Either moment's lists, or both together, give each act that was done before it, at its second, and no other row."""
    assert acts(told, rollouts.rows(recorded(*moments))) == ACTS[:until]


def test_acts_survive_their_events(recorded: Cluster, told: Told) -> None:
    """With all events expired only the scalings are lost: managers and revisions still tell the others."""
    assert acts(told, rollouts.rows(recorded("after", without=["events"]))) == [a for a in ACTS if a[1] != "change.scaled"]


def test_acts_survive_without_replicasets(recorded: Cluster, told: Told) -> None:
    """From events and managers alone each act keeps its time, kind and workload."""
    found = acts(told, rollouts.rows(recorded("after", without=["replicasets"])))

    assert [(at, kind, title.split()[0]) for at, kind, title in found] == [(at, kind, title.split()[0]) for at, kind, title in ACTS]


def test_an_act_has_its_witnesses_and_its_steps_fold(recorded: Cluster) -> None:
    """The rollback is witnessed by its manager and the controller's first step; no scaling event is left over."""
    given = recorded("after")
    rows = rollouts.rows(given)
    (row,) = [r for r in rows if r.kind == "change.rolled_back"]
    claimed = {w.ref for r in rows for w in r.witnesses} | {f for r in rows for f in r.folds}

    assert (row.actor, row.service, row.subject, row.thread.rpartition(":")[2]) == ("kubectl", "checkout", "Deployment/checkout", "3")
    assert [w.clock for w in row.witnesses] == ["kubernetes/apiserver", "kubernetes/deployment-controller"]
    assert row.labels["image_to"].endswith(":v2.5.2")
    assert [f.ref for f in given.of("k8s.event") if f.attributes["reason"] == "ScalingReplicaSet" and f.ref not in claimed] == []


def test_two_moments_give_the_threads_of_one(recorded: Cluster) -> None:
    """What is told of an act does not change its identity with the answers that were saved."""
    threads = [{(r.kind, r.thread, r.edge) for r in rollouts.rows(recorded(*m))} for m in (("during",), ("after",), ("during", "after"))]

    assert threads[0] <= threads[2]
    assert threads[1] == threads[2]


def test_old_texts_without_from(cluster: Cluster, told: Told) -> None:
    """Servers before 1.25 leave "from" out: sizes are taken from the steps before."""
    given = cluster(
        deployment("web", image="r/web:2"),
        replicaset("web", "a", "00:00:00", 1),
        replicaset("web", "b", "01:00:00", 2, "r/web:2"),
        scaling("web", "01:00:00", "up b 1"),
        scaling("web", "01:00:04", "down a 2"),
        scaling("web", "01:00:04", "up b 2"),
        scaling("web", "01:00:08", "down a 0"),
        scaling("web", "01:00:08", "up b 3"),
        scaling("web", "02:00:00", "up b 6"),
    )

    assert acts(told, rollouts.rows(given)) == [
        ("01:00:00", "change.deployed", "web deployed: revision 2, app 1 → 2"),
        ("02:00:00", "change.scaled", "web scaled 3 → 6"),
    ]


def test_a_rollout_whose_beginning_is_lost_is_no_scaling(cluster: Cluster, told: Told) -> None:
    """Where the sizes before the rollout are not known, its steps still belong to it; later growth is a scaling."""
    given = cluster(
        replicaset("web", "a", "00:00:00", 1),
        replicaset("web", "b", "01:00:00", 2, "r/web:2"),
        scaling("web", "01:00:00", "up b 0 1"),
        scaling("web", "01:00:00", "up b 1 2"),
        scaling("web", "01:00:00", "down a 4 3"),
        scaling("web", "01:00:05", "up b 2 4"),
        scaling("web", "01:00:05", "down a 3 0"),
        scaling("web", "01:30:00", "up b 4 8"),
    )

    assert [(at, kind) for at, kind, _ in acts(told, rollouts.rows(given))] == [("01:00:00", "change.deployed"), ("01:30:00", "change.scaled")]


def test_strategy_recreate_begins_with_emptying(cluster: Cluster, told: Told) -> None:
    """The old set is emptied first and the new one made when its pods are gone: one act, at the emptying."""
    given = cluster(
        deployment("web", touched("argocd-controller", "01:00:00", "template", "selector"), image="r/web:2"),
        replicaset("web", "a", "00:00:00", 1),
        replicaset("web", "b", "01:00:41", 2, "r/web:2"),
        scaling("web", "00:00:00", "up a 0 3"),
        scaling("web", "01:00:01", "down a 3 0"),
        scaling("web", "01:00:41", "up b 0 3"),
    )
    rows = rollouts.rows(given)

    assert acts(told, rows) == [("01:00:00", "change.deployed", "web deployed: revision 2, app 1 → 2")]
    assert [r.actor for r in rows if r.at_ns % 86_400_000_000_000 // 3_600_000_000_000 == 1] == ["argocd-controller"]


def test_scaling_to_zero_and_back(cluster: Cluster, told: Told) -> None:
    """The set in use that grows from nothing again is a scaling, not a rollback."""
    given = cluster(deployment("web"), replicaset("web", "a", "00:00:00", 1), scaling("web", "01:00:00", "down a 3 0"), scaling("web", "02:00:00", "up a 0 3"))

    assert acts(told, rollouts.rows(given)) == [("01:00:00", "change.scaled", "web scaled 3 → 0"), ("02:00:00", "change.scaled", "web scaled 0 → 3")]


def test_the_same_text_twice_is_a_rollback_at_its_last_time(cluster: Cluster, told: Told) -> None:
    """With one replica deployment and rollback have the same text: one event, counted twice, its last time being the rollback's."""
    given = cluster(
        replicaset("web", "a", "00:50:00", 3, history="1"),
        replicaset("web", "b", "01:00:00", 2, "r/web:2"),
        scaling("web", "00:50:00", "up a 0 1", last="02:00:00", count=2),
        scaling("web", "01:00:00", "up b 0 1"),
        scaling("web", "01:00:03", "down a 1 0"),
        scaling("web", "02:00:03", "down b 1 0"),
    )

    assert acts(told, rollouts.rows(given)) == [
        ("00:50:00", "change.deployed", "web deployed: revision 1, app 1"),
        ("01:00:00", "change.deployed", "web deployed: revision 2, app 1 → 2"),
        ("02:00:00", "change.rolled_back", "web rolled back: revision 3, app 2 → 1"),
    ]


def test_a_rollback_in_the_middle_of_a_rollout(cluster: Cluster, told: Told) -> None:
    """An old set that still has pods grows while the new one shrinks: someone turned back."""
    given = cluster(
        deployment("web"),
        replicaset("web", "a", "00:00:00", 3, history="1"),
        replicaset("web", "b", "01:00:00", 2, "r/web:2"),
        scaling("web", "00:00:00", "up a 0 4"),
        scaling("web", "01:00:00", "up b 0 1"),
        scaling("web", "01:00:00", "down a 4 3"),
        scaling("web", "01:02:00", "up a 3 4"),
        scaling("web", "01:02:00", "down b 1 0"),
    )

    assert [(at, kind) for at, kind, _ in acts(told, rollouts.rows(given))] == [("01:00:00", "change.deployed"), ("01:02:00", "change.rolled_back")]


def test_a_scaling_during_a_rollout(cluster: Cluster, told: Told) -> None:
    """Both sets grow: the total changed, and the rollout stays one act."""
    given = cluster(
        replicaset("web", "a", "00:00:00", 1),
        replicaset("web", "b", "01:00:00", 2, "r/web:2"),
        scaling("web", "00:00:00", "up a 0 10"),
        scaling("web", "01:00:00", "up b 0 5"),
        scaling("web", "01:00:00", "down a 10 8"),
        scaling("web", "01:03:00", "up a 8 12"),
        scaling("web", "01:03:00", "up b 5 8"),
    )

    assert [(at, kind) for at, kind, _ in acts(told, rollouts.rows(given))] == [("01:00:00", "change.deployed"), ("01:03:00", "change.scaled")]


def test_a_managers_time_is_of_the_nearest_act(cluster: Cluster) -> None:
    """Of two rollouts a few seconds apart the manager's last time is the second one's; the first keeps its own."""
    sets = [replicaset("web", "aa", "01:00:00", 1), replicaset("web", "bb", "02:00:00", 2, "r/web:2"), replicaset("web", "cc", "02:00:06", 3, "r/web:3")]
    rows = rollouts.rows(cluster(deployment("web", touched("argocd", "02:00:06", "template"), image="r/web:3"), *sets))

    found = {r.labels["revision"]: (r.actor, r.witnesses[0].at_source) for r in rows if r.kind == "change.deployed"}
    assert (found["2"], found["3"]) == ((None, "2026-11-21T02:00:00Z"), ("argocd", "2026-11-21T02:00:06Z"))


@pytest.mark.parametrize(("written", "words"), [("01:59:59", None), ("01:59:53", "at 0.9: same object, its manager's time 7 s apart"), ("01:59:40", None)])
def test_a_managers_time_further_away_is_likely(cluster: Cluster, written: str, words: str | None) -> None:
    """Within two seconds it is the act's own, up to ten it is likely and says so, beyond it is not joined."""
    sets = [replicaset("web", "aa", "01:00:00", 1), replicaset("web", "bb", "02:00:00", 2, "r/web:2")]
    rows = rollouts.rows(cluster(deployment("web", touched("argocd", written, "template"), image="r/web:2"), *sets))

    (row,) = [r for r in rows if r.labels.get("revision") == "2"]
    assert row.labels.get(JOINED_LABEL) == words
    assert (row.actor == "argocd") == (written != "01:59:40")


def test_managers_without_time(cluster: Cluster, told: Told) -> None:
    """Where managedFields give no time, the new set's creation does."""
    given = cluster(
        deployment("web", touched("helm", None, "template", "selector")), replicaset("web", "a", "00:00:00", 1), replicaset("web", "b", "01:00:07", 2)
    )

    assert acts(told, rollouts.rows(given)) == [("01:00:07", "change.deployed", "web deployed: revision 2, template changed")]


def test_an_apply_that_changed_nothing_is_no_change(cluster: Cluster, told: Told) -> None:
    """A manager's new time without a new or reused set is no rollout; a change-cause alone is none either."""
    given = cluster(
        deployment("web", touched("kubectl-client-side-apply", "01:00:00", "template", "selector", "replicas")), replicaset("web", "a", "00:00:00", 1)
    )

    assert acts(told, rollouts.rows(given)) == []


def test_sizes_set_at_a_known_time_without_events(cluster: Cluster, told: Told) -> None:
    """A manager that owns the size alone, with a time, is a scaling to the present size."""
    given = cluster(deployment("web", touched("kubectl-patch", "01:00:00", "replicas"), replicas=9), replicaset("web", "a", "00:00:00", 1))

    assert acts(told, rollouts.rows(given)) == [("01:00:00", "change.scaled", "web scaled to 9")]


def test_the_autoscaler_is_witness_and_actor(cluster: Cluster, told: Told) -> None:
    """Its rescale merges with the scaling that follows; one that nothing else tells of is a row."""
    hpa = {"kind": "HorizontalPodAutoscaler", "metadata": meta("web-hpa"), "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}}
    size = "New size: {}; reason: cpu resource utilization (percentage of request) above target"
    given = cluster(
        hpa,
        deployment("web"),
        replicaset("web", "a", "00:00:00", 1),
        scaling("web", "01:00:00", "up a 3 5"),
        event("HorizontalPodAutoscaler", "web-hpa", "SuccessfulRescale", size.format(5), "01:00:00"),
        event("HorizontalPodAutoscaler", "web-hpa", "SuccessfulRescale", size.format(7), "03:00:00"),
    )
    rows = [r for r in rollouts.rows(given) if r.kind == "change.scaled"]

    assert acts(told, rows) == [("01:00:00", "change.scaled", "web scaled 3 → 5"), ("03:00:00", "change.scaled", "web scaled to 7")]
    assert [r.actor for r in rows] == ["horizontal-pod-autoscaler"] * 2


def revision(kind: str, owner: str, hash_: str, at: str, *, number: int, image: str) -> dict[str, Any]:
    owners = [{"kind": kind, "name": owner, "uid": f"uid-{owner}", "controller": True}]
    about = meta(f"{owner}-{hash_}", at, ownerReferences=owners, labels={"controller-revision-hash": hash_})
    return {"kind": "ControllerRevision", "metadata": about, "revision": number, "data": {"spec": {"template": template(image)}}}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_set_is_rolled_back_by_its_revisions_number(cluster: Cluster, told: Told, kind: str) -> None:
    """The older revision bears the higher number: a rollback, at its manager's time."""
    given = cluster(
        {"kind": kind, "metadata": meta("db", managedFields=[touched("kubectl-rollout", "02:00:00", "template")]), "spec": {"template": template("r/db:1")}},
        revision(kind, "db", "a", "00:00:00", number=3, image="r/db:1"),
        revision(kind, "db", "b", "01:00:00", number=2, image="r/db:2"),
    )

    assert acts(told, rollouts.rows(given)) == [
        ("01:00:00", "change.deployed", "db deployed: revision 2, app 1 → 2"),
        ("02:00:00", "change.rolled_back", "db rolled back: revision 3, app 2 → 1"),
    ]


def test_ordinals_tell_a_stateful_sets_size(cluster: Cluster, told: Told) -> None:
    """New ordinals are growth, ordinals gone for good shrinking; a pod that is replaced is neither."""
    made, gone = "create Pod {0} in StatefulSet db successful", "delete Pod {0} in StatefulSet db successful"
    given = cluster(
        {"kind": "StatefulSet", "metadata": meta("db"), "spec": {"replicas": 4, "template": template("r/db:1")}},
        revision("StatefulSet", "db", "a", "00:00:00", number=1, image="r/db:1"),
        event("StatefulSet", "db", "SuccessfulCreate", made.format("db-3"), "01:00:00"),
        event("StatefulSet", "db", "SuccessfulCreate", made.format("db-4"), "01:00:30"),
        event("Pod", "db-1", "Killing", "Stopping container db", "01:30:00"),
        event("StatefulSet", "db", "SuccessfulCreate", made.format("db-1"), "01:30:10"),
        event("StatefulSet", "db", "SuccessfulDelete", gone.format("db-4"), "02:00:00"),
    )

    assert acts(told, rollouts.rows(given)) == [("01:00:00", "change.scaled", "db scaled 3 → 5"), ("02:00:00", "change.scaled", "db scaled 5 → 4")]


def test_jobs_on_schedule_are_no_changes(cluster: Cluster, told: Told) -> None:
    """A Job of a CronJob is left out unless someone started it by hand; a Job of its own is a change, also when only events tell of it."""
    cron = [{"kind": "CronJob", "name": "nightly", "uid": "c", "controller": True}]
    given = cluster(
        {"kind": "Job", "metadata": meta("nightly-29920366", "01:00:00", ownerReferences=cron)},
        {"kind": "Job", "metadata": meta("nightly-now", "01:01:00", ownerReferences=cron, annotations={"cronjob.kubernetes.io/instantiate": "manual"})},
        {"kind": "Job", "metadata": meta("migrate-7", "01:02:00")},
        event("Job", "nightly-29920367", "SuccessfulCreate", "Created pod: nightly-29920367-x", "01:03:00"),
        event("Job", "backfill", "SuccessfulCreate", "Created pod: backfill-x", "01:04:00"),
    )

    assert acts(told, rollouts.rows(given)) == [
        ("01:01:00", "change.deployed", "job nightly-now started by hand"),
        ("01:02:00", "change.deployed", "job migrate-7 started"),
        ("01:04:00", "change.deployed", "job backfill started"),
    ]
