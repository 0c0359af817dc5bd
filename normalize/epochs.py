"""Counts since an epoch: seconds, milli-, micro- and nanoseconds since 1970, Windows FILETIME ticks, TAI64N labels.

The unit follows from the magnitude where nothing names it: between 1973-03-03 and 2286-11-20 a count of one unit is no
plausible count of another. Digits outside these bands only look like an epoch. Exact: no float is involved.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

NUMBER = re.compile(r"([0-9]{1,19})(?:[.,]([0-9]*))?\Z", re.ASCII)
EXPONENT = re.compile(r"[0-9]\.[0-9]{1,20}[eE]\+?(?:0?9|1[0-9])\Z", re.ASCII)

# Unit in nanoseconds, by the least and the first too large count of it.
BANDS = ((10**8, 10**10, 1_000_000_000), (10**11, 10**13, 1_000_000), (10**14, 10**16, 1_000), (10**17, 10**19, 1))
UNITS = {"epoch": None, "epoch_s": 1_000_000_000, "epoch_ms": 1_000_000, "epoch_us": 1_000, "epoch_ns": 1}
LAST_NS = 7_258_118_400_000_000_000  # 2200-01-01

FILETIME_1970 = 116_444_736_000_000_000
TAI64_1970 = (1 << 62) + 10


def unit_ns(whole: int) -> int | None:
    """The unit of a count by its magnitude, in nanoseconds; None for digits that no clock would give."""
    return next((unit for low, high, unit in BANDS if low <= whole < high), None)


def epoch_ns(text: str, unit: int | None = None) -> tuple[int, int] | None:
    """A count as (nanoseconds since 1970, resolution in ns), None where it is none. `unit` in ns, None: by magnitude.

    A fraction's last digit is its resolution; a float of seconds with an exponent (zap) resolves by its own digits.
    """
    if EXPONENT.match(text):
        return _exponent(text)
    match = NUMBER.match(text)
    if match is None:
        return None
    whole, digits = int(match[1]), (match[2] or "")[:9]
    unit = unit if unit is not None else unit_ns(whole)
    if unit is None or (unit_ns(whole) != unit and not 0 < whole < 10**8):
        return None
    at_ns = whole * unit + int(digits.ljust(9, "0")) * unit // 1_000_000_000
    return (at_ns, max(unit // 10 ** len(digits), 1)) if at_ns < LAST_NS else None


def filetime_ns(text: str) -> tuple[int, int] | None:
    """Windows FILETIME: ticks of 100 ns since 1601-01-01 (Microsoft, FILETIME structure)."""
    at_ns = (int(text) - FILETIME_1970) * 100
    return (at_ns, 100) if 0 < at_ns < LAST_NS else None


def tai64n_ns(text: str) -> tuple[int, int] | None:
    """A TAI64N label of 24 hex digits as daemontools and runit write it: 10 s ahead of POSIX time, no leap seconds."""
    seconds, nanos = int(text[:16], 16) - TAI64_1970, int(text[16:], 16)
    at_ns = seconds * 1_000_000_000 + nanos
    return (at_ns, 1) if nanos < 1_000_000_000 and 0 < at_ns < LAST_NS else None


def _exponent(text: str) -> tuple[int, int] | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    places = int(value.as_tuple().exponent)
    found = epoch_ns(format(value, "f"))
    if found is None:
        return None
    unit = unit_ns(int(value)) or 1
    return found[0], max(int(unit * Decimal(10) ** places), 1) if places > 0 else found[1]
