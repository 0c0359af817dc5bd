"""Columns of RFC 3339 stamps as Kubernetes writes them, by arithmetic on words of eight bytes; what is written otherwise is left to `stamps`.

Usual is `2026-11-21T01:20:00Z` with 0 to 9 decimals after a point, capital T and Z, or an offset with colon. Date, hour and minute repeat, so they
are read where they differ from the row before.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..collectors.compiled import Compiled
from ..collectors.words import Offsets, Words, all_fit, fits, number, runs, words

Nanoseconds = npt.NDArray[np.int64]

KERNELS = Compiled(__package__, "rfc3339_compiled")
NONE_NS = np.iinfo(np.int64).min
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
# Whole days before and after 1970 that nanoseconds in 64 bits hold for sure.
FURTHEST_MINUTE = (np.iinfo(np.int64).max // MINUTE_NS) - 1440
NO_DAY = 1 << 40
REACH = 32
# Minutes that a batch spans, most of the time: they come again in the next ones, and few are quicker one by one.
FEW = 16
# Which bytes of a word its first 0 to 8 are.
FIRST = np.array([(1 << 8 * i) - 1 for i in range(9)], np.uint64)
ZEROS = 0x3030303030303030
MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, *[0] * 87])


def usual_ns(data: npt.NDArray[np.uint8], bounds: npt.NDArray[np.int32]) -> Nanoseconds:
    """Nanoseconds of the stamps that lie in `data` one after another, each from one of `bounds` to the next.

    NONE_NS for what is no instant or not written as usual; the last stamps may be told so wrongly.
    """
    if compiled := KERNELS.module():
        found: Nanoseconds = compiled.usual_ns(data, bounds, np.empty(len(bounds) - 1, np.int64))
        return found
    places = bounds.astype(np.int64)
    if places[-1] > len(data) - REACH:
        data = np.append(data, np.zeros(REACH, np.uint8))
    return _usual_ns(data, places[:-1], places[1:])


def _usual_ns(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> Nanoseconds:
    """The same; `data` goes on for REACH bytes from each start."""
    heads = words(data, starts, 4)
    date, minute = heads[:, 0], heads[:, 1]
    second, rest = heads[:, 2].copy(), heads[:, 3].copy()
    tick = second & 0xFFFFFF
    first = runs(date, minute, tick)
    at = np.repeat(_whole_ns(date[first], minute[first], tick[first]), np.diff(first, append=len(date)))
    lost = at == NONE_NS
    sizes = ends - starts
    precise = sizes == 30
    if not (precise.all() and all_fit(second, "???.0000") and all_fit(rest, "00000Z??")):
        precise &= fits(second, "???.0000") & fits(rest, "00000Z??")
    odd = np.flatnonzero(~precise)
    if odd.size:
        odd_fraction, usual = _fractions(data, ends[odd], sizes[odd], second[odd], rest[odd])
        lost[odd[~usual]] = True
    fraction = number(second >> 32 | rest << 32)
    fraction *= 10
    rest >>= 32
    rest &= 15
    fraction += rest.view(np.int64)
    if odd.size:
        fraction[odd] = odd_fraction
    at += fraction
    if lost.any():
        at[lost] = NONE_NS
    return at


def _whole_ns(date: Words, minute: Words, second: Words) -> Nanoseconds:
    """Nanoseconds of `2026-11-21T01:20:00`, in three words; NONE_NS where it is written otherwise or the calendar has none such."""
    first = runs(date, minute)
    date, minute = date[first], minute[first]
    if len(first) <= FEW:
        few = [_one_minute(*words) for words in zip(date.tolist(), minute.tolist(), strict=True)]
        begun = np.array(few, np.int64)
    else:
        begun = _minutes_ns(date, minute)
    begun = np.repeat(begun, np.diff(first, append=len(second)))
    seconds = _pair(second >> 8)
    good = (begun != NONE_NS) & fits(second, ":00\0\0\0\0\0") & (seconds <= 60)
    return np.where(good, begun + seconds * SECOND_NS, NONE_NS)


@lru_cache(maxsize=4096)
def _one_minute(date: int, minute: int) -> int:
    return int(_minutes_ns(np.array([date], np.uint64), np.array([minute], np.uint64))[0])


def _minutes_ns(date: Words, minute: Words) -> Nanoseconds:
    """Nanoseconds of `2026-11-21T01:20`. Days come again in many minutes, so they are read where they differ from the row before."""
    day = minute & 0xFFFF
    first = runs(date, day)
    days = np.repeat(_days(date[first], day[first]), np.diff(first, append=len(date)))
    hour, minutes = _pair(minute >> 24), _pair(minute >> 48)
    total = days * 1440 + hour * 60 + minutes
    good = fits(minute, "??T00:00") & (hour < 24) & (minutes < 60) & (np.abs(total) < FURTHEST_MINUTE)
    return np.where(good, np.where(good, total, 0) * MINUTE_NS, NONE_NS)


def _days(date: Words, day: Words) -> Offsets:
    """Days from 1970-01-01 to `2026-11-21`; NO_DAY where it is written otherwise or the calendar has none such."""
    year, month, number = _pair(date) * 100 + _pair(date >> 16), _pair(date >> 40), _pair(day)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good = fits(date, "0000-00-") & fits(day, "00\0\0\0\0\0\0") & (year > 0)
    good &= (number > 0) & (number <= MONTH_DAYS[np.minimum(month, 99)] + (leap & (month == 2)))
    # The year begins in March, so that the leap day is its last.
    march = year - (month < 3)
    days = march * 365 + march // 4 - march // 100 + march // 400 + ((month + 9) % 12 * 153 + 2) // 5 + number - 719_469
    return np.where(good, days, NO_DAY)


def _fractions(data: npt.NDArray[np.uint8], ends: Offsets, sizes: Offsets, second: Words, rest: Words) -> tuple[Nanoseconds, npt.NDArray[np.bool_]]:
    """Fraction minus offset of stamps of any length, and whether they are written as usual."""
    tail = words(data, np.maximum(ends - 8, 0), 1)[:, 0]
    zulu = tail >> 56 == ord("Z")
    zoned, offset_ns, decimals = zulu, 0, sizes - 21
    if not zulu.all():
        ahead, hours, minutes = fits(tail, "??+00:00"), _pair(tail >> 24), _pair(tail >> 48)
        zoned = zulu | (ahead | fits(tail, "??-00:00")) & (hours < 24) & (minutes < 60)
        offset_ns = np.where(zulu, 0, np.where(ahead, MINUTE_NS, -MINUTE_NS)) * (hours * 60 + minutes)
        decimals = np.where(zulu, decimals, sizes - 26)
    keep = FIRST[np.clip(decimals, 0, 8)]
    eight = (second >> 32 | rest << 32) & keep | ZEROS & ~keep
    ninth = np.where(decimals == 9, rest >> 32 & 15, 0).view(np.int64)
    point = fits(second, "???.????") & (decimals > 0) & (decimals < 10)
    good = zoned & (point | (decimals == -1)) & fits(eight, "00000000") & ((decimals < 9) | fits(rest, "????0???"))
    return number(eight) * 10 + ninth - offset_ns, good


def _pair(word: Words) -> Offsets:
    """What a word's first two digits are worth."""
    return ((word & 15) * 10 + (word >> 8 & 15)).astype(np.int64)
