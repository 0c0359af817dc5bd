"""Tests of the vectorised reading of a stream: equal to the one-by-one reading, whatever the batches and their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.layout import configured_layouts
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_columns import InnerStamps, inner_stamps
from retroline.normalize.stamp_reading import read_stamp
from retroline.normalize.stamps import NONE_NS

ZONES = ("UTC", "+02:00", "-03:30", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia")
SAMPLES = [sample.text for layout in layouts() for sample in layout.samples]
BARE = ["    at org.example.Main.run(Main.java:42)", "", "order 1795168800 shipped", "Caused by: x", '{"msg":"no time"}', "\x1b[2m2026-11-20 10:00:00\x1b[0m x"]
SHAPES = (
    "{t:%Y-%m-%d %H:%M:%S},{ms:03d} INFO x",
    "{t:%Y-%m-%dT%H:%M:%S}.{us:06d}Z INFO x",
    "{t:%Y-%m-%dT%H:%M:%S}.{ms:03d}+01:00 x",
    "[{t:%Y-%m-%d %H:%M:%S}] x",
    "{t:%Y/%m/%d %H:%M:%S} [error] 7#7: x",
    "{t:%Y-%m-%d %H:%M:%S} CET x",
    "{t:%Y-%m-%d %H:%M:%S} CST x",
    "I{t:%m%d %H:%M:%S}.{us:06d}       1 main.go:42] x",
    "<34>{t:%b} {t.day:2d} {t:%H:%M:%S} host app: x",
    '10.0.0.{ms} - - [{t:%d/%b/%Y:%H:%M:%S} +0200] "GET / HTTP/1.1" 200',
    "[{t:%a %b %d %H:%M:%S}.{us:06d} {t:%Y}] [core:error] x",
    "{t:%d.%m.%Y %H:%M:%S} x",
    "{t:%m/%d/%Y}, {t:%I:%M:%S %p} x",
    "{t:%d/%m/%Y %H:%M:%S} x",
    "{t:%H:%M:%S}.{ms:03d} INFO x",
    "{t:%y%m%d %H:%M:%S} x",
    "{t:%d-%b-%Y %H:%M:%S}.{ms:03d} INFO [main] x",
    "17:M {t:%d %b %Y %H:%M:%S}.{ms:03d} * x",
    "level=info ts={t:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z msg=x",
    '{{"level":"info","ts":{s}.{us:06d},"msg":"x"}}',
    '{{"time":"{t:%Y-%m-%dT%H:%M:%S}.{us:06d}Z","msg":"a \\"time\\": b"}}',
    '{{"a":{{"b":1}},"@timestamp":"{t:%Y-%m-%dT%H:%M:%S}.{ms:03d}+0100"}}',
    '{{"time":{s}{ms:03d},"Time":"x","timestamp":"{t:%Y-%m-%d %H:%M:%S}"}}',
    "{s}.{ms:03d}    231 10.0.0.4 TCP_MISS/200 x",
)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - drawn without a zone, which is given after
EDGES = [
    datetime(year, month, day, hour, minute, second, 999_999, UTC)
    for year in (1972, 2000, 2016, 2026, 2100)
    for month, day in ((1, 1), (2, 28), (3, 29), (10, 25), (12, 31))
    for hour, minute, second in ((0, 0, 0), (1, 59, 59), (2, 30, 0), (23, 59, 59))
]


def line(shape: str, at: datetime) -> str:
    """A line of this shape written at `at`."""
    return shape.format(t=at, ms=at.microsecond // 1000, us=at.microsecond, s=int(at.timestamp()))


def rows(found: InnerStamps) -> list[tuple[int, str, int, int] | None]:
    """What each line gave, null as None."""
    return [
        None if at == NONE_NS else (int(at), found.names[layout], int(before), int(after))
        for at, layout, before, after in zip(found.at_ns, found.layout, found.before_ns, found.after_ns, strict=True)
    ]


def one(text: str | bytes, zone: str, since: int | None, until: int | None, runtime: int | None = None) -> tuple[int, str, int, int] | None:
    """What the one-by-one reading gives."""
    found = read_stamp(text, zone=zone, since=since, until=until, runtime_ns=runtime)
    return found and (found.at_ns, found.format, found.before_ns, found.after_ns)


def columns(texts: list[bytes], zone: str, since: int | None, until: int | None, runtime: list[int] | None = None) -> list[tuple[int, str, int, int] | None]:
    """What the vectorised reading gives."""
    stamps = None if runtime is None else np.array(runtime, np.int64)
    return rows(inner_stamps(pa.array(texts, pa.binary()), zone=zone, since_ns=since, until_ns=until, runtime_ns=stamps))


@settings(max_examples=150, deadline=None)
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    ats=st.lists(st.one_of(moments, st.sampled_from(EDGES)), min_size=1, max_size=12),
    step=st.sampled_from([0, 1, 60, 3600, 86_400]),
    zone=st.sampled_from(ZONES),
    windowed=st.booleans(),
    runtime=st.booleans(),
    bare=st.lists(st.sampled_from(BARE + SAMPLES), max_size=4),
)
def test_columns_equal_one_by_one(*, shapes: list[str], ats: list[datetime], step: int, zone: str, windowed: bool, runtime: bool, bare: list[str]) -> None:
    """Over years, zones and edges the kernels say for each line what its own reading says."""
    moved = [at + timedelta(seconds=step * i) for i, at in enumerate(ats)]
    texts = [line(shapes[i % len(shapes)], at) for i, at in enumerate(moved)] + bare
    start = int(moved[0].timestamp()) * 10**9
    since, until = (start - 3600 * 10**9, start + 3600 * 10**9) if windowed else (None, None)
    stamps = [start + i * 10**9 * step for i in range(len(texts))] if runtime else None

    expected = [one(text, zone, since, until, None if stamps is None else stamps[i]) for i, text in enumerate(texts)]

    assert columns([text.encode() for text in texts], zone, since, until, stamps) == expected


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_batches_and_order_do_not_matter(zone: str) -> None:
    """All samples together, in any batch size and order, give what each gives alone."""
    texts = [text.encode() for text in (SAMPLES + BARE) * 3]
    since, until = 1_795_167_000_000_000_000, 1_795_170_600_000_000_000
    expected = [one(text, zone, since, until) for text in texts]
    order = np.random.default_rng(7).permutation(len(texts))

    assert columns(texts, zone, since, until) == expected
    assert columns([texts[i] for i in order], zone, since, until) == [expected[i] for i in order]
    for size in (1, 7, 100):
        if size > 1 or zone == "UTC":
            parts = [columns(texts[i : i + size], zone, since, until) for i in range(0, 60, size)]
            assert [row for part in parts for row in part][:60] == expected[:60]


@pytest.mark.parametrize("shape", SHAPES)
def test_streams_across_dst_and_year(shape: str) -> None:
    """A stream of one format over a fold, a gap and a year's end is read like its single lines."""
    for zone, at in (
        ("Europe/Paris", datetime(2026, 10, 25, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 12, 31, 22, tzinfo=UTC)),
    ):
        moments_here = [at + timedelta(seconds=97 * i, microseconds=1001 * i) for i in range(130)]
        local = [moment.astimezone(ZoneInfo(zone)) for moment in moments_here]
        texts = [line(shape, moment) for moment in local]
        start = int(at.timestamp()) * 10**9
        since, until = start, start + 4 * 3600 * 10**9
        stamps = [int(moment.timestamp()) * 10**9 + 5_000_000 for moment in moments_here]

        assert columns([t.encode() for t in texts], zone, since, until) == [one(t, zone, since, until) for t in texts]
        assert columns([t.encode() for t in texts], zone, None, None, stamps) == [one(t, zone, None, None, s) for t, s in zip(texts, stamps, strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([s.encode() for s in SAMPLES]).flatmap(lambda s: st.integers(0, len(s)).map(lambda n: s[:n]))),
        max_size=20,
    )
)
def test_dirt_is_read_alike(texts: list[bytes]) -> None:
    """Invalid UTF-8, cut lines and control characters neither crash nor differ."""
    since, until = 1_795_167_000_000_000_000, 1_795_170_600_000_000_000

    assert columns(texts, "UTC", since, until) == [one(text, "UTC", since, until) for text in texts]


