"""Restarts, OOM kills, loops, evictions, failing probes and nodes: from statuses, events, metrics, and from what is left of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from retroline.normalize.stamps import instant_ns
from retroline.timeline import restarts
from retroline.timeline.likelihood import JOINED_LABEL
from retroline.timeline.rows import Given, Row, Series

SECOND_NS = 1_000_000_000
Told = Callable[..., list[tuple[str, str, str]]]
Cluster = Callable[..., Given]


def ns(at: str) -> int:
    found = instant_ns(f"2026-11-21T{at}Z")
    assert found is not None
    return found


def event(
    reason: str, message: str, at: str, *, last: str = "", count: int = 1, kind: str = "Pod", name: str = "web-1", container: str = "app"
) -> dict[str, Any]:
    path = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
    return {
        "kind": "Event",
        "metadata": {"name": f"{name}.{reason}.{at}", "namespace": "shop", "uid": f"e-{name}-{reason}-{at}"},
        "involvedObject": {"kind": kind, "namespace": "shop", "name": name, "uid": f"uid-{name}", **path},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": f"2026-11-21T{at}Z",
        "lastTimestamp": f"2026-11-21T{last or at}Z",
        "count": count,
    }


def started(at: str, *, last: str = "", count: int = 1) -> dict[str, Any]:
    return event("Started", "Container started", at, last=last, count=count)


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, *, restarts: int = 0, held: str = "c://now", **status: Any) -> dict[str, Any]:
    container = {"name": "app", "restartCount": restarts, "containerID": held, "state": state, "lastState": last or {}}
    return {
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "shop", "uid": "uid-web-1", "creationTimestamp": "2026-11-21T00:00:00Z"},
        "spec": {"nodeName": "n1"},
        "status": {"containerStatuses": [container], **status},
    }


def ended(began: str, at: str, reason: str = "OOMKilled", code: int = 137, held: str = "c://then") -> dict[str, Any]:
    times = {"startedAt": f"2026-11-21T{began}Z", "finishedAt": f"2026-11-21T{at}Z"}
    return {"terminated": {"reason": reason, "exitCode": code, "containerID": held, **times}}


def running(at: str) -> dict[str, Any]:
    return {"running": {"startedAt": f"2026-11-21T{at}Z"}}


def series(name: str, *points: tuple[str, float], **labels: str) -> Series:
    about = {"__name__": name, "namespace": "shop", "pod": "web-1", "container": "app", **labels}
    return Series(name, name, about, np.array([ns(at) for at, _ in points]), np.array([v for _, v in points], float), None, f"{name}.json")


def counted(*points: tuple[str, float], **labels: str) -> Series:
    return series("kube_pod_container_status_restarts_total", *points, **labels)


def reason(*points: tuple[str, float], why: str = "OOMKilled") -> Series:
    return series("kube_pod_container_status_last_terminated_reason", *points, reason=why)


def of(rows: list[Row], kind: str) -> list[Row]:
    return sorted((r for r in rows if r.kind == kind), key=lambda r: (r.at_ns, r.thread))


def test_a_status_tells_the_restart_and_what_killed_the_instance_before(cluster: Cluster, told: Told) -> None:
    """The running instance's start is the restart, the last one's end the OOM kill; both bear one thread."""
    rows = restarts.rows(cluster(pod(running("01:00:30"), ended("00:00:10", "01:00:00"), restarts=1)))

    assert told(rows) == [
        ("01:00:00", "workload.oom_killed", "web-1/app OOM-killed"),
        ("01:00:30", "workload.restarted", "web-1/app restarted (restart 1, after OOMKilled)"),
    ]
    assert {r.thread for r in rows} == {"restart:uid-web-1/app/1"}
    assert {r.clock for r in rows} == {"kubernetes/node/n1"}


def test_a_first_start_is_no_restart(cluster: Cluster) -> None:
    """Neither the status of a container that never ended nor its one event `Started` gives a row; an ended Job's pod neither."""
    job = pod(ended("00:00:10", "00:05:00", "Completed", 0, held="c://now"))

    assert restarts.rows(cluster(pod(running("00:00:10")), started("00:00:10"))) == []
    assert restarts.rows(cluster(job, started("00:00:10"))) == []


