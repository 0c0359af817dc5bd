"""Milestones that cannot all be true are named."""

from __future__ import annotations

from typing import Any

import pytest
from retroline.timeline.contradictions import contradictions


def mark(name: str, best: int, earliest: int | None = None, latest: int | None = None) -> dict[str, Any]:
    return {"name": name, "earliest_ns": best if earliest is None else earliest, "best_ns": best, "latest_ns": best if latest is None else latest}


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([mark("impact", 10), mark("detected", 30), mark("resolved", 90)], []),
        ([mark("impact", 10), mark("resolved", 5)], [("resolved", "impact")]),
        ([mark("detected", 120), mark("resolved", 90)], [("detected", "window"), ("resolved", "detected")]),
        ([mark("impact", 50, 10, 50), mark("recovered", 40)], []),
        ([mark("acknowledged", 20), mark("paged", 30)], [("acknowledged", "paged")]),
    ],
)
def test_what_cannot_be_is_named(marks: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    """A milestone outside the window, or wholly before one that must come first, is a contradiction; overlapping intervals are none."""
    assert expected == contradictions(marks, 0, 100)
