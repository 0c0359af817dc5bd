"""Series that leave their limit and come back: `metric.onset` and `metric.recovery`.

A limit is a comparison with a constant: one side of an alerting rule's expression, or a configured threshold. The condition is
true or false per sample; a sample that is NaN or absent is unknown and changes nothing. An excursion begins at the first true
sample after a false one and ends at the first false sample from which on every sample is false for 30 s or two steps, whichever is
longer. Excursions of one series are its edges 0, 1, 2, …

A rate looks back over a window, so it crosses later than what it measures. Of a level that jumps from `base` to `top` at once it
has shown the share `(limit - base) / (top - base)` when it crosses, and as much is left of it when it returns. A row's labels
`true_earliest_ns`, `true_best_ns`, `true_latest_ns` say when the thing measured can have begun or ended.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..collectors.window import rfc3339_short
from .limits import Limit, Limits, shown_number
from .rows import Given, Row, Series, Witness

HELD_NS = 30_000_000_000
COMPARE: dict[str, Callable[[Any, float], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
Numbers = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Excursion:
    """Indices into the known samples of a series: `first` true, `back` the first false that holds, None while it lasts.

    `seen` is whether its beginning was seen: a false sample before it, or a series that did not exist before.
    """

    first: int
    back: int | None
    seen: bool


@dataclass(frozen=True)
class Curve:
    """The known samples of a series under one limit, and the usual distance between two of them."""

    series: Series
    limit: Limit
    at_ns: Times
    values: Numbers
    beyond: npt.NDArray[np.bool_]
    gap_ns: int

    @property
    def held_ns(self) -> int:
        """How long a return must last to count."""
        return max(HELD_NS, 2 * self.gap_ns)


def rows(given: Given) -> list[Row]:
    """Rows of all series that have a limit, inside the window; one already beyond it when the window opens is one row at its start."""
    limits = Limits(given)
    begins_ns = min((int(s.at_ns[0]) for s in given.series if len(s.at_ns)), default=0)
    best: dict[str, Curve] = {}
    for series in given.series:
        for limit in limits.of(series):
            curve = _curve(series, limit)
            known = best.get(limit.thread(series))
            if curve and (known is None or (curve.gap_ns, -len(curve.at_ns)) < (known.gap_ns, -len(known.at_ns))):
                best[limit.thread(series)] = curve
    return [row for thread in sorted(best) for row in _rows(best[thread], thread, given, begins_ns)]


def _curve(series: Series, limit: Limit) -> Curve | None:
    """None where nothing is known of the series."""
    known = ~np.isnan(series.values)
    at_ns, values = series.at_ns[known], series.values[known]
    if not len(at_ns) or limit.op not in COMPARE:
        return None
    gap_ns = series.step_ns or (int(np.median(np.diff(at_ns))) if len(at_ns) > 1 else 0)
    return Curve(series, limit, at_ns, values, COMPARE[limit.op](values, limit.threshold), gap_ns)


def excursions(curve: Curve, begins_ns: int) -> Iterator[Excursion]:
    """All excursions of the curve in order. `begins_ns`: before it nothing is known of any series."""
    n, i = len(curve.beyond), 0
    seen = not curve.beyond[0] or int(curve.at_ns[0]) > begins_ns + 2 * curve.gap_ns
    while True:
        ahead = np.flatnonzero(curve.beyond[i:])
        if not len(ahead):
            return
        first = i + int(ahead[0])
        back = _return(curve, first)
        yield Excursion(first, back, seen or first > 0)
        if back is None:
            return
        i = min(back + 1, n)


def _return(curve: Curve, first: int) -> int | None:
    """Index of the first false sample after `first` whose run of false samples lasts long enough."""
    i = first
    while True:
        falls = np.flatnonzero(~curve.beyond[i:])
        if not len(falls):
            return None
        back = i + int(falls[0])
        again = np.flatnonzero(curve.beyond[back:])
        last = back + int(again[0]) - 1 if len(again) else len(curve.beyond) - 1
        if curve.at_ns[last] - curve.at_ns[back] >= curve.held_ns:
            return back
        if not len(again):
            return None
        i = last + 1


def _rows(curve: Curve, thread: str, given: Given, begins_ns: int) -> Iterator[Row]:
    window, number, before = given.window, 0, 0
    for one in excursions(curve, begins_ns):
        begun_ns = int(curve.at_ns[one.first])
        ended_ns = int(curve.at_ns[one.back]) if one.back is not None else None
        if begun_ns < window.until_ns and (ended_ns is None or ended_ns >= window.since_ns):
            key = thread, str(number)
            already = not one.seen or begun_ns < window.since_ns
            yield _already(curve, one, key, window.since_ns) if already else _onset(curve, one, key, before)
            if ended_ns is not None and ended_ns < window.until_ns:
                yield _recovery(curve, one, key)
            number += 1
        before = one.back or before


def _already(curve: Curve, one: Excursion, key: tuple[str, str], since_ns: int) -> Row:
    at_ns = max(since_ns, int(curve.at_ns[one.first]))
    index = int(np.searchsorted(curve.at_ns, at_ns, side="right")) - 1
    value = float(curve.values[index])
    limit = curve.limit
    title = f"already beyond: {limit.shown(curve.series)} {shown_number(value)} {limit.op} {shown_number(limit.threshold)}"
    began = rfc3339_short(int(curve.at_ns[one.first])) if one.seen else None
    return _row(curve, "metric.onset", at_ns, key, title=title, value=value, at_source=began, milestone_ok=False)


def _onset(curve: Curve, one: Excursion, key: tuple[str, str], before: int) -> Row:
    at_ns, value, limit = int(curve.at_ns[one.first]), float(curve.values[one.first]), curve.limit
    gap_ns = at_ns - int(curve.at_ns[one.first - 1]) if one.first else curve.gap_ns
    share = _share(curve, one, curve.values[before : one.first])
    title = f"{limit.shown(curve.series)} {shown_number(value)} {limit.op} {shown_number(limit.threshold)} ({limit.crossed})"
    true = _true(at_ns, gap_ns, limit.rate_window_s, share)
    return _row(curve, "metric.onset", at_ns, key, title=title, value=value, true=true, before_ns=gap_ns, milestone_ok=not limit.guard)


def _recovery(curve: Curve, one: Excursion, key: tuple[str, str]) -> Row:
    back = one.back or 0
    at_ns, value, limit = int(curve.at_ns[back]), float(curve.values[back]), curve.limit
    gap_ns = at_ns - int(curve.at_ns[back - 1])
    share = 1.0 - _share(curve, one, curve.values[back:][~curve.beyond[back:]])
    title = f"{limit.shown(curve.series)} {shown_number(value)} ({limit.returned})"
    true = _true(at_ns, gap_ns, limit.rate_window_s, share)
    ok = one.seen and not limit.guard
    return _row(curve, "metric.recovery", at_ns, key, title=title, value=value, true=true, before_ns=gap_ns, milestone_ok=ok)


def _share(curve: Curve, one: Excursion, normal: Numbers) -> float:
    """How much of the way from its base to its top the series has gone when it meets the limit, 0 to 1."""
    stretch = slice(one.first, one.back)
    top = float(np.median(curve.values[stretch][curve.beyond[stretch]]))
    base = float(np.median(normal)) if len(normal) else 0.0
    limit = curve.limit
    if limit.op not in (">", ">=", "<", "<=") or not np.isfinite([base, limit.threshold]).all() or top == base:
        return 0.0
    return min(1.0, max(0.0, (limit.threshold - base) / (top - base)))


def _true(at_ns: int, gap_ns: int, window_s: float, share: float) -> Sequence[int]:
    """Earliest, best and latest instant of what is measured, given the share of the rate window that it took to show.

    Each sampling adds half a gap on average: a gauge is sampled once, a rate is made of samples and then sampled.
    """
    window_ns = round(window_s * 1e9)
    late_ns = gap_ns if window_ns else gap_ns // 2
    return at_ns - window_ns - gap_ns, max(at_ns - round(window_ns * share) - late_ns, at_ns - window_ns - gap_ns), at_ns


def _row(curve: Curve, kind: str, at_ns: int, key: tuple[str, str], *, title: str, value: float, true: Sequence[int] = (), **more: Any) -> Row:
    series, limit = curve.series, curve.limit
    labels = {**series.labels, **limit.as_labels(series)}
    labels |= dict(zip(("true_earliest_ns", "true_best_ns", "true_latest_ns"), map(str, true), strict=False))
    stamp = more.pop("at_source", None) if "at_source" in more else _stamp(at_ns)
    return Row(
        kind=kind,
        at_ns=at_ns,
        title=title,
        source=series.source,
        clock=series.clock,
        thread=key[0],
        edge=key[1],
        at_source=stamp,
        severity=limit.severity,
        service=limit.service(series),
        value=value,
        labels=labels,
        ref=series.ref,
        witnesses=(Witness(series.source, series.clock, at_ns, stamp, None, series.ref),),
        **more,
    )


def _stamp(at_ns: int) -> str:
    """The sample's time as the API writes it: epoch seconds, with three decimals unless they are zero."""
    seconds, rest = divmod(at_ns // 1_000_000, 1000)
    return f"{seconds}.{rest:03d}" if rest else str(seconds)
