"""Records of several lines: which lines of one stream continue the line before.

Indented and blank lines, closing brackets, Java's `Caused by:` and `... 12 more`, Go's goroutine dumps, and Python's tracebacks with the
exception that ends them. A traceback belongs to the error that was logged right before it; two tracebacks in a row are two records.
Classes come from first bytes, patterns look only at the few lines that may need them; what was open at the end of a batch is
carried into the next, so that batches of any size give the same records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .beginnings import Beginnings, beginnings

Flags = npt.NDArray[np.bool_]

CHAINS = ("During handling of the above", "The above exception was")
CHAINED = rf"^(?:{'|'.join(CHAINS)})"
# Lines that begin so always continue; `0` is a number.
STARTS = (
    *("Caused by: ", "Suppressed: ", "... 0 more", "... 0 common frames", *CHAINS, "goroutine 0 "),
    *("created by ", "exit status 0", "[signal ", "--- End of ", "stack traceback:"),
)
ALWAYS = rf"^(?:{'|'.join(map(re.escape, STARTS))}|[\]}})]+[,;]?$)".replace("0", "[0-9]+")
TRACEBACK = "Traceback (most recent call last)"
CALL = r"^(?:[\w./*%@-]+\.)+[\w.*()\[\]{}%-]+\(.*\)$|^main\.\w+\(.*\)$|^panic\(.*\)$"
EXCEPTION = r"^(?:[A-Za-z_][\w.]*(?:: |:?$)|(?:[\w$]+\.)+[\w$]*(?:Exception|Error)\b)"
THROWN = r"^(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b"
THROWN_WORD = re.compile(THROWN, re.ASCII)
FIRST_WORD = 512
# The first two bytes of what the patterns above begin with, as a number, the first lowest; a closing bracket may stand before anything.
FIRST_TWO = np.zeros(1 << 16, bool)
FIRST_TWO[[first | second << 8 for first, second in (b"Ca", b"Su", b"..", b"Du", b"Th", b"Tr", b"go", b"cr", b"ex", b"[s", b"--", b"st")]] = True
FIRST_TWO[[first | second << 8 for first in b"]})" for second in range(256)]] = True
# A line's class: it starts a record, it continues one, it opens a traceback.
HEAD, MORE, OPENER = range(3)


@dataclass(frozen=True)
class Open:
    """What stands open at the end of a batch of a stream: whether there was a line at all, and what its last lines were."""

    any: bool = False
    traceback: bool = False
    goroutine: bool = False
    chained: bool = False
    grave_head: bool = False


@dataclass(frozen=True)
class Records:
    """Per line: whether it continues the record before; whether it is the exception that names its record."""

    continues: Flags
    names: Flags
    open: Open


def records(texts: pa.Array, grave: Flags, before: Open = Open(), throwing: Flags | None = None, begun: Beginnings | None = None) -> Records:
    """The records of one batch of one stream. `texts` is a string array without nulls; `grave`: lines of severity error or fatal.

    `throwing`: lines that may be an exception, where that is known by their masks (`may_throw`). `begun`: `beginnings(texts)`, where they are known.
    """
    count = len(texts)
    if not count:
        return Records(np.zeros(0, bool), np.zeros(0, bool), before)
    kind, goroutine, chained = _classes(texts, begun or beginnings(texts))
    # One made-up line in front stands for all that came before.
    kind = np.concatenate([[OPENER if before.traceback else MORE if before.goroutine or before.chained else HEAD], kind])
    goroutine = np.concatenate([[before.goroutine], goroutine])
    chained = np.concatenate([[before.chained], chained])
    grave = np.concatenate([[before.grave_head], grave])
    continues = kind == MORE
    names = np.zeros(count + 1, bool)
    heads = kind == HEAD
    ended = _exceptions(texts, kind)
    called = _calls(texts, heads, goroutine)
    continues[ended] = continues[called] = True
    thrown = _thrown(texts, heads & grave & ~continues, heads if throwing is None else heads & np.concatenate([[False], throwing]))
    continues[thrown] = True
    names[ended] = names[thrown] = True
    openers = np.flatnonzero(kind == OPENER)
    openers = openers[openers > 0]
    after_head = heads[openers - 1] & grave[openers - 1] & ~continues[openers - 1]
    continues[openers] = after_head | _follows_chain(kind, chained, openers)
    if not before.any:
        continues[1] = names[1] = False
    last_opener = np.flatnonzero(kind == OPENER)
    last_head = np.flatnonzero(heads)
    after = Open(
        any=True,
        traceback=bool(len(last_opener) and not (len(last_head) and last_head[-1] > last_opener[-1])),
        goroutine=_open_dump(goroutine, heads & ~_flags(called, count + 1)),
        chained=bool(_follows_chain(kind, chained, np.array([count + 1]))[0]),
        grave_head=bool(heads[-1] and grave[-1] and not continues[-1]),
    )
    return Records(continues[1:], names[1:], after)


def _classes(texts: pa.Array, begun: Beginnings) -> tuple[npt.NDArray[np.int8], Flags, Flags]:
    """Class of each line; which begin a goroutine's dump; which announce a further traceback."""
    two = begun.word.astype(np.uint16)
    more = begun.continuing()
    kind = np.where(more, MORE, HEAD).astype(np.int8)
    goroutine, chained = np.zeros(len(kind), bool), np.zeros(len(kind), bool)
    rows = np.flatnonzero(FIRST_TWO[two] & ~more)
    if len(rows):
        some = texts.take(pa.array(rows))
        kind[rows[matching(some, ALWAYS)]] = MORE
        kind[rows[true(pc.starts_with(some, TRACEBACK))]] = OPENER
        goroutine[rows[true(pc.starts_with(some, "goroutine "))]] = True
        chained[rows[matching(some, CHAINED)]] = True
    return kind, goroutine, chained


