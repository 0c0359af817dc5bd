"""What the lines of all streams say, one small number per line: mask, severity, and whether the line names its record.

A record of several lines has the mask of the line that names it: the exception that ends a traceback, else its first line. Only the
distinct masks and four bytes a line are held in memory; above `MOST_MASKS` distinct masks, new ones are cut to their first words.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.compiled import Compiled
from ..normalize.beginnings import Beginnings, beginnings
from ..normalize.glances import Glance, glance, walked
from ..normalize.masks import masked
from ..normalize.records import Open, Records, may_throw, records
from ..normalize.severity import ERROR, FATAL, UNKNOWN, first_words, of_masks
from ..normalize.templates import drain_miner, drained, merged_templates
from .line_waiting import size_of

MOST_MASKS = 100_000
FIRST_WORDS = 3
# Small batches are masked together. Others read and write while the workers mask.
ROWS_AT_ONCE, BYTES_AT_ONCE = 8_192, 4 << 20
WORKERS = min(max((os.cpu_count() or 1) // 2, 1), 4)
MOST_ASKED = WORKERS + 2

KERNELS = Compiled(__package__, "lines_compiled")

# A line's key: mask number << 4 | severity << 1 | whether it names its record.
Keys = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass
class Tail:
    """The record that a stream's last batch ended with: its lines as (batch, from row), its key, and the line that names it."""

    parts: list[tuple[int, int]]
    key: int
    name: tuple[int, int]


@dataclass(frozen=True)
class Said:
    """What the lines of some batches say, as their masks tell it: `codes` are places in `masks`, `levels` in severity.LEVELS.

    `throwing`: lines that may be an exception; `begun`: how they begin, or what kernels made of that.
    """

    codes: npt.NDArray[np.int32]
    masks: list[str]
    levels: npt.NDArray[np.int8]
    throwing: npt.NDArray[np.bool_]
    begun: Beginnings | Glance

    def records(self, texts: pa.Array, mine: slice, before: Open) -> Records:
        """The records of one batch, whose lines are these."""
        levels, throwing = self.levels[mine], self.throwing[mine]
        if isinstance(self.begun, Beginnings):
            return records(texts, (levels == ERROR) | (levels == FATAL), before, throwing, self.begun.some(mine))
        return walked(texts, self.begun.marks[mine], levels, throwing, before)


class Words:
    """Reads batch by batch; after `end`, `keys` has one array per batch. Masks are made by threads, several batches ahead, and one thread reads in order.

    `by`: how templates are found, one of people.TEMPLATES; by none, all lines have one mask, and most are not masked at all.
    """

    def __init__(self, by: str = "masks") -> None:
        if by == "drain3":
            drain_miner()
        self._by = by
        self.masks: dict[str, int] = {}
        self.keys: list[Keys] = []
        self._open: dict[str, Open] = {}
        self._tails: dict[str, Tail] = {}
        self._waiting: list[tuple[str, pa.Array]] = []
        self._rows = self._size = 0
        self._threads: ThreadPoolExecutor | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._asked: deque[Future[None]] = deque()

    def add(self, stream: str, texts: pa.Array) -> None:
        """Read one batch of a stream that is not empty; the batches of a stream come in order."""
        self._waiting.append((stream, texts))
        self._rows += len(texts)
        self._size += size_of(texts)
        if self._rows < ROWS_AT_ONCE and self._size < BYTES_AT_ONCE:
            return
        if self._threads is None or self._reader is None:
            self._threads, self._reader = ThreadPoolExecutor(WORKERS), ThreadPoolExecutor(1)
        said = self._threads.submit(self._said, self._waiting) if WORKERS > 1 else None
        self._asked.append(self._reader.submit(self._read_when, self._waiting, said))
        self._waiting, self._rows, self._size = [], 0, 0
        while len(self._asked) > MOST_ASKED:
            self._asked.popleft().result()

    def end(self) -> None:
        """Read what is left."""
        while self._asked:
            self._asked.popleft().result()
        if self._waiting:
            self._read(self._waiting, self._said(self._waiting))
        self._waiting = []
        self.close()

    def close(self) -> None:
        """Stop the threads."""
        for threads in (self._threads, self._reader):
            if threads is not None:
                threads.shutdown(cancel_futures=True)
        self._threads = self._reader = None

    def _read_when(self, batches: list[tuple[str, pa.Array]], said: Future[Said] | None) -> None:
        self._read(batches, said.result() if said else self._said(batches))

    def _read(self, batches: list[tuple[str, pa.Array]], said: Said) -> None:
        numbers = np.array([self._number(mask) for mask in said.masks], np.int32)[said.codes]
        own = numbers << 4 | said.levels.astype(np.int32) << 1
        start = 0
        for stream, texts in batches:
            mine = slice(start, start + len(texts))
            start += len(texts)
            parts = said.records(texts, mine, self._open.get(stream, Open()))
            self._open[stream] = parts.open
            self._join(stream, parts, own[mine])

    def templates(self, used: Places) -> dict[int, str]:
        """Mask number → template, for the masks that are used."""
        wanted = set(used.tolist())
        numbers = {mask: number for mask, number in self.masks.items() if number in wanted}
        found = drained(numbers) if self._by == "drain3" else merged_templates(numbers)
        return {numbers[mask]: template for mask, template in found.items()}

    def _said(self, batches: Sequence[tuple[str, pa.Array]]) -> Said:
        texts = [text for _, text in batches]
        together = pa.concat_arrays(texts) if len(texts) > 1 else texts[0]
        return unmasked(together, np.cumsum([0, *map(len, texts[:-1])]).tolist()) if self._by == "none" else said(together)

    def _number(self, mask: str) -> int:
        if mask not in self.masks and len(self.masks) >= MOST_MASKS:
            mask = " ".join([*mask.split()[:FIRST_WORDS], "…"])
        return self.masks.setdefault(mask, len(self.masks))

    def _join(self, stream: str, parts: Records, own: Keys) -> None:
        """Give all lines of a record one key, also those of it that came in earlier batches."""
        compiled = KERNELS.module()
        keys, before, last, key, name = _keyed(compiled, parts, own) if compiled else keyed(parts, own)
        self.keys.append(keys)
        here = len(self.keys) - 1
        if before and stream in self._tails:
            self._go_on(self._tails[stream], own, np.flatnonzero(parts.names[:before]), before)
        if last >= 0:
            self._tails[stream] = Tail([(here, last)], key, (here, name))

    def _go_on(self, tail: Tail, own: Keys, names: Places, before: int) -> None:
        """The first `before` lines of the last batch belong to the record that the stream's batch before ended with."""
        here = len(self.keys) - 1
        tail.parts.append((here, 0))
        if len(names):
            batch, row = tail.name
            self.keys[batch][row] &= ~1
            tail.key, tail.name = int(of_record(own[names[-1]], np.int32(tail.key))), (here, int(names[-1]))
            for batch, row in tail.parts[:-1]:
                self.keys[batch][row:] = tail.key
        self.keys[here][:before] = tail.key
        batch, row = tail.name
        self.keys[batch][row] |= 1


