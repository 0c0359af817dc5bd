"""A timeline that people wrote: instants, milestones by role or by words, and durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import retroline
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.timeline.event_words import roles_from_words
from retroline.timeline.postmortem import milestones_from_rows

ROLES = ("onset", "detected", "acknowledged", "mitigated", "resolved", "declared")


def row(time: str, event: str = "", **more: Any) -> dict[str, Any]:
    return {"time": time, "event": event, **more}


def read(case: dict[str, Any]) -> dict[str, Any]:
    """One case as a scorer hands it out."""
    return milestones_from_rows(case["rows"], tz=case["tz"], date=case["date"])


def test_marked_rows_give_the_milestones_and_durations() -> None:
    """With roles given, each is its row's instant in UTC, and durations run from onset."""
    rows = [
        row("22:58", "queue grows", roles=["onset"]),
        row("23:04", "lag alert", roles=["detected"]),
        row("11:20pm", "Ida has it", roles=["acknowledged"]),
        row("00:10", "consumers doubled", roles=["mitigated"]),
        row("00:31:30", "backlog gone", roles=["resolved"]),
    ]
    found = read({"rows": rows, "tz": "Europe/Lisbon", "date": "2026-06-30"})

    assert found["rows"] == ["2026-06-30T21:58:00Z", "2026-06-30T22:04:00Z", "2026-06-30T22:20:00Z", "2026-06-30T23:10:00Z", "2026-06-30T23:31:30Z"]
    assert found["milestones"] == dict(zip(("onset", "detected", "acknowledged", "mitigated", "resolved"), found["rows"], strict=True))
    assert found["durations"] == {"time_to_detect": 360, "time_to_acknowledge": 1320, "time_to_mitigate": 4320, "time_to_resolve": 5610}
    assert found["evidence"]["mitigated"] == 3


def test_marks_keep_words_out() -> None:
    """Where any row is marked, a row that only sounds like a milestone is none."""
    rows = [row("10:00", "checkout down", roles=["detected"]), row("10:30", "all clear", roles=[]), row("10:40", "watched on", roles=["resolved"])]
    found = milestones_from_rows(rows, tz="UTC", date="2026-06-30")

    assert found["milestones"] == {"detected": "2026-06-30T10:00:00Z", "resolved": "2026-06-30T10:40:00Z"}
    assert found["durations"] == {"time_to_resolve": 2400}


def test_a_contradiction_gives_no_duration() -> None:
    """A duration whose end comes before its begin is absent, while both milestones stay."""
    rows = [row("10:00", roles=["resolved"]), row("10:05", roles=["onset"])]
    found = milestones_from_rows(rows, tz="UTC", date="2026-06-30")

    assert found["durations"] == {} and set(found["milestones"]) == {"onset", "resolved"}


def test_days_go_on() -> None:
    """A date holds for the rows below it, midnight is passed, and a small step back is only disorder."""
    rows = [row("23:50"), row("00:10"), row("00:05"), row("2026-07-03 08:00"), row("08:10"), row("noon?"), row("soon"), row("01:00", date="2026-07-05")]
    found = milestones_from_rows(rows, tz="UTC", date="2026-06-30")["rows"]

    assert found[:3] == ["2026-06-30T23:50:00Z", "2026-07-01T00:10:00Z", "2026-07-01T00:05:00Z"]
    assert found[3:] == ["2026-07-03T08:00:00Z", "2026-07-03T08:10:00Z", "2026-07-03T12:00:00Z", None, "2026-07-05T01:00:00Z"]


def test_rows_go_on_through_the_hour_that_comes_twice() -> None:
    """When clocks go back, a reading that would lie before the row above is the later of its two instants."""
    rows = [row(time) for time in ("02:50", "02:10", "03:00")]
    found = milestones_from_rows(rows, tz="Europe/Paris", date="2026-10-25")["rows"]

    assert found == ["2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z", "2026-10-25T02:00:00Z"]


def test_zones_may_change_from_row_to_row() -> None:
    """A row's own zone counts for that row alone."""
    rows = [row("14:00"), row("12:05 UTC"), row("14:10")]

    assert milestones_from_rows(rows, tz="+02:00", date="2026-06-30")["rows"] == [f"2026-06-30T12:{m}:00Z" for m in ("00", "05", "10")]


@pytest.mark.parametrize(("tz", "day"), [("Mars/Olympus", "2026-06-30"), ("UTC", "30th of June"), ("UTC", "")])
def test_an_unknown_frame_is_an_error(tz: str, day: str) -> None:
    """Without a zone or a first day no row has an instant, so it says what is wrong."""
    with pytest.raises(ValueError, match=r"zone|date"):
        milestones_from_rows([row("10:00")], tz=tz, date=day)


