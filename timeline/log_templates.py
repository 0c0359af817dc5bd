"""Templates counted: how often, when, and how gravely each workload's containers say what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..normalize.severity import LEVELS
from ..normalize.templates import template_id
from .rows import Template
from .services import workload_of

BUCKET_NS = 10_000_000_000
MOST_TOLD = 5_000
LONGEST_TOLD = 300
# Numbers are looked up in a table of this size rather than sorted.
MOST_SPREAD = 1 << 16

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Said:
    """Lines that name a record, in order of time: when, in whose container, which template, how grave."""

    at_ns: Ints
    owner: Ints
    template: npt.NDArray[np.integer[Any]]
    level: npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class First:
    """The first line of a template: its text, and where in the evidence it stands."""

    text: str
    ref: str


class Counting:
    """Counts templates per workload, container and severity, piece by piece in order of time.

    `names` are the templates, `owners` (namespace, pod, container), `workloads` pod → workload where known.
    """

    def __init__(self, names: Sequence[str], owners: Sequence[tuple[str, str, str]], workloads: Mapping[str, str]) -> None:
        self._names, self._owners = names, owners
        places = [(namespace, workloads.get(pod) or workload_of(pod), container) for namespace, pod, container in owners]
        self._places = sorted(set(places))
        known = {place: i for i, place in enumerate(self._places)}
        self._place_of = np.array([known[place] for place in places], np.int64)
        self._first: dict[int, First] = {}
        # Columns: key, count, first and last instant, first and last owner; and: key, bucket, count.
        self._seen: list[Ints] = []
        self._cells: list[Ints] = []

    def add(self, said: Said, line: Callable[[int], First]) -> None:
        """Count records that come after all that were counted; `line` tells of one of them by its place."""
        if not len(said.at_ns):
            return
        key = (self._place_of[said.owner] * len(self._names) + said.template) * len(LEVELS) + said.level
        keys, number = _numbered(key, len(self._places) * len(self._names) * len(LEVELS))
        first, last = _ends(number, len(keys))
        count = np.bincount(number, minlength=len(keys))
        self._seen.append(np.stack([keys, count, said.at_ns[first], said.at_ns[last], said.owner[first], said.owner[last]]))
        bucket = said.at_ns // BUCKET_NS
        least = int(bucket[0])
        width = int(bucket[-1]) - least + 1
        cells, cell = _numbered(number * width + (bucket - least), len(keys) * width)
        self._cells.append(np.stack([keys[cells // width], cells % width + least, np.bincount(cell, minlength=len(cells))]))
        for one, row in zip(keys.tolist(), first.tolist(), strict=True):
            if one not in self._first:
                self._first[one] = line(row)

    def templates(self) -> list[Template]:
        """One `Template` per workload, container, template and severity, the most frequent first."""
        if not self._seen:
            return []
        seen = np.concatenate(self._seen, axis=1)
        seen = seen[:, np.argsort(seen[0], kind="stable")]
        starts = _starts(seen[0])
        ends = np.append(starts[1:], len(seen[0])) - 1
        count = np.add.reduceat(seen[1], starts)
        cells = np.concatenate(self._cells, axis=1)
        cells = cells[:, np.lexsort((cells[1], cells[0]))]
        of_cell = _starts(cells[0], cells[1])
        sums = np.add.reduceat(cells[2], of_cell)
        cuts = np.append(np.searchsorted(cells[0][of_cell], seen[0][starts]), len(of_cell))
        found = []
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            mine = slice(cuts[i], cuts[i + 1])
            found.append(self._template(seen[:, start], seen[:, end], int(count[i]), cells[1][of_cell[mine]] * BUCKET_NS, sums[mine]))
        return sorted(found, key=lambda t: (-t.count, t.first_ns, t.workload, t.container, t.id, t.severity or ""))

    def _template(self, first: Ints, last: Ints, count: int, bucket_ns: Ints, counts: Ints) -> Template:
        key = int(first[0])
        namespace, workload, container = self._places[key // len(LEVELS) // len(self._names)]
        name = self._names[key // len(LEVELS) % len(self._names)]
        return Template(
            namespace=namespace,
            workload=workload,
            container=container,
            template=name,
            id=template_id(name),
            severity=LEVELS[key % len(LEVELS)],
            count=count,
            first_ns=int(first[2]),
            last_ns=int(last[3]),
            bucket_ns=bucket_ns,
            counts=counts,
            text=self._first[key].text,
            ref=self._first[key].ref,
            first_pod=self._owners[int(first[4])][1],
            last_pod=self._owners[int(last[5])][1],
        )


def _numbered(values: Ints, size: int) -> tuple[Ints, Ints]:
    """The distinct values below `size`, sorted, and the place of each value among them."""
    if size > max(MOST_SPREAD, 4 * len(values)):
        distinct, places = np.unique(values, return_inverse=True)
        return distinct, places
    there = np.zeros(size, bool)
    there[values] = True
    distinct = np.flatnonzero(there)
    places = np.empty(size, np.int64)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[values]


def _ends(numbers: Ints, count: int) -> tuple[Ints, Ints]:
    """Where each number stands first and last."""
    places = np.arange(len(numbers))
    first, last = np.empty(count, np.int64), np.empty(count, np.int64)
    last[numbers] = places
    first[numbers[::-1]] = places[::-1]
    return first, last


def _starts(*keys: Ints) -> Ints:
    """Where sorted keys change, the first place included."""
    new = np.zeros(len(keys[0]), bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def told(templates: Sequence[Template]) -> str:
    """The texts of the most frequent templates as JSON, id → text: what `lines.parquet` says of its `template_id`."""
    texts: dict[int, str] = {}
    for template in templates:
        if len(texts) >= MOST_TOLD:
            break
        texts.setdefault(template.id, template.template[:LONGEST_TOLD])
    return json.dumps(texts, ensure_ascii=True)
