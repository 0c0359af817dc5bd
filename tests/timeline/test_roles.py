"""People as roles: whatever a name's spelling, no person stands in a report that did not ask for names."""

from __future__ import annotations

from typing import Any

import pytest
from retroline.timeline.roles import roles_of


def event(actor: str, kind: str = "page.acknowledged", **labels: str) -> dict[str, Any]:
    return {"event_id": actor, "actor": actor, "kind": kind, "subject": "", "labels": {"agent_type": "user", **labels}}


PEOPLE = [event("Priya Raman", level="1"), event("Jonas Berg", kind="note"), event("Mark Lund", kind="note")]


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("Priya Raman is on it", "on-call engineer, level 1 is on it"),
        ("thanks Priya, handing to Jonas", "thanks on-call engineer, level 1, handing to engineer"),
        ("Mark as resolved", "Mark as resolved"),
        ("Priyanka and priya-db are no people here", "Priyanka and priya-db are no people here"),
    ],
)
def test_names_in_notes_become_roles(note: str, shown: str) -> None:
    """A known person's full or first name is replaced; a first name that is a word, and words that only begin alike, are not."""
    assert roles_of(PEOPLE).text(note) == shown
    assert roles_of(PEOPLE, names=True).text(note) == note


def test_a_first_name_that_people_of_different_roles_share_says_less() -> None:
    """Which of them is meant is not known, so no level is named."""
    assert roles_of([event("Priya Raman", level="1"), event("Priya Das", kind="note")]).text("ask Priya") == "ask engineer"
