"""What logs cannot tell: the beginning of a rotated log, pods that are gone and took theirs, instances before the last restart.

The kubelet serves only the newest file of a rotated log and only the last ended instance of a container (Kubernetes
documentation, "Logging Architecture"); neither leaves a mark in the answer, so the stamps must show it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..collectors.window import rfc3339
from ..normalize.stamps import instant_ns
from .managed import NEAR_NS, SECOND_NS
from .pod_names import container_of, event_pod
from .rows import Fact, Given, Row, Stream
from .scalings import instants
from .services import workload_of

REGULAR_LINES = 20
SILENCES = 20
BURSTS_NS = 120 * SECOND_NS
RAN = ("Started", "Killing", "Unhealthy", "BackOff")
SCHEDULED = re.compile(r"-\d{8,10}$")


@dataclass
class Life:
    """What is known of one pod: when it was seen to run, and the answer that last listed it."""

    namespace: str
    name: str
    first_ns: int
    last_ns: int
    refs: list[str]
    ran: bool = False
    listed_ns: int | None = None


def rows(given: Given) -> list[Row]:
    """Gap rows of reason `rotated` or `gone`; none where no log was collected at all."""
    if not given.streams:
        return []
    return [*_rotated(given), *_instances(given), *_gone(given)]


def _rotated(given: Given) -> Iterable[Row]:
    """One row per instance whose log begins well after the instance did, though it wrote all the time."""
    for (namespace, pod, container), streams in _by_container(given.streams).items():
        starts = _starts(given, (namespace, pod, container), streams)
        for fact, start_ns in starts:
            mine = [s for s in streams if _same_instance(s.instance, fact.attributes.get("containerID", "")) or (not s.instance and len(starts) == 1)]
            held = [s for s in mine if s.first_ns is not None and s.first_ns >= start_ns]
            if not held:
                continue
            first = min(held, key=lambda s: s.first_ns or 0)
            from_ns, first_ns = max(given.window.since_ns, start_ns), first.first_ns or 0
            if first_ns - from_ns > NEAR_NS and _regular(first, first_ns - from_ns) and first_ns < given.window.until_ns:
                title = f"log of {pod}/{container} begins at {rfc3339(first_ns, 0)}: rotated"
                yield _gap(from_ns, first_ns, title, "rotated", {"namespace": namespace, "pod": pod, "container": container}, ref=first.ref)


def _instances(given: Given) -> Iterable[Row]:
    """One row per container that restarted and lost the logs of its earlier instances."""
    began = {(f.attributes["namespace"], f.attributes["name"]): f.at_ns for f in given.of("state.pod")}
    for (namespace, pod, container), streams in _by_container(given.streams).items():
        starts = _starts(given, (namespace, pod, container), streams)
        held = [s.first_ns for s in streams if s.first_ns is not None]
        if not starts or not held:
            continue
        about = starts[0][0].attributes
        start_ns = began.get((about["namespace"], pod))
        lost = [starts[0][1]] if about["restart"] > 0 else []
        lost += [f.at_ns for f, _ in starts if f.kind == "state.container_end" and f.at_ns is not None and f.at_ns <= min(held) and f is not starts[-1][0]]
        from_ns = max(given.window.since_ns, start_ns if start_ns is not None else starts[0][1])
        if lost and max(lost) - from_ns > NEAR_NS and max(lost) <= min(held) + NEAR_NS:
            title = f"logs of earlier instances of {pod}/{container} are gone with its restarts"
            yield _gap(from_ns, max(lost), title, "gone", {"namespace": about["namespace"], "pod": pod, "container": container}, ref=streams[0].ref)


def _gone(given: Given) -> Iterable[Row]:
    """One row per workload whose pods ran in the window, exist no more and left no log."""
    held = {(s.namespace, s.pod) for s in given.streams}
    listed_ns = max((f.collected_ns or 0 for f in given.of("state.pod")), default=0)
    groups: dict[tuple[str, str], list[Life]] = {}
    for life in _lives(given):
        logged = (life.namespace, life.name) in held or ("", life.name) in held
        inside = life.last_ns >= given.window.since_ns and life.first_ns < given.window.until_ns
        there = life.listed_ns is not None and life.listed_ns >= listed_ns
        if life.ran and inside and not logged and not there:
            groups.setdefault((life.namespace, _set_of(life.name)), []).append(life)
    for (namespace, owner), lives in sorted(groups.items()):
        names = sorted({life.name for life in lives})
        title = f"logs of {len(names)} pods of {owner} are gone with the pods" if len(names) > 1 else f"logs of {names[0]} are gone with the pod"
        from_ns = max(given.window.since_ns, min(life.first_ns for life in lives))
        until_ns = min(given.window.until_ns, max(life.last_ns for life in lives) + SECOND_NS)
        labels = {"namespace": namespace, "owner": owner, "pods": ", ".join(names)}
        yield _gap(from_ns, until_ns, title, "gone", labels, ref=lives[0].refs[0], count=len(names), service=workload_of(names[0]))


def _lives(given: Given) -> list[Life]:
    """Every pod that a list or an event names, with its first and last known instant, on the time of the lines."""
    moved = _moves(given.streams)
    found: dict[tuple[str, str], Life] = {}
    for fact in given.of("k8s.event", "state.pod", "state.container_start", "state.container_end"):
        a = fact.attributes
        if fact.kind == "k8s.event":
            namespace, name, _ = event_pod(fact)
        else:
            namespace, name = a["namespace"], a["name"] if fact.kind == "state.pod" else a["pod"]
        times = [at + moved.get(fact.clock, 0) for at in instants(fact)]
        if not name or not times:
            continue
        life = found.setdefault((namespace, name), Life(namespace, name, times[0], times[-1], [fact.ref]))
        life.first_ns, life.last_ns = min(life.first_ns, *times), max(life.last_ns, *times)
        life.ran = life.ran or fact.kind.startswith("state.container") or (a.get("reason") in RAN and bool(container_of(fact)))
        if fact.kind == "state.pod":
            life.listed_ns = max(life.listed_ns or 0, fact.collected_ns or 0)
    return [found[key] for key in sorted(found)]


def _set_of(pod: str) -> str:
    """What a pod's generated name begins with: its ReplicaSet, set or Job; Jobs of one CronJob count as one."""
    return SCHEDULED.sub("", pod.rpartition("-")[0] or pod)


