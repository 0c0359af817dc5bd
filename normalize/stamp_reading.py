"""One record at a time: the stamp that the application wrote into it, or null.

The record is JSON, or the first layout of the table that fits it. A record of several lines is read from its start, so its own stamp is
taken and not one that its body tells about. Nothing is guessed: what no layout fits, what is incomplete and has nothing to complete
it, and a zone that several regions write alike, are null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ..collectors.errors import ConfigError
from .epochs import epoch_ns
from .keyed import OPENS, candidates
from .layout import Layout
from .layouts import layouts
from .stamp_fields import Placed, Reading, placed
from .stamps import instant_ns
from .years import reference
from .zones import UnknownZoneError, zone_of

HEAD_BYTES = 65_536
COLOUR = re.compile(rb"(?:\x1b|\\x1b|\\033|\\u001b|#033)\[[0-9;]*[A-Za-z]")
JSON_VALUE = re.compile(r"[0-9]{4}-|[0-9]{8}T|[A-Z][a-z]{2}[ ,]|[0-9]{1,2}[./ -]", re.ASCII)
RELAYED = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2}) [A-Za-z0-9_.:-]*[A-Za-z0-9.] +"
    r"(?:[A-Za-z0-9_./-]+(?:\[[0-9]+\])?: +)?\{"
)
RELAY = re.compile(RELAYED.encode())
DOTNET_DATE = re.compile(r"/Date\(([0-9]{12,13})(?:[+-][0-9]{4})?\)/\Z", re.ASCII)


# The layouts to try, or what names those that a text could fit.
Table = Sequence[Layout] | Callable[[bytes], Sequence[Layout]]


@dataclass(frozen=True)
class Stamp:
    """An instant in `[at_ns - before_ns, at_ns + after_ns)`, the layout that gave it, and the zone that it was read in."""

    at_ns: int
    format: str
    zone: str
    before_ns: int = 0
    after_ns: int = 1


@dataclass(frozen=True)
class Failure:
    """Why a record has no instant: one phrase for people."""

    why: str


def read_stamp(
    text: str | bytes,
    *,
    zone: str = "UTC",
    since: int | str | datetime | None = None,
    until: int | str | datetime | None = None,
    runtime_ns: int | None = None,
    extra: Sequence[Layout] = (),
) -> Stamp | None:
    """The stamp of one record, None where it has none that can be known.

    `zone` is taken for a stamp that names none. `since` and `until` (nanoseconds, RFC 3339 or an aware datetime), or the
    runtime's stamp of the same line, settle a missing year or date. `extra` layouts come before the built-in ones.
    Raises ConfigError for an unknown zone, a naive datetime or an unreadable bound.
    """
    found = explain(text, zone=zone, since=since, until=until, runtime_ns=runtime_ns, extra=extra)
    return found if isinstance(found, Stamp) else None


def explain(
    text: str | bytes,
    *,
    zone: str = "UTC",
    since: int | str | datetime | None = None,
    until: int | str | datetime | None = None,
    runtime_ns: int | None = None,
    extra: Sequence[Layout] = (),
) -> Stamp | Failure:
    """As `read_stamp`, but says why there is no stamp."""
    near = reference(runtime_ns, bound_ns(since), bound_ns(until))
    record = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
    return stamp_of(head(record), Reading(zone_of(zone), near), zone, proven(tuple(extra)))


def bound_ns(bound: int | str | datetime | None) -> int | None:
    """A bound of a window in nanoseconds since 1970. Raises ConfigError where it is no instant."""
    if bound is None or isinstance(bound, int):
        return bound
    if isinstance(bound, datetime):
        if bound.tzinfo is None:
            raise ConfigError(f"{bound.isoformat()} has no zone")
        bound = bound.isoformat()
    at_ns = instant_ns(bound)
    if at_ns is None:
        raise ConfigError(f"{bound!r} is no instant: write RFC 3339 with a zone, such as 2026-11-20T10:00:00Z")
    return at_ns


def head(record: bytes) -> bytes:
    """The part of a record that is looked at, without colours, byte order mark and blank lines before it."""
    part = record[:HEAD_BYTES]
    if b"[" in part and (b"\x1b" in part or b"\\" in part or b"#033" in part):
        part = COLOUR.sub(b"", part)
    return part.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\0")


def stamp_of(record: bytes, reading: Reading, zone: str, table: Table) -> Stamp | Failure:
    """What `explain` returns, for a record that went through `head`."""
    payload = relayed(record)
    if payload is not None or OPENS.match(record):
        found = _keyed(record if payload is None else payload, reading, zone, table)
        if isinstance(found, Stamp) or payload is None:
            return found
    return _first(record, reading, zone, table)


def relayed(record: bytes) -> bytes | None:
    """The JSON record behind the header of a syslog relay, which stamps the receipt."""
    match = RELAY.match(record)
    return record[match.end() - 1 :] if match else None


def _keyed(record: bytes, reading: Reading, zone: str, table: Table) -> Stamp | Failure:
    why = "a JSON object whose keys hold no time"
    for key, value, unit in candidates(record.decode("utf-8", "replace")):
        found = value_stamp(value, unit, reading, zone, table)
        if isinstance(found, Stamp):
            return Stamp(found.at_ns, f"json {key}: {found.format}", found.zone, found.before_ns, found.after_ns)
        why = f"the value of {key!r} is no time that could be known: {found.why}"
    return Failure(why)


def value_stamp(value: str, unit: int | None, reading: Reading, zone: str, table: Table) -> Stamp | Failure:
    """The stamp of a JSON value: a count, or text that a layout of the table fits."""
    dotnet = DOTNET_DATE.match(value)
    counted = epoch_ns(dotnet[1] if dotnet else value, unit)
    if counted is not None and (unit is not None or len(value) >= 9):
        return Stamp(counted[0], "epoch", "UTC", 0, counted[1])
    if not JSON_VALUE.match(value):
        return Failure("neither a count nor a date")
    return _first(value.encode("utf-8", "replace"), reading, zone, table)


def _first(record: bytes, reading: Reading, zone: str, table: Table) -> Stamp | Failure:
    why = "no layout fits"
    for layout in table(record) if callable(table) else table:
        match = layout.expression.search(record)
        if match is None:
            continue
        try:
            found = applied(layout, match, reading)
        except UnknownZoneError as error:
            return Failure(f"{layout.name} fits, but {error} names no single zone")
        except ValueError:
            found = None
        if found is not None:
            return Stamp(found.at_ns, layout.name, shown_zone(found.zone, layout.zone, zone), found.before_ns, found.after_ns)
        if why == "no layout fits":
            why = f"{layout.name} fits, but gives no valid or no complete time"
    return Failure(why)


def applied(layout: Layout, match: re.Match[bytes], reading: Reading) -> Placed | None:
    """What a layout makes of its match."""
    groups = {name: value.decode("latin-1") for name, value in match.groupdict(b"").items()}
    return placed(groups, reading, zone_of(layout.zone) if layout.zone else None)


def shown_zone(named: str, fixed: str, configured: str) -> str:
    """The zone that a stamp was read in, as the line, the layout or the configuration writes it."""
    return "UTC" if named in ("Z", "z") else named or fixed or configured


@lru_cache(maxsize=16)
def proven(extra: tuple[Layout, ...] = ()) -> tuple[Layout, ...]:
    """The whole table, `extra` first. Raises ConfigError where a sample of `extra` does not give the instant that it names."""
    problem = next((said for layout in extra for said in disproved(layout)), None)
    if problem is not None:
        raise ConfigError(problem)
    return (*extra, *layouts())


def disproved(layout: Layout) -> list[str]:
    """What is wrong with a layout's samples; empty for a layout that may be used."""
    problems = []
    for sample in layout.samples:
        near = reference(None, bound_ns(sample.since), bound_ns(sample.until))
        found = _first(head(sample.text.encode()), Reading(zone_of(sample.zone), near), sample.zone, (layout,))
        if not isinstance(found, Stamp) or found.at_ns != bound_ns(sample.expected):
            problems.append(f"stamp layout {layout.name!r}: its sample {sample.text!r} gives {found}, not {sample.expected}")
    return problems
