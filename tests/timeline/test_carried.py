"""What was there when the window opened and ended in it is shown, and is no milestone."""

from __future__ import annotations

from typing import Any

import pytest
from retroline.timeline.build import set_aside
from retroline.timeline.carried import carried
from retroline.timeline.identity import Named, named
from retroline.timeline.rows import Row
from retroline.timeline.story import Scope, scope

T0 = 1_795_224_000_000_000_000
SECOND = 1_000_000_000
RUN, NEXT, PAGE = "alert:f00d@1", "alert:f00d@2", "pagerduty:P1"


def row(kind: str, at_s: float, thread: str, **changes: Any) -> Row:
    given: dict[str, Any] = {"service": "shop", "source": "prometheus", "clock": "test", "title": f"{kind} at {at_s}", "edge": kind, **changes}
    return Row(kind=kind, at_ns=T0 + round(at_s * SECOND), thread=thread, **given)


FIRING = row("alert.firing", 0, RUN, title="already firing: Errors", severity="critical", milestone_ok=False)
OPEN = row("page.triggered", 0, PAGE, title="already open: page triggered", about=RUN, milestone_ok=False, labels={"incident": "P1"})
RESOLVED = row("alert.resolved", 300, RUN, milestone_ok=False)
TOLD = row("alert.notified", 330, RUN, milestone_ok=False, labels={"status": "resolved"})


@pytest.mark.parametrize(
    ("rows", "threads"),
    [
        ([FIRING, OPEN, RESOLVED], {RUN, PAGE}),
        ([FIRING, RESOLVED, TOLD], {RUN}),
        ([FIRING, RESOLVED], set()),
        ([FIRING, OPEN], set()),
        ([OPEN], set()),
    ],
    ids=["paged and ended", "ended and told", "ended silently", "goes on", "a page without its alert"],
)
def test_what_ended_and_was_told_is_no_background(rows: list[Row], threads: set[str]) -> None:
    """An alert that fired when the window opened is shown where it ended and somebody heard of it; a watchdog or a silenced one is not."""
    assert carried(named(rows)) == threads


def test_whose_incident_when_it_began_before_the_window() -> None:
    """Without an alert that began in the window, the scope is the service of what fired when it opened and ended."""
    ended, going_on = scope(named([FIRING, OPEN, RESOLVED]), None), scope(named([FIRING, OPEN]), None)

    assert (ended.services, going_on.services) == ({"shop"}, set())
    assert "fired when the window opened" in ended.how


def test_a_run_that_paged_in_the_window_is_no_background() -> None:
    """Of an alert that fired when the window opened a later run is a milestone where it paged somebody, else background."""
    again = row("alert.firing", 600, NEXT, severity="critical")
    page = row("page.triggered", 605, "pagerduty:P2", about=NEXT, labels={"incident": "P2"})
    shop = Scope(frozenset({"shop"}), "test")

    def kept(*rows: Row) -> list[str]:
        found: list[Named] = set_aside(named([FIRING, RESOLVED, *rows]), shop)
        return [n.row.thread for n in found if n.row.milestone_ok and n.row.kind == "alert.firing"]

    assert (kept(again, page), kept(again)) == ([NEXT], [])
