"""New versions that a service's own metric shows: `build_info` and its like, whose labels name what runs (Prometheus, "build_info" convention).

The value is always 1; a version is new where it appears after samples of other versions of the same service, and none of its own for
a while: an instance that fails a scrape is no release. The act was before it by what a pod needs to start, which the row's bounds hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..collectors.window import SECOND_NS, rfc3339_short
from .alerts import service_of
from .rows import Given, Row, Series, Witness

AWAY_NS = 60 * SECOND_NS
STEPS = 3
STARTS_NS = 300 * SECOND_NS
NAMES = ("version", "revision", "commit", "tag")


def rows(given: Given) -> list[Row]:
    """`change.reported`, one row per new version of each service."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for one in given.series:
        metric = one.labels.get("__name__") or one.name
        if not metric.endswith("build_info") or not one.labels.get("version") or not len(one.at_ns):
            continue
        service = service_of(dict(one.labels)) or one.labels.get("job")
        if service:
            groups.setdefault((metric, service), []).append(one)
    return [row for (metric, service), series in sorted(groups.items()) for row in _new(metric, service, series)]


def _new(metric: str, service: str, series: Sequence[Series]) -> Iterator[Row]:
    by_version: dict[str, list[Series]] = {}
    for one in series:
        by_version.setdefault(one.labels["version"], []).append(one)
    shown = {version: _instants(mine) for version, mine in by_version.items()}
    for version, at in shown.items():
        others = _sorted([shown[v] for v in shown if v != version])
        for i in _appearances(at, max((one.step_ns or 0 for one in series), default=0)):
            before = others[others < at[i]]
            if len(before) and (i == 0 or before[-1] > at[i - 1]):
                yield _row(metric, service, by_version[version], int(at[i]), int(at[i] - before[-1]))


def _instants(series: Sequence[Series]) -> npt.NDArray[np.int64]:
    return _sorted([one.at_ns[one.values > 0] for one in series])


def _sorted(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.unique(np.concatenate(parts)) if parts else np.array([], np.int64)


def _appearances(at: npt.NDArray[np.int64], step_ns: int) -> list[int]:
    """Where a version is seen first, or again after it was away."""
    return [0, *(np.flatnonzero(np.diff(at) > max(AWAY_NS, STEPS * step_ns)) + 1).tolist()] if len(at) else []


def _row(metric: str, service: str, series: Sequence[Series], at_ns: int, before_ns: int) -> Row:
    first = next(one for one in series if at_ns in one.at_ns)
    version = first.labels["version"]
    return Row(
        kind="change.reported",
        at_ns=at_ns,
        before_ns=before_ns + STARTS_NS,
        title=f"{service} runs {version} ({metric})",
        source=first.source,
        clock=first.clock,
        thread=f"build:{metric}:{service}:{version}",
        edge=rfc3339_short(at_ns),
        at_source=rfc3339_short(at_ns),
        severity="info",
        service=service,
        subject=service,
        labels={k: first.labels[k] for k in (*NAMES, "namespace") if first.labels.get(k)} | {"metric": metric},
        ref=first.ref,
        witnesses=(Witness(first.source, first.clock, at_ns, rfc3339_short(at_ns), None, first.ref),),
    )