def test_empty_and_null() -> None:
    """No lines give no rows, a null line gives null, strings do like bytes."""
    assert rows(inner_stamps(pa.array([], pa.binary()))) == []
    assert rows(inner_stamps(pa.array([None, "2026-11-20 10:00:00 x"], pa.string())))[0] is None
    assert rows(inner_stamps(pa.array(["2026-11-20 10:00:00 x"], pa.string())))[0] == one("2026-11-20 10:00:00 x", "UTC", None, None)


def test_unknown_runtime_falls_back_to_the_window() -> None:
    """A line whose runtime stamp is unknown takes its year from the window."""
    texts = pa.array([b"Nov 20 10:00:00 h a: x"] * 2, pa.binary())
    since, until = 1_795_167_000_000_000_000, 1_795_170_600_000_000_000
    found = inner_stamps(texts, since_ns=since, until_ns=until, runtime_ns=np.array([NONE_NS, 1_795_168_800_000_000_000 - 31_536_000_000_000_000]))

    assert found.at_ns.tolist() == [1_795_168_800_000_000_000, 1_795_168_800_000_000_000 - 31_536_000_000_000_000]


def test_own_layouts_apply_to_streams() -> None:
    """A configured layout, even one whose numbers are none, reads a stream like its single lines."""
    pattern = r"^mill (?P<day>[0-9]+)\.(?P<month>[^.]+)\.(?P<year>[0-9]+)/(?P<hour>[0-9]+)h(?P<minute>[0-9]+)"
    (own,) = configured_layouts([{"name": "mill", "pattern": pattern, "sample": "mill 20.11.2026/10h00", "expected": "2026-11-20T10:00:00Z"}])
    texts = ["mill 20.11.2026/10h05 x", "mill 20.x.2026/10h05 x", "2026-11-20 10:00:00 x"]
    found = inner_stamps(pa.array(texts), extra=[own])

    assert rows(found)[0] == (1_795_169_100_000_000_000, "mill", 0, 60 * 10**9)
    assert found.layout.tolist()[1] == -1
    assert rows(found)[2] == one(texts[2], "UTC", None, None)


