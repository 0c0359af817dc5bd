"""Tests of the stamp that an application wrote into its line, one record at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import retroline
from retroline.collectors.errors import ConfigError
from retroline.normalize.layout import Layout, Sample, checked, configured_layouts
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_reading import Failure, bound_ns, disproved, explain, head, proven, read_stamp

AT = 1_795_168_800_000_000_000  # 2026-11-20T10:00:00Z
WINDOW = {"since": "2026-11-20T09:30:00Z", "until": "2026-11-20T10:30:00Z"}


@pytest.mark.parametrize("layout", layouts(), ids=lambda layout: layout.name)
def test_samples_prove_every_layout(layout: Layout) -> None:
    """Each sample gives its instant with its own layout alone."""
    assert disproved(layout) == []


@pytest.mark.parametrize(("layout", "sample"), [(each, s) for each in layouts() for s in each.samples], ids=lambda x: getattr(x, "name", ""))
def test_no_layout_above_takes_a_sample(layout: Layout, sample: Sample) -> None:
    """In the whole table each sample still gives its instant, whichever layout reads it."""
    found = read_stamp(sample.text, zone=sample.zone, since=sample.since, until=sample.until)

    assert found is not None
    assert found.at_ns == bound_ns(sample.expected)


def test_names_are_unique() -> None:
    """No two layouts share a name."""
    names = [layout.name for layout in layouts()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "text",
    [
        '{"level":"info","ts":1795168800.125,"msg":"x"}',
        '{"level":30,"time":1795168800125,"pid":7}',
        '{"ts":"1795168800125000"}',
        '{"time":1795168800125000000}',
        '{"@timestamp":"2026-11-20T11:00:00.125+0100","message":"2020-01-01T00:00:00Z"}',
        '{"t":{"$date":"2026-11-20T10:00:00.125+00:00"},"s":"I"}',
        '{"timestamp":{"seconds":1795168800,"nanos":125000000}}',
        '{"instant":{"epochSecond":1795168800,"nanoOfSecond":125000000},"level":"INFO"}',
        '{"__REALTIME_TIMESTAMP":"1795168800125000","MESSAGE":"x"}',
        '{"context":{"time":"2020-01-01T00:00:00Z"},"time":"2026-11-20T10:00:00.125Z"}',
        '{"msg":"\\"time\\":\\"2020-01-01T00:00:00Z\\"","time":"2026-11-20T10:00:00.125Z"}',
        '{"time":"2026-11-20T10:00:00.125Z","msg":"cut',
        '{"ts":1.795168800125e+09,"msg":"zap"}',
        '{"date":"2026-11-20","time":"10:00:00.125","msg":"two keys"}',
        '{"Timestamp":"/Date(1795168800125)/"}',
        '[{"time":"2026-11-20T10:00:00.125Z"}]',
        '{\n  "time": "2026-11-20T10:00:00.125Z"\n}',
        '{"log":"2020-01-01T00:00:00Z x\\n","stream":"stdout","time":"2026-11-20T10:00:00.125Z"}',
        '2026-11-20T10:00:00.125Z {"time":"2020-01-01T00:00:00Z"}',
        '2026-11-20T10:00:05.5+00:00 10.0.0.4 {"timestamp":"2026-11-20T10:00:00.125Z"}',
    ],
)
def test_json_keys(text: str) -> None:
    """The record's own time key is read, of any unit, never one inside a nested object or a text."""
    found = read_stamp(text)

    assert found is not None
    assert found.at_ns == AT + 125_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "    at org.example.Main.run(Main.java:42)",
        "Traceback (most recent call last):",
        '  File "/app/main.py", line 1795168800, in run',
        "order 1795168800 shipped to 10.0.0.4",
        "1795168800 items in the queue",
        "deadbeef-1795-4688-8001-0123456789ab",
        "10.20.26.10 00:00",
        "version 2026.11.20 ready",
        "v1.2.3-20261120100000-abcdef",
        "[12345.678901] eth0: link up",
        '{"id":1795168800,"msg":"no time key"}',
        '{"time":12.5,"msg":"a duration"}',
        '{"ts":"soon"}',
        "select * from t where created > '2026-11-20 10:00:00'",
        "2026-13-45 10:00:00 no such date",
        "2026-02-29 10:00:00 no such day",
        "2026-11-20 25:00:00 no such hour",
        "2026-11-20 24:00:01 past midnight",
        "<34>1 - host app 1 - - hello",
        "0001-01-01T00:00:00Z Go's zero time",
        "INFO[0000] started",
        "Nov 20 10:00:00 host app: no year and no window",
        "10:00:00.125 INFO no date and no window",
        "I1120 10:00:00.125000       1 main.go:42] no year and no window",
        "03/04/2026 10:00:00 day or month",
        "2026-11-20 10:00:00 IST which one",
        "2026-11-20T10:00:00[Europe/Base] nowhere",
    ],
)
def test_no_time_is_invented(text: str) -> None:
    """What is no stamp, or cannot be completed, is null and has a reason."""
    assert read_stamp(text) is None
    assert isinstance(explain(text), Failure)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-11-20 10:00:00 x", "Europe/Paris", "2026-11-20T09:00:00Z"),
        ("2026-11-20 10:00:00 x", "-02:00", "2026-11-20T12:00:00Z"),
        ("2026-11-20T10:00:00z x", "Europe/Paris", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00-00:00 x", "Europe/Paris", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00+05:45 x", "UTC", "2026-11-20T04:15:00Z"),
        ("2026-11-20 10:00:00 BST x", "Europe/London", None),
        ("2026-07-20 10:00:00 BST x", "Europe/London", "2026-07-20T09:00:00Z"),
        ("2026-11-20 10:00:00 CST x", "America/Chicago", "2026-11-20T16:00:00Z"),
        ("2026-11-20 10:00:00 CST x", "Asia/Shanghai", "2026-11-20T02:00:00Z"),
        ("2026-11-20 10:00:00 CST x", "UTC", None),
        ("2026-12-31T23:59:60Z x", "UTC", "2027-01-01T00:00:00Z"),
        ("2026-11-20 24:00:00 x", "UTC", "2026-11-21T00:00:00Z"),
        ("2026-10-25 02:30:00 CET x", "Europe/Paris", "2026-10-25T01:30:00Z"),
        ("2026-10-25 02:30:00 CEST x", "Europe/Paris", "2026-10-25T00:30:00Z"),
    ],
)
def test_zones(text: str, zone: str, expected: str | None) -> None:
    """A stamp's own zone counts, an ambiguous abbreviation only where the configured zone agrees."""
    found = read_stamp(text, zone=zone)

    assert (found and found.at_ns) == bound_ns(expected)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 10:00:00 PM x",
        "2026/11/20 10:00:00 pm x",
        "[20.11.2026 10:00:00 PM] x",
        "20-Nov-2026 10:00:00.000 PM x",
        "Friday, November 20, 2026 10:00:00 PM x",
    ],
)
def test_halves_of_the_day(text: str) -> None:
    """AM and PM count wherever they stand behind a time."""
    found = read_stamp(text)

    assert found is not None and found.at_ns == AT + 12 * 3600 * 10**9


