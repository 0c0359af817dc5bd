"""Times as people write them: zones, ages, now; and what is said of everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.errors import ConfigError
from retroline.collectors.window import Window
from retroline.normalize.stamps import instant_ns
from retroline.terminal.times import incident_id, parse_time, parse_window

SECOND = 1_000_000_000
NOW = 1_795_224_000 * SECOND + 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T01:20:00Z", "2026-11-21T01:20:00Z"),
        ("2026-11-21T02:20:00+01:00", "2026-11-21T01:20:00Z"),
        ("2026-11-20T20:20:00.5-0500", "2026-11-21T01:20:00.5Z"),
        ("2026-11-21 01:20Z", "2026-11-21T01:20:00Z"),
        ("2026-11-21T02:20+01:00", "2026-11-21T01:20:00Z"),
        (" 2026-11-21t01:20:00z ", "2026-11-21T01:20:00Z"),
    ],
)
def test_iso_with_a_zone(text: str, expected: str) -> None:
    """A time with any zone is the instant it names; seconds may be left out."""
    assert parse_time(text, NOW, "--since") == instant_ns(expected)


@pytest.mark.parametrize(("text", "seconds"), [("now", 0), ("30s", 30), ("5m", 300), ("2h", 7200), ("1.5h", 5400), ("3d", 259_200), ("1w", 604_800), ("0s", 0)])
def test_ages(text: str, seconds: int) -> None:
    """An age is before the present that was given."""
    assert parse_time(text, NOW, "--since") == NOW - seconds * SECOND


@pytest.mark.parametrize("text", ["2026-11-21T01:20:00", "2026-11-21 01:20", "2026-11-21", "2026-11-21T01:20:00.123"])
def test_a_time_without_zone_is_refused(text: str) -> None:
    """Without a zone nothing is guessed; the sentence says how to write it."""
    with pytest.raises(ConfigError, match=r"--since .* has no zone: write 2026-11-21T01:20:00Z"):
        parse_time(text, NOW, "--since")


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2h ago", "-2h", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", "1795224000", "5", "h", "9999999999999w", "1" * 400 + "s", "\u0000"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Anything else is one sentence that says what would do."""
    with pytest.raises(ConfigError, match=r"is no time that retroline knows: write .* or an age such as 2h"):
        parse_time(text, NOW, "--until")


@given(st.text(max_size=20) | st.from_regex(r"\A\d{1,30}(\.\d{1,5})?[smhdw]\Z") | st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?\Z"))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """Whatever is typed gives an instant that can be written out, or a ConfigError."""
    try:
        at_ns = parse_time(text, NOW, "--since")
    except ConfigError:
        return
    assert incident_id(Window(at_ns, at_ns + 1)).endswith("Z")


def test_a_window() -> None:
    """Both ends together, half-open."""
    assert parse_window({"since": "1h", "until": "now"}, NOW) == Window(NOW - 3600 * SECOND, NOW)


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (None, "now", "--since is missing"),
        ("2h", None, "--until is missing"),
        ("1h", "2h", "--since 1h is not before --until 2h"),
        ("now", "now", "--since now is not before --until now"),
    ],
)
def test_half_a_window_and_one_the_wrong_way_round(since: str | None, until: str | None, said: str) -> None:
    """A missing end and an end before the start are named."""
    with pytest.raises(ConfigError, match=said):
        parse_window({"since": since, "until": until}, NOW)


def test_an_incident_is_named_after_its_start() -> None:
    """The id is the window's start to the minute."""
    since = instant_ns("2026-11-21T01:19:35.5Z") or 0

    assert incident_id(Window(since, since + 1)) == "20261121T0119Z"
