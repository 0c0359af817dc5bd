"""What a series is when nothing is wrong: its level, its slow trend, its hour and its day.

Several baselines are fitted by medians, which a disturbed third of the window does not move, and the simplest that explains the
series about as well as the best is taken: a baseline with more freedom must leave clearly less noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .runs import Numbers, hold_of, runs, usual_step

PERIODS_S = (86_400.0, 3_600.0)
LEAST_PERIODS = 2.5
LEAST_PHASES = 6
FEW_PERIODS = 8
STEP_CUT = 0.02, 0.98
BLOCKS = 40
TREND_BLOCKS = 13
STEP = 1.1
STRAIGHT = 1.07
FREEDOM = 1.15
TAIL = 0.9, 1.6449
BODY = 0.75, 1.1503
MAD_SIGMA = 1.4826
BEYOND = 2.0
LEAST_REST = 0.5
RESOLUTION = 1e-3


@dataclass(frozen=True)
class Baseline:
    """`values`: the normal value at each sample. `drifts`: whether it follows the level, so that it blurs a lasting step.

    `step`: what is added from a sample on that the series has not come back from, as far as it goes; 0 before.
    """

    values: Numbers
    drifts: bool
    step: Numbers | float = 0.0


def spread(residual: Numbers, quantile: float = TAIL[0], sigma: float = TAIL[1]) -> float:
    """Noise as a standard deviation: from the median and from a higher quantile of the absolute residual, the greater.

    The first is blind to a heavy tail and is 0 for counts that are mostly 0; the second sees both. `sigma`: where `quantile` lies
    in a normal distribution. TAIL is for residuals without an incident in them, BODY bears one in a quarter of the samples.
    """
    middle, far = np.quantile(np.abs(residual), (0.5, quantile))
    return float(max(MAD_SIGMA * middle, far / sigma))


def noise(residual: Numbers, at: Numbers, least: float) -> float:
    """Standard deviation of a residual outside its gravest run beyond two sigma, never below `least`.

    So an incident does not widen the measure that it is held against. A run of more than half the samples is no incident.
    """
    sigma = max(spread(residual, *BODY), least)
    height = np.abs(residual)
    for _ in range(2):
        begins, ends = runs(height > BEYOND * sigma, at, hold_of(at))
        if not len(begins):
            break
        gravest = int(np.argmax(np.maximum.reduceat(height, begins)))
        rest = np.delete(residual, np.s_[begins[gravest] : ends[gravest]])
        if len(rest) < LEAST_REST * len(residual):
            break
        sigma = max(spread(rest), least)
    return sigma


def baseline(at: Numbers, values: Numbers) -> Baseline:
    """The baseline of a series. `at`: epoch seconds, rising; `values`: finite."""
    grid = _grid(at)
    even = np.interp(grid, at, values)
    least = float(np.ptp(values)) * RESOLUTION
    fits = [(noise(even - one.values - one.step, grid, least) * cost, i, one) for i, (cost, one) in enumerate(_candidates(even, usual_step(at)))]
    best = min(fits, key=lambda fit: fit[:2])[2]
    return Baseline(np.interp(at, grid, best.values), best.drifts, np.interp(at, grid, best.step + np.zeros(len(grid))))


def _grid(at: Numbers) -> Numbers:
    """The same stretch in even steps, so that a phase is a column; the samples' own times where the steps are all but even."""
    step = usual_step(at)
    count = round((at[-1] - at[0]) / step) + 1 if step > 0 else 0
    return at[0] + step * np.arange(count) if len(at) <= 2 * count <= 8 * len(at) else at


def _candidates(even: Numbers, step: float) -> Iterator[tuple[float, Baseline]]:
    """Baselines with the cost of their freedom, the simplest first."""
    yield 1.0, Baseline(np.full(len(even), np.median(even)), drifts=False)
    yield STEP, _before_step(even)
    yield STRAIGHT, Baseline(_straight(even), drifts=False)
    yield FREEDOM, Baseline(_trend(even), drifts=True)
    for period in PERIODS_S:
        phases = round(period / step) if step > 0 else 0
        if phases >= LEAST_PHASES and len(even) >= LEAST_PERIODS * phases:
            usual = _profile(even, phases)
            yield FREEDOM, Baseline(usual, drifts=False)
            yield FREEDOM, Baseline(usual + _trend(even - usual), drifts=True)


def _trend(even: Numbers) -> Numbers:
    """Medians of 40 blocks, smoothed by a running median over 13 of them, joined by straight lines; at both ends a robust line."""
    blocks, centres = _blocks(even)
    half = min(TREND_BLOCKS // 2, (len(blocks) - 1) // 2)
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(blocks, 2 * half + 1), axis=1)
    head, tail = _line(blocks[: 2 * half + 1])[:half], _line(blocks[-2 * half - 1 :])[half + 1 :]
    return np.interp(np.arange(len(even)), centres, np.concatenate((head, smooth, tail)))


def _before_step(even: Numbers) -> Baseline:
    """The level before the one step that divides the series best (the CUSUM's turning point, outliers cut)."""
    n = len(even)
    cut = np.clip(even, *np.quantile(even, STEP_CUT))
    edge = max(1, n // 8)
    places = np.arange(edge, n - edge)
    sums = np.cumsum(cut - np.mean(cut))[places - 1]
    place = int(places[np.argmax(np.abs(sums) / np.sqrt(places * (n - places)))])
    before, after = np.median(even[:place]), np.median(even[place:])
    return Baseline(np.full(n, before), drifts=False, step=np.where(np.arange(n) < place, 0.0, after - before))


def _straight(even: Numbers) -> Numbers:
    """One robust line through the block medians."""
    blocks, centres = _blocks(even)
    return np.interp(np.arange(len(even)), centres, _line(blocks))


def _blocks(even: Numbers) -> tuple[Numbers, Numbers]:
    """Medians of at most 40 equal blocks and the places of their middles; a rest at the end belongs to no block."""
    size = -(-len(even) // BLOCKS)
    count = len(even) // size
    medians = np.asarray(np.median(even[: count * size].reshape(count, size), axis=1), np.float64)
    return medians, np.arange(count, dtype=np.float64) * size + (size - 1) / 2


def _line(blocks: Numbers) -> Numbers:
    """The line of the median slope between any two blocks (Theil and Sen), at the blocks."""
    i, j = np.triu_indices(len(blocks), 1)
    line = np.median((blocks[j] - blocks[i]) / (j - i)) * np.arange(len(blocks))
    return np.asarray(line + np.median(blocks - line), np.float64)


def _profile(even: Numbers, phases: int) -> Numbers:
    """The median of the same phase in the other periods, in all periods where there are many; smoothed over the phases beside it."""
    n = len(even)
    rows = -(-n // phases)
    lacking = rows * phases - n
    table = np.concatenate((even, even[n - phases : n - phases + lacking])).reshape(rows, phases)
    if rows > FEW_PERIODS:
        return np.tile(_phase_medians(table), rows)[:n]
    return np.concatenate([_phase_medians(np.delete(table, row, axis=0)) for row in range(rows)])[:n]


def _phase_medians(table: Numbers) -> Numbers:
    own = np.median(table, axis=0)
    return np.asarray((np.roll(own, 1) + 2 * own + np.roll(own, -1)) / 4, np.float64)
