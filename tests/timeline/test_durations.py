"""Durations: formula, bounds, blanks with their reason, never a negative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.timeline.durations import PROFILES, Duration, durations
from retroline.timeline.milestones import NAMES, Milestone

SECOND = 1_000_000_000


def mark(name: str, best_s: float, low_s: float | None = None, high_s: float | None = None) -> Milestone:
    earliest, latest = (best_s if s is None else s for s in (low_s, high_s))
    return Milestone(name, round(best_s * SECOND), round(earliest * SECOND), round(latest * SECOND), "test", (f"id-{name}",))


def by_name(found: list[Duration], profile: str = "impact") -> dict[str, Duration]:
    return {d.name: d for d in found if d.profile == profile}


STORY = [mark(n, 10 * i) for i, n in enumerate(("change", "impact", "detected", "acknowledged", "engaged", "recovered", "resolved"))]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("impact", {"TTD": 10.0, "TTA": 20.0, "TTE": 30.0, "TTM": 40.0, "TTR": 50.0}),
        ("alert", {"TTD": None, "TTA": 10.0, "TTE": 20.0, "TTM": 30.0, "TTR": 40.0}),
        ("change", {"TTD": 20.0, "TTA": 30.0, "TTE": 40.0, "TTM": 50.0, "TTR": 60.0}),
    ],
)
def test_each_profile_has_its_own_ends(profile: str, expected: dict[str, float | None]) -> None:
    """A profile measures from its own milestone: impact, detected or change."""
    assert {n: d.best_s for n, d in by_name(durations(STORY), profile).items()} == expected


def test_a_duration_says_how_it_was_made() -> None:
    """Formula and evidence name both ends."""
    one = by_name(durations(STORY))["TTM"]

    assert (one.formula, one.start, one.end, one.event_ids) == ("impact → recovered", "impact", "recovered", ("id-impact", "id-recovered"))


@pytest.mark.parametrize(
    ("known", "why"),
    [([], "impact and recovered unknown"), ([mark("impact", 1)], "recovered unknown"), ([mark("recovered", 1)], "impact unknown")],
)
def test_unknown_is_blank_and_says_why(known: list[Milestone], why: str) -> None:
    """A duration with an unknown end is null in all three numbers and names the end, never 0."""
    one = by_name(durations(known))["TTM"]

    assert (one.low_s, one.best_s, one.high_s, one.event_ids, one.why) == (None, None, None, (), why)


def test_a_contradiction_is_reported() -> None:
    """An end before its beginning gives no number but a sentence with both names and the evidence."""
    one = by_name(durations([mark("impact", 100), mark("detected", 40)]))["TTD"]

    assert (one.best_s, one.why, one.event_ids) == (None, "contradiction: detected comes 60 s before impact", ("id-impact", "id-detected"))


def test_both_ends_at_once_are_zero_seconds() -> None:
    """A duration of nothing is 0, not blank."""
    assert by_name(durations([mark("impact", 5), mark("detected", 5)]))["TTD"].best_s == 0.0


def test_bounds_run_from_the_nearest_to_the_farthest_ends() -> None:
    """The shortest span is from the latest beginning to the earliest end, the longest the other way round."""
    one = by_name(durations([mark("impact", 10, 5, 12), mark("detected", 30, 28, 31)]))["TTD"]

    assert (one.low_s, one.best_s, one.high_s) == (16.0, 20.0, 26.0)


def test_an_open_bound_stays_open() -> None:
    """Where a milestone is not bounded on one side, the duration is not either."""
    begin = Milestone("impact", 10 * SECOND, None, 12 * SECOND, "test", ("a",))

    one = by_name(durations([begin, mark("detected", 30)]))["TTD"]

    assert (one.low_s, one.best_s, one.high_s) == (18.0, 20.0, None)


def test_own_pairs_are_a_profile_of_their_own() -> None:
    """Pairs from the configuration appear as profile own beside the three."""
    found = durations(STORY, {"time_to_rollback": ("detected", "recovered"), "odd": ("change", "identified")})

    assert {n: (d.best_s, d.why) for n, d in by_name(found, "own").items()} == {"time_to_rollback": (30.0, None), "odd": (None, "identified unknown")}
    assert {d.profile for d in found} == {*PROFILES, "own"}


instants = st.integers(-(10**15), 10**15)
marks = st.lists(
    st.builds(
        Milestone,
        st.sampled_from(NAMES),
        instants,
        st.none() | instants,
        st.none() | instants,
        st.just("test"),
        st.lists(st.sampled_from("abcd"), max_size=3).map(tuple),
    ),
    max_size=12,
)


@given(marks, st.dictionaries(st.text(max_size=5), st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=3))
def test_no_duration_is_negative(found: list[Milestone], own: dict[str, tuple[str, str]]) -> None:
    """Whatever the milestones are, numbers are ordered and not negative, and a blank has its reason."""
    for d in durations(found, own):
        numbers = [n for n in (d.low_s, d.best_s, d.high_s) if n is not None]

        assert numbers == sorted(numbers)
        assert all(n >= 0 for n in numbers)
        assert (d.best_s is None) == (d.why is not None)
