"""How much counters grew between two instants that are known only within bounds: resets handled, nothing extrapolated.

A counter that was read twice tells how much it grew in between, not when. What lies wholly between the two instants is certain, what
touches them is possible; the best estimate spreads a growth evenly over the time between its two readings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .rows import Series

Times = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Count:
    """An amount in [low, high]; None: not bounded on that side."""

    low: float | None
    best: float
    high: float | None

    def __add__(self, other: Count) -> Count:
        """Both together."""
        return Count(_sum(self.low, other.low), self.best + other.best, _sum(self.high, other.high))

    def __sub__(self, other: Count) -> Count:
        """What is left of it without the other, never below nothing."""
        low = None if self.low is None or other.high is None else max(0.0, self.low - other.high)
        high = None if self.high is None or other.low is None else max(0.0, self.high - other.low)
        return Count(low, max(0.0, self.best - other.best), high)


@dataclass(frozen=True)
class Stretch:
    """From a beginning to an end, each (earliest, best, latest) in nanoseconds; None: not bounded."""

    begin: tuple[int | None, int, int | None]
    end: tuple[int | None, int, int | None]


@dataclass(frozen=True)
class Growth:
    """Steps of one counter: it grew by `amount` in (`after`, `until`]. `sure`: it was read at both ends.

    `more` is what may have been lost besides: the growth that no reading saw before the counter began anew.
    """

    after: Times
    until: Times
    amount: Numbers
    sure: npt.NDArray[np.bool_]
    more: Numbers


def total(series: Sequence[Series], stretch: Stretch, known: Sequence[Series] = ()) -> Count:
    """The growth of all `series` together. `known`: all counters of the same answers, to tell when reading began and which targets were there."""
    seen = Seen([*series, *known])
    found = Count(0.0, 0.0, 0.0)
    for one in series:
        found += within(growth(one, seen), stretch)
    return found


class Seen:
    """When any counter was read first and last, how far apart readings are, and when each target was read."""

    def __init__(self, series: Iterable[Series]) -> None:
        read = [s for s in series if len(s.at_ns)]
        self.first_ns = min((int(s.at_ns[0]) for s in read), default=0)
        self.last_ns = max((int(s.at_ns[-1]) for s in read), default=0)
        gaps = np.concatenate([np.diff(s.at_ns) for s in read]) if read else np.zeros(0, np.int64)
        self.gap_ns = int(np.median(gaps)) if len(gaps) else 0
        self._targets: dict[tuple[str | None, ...], list[Times]] = {}
        for s in read:
            self._targets.setdefault(_target(s), []).append(s.at_ns)

    def before(self, series: Series, at_ns: int) -> int | None:
        """The last reading of the series' own target before `at_ns`, None where it was not read shortly before."""
        last = [int(at[i - 1]) for at in self._targets.get(_target(series), ()) if (i := int(np.searchsorted(at, at_ns)))]
        return max(last) if last and at_ns - max(last) <= 2.5 * self.gap_ns else None


def _target(series: Series) -> tuple[str | None, ...]:
    return tuple(series.labels.get(name) for name in ("job", "instance", "namespace", "pod"))


def growth(series: Series, seen: Seen) -> Growth:
    """Steps of `series`. One that appears when others were read already began at nothing, surely so only if its target was there before."""
    known = ~np.isnan(series.values)
    at, values = series.at_ns[known], series.values[known]
    if not len(at):
        none = np.zeros(0, np.int64)
        return Growth(none, none, np.zeros(0), np.zeros(0, np.bool_), np.zeros(0))
    # A point of a range query repeats the last reading before it.
    lag = series.step_ns or 0
    change = np.diff(values)
    anew = change < 0
    usual = float(change[~anew].max(initial=0.0))
    after, until = at[:-1] - lag, at[1:]
    amount, more = np.where(anew, values[1:], change), np.where(anew, usual, 0.0)
    sure = np.ones(len(amount), np.bool_)
    first, last = int(at[0]), int(at[-1])
    if first > seen.first_ns + 2 * seen.gap_ns:
        there = seen.before(series, first)
        after, until = np.append(after, there if there is not None else first - max(seen.gap_ns, 1)), np.append(until, first)
        amount, more, sure = np.append(amount, values[0]), np.append(more, 0.0), np.append(sure, there is not None)
    if last < seen.last_ns - 2 * seen.gap_ns:
        after, until = np.append(after, last), np.append(until, last + max(seen.gap_ns, 1))
        amount, more, sure = np.append(amount, 0.0), np.append(more, usual), np.append(sure, True)
    return Growth(after, until, amount, sure, more)


def within(grown: Growth, stretch: Stretch) -> Count:
    """How much of it lies in the stretch."""
    (begin_low, begin, begin_high), (end_low, end, end_high) = stretch.begin, stretch.end
    length = np.maximum(grown.until - grown.after, 1)
    share = np.clip(np.minimum(grown.until, end) - np.maximum(grown.after, begin), 0, length) / length
    best = float((grown.amount * share).sum())
    low = high = None
    if begin_high is not None and end_low is not None:
        low = float(grown.amount[(grown.after >= begin_high) & (grown.until <= end_low) & grown.sure].sum())
    if begin_low is not None and end_high is not None:
        high = float((grown.amount + grown.more)[(grown.until > begin_low) & (grown.after < end_high)].sum())
    return Count(None if low is None else min(low, best), best, None if high is None else max(high, best))


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
