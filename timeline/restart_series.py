"""What kube-state-metrics says of containers (its documentation, "Pod Metrics"): restart counts and the last termination's reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..collectors.window import rfc3339_short
from .managed import SECOND_NS
from .rows import Series, Witness

RESTARTS = "kube_pod_container_status_restarts_total"
REASON = "kube_pod_container_status_last_terminated_reason"
FIRST_GAP_NS = 60 * SECOND_NS
# No container restarts as often; a larger number is dirt.
MOST_RESTARTS = 1e9


@dataclass(frozen=True)
class Increment:
    """A count that a sample shows first: it came about in `(at_ns - before_ns, at_ns]`."""

    namespace: str
    pod: str
    container: str
    uid: str
    number: int
    at_ns: int
    before_ns: int
    witness: Witness


def increments(series: Sequence[Series]) -> Iterator[Increment]:
    """Every restart that a restart count shows between two of its samples."""
    for one in _chosen(series, RESTARTS):
        for i in np.flatnonzero(np.diff(np.where(np.abs(one.values) < MOST_RESTARTS, one.values, np.nan)) > 0).tolist():
            before, after = float(one.values[i]), float(one.values[i + 1])
            gap = int(one.at_ns[i + 1] - one.at_ns[i])
            for number in range(int(before) + 1, min(int(after), int(before) + 1000) + 1):
                yield _increment(one, i + 1, number, gap)


def oom_onsets(series: Sequence[Series]) -> Iterator[Increment]:
    """Samples that show the reason OOMKilled for the first time, where an earlier sample of that container did not."""
    for one in _ooms(series):
        counts = _count_of(series, one)
        high = np.flatnonzero(one.values > 0)
        for i in high.tolist():
            if i and one.values[i - 1] > 0:
                continue
            earlier = one.at_ns[i - 1] if i else _last_before(counts, int(one.at_ns[i]))
            if earlier is None:
                continue
            number = int(_value_at(counts, int(one.at_ns[i])) or 1)
            yield _increment(one, i, number, int(one.at_ns[i] - earlier))


def oom_reason_at(series: Sequence[Series], namespace: str, pod: str, container: str, at_ns: int) -> Increment | None:
    """The first sample at or after `at_ns`, within a minute, if it says OOMKilled."""
    for one in _ooms(series):
        if (one.labels.get("namespace", ""), one.labels.get("pod"), one.labels.get("container")) != (namespace, pod, container):
            continue
        i = int(np.searchsorted(one.at_ns, at_ns))
        if i < len(one.at_ns) and one.at_ns[i] - at_ns <= FIRST_GAP_NS and one.values[i] > 0:
            return _increment(one, i, 0, 0)
    return None


def _chosen(series: Sequence[Series], metric: str) -> list[Series]:
    """The series of a metric, each once: raw samples before those of a range query.

    Saved files do not say which they are; a range query carries samples forward to the even seconds of its own grid.
    """
    found: dict[tuple[tuple[str, str], ...], Series] = {}
    for one in sorted(series, key=lambda s: (s.step_ns is not None, s.step_ns or 0, not (s.at_ns % SECOND_NS).any(), s.ref)):
        if metric in (one.name, one.labels.get("__name__")) or one.query.startswith((f"{metric}{{", f"{metric}[")) or one.query == metric:
            key = tuple(sorted((k, v) for k, v in one.labels.items() if k != "__name__"))
            if one.labels.get("pod") and one.labels.get("container") and len(one.at_ns):
                found.setdefault(key, one)
    return list(found.values())


def _ooms(series: Sequence[Series]) -> list[Series]:
    return [one for one in _chosen(series, REASON) if one.labels.get("reason") == "OOMKilled"]


def _count_of(series: Sequence[Series], reason: Series) -> Series | None:
    names = ("namespace", "pod", "container", "uid")
    same = (s for s in _chosen(series, RESTARTS) if all(s.labels.get(n) == reason.labels.get(n) for n in names))
    return next(same, None)


def _last_before(counts: Series | None, at_ns: int) -> int | None:
    """The last sample of the restart count before `at_ns`: the metric was scraped then, without this reason."""
    if counts is None:
        return None
    i = int(np.searchsorted(counts.at_ns, at_ns)) - 1
    return int(counts.at_ns[i]) if i >= 0 else None


def _value_at(counts: Series | None, at_ns: int) -> float | None:
    if counts is None:
        return None
    i = int(np.searchsorted(counts.at_ns, at_ns, side="right")) - 1
    return float(counts.values[i]) if i >= 0 and abs(counts.values[i]) < MOST_RESTARTS else None


def _increment(one: Series, i: int, number: int, gap_ns: int) -> Increment:
    at_ns = int(one.at_ns[i])
    label = one.labels.get
    said = Witness(one.source, one.clock, at_ns, rfc3339_short(at_ns), None, one.ref)
    return Increment(label("namespace", ""), label("pod", ""), label("container", ""), label("uid", ""), number, at_ns, gap_ns, said)
