"""Zones of inner stamps: from what a line or a configuration names to seconds east of UTC.

A line names a zone by offset (`Z`, `+0200`, `-03`), by abbreviation (`CEST`) or by tz database name (`Europe/Paris`). An
abbreviation counts only when it means one offset everywhere, or when the configured zone calls itself so at that moment:
`IST` is India, Israel or Ireland. RFC 5322 section 4.3 fixes EST, EDT, MST, MDT, PST and PDT, so those are taken as unambiguous;
it fixes CST and CDT too, but China and Cuba write the same letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..collectors.errors import ConfigError

OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?\Z", re.ASCII)

# Seconds east of UTC; () where several zones write the same letters for different offsets.
ABBREVIATIONS: dict[str, tuple[int, ...]] = {
    name: tuple(int(float(hours) * 3600) for hours in offsets)
    for name, offsets in {
        "ACDT": (10.5,), "ACST": (9.5,), "ADT": (), "AEDT": (11,), "AEST": (10,), "AKDT": (-8,), "AKST": (-9,), "AMT": (), "AST": (),
        "AWST": (8,), "BRT": (-3,), "BST": (), "CAT": (2,), "CDT": (), "CEST": (2,), "CET": (1,), "CST": (), "EAT": (3,), "EDT": (-4,),
        "EEST": (3,), "EET": (2,), "EST": (-5,), "GMT": (0,), "GST": (), "HKT": (8,), "HST": (-10,), "IDT": (3,), "IST": (), "JST": (9,),
        "KST": (9,), "MDT": (-6,), "MEST": (2,), "MESZ": (2,), "MEZ": (1,), "MSD": (4,), "MSK": (3,), "MST": (-7,), "NDT": (-2.5,),
        "NST": (-3.5,), "NZDT": (13,), "NZST": (12,), "PDT": (-7,), "PKT": (5,), "PST": (-8,), "SAST": (2,), "SGT": (8,), "SST": (),
        "UCT": (0,), "UTC": (0,), "WAT": (1,), "WEST": (1,), "WET": (0,), "WIB": (7,), "WIT": (9,), "WITA": (8,),
    }.items()
}  # fmt: skip


@dataclass(frozen=True)
class Local:
    """What a local time may be in UTC: the two are equal, or `first` < `second` in a fold or a gap. Seconds since 1970."""

    first: int
    second: int
    gap: bool = False


class UnknownZoneError(ValueError):
    """The letters after a stamp do not say one offset: the line has no instant that anybody could know."""


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo | int:
    """A configured zone: a tz database name, or an offset as seconds. Raises ConfigError for anything else."""
    if name in ("UTC", "Z", "z"):
        return 0
    fixed = offset_s(name)
    if fixed is not None:
        return fixed
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"there is no zone {name!r}: write UTC, an offset such as +02:00, or a name such as Europe/Paris") from error


def offset_s(text: str) -> int | None:
    """A numeric offset as seconds, None where the text is none or names an impossible one."""
    match = OFFSET.match(text)
    if match is None or int(match[2]) > 15 or int(match[3] or 0) > 59:
        return None
    return (int(match[2]) * 3600 + int(match[3] or 0) * 60) * (-1 if match[1] == "-" else 1)


def in_utc(local_s: int, zone: ZoneInfo | int) -> Local:
    """`local_s`, a wall clock's reading counted as if it were UTC, as the one or two instants that it may be."""
    if isinstance(zone, int):
        return Local(local_s - zone, local_s - zone)
    earlier, later = (_offset_at(local_s, zone, fold) for fold in (0, 1))
    return Local(local_s - max(earlier, later), local_s - min(earlier, later), gap=earlier < later)


def named_zone(text: str, local_s: int, configured: ZoneInfo | int) -> ZoneInfo | int:
    """The zone that a line names; "" is the configured one. Raises UnknownZoneError where nobody can know it."""
    if not text:
        return configured
    if text in ("Z", "z"):
        return 0
    fixed = offset_s(text)
    if fixed is not None:
        return fixed
    known = ABBREVIATIONS.get(text)
    if known:
        return known[0]
    if known == () and isinstance(configured, ZoneInfo) and text in {_at(local_s, configured, fold).tzname() for fold in (0, 1)}:
        return _said(text, local_s, configured)
    if "/" in text:
        return _region(text)
    raise UnknownZoneError(text)


def _said(text: str, local_s: int, configured: ZoneInfo) -> int:
    """In the hour that happens twice, the abbreviation tells which of the two it is."""
    for fold in (0, 1):
        at = _at(local_s, configured, fold)
        if at.tzname() == text:
            return _offset_at(local_s, configured, fold)
    raise UnknownZoneError(text)


def _region(text: str) -> ZoneInfo | int:
    try:
        return zone_of(text)
    except ConfigError as error:
        raise UnknownZoneError(text) from error


def _at(local_s: int, zone: ZoneInfo, fold: int) -> datetime:
    return datetime.fromtimestamp(local_s, UTC).replace(tzinfo=zone, fold=fold)


def _offset_at(local_s: int, zone: ZoneInfo, fold: int) -> int:
    offset = _at(local_s, zone, fold).utcoffset()
    return 0 if offset is None else offset.days * 86_400 + offset.seconds
