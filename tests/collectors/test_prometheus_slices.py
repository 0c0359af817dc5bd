"""Long ranges in slices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.errors import TooExpensive
from retroline.collectors.prometheus.slices import HALVINGS, Slice, ask_slices, cut, duration, seconds, step_for


def points(piece: Slice, step_ms: int) -> list[int]:
    """What a server answers with."""
    return list(range(piece.start_ms, piece.end_ms + 1, step_ms))


@given(st.integers(0, 10**6), st.integers(0, 60_000), st.integers(1, 5_000), st.integers(1, 500))
def test_no_point_lost_or_doubled(start: int, length: int, step_ms: int, most: int) -> None:
    """Slices together hold exactly the points of the whole, none of them more than allowed."""
    whole = Slice(start, start + length)
    pieces = list(cut(whole, step_ms, max(most, length // step_ms // 50 + 1)))

    assert [p for piece in pieces for p in points(piece, step_ms)] == points(whole, step_ms)
    assert all(piece.points(step_ms) <= max(most, length // step_ms // 50 + 1) for piece in pieces)


@given(st.integers(1, 3000), st.integers(20, 400))
def test_refused_slices_are_halved(count: int, allowed: int) -> None:
    """A slice that is refused is asked in halves until it fits, again without lost or doubled points."""
    got: list[int] = []
    whole = Slice(7, 7 + (count - 1) * 10)

    def ask_one(piece: Slice) -> None:
        if piece.points(10) > allowed:
            raise TooExpensive("no")
        got.extend(points(piece, 10))

    ask_slices(whole, 10, ask_one, most=1000)

    assert got == points(whole, 10)


def test_halving_ends() -> None:
    """A server that refuses everything is asked a bounded number of times."""
    asked = []

    def ask_one(piece: Slice) -> None:
        asked.append(piece)
        raise TooExpensive("no")

    with pytest.raises(TooExpensive):
        ask_slices(Slice(0, 10**7), 1, ask_one)

    assert len(asked) == HALVINGS + 1


def test_step() -> None:
    """The step is whole intervals, at least a second, and keeps the range below the limit."""
    assert step_for(5000, 3_600_000) == 5000
    assert step_for(5000, 86_400_000) == 10_000
    assert step_for(0, 60_000) == 1000
    assert 30 * 86_400_000 // step_for(15_000, 30 * 86_400_000) < 11_000


def test_times_as_text() -> None:
    """Milliseconds are written exactly."""
    assert [seconds(ms) for ms in (1500, 2000, 1, 1795220394500)] == ["1.5", "2", "0.001", "1795220394.5"]
    assert [duration(ms) for ms in (90_000, 1500)] == ["90s", "1500ms"]
