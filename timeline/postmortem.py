"""A timeline that people wrote, in their zone and shorthand, as instants, milestones and durations in UTC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from ..collectors.errors import ConfigError
from ..collectors.window import SECOND_NS, rfc3339_short
from ..normalize.wall_times import WallTime, instants, usual_zone, wall_time
from .event_words import roles_from_words

DURATIONS = {
    "time_to_detect": "detected",
    "time_to_acknowledge": "acknowledged",
    "time_to_mitigate": "mitigated",
    "time_to_resolve": "resolved",
}
ROLL_OVER_S = 6 * 3600


def milestones_from_rows(rows: Sequence[Mapping[str, Any]], *, tz: str, date: str | dt.date) -> dict[str, Any]:
    """The milestones of a written timeline.

    Args:
        rows: `{"time", "event"}` each, with `date` (ISO) and `roles` (a list of words) where they are known.
        tz: the zone of times that name none: `Europe/Paris`, `+01:00`, `PST`.
        date: the day of the first row that has none; a row more than six hours before the one above it is on the next day.

    Returns:
        `rows`: RFC 3339 in UTC per row, None where the time cannot be known. `milestones`: role → RFC 3339; role `onset` is the
        milestone `impact`, `mitigated` is `recovered`. `evidence`: role → the row's number from 0. `durations`: seconds from
        onset, or from detection where the onset is not known; absent when unknown or when the end comes first.

        Where any row has `roles`, they count and words do not; of several rows with one role the earliest counts.

    Raises:
        ValueError: no such zone, no such date.
    """
    day = _date(date)
    if day is None:
        raise ValueError(f"date {date!r}: a date such as 2026-04-10 is needed")
    try:
        zone = usual_zone(tz)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    at = _instants(rows, zone, day)
    known = sorted((second, number) for number, second in enumerate(at) if second is not None)
    if any("roles" in row for row in rows):
        evidence: dict[str, int] = {}
        for _, number in known:
            for role in _roles(rows[number]):
                evidence.setdefault(role, number)
    else:
        places = roles_from_words([(second, str(rows[number].get("event") or "")) for second, number in known])
        evidence = {role: known[place][1] for role, place in places.items()}
    seconds = {role: second for role, number in evidence.items() if (second := at[number]) is not None}
    return {
        "rows": [None if second is None else _shown(second) for second in at],
        "milestones": {role: _shown(second) for role, second in seconds.items()},
        "evidence": evidence,
        "durations": _durations(seconds),
    }


def _instants(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo | int, day: dt.date) -> list[int | None]:
    """Seconds since 1970 per row; the day goes on from row to row, and over midnight."""
    found: list[int | None] = []
    before: int | None = None
    for row in rows:
        own = _date(row.get("date"))
        read = wall_time(str(row.get("time") or ""), own or day)
        second = None
        if read is not None:
            day = read.day or own or day
            second = _placed(read, day, zone, before)
            if not (read.day or own) and second is not None and before is not None and second < before - ROLL_OVER_S:
                day += dt.timedelta(days=1)
                second = _placed(read, day, zone, before)
        found.append(second)
        before = before if second is None else second
    return found


def _placed(read: WallTime, day: dt.date, zone: ZoneInfo | int, before: int | None) -> int | None:
    """Of the two instants in an hour that clocks show twice, the one that does not go back behind the row above."""
    both = instants(day, read.second, read.zone, zone)
    if both is None:
        return None
    first, later = both
    return later if before is not None and first < before <= later else first


def _durations(seconds: Mapping[str, int]) -> dict[str, int]:
    begin = seconds.get("onset", seconds.get("detected"))
    pairs = ((name, seconds[role] - begin) for name, role in DURATIONS.items() if role in seconds) if begin is not None else ()
    return {name: span for name, span in pairs if span >= 0 and not (name == "time_to_detect" and "onset" not in seconds)}


def _roles(row: Mapping[str, Any]) -> list[str]:
    roles = row.get("roles") or []
    return [role for role in roles if isinstance(role, str)] if isinstance(roles, (list, tuple, set)) else []


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.date):
        return dt.date(value.year, value.month, value.day)
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _shown(second: int) -> str:
    return rfc3339_short(second * SECOND_NS)
