"""The one module that parses times: text in, nanoseconds since 1970-01-01T00:00:00Z out, or null.

A layout is known, then applied exactly; what does not fit is null, never a guess. Vectorised over Arrow arrays, exact
to the nanosecond that the text gives (no float is involved).

RFC 3339 as the four APIs write it: 0 to 9 decimals (Kubernetes and Alertmanager trim zeros), `Z` or `z`, or a numeric
offset with or without colon; second 60 is the second that follows (POSIX time has no leap second). Go's zero time
`0001-01-01T00:00:00Z` is null. A stamp without a zone is null here: only a caller who knows the zone may read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import rfc3339

Nanoseconds = rfc3339.Nanoseconds

NONE_NS = rfc3339.NONE_NS
LAST_NS = np.iinfo(np.int64).max
UNIT_NS = {"epoch_s": 1_000_000_000, "epoch_ms": 1_000_000, "epoch_us": 1_000, "epoch_ns": 1}

RFC3339 = (
    r"^(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9})\d*)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))$"
)
# So many stamps are read faster one by one.
FEW = 24
ONE = re.compile(RFC3339.removesuffix("$") + r"\Z", re.ASCII)
# Digits enough for what EPOCH and `_one_epoch` let through.
EXACT = Context(prec=100)
EPOCH = re.compile(r"^-?\d+(\.\d*)?([eE][+-]?\d+)?\Z", re.ASCII)


@dataclass(frozen=True)
class Instant:
    """One instant: `[at_ns - before_ns, at_ns + after_ns)`."""

    at_ns: int
    before_ns: int = 0
    after_ns: int = 1


def instants(stamps: pa.Array | pa.ChunkedArray, layout: str) -> Nanoseconds:
    """Nanoseconds of each stamp, NONE_NS where it is null or does not fit `layout` (see `raw.FACTS`)."""
    texts = stamps.combine_chunks() if isinstance(stamps, pa.ChunkedArray) else stamps
    if len(texts) == 0:
        return np.empty(0, np.int64)
    if layout == "rfc3339":
        return _rfc3339(texts)
    return _epoch(texts, UNIT_NS[layout])


def instant_ns(text: str | None, layout: str = "rfc3339") -> int | None:
    """One stamp; None where `instants` would give NONE_NS, and for what a hostile document has instead of text."""
    if not isinstance(text, str):
        return None
    if layout == "rfc3339":
        return _one_rfc3339(text)
    return _one_epoch(text, UNIT_NS[layout])


def fits(text: str) -> bool:
    """Whether `text` has the shape of an RFC 3339 stamp with a zone."""
    return ONE.match(text) is not None


def _rfc3339(texts: pa.Array) -> Nanoseconds:
    """What is written as usual by words; of the rest a few one by one, more as a column."""
    texts = texts.cast(pa.string())
    if len(texts) <= FEW:
        return np.array([_ns(text) for text in texts.to_pylist()], np.int64)
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    at = rfc3339.usual_ns(held, bounds)
    if texts.null_count:
        at[~np.asarray(texts.is_valid().to_numpy(zero_copy_only=False), bool)] = NONE_NS
    if at.min() != NONE_NS:
        return at
    odd = np.flatnonzero((at == NONE_NS) & (bounds[1:] > bounds[:-1]))
    if len(odd):
        rest = texts.take(pa.array(odd))
        at[odd] = [_ns(text) for text in rest.to_pylist()] if len(odd) <= FEW else _any_rfc3339(rest)
    return at


def _any_rfc3339(texts: pa.Array) -> Nanoseconds:
    """Dates and minutes repeat, so each distinct one is parsed once; seconds and fractions are arithmetic."""
    parts = pc.extract_regex(texts, RFC3339)
    good = np.asarray(pc.is_valid(parts).to_numpy(zero_copy_only=False), bool)
    result = np.full(len(texts), NONE_NS, np.int64)
    if not good.any():
        return result
    part = {name: parts.field(i).filter(pa.array(good)) for i, name in enumerate(parts.type.names)}
    minutes = pc.binary_join_element_wise(part["date"], part["time"], "T").dictionary_encode()
    starts = np.array([_minute_ns(text) for text in minutes.dictionary.to_pylist()], np.int64)
    at = starts[minutes.indices.to_numpy()]
    lost = at == NONE_NS
    second = _digits(part["second"])
    fraction = _digits(pc.utf8_rpad(part["fraction"], 9, "0"))
    sign = np.where(np.asarray(pc.equal(part["sign"], "-").to_numpy(zero_copy_only=False), bool), 1, -1)
    hours, quarter = _digits(part["hours"]), _digits(part["minutes"])
    lost |= (second > 60) | (hours > 23) | (quarter > 59)
    at = np.where(lost, 0, at) + second * 1_000_000_000 + fraction + sign * (hours * 3600 + quarter * 60) * 1_000_000_000
    result[good] = np.where(lost, NONE_NS, at)
    return result


def _digits(texts: pa.Array) -> Nanoseconds:
    """Digits as numbers, "" and null as 0."""
    plain = pc.fill_null(texts, "0")
    numbers = pc.if_else(pc.equal(plain, ""), "0", plain).cast(pa.int64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False), np.int64)


@lru_cache(maxsize=8192)
def _minute_ns(text: str) -> int:
    """Nanoseconds of `2026-11-21T01:20`, whose digits and signs are checked already; NONE_NS where the calendar has none such."""
    try:
        at = datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), int(text[14:16]), tzinfo=UTC)
    except ValueError:
        return NONE_NS
    ns = int(at.timestamp()) * 1_000_000_000
    return ns if abs(ns) < LAST_NS - 86_400_000_000_000 else NONE_NS


def _ns(text: str | None) -> int:
    at = None if text is None else _one_rfc3339(text)
    return NONE_NS if at is None else at


def _one_rfc3339(text: str) -> int | None:
    match = ONE.match(text)
    start = _minute_ns(f"{match['date']}T{match['time']}") if match else NONE_NS
    if match is None or start == NONE_NS:
        return None
    second, hours, minutes = int(match["second"]), int(match["hours"] or 0), int(match["minutes"] or 0)
    if second > 60 or hours > 23 or minutes > 59:
        return None
    offset_s = (hours * 3600 + minutes * 60) * (1 if match["sign"] == "-" else -1)
    return start + (second + offset_s) * 1_000_000_000 + int((match["fraction"] or "").ljust(9, "0"))


def _epoch(texts: pa.Array, unit_ns: int) -> Nanoseconds:
    """Plain decimals by Arrow, whole column at once; the rest (exponents, dirt) one by one."""
    plain = pc.fill_null(pc.match_substring_regex(texts, r"^-?\d{1,18}(\.\d{1,9})?$"), False)
    result = np.full(len(texts), NONE_NS, np.int64)
    mask = np.asarray(plain.to_numpy(zero_copy_only=False), bool)
    if mask.any():
        chosen = texts.filter(plain)
        parts = pc.extract_regex(chosen, r"^(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<fraction>\d+))?$")
        whole = np.asarray(parts.field(1).cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
        fraction = _digits(pc.utf8_rpad(parts.field(2), 9, "0")) * unit_ns // 1_000_000_000
        sign = np.where(np.asarray(pc.equal(parts.field(0), "-").to_numpy(zero_copy_only=False), bool), -1, 1)
        far = whole > LAST_NS // unit_ns - 1
        result[mask] = np.where(far, NONE_NS, sign * (np.where(far, 0, whole) * unit_ns + fraction))
    for i in np.flatnonzero(~mask):
        one = _one_epoch(texts[int(i)].as_py(), unit_ns)
        if one is not None:
            result[i] = one
    return result


def _one_epoch(text: str | None, unit_ns: int) -> int | None:
    if text is None or len(text) > 40 or not EPOCH.match(text):
        return None
    try:
        value = Decimal(text)
        if abs(value.adjusted()) > 30:
            return None
        at_ns = int(EXACT.multiply(value, unit_ns))
    except (InvalidOperation, OverflowError):
        return None
    return at_ns if abs(at_ns) < LAST_NS else None
