"""Templates counted: how often, when, and how gravely each workload's containers say what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..normalize.severity import LEVELS
from ..normalize.templates import template_id
from .rows import Template
from .services import workload_of

BUCKET_NS = 10_000_000_000
MOST_TOLD = 5_000
LONGEST_TOLD = 300

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Said:
    """Lines that name a record, in order of time: when, in whose container, which template, how grave, which row of the store."""

    at_ns: Ints
    owner: Ints
    template: Ints
    level: Ints
    row: Ints


def counted(
    said: Said, names: Sequence[str], owners: Sequence[tuple[str, str, str]], workloads: Mapping[str, str], line: Callable[[int], tuple[str, str]]
) -> list[Template]:
    """One `Template` per workload, container, template and severity, the most frequent first.

    `names` are the templates, `owners` (namespace, pod, container), `workloads` pod → workload where known; `line` gives text
    and ref of a row of the store.
    """
    if not len(said.at_ns):
        return []
    places = [(namespace, workloads.get(pod) or workload_of(pod), container) for namespace, pod, container in owners]
    known = {place: i for i, place in enumerate(sorted(set(places)))}
    by_owner = np.array([known[place] for place in places])[said.owner]
    key = (by_owner * len(names) + said.template) * len(LEVELS) + said.level
    keys, first, group, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    last = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]
    cells, number = np.unique(group * (1 << 40) + said.at_ns // BUCKET_NS, return_counts=True)
    cuts = np.searchsorted(cells, np.arange(len(keys) + 1) * (1 << 40))
    listed = list(known)
    found = []
    for i, one in enumerate(keys.tolist()):
        namespace, workload, container = listed[one // len(LEVELS) // len(names)]
        name = names[one // len(LEVELS) % len(names)]
        text, ref = line(int(said.row[first[i]]))
        mine = slice(cuts[i], cuts[i + 1])
        found.append(
            Template(
                namespace=namespace,
                workload=workload,
                container=container,
                template=name,
                id=template_id(name),
                severity=LEVELS[one % len(LEVELS)],
                count=int(count[i]),
                first_ns=int(said.at_ns[first[i]]),
                last_ns=int(said.at_ns[last[i]]),
                bucket_ns=cells[mine] % (1 << 40) * BUCKET_NS,
                counts=number[mine],
                text=text,
                ref=ref,
                first_pod=owners[said.owner[first[i]]][1],
                last_pod=owners[said.owner[last[i]]][1],
            )
        )
    return sorted(found, key=lambda t: (-t.count, t.first_ns, t.workload, t.container, t.id, t.severity or ""))


def told(templates: Sequence[Template]) -> str:
    """The texts of the most frequent templates as JSON, id → text: what `lines.parquet` says of its `template_id`."""
    texts: dict[int, str] = {}
    for template in templates:
        if len(texts) >= MOST_TOLD:
            break
        texts.setdefault(template.id, template.template[:LONGEST_TOLD])
    return json.dumps(texts, ensure_ascii=True)
