"""What a run sees of its clocks: every place where two clocks stamp what is known to be in order, or one instant.

- The server's clock lies between what the request and the answer prove: HTTP `Date` in whole seconds, Prometheus' `time()` in milliseconds.
  Only answers that this run asked for itself count, and none that is off by more than an hour: that is a recording being replayed.
- `node_time_seconds` was read at its sample's stamp or at most `scrape_duration_seconds` later; `node_timex_maxerror_seconds` bounds the
  distance from UTC of a node whose `node_timex_sync_status` is 1 (node_exporter, timex and time collectors).
- A pod's containers start, and write, after the API server made the pod; a job is complete after its containers ended; a restart is counted
  after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..collectors.evidence import Reply
from ..collectors.window import SECOND_NS
from ..normalize.http_date import http_date_ns
from ..normalize.stamps import instant_ns
from .clocks import Bound
from .rows import NODE, Fact, Given, Series

SERVERS = {"alertmanager": "alertmanager", "pagerduty": "pagerduty", "kubernetes": "kubernetes/apiserver"}
REPLAYED_NS = 3600 * SECOND_NS
MS_NS = 1_000_000
LONGEST_SCRAPE_NS = 10 * SECOND_NS
MADE = "a pod is made before anything happens to it"
# Owners that give each pod a name of its own.
GENERATED = ("ReplicaSet", "DaemonSet", "Job")
CLOCKS = ("node_time_seconds", "node_timex_maxerror_seconds")
PORT = re.compile(r":\d+$")
HOSTS = ("node", "nodename", "kubernetes_node", "host", "instance")


def between(clocks: tuple[str, str], ends_ns: tuple[int, int], why: str, ref: str) -> list[Bound]:
    """Both sides of `low <= ahead - behind <= high`."""
    (ahead, behind), (low_ns, high_ns) = clocks, ends_ns
    return [Bound(ahead, behind, high_ns, why, (ref,)), Bound(behind, ahead, -low_ns, why, (ref,))]


def after(cause: tuple[str, int], effect: tuple[str, int], why: str, ref: str) -> Bound:
    """An effect comes after its cause: (clock, earliest reading) of the cause, (clock, latest reading) of the effect."""
    return Bound(effect[0], cause[0], effect[1] - cause[1], why, (ref,))


def answers(replies: Iterable[Reply]) -> Iterator[Bound]:
    """The `Date` of every answer that was asked for over the network."""
    for reply in replies:
        date, asked, received = http_date_ns(reply.date), instant_ns(reply.asked_at or None), instant_ns(reply.received_at or None)
        if reply.source in SERVERS and not reply.about.get("file") and date is not None and asked is not None and received is not None:
            yield from _asked(SERVERS[reply.source], (date, date + SECOND_NS), (asked, received), "its HTTP Date", reply.ref)


def server_times(facts: Iterable[Fact]) -> Iterator[Bound]:
    """Prometheus' own `time()`."""
    for fact in facts:
        told = fact.attributes
        now = instant_ns(str(told.get("now")), "epoch_s")
        asked, received = (instant_ns(told.get(name) or None) for name in ("asked_at", "received_at"))
        if now is not None and asked is not None and received is not None:
            yield from _asked("prometheus", (now, now + MS_NS), (asked, received), "its time()", fact.ref)


def _asked(clock: str, said_ns: tuple[int, int], ours_ns: tuple[int, int], why: str, ref: str) -> list[Bound]:
    """The server read `said_ns` at some moment of `ours_ns`, from asking to receiving."""
    low, high = said_ns[0] - ours_ns[1], said_ns[1] - ours_ns[0]
    return between((clock, "retroline"), (low, high), why, ref) if low <= high and max(abs(low), abs(high)) <= REPLAYED_NS else []


def node_names(facts: Iterable[Fact]) -> dict[str, str]:
    """What a scrape may call a node → the node's clock: its name, and its addresses as it and its pods have them."""
    found: dict[str, str] = {}
    for fact in facts:
        told = fact.attributes
        if fact.clock.startswith(f"{NODE}/"):
            found[fact.clock.removeprefix(f"{NODE}/")] = fact.clock
        if fact.kind == "state.node":
            found.update({str(name): f"{NODE}/{told['name']}" for name in (told["name"], *told.get("addresses", ())) if name})
        elif fact.kind == "state.pod" and told.get("node") and told.get("host_ip"):
            found.setdefault(str(told["host_ip"]), f"{NODE}/{told['node']}")
    return found