def test_fold_and_gap_are_intervals() -> None:
    """An hour that happens twice, or never, is given as an interval; the window settles the fold."""
    fold = read_stamp("2026-10-25 02:30:00 x", zone="Europe/Paris")
    gap = read_stamp("2026-03-29 02:30:00 x", zone="Europe/Paris")
    known = read_stamp("2026-10-25 02:30:00 x", zone="Europe/Paris", since="2026-10-25T01:00:00Z", until="2026-10-25T02:00:00Z")

    assert fold is not None and gap is not None and known is not None
    assert (fold.at_ns, fold.after_ns) == (bound_ns("2026-10-25T00:30:00Z"), 3601 * 10**9)
    assert (gap.at_ns, gap.before_ns, gap.after_ns) == (bound_ns("2026-03-29T01:30:00Z"), 3600 * 10**9, 10**9)
    assert (known.at_ns, known.after_ns) == (bound_ns("2026-10-25T01:30:00Z"), 10**9)


def test_year_end() -> None:
    """A line without a year takes the year that puts it nearest to the window or to the runtime's stamp."""
    window = {"since": "2026-12-31T23:00:00Z", "until": "2027-01-01T01:00:00Z"}
    old, new = read_stamp("Dec 31 23:30:00 h a: x", **window), read_stamp("Jan  1 00:30:00 h a: x", **window)
    klog = read_stamp("E1231 23:59:59.900000       1 a.go:1] x", runtime_ns=bound_ns("2027-01-01T00:00:00.1Z"))

    assert old is not None and old.at_ns == bound_ns("2026-12-31T23:30:00Z")
    assert new is not None and new.at_ns == bound_ns("2027-01-01T00:30:00Z")
    assert klog is not None and klog.at_ns == bound_ns("2026-12-31T23:59:59.9Z")