def _exceptions(texts: pa.Array, kind: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """The lines that end a traceback: the first after it that is not indented, if it looks like an exception."""
    openers, ends = np.flatnonzero(kind == OPENER), np.flatnonzero(kind == HEAD)
    places = np.searchsorted(ends, openers, "right")
    found = ends[places[places < len(ends)]]
    others = np.append(openers[1:], len(kind))[places < len(ends)]
    found = np.unique(found[found < others])
    return found[matching(texts.take(pa.array(found - 1)), EXCEPTION)] if len(found) else found


def _calls(texts: pa.Array, heads: Flags, goroutine: Flags) -> npt.NDArray[np.int64]:
    """Unindented function lines of goroutine dumps, as far as nothing else stands between them and the dump's start."""
    if not goroutine.any():
        return np.empty(0, np.int64)
    rows = np.flatnonzero(heads[1:]) + 1
    rows = rows[rows > np.flatnonzero(goroutine)[0]]
    calls = rows[matching(texts.take(pa.array(rows - 1)), CALL)] if len(rows) else rows
    others = heads.copy()
    others[calls] = False
    inside: Flags = _last(goroutine)[calls] > _last(others)[calls]
    return np.asarray(calls[inside], np.int64)


@lru_cache(maxsize=65_536)
def may_throw(mask: str) -> bool:
    """Whether a line of that mask may begin with the name of an exception: it does so, or a variable of its first word hides it."""
    first = mask[:FIRST_WORD].split(" ", 1)[0]
    return "*" in first or len(first) == FIRST_WORD or THROWN_WORD.match(first) is not None


def _thrown(texts: pa.Array, grave_heads: Flags, heads: Flags) -> npt.NDArray[np.int64]:
    """Java's exception lines right after the error that was logged with them; of several on end, the next is logged by itself, and may have its own."""
    rows = np.flatnonzero(grave_heads[:-1] & heads[1:]) + 1
    if not len(rows):
        return rows
    rows = rows[matching(texts.take(pa.array(rows - 1)), THROWN)]
    if not len(rows):
        return rows
    first = np.diff(rows, prepend=-1) > 1
    even: npt.NDArray[np.int64] = rows[(rows - np.maximum.accumulate(np.where(first, rows, 0))) % 2 == 0]
    return even


def _follows_chain(kind: npt.NDArray[np.int8], chained: Flags, places: npt.NDArray[np.int64]) -> Flags:
    """Whether a line that announces a further traceback stands before each place, with nothing but blank or indented lines between."""
    if not len(places) or not chained.any():
        return np.zeros(len(places), bool)
    others = _last(kind != MORE)
    return np.asarray(_last(chained)[places - 1] > others[places - 1], bool)


def _open_dump(goroutine: Flags, others: Flags) -> bool:
    return bool(goroutine.any() and _last(goroutine)[-1] > _last(others)[-1])


def _last(flags: Flags) -> npt.NDArray[np.int64]:
    """For each place the last place up to it that is set, -1 where none is."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def _flags(places: npt.NDArray[np.int64], count: int) -> Flags:
    found = np.zeros(count, bool)
    found[places] = True
    return found


def matching(texts: pa.Array, pattern: str) -> Flags:
    """Which lines match."""
    return true(pc.match_substring_regex(texts, pattern))


def true(found: pa.BooleanArray) -> Flags:
    """Truths as flags."""
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)
