"""Every sight of a restart: container statuses, events `Started` with their counts, and kube-state-metrics samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..normalize.stamps import instant_ns
from .likelihood import NEXT_SCRAPE, Likelihood
from .managed import SECOND_NS
from .pod_names import SLACK_NS, Pods, container_of, event_pod
from .restart_series import Increment, increments, oom_onsets, oom_reason_at
from .rows import Fact, Given, Witness, witness
from .scalings import instants

STATUS, EVENT, SAMPLE, IMPLIED = range(4)


@dataclass(frozen=True)
class Sight:
    """One word on one restart; `key` is (pod uid, container, number), the first restart being 1."""

    key: tuple[str, str, int]
    at_ns: int
    rank: int
    namespace: str
    pod: str
    witness: Witness
    before_ns: int = 0
    why: str = ""
    likely: Likelihood | None = None

    @property
    def container(self) -> str:
        """The container's name."""
        return self.key[1]

    @property
    def number(self) -> int:
        """How many restarts there were with this one."""
        return self.key[2]


def restarts(given: Given) -> list[Sight]:
    """All sights of restarts, several per restart."""
    pods = Pods.of(given)
    samples = [_sample(i, pods) for i in increments(given.series)]
    return [*_statuses(given), *_events(given, samples), *samples]


def ooms(given: Given, again: Sequence[Sight]) -> list[Sight]:
    """Kills for memory: statuses that say so; samples of the last termination's reason where the status is gone."""
    found = [
        replace(_status(f, f.attributes["restart"] + 1), at_ns=f.at_ns)
        for f in given.of("state.container_end")
        if f.attributes.get("reason") == "OOMKilled" and f.at_ns is not None
    ]
    return [*found, *_sampled_ooms(given, again, {s.key for s in found})]


def _statuses(given: Given) -> Iterator[Sight]:
    """Starts of instances after the first; an ended instance's start is told by its end."""
    ends = {(f.attributes["pod_uid"], f.attributes["container"], f.attributes["restart"]): f for f in given.of("state.container_end")}
    for fact in given.of("state.container_start"):
        if fact.attributes["restart"] > 0 and fact.at_ns is not None:
            before = ends.get((fact.attributes["pod_uid"], fact.attributes["container"], fact.attributes["restart"] - 1))
            yield replace(_status(fact, fact.attributes["restart"]), why=_why(before))
    for (uid, container, number), fact in ends.items():
        started_ns = _started_ns(fact)
        if number > 0 and started_ns is not None:
            said = replace(witness(fact), at_ns=started_ns, at_source=fact.attributes["startedAt"])
            yield replace(_status(fact, number), at_ns=started_ns, witness=said, why=_why(ends.get((uid, container, number - 1))))


def _status(fact: Fact, number: int) -> Sight:
    a = fact.attributes
    return Sight((a["pod_uid"], a["container"], number), fact.at_ns or 0, STATUS, a["namespace"], a["pod"], witness(fact))


def _why(end: Fact | None) -> str:
    if end is None:
        return ""
    reason, code = end.attributes.get("reason") or "", end.attributes.get("exitCode")
    return reason + (f", exit code {code}" if code is not None and reason != "OOMKilled" else "")


def _started_ns(end: Fact) -> int | None:
    return instant_ns(end.attributes.get("startedAt") or None)


def _events(given: Given, samples: Sequence[Sight]) -> Iterator[Sight]:
    """Numbers by counting starts: the last one known is the status's restart count, else the metric's, else counting begins with the first event."""
    counts = _restart_counts(given)
    sampled: dict[tuple[str, str], list[Sight]] = {}
    for sight in samples:
        sampled.setdefault(sight.key[:2], []).append(sight)
    earlier = _troubled(given)
    groups: dict[tuple[str, str], dict[str, list[Fact]]] = {}
    for fact in given.of("k8s.event"):
        container = container_of(fact)
        if fact.attributes.get("reason") == "Started" and container and fact.at_ns is not None:
            groups.setdefault((event_pod(fact)[2], container), {}).setdefault(fact.native_id or fact.ref, []).append(fact)
    for key, objects in groups.items():
        ordered = sorted(objects.values(), key=lambda facts: min(f.at_ns or 0 for f in facts))
        total = sum(max(f.count or 1 for f in facts) for facts in ordered)
        first_ns = min(f.at_ns or 0 for f in ordered[0])
        missed = max(counts.get(key, -1) + 1 - total, 1 if key not in counts and earlier.get(key, first_ns) < first_ns - SECOND_NS else 0, 0)
        scraped = _by_scrape(ordered, total, sampled.get(key, [])) if key not in counts else None
        belief = Likelihood(NEXT_SCRAPE, "same container, counted at the next scrape") if scraped not in (None, missed) else None
        missed = missed if scraped is None else scraped
        for facts in ordered:
            yield from (replace(sight, likely=belief) for sight in _counted(facts, key, missed))
            missed += max(f.count or 1 for f in facts)


def _by_scrape(ordered: Sequence[Sequence[Fact]], total: int, samples: Sequence[Sight]) -> int | None:
    """How many starts came before the first event, by the latest start that the metric counts at its next scrape."""
    for facts in reversed(ordered):
        last_ns = max(at for f in facts for at in instants(f))
        numbers = [s.number for s in samples if s.at_ns - s.before_ns - SLACK_NS <= last_ns <= s.at_ns + SECOND_NS]
        if numbers and max(numbers) + 1 >= total:
            return max(numbers) + 1 - total
        total -= max(f.count or 1 for f in facts)
    return None