def test_all_systems_words_are_one_row(cluster: Cluster) -> None:
    """Status, event count and metric of one restart are witnesses of one row; the node's time is taken."""
    given = cluster(
        pod(running("01:00:30"), ended("00:00:10", "01:00:00", "Error", 1), restarts=1),
        started("00:00:10", last="01:00:30", count=2),
        series=[counted(("01:00:15", 0), ("01:00:45", 1), uid="uid-web-1")],
    )
    (row,) = restarts.rows(given)

    assert (row.kind, row.at_ns, row.before_ns) == ("workload.restarted", ns("01:00:30"), 0)
    assert row.title == "web-1/app restarted (restart 1, after Error, exit code 1)"
    assert sorted({w.source for w in row.witnesses}) == ["kubernetes", "prometheus"]
    assert len(row.witnesses) == 3


def test_the_metric_numbers_starts_whose_earlier_events_are_lost(cluster: Cluster) -> None:
    """Without a status, a start that the metric counts at its next scrape has the metric's number; both are one row, which says how likely."""
    metric = counted(("00:59:50", 5), ("01:00:20", 6), ("01:04:50", 6), ("01:05:20", 7))
    rows = of(restarts.rows(cluster(started("01:00:00"), started("01:05:01"), series=[metric])), "workload.restarted")

    assert [(r.at_ns, r.labels["restart"], {w.source for w in r.witnesses}) for r in rows] == [
        (ns("01:00:00"), "6", {"kubernetes", "prometheus"}),
        (ns("01:05:01"), "7", {"kubernetes", "prometheus"}),
    ]
    assert {r.labels[JOINED_LABEL] for r in rows} == {"at 0.9: same container, counted at the next scrape"}


def test_counts_that_agree_are_exact(cluster: Cluster) -> None:
    """Where the events are all there, counting them and the metric give the same number, and nothing is said."""
    given = cluster(started("00:00:10"), started("01:00:00"), series=[counted(("00:59:50", 0), ("01:00:20", 1))])
    (row,) = of(restarts.rows(given), "workload.restarted")

    assert {w.source for w in row.witnesses} == {"kubernetes", "prometheus"}
    assert JOINED_LABEL not in row.labels


def test_a_metric_without_uid_is_about_the_pod_of_that_name_then(cluster: Cluster) -> None:
    """Pods of a StatefulSet bear one name after another: a count belongs to the pod that was there, and says how likely where there were several."""
    late = pod(running("02:00:10"))
    late["metadata"] |= {"uid": "uid-2", "creationTimestamp": "2026-11-21T02:00:00Z"}
    metric = counted(("00:59:50", 0), ("01:00:20", 1), ("02:59:50", 0), ("03:00:20", 1))
    given = cluster(late, started("00:00:10"), started("01:00:00"), series=[metric])

    first, second = of(restarts.rows(given), "workload.restarted")
    alone = of(restarts.rows(cluster(late, series=[metric])), "workload.restarted")

    assert (first.labels["uid"], first.at_ns, first.labels[JOINED_LABEL]) == ("uid-web-1", ns("01:00:00"), "at 0.9: same pod name, the pod that had it then")
    assert (second.labels["uid"], JOINED_LABEL in second.labels) == ("uid-2", False)
    assert [r.labels["uid"] for r in alone] == ["shop/web-1", "uid-2"]


