"""Excursions of any series, for notebooks too: when it left normal and when it came back to stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .departures import departures
from .excursions import COMPARE
from .runs import Numbers, hold_of, runs

OBJECTIVE = re.compile(r"\s*(?P<op>>=|<=|==|!=|>|<)\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<percent>%?)\s*")

Objective = str | float | tuple[str, float]
Excursions = list[tuple[float, float | None]]


def excursions(times: Sequence[float] | Any, values: Sequence[float | None] | Any, *, objective: Objective | None = None) -> Excursions:
    """When a series left normal, and when it came back: `(onset_s, recovery_s or None)` in order of time.

    Args:
        times: epoch seconds, in any order; an array, a pandas Series or a list.
        values: as many samples; None and NaN are unknown and change nothing.
        objective: the comparison that is true while it hurts, `("<", 0.99)` or `"> 5%"`. A bare number is a limit whose good side is
            the one where most of the samples lie. Without one, the series is held against its own baseline (see `departures`),
            upwards and downwards.

    Returns:
        `onset_s` is the time of the first sample beyond, `recovery_s` that of the first sample back, None while it has not been
        back for the hold: 30 s or two steps, whichever is longer. An excursion that begins with the first sample may have begun
        earlier.

    Raises:
        ValueError: as many times as values are needed, and an objective that is a comparison with a number.
    """
    at, known = _samples(times, values, infinite=objective is not None)
    if objective is None:
        found = [(one.first, one.back) for one in departures(at, known)] if len(at) else []
    else:
        op, threshold = _comparison(objective, known)
        found = [(int(a), int(b)) for a, b in zip(*runs(COMPARE[op](known, threshold), at, hold_of(at)), strict=True)] if len(at) else []
    return [(float(at[first]), float(at[back]) if back < len(at) else None) for first, back in found]


def _samples(times: Any, values: Any, *, infinite: bool) -> tuple[Numbers, Numbers]:
    """Known samples in order of time, of two at one time the last. `infinite`: whether an infinite value is known."""
    at, known = np.asarray(times, np.float64).ravel(), np.asarray(values, np.float64).ravel()
    if len(at) != len(known):
        raise ValueError(f"{len(at)} times for {len(known)} values")
    good = np.isfinite(at) & (~np.isnan(known) if infinite else np.isfinite(known))
    order = np.argsort(at[good], kind="stable")
    at, known = at[good][order], known[good][order]
    last = np.diff(at, append=np.inf) > 0
    return at[last], known[last]


def _comparison(objective: Objective, known: Numbers) -> tuple[str, float]:
    """The operator and the number of an objective."""
    if isinstance(objective, (int, float)):
        objective = (">" if np.sum(known > objective) <= len(known) / 2 else "<", objective)
    if isinstance(objective, str):
        match = OBJECTIVE.fullmatch(objective)
        if match is None:
            raise ValueError(f"objective {objective!r}: a comparison such as '> 0.05' is needed")
        return match["op"], float(match["number"]) / (100 if match["percent"] else 1)
    op, threshold = objective
    if op not in COMPARE or not np.isfinite(float(threshold)):
        raise ValueError(f"objective {objective!r}: one of {' '.join(COMPARE)} and a number are needed")
    return op, float(threshold)