def node_times(series: Sequence[Series], known: Mapping[str, str]) -> Iterator[Bound]:
    """Node clocks against Prometheus' and against UTC, from raw samples of node_exporter's metrics. `known`: see `node_names`.

    A series whose labels name no host is of no clock.
    """
    raw = [(s, s.labels.get("__name__") or s.name) for s in series if s.step_ns is None and len(s.at_ns)]
    took = {_target(s): dict(zip(s.at_ns.tolist(), s.values.tolist(), strict=True)) for s, name in raw if name == "scrape_duration_seconds"}
    synced = {_target(s) for s, name in raw if name == "node_timex_sync_status" and bool((s.values == 1).all())}
    for s, name in raw:
        clock = _node(s.labels, known) if name in CLOCKS else ""
        if not clock:
            continue
        if name == "node_time_seconds":
            yield from _node_time(s, clock, took.get(_target(s), {}))
        elif name == "node_timex_maxerror_seconds" and _target(s) in synced:
            most = round(float(np.nanmax(s.values)) * SECOND_NS)
            yield from between((clock, "utc"), (-most, most), "its kernel's own bound (timex)", s.ref)


def _node_time(series: Series, clock: str, took: Mapping[int, float]) -> list[Bound]:
    known = np.isfinite(series.values)
    at = series.at_ns[known]
    whole = np.floor(series.values[known])
    read = whole.astype(np.int64) * SECOND_NS + np.rint((series.values[known] - whole) * SECOND_NS).astype(np.int64)
    late = np.array([round(took[t] * SECOND_NS) if t in took else LONGEST_SCRAPE_NS for t in at.tolist()], np.int64)
    if not len(at):
        return []
    low, high = int((read - at - late).max()) - MS_NS, int((read - at).min()) + MS_NS
    if low > high:
        low, high = int((read - at - late).min()) - MS_NS, int((read - at).max()) + MS_NS
    return between((clock, "prometheus"), (low, high), "node_time_seconds at its scrapes", series.ref)


def _target(series: Series) -> tuple[str | None, str | None]:
    return series.labels.get("job"), series.labels.get("instance")


def _node(labels: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The clock of the node that a target's labels name, "" where they name none."""
    told = [labels[name] for name in HOSTS if labels.get(name)]
    names = [name for text in told for name in (PORT.sub("", text).strip("[]"), text)]
    return next((known[n] for n in names if n in known), f"{NODE}/{names[0]}" if names else "")


def causes(given: Given) -> Iterator[Bound]:
    """What Kubernetes and the metrics of its pods put in order."""
    made = {f.attributes.get("uid"): f for f in given.of("state.pod") if f.at_ns is not None}
    for fact in given.of("state.container_start", "k8s.event"):
        about = fact.attributes.get("pod_uid") or (fact.attributes.get("involved") or {}).get("uid")
        pod = made.get(about)
        if pod is not None and pod.at_ns is not None and fact.at_ns is not None and fact.clock != pod.clock:
            yield after((pod.clock, pod.at_ns - pod.before_ns), (fact.clock, fact.at_ns + fact.after_ns), MADE, fact.ref)
    yield from _first_lines(given)
    yield from _jobs(given, made)
    yield from _restarts(given)


def _first_lines(given: Given) -> Iterator[Bound]:
    """No line is older than its pod, where the pod's name is made up and thus never another's."""
    made: dict[tuple[str, str], Fact] = {}
    for fact in given.of("state.pod"):
        if (fact.attributes.get("owner") or {}).get("kind") in GENERATED and fact.at_ns is not None:
            made.update({(namespace, str(fact.attributes["name"])): fact for namespace in ("", str(fact.attributes["namespace"]))})
    for stream in given.streams:
        pod = made.get((stream.namespace, stream.pod))
        if pod is not None and pod.at_ns is not None and stream.first_ns is not None and stream.clock.startswith(f"{NODE}/"):
            yield after((pod.clock, pod.at_ns - pod.before_ns), (stream.clock, stream.first_ns + 1), "a pod is made before its first line", stream.ref)


def _jobs(given: Given, made: Mapping[Any, Fact]) -> Iterator[Bound]:
    done = {f.attributes.get("uid"): (f, instant_ns(f.attributes.get("completionTime") or None)) for f in given.of("state.job")}
    for end in given.of("state.container_end"):
        pod = made.get(end.attributes.get("pod_uid"))
        job, at = done.get((pod.attributes.get("owner") or {}).get("uid") if pod else None, (None, None))
        if job and at is not None and end.at_ns is not None:
            yield after((end.clock, end.at_ns), ("kubernetes/job-controller", at + SECOND_NS), "a job is complete after its containers ended", job.ref)


def _restarts(given: Given) -> Iterator[Bound]:
    """The sample that first counts a restart is later than the start of the container."""
    counts = {
        (s.labels.get("pod"), s.labels.get("container")): s
        for s in given.series
        if s.step_ns is None and (s.labels.get("__name__") or s.name) == "kube_pod_container_status_restarts_total"
    }
    for fact in given.of("state.container_start"):
        told = fact.attributes
        series, number = counts.get((told.get("pod"), told.get("container"))), told.get("restartCount") or 0
        if series is None or not number or fact.at_ns is None:
            continue
        counted = np.flatnonzero(series.values >= number)
        if len(counted) and counted[0] > 0:
            sample = int(series.at_ns[counted[0]]) + MS_NS
            yield after((fact.clock, fact.at_ns), (series.clock, sample), "a restart is counted after it", series.ref)
