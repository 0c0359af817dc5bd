"""Alerts that flapped before the window and flap on are background, and decide nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.window import Window
from retroline.timeline.build import clipped, set_aside
from retroline.timeline.flapping import flaps_on, without_flapping
from retroline.timeline.identity import named
from retroline.timeline.rows import Row
from retroline.timeline.story import scope

T0 = 1_795_224_000_000_000_000
SECOND = 1_000_000_000
WINDOW = Window(T0, T0 + 1800 * SECOND)
EVERY = range(-240, 1800, 240)


def row(kind: str, at_s: float, thread: str, **changes: Any) -> Row:
    given: dict[str, Any] = {"service": "dns", "source": "prometheus", "clock": "test", "title": f"{kind} at {at_s}", "severity": "critical", **changes}
    return Row(kind=kind, at_ns=T0 + round(at_s * SECOND), thread=thread, edge=kind, **given)


def runs(*starts_s: float) -> list[Row]:
    return [row(kind, at + late, f"alert:f1ap@{at}") for at in starts_s for kind, late in (("alert.firing", 0), ("alert.resolved", 50))]


@pytest.mark.parametrize(
    ("starts_s", "flaps"),
    [
        (EVERY, True),
        ([-200, 30, 290, 700, 960, 1210, 1600], True),
        (range(20, 1800, 240), False),
        ([-240, 600], False),
        ([-240, 0, 240, 480], False),
        ([-240, 0, 240, 1300, 1540, 1780], False),
        ([], False),
    ],
    ids=["evenly", "unevenly", "not before", "seldom", "stops", "pauses", "never"],
)
def test_what_flaps_throughout(starts_s: list[float], flaps: bool) -> None:
    """It fired before the window and went on at its pace to the end: an alert that began in the window, stopped or paused has a story."""
    assert flaps_on([T0 + round(at * SECOND) for at in starts_s], WINDOW) is flaps


def test_what_flaps_on_is_background() -> None:
    """Neither its runs nor what belongs to them is shown or makes a milestone, and it does not decide whose incident it is, however grave."""
    real = row("alert.firing", 400, "alert:5e11@1", service="shop", severity="warning")

    rows = clipped(without_flapping(named([*runs(*EVERY), real]), WINDOW), WINDOW)
    found = scope(rows, None)

    assert found.services == {"shop"}
    assert [n.row.service for n in set_aside(rows, found) if n.row.milestone_ok] == ["shop"]


def test_a_run_that_paged_is_no_background() -> None:
    """Somebody was called for it in the window, so it is told."""
    page = row("page.triggered", 245, "pagerduty:P1", about="alert:f1ap@240", labels={"incident": "P1"})
    other = row("alert.firing", 400, "alert:5e11@1")

    rows = clipped(without_flapping(named([*runs(*EVERY), page, other]), WINDOW), WINDOW)

    assert {n.row.thread for n in set_aside(rows, scope(rows, None)) if n.row.milestone_ok} == {"alert:f1ap@240", "pagerduty:P1", "alert:5e11@1"}


def test_where_nothing_else_fired_it_may_be_the_incident() -> None:
    """An alert that flaps throughout is all that is known: it is told."""
    rows = named([*runs(*EVERY), row("alert.firing", -900, "alert:0a7c@1", title="a watchdog")])

    assert without_flapping(rows, WINDOW) == rows


@given(st.lists(st.integers(0, 1799), max_size=20))
def test_without_a_run_before_nothing_changes(starts_s: list[int]) -> None:
    """Where the alert was not seen to fire before the window, no row is touched."""
    rows = named(runs(*starts_s))

    assert without_flapping(rows, WINDOW) == rows