def _counted(facts: Sequence[Fact], key: tuple[str, str], base: int) -> Iterator[Sight]:
    """Sights of one Event object, seen with one count or, in several answers, with growing ones. `base`: starts before it."""
    known: dict[int, tuple[int, Fact]] = {}
    for fact in sorted(facts, key=lambda f: (f.count or 1, f.ref)):
        times = instants(fact)
        known.setdefault(base, (times[0], fact))
        known[base + (fact.count or 1) - 1] = (times[-1], fact)
    last_ns = known[base][0]
    numbers = sorted(known)
    for low, high in pairwise(numbers):
        at_ns, fact = known[high]
        for number in range(low + 1, high):
            yield _event(fact, key, number, at_ns, rank=IMPLIED, before_ns=at_ns - last_ns)
        last_ns = at_ns
    for number, (at_ns, fact) in known.items():
        if number > 0:
            yield _event(fact, key, number, at_ns, rank=EVENT)


def _event(fact: Fact, key: tuple[str, str], number: int, at_ns: int, *, rank: int, before_ns: int = 0) -> Sight:
    namespace, pod, uid = event_pod(fact)
    stamp = fact.until_stamp if at_ns == fact.until_ns else fact.stamp
    said = replace(witness(fact), at_ns=at_ns, at_source=stamp)
    return Sight((uid or key[0], key[1], number), at_ns, rank, namespace, pod, said, before_ns)


def _restart_counts(given: Given) -> dict[tuple[str, str], int]:
    """(pod uid, container) → the highest restart count that a status shows."""
    found: dict[tuple[str, str], int] = {}
    for fact in given.of("state.container_start", "state.container_end", "state.container_waiting"):
        key = (fact.attributes["pod_uid"], fact.attributes["container"])
        found[key] = max(found.get(key, 0), fact.attributes["restartCount"])
    return found


def _troubled(given: Given) -> dict[tuple[str, str], int]:
    """(pod uid, container) → when an event first tells of it running: a start after that is no first start."""
    found: dict[tuple[str, str], int] = {}
    for fact in given.of("k8s.event"):
        if fact.attributes.get("reason") in ("Killing", "Unhealthy", "BackOff") and container_of(fact) and fact.at_ns is not None:
            if "pulling image" in (fact.attributes.get("message") or ""):
                continue
            key = (event_pod(fact)[2], container_of(fact))
            found[key] = min(found.get(key, fact.at_ns), fact.at_ns)
    return found


def _sample(one: Increment, pods: Pods) -> Sight:
    uid, likely = pods.uid(one.namespace, one.pod, one.at_ns, one.uid)
    return Sight((uid, one.container, one.number), one.at_ns, SAMPLE, one.namespace, one.pod, one.witness, one.before_ns, likely=likely)


def _sampled_ooms(given: Given, again: Sequence[Sight], known: set[tuple[str, str, int]]) -> Iterator[Sight]:
    """Kills no later than restarts at which the last termination's reason was OOMKilled; onsets of that reason without a known restart."""
    pods = Pods.of(given)
    ruled_out = {(f.attributes["pod_uid"], f.attributes["container"], f.attributes["restart"] + 1) for f in given.of("state.container_end")} - known
    best: dict[tuple[str, str, int], Sight] = {}
    for sight in sorted(again, key=lambda s: (s.rank, s.before_ns)):
        best.setdefault(sight.key, sight)
    told: set[tuple[str, str, int]] = set()
    for sight in best.values():
        reason = oom_reason_at(given.series, sight.namespace, sight.pod, sight.container, sight.at_ns)
        if reason and sight.key not in ruled_out:
            told.add(sight.key)
            before_ns = sight.before_ns + _back_off_ns(sight.number)
            yield replace(sight, rank=SAMPLE, before_ns=before_ns)
            yield replace(sight, at_ns=reason.at_ns, rank=SAMPLE, before_ns=before_ns + reason.at_ns - sight.at_ns, witness=reason.witness)
    for onset in oom_onsets(given.series):
        uid, likely = pods.uid(onset.namespace, onset.pod, onset.at_ns, onset.uid)
        if not _explained(onset, uid, {*told, *known, *ruled_out}, best.values()):
            yield Sight((uid, onset.container, onset.number), onset.at_ns, SAMPLE, onset.namespace, onset.pod, onset.witness, onset.before_ns, likely=likely)


def _back_off_ns(number: int) -> int:
    """How long before its restart a container may have ended: the kubelet waits 10 s at first, twice as long each time, 5 min at most."""
    return min(10 << min(number - 1, 10), 300) * SECOND_NS


def _explained(onset: Increment, uid: str, keys: set[tuple[str, str, int]], again: Iterable[Sight]) -> bool:
    """Whether a restart that is told of already lies before this onset, no further than the samples are apart."""
    near = [s for s in again if s.key in keys and s.key[:2] == (uid, onset.container)]
    return any(onset.at_ns - onset.before_ns - 60 * SECOND_NS <= s.at_ns <= onset.at_ns + 60 * SECOND_NS for s in near)
