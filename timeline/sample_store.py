"""Metric points on their way from many replies to series and one table, held as runs of numbers, never as rows.

A series is a name, its labels and a step. Slices of it, asked for one after another or once more, may overlap: points of one series at
one instant count once, as the first ref in order tells them; the rest of them are folded.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.raw import Raw
from ..collectors.window import Window
from ..normalize.samples import normal_samples
from ..normalize.stamps import NONE_NS, Nanoseconds
from ..normalize.tables import SAMPLES
from ..normalize.window import inside
from .rows import Series

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)
# Source and form.
Part = tuple[str, str]
# Name, labels as text, step as text.
Key = tuple[str, str, str]


@dataclass
class Seen:
    """What became of the points of one part: how many were kept, folded, outside or unreadable, and the stretch of the readable ones."""

    counts: Counter[str] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, at_ns: Nanoseconds, double: Mask, kept: Mask) -> None:
        """Count points of a series, in order of time; unreadable ones come first."""
        unreadable = int(np.searchsorted(at_ns, NONE_NS, "right"))
        folded, shown = int(double.sum()), int(kept.sum())
        self.counts.update(unreadable=unreadable, folded=folded, kept=shown, outside=len(at_ns) - unreadable - folded - shown)
        if unreadable < len(at_ns):
            first, last = int(at_ns[unreadable]), int(at_ns[-1])
            self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
            self.last_ns = last if self.last_ns is None else max(self.last_ns, last)


@dataclass(frozen=True)
class Joined:
    """All series, by name, labels and step; `table` (SAMPLES) has the window's points, by time and then as the series; `seen` by part."""

    series: list[Series]
    table: pa.Table
    seen: dict[Part, Seen]


@dataclass(frozen=True)
class _Run:
    """Points of one series out of one batch, as they came."""

    at_ns: Nanoseconds
    values: Values
    query: str
    ref: str
    part: Part
    reply: str


class SampleStore:
    """Gathers batches of samples; 16 bytes a point."""

    def __init__(self) -> None:
        self._runs: dict[Key, list[_Run]] = {}

    def add(self, raw: Raw, asked: Mapping[str, str], ref: str, part: Part) -> None:
        """Keep one batch of a reply: `asked` is what it was asked with, `ref` where it lies."""
        about = {**asked, **raw.about}
        name, query, step = about.get("name", ""), about.get("query", ""), about.get("step_s") or about.get("step") or ""
        at, values, labels = normal_samples(raw)
        codes = labels.indices.to_numpy()
        order, starts = _together(codes)
        if order is not None:
            at, values, codes = at[order], values[order], codes[order]
        texts = labels.dictionary.to_pylist()
        for first, end in zip(starts, [*starts[1:], len(codes)], strict=False):
            run = _Run(at[first:end], values[first:end], query, raw.about.get("ref", ref), part, ref)
            self._runs.setdefault((name, texts[codes[first]], step), []).append(run)

    def drop(self, ref: str) -> None:
        """Forget the reply of this ref, which turned out to be broken."""
        others = {key: [run for run in runs if run.reply != ref] for key, runs in self._runs.items()}
        self._runs = {key: runs for key, runs in others.items() if runs}

    def join(self, window: Window) -> Joined:
        """Everything added, joined; the store is empty afterwards."""
        seen = {part: Seen() for part in sorted({run.part for runs in self._runs.values() for run in runs})}
        series, shown = [], []
        for key in sorted(self._runs):
            one, kept = _joined(key, sorted(self._runs.pop(key), key=attrgetter("ref")), window, seen)
            if len(one.at_ns):
                series.append(one)
                shown.append((key, _only(one.at_ns, kept), _only(one.values, kept)))
        return Joined(series, _table(shown) if seen else SAMPLES.empty_table(), seen)


def _together(codes: npt.NDArray[np.integer[Any]]) -> tuple[Nanoseconds | None, list[int]]:
    """Where each series begins in a batch, after bringing its points together if they lie apart, in the order given."""
    if not len(codes):
        return None, []
    starts = [0, *(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist()]
    if len(set(codes[starts].tolist())) == len(starts):
        return None, starts
    order = np.argsort(codes, kind="stable")
    return order, [0, *(np.flatnonzero(np.diff(codes[order])) + 1).tolist()]


def _joined(key: Key, runs: list[_Run], window: Window, seen: Mapping[Part, Seen]) -> tuple[Series, Mask]:
    """The readable points of one series in order, each instant once, and which of them lie in the window; all are counted in `seen`."""
    at, values = _end_to_end([run.at_ns for run in runs]), _end_to_end([run.values for run in runs])
    owner = np.repeat(np.arange(len(runs), dtype=np.int32), [len(run.at_ns) for run in runs])
    if not (at[1:] > at[:-1]).all():
        order = np.argsort(at, kind="stable")
        at, values, owner = at[order], values[order], owner[order]
    readable = at != NONE_NS
    good = readable.copy()
    good[1:] &= at[1:] != at[:-1]
    kept = good & inside(at, window)
    parts = [run.part for run in runs]
    for part in set(parts):
        mine = np.array([one == part for one in parts])[owner]
        seen[part].add(_only(at, mine), _only(readable & ~good, mine), _only(kept, mine))
    name, labels, step = key
    first = runs[owner[good.argmax()]]
    return Series(name, first.query, json.loads(labels), _only(at, good), _only(values, good), _step_ns(step), first.ref), _only(kept, good)


def _step_ns(text: str) -> int | None:
    """A step in seconds; None for none, and for one that only says how it was asked for, such as "1m"."""
    try:
        return round(float(text) * 1e9)
    except (ValueError, OverflowError):
        return None


def _end_to_end(columns: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _only(column: npt.NDArray[Number], chosen: Mask) -> npt.NDArray[Number]:
    """The chosen rows; a copy only where some are left out."""
    return column if chosen.all() else column[chosen]


def _table(shown: list[tuple[Key, Nanoseconds, Values]]) -> pa.Table:
    """SAMPLES of points that come series by series, each in order of time; words are listed in the order of their first rows."""
    shown = [one for one in shown if len(one[1])]
    owner = np.repeat(np.arange(len(shown), dtype=np.int32), [len(at) for _, at, _ in shown])
    at = np.concatenate([np.empty(0, np.int64), *(at for _, at, _ in shown)])
    order = np.argsort(at, kind="stable")
    columns = [pa.array(at[order]).cast(SAMPLES.field("at").type)]
    del at
    owner = owner[order]
    begins = sorted(range(len(shown)), key=lambda i: (shown[i][1][0], i))
    for part in range(2):
        words = [key[part] for key, _, _ in shown]
        known = {word: code for code, word in enumerate(dict.fromkeys(words[i] for i in begins))}
        codes = np.array([known[word] for word in words], np.int32)[owner]
        columns.append(pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(known), pa.string())))
    values = np.concatenate([np.empty(0), *(values for _, _, values in shown)])
    return pa.Table.from_arrays([*columns, pa.array(values[order], from_pandas=True)], schema=SAMPLES)