# Keys; how many lines belong to the record before them; of the last record that begins here (-1: none does) its first line, its key, the line that names it.
Keyed = tuple[Keys, int, int, int, int]


def keyed(parts: Records, own: Keys) -> Keyed:
    """The keys of a batch's lines; 0 for those that belong to the record before them."""
    keys = own | 1
    more, named = np.flatnonzero(parts.continues), np.flatnonzero(parts.names)
    last, key, name = len(own) - 1, int(own[-1]), len(own) - 1
    if not len(more):
        return keys, 0, last, key, name
    first = np.flatnonzero(np.diff(more, prepend=-2) > 1)
    head, size = more[first] - 1, np.diff(first, append=len(more))
    before = int(size[0]) if head[0] < 0 else 0
    names = head.copy()
    names[np.searchsorted(head, named) - 1] = named
    whole = of_record(own[names], own[head])
    whole[: before > 0] = 0
    keys[more] = np.repeat(whole, size)
    keys[head[before > 0 :]] = whole[before > 0 :]
    keys[names[before > 0 :]] |= 1
    if more[-1] == last:
        last, key, name = int(head[-1]), int(whole[-1]), int(names[-1])
    return keys, before, last, key, name


def _keyed(kernels: Any, parts: Records, own: Keys) -> Keyed:
    """The same, compiled."""
    keys, rest = np.empty(len(own), np.int32), np.empty(4, np.int64)
    kernels.keyed(parts.continues, parts.names, own, keys, rest)
    before, last, key, name = rest.tolist()
    return keys, before, last, key, name


def of_record(named: Keys | np.int32, first: Keys | np.int32) -> Keys:
    """The key of a record from the keys of the line that names it and of its first line: the graver severity of the two."""
    a, b = np.asarray(named) >> 1 & 7, np.asarray(first) >> 1 & 7
    graver = np.where((a > 0) & ((a < b) | (b == 0)), a, b)
    return np.asarray(np.asarray(named) >> 4 << 4 | graver << 1, np.int32)


def said(texts: pa.Array) -> Said:
    """What lines say, by their masks."""
    return _masked(texts, glance(texts) or beginnings(texts))


def _masked(texts: pa.Array, begun: Beginnings | Glance) -> Said:
    codes, masks = masked(texts)
    return Said(codes, masks, of_masks(texts, codes, masks), np.array([may_throw(mask) for mask in masks], bool)[codes], begun)


def unmasked(texts: pa.Array, starts: Sequence[int] = (0,)) -> Said:
    """The same without their masks: one is all lines'. Lines that begin with a word of severity need none, and name no exception.

    Nor do those that continue a record, whose own severity counts for nothing, but for the first lines of batches, which begin at `starts`.
    """
    begun = glance(texts) or beginnings(texts)
    levels = first_words(begun) if isinstance(begun, Beginnings) else begun.levels
    asked = levels == UNKNOWN
    firsts = [row for row in starts if row < len(texts)]
    kept = asked[firsts]
    asked &= ~begun.continuing()
    asked[firsts] = kept
    throwing = np.zeros(len(texts), bool)
    rows = np.flatnonzero(asked)
    if len(rows):
        others = _masked(texts.take(pa.array(rows)), begun)
        levels[rows], throwing[rows] = others.levels, others.throwing
    return Said(np.zeros(len(texts), np.int32), [""], levels, throwing, begun)