def _by_container(streams: Sequence[Stream]) -> dict[tuple[str, str, str], list[Stream]]:
    found: dict[tuple[str, str, str], list[Stream]] = {}
    for stream in streams:
        if stream.pod:
            found.setdefault((stream.namespace, stream.pod, stream.container), []).append(stream)
    return found


def _starts(given: Given, place: tuple[str, str, str], streams: Sequence[Stream]) -> list[tuple[Fact, int]]:
    """Instances of a container that a status names, with their starts, in order of time, each once; on the time of the streams' lines."""
    namespace, pod, container = place
    moved = _moves(streams)
    found: dict[int, Fact] = {}
    for fact in given.of("state.container_start", "state.container_end"):
        a = fact.attributes
        start_ns = instant_ns(a.get("startedAt") or None)
        if (a["pod"], a["container"]) == (pod, container) and namespace in ("", a["namespace"]) and start_ns is not None:
            found.setdefault(start_ns + moved.get(fact.clock, 0), _moved(fact, moved.get(fact.clock, 0)))
    return [(found[ns], ns) for ns in sorted(found)]


def _moves(streams: Sequence[Stream]) -> dict[str, int]:
    """Clock → by how much what it stamped was moved."""
    return {s.clock: s.moved_ns for s in streams if s.moved_ns}


def _moved(fact: Fact, by_ns: int) -> Fact:
    return replace(fact, at_ns=fact.at_ns + by_ns) if by_ns and fact.at_ns is not None else fact


def _same_instance(instance: str, container_id: str) -> bool:
    return bool(instance) and bool(container_id) and instance.rpartition("/")[2] == container_id.rpartition("/")[2]


def _regular(stream: Stream, gap_ns: int) -> bool:
    """Whether silence as long as the gap is out of keeping with how the container writes: often, or at least in bursts."""
    if stream.lines < REGULAR_LINES or stream.first_ns is None or stream.last_ns is None:
        return False
    span_ns = stream.last_ns - stream.first_ns
    return gap_ns > max(SILENCES * span_ns // (stream.lines - 1), min(span_ns // SILENCES, BURSTS_NS))


def _gap(
    from_ns: int, until_ns: int, title: str, reason: str, labels: dict[str, str], *, ref: str, count: int | None = None, service: str | None = None
) -> Row:
    about = "/".join(labels[k] for k in ("namespace", "pod", "container", "owner") if labels.get(k))
    return Row(
        kind="gap",
        at_ns=from_ns,
        until_ns=until_ns,
        title=title,
        source="kubernetes",
        clock="kubernetes/node",
        thread=f"gap:log:{about}:{reason}",
        severity="info",
        service=service or (workload_of(labels["pod"]) if labels.get("pod") else None),
        subject=f"Pod/{labels['pod']}" if labels.get("pod") else None,
        count=count,
        labels={**{k: v for k, v in labels.items() if v}, "reason": reason},
        ref=ref,
        milestone_ok=False,
    )