def test_resolution_and_name() -> None:
    """A stamp carries the layout, the zone it was read in, and the width of its last digit."""
    stamp = read_stamp("[2026-11-20 11:00:00,125] INFO x", zone="Europe/Paris")

    assert stamp is not None
    assert (stamp.at_ns, stamp.format, stamp.zone, stamp.before_ns, stamp.after_ns) == (AT + 125_000_000, "iso", "Europe/Paris", 0, 1_000_000)


def test_coloured_and_marked_lines() -> None:
    """Colours, a byte order mark and blank lines before the stamp do not hide it."""
    for text in ("\x1b[2m2026-11-20T10:00:00Z\x1b[0m \x1b[32mINFO\x1b[0m x", "\ufeff2026-11-20 10:00:00 x", "\r\n\n2026-11-20 10:00:00 x"):
        found = read_stamp(text)
        assert found is not None and found.at_ns == AT
    assert head(b"\x1b[1m2026") == b"2026"


def test_bounds_are_instants() -> None:
    """A window is given in nanoseconds, RFC 3339 or aware datetimes; anything else is refused."""
    for since, until in (
        (AT - 1, AT + 1),
        ("2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z"),
        (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)),
    ):
        found = retroline.read_stamp("Nov 20 10:00:00 host app: x", since=since, until=until)
        assert found is not None and found.at_ns == AT
    with pytest.raises(ConfigError, match="no zone"):
        read_stamp("x", since=datetime(2026, 11, 20))  # noqa: DTZ001 - what is refused here
    with pytest.raises(ConfigError, match="no instant"):
        read_stamp("x", since="yesterday")
    with pytest.raises(ConfigError, match="no zone 'Mars/Base'"):
        read_stamp("x", zone="Mars/Base")


def test_own_layouts() -> None:
    """A layout from the configuration is read before the built-in ones; one that proves nothing is refused."""
    table = {
        "name": "mill",
        "pattern": r"^mill (?P<day>[0-9]+)\.(?P<month>[0-9]+)\.(?P<year>[0-9]+)/(?P<hour>[0-9]+)h(?P<minute>[0-9]+)",
        "sample": "mill 20.11.2026/10h00",
        "expected": "2026-11-20T10:00:00Z",
    }
    (own,) = configured_layouts([table])
    found = read_stamp("mill 20.11.2026/10h00 turning", extra=[own])

    assert disproved(own) == []
    assert found is not None and (found.at_ns, found.format, found.after_ns) == (AT, "mill", 60 * 10**9)
    for broken, said in (
        ({"sample": ""}, "lacks sample"),
        ({"pattern": "x"}, "does not start"),
        ({"pattern": "^("}, "does not compile"),
        ({"pattern": "^(?P<year>.)"}, "gives no instant"),
        ({"pattern": "^(?P<era>.)"}, "mean nothing"),
        ({"color": "red"}, "unknown settings"),
    ):
        with pytest.raises(ConfigError, match=said):
            configured_layouts([{**table, **broken}])
    with pytest.raises(ConfigError, match=r"its sample 'mill 21\.11.2026/10h00' gives"):
        proven(configured_layouts([{**table, "sample": "mill 21.11.2026/10h00"}]))
    with pytest.raises(ConfigError, match="no sample"):
        checked(Layout("x", "^(?P<epoch>[0-9]{10})", ()))
