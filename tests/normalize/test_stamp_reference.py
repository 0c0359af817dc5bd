"""Every layout against a slow reference: its samples are rewritten for any moment of 1970 to 2100, and must give that moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.layout import Layout, Sample
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_reading import head, read_stamp
from retroline.normalize.zones import ABBREVIATIONS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"epoch_s": 10**9, "epoch_ms": 10**6, "epoch_us": 1000, "epoch_ns": 1}
PAIRS = [(layout, sample) for layout in layouts() for sample in layout.samples if "\n" not in sample.text or layout.name.startswith("mysql")]
CONFIGURED = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "+05:45")


def ns(at: datetime) -> int:
    """Nanoseconds since 1970 by whole days, seconds and microseconds."""
    past = at - EPOCH
    return (past.days * 86_400 + past.seconds) * 10**9 + past.microseconds * 1000


def zone_of(text: str, configured: str) -> tzinfo:
    """The zone that a line names, or the configured one, by the standard library."""
    text = text.strip() or configured
    if text in ("Z", "z", "UTC"):
        return UTC
    if text in ABBREVIATIONS:
        return timezone(timedelta(seconds=ABBREVIATIONS[text][0]))
    if text[0] in "+-":
        minutes = int(text[1:3]) * 60 + int(text[3:].replace(":", "") or 0)
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return ZoneInfo(text)


def written(name: str, old: str, at: datetime, fraction: str) -> str:
    """What stands in a group for `at`, in the style of the sample's own text."""
    if name == "name":
        new = at.strftime("%B") if len(old) > 4 else at.strftime("%b")
        return new.upper() if old.isupper() else new.lower() if old.islower() else new
    if name == "half":
        return " AM" * old.startswith(" ") + "AM" * (not old.startswith(" ")) if at.hour < 12 else old.upper().replace("A", "P")
    numbers = {
        "year": at.year if len(old) == 4 else at.year % 100, "month": at.month, "day": at.day, "minute": at.minute, "second": at.second,
        "hour": at.hour, "week": at.isocalendar().week, "weekday": at.isoweekday(), "ordinal": at.timetuple().tm_yday,
    }  # fmt: skip
    if name == "fraction":
        return fraction[: len(old)]
    return f"{numbers[name]:0{len(old)}d}"


def rewritten(layout: Layout, sample: Sample, at: datetime, fraction: str) -> str:
    """The sample written at the local moment `at`."""
    text = head(sample.text.encode()).decode()
    match = layout.expression.search(text.encode())
    assert match is not None
    spans = sorted(((match.span(name), name) for name in layout.groups if match[name]), reverse=True)
    names = {name for _, name in spans}
    raw = text.encode()
    for (first, last), name in spans:
        old = raw[first:last].decode()
        if name in ("zone", "bias"):
            continue
        if name in ("one", "two"):
            value = at.day if (name == "one") == day_first(sample) else at.month
            new = f"{value:0{len(old)}d}"
        elif name == "hour" and "half" in names:
            new = f"{at.hour % 12 or 12:0{len(old)}d}"
        elif name == "year" and "week" in names:
            new = str(at.isocalendar().year)
        else:
            new = written(name, old, at, fraction)
        raw = raw[:first] + new.encode() + raw[last:]
    return raw.decode()


def day_first(sample: Sample) -> bool:
    """Whether the sample's numbers stand as day and month."""
    return "20/11" in sample.text or "20-11" in sample.text


@pytest.mark.parametrize(
    ("layout", "sample"), [p for p in PAIRS if not any(g.startswith(("epoch", "tai", "file")) for g in p[0].groups)], ids=lambda p: getattr(p, "name", "")
)
def test_dated_layouts(layout: Layout, sample: Sample) -> None:
    """A layout gives the moment that it was written for, in its zone or the configured one; a fold or a gap as an interval."""

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.datetimes(datetime(1970, 1, 3), datetime(2067, 12, 29)), st.from_regex(r"[0-9]{9}", fullmatch=True), st.sampled_from(CONFIGURED))  # noqa: DTZ001 - drawn without a zone, which is given after
    def agrees(at: datetime, fraction: str, configured: str) -> None:
        match = layout.expression.search(head(sample.text.encode()))
        assert match is not None
        if not match.groupdict().get("second"):
            at = at.replace(second=0)
        groups = {name: (value or b"").decode() for name, value in match.groupdict().items()}
        at = at.replace(microsecond=0)
        if ABBREVIATIONS.get(groups.get("zone", "").strip()) == ():
            return
        zone: tzinfo = timezone(timedelta(minutes=int(groups["bias"]))) if groups.get("bias") else zone_of(groups.get("zone", ""), layout.zone or configured)
        text = rewritten(layout, sample, at, fraction)
        nanos = int(fraction[: len(groups.get("fraction", ""))].ljust(9, "0"))
        both = sorted(ns(at.replace(tzinfo=zone, fold=fold)) + nanos for fold in (0, 1))
        found = read_stamp(text, zone=configured, since=both[0] - 60 * 10**9, until=both[1] + 60 * 10**9)

        assert found is not None, text
        assert found.at_ns - found.before_ns <= both[0] and both[1] < found.at_ns + found.after_ns, (text, found)
        assert both[0] != both[1] or (found.at_ns == both[0] and found.before_ns == 0), (text, found)

    agrees()


@pytest.mark.parametrize(("layout", "sample"), [p for p in PAIRS if p[0].groups & {*UNITS, "epoch", "epoch_near"}], ids=lambda p: getattr(p, "name", ""))
def test_counted_layouts(layout: Layout, sample: Sample) -> None:
    """A count gives its moment exactly, to the last digit that it writes."""

    @settings(max_examples=25, deadline=None, database=None)
    @given(st.integers(10**8 * 10, 4_133_980_799), st.from_regex(r"[0-9]{9}", fullmatch=True))
    def agrees(seconds: int, fraction: str) -> None:
        text = head(sample.text.encode())
        match = layout.expression.search(text)
        assert match is not None
        name = next(name for name, value in match.groupdict().items() if value and name.startswith("epoch"))
        (first, last), old = match.span(name), match[name].decode()
        if "e" in old:
            digits = f"{seconds}{fraction}"[: len(old.partition("e")[0]) - 1]
            new, nanos = f"{digits[0]}.{digits[1:]}e+09", int(digits[10:].ljust(9, "0"))
        else:
            whole, dot, part = old.partition(".")
            extra = fraction[: len(whole) - 10]
            decimals = fraction[len(extra) : len(extra) + len(part)]
            new, nanos = f"{seconds}{extra}{dot}{decimals}", int((extra + decimals).ljust(9, "0"))
        at = seconds * 10**9 + nanos
        found = read_stamp(text[:first] + new.encode() + text[last:], since=at, until=at + 1)

        assert found is not None and found.at_ns == at, (new, found)

    agrees()


@pytest.mark.parametrize("text", ["{t}T23:59:60Z", "{t} 23:59:60,5 x", "[{t} 23:59:60] x"])
def test_leap_seconds(text: str) -> None:
    """A leap second is the second that follows."""
    for day, after in (("1972-06-30", "1972-07-01"), ("2016-12-31", "2017-01-01")):
        found = read_stamp(text.format(t=day))

        assert found is not None and found.at_ns // 10**9 * 10**9 == ns(datetime.fromisoformat(f"{after}T00:00:00+00:00"))
