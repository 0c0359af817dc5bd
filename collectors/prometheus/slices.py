"""Long ranges as several requests: cut below the server's limit of points, cut again where it refuses, joined without doubles.

Knowledge: Prometheus documentation "HTTP API", "Range queries": start and end are both inclusive, points lie at start + k × step, and
more than 11,000 steps per series are refused. All times here are whole milliseconds, the API's own precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import TooExpensive

MOST_POINTS = 11_000
HALVINGS = 8


@dataclass(frozen=True)
class Slice:
    """Both ends inclusive, in milliseconds since 1970."""

    start_ms: int
    end_ms: int

    def points(self, step_ms: int) -> int:
        """How many points a series can have in it."""
        return (self.end_ms - self.start_ms) // step_ms + 1


def cut(whole: Slice, step_ms: int, most: int = MOST_POINTS) -> Iterator[Slice]:
    """Slices of at most `most` points on the grid of `whole`: each begins one step after the last point of the one before."""
    start = whole.start_ms
    while start <= whole.end_ms:
        last = min(start + (most - 1) * step_ms, whole.end_ms)
        yield Slice(start, last)
        start = last + step_ms if last < whole.end_ms else whole.end_ms + 1


def ask_slices(whole: Slice, step_ms: int, ask_one: Callable[[Slice], None], most: int = MOST_POINTS) -> None:
    """Call `ask_one` for each slice, and for the halves of one that raises TooExpensive, HALVINGS deep at most.

    Raises what `ask_one` raises; TooExpensive once even the smallest part is refused.
    """
    for piece in cut(whole, step_ms, most):
        _halving(piece, step_ms, ask_one, HALVINGS)


def _halving(piece: Slice, step_ms: int, ask_one: Callable[[Slice], None], deep: int) -> None:
    try:
        ask_one(piece)
    except TooExpensive:
        points = piece.points(step_ms)
        if deep == 0 or points < 2:
            raise
        for half in cut(piece, step_ms, (points + 1) // 2):
            _halving(half, step_ms, ask_one, deep - 1)


def step_for(interval_ms: int, span_ms: int, most: int = MOST_POINTS) -> int:
    """A step of whole intervals (1 s at least) that keeps `span_ms` within `most` points."""
    interval_ms = max(interval_ms, 1000)
    times = -(-span_ms // (interval_ms * max(1, most - 1)))
    return interval_ms * max(1, times)


def seconds(ms: int) -> str:
    """Milliseconds as decimal seconds without trailing zeros: 1500 → "1.5"."""
    whole, rest = divmod(ms, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def duration(ms: int) -> str:
    """Milliseconds as a PromQL duration."""
    return f"{ms // 1000}s" if ms % 1000 == 0 else f"{ms}ms"
