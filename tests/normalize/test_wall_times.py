"""Clock readings as people write them: taken apart, or not understood; never guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.errors import ConfigError
from retroline.normalize.wall_times import WallTime, instants, usual_zone, wall_time

NEAR = date(2026, 3, 30)


def clock(hour: int, minute: int = 0, second: int = 0, day: date | None = None, zone: str = "") -> WallTime:
    return WallTime(hour * 3600 + minute * 60 + second, day, zone)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:41", clock(9, 41)),
        ("9:41", clock(9, 41)),
        ("09.41", clock(9, 41)),
        ("09h41", clock(9, 41)),
        ("0941", clock(9, 41)),
        ("0941Z", clock(9, 41, zone="Z")),
        ("09:41h", clock(9, 41)),
        ("09:41:07", clock(9, 41, 7)),
        ("09:41:07.250", clock(9, 41, 7)),
        ("9:41pm", clock(21, 41)),
        ("9:41 p.m.", clock(21, 41)),
        ("21:41 pm", clock(21, 41)),
        ("9 PM", clock(21)),
        ("12:05 am", clock(0, 5)),
        ("12:05 PM", clock(12, 5)),
        ("noon", clock(12)),
        ("~09:41", clock(9, 41)),
        ("approx. 09:41", clock(9, 41)),
        ("09:41 - 09:55", clock(9, 41)),
        ("09:41–09:55 UTC", clock(9, 41, zone="UTC")),
        ("09:41 utc", clock(9, 41, zone="UTC")),
        ("09:41 (CEST)", clock(9, 41, zone="CEST")),
        ("09:41 UTC+2", clock(9, 41, zone="UTC+2")),
        ("09:41 -0500", clock(9, 41, zone="-0500")),
        ("09:41 Europe/Lisbon", clock(9, 41, zone="Europe/Lisbon")),
        ("24:00", clock(24)),
        ("2026-03-29 09:41", clock(9, 41, day=date(2026, 3, 29))),
        ("2026-03-29T09:41:07Z", clock(9, 41, 7, day=date(2026, 3, 29), zone="Z")),
        ("2026-03-29T09:41:07-05:00", clock(9, 41, 7, day=date(2026, 3, 29), zone="-05:00")),
        ("Mar 29, 09:41 EDT", clock(9, 41, day=date(2026, 3, 29), zone="EDT")),
        ("March 29th 2025, 09:41", clock(9, 41, day=date(2025, 3, 29))),
        ("29 Mar 09:41", clock(9, 41, day=date(2026, 3, 29))),
        ("Sun 29 March 2026 at 9:41pm", clock(21, 41, day=date(2026, 3, 29))),
        ("29.03.2026 09:41", clock(9, 41, day=date(2026, 3, 29))),
        ("28/3 09:41", clock(9, 41, day=date(2026, 3, 28))),
        ("4/1 09:41", clock(9, 41, day=date(2026, 4, 1))),
        ("4/3/2026 09:41", clock(9, 41, day=date(2026, 4, 3))),
    ],
)
def test_the_forms_that_people_write(text: str, expected: WallTime) -> None:
    """Each form gives the reading, the date and the zone that it states, and no more."""
    assert wall_time(text, NEAR) == expected


@pytest.mark.parametrize(
    "text", ["", "later", "25:00", "09:61", "13:05 am", "0:05 pm", "24:01", "+00:12", "5 min later", "2026-02-30 09:41", "30.30.2026 09:41", "1.2.3.4"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    """A text without a time of day, or with an impossible one, gives nothing."""
    assert wall_time(text, NEAR) is None


def test_a_year_is_the_nearest_one() -> None:
    """A date without a year belongs to the year that brings it nearest, also across New Year."""
    found = wall_time("31 Dec 23:50", date(2026, 1, 1))

    assert found is not None and found.day == date(2025, 12, 31)
    assert wall_time("31 Dec 23:50", None) is None


@pytest.mark.parametrize(
    ("day", "hour", "written", "usual", "hours_utc"),
    [
        (date(2026, 1, 15), 9, "", "Europe/Paris", 8),
        (date(2026, 7, 15), 9, "", "Europe/Paris", 7),
        (date(2026, 7, 15), 9, "CET", "Europe/Paris", 7),
        (date(2026, 7, 15), 9, "CET", "UTC", 8),
        (date(2026, 7, 15), 9, "PT", "UTC", 16),
        (date(2026, 7, 15), 9, "BST", "Europe/London", 8),
        (date(2026, 7, 15), 9, "UTC", "Europe/Paris", 9),
        (date(2026, 7, 15), 9, "GMT-5:30", "UTC", 14.5),
        (date(2026, 7, 15), 9, "", "+01:00", 8),
        (date(2026, 7, 15), 9, "", "PST", 17),
        (date(2026, 7, 15), 9, "", "UTC+2", 7),
    ],
)
def test_zones(day: date, hour: int, written: str, usual: str, hours_utc: float) -> None:
    """The written zone counts, else the usual one, with summer time; an abbreviation of the usual zone is the usual zone."""
    found = instants(day, hour * 3600, written, usual_zone(usual))

    assert found is not None and found[0] % 86_400 == hours_utc * 3600


def test_the_hour_that_comes_twice() -> None:
    """Where clocks go back a reading is two instants, unless the abbreviation tells which."""
    day, zone = date(2026, 10, 25), usual_zone("Europe/Paris")
    both, summer, winter = (instants(day, 9000, written, zone) for written in ("", "CEST", "CET"))

    assert both is not None and both[1] - both[0] == 3600
    assert summer == (both[0], both[0]) and winter == (both[1], both[1])


@pytest.mark.parametrize("written", ["IST", "XYZ", "Europe/Atlantis", "+25:00"])
def test_a_zone_that_nobody_can_know_gives_no_instant(written: str) -> None:
    """Letters of several meanings or of none leave the instant unknown."""
    assert instants(NEAR, 0, written, 0) is None


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "IST", "../etc/passwd"])
def test_an_unknown_usual_zone_is_an_error(name: str) -> None:
    """The zone of a whole timeline is not to be guessed either."""
    with pytest.raises(ConfigError, match="zone"):
        usual_zone(name)


@given(st.text(max_size=60), st.sampled_from([None, NEAR]))
def test_any_text_is_read_or_none(text: str, near: date | None) -> None:
    """No text makes it fail, and what it reads lies within a day."""
    found = wall_time(text, near)

    assert found is None or 0 <= found.second <= 86_400