def test_pods_that_are_gone_are_told_by_event_counts(cluster: Cluster, told: Told) -> None:
    """The last of three restarts is known to the second, the others lie somewhere before it and say so."""
    rows = of(restarts.rows(cluster(started("00:00:10", last="02:00:00", count=4))), "workload.restarted")

    assert [(r.labels["restart"], r.at_ns, r.before_ns // SECOND_NS) for r in rows] == [
        ("1", ns("02:00:00"), 7190),
        ("2", ns("02:00:00"), 7190),
        ("3", ns("02:00:00"), 0),
    ]


def test_a_start_after_trouble_is_a_restart(cluster: Cluster) -> None:
    """With the pod and its first events gone, a start after the container was killed is no first start."""
    rows = restarts.rows(cluster(event("Killing", "Container app failed liveness probe, will be restarted", "01:00:00"), started("01:00:05")))

    assert [r.at_ns for r in of(rows, "workload.restarted")] == [ns("01:00:05")]


def test_event_counts_are_aligned_with_the_status(cluster: Cluster) -> None:
    """Where earlier events have expired, the status's restart count says which number the last start has."""
    rows = restarts.rows(
        cluster(pod(running("02:00:00"), ended("01:00:00", "01:59:00", "Error", 1), restarts=7), started("01:00:00", last="02:00:00", count=2))
    )

    assert [(r.labels["restart"], r.at_ns) for r in of(rows, "workload.restarted")] == [("6", ns("01:00:00")), ("7", ns("02:00:00"))]


def test_metrics_alone_tell_restarts_and_kills(cluster: Cluster) -> None:
    """Each step of the count is a restart since the sample before; the reason in force then makes it an OOM kill."""
    given = cluster(
        series=[
            counted(("01:00:00", 2), ("01:00:30", 2), ("01:01:00", 3), ("01:01:30", 5)),
            reason(("01:01:00", 1), ("01:01:30", 1)),
        ]
    )
    rows = restarts.rows(given)

    assert [(r.labels["restart"], r.at_ns, r.before_ns // SECOND_NS) for r in of(rows, "workload.restarted")] == [
        ("3", ns("01:01:00"), 30),
        ("4", ns("01:01:30"), 30),
        ("5", ns("01:01:30"), 30),
    ]
    kills = of(rows, "workload.oom_killed")
    assert [r.thread for r in kills] == [f"restart:shop/web-1/app/{n}" for n in (3, 4, 5)]
    assert all(r.before_ns >= 30 * SECOND_NS and r.source == "prometheus" for r in kills)


def test_a_reason_gives_the_kind_of_a_restart_that_events_tell(cluster: Cluster) -> None:
    """The pod is gone, the event has the time, the metric the reason: one restart and one OOM kill with the same thread."""
    given = cluster(started("00:00:10", last="01:00:30", count=2), series=[reason(("01:00:45", 1), ("01:01:15", 1))])
    kill, again = sorted(restarts.rows(given), key=lambda r: r.kind)

    assert (kill.kind, again.kind) == ("workload.oom_killed", "workload.restarted")
    assert kill.thread == again.thread == "restart:uid-web-1/app/1"
    assert (kill.at_ns, kill.before_ns, again.before_ns) == (again.at_ns, 10 * SECOND_NS, 0)
    assert [w.source for w in kill.witnesses] == ["kubernetes", "prometheus"]


def test_other_reasons_are_no_kills(cluster: Cluster) -> None:
    """A last termination of reason Error, or a status that says Error, is no OOM kill."""
    given = cluster(
        pod(running("01:00:30"), ended("00:00:10", "01:00:00", "Error", 1), restarts=1), series=[reason(("01:00:45", 1), why="Error"), reason(("00:00:00", 0))]
    )

    assert [r.kind for r in restarts.rows(given)] == ["workload.restarted"]


def test_recorded_restarts_of_both_moments(recorded: Cluster) -> None:
    """The earlier lists name restarts that the later ones only count; together each restart is one row."""
    rows = of(restarts.rows(recorded("during", "after")), "workload.restarted")
    known = {(r.labels["pod"][-5:], r.labels["restart"]): r for r in rows}

    assert len(rows) == len(known) == 10
    assert known["hd9q7", "2"].before_ns == 0
    assert known["hd9q7", "1"].at_ns <= known["hd9q7", "2"].at_ns < known["hd9q7", "3"].at_ns
    assert len({r.thread for r in rows}) == 10


def test_probe_failures_are_one_row_per_probe(cluster: Cluster, told: Told) -> None:
    """Different texts of one probe add up to one interval with their count; each probe has its own row."""
    given = cluster(
        event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "01:00:00", last="01:02:00", count=5),
        event("Unhealthy", "Readiness probe failed: connection refused", "01:01:00", last="01:03:00", count=2),
        event("Unhealthy", "Liveness probe failed: timeout", "01:01:00"),
    )
    rows = restarts.rows(given)

    assert told(rows) == [
        ("01:00:00", "workload.unhealthy", "web-1/app: readiness probe failed"),
        ("01:01:00", "workload.unhealthy", "web-1/app: liveness probe failed"),
    ]
    assert [(r.count, r.until_ns) for r in of(rows, "workload.unhealthy")] == [(7, ns("01:03:00")), (1, None)]


def test_the_same_events_twice_count_once(recorded: Cluster) -> None:
    """Two moments' answers hold the same events; counts are those of the later one, not their sum."""
    once, both = (of(restarts.rows(recorded(*m)), "workload.crash_looping") for m in (("after",), ("during", "after")))

    assert [(r.thread, r.count, r.until_ns) for r in both] == [(r.thread, r.count, r.until_ns) for r in once]
    assert len(once) == 3


def test_back_off_of_image_pulls_is_no_crash_loop(cluster: Cluster) -> None:
    """Failing pulls stay plain events; a failing container is a loop."""
    assert restarts.rows(cluster(event("BackOff", 'Back-off pulling image "r/web:9"', "01:00:00"))) == []
    (row,) = restarts.rows(cluster(event("BackOff", "Back-off restarting failed container app in pod web-1", "01:00:00", last="01:09:00", count=30)))
    assert (row.kind, row.count, row.severity) == ("workload.crash_looping", 30, "warning")


def test_a_loop_whose_events_are_gone(cluster: Cluster) -> None:
    """A container waiting in CrashLoopBackOff loops since its last end, also without events."""
    given = cluster(pod({"waiting": {"reason": "CrashLoopBackOff"}}, ended("01:00:00", "01:00:03", "Error", 1, held="c://now"), restarts=9))

    assert [r.at_ns for r in of(restarts.rows(given), "workload.crash_looping")] == [ns("01:00:03")]


def test_evictions(cluster: Cluster, told: Told) -> None:
    """An eviction is one row, from its event or else from the pod's status."""
    by_event = restarts.rows(cluster(event("Evicted", "The node was low on resource: memory.", "01:00:00", container="")))
    gone = pod(ended("00:00:10", "01:00:02", "Error", 137, held="c://now"), reason="Evicted", message="The node was low on resource: memory.")

    assert told(by_event) == [("01:00:00", "workload.evicted", "web-1 evicted: The node was low on resource: memory.")]
    assert told(restarts.rows(cluster(gone)), "workload.evicted") == [("01:00:02", "workload.evicted", "web-1 evicted: The node was low on resource: memory.")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("OOMKilling", "Memory cgroup out of memory: Killed process 812 (java) total-vm:9kB"),
        ("SystemOOM", "System OOM encountered, victim process: java, pid: 812"),
    ],
)
def test_nodes_tell_of_kills_too(cluster: Cluster, name: str, message: str) -> None:
    """A node's own event of a kill names the victim."""
    (row,) = restarts.rows(cluster(event(name, message, "01:00:00", kind="Node", name="n1", container="")))

    assert (row.kind, row.title) == ("workload.oom_killed", "Node n1: process java OOM-killed")


def test_node_conditions_of_the_window(cluster: Cluster, told: Told) -> None:
    """Status and event of one change are one row; what changed before the window is none."""
    conditions = [
        {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-11-21T01:00:00Z", "reason": "NodeStatusUnknown"},
        {"type": "MemoryPressure", "status": "False", "lastTransitionTime": "2026-11-01T00:00:00Z"},
    ]
    node = {"kind": "Node", "metadata": {"name": "n1", "uid": "n"}, "status": {"conditions": conditions}}
    given = cluster(node, event("NodeNotReady", "Node n1 status is now: NodeNotReady", "01:00:01", kind="Node", name="n1", container=""))
    (row,) = restarts.rows(given)

    assert (row.kind, row.title, row.severity, len(row.witnesses)) == ("node.condition", "node n1: Ready is Unknown", "warning", 2)
