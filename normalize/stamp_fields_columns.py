"""The fields of a layout, whole columns at once: what `stamp_fields.placed` says, for all rows that need no second thought.

A row that does (a fold or a gap, a leap second, 24:00, an unknown zone, an impossible date) is left open, for the one-by-one reading.
Dates, hours and zones repeat, so each distinct one is settled once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .epochs import BANDS, LAST_NS, UNITS
from .layout import DATE_PARTS
from .stamp_fields import day_of
from .stamps import NONE_NS, Nanoseconds
from .years import DAY_S, Reference
from .zones import UnknownZoneError, in_utc, named_zone

SECOND_NS = 1_000_000_000
HALF_DAY_S = DAY_S // 2
RESOLUTIONS = np.array([SECOND_NS // 10**digits for digits in range(10)], np.int64)
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Context:
    """What is the same for all rows: the zone of lines that name none, the window's reference; and the runtime's stamps by row."""

    zone: ZoneInfo | int
    near: Reference | None
    runtime_ns: Nanoseconds | None = None

    def take(self, rows: npt.NDArray[np.int64]) -> Context:
        """The context of some of the rows."""
        return self if self.runtime_ns is None else Context(self.zone, self.near, self.runtime_ns[rows])


def evaluated(fields: Mapping[str, pa.Array], context: Context, own_zone: ZoneInfo | int | None) -> tuple[Nanoseconds, Nanoseconds]:
    """Instants (NONE_NS: left open) and widths of rows whose fields are texts; absent groups are null or empty."""
    for name in UNITS:
        if name in fields:
            return counted(fields[name], UNITS[name])
    if "hour" not in fields:
        count = len(next(iter(fields.values())))
        return np.full(count, NONE_NS), np.zeros(count, np.int64)
    clock, good = clocks(fields)
    nanos, width = fractions(fields)
    zone = context.zone if own_zone is None else own_zone
    if any(name in fields for name in DATE_PARTS):
        local = days(fields, context)
        good &= local != NONE_NS
        at_s, settled = in_zones(np.where(good, local, 0) * DAY_S + clock, fields, zone)
    else:
        at_s, settled = days_by_clock(clock, context, zone)
    good &= settled
    return np.where(good, at_s * SECOND_NS + nanos, NONE_NS), width


def numbers(texts: pa.Array) -> Nanoseconds:
    """Digits as numbers, "" and null as 0. Digits are few enough for 64 bits."""
    plain = pc.fill_null(texts, b"" if pa.types.is_binary(texts.type) else "").cast(pa.string())
    return np.asarray(pc.if_else(pc.equal(plain, ""), "0", plain).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)


def clocks(fields: Mapping[str, pa.Array]) -> tuple[Nanoseconds, Booleans]:
    """Seconds since midnight, and for which rows they are beyond doubt."""
    hour, minute = numbers(fields["hour"]), numbers(fields["minute"])
    second = numbers(fields["second"]) if "second" in fields else np.zeros_like(hour)
    good = (hour < 24) & (minute < 60) & (second < 60)
    if "half" in fields:
        mark = pc.utf8_lower(pc.utf8_trim(pc.fill_null(fields["half"].cast(pa.string()), ""), " "))
        late, marked = _mask(pc.starts_with(mark, "p")), _mask(pc.not_equal(mark, ""))
        good &= ~marked | ((hour >= 1) & (hour <= 12))
        hour = np.where(marked, hour % 12 + 12 * late, hour)
    return hour * 3600 + minute * 60 + second, good


def fractions(fields: Mapping[str, pa.Array]) -> tuple[Nanoseconds, Nanoseconds]:
    """Nanoseconds below the second, and how wide the last digit is."""
    count = len(fields["hour"])
    width = np.full(count, 60 * SECOND_NS)
    if "second" in fields:
        width[_mask(pc.not_equal(pc.binary_length(pc.fill_null(fields["second"], b"")), 0))] = SECOND_NS
    if "fraction" not in fields:
        return np.zeros(count, np.int64), width
    texts = pc.fill_null(fields["fraction"], b"").cast(pa.string())
    digits = np.minimum(np.asarray(pc.binary_length(texts)), 9)
    nanos = numbers(pc.utf8_slice_codeunits(pc.utf8_rpad(texts, 9, "0"), 0, 9))
    seconds = width == SECOND_NS
    return nanos, np.where(seconds, RESOLUTIONS[digits], width)


def days(fields: Mapping[str, pa.Array], context: Context) -> Nanoseconds:
    """Days since 1970-01-01, NONE_NS where there is no date. Each distinct date, with its half day of the runtime, is settled once."""
    names = [name for name in DATE_PARTS if name in fields]
    parts = [pc.fill_null(fields[name], b"").cast(pa.string()) for name in names]
    joined = pc.binary_join_element_wise(*parts, "/").dictionary_encode() if len(parts) > 1 else parts[0].dictionary_encode()
    keys = joined.indices.to_numpy().astype(np.int64)
    whole = [dict(zip(names, text.split("/"), strict=True)) for text in joined.dictionary.to_pylist()]
    if context.runtime_ns is None or all(one.get("year") and not one.get("one") for one in whole):
        found: Nanoseconds = np.array([_day(one, context.near) for one in whole], np.int64)[keys]
        return found
    buckets = context.runtime_ns // (SECOND_NS * HALF_DAY_S)
    pairs, rows = np.unique(np.stack([keys, buckets]), axis=1, return_inverse=True)
    settled = [_day(whole[key], context.near if context.runtime_ns is None else _bucket(bucket)) for key, bucket in pairs.T.tolist()]
    by_row: Nanoseconds = np.array(settled, np.int64)[rows.reshape(-1)]
    return by_row


def in_zones(local_s: Nanoseconds, fields: Mapping[str, pa.Array], configured: ZoneInfo | int) -> tuple[Nanoseconds, Booleans]:
    """UTC seconds, and for which rows they are beyond doubt: each zone as text, and each local hour in it, is settled once."""
    if "bias" in fields:
        bias = pc.fill_null(fields["bias"], b"").cast(pa.string())
        signed = numbers(pc.utf8_ltrim(bias, "+-")) * np.where(_mask(pc.starts_with(bias, "-")), -1, 1)
        return local_s - signed * 60, _mask(pc.not_equal(bias, ""))
    if "zone" not in fields:
        return _in_zone(local_s, configured)
    named = pc.utf8_trim(pc.fill_null(fields["zone"], b"").cast(pa.string()), " ").dictionary_encode()
    rows, at_s, good = named.indices.to_numpy(), np.zeros_like(local_s), np.zeros(len(local_s), bool)
    for index, text in enumerate(named.dictionary.to_pylist()):
        chosen = rows == index
        try:
            zone = named_zone(text, 0, 0) if text else configured
        except UnknownZoneError:
            continue
        at_s[chosen], good[chosen] = _in_zone(local_s[chosen], zone)
    return at_s, good


def days_by_clock(clock: Nanoseconds, context: Context, zone: ZoneInfo | int) -> tuple[Nanoseconds, Booleans]:
    """A time of day on the day nearest to the runtime's stamp, or the only one in the window; fixed offsets only."""
    none = np.zeros(len(clock), bool)
    if not isinstance(zone, int) or (context.near is None and context.runtime_ns is None):
        return np.zeros_like(clock), none
    if context.runtime_ns is not None:
        past = context.runtime_ns // SECOND_NS + zone - clock
        day = (past + HALF_DAY_S) // DAY_S
        return day * DAY_S + clock - zone, past % DAY_S != HALF_DAY_S
    assert context.near is not None  # noqa: S101 - without either it ended above
    first = -((clock - zone - context.near.since_s) // DAY_S)
    last = (context.near.until_s + zone - clock) // DAY_S
    return first * DAY_S + clock - zone, first == last


def counted(texts: pa.Array, unit: int | None) -> tuple[Nanoseconds, Nanoseconds]:
    """Counts as instants, as `epochs.epoch_ns` says for plain digits with at most nine decimals; the rest is left open."""
    plain = pc.fill_null(texts, b"").cast(pa.string())
    parts = pc.extract_regex(plain, r"^(?P<whole>[0-9]{1,18}|[1-8][0-9]{18})(?:\.(?P<fraction>[0-9]{0,9}))?$")
    fits = _mask(pc.is_valid(parts))
    whole = numbers(parts.field(0))
    texts_fraction = pc.fill_null(parts.field(1), "")
    digits = np.asarray(pc.binary_length(texts_fraction))
    units = np.zeros_like(whole)
    for low, high, one in BANDS:
        units[(whole >= low) & (whole < min(high, np.iinfo(np.int64).max))] = one
    good = fits & (units > 0) & ((units == unit) if unit is not None else True) & (whole < LAST_NS // np.maximum(units, 1))
    part = numbers(pc.utf8_rpad(texts_fraction, 9, "0")) * units // SECOND_NS
    at = np.where(good, whole, 0) * units + part
    return np.where(good, at, NONE_NS), np.maximum(units // 10 ** np.where(good, digits, 0), 1)


def _in_zone(local_s: Nanoseconds, zone: ZoneInfo | int) -> tuple[Nanoseconds, Booleans]:
    if isinstance(zone, int):
        return local_s - zone, np.ones(len(local_s), bool)
    hours, rows = np.unique(local_s // 3600, return_inverse=True)
    offsets = np.array([hour_offset(int(hour), zone) for hour in hours], np.int64)[rows.reshape(-1)]
    return np.where(offsets == NONE_NS, 0, local_s - offsets), offsets != NONE_NS


def hour_offset(hour: int, zone: ZoneInfo) -> int:
    """Seconds east of UTC in a local hour, NONE_NS where they change or are twofold in it."""
    found = {hour * 3600 + second - at for second in (0, 3599) for at in _both(hour * 3600 + second, zone)}
    return found.pop() if len(found) == 1 else NONE_NS


def _both(local_s: int, zone: ZoneInfo) -> tuple[int, int]:
    local = in_utc(local_s, zone)
    return local.first, local.second


def _bucket(bucket: int) -> Reference:
    return Reference(bucket * HALF_DAY_S, bucket * HALF_DAY_S)


def _day(parts: Mapping[str, str], near: Reference | None) -> int:
    found = day_of(parts, near)
    return NONE_NS if found is None else found


def _mask(values: pa.Array) -> Booleans:
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)
