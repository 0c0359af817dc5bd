"""The one module that parses times, against datetime's and Decimal's arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.stamps import LAST_NS, NONE_NS, UNIT_NS, fits, instant_ns, instants

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = EPOCH.replace(day=2, tzinfo=None), EPOCH.replace(year=2200, month=12, day=31, tzinfo=None)
LAYOUTS = ["rfc3339", *UNIT_NS]


@st.composite
def rfc3339(draw: st.DrawFn) -> tuple[str, int]:
    """A stamp as some API may write it, and its nanoseconds by datetime's arithmetic."""
    local = draw(st.datetimes(FIRST, LAST)).replace(microsecond=0)
    fraction = draw(st.text("0123456789", max_size=9))
    offset = draw(st.sampled_from(["Z", "z"]) | st.tuples(st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59), st.sampled_from([":", ""])))
    between = draw(st.sampled_from("Tt "))
    point = draw(st.sampled_from(".,")) if fraction else ""
    zone, text = timedelta(), str(offset)
    if isinstance(offset, tuple):
        sign, hours, minutes, colon = offset
        zone = timedelta(hours=hours, minutes=minutes) * (-1 if sign == "-" else 1)
        text = f"{sign}{hours:02d}{colon}{minutes:02d}"
    seconds = (local.replace(tzinfo=UTC) - zone - EPOCH) // timedelta(seconds=1)
    return f"{local:%Y-%m-%d}{between}{local:%H:%M:%S}{point}{fraction}{text}", seconds * 10**9 + int(fraction.ljust(9, "0"))


