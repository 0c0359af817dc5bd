"""Times as people write them into a timeline: "2:05pm", "~14:10", "14:03 UTC", "Apr 10, 14:03 EDT", "2026-04-10 14:03".

What is written is taken apart, not completed: a missing date or zone is the caller's to know. A text that fits no form, or that
names a zone of several meanings, is None, never a guess. A range counts as its beginning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from .years import DAY_S, EPOCH_DAY, FIRST_YEAR, LAST_YEAR
from .zones import UnknownZoneError, in_utc, named_zone, offset_s, zone_of

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\.?"
DATES = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        r"(?<!\d)(?P<year>\d{4})[-/.](?P<number>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)(?:T(?=\d))?",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -]+(?:of )?{MONTH}(?:,?[ -]+(?P<year>\d{{4}})(?![\d:.]))?",
        rf"\b{MONTH} +(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])(?:,? +(?P<year>\d{{4}})(?![\d:.]))?",
        r"(?<![\d:.])(?P<first>\d{1,2})[/.](?P<second>\d{1,2})[/.](?P<year>\d{4})(?!\d)",
        r"(?<![\d:./])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d:./])",
    )
)
CLOCKS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        r"(?<![\d:.+-])(?P<hour>\d{1,2})(?:[:.]|h(?=\d))(?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d+)?)?(?!\d)(?: ?(?P<half>[ap])\.?m\b\.?)?",
        r"(?<![\d:.+-])(?P<hour>\d{1,2}) ?(?P<half>[ap])\.?m\b\.?",
        r"^[^\w+-]*(?P<hour>\d\d)(?P<minute>\d\d)(?=(?:h|hrs)?(?: ?\(?[a-z]{1,5}\)?)?\W*$)",
        r"\b(?P<word>noon|midnight)\b",
    )
)
RANGE_END = r"(?: ?(?:-|–|—|to) ?\d{1,2}(?:[:.]\d\d){1,2}(?!\d)(?: ?[ap]\.?m\b\.?)?)?"
ZONE = re.compile(
    RANGE_END + r"(?i:h\b| ?hrs?\b)? ?\(?(?P<zone>(?i:utc|gmt)? ?[+-]\d{1,2}(?::?\d\d)?(?![\d:])|(?i:z|utc|gmt)\b|[A-Z][A-Za-z]+/[A-Za-z_/]+|[A-Z]{2,5}\b)?",
    re.ASCII,
)
STAMP = re.compile(r"(?P<local>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>[+-]\d\d:?\d\d)", re.ASCII)
OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])(\d{1,2}):?(\d\d)?", re.ASCII | re.IGNORECASE)
REGIONS = {"PT": "America/Los_Angeles", "MT": "America/Denver", "CT": "America/Chicago", "ET": "America/New_York"}


@dataclass(frozen=True)
class WallTime:
    """A reading of a clock: `second` of the day (86,400 is midnight at its end), the `day` and the `zone` if they are written."""

    second: int
    day: date | None
    zone: str


def wall_time(text: str, near: date | None) -> WallTime | None:
    """What `text` says. `near`: the day that a date without a year, or one like 4/5/2026, lies nearest to."""
    plain = " ".join(text.split())[:200]
    stamp = STAMP.fullmatch(plain)
    if stamp is not None:
        plain = stamp["local"]
    rest, day = plain, None
    dated = next((found for form in DATES if (found := form.search(plain))), None)
    if dated is not None:
        day = _day(dated, near)
        rest = f"{plain[: dated.start()]} {plain[dated.end() :]}"
        if day is None:
            return None
    for form in CLOCKS:
        clock = form.search(rest)
        if clock is not None:
            second = _second(clock)
            return None if second is None else WallTime(second, day, stamp["zone"] if stamp else _written_zone(rest, clock.end()))
    return None


def _written_zone(text: str, place: int) -> str:
    """What stands after the clock's reading, or after the end of its range, and names a zone."""
    after = ZONE.match(text, place)
    zone = (after["zone"] or "").strip() if after else ""
    return zone.upper() if zone.lower() in ("z", "utc", "gmt") else zone


