"""Dates that a stamp leaves out: the year (klog, RFC 3164), the whole date (a time of day), or which number is the month.

They are settled by a reference: the runtime's stamp of the same line, else the window that the lines lie in. Without a
reference, or where the reference fits several dates, there is no date: null, never a guess. Days are counted from 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

DAY_S = 86_400
DAY_NS = DAY_S * 1_000_000_000
EPOCH_DAY = date(1970, 1, 1).toordinal()
FIRST_YEAR, LAST_YEAR = 1970, 2199
FAR_DAYS = 183
SLACK_S = 2 * 3600


@dataclass(frozen=True)
class Reference:
    """Seconds since 1970 between which a record is expected, both ends included."""

    since_s: int
    until_s: int

    @property
    def days(self) -> tuple[int, int]:
        """The local dates, in any zone, that the reference may touch."""
        return (self.since_s - DAY_S // 2) // DAY_S, (self.until_s + DAY_S // 2) // DAY_S


def reference(runtime_ns: int | None, since_ns: int | None, until_ns: int | None) -> Reference | None:
    """What settles an incomplete date: the runtime's stamp before the window; an open window settles nothing."""
    if runtime_ns is not None:
        return Reference(runtime_ns // 1_000_000_000, runtime_ns // 1_000_000_000)
    if since_ns is None or until_ns is None or since_ns > until_ns:
        return None
    return Reference(since_ns // 1_000_000_000, until_ns // 1_000_000_000)


def day_number(year: int, month: int, day: int) -> int | None:
    """Days since 1970-01-01 of a date, None where there is no such date or it is out of range."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day).toordinal() - EPOCH_DAY
    except ValueError:
        return None


def week_day(year: int, week: int, weekday: int) -> int | None:
    """Days since 1970-01-01 of an ISO 8601 week date."""
    try:
        found = date.fromisocalendar(year, week, weekday)
    except ValueError:
        return None
    return day_number(found.year, found.month, found.day)


def ordinal_day(year: int, number: int) -> int | None:
    """Days since 1970-01-01 of the `number`th day of a year."""
    first, after = day_number(year, 1, 1), day_number(year + 1, 1, 1)
    if first is None or after is None or not 1 <= number <= after - first:
        return None
    return first + number - 1


def full_year(two: int) -> int:
    """POSIX strptime's reading of %y: 69 to 99 are 1969 to 1999."""
    return two + (1900 if two >= 69 else 2000)


def day_without_year(month: int, day: int, near: Reference | None) -> int | None:
    """The date in the year that lies nearest to the reference; None where two years lie inside it."""
    if near is None:
        return None
    first, last = near.days
    years = range(date.fromordinal(first + EPOCH_DAY - 366).year, date.fromordinal(last + EPOCH_DAY + 366).year + 1)
    if len(years) > 8:
        return None
    days = [found for year in years if (found := day_number(year, month, day)) is not None]
    distances = sorted((max(first - found, found - last, 0), found) for found in days)
    if not distances or distances[0][0] > FAR_DAYS or (len(distances) > 1 and distances[0][0] == distances[1][0]):
        return None
    return distances[0][1]


def day_of_two_orders(year: str, one: int, two: int, near: Reference | None) -> int | None:
    """`one/two/year`: day first or month first, or, with a year of two digits, year first? Settled where only one reading
    is a date, else by the reference, else None.
    """
    number = full_year(int(year)) if len(year) == 2 else int(year)
    days = {day_number(number, one, two), day_number(number, two, one)} - {None}
    if len(year) == 2 and one <= 99:
        days |= {day_number(full_year(one), two, int(year))} - {None}
    if len(days) > 1 and near is not None:
        first, last = near.days
        days = {day for day in days if day is not None and first <= day <= last}
    return days.pop() if len(days) == 1 else None


def possible_days(near: Reference) -> range:
    """The local dates that a time of day may belong to."""
    first, last = near.days
    return range(first - 1, last + 2)


def nearest_moment(moments: list[int], near: Reference) -> int | None:
    """The one of `moments` (seconds) inside the reference, else the nearest; None where several are inside or all are too far.

    A runtime's stamp settles anything up to half a day; a window settles what lies in it or within two hours of it.
    """
    slack = DAY_S // 2 if near.since_s == near.until_s else SLACK_S
    distances = sorted((max(near.since_s - at, at - near.until_s, 0), at) for at in set(moments))
    if not distances or distances[0][0] > slack or (len(distances) > 1 and distances[0][0] == distances[1][0]):
        return None
    return distances[0][1]
