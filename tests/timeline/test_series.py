"""Excursions of any series: against an objective, and against its own baseline."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
import retroline
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.timeline.runs import runs
from retroline.timeline.series import excursions

START = 1_700_000_000.0


def every(seconds: float, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Times at even steps, and the values."""
    known = np.asarray(values, float)
    return START + seconds * np.arange(len(known)), known


def noise(samples: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=samples)


def test_an_objective_is_crossed_and_held() -> None:
    """An excursion runs from the first sample beyond to the first one back that holds for two steps; a short return is part of it."""
    at, values = every(60, [0.01, 0.09, 0.08, 0.01, 0.01, 0.07, 0.02, 0.01, 0.01, 0.01])

    assert excursions(at, values, objective="> 0.05") == [(at[1], at[6])]


def test_a_relapse_after_the_hold_is_another_excursion() -> None:
    """Once the return has held for two steps, the next crossing is a new excursion."""
    at, values = every(60, [0, 9, 0, 0, 0, 9, 9])

    assert excursions(at, values, objective=(">", 5.0)) == [(at[1], at[2]), (at[5], None)]


def test_the_hold_is_thirty_seconds_at_least() -> None:
    """With samples every five seconds a return of ten seconds does not count, one of thirty does."""
    at, values = every(5, [0, 9, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0])

    assert excursions(at, values, objective="> 5") == [(at[1], at[6])]


def test_a_return_not_yet_held_is_none() -> None:
    """An excursion that came back one sample before the end has no recovery yet."""
    at, values = every(60, [0, 9, 9, 0])

    assert excursions(at, values, objective="> 5") == [(at[1], None)]


@pytest.mark.parametrize(
    ("objective", "beyond"),
    [("< 0.99", 0.5), ("<99%", 0.5), (">= 2", 2.0), ((">", 1), 7.0), ("!= 1", 0.0), (">-1e-3", 0.0)],
)
def test_objectives_in_text_and_as_a_pair(objective: Any, beyond: float) -> None:
    """A comparison may be written with any operator, as a fraction, a percentage or a pair."""
    normal = -1.0 if objective == ">-1e-3" else 1.0
    at, values = every(60, [normal, normal, beyond, normal, normal, normal])

    assert excursions(at, values, objective=objective) == [(at[2], at[3])]


@pytest.mark.parametrize(("good", "bad"), [(0.01, 0.4), (0.999, 0.8), (3.0, 9.0)])
def test_a_bare_number_hurts_on_the_side_where_fewer_samples_lie(good: float, bad: float) -> None:
    """A limit without a comparison is crossed upwards by an error ratio and downwards by an availability."""
    at, values = every(15, [good] * 20 + [bad] * 8 + [good] * 12)

    assert excursions(at, values, objective=(good + bad) / 2) == [(at[20], at[28])]
    assert excursions([], [], objective=0.5) == []


@pytest.mark.parametrize("objective", [float("nan"), "0.05", "> lots", "=> 3", (">", float("nan")), ("~", 1.0), ""])
def test_what_is_no_comparison_is_an_error(objective: Any) -> None:
    """An objective that is no comparison with a number says so."""
    with pytest.raises(ValueError, match="objective"):
        excursions([START], [1.0], objective=objective)


def test_unknown_samples_change_nothing() -> None:
    """None, NaN, disorder and doubled times give what the known samples in order give."""
    at, values = every(60, [0, 0, 9, 9, 0, 0, 0, 0])
    holed = [*values[:3], None, *values[3:]]
    times = [*at[:3], at[2] + 30, *at[3:]]
    order = np.random.default_rng(1).permutation(len(times))

    assert excursions([times[i] for i in order], [holed[i] for i in order], objective="> 5") == excursions(at, values, objective="> 5")
    assert excursions([at[0], at[0], at[1]], [9.0, 0.0, 0.0], objective="> 5") == []


def test_infinity_is_beyond_an_objective() -> None:
    """An infinite ratio is known: it crosses a threshold."""
    at, values = every(60, [0, np.inf, 0, 0, 0])

    assert excursions(at, values, objective="> 5") == [(at[1], at[2])]


def test_times_and_values_must_pair() -> None:
    """As many values as times are needed."""
    with pytest.raises(ValueError, match="2 times for 1 values"):
        excursions([1.0, 2.0], [1.0])


