"""The stamp of a JSON record: which key holds it, and what its value is.

Only keys of the record itself count, not of objects inside it; keys are compared without case, `_`, `-` and spaces. A key whose value
is no time is passed over. Objects that write a time are known: `{"$date": …}`, `{"seconds": …, "nanos": …}`, `{"epochSecond": …,
"nanoOfSecond": …}`. A record that is cut short is read as far as it goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# The first that holds a time is the record's: its own stamp before the time of its receipt or of what it tells about.
KEYS = (
    "@timestamp", "timestamp", "@t", "time", "ts", "t", "datetime", "date", "eventtime", "logtime", "logtimestamp", "requesttimestamp", "timestampms",
    "timestampns", "timestampus", "timeunixnano",
    "timems", "timens", "timemillis", "epochmillis", "instant", "realtimetimestamp", "unixtime", "unixtimestamp", "epoch",
    "calendartime", "asctime", "created", "createdat", "creationtime", "eventcreated", "timecreated", "systemtime", "eventtimestamp", "occurredat",
    "timelocal", "timeiso8601", "msec", "stagetimestamp", "requestreceivedtimestamp", "startutc", "starttime", "timegenerated", "generationtime",
    "sourcerealtimetimestamp", "published", "receivedat", "utc", "utctime", "when", "dt", "logdate",
)  # fmt: skip
RANK = {key: rank for rank, key in enumerate(KEYS)}
UNIT_OF_KEY = {"realtimetimestamp": 1_000, "sourcerealtimetimestamp": 1_000}
PLAIN = str.maketrans("", "", "_- .")
OPEN = r"^[ \t\r\n]*(?:\[[ \t\r\n]*)?\{"
OPENING = re.compile(OPEN, re.ASCII)
OPENS = re.compile(OPEN.encode())
BLANK = re.compile(r"[ \t\r\n]*", re.ASCII)
DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
# A record that is cut short within its first member: key, colon or text.
BARELY_BEGUN = re.compile(OPEN + r'[ \t\r\n]*(?:"[^"\\]*(?:"[ \t\r\n]*(?::[ \t\r\n]*(?:"[^"\\]*)?)?)?)?\Z', re.ASCII)
SECONDS = ("seconds", "epochsecond", "epochseconds", "sec", "s")
NANOS = ("nanos", "nanoofsecond", "nanoseconds", "nsec", "ns")


def candidates(text: str) -> Iterator[tuple[str, str, int | None]]:
    """Key, value as text, and the unit in ns that the key fixes, of every value that may be the stamp; best first."""
    if BARELY_BEGUN.match(text):
        return
    values: dict[int, tuple[str, Any]] = {}
    plain: dict[str, Any] = {}
    for key, value in members(text):
        folded = key.lower().translate(PLAIN)
        plain.setdefault(folded, value)
        rank = RANK.get(folded)
        if rank is not None:
            values.setdefault(rank, (key, value))
    for rank in sorted(values):
        key, value = values[rank]
        found = as_text(value)
        if found:
            yield key, found, UNIT_OF_KEY.get(KEYS[rank])
    date, clock = as_text(plain.get("date")), as_text(plain.get("time"))
    if date and clock:
        yield "date", f"{date} {clock}", None


def members(text: str) -> Iterator[tuple[str, Any]]:
    """Key and value of the outermost object, in order, as far as the text is JSON. Numbers are kept as text."""
    opening = OPENING.match(text)
    place = opening.end() if opening else len(text)
    while place < len(text):
        try:
            key, place = DECODER.raw_decode(text, _after(BLANK, text, place))
            place = _after(BLANK, text, place)
            if not isinstance(key, str) or text[place : place + 1] != ":":
                return
            value, place = DECODER.raw_decode(text, _after(BLANK, text, place + 1))
        except (ValueError, RecursionError):
            return
        yield key, value
        place = _after(BLANK, text, place)
        if text[place : place + 1] != ",":
            return
        place += 1


def as_text(value: object) -> str | None:
    """A value that may be a time, as the text that a layout reads; None for anything else."""
    if isinstance(value, str):
        return value if len(value) <= 64 else None
    if not isinstance(value, Mapping):
        return None
    folded = {str(key).lower().translate(PLAIN): one for key, one in value.items()}
    inner = folded.get("$date", folded.get("$numberlong"))
    if inner is not None:
        return as_text(inner)
    seconds = next((folded[key] for key in SECONDS if key in folded), None)
    nanos = next((folded[key] for key in NANOS if key in folded), "0")
    if isinstance(seconds, str) and isinstance(nanos, str) and seconds.isdigit() and nanos.isdigit() and len(nanos) <= 9:
        return f"{seconds}.{nanos:0>9}"
    return None


def _after(pattern: re.Pattern[str], text: str, place: int) -> int:
    match = pattern.match(text, place)
    return match.end() if match else place
