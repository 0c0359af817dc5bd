"""A named layout: one way to write an instant into a line, as data that proves itself by its samples.

The pattern is a regular expression in the syntax that Python's `re` and RE2 share (no look-around, no back-references); it
starts with `^` and sees the record as bytes. What its named groups mean:

    year month day              numbers; `year` of two digits is read as POSIX does
    name                        an English month name, short or long
    one two                     day and month, in an order that the line does not tell
    week weekday, ordinal       ISO 8601 week date, day of the year
    hour minute second fraction half     `half` is AM or PM; 24:00:00 is the next midnight
    zone                        Z, an offset, an abbreviation or a tz database name; `bias` is minutes east of UTC
    epoch epoch_s epoch_ms epoch_us epoch_ns     a count since 1970; plain `epoch` tells its unit by its magnitude
    epoch_near                  a count that only the window or the runtime's stamp tells from other digits
    filetime, tai64n            other counts

A layout without a sample does not load, nor one whose sample does not give the instant that it names.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.errors import ConfigError

COUNTS = ("epoch", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "epoch_near", "filetime", "tai64n")
DATE_PARTS = ("year", "month", "day", "name", "one", "two", "week", "weekday", "ordinal")
GROUPS = frozenset({*COUNTS, *DATE_PARTS, "hour", "minute", "second", "fraction", "half", "zone", "bias"})
DATES = (
    {"year", "month", "day"},
    {"year", "name", "day"},
    {"year", "one", "two"},
    {"year", "week", "weekday"},
    {"year", "ordinal"},
    {"name", "day"},
    {"month", "day"},
)


@dataclass(frozen=True)
class Sample:
    """A line and the instant that it must give: RFC 3339 text. The window settles what the line leaves out."""

    text: str
    expected: str
    zone: str = "UTC"
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class Layout:
    """One layout. `where` says who writes it; `zone` is the zone of lines that name none: "" for the configured one."""

    name: str
    pattern: str
    samples: tuple[Sample, ...]
    where: str = ""
    zone: str = ""
    own: bool = field(default=False, compare=False)

    @cached_property
    def expression(self) -> re.Pattern[bytes]:
        """The pattern for one record."""
        return re.compile(self.pattern.encode("utf-8"))

    @property
    def groups(self) -> frozenset[str]:
        """The named groups of the pattern."""
        return frozenset(self.expression.groupindex)


def checked(layout: Layout) -> Layout:
    """The layout, if it could give an instant at all. Raises ConfigError that names what is wrong with it."""
    said = f"stamp layout {layout.name!r}"
    if not layout.samples:
        raise ConfigError(f"{said} has no sample; a layout without one is not used")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)  # what `re` will read in another way, RE2 reads so already
            groups = layout.groups
        pc.extract_regex(pa.array([""]), layout.pattern)
    except (re.error, FutureWarning, RecursionError, OverflowError, pa.ArrowInvalid) as error:
        raise ConfigError(f"{said}: its pattern does not compile: {error}") from error
    if not layout.pattern.startswith("^"):
        raise ConfigError(f"{said}: its pattern does not start with ^")
    if unknown := groups - GROUPS:
        raise ConfigError(f"{said} has groups that mean nothing: {', '.join(sorted(unknown))}; known are {', '.join(sorted(GROUPS))}")
    dated = any(date <= groups for date in DATES) or not groups & set(DATE_PARTS)
    if not groups & set(COUNTS) and not (dated and {"hour", "minute"} <= groups):
        raise ConfigError(f"{said} gives no instant: it needs a date with hour and minute, hour and minute, or a count")
    return layout


def configured_layouts(tables: Sequence[Mapping[str, Any]]) -> tuple[Layout, ...]:
    """Layouts of `[[stamps.layout]]` tables: name, pattern, sample, expected; zone, since, until and where where needed."""
    return tuple(checked(_configured(table)) for table in tables)


def _configured(table: Mapping[str, Any]) -> Layout:
    known = {"name", "pattern", "sample", "expected", "zone", "since", "until", "where"}
    if not isinstance(table, Mapping):
        raise ConfigError("stamps.layout must be tables, each written [[stamps.layout]]")
    name = table.get("name", "?")
    if unknown := set(table) - known:
        raise ConfigError(f"stamp layout {name!r} has unknown settings {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    texts = {key: value.isoformat() if isinstance(value, datetime) else str(value) for key, value in table.items()}
    missing = [key for key in ("name", "pattern", "sample", "expected") if not texts.get(key)]
    if missing:
        raise ConfigError(f"stamp layout {name!r} lacks {', '.join(missing)}; a layout without a sample and its instant is not used")
    sample = Sample(texts["sample"], texts["expected"], texts.get("zone", "UTC"), texts.get("since"), texts.get("until"))
    return Layout(texts["name"], texts["pattern"], (sample,), texts.get("where", "this configuration"), texts.get("zone", ""), own=True)
