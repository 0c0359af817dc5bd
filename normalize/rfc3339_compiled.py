"""The kernel of `rfc3339`, compiled."""

from __future__ import annotations

from typing import Any

from ..collectors.kernel import BYTES, INTS, LONGS_OUT, S, U, kernel, load, odd, part
from ..collectors.words import shape_of
from .rfc3339 import FURTHEST_MINUTE, MINUTE_NS, NONE_NS, REACH, SECOND_NS

DATE, TIME, SECOND, DIGITS, OFFSET = (tuple(U(one) for one in shape_of(shape)) for shape in ("0000-00-", "00T00:00", ":00?????", "00000000", "?00:00??"))
LETTER_Z, DOT, PLUS, MINUS = (ord(one) for one in "Z.+-")
NO_MINUTE = FURTHEST_MINUTE + 1
MONTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@part
def pair(word: Any, at: Any) -> Any:
    """What two digits are worth, from so many bits on."""
    return S(((word >> U(at)) & U(15)) * U(10) + ((word >> U(at + 8)) & U(15)))


@part
def eight(word: Any) -> Any:
    """What eight digits are worth."""
    value = (word & U(0x0F0F0F0F0F0F0F0F)) * U(10 << 8 | 1) >> U(8)
    value = (value & U(0x00FF00FF00FF00FF)) * U(100 << 16 | 1) >> U(16)
    return S((value & U(0x0000FFFF0000FFFF)) * U(10_000 << 32 | 1) >> U(32))


@part
def minute_of(date: Any, minute: Any) -> Any:
    """Minutes from 1970 to `2026-11-21T01:20`; NO_MINUTE where it is written otherwise or the calendar has none such."""
    if odd(date, DATE) or odd(minute, TIME):
        return S(NO_MINUTE)
    year, month, day = pair(date, 0) * 100 + pair(date, 16), pair(date, 40), pair(minute, 0)
    hour, minutes = pair(minute, 24), pair(minute, 48)
    if year == 0 or month == 0 or month > 12 or day == 0 or hour > 23 or minutes > 59:
        return S(NO_MINUTE)
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day > MONTHS[month] + S(leap):
        return S(NO_MINUTE)
    march = year - S(month < 3)
    days = march * 365 + march // 4 - march // 100 + march // 400 + ((month + 9) % 12 * 153 + 2) // 5 + day - 719_469
    return days * 1440 + hour * 60 + minutes


@part
def offset_ns(data: Any, at: Any, end: Any) -> Any:
    """The offset that begins at a place and takes all that is left; NONE_NS where there is none."""
    if at + U(1) == end and data[at] == LETTER_Z:
        return S(0)
    word = load(data, at)
    hours, minutes = pair(word, 8), pair(word, 32)
    if at + U(6) != end or odd(word, OFFSET) or hours > 23 or minutes > 59 or (data[at] != PLUS and data[at] != MINUS):
        return S(NONE_NS)
    return (hours * 60 + minutes) * (MINUTE_NS if data[at] == PLUS else -MINUTE_NS)


@part
def fraction_ns(data: Any, at: Any, decimals: Any) -> Any:
    """What 1 to 9 decimals are worth; NONE_NS where they are not digits."""
    first, ninth = load(data, at), U(0)
    if decimals < U(8):
        keep = (U(1) << (decimals << U(3))) - U(1)
        first = (first & keep) | (U(0x3030303030303030) & ~keep)
    elif decimals == U(9):
        ninth = U(data[at + U(8)]) - U(48)
    if odd(first, DIGITS) or ninth > 9:
        return S(NONE_NS)
    return eight(first) * 10 + S(ninth)


@part
def begun(data: Any, start: Any, end: Any) -> Any:
    """Where the offset of a stamp begins; 0 where it is too short or too long."""
    size = end - start
    if size < U(20) or size > U(35):
        return U(0)
    return end - U(1) if data[end - U(1)] == LETTER_Z else end - U(6)


@kernel(LONGS_OUT, BYTES, INTS, LONGS_OUT)
def usual_ns(data: Any, offsets: Any, found: Any) -> Any:
    """As `rfc3339.usual_ns`, into `found`, which is given back; NONE_NS also for stamps that end less than REACH bytes before the end of `data`."""
    date, minute, base = U(0), U(0), S(NO_MINUTE)
    for i in range(U(len(found))):
        found[i] = NONE_NS
        start, end = U(offsets[i]), U(offsets[i + U(1)])
        at = begun(data, start, end)
        if not at or end + U(REACH) > U(len(data)):
            continue
        first, second = load(data, start), load(data, start + U(8))
        if first != date or second != minute:
            date, minute, base = first, second, minute_of(first, second)
        tick = load(data, start + U(16))
        seconds = pair(tick, 8)
        if base >= FURTHEST_MINUTE or base <= -FURTHEST_MINUTE or odd(tick, SECOND) or seconds > 60:
            continue
        ns = base * MINUTE_NS + seconds * SECOND_NS
        decimals = at - start - U(19)
        if decimals:
            fraction = fraction_ns(data, start + U(20), decimals - U(1)) if decimals > 1 and decimals < 11 and data[start + U(19)] == DOT else S(NONE_NS)
            if fraction == NONE_NS:
                continue
            ns += fraction
        shift = offset_ns(data, at, end)
        if shift != NONE_NS:
            found[i] = ns - shift
    return found