SHAPES = {
    "spike": (70, 1, 12.0),
    "dip": (70, 1, -12.0),
    "burst": (70, 6, 9.0),
    "hour": (60, 25, -7.0),
    "ongoing": (80, 40, 6.0),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_departure_is_found_where_it_is(shape: str) -> None:
    """A spike, a dip, a burst, a long dip and a lasting step in noise: onset and recovery to within one sample, nothing else."""
    first, length, height = SHAPES[shape]
    at, values = every(60, 40 + noise(120))
    values[first : first + length] += height
    found = excursions(at, values)

    assert len(found) == 1
    onset, recovery = found[0]
    assert abs(onset - at[first]) <= 60
    assert recovery is None if first + length == 120 else recovery is not None and abs(recovery - at[first + length]) <= 60


@pytest.mark.parametrize("factor", [1e-9, 1.0, -1.0, 1e12])
def test_scale_and_sign_do_not_matter(factor: float) -> None:
    """The same series in other units, or upside down, has the same excursions."""
    at, values = every(60, 40 + noise(200))
    values[150:158] += 10

    assert excursions(at, factor * values) == excursions(at, values) != []


def test_a_daily_rhythm_is_normal() -> None:
    """What comes every day is no excursion; the missing of it is."""
    hours = np.arange(6 * 24)
    at, values = every(3600, 100 + 80 * np.sin(hours * 2 * np.pi / 24) + noise(len(hours)))
    assert excursions(at, values) == []

    values[101:105] = 30
    assert [onset for onset, _ in excursions(at, values)] == [at[101]]


def test_a_drift_is_normal() -> None:
    """A slow rise is no excursion; a jump on it is."""
    at, values = every(60, np.linspace(0, 60, 300) + noise(300))
    assert excursions(at, values) == []

    values[200:210] += 12
    assert excursions(at, values) == [(at[200], at[210])]


def test_what_recurs_is_normal() -> None:
    """Spikes of like height all over the window are how the series is; a much higher one stands out."""
    at, values = every(60, np.zeros(300))
    values[15::30] = 5.0
    assert excursions(at, values) == []

    values[200] = 50.0
    assert excursions(at, values) == [(at[200], at[201])]


def test_relapses_close_together_are_reported() -> None:
    """Many bursts crowded into one part of the window are an incident, not a habit."""
    at, values = every(60, noise(900))
    bursts = range(500, 800, 40)
    for first in bursts:
        values[first : first + 3] += 15

    assert [onset for onset, _ in excursions(at, values)] == pytest.approx([at[first] for first in bursts], rel=0, abs=60)


def test_a_forerun_is_not_the_onset() -> None:
    """A small blip that came back to normal just before does not move the onset; one of like height does."""
    at, values = every(60, 40 + noise(120))
    values[68:80] = [43, 40, 52, 53, 52, 51, 53, 52, 52, 51, 53, 52]
    assert [onset for onset, _ in excursions(at, values)] == [at[70]]

    values[68] = 52
    assert [onset for onset, _ in excursions(at, values)] == [at[68]]


@pytest.mark.parametrize("kind", ["normal", "counts", "constant", "short", "two values"])
def test_a_quiet_series_has_none(kind: str) -> None:
    """Nothing is reported of noise, of counts, of a constant, or of too few samples to know what is normal."""
    quiet = {
        "normal": noise(300),
        "counts": np.random.default_rng(3).poisson(20, 300),
        "constant": np.full(300, 0.1),
        "short": np.array([1, 1, 1, 50, 1, 1, 1]),
        "two values": np.tile([1.0, 2.0], 100),
    }[kind]

    assert excursions(*every(60, quiet)) == []


def test_a_gap_is_no_departure() -> None:
    """Hours without samples, and samples off the beat, do not make an excursion."""
    at, values = every(60, 40 + noise(300))
    kept = np.r_[0:100, 160:300]

    assert excursions(at[kept] + np.random.default_rng(5).uniform(-5, 5, len(kept)), values[kept]) == []


def test_the_door_takes_a_pandas_series() -> None:
    """The function is reached from the package and takes columns of a table."""
    at, values = every(60, 40 + noise(120))
    values[70:76] += 9
    frame = pd.DataFrame({"at": at, "value": values})

    assert retroline.excursions(frame["at"], frame["value"]) == excursions(at, values)


def test_ten_thousand_points_take_milliseconds() -> None:
    """A week at one sample a minute stays far below what a notebook reader notices."""
    at, values = every(60, noise(10_000))
    values[6000:6200] += 8
    began = time.perf_counter()
    found = excursions(at, values)

    assert time.perf_counter() - began < 0.25
    assert found == [(at[6000], at[6200])]


numbers = st.one_of(st.none(), st.floats(), st.integers(-3, 3).map(float))


@given(st.lists(st.tuples(st.floats(0, 1e10), numbers), max_size=60), st.sampled_from([None, "> 0", "<= 1", "!= 0"]))
@settings(max_examples=150)
def test_whatever_the_samples_excursions_are_in_order(samples: list[tuple[float, float | None]], objective: str | None) -> None:
    """Onset and recovery are times of samples, in order, never overlapping; only the last may be open."""
    found = excursions([at for at, _ in samples], [value for _, value in samples], objective=objective)
    flat = [at for pair in found for at in pair if at is not None]

    assert flat == sorted(flat) and set(flat) <= {at for at, _ in samples}
    assert all(back is not None for _, back in found[:-1])
    assert all(back is None or back > onset for onset, back in found)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0, 300))
def test_runs_hold(beyond: list[bool], hold_s: float) -> None:
    """Every sample beyond lies in a run, and after each run's end nothing is beyond for the hold."""
    at = 60.0 * np.arange(len(beyond))
    begins, ends = runs(np.array(beyond), at, hold_s)
    inside = np.zeros(len(beyond), bool)
    for first, back in zip(begins, ends, strict=True):
        inside[first:back] = True
        assert beyond[first] and (back == len(at) or not np.array(beyond)[(at >= at[back]) & (at <= at[back] + hold_s)].any())

    assert not (np.array(beyond) & ~inside).any()
