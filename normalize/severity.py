"""How grave a log line says it is: fatal, error, warning, info, debug, or nothing.

A line's mask (`masks`) tells it for all lines of that mask at once: level words, keys of JSON and logfmt, panics, tracebacks,
exceptions, the signs of Redis and Android. Only what a mask hides is read per line, on whole columns: klog letters, syslog
priorities (RFC 5424, 6.2.1), HTTP statuses of access logs, numeric levels of JSON loggers. Nothing is guessed from the tone of a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .beginnings import Beginnings
from .masks import LEVEL_KEYS, METHODS, MONTHS, column, masked, record_of

LEVELS = (None, "fatal", "error", "warning", "info", "debug")
UNKNOWN, FATAL, ERROR, WARNING, INFO, DEBUG = range(6)
# What a mask hides, to be read per line.
PRIORITY, STATUS, NUMBER = -1, -2, -3

Codes = npt.NDArray[np.int8]

WORDS: dict[str, int] = {
    **dict.fromkeys(["fatal", "critical", "crit", "panic", "emerg", "emergency", "alert", "dpanic", "ftl"], FATAL),
    **dict.fromkeys(["error", "err", "severe", "fail", "failure"], ERROR),
    **dict.fromkeys(["warn", "warning", "wrn"], WARNING),
    **dict.fromkeys(["info", "information", "informational", "notice", "note", "inf", "log", "default"], INFO),
    **dict.fromkeys(["debug", "dbug", "dbg", "trace", "trc", "fine", "finer", "finest", "verbose"], DEBUG),
}
LETTERS = {"F": FATAL, "E": ERROR, "W": WARNING, "I": INFO, "N": INFO, "D": DEBUG, "V": DEBUG, "T": DEBUG}
SIGNS = {"#": WARNING, "*": INFO, "-": DEBUG, ".": DEBUG}

LOUD = "FATAL|CRITICAL|CRIT|PANIC|EMERG|ALERT|SEVERE|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE|FINE|VERBOSE|LOG(?=:)"
# A line that begins with such a word and a blank says no more of it than that; here the usual ones first, as far as they are read from the first eight bytes.
FIRST_WORD = re.compile(rf"({LOUD}) ")
FIRST_WORDS = ("INFO", "ERROR", "WARN", "DEBUG", "WARNING", "FATAL", "TRACE", "NOTICE", "CRIT", "ERR")
LOUD_WORD = re.compile(rf"(?<![\w.=/-])({LOUD})(?![\w.=/-])")
NAMED = re.compile(r"(?:^|[\s,{])(?:level|lvl|severity|levelname|loglevel|log\.level)[=:]\"?([A-Za-z]+)")
BRACKETED = re.compile(r"[\[<|(] ?(?:[\w.-]+[:.])?([A-Za-z]{3,11}) ?[\]>|)]|, (Info|Warning|Error) {2,}")
LEADING = re.compile(r"(?:\S+: )?([A-Za-z]{3,9}): ")
REDIS = re.compile(rf"\* \* (?:{MONTHS}) \* \* ([#*.-]) ")
ANDROID = re.compile(r"\* \* +\* +\* ([VDIWEF]) \S")
RUBY = re.compile(r"([DIWEF]), \[\*")
PANIC = re.compile(r"panic: |fatal error: |runtime: out of memory|Segmentation fault|Out of memory: Kill")
THROWN = re.compile(
    r"Traceback \(most recent call last\)|Exception in thread |Caused by: |Unhandled (?:promise |exception)|Uncaught "
    r"|(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception)(?::|$)|\w+ \*? ?panicked at "
)
REQUEST = re.compile(rf'"(?:{METHODS}) ')
STATUS_KEY = re.compile(r"\bstatus(?:_code)?=\*")
STATUS_OF = r"(?:HTTP/[0-9.]+\" |\bstatus(?:_code)?\"?[=:] ?\"?|\" )(?P<code>[1-5][0-9][0-9])(?:[^0-9]|$)"
PRIORITY_OF = r"^<(?P<code>[0-9]{1,3})>"
NUMBER_OF = r"\"(?:level|severity|lvl|priority|PRIORITY)\": ?\"?(?P<code>[0-9]{1,3})\b"
STATUS_KEYS = ("status", "status_code", "statusCode", "code")


def severity(text: str | bytes) -> str | None:
    """The severity of one line."""
    return LEVELS[int(severities([text])[0])]


def severities(texts: Any) -> Codes:
    """The severity of every line, as places in LEVELS."""
    lines = column(texts)
    return of_masks(lines, *masked(lines)) if len(lines) else np.empty(0, np.int8)


def first_words(begun: Beginnings) -> Codes:
    """The severity of lines that begin with one of FIRST_WORDS and a blank, which settles it, UNKNOWN of all others."""
    said = np.zeros(len(begun.word), np.int8)
    left = np.arange(len(said))
    for word in FIRST_WORDS:
        here = begun.begin(f"{word} ".encode())
        said[left[here]] = WORDS[word.lower()]
        rest = np.flatnonzero(~here)
        if not len(rest):
            break
        if len(rest) < len(left):
            left, begun = left[rest], begun.some(rest)
    return said


def of_masks(texts: pa.Array, codes: npt.NDArray[np.int32], masks: Sequence[str]) -> Codes:
    """As `severities`, for lines whose masks are known already: `codes` are places in `masks`."""
    said = np.array([of_mask(mask) for mask in masks], np.int8)[codes]
    for hidden, pattern, known in ((PRIORITY, PRIORITY_OF, PRIORITIES), (STATUS, STATUS_OF, STATUSES), (NUMBER, NUMBER_OF, NUMBERS)):
        rows = np.flatnonzero(said == hidden)
        if len(rows):
            said[rows] = known[_numbers(texts.take(pa.array(rows)), pattern)]
    starred = np.array([mask.startswith("*") for mask in masks], bool)[codes]
    return _with_klog(texts, starred, said)


@lru_cache(maxsize=65_536)
def of_mask(mask: str) -> int:
    """What a mask says: a place in LEVELS, or PRIORITY, STATUS or NUMBER where the lines must be asked."""
    record = record_of(mask) if mask.startswith("{") else None
    if record is not None:
        return _of_record(record)
    if mask.startswith("<*"):
        return PRIORITY
    if match := FIRST_WORD.match(mask):
        return WORDS[match[1].lower()]
    if PANIC.match(mask):
        return FATAL
    if THROWN.match(mask):
        return ERROR
    return _of_header(mask[:400])


def _of_header(text: str) -> int:
    for pattern, known in ((REDIS, SIGNS), (ANDROID, LETTERS), (RUBY, LETTERS)):
        if match := pattern.match(text):
            return known[match[1]]
    if match := NAMED.search(text):
        return WORDS.get(match[1].lower(), UNKNOWN)
    if REQUEST.search(text) and not BRACKETED.search(text.partition('"')[0]):
        return STATUS
    found = [(match.start(), match[1]) for match in (LOUD_WORD.search(text), LEADING.match(text)) if match and match[1].lower() in WORDS]
    found += [(m.start(), m[1] or m[2]) for m in BRACKETED.finditer(text) if (m[1] or m[2]).lower() in WORDS][:1]
    if found:
        return WORDS[min(found)[1].lower()]
    return STATUS if STATUS_KEY.search(text) else UNKNOWN


def _of_record(record: Mapping[str, Any]) -> int:
    level = next((record[key] for key in LEVEL_KEYS if key in record), None)
    if isinstance(level, str) and level.lower() in WORDS:
        return WORDS[level.lower()]
    if level is not None and str(level) == "0":
        return NUMBER
    if any(key in record for key in STATUS_KEYS):
        return STATUS
    message = record.get("message") or record.get("msg") or record.get("log") or record.get("MESSAGE")
    said = max(of_mask(message.replace("0", "*")), UNKNOWN) if isinstance(message, str) and not message.startswith("{") else UNKNOWN
    return NUMBER if said == UNKNOWN and "PRIORITY" in record else said  # the journal's, which is 6 for whatever a service prints


def _numbers(texts: pa.Array, pattern: str) -> npt.NDArray[np.int64]:
    """The number below 1000 that `pattern` finds in each line, 999 where it finds none."""
    found = pc.struct_field(pc.extract_regex(texts, pattern), "code")
    found = pc.if_else(pc.fill_null(pc.equal(found, ""), True), "999", found)
    return np.asarray(found.cast(pa.int64()).to_numpy(zero_copy_only=False))


def _ranges(*ends: tuple[int, int]) -> Codes:
    """Codes by number below 1000; each pair is (first number above, code)."""
    codes = np.zeros(1_000, np.int8)
    start = 0
    for end, code in ends:
        codes[start:end] = code
        start = end
    return codes


STATUSES = _ranges((100, UNKNOWN), (500, INFO), (600, ERROR))
# pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. Smaller numbers are syslog's.
NUMBERS = _ranges(
    (1, UNKNOWN), (3, FATAL), (4, ERROR), (5, WARNING), (7, INFO), (8, DEBUG), (10, UNKNOWN), (30, DEBUG), (40, INFO), (50, WARNING), (60, ERROR), (61, FATAL)
)
PRIORITIES = np.tile(np.array([FATAL, FATAL, FATAL, ERROR, WARNING, INFO, INFO, DEBUG], np.int8), 125)
PRIORITIES[192:] = UNKNOWN


def _with_klog(texts: pa.Array, starred: npt.NDArray[np.bool_], said: Codes) -> Codes:
    """`said`, and the letter of klog's header (`E0514 09:12:33.123456 …`) where a line has one."""
    rows = np.flatnonzero(starred)
    _, bounds, data = texts.buffers()
    if not len(rows) or data is None:
        return said
    wide = pa.types.is_large_string(texts.type)
    ends = np.frombuffer(bounds, np.int64 if wide else np.int32)[texts.offset : texts.offset + len(texts) + 1]
    starts = np.asarray(ends, np.int64)
    rows = rows[starts[rows + 1] - starts[rows] > 6]
    held = np.frombuffer(data, np.uint8)
    letters = KLOG[held[starts[rows]]]
    rows, letters = rows[letters > 0], letters[letters > 0]
    heads = held[starts[rows][:, None] + np.arange(1, 6)]
    fits = ((heads[:, :4] >= ord("0")) & (heads[:, :4] <= ord("9"))).all(axis=1) & (heads[:, 4] == ord(" "))
    said[rows[fits]] = letters[fits]
    return said


KLOG = np.zeros(256, np.int8)
KLOG[[ord(letter) for letter in "IWEF"]] = [INFO, WARNING, ERROR, FATAL]