def test_a_longer_fraction_is_not_cut() -> None:
    """A line whose stamp goes on where the first line's ends is read in full."""
    texts = ["2026年11月20日 10:00:07秒 x", "2026年11月20日 10:00:07.5秒 x", "2026年11月20日 10:00:08秒 x"]

    assert columns([t.encode() for t in texts], "UTC", None, None) == [one(t, "UTC", None, None) for t in texts]


@pytest.mark.parametrize(
    ("shows", "goes_on"),
    [
        ("2026/11/20 10:00:00 server up", "2026/11/20 10:00:00 PM server"),
        ("2026/11/20 10:00:00 Amber up", "2026/11/20 10:00:00 a.m. ser"),
        ("2026/11/20 10:00:00.server up", "2026/11/20 10:00:00.125 server"),
        ("2026-11-20 10:00:00, server up", "2026-11-20 10:00:00,125 server"),
        ("Nov 20 10:00:00 2026 host app", "Nov 20 10:00:00 2026 CET host"),
        ("20.11.2026 10:00:00 [x] up", "20.11.2026 10:00:00 +0100 up"),
    ],
)
def test_a_stamp_may_go_on_where_another_ends(shows: str, goes_on: str) -> None:
    """A fraction, AM or PM, or a zone is taken, though lines of the same stream have none and are the same up to there."""
    lines = [shows] * 5 + [goes_on] * 5
    expected = [stamp.at_ns if (stamp := read_stamp(line)) else NONE_NS for line in lines]

    assert inner_stamps(pa.array(lines)).at_ns.tolist() == expected
    assert inner_stamps(pa.array(lines[::-1])).at_ns.tolist() == expected[::-1]