@st.composite
def epoch(draw: st.DrawFn) -> tuple[str, str, int]:
    """A layout, a number in it, and its nanoseconds by Decimal's arithmetic; digits below a nanosecond are cut."""
    layout = draw(st.sampled_from(sorted(UNIT_NS)))
    unit = UNIT_NS[layout]
    whole = draw(st.integers(-(LAST_NS // unit) + 2, LAST_NS // unit - 2))
    fraction = draw(st.text("0123456789", max_size=9))
    sign = "-" if whole < 0 else draw(st.sampled_from(["", "-"])) if whole == 0 else ""
    text = f"{sign}{abs(whole)}" + (f".{fraction}" if fraction else "")
    return text, layout, int((Decimal(text) * unit).to_integral_value(ROUND_DOWN))


@settings(deadline=None)
@given(st.lists(rfc3339(), min_size=1))
def test_stamps_with_a_zone_are_exact(stamps: list[tuple[str, int]]) -> None:
    """Any date from 1970 to 2200, any offset, no to nine decimals: the nanosecond that was written, alone and in a column."""
    texts = [text for text, _ in stamps]

    assert [at for _, at in stamps] == [instant_ns(text) for text in texts]
    assert [at for _, at in stamps] == instants(pa.array(texts), "rfc3339").tolist()
    assert all(fits(text) for text in texts)


@settings(deadline=None)
@given(epoch())
def test_epochs_are_exact(given_: tuple[str, str, int]) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds as text, with or without decimals, lose nothing."""
    text, layout, at = given_

    assert at == instant_ns(text, layout)
    assert [at] == instants(pa.array([text]), layout).tolist()


@settings(deadline=None)
@given(st.lists(st.none() | rfc3339().map(lambda pair: pair[0]) | epoch().map(lambda triple: triple[0]) | st.text(max_size=40)), st.sampled_from(LAYOUTS))
def test_a_column_gives_what_its_stamps_give_alone(texts: list[str | None], layout: str) -> None:
    """Whatever stands in a column, in whatever mixture, no neighbour changes a stamp's instant."""
    alone = [instant_ns(text, layout) for text in texts]

    assert [NONE_NS if at is None else at for at in alone] == instants(pa.array(texts, pa.string()), layout).tolist()


@settings(deadline=None)
@given(st.from_regex(r"-?\d{1,25}(\.\d{0,25})?([eE][+-]?\d{1,4})?", fullmatch=True, alphabet=st.characters(codec="ascii")), st.sampled_from(sorted(UNIT_NS)))
def test_numbers_of_any_size_agree_and_never_raise(text: str, layout: str) -> None:
    """Numbers too far away for a signed 64-bit count are null, alike in a column and alone."""
    at = instant_ns(text, layout)

    assert [NONE_NS if at is None else at] == instants(pa.array([text]), layout).tolist()
    assert at is None or abs(at) < LAST_NS


@settings(deadline=None)
@given(st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d{1,12})?(Z|[+-]\d\d:?\d\d)", fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_dates_that_do_not_exist_agree_and_never_raise(text: str) -> None:
    """The 31st of February, hour 24, minute 77: null, alike in a column and alone."""
    at = instant_ns(text)

    assert [NONE_NS if at is None else at] == instants(pa.array([text]), "rfc3339").tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T01:21:39.152Z", 1_795_224_099_152_000_000),
        ("2026-11-21T01:21:39.1Z", 1_795_224_099_100_000_000),
        ("2026-11-21T02:21:39.152000001+01:00", 1_795_224_099_152_000_001),
        ("2026-11-20T19:51:39-0530", 1_795_224_099_000_000_000),
        ("2026-11-21 01:21:39,152Z", 1_795_224_099_152_000_000),
        ("2026-11-21T01:21:39.1234567899Z", 1_795_224_099_123_456_789),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
    ],
)
def test_forms_of_the_four_apis(text: str, expected: int) -> None:
    """Trimmed zeros, offsets with and without colon, a comma, more digits than a nanosecond has, a leap second and a leap day."""
    assert expected == instant_ns(text)
    assert [expected] == instants(pa.array([text]), "rfc3339").tolist()


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "",
        "2026-11-21T01:21:39",
        "2026-11-21",
        "01:21:39Z",
        "2026-11-21T01:21Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T01:60:00Z",
        "2026-11-21T01:21:61Z",
        "2026-11-21T01:21:39+24:00",
        "2026-11-21T01:21:39+01:60",
        "2026-11-21T01:21:39.Z",
        " 2026-11-21T01:21:39Z",
        "2026-11-21T01:21:39Z\n",
        "2026-11-21T01:21:39Zulu",
        "٢٠٢٦-11-21T01:21:39Z",
        "9999-12-31T23:59:59Z",
        "2026-11-21T01:21:39 CET",
        "null",
    ],
)
def test_what_is_no_stamp_is_null(text: str) -> None:
    """Go's zero time, a stamp without a zone, a date that does not exist and any dirt are null, never a guess."""
    assert instant_ns(text) is None
    assert instants(pa.array([text]), "rfc3339").tolist() == [NONE_NS]


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("1795224099.152", "epoch_s", 1_795_224_099_152_000_000),
        ("1795224099", "epoch_s", 1_795_224_099_000_000_000),
        ("1.795224099152e9", "epoch_s", 1_795_224_099_152_000_000),
        ("1795224099152", "epoch_ms", 1_795_224_099_152_000_000),
        ("1795224099152.5", "epoch_ms", 1_795_224_099_152_500_000),
        ("1795224099152000.001", "epoch_us", 1_795_224_099_152_000_001),
        ("1795224099152000001", "epoch_ns", 1_795_224_099_152_000_001),
        ("-0.5", "epoch_s", -500_000_000),
        ("0." + "9" * 38, "epoch_s", 999_999_999),
        ("NaN", "epoch_s", None),
        ("+Inf", "epoch_s", None),
        ("1e400", "epoch_s", None),
        ("1795224099152000001", "epoch_s", None),
        ("", "epoch_s", None),
        ("1 795", "epoch_s", None),
        ("1_795", "epoch_s", None),
    ],
)
def test_forms_of_epochs(text: str, layout: str, expected: int | None) -> None:
    """Numbers as Prometheus and log shippers write them; what is no number, or too far away, is null."""
    assert expected == instant_ns(text, layout)
    assert [NONE_NS if expected is None else expected] == instants(pa.array([text]), layout).tolist()


def test_nulls_and_empty_columns() -> None:
    """A null stays null, nothing gives nothing, and a chunked column is one column."""
    chunked = pa.chunked_array([["2026-11-21T01:21:39Z"], [None], []], pa.string())

    assert instant_ns(None) is None
    assert instants(chunked, "rfc3339").tolist() == [1_795_224_099_000_000_000, NONE_NS]
    assert instants(pa.array([], pa.string()), "epoch_s").dtype == np.int64


def test_stamps_without_a_zone_do_not_fit() -> None:
    """`fits` asks for the shape with a zone, whether the date exists or not."""
    assert not fits("2026-11-21T01:21:39")
    assert fits("2026-99-99T01:21:39Z")
