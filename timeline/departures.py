"""Departures of a series from its own baseline, where no objective says what is bad.

1. Residual against the baseline, and the noise of the residual without its gravest run, so that an incident does not widen the
   measure that it is held against.
2. A run of samples beyond two sigma is a candidate; so is a run of the mean over 25 samples, which shows a lasting shift too small
   to see in one sample. Candidates that touch are one.
3. Severity is the run's highest point in sigma over `sqrt(2 ln n)`, which is what the highest of n normal samples reaches. A
   candidate is reported from 1.25 on, and only if it is at least 0.7 times as severe as the gravest: what recurs in a window at
   lesser height is how this series is. So is what recurs at like height more than 5 times over more than half of the window.
4. The onset is the run's first sample, leaving out a lower forerun that came back to normal. Where the baseline follows the level,
   the samples just before decide what is still normal, for a trend through a step bends before the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .baseline import BEYOND, RESOLUTION, baseline, noise
from .runs import Numbers, hold_of, runs

LEAST_SAMPLES = 8
FLOOR = 1.25
SHARE = 0.7
RECURRENT = 5
MOST = 20
LASTING = 25
BEFORE = 12


@dataclass(frozen=True)
class Departure:
    """Samples `[first, back)`; `back` is the number of samples where the series had not returned. `severity`: see the module."""

    severity: float
    first: int
    back: int

    def touches(self, other: Departure) -> bool:
        """Whether the two share or adjoin samples."""
        return self.first <= other.back and other.first <= self.back


def departures(at: Numbers, values: Numbers, *, floor: float = FLOOR, share: float = SHARE) -> list[Departure]:
    """All departures in order of time. `at`: epoch seconds, rising; `values`: finite. Below 8 samples nothing is normal yet."""
    if len(at) < LEAST_SAMPLES or np.min(values) == np.max(values):
        return []
    values = np.ldexp(values, -int(np.frexp(np.max(np.abs(values)))[1]))
    usual = baseline(at, values)
    residual = values - usual.values
    least = float(np.ptp(values)) * RESOLUTION
    sigma = noise(residual - usual.step, at, least)
    found = [*_candidates(residual, at, sigma), *_lasting(residual, at, max(least, sigma / LASTING**0.5))]
    found.sort(key=lambda one: (-one.severity, one.first))
    kept: list[Departure] = []
    for one in found:
        if one.severity >= max(floor, share * found[0].severity) and not any(one.touches(other) for other in kept):
            kept.append(one)
    if _recurs(kept, len(at)):
        return []
    if usual.drifts:
        kept = [_sharpened(one, residual, values, at, sigma) for one in kept]
    kept = [_trimmed(one, residual, sigma) for one in kept]
    return sorted(kept, key=lambda one: one.first)


def _recurs(kept: list[Departure], samples: int) -> bool:
    """Whether the departures are a habit of the series; those that crowd together are relapses of one incident."""
    places = [one.first for one in kept]
    return len(kept) > RECURRENT and max(places) - min(places) > samples / 2


def _candidates(residual: Numbers, at: Numbers, sigma: float) -> Iterator[Departure]:
    """The highest runs beyond two sigma, with severity."""
    height = np.abs(residual)
    begins, ends = runs(height > BEYOND * sigma, at, hold_of(at))
    if len(begins):
        tops = np.maximum.reduceat(height, begins) / (sigma * _expected_extreme(len(at)))
        for i in np.argsort(-tops, kind="stable")[:MOST]:
            yield Departure(float(tops[i]), int(begins[i]), int(ends[i]))


def _lasting(residual: Numbers, at: Numbers, least: float) -> Iterator[Departure]:
    """Runs of the mean over 25 samples, as the stretches whose own mean departs most."""
    n = len(residual)
    if n < 8 * LASTING:
        return
    sums = np.concatenate(([0.0], np.cumsum(residual)))
    means = (sums[LASTING:] - sums[:-LASTING]) / LASTING
    starts = at[: len(means)]
    fewer = _expected_extreme(len(means)) / _expected_extreme(n / LASTING)
    for one in _candidates(means, starts, noise(means, starts, least)):
        top = one.first + int(np.argmax(np.abs(means[one.first : one.back])))
        first, back = _stretch(sums, top, top + LASTING, (one.first, min(one.back + LASTING, n)))
        yield Departure(one.severity * fewer, first, back if back < n - 1 else n)


def _stretch(sums: Numbers, first: int, back: int, bounds: tuple[int, int]) -> tuple[int, int]:
    """The stretch near `[first, back)` with the greatest sum over the root of its length: a level's likeliest begin and end."""
    for _ in range(4):
        begins = np.arange(bounds[0], back)
        first = int(begins[np.argmax(np.abs(sums[back] - sums[begins]) / np.sqrt(back - begins))])
        ends = np.arange(first + 1, bounds[1] + 1)
        back = int(ends[np.argmax(np.abs(sums[ends] - sums[first]) / np.sqrt(ends - first))])
    return first, back


def _expected_extreme(n: float) -> float:
    """About the highest of `n` independent normal samples, in standard deviations."""
    return float(np.sqrt(2 * np.log(n)))


def _sharpened(one: Departure, residual: Numbers, values: Numbers, at: Numbers, sigma: float) -> Departure:
    """The same departure with its first sample beyond what stood just before it."""
    if one.first < LEAST_SAMPLES:
        return one
    before = np.median(values[max(0, one.first - 1 - BEFORE) : one.first - 1])
    top = one.first + int(np.argmax(np.abs(residual[one.first : one.back])))
    begins, _ = runs(np.abs(values[: top + 1] - before) > BEYOND * sigma, at[: top + 1], hold_of(at))
    first = int(begins[-1]) if len(begins) and begins[-1] <= top else one.first
    return Departure(one.severity, max(one.first, first), one.back)


def _trimmed(one: Departure, residual: Numbers, sigma: float) -> Departure:
    """The same departure without what precedes it: samples beyond, lower than half its top, with normal ones after them."""
    height = np.abs(residual[one.first : one.back])
    top = int(np.argmax(height))
    counts = np.flatnonzero(height[: top + 1] >= height[top] / 2)[0]
    normal = np.flatnonzero(height[:counts] <= BEYOND * sigma)
    return Departure(one.severity, one.first + (int(normal[-1]) + 1 if len(normal) else 0), one.back)
