"""Stretches without samples in the middle of the window: a restarted Prometheus is told of, a target that was down is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.window import Window
from retroline.timeline.rows import Series
from retroline.timeline.sample_holes import sample_holes

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 1800 * SECOND)


def series(name: str, *stretches: tuple[float, float], step: float = 15, offset: float = 0) -> Series:
    """A raw series with samples every `step` seconds in these stretches."""
    at = np.concatenate([np.arange(a + offset, b, step) for a, b in stretches])
    return Series(name, "", {"__name__": name}, T0 + (at * SECOND).astype(np.int64), np.ones(len(at)), None, name)


BROKEN = ((0, 600), (780, 1800))


@pytest.mark.parametrize(
    ("given_series", "found"),
    [
        ([series("a", *BROKEN), series("b", *BROKEN, offset=7)], [(592, 780)]),
        ([series("a", *BROKEN), series("b", (0, 600)), series("ALERTS", (900, 1000))], [(585, 780)]),
        ([series("a", *BROKEN), series("b", (0, 1800))], []),
        ([series("a", *BROKEN), series("ALERTS", (0, 1800))], []),
        ([series("ALERTS", *BROKEN), series("ALERTS_FOR_STATE", *BROKEN)], []),
        ([series("a", (0, 600)), series("b", (780, 1800))], []),
        ([series("a", (0, 1800), step=60), series("b", (0, 1800), step=60, offset=0.002)], []),
        ([series("a", (0, 600), (640, 1800))], []),
        ([series("a", (-900, -600), (-300, 1800))], []),
        ([], []),
    ],
    ids=["all pause", "some end", "a target was down", "rules went on", "alerts only", "one ends, one begins", "slow", "short", "before the window", "none"],
)
def test_a_stretch_without_samples(given_series: list[Series], found: list[tuple[int, int]]) -> None:
    """Nothing of all that was collected, alerts included, has a sample there, and a scraped series goes on after it."""
    assert [((a - T0) // SECOND, (b - T0) // SECOND) for a, b in sample_holes(given_series, WINDOW)] == found


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 59)), min_size=1, max_size=5))
def test_what_is_scraped_evenly_has_no_hole(steps: list[tuple[int, int]]) -> None:
    """Whatever the scrape intervals are."""
    assert sample_holes([series(str(i), (0, 1800), step=step, offset=offset) for i, (step, offset) in enumerate(steps)], WINDOW) == []
