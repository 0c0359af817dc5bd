"""Runs of samples beyond normal, with hold: the one rule by which a return counts.

A run begins at the first sample beyond and ends at the first sample that is back, if every sample from there on for the hold
(30 s or two steps, whichever is longer) is back too. Shorter returns are part of the run. A run whose return is not yet held when
the samples end is open.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

HOLD_S = 30.0
HOLD_STEPS = 2


def usual_step(at: Numbers) -> float:
    """The median distance of two samples in seconds, 0 for a single one. `at`: epoch seconds, rising."""
    return float(np.median(np.diff(at))) if len(at) > 1 else 0.0


def hold_of(at: Numbers) -> float:
    """How many seconds a return must last to count."""
    return max(HOLD_S, HOLD_STEPS * usual_step(at))


def runs(beyond: Mask, at: Numbers, hold_s: float) -> tuple[Indices, Indices]:
    """Begins and ends of all runs, as indices in order; an end is the first sample back, `len(at)` where the run is open."""
    hit = np.flatnonzero(beyond)
    if not len(hit):
        return hit, hit
    breaks = np.flatnonzero(np.diff(hit) > 1)
    held = breaks[at[hit[breaks + 1] - 1] - at[hit[breaks] + 1] >= hold_s]
    begins = hit[np.concatenate(([0], held + 1))]
    last = hit[np.concatenate((held, [len(hit) - 1]))]
    ends = last + 1
    if ends[-1] < len(at) and at[-1] - at[ends[-1]] < hold_s:
        ends[-1] = len(at)
    return begins, ends
