"""The fields of one stamp to one instant: the rules that the vectorised kernels must agree with, one record at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from .epochs import UNITS, epoch_ns, filetime_ns, tai64n_ns
from .layout import COUNTS
from .years import (
    DAY_S,
    Reference,
    day_number,
    day_of_two_orders,
    day_without_year,
    full_year,
    nearest_moment,
    ordinal_day,
    possible_days,
    week_day,
)
from .zones import Local, in_utc, named_zone

SECOND_NS = 1_000_000_000
MONTHS = {name: i for i, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}


@dataclass(frozen=True)
class Reading:
    """How incomplete stamps are completed: the zone of lines that name none, and what settles a missing date."""

    zone: ZoneInfo | int = 0
    near: Reference | None = None


@dataclass(frozen=True)
class Placed:
    """An instant in `[at_ns - before_ns, at_ns + after_ns)`; `zone` is what the line itself names, "" if nothing."""

    at_ns: int
    before_ns: int
    after_ns: int
    zone: str = ""


def placed(groups: Mapping[str, str], reading: Reading, own_zone: ZoneInfo | int | None = None) -> Placed | None:
    """The instant of the named groups of a layout (see `layout`), None where they are no valid or no complete time.

    `own_zone` is the zone of a layout that fixes it. Raises UnknownZoneError where the line names a zone that nobody can know.
    """
    count = next((name for name in COUNTS if groups.get(name)), None)
    if count is not None:
        return _counted(count, groups[count], reading.near)
    clock = clock_s(groups)
    if clock is None:
        return None
    fraction = groups.get("fraction", "")[:9]
    resolution = SECOND_NS // 10 ** len(fraction) if groups.get("second") else 60 * SECOND_NS
    configured = reading.zone if own_zone is None else own_zone
    if not dated(groups):
        found = _day_by_clock(clock, configured, reading.near)
    else:
        day = day_of(groups, reading.near)
        found = None if day is None else _settled(day * DAY_S + clock, groups, configured, reading.near)
    if found is None:
        return None
    at_s, before_s, after_s = found
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    return Placed(at_s * SECOND_NS + nanos, before_s * SECOND_NS, after_s * SECOND_NS + resolution, groups.get("zone", "").strip() or groups.get("bias", ""))


def dated(groups: Mapping[str, str]) -> bool:
    """Whether the groups name a date, complete or not."""
    return any(groups.get(name) for name in ("day", "name", "one", "ordinal", "week"))


def clock_s(groups: Mapping[str, str]) -> int | None:
    """Seconds since midnight; 60 only where a leap second may stand, 24:00:00 as the next midnight."""
    hour, minute, second = int(groups["hour"]), int(groups["minute"]), int(groups.get("second") or 0)
    half = groups.get("half", "").strip().lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour == 24 and minute == second == 0 and not groups.get("fraction", "").strip("0"):
        return DAY_S
    if hour > 23 or minute > 59 or second > 60 or (second == 60 and minute % 15 != 14):
        return None
    return hour * 3600 + minute * 60 + second


def day_of(groups: Mapping[str, str], near: Reference | None) -> int | None:
    """Days since 1970-01-01 of the groups' date; what is missing or undecided is settled by the reference."""
    year = groups.get("year", "")
    number = full_year(int(year)) if len(year) == 2 else int(year) if year else 0
    if groups.get("ordinal"):
        return ordinal_day(number, int(groups["ordinal"]))
    if groups.get("week"):
        return week_day(number, int(groups["week"]), int(groups["weekday"]))
    if groups.get("one"):
        return day_of_two_orders(year, int(groups["one"]), int(groups["two"]), near)
    name = groups.get("name", "")
    month = MONTHS.get(name[:3].lower(), 0) if name else int(groups["month"])
    if not year:
        return day_without_year(month, int(groups["day"]), near)
    return day_number(number, month, int(groups["day"]))


def _counted(name: str, text: str, near: Reference | None) -> Placed | None:
    if name == "tai64n":
        found = tai64n_ns(text)
    elif name == "filetime":
        found = filetime_ns(text)
    elif name == "epoch_near":
        found = near_epoch_ns(text, near)
    else:
        found = epoch_ns(text, UNITS[name])
    return None if found is None else Placed(found[0], 0, found[1], "UTC")


def near_epoch_ns(text: str, near: Reference | None) -> tuple[int, int] | None:
    """A bare count, believed only within a day of the reference."""
    found = epoch_ns(text)
    if found is None or near is None or not near.since_s - DAY_S <= found[0] // SECOND_NS <= near.until_s + DAY_S:
        return None
    return found


def _settled(local_s: int, groups: Mapping[str, str], configured: ZoneInfo | int, near: Reference | None) -> tuple[int, int, int] | None:
    """UTC seconds with what a fold or a gap leaves open, before and after. The reference settles what it can."""
    bias = groups.get("bias")
    zone = int(bias) * 60 if bias else named_zone(groups.get("zone", "").strip(), local_s, configured)
    return within(in_utc(local_s, zone), near)


def within(local: Local, near: Reference | None) -> tuple[int, int, int]:
    """Of the two instants of a fold or a gap the one that alone lies in the reference; else both, as an interval."""
    if local.first == local.second:
        return local.first, 0, 0
    if near is not None:
        inside = [at for at in (local.first, local.second) if near.since_s <= at <= near.until_s]
        if near.since_s == near.until_s:
            inside = sorted((local.first, local.second), key=lambda at: abs(at - near.since_s))[:1]
        if len(inside) == 1:
            return inside[0], 0, 0
    spread = local.second - local.first
    return (local.second, spread, 0) if local.gap else (local.first, 0, spread)


def _day_by_clock(clock: int, zone: ZoneInfo | int, near: Reference | None) -> tuple[int, int, int] | None:
    if near is None or near.until_s - near.since_s > 400 * DAY_S:
        return None
    options = [within(in_utc(day * DAY_S + clock, zone), near) for day in possible_days(near)]
    best = nearest_moment([at for at, _, _ in options], near)
    return next((option for option in options if option[0] == best), None)
