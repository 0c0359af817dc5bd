"""Logs that begin late, and pods that took theirs with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retroline.normalize.stamps import instant_ns
from retroline.timeline import log_gaps
from retroline.timeline.rows import Given, Stream

Cluster = Callable[..., Given]


def ns(at: str) -> int:
    found = instant_ns(f"2026-11-21T{at}Z")
    assert found is not None
    return found


def stream(first: str, last: str, lines: int, pod: str = "web-1", instance: str = "") -> Stream:
    return Stream("shop", pod, "app", instance, ns(first), ns(last), lines, f"logs/{pod}/app.log")


def pod(name: str = "web-1", *, began: str = "00:00:00", restarts: int = 0, last: dict[str, Any] | None = None) -> dict[str, Any]:
    state = {"running": {"startedAt": f"2026-11-21T{began}Z"}}
    container = {"name": "app", "restartCount": restarts, "containerID": "c://now", "state": state, "lastState": {"terminated": last} if last else {}}
    meta = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "creationTimestamp": "2026-11-21T00:00:00Z"}
    return {"kind": "Pod", "metadata": meta, "status": {"containerStatuses": [container]}}


def started(name: str, at: str, reason: str = "Started") -> dict[str, Any]:
    involved = {"kind": "Pod", "namespace": "shop", "name": name, "uid": f"uid-{name}", "fieldPath": "spec.containers{app}"}
    stamp = f"2026-11-21T{at}Z"
    meta = {"name": f"{name}.{reason}", "namespace": "shop", "uid": f"e-{name}-{reason}"}
    return {"kind": "Event", "metadata": meta, "involvedObject": involved, "reason": reason, "firstTimestamp": stamp, "lastTimestamp": stamp}


def test_a_busy_log_that_begins_late_was_rotated(cluster: Cluster) -> None:
    """The gap runs from the container's start (or the window's) to the first line held."""
    given = cluster(pod(), since="2026-11-21T01:00:00Z", streams=[stream("01:20:00", "02:00:00", 9000)])
    (row,) = log_gaps.rows(given)

    assert (row.kind, row.at_ns, row.until_ns) == ("gap", ns("01:00:00"), ns("01:20:00"))
    assert row.title == "log of web-1/app begins at 2026-11-21T01:20:00Z: rotated"
    assert (row.labels["reason"], row.severity, row.thread) == ("rotated", "info", "gap:log:shop/web-1/app:rotated")


def test_a_quiet_log_may_begin_late(cluster: Cluster) -> None:
    """A container that writes seldom or in bursts, or began with its log, has no gap."""
    quiet = cluster(pod(), streams=[stream("00:20:00", "02:00:00", 25)])
    bursts = cluster(pod(), streams=[stream("00:01:00", "02:00:00", 90_000)])
    fresh = cluster(pod(began="01:19:55"), streams=[stream("01:20:00", "02:00:00", 9000)])

    assert log_gaps.rows(quiet) == log_gaps.rows(bursts) == log_gaps.rows(fresh) == []


def test_an_earlier_answer_closes_the_gap(cluster: Cluster) -> None:
    """Where another log of the same instance holds the beginning, nothing is missing at it."""
    given = cluster(pod(), streams=[stream("01:20:00", "02:00:00", 9000), stream("00:00:01", "01:19:00", 9000)])

    assert log_gaps.rows(given) == []


def test_pods_that_are_gone_are_one_row_per_set(cluster: Cluster) -> None:
    """Pods that events tell of, that ran, and that left no log are listed together; those that never ran are not."""
    given = cluster(
        pod(),
        started("shop-5d4-aaaaa", "01:00:00"),
        started("shop-5d4-aaaaa", "01:30:00", "Killing"),
        started("shop-5d4-bbbbb", "01:10:00"),
        started("shop-5d4-ccccc", "01:10:00", "FailedScheduling"),
        started("report-29920366-ddddd", "02:00:00"),
        started("report-29920367-eeeee", "02:01:00"),
        streams=[stream("00:00:01", "02:00:00", 9000)],
    )

    assert [(r.title, r.at_ns, r.labels["pods"]) for r in log_gaps.rows(given)] == [
        ("logs of 2 pods of report are gone with the pods", ns("02:00:00"), "report-29920366-ddddd, report-29920367-eeeee"),
        ("logs of 2 pods of shop-5d4 are gone with the pods", ns("01:00:00"), "shop-5d4-aaaaa, shop-5d4-bbbbb"),
    ]


def test_pods_that_are_there_or_were_logged_are_not_gone(cluster: Cluster) -> None:
    """A pod in the last list is not gone, one with a saved log is not lost; and without any log nothing is said."""
    items = [pod("web-2"), started("web-2", "01:00:00"), started("web-3", "01:00:00")]

    assert log_gaps.rows(cluster(*items, streams=[stream("00:00:01", "02:00:00", 9000, pod="web-3")])) == []
    assert log_gaps.rows(cluster(*items)) == []


def test_instances_before_the_last_two_are_gone(cluster: Cluster) -> None:
    """After three restarts only the last two instances have logs; what was before is a gap."""
    last = {"reason": "Error", "exitCode": 1, "containerID": "c://then", "startedAt": "2026-11-21T02:00:00Z", "finishedAt": "2026-11-21T02:10:00Z"}
    given = cluster(
        pod(began="02:10:05", restarts=3, last=last), streams=[stream("02:00:01", "02:10:00", 500, instance="then"), stream("02:10:06", "03:00:00", 500)]
    )
    (row,) = log_gaps.rows(given)

    assert row.title == "logs of earlier instances of web-1/app are gone with its restarts"
    assert (row.at_ns, row.until_ns, row.labels["reason"]) == (ns("00:00:00"), ns("02:00:00"), "gone")