def told(*events: str) -> list[tuple[int, str]]:
    return [(60 * place, event) for place, event in enumerate(events)]


STORIES = {
    "alert and fix": (
        (
            "v8 deployed to all regions",
            "basket API returns 502",
            "burn-rate alert",
            "Ida acknowledges",
            "bad query found",
            "v8 rolled back",
            "latency normal",
            "incident resolved",
        ),
        {"onset": 1, "detected": 2, "acknowledged": 3, "mitigated": 6, "resolved": 7},
    ),
    "harm first told by the alert": (
        ("schema migration", "page: login failing", "Bo joins the call", "migration reverted, no effect", "replica promoted, logins restored", "all clear"),
        {"onset": 0, "detected": 1, "acknowledged": 2, "mitigated": 4, "resolved": 5},
    ),
    "a customer is first": (
        ("customer reports blank invoices", "support ticket", "team told", "worker restarted", "closed"),
        {"onset": 0, "detected": 2, "mitigated": 3, "resolved": 4},
    ),
    "a relapse": (
        ("uploads fail", "alert", "disk cleaned, error rate normal", "disk full again", "errors recovering", "error rate stable", "resolved"),
        {"onset": 0, "detected": 1, "mitigated": 5, "resolved": 6},
    ),
    "no word of it": (("tea", "lunch"), {}),
}


@pytest.mark.parametrize("name", STORIES)
def test_milestones_from_words(name: str) -> None:
    """Without marks the words decide, by the rules that the module states."""
    events, expected = STORIES[name]

    assert roles_from_words(told(*events)) == expected


@pytest.mark.parametrize("event", ["CPU high, no alert", "problem unnoticed", "alert in the wrong channel"])
def test_a_denial_is_no_detection(event: str) -> None:
    """A row that says that nobody was told is not when somebody was."""
    assert "detected" not in roles_from_words(told(event))


def test_the_door_has_it() -> None:
    """The function is reached from the package itself."""
    assert retroline.milestones_from_rows is milestones_from_rows


stamps = st.integers(1_600_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
marked = st.lists(st.tuples(stamps, st.lists(st.sampled_from(ROLES), max_size=3)), max_size=8)


@given(marked, st.randoms())
@settings(max_examples=60)
def test_the_order_of_dated_rows_does_not_matter(rows: list[tuple[datetime, list[str]]], random: Any) -> None:
    """Rows that carry their dates give the same milestones and durations in any order."""
    plain = [row(f"{at:%Y-%m-%d %H:%M:%S}", roles=roles) for at, roles in rows]
    shuffled = random.sample(plain, len(plain))
    first, second = (milestones_from_rows(each, tz="UTC", date="2026-01-01") for each in (plain, shuffled))

    assert (first["milestones"], first["durations"]) == (second["milestones"], second["durations"])


@given(marked)
@settings(max_examples=60)
def test_durations_are_never_negative_and_follow_from_milestones(rows: list[tuple[datetime, list[str]]]) -> None:
    """Each duration is the difference of its two milestones, and none is below zero."""
    found = milestones_from_rows([row(f"{at:%Y-%m-%d %H:%M:%S}", roles=roles) for at, roles in rows], tz="UTC", date="2026-01-01")
    at = {role: datetime.fromisoformat(text) for role, text in found["milestones"].items()}

    for name, seconds in found["durations"].items():
        end = {"time_to_detect": "detected", "time_to_acknowledge": "acknowledged", "time_to_mitigate": "mitigated", "time_to_resolve": "resolved"}[name]
        assert seconds >= 0 and at[end] - at["onset" if "onset" in at else "detected"] == timedelta(seconds=seconds)


anything = st.one_of(st.none(), st.integers(), st.text(max_size=30), st.lists(st.text(max_size=5), max_size=2))
words = st.text(alphabet="0123456789:.-/ apmhTZUCE", max_size=25)


@given(st.lists(st.fixed_dictionaries({}, optional={"time": st.one_of(anything, words), "date": anything, "event": anything, "roles": anything}), max_size=6))
@settings(max_examples=150)
def test_garbage_gives_blanks(rows: list[dict[str, Any]]) -> None:
    """Whatever the rows hold, each gets an instant or None."""
    assert len(milestones_from_rows(rows, tz="Europe/Paris", date="2026-06-30")["rows"]) == len(rows)