def instants(day: date, second: int, written: str, usual: ZoneInfo | int) -> tuple[int, int] | None:
    """Seconds since 1970 of a reading, twice: they differ in the hour that clocks show twice. None for an unknown zone.

    An abbreviation that belongs to the usual zone means that zone: people write PST in summer too.
    """
    if not FIRST_YEAR < day.year < LAST_YEAR:
        return None
    local_s = (day.toordinal() - EPOCH_DAY) * DAY_S + second
    try:
        found = in_utc(local_s, _zone(written, local_s, usual, day.year))
    except (UnknownZoneError, ValueError, OverflowError, OSError):
        return None
    return found.first, found.second


def usual_zone(name: str) -> ZoneInfo | int:
    """The zone of a whole timeline: a tz database name, an offset, or an abbreviation of one meaning. Raises ConfigError."""
    found = OFFSET.fullmatch(name)
    if found:
        return _offset(found)
    if name in REGIONS:
        return zone_of(REGIONS[name])
    try:
        return named_zone(name, 0, 0) if name else zone_of(name)
    except UnknownZoneError:
        return zone_of(name)


def _zone(written: str, local_s: int, usual: ZoneInfo | int, year: int) -> ZoneInfo | int:
    found = OFFSET.fullmatch(written)
    if found:
        return _offset(found)
    if isinstance(usual, ZoneInfo) and written in _names(usual, year):
        try:
            return named_zone(written, local_s, usual) if _twice(local_s, usual) else usual
        except UnknownZoneError:
            return usual
    return zone_of(REGIONS[written]) if written in REGIONS else named_zone(written, local_s, usual)


def _twice(local_s: int, zone: ZoneInfo) -> bool:
    found = in_utc(local_s, zone)
    return found.first != found.second and not found.gap


def _names(zone: ZoneInfo, year: int) -> set[str | None]:
    """What the zone calls itself in winter and in summer."""
    return {datetime(year, month, 15, tzinfo=zone).tzname() for month in (1, 7)}


def _offset(found: re.Match[str]) -> int:
    seconds = offset_s(f"{found[1]}{int(found[2]):02d}:{found[3] or '00'}")
    if seconds is None:
        raise UnknownZoneError(found[0])
    return seconds


def _second(clock: re.Match[str]) -> int | None:
    """The second of the day; None where the clock shows no such time."""
    parts = clock.groupdict()
    if parts.get("word"):
        return DAY_S // 2 if parts["word"].lower() == "noon" else 0
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower()
    wrong_half = (half == "a" and hour > 12) or (half == "p" and hour in (0, 24))
    if minute > 59 or second > 60 or hour > 24 or wrong_half:
        return None
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    total = hour * 3600 + minute * 60 + second
    return total if total <= DAY_S else None


def _day(found: re.Match[str], near: date | None) -> date | None:
    parts = found.groupdict()
    written = parts.get("year")
    years = [int(written)] if written else [near.year + off for off in (-1, 0, 1)] if near else []
    if parts.get("first"):
        one, two = int(parts["first"]), int(parts["second"])
        return _nearest([reading for year in years for reading in ((year, one, two), (year, two, one))], near)
    month = int(parts["number"]) if parts.get("number") else MONTHS.index(parts["month"][:3].lower()) + 1
    return _nearest([(year, month, int(parts["day"])) for year in years], near)


def _nearest(readings: list[tuple[int, int, int]], near: date | None) -> date | None:
    """The reading that is a date, the one nearest to `near` if several are; None where nothing settles it."""
    days = set()
    for year, month, day in readings:
        try:
            days.add(date(year, month, day))
        except ValueError:
            continue
    if len(days) > 1 and near is None:
        return None
    return min(days, key=lambda one: abs((one - near).days) if near else 0, default=None)
