"""Normalised facts as the values that rules work on."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from ..normalize.stamps import instant_ns
from .rows import Fact

PLAIN = (
    "source", "kind", "clock", "ref", "record", "stamp", "until_stamp", "severity", "title", "body", "service", "subject", "actor", "thread", "edge",
    "count", "value", "native_id", "url", "at_ns", "until_ns",
)  # fmt: skip


def facts_of(table: pa.Table, collected: Mapping[str, str]) -> list[Fact]:
    """Facts of a `normalize.facts.NORMAL_FACTS` table; `collected` maps a reply's ref to its `received_at`."""
    times = {ref: instant_ns(text) for ref, text in collected.items()}
    return [
        Fact(
            **{name: line[name] for name in PLAIN},
            after_ns=line["resolution_ns"],
            labels=dict(line["labels"] or ()),
            attributes=json.loads(line["attributes"]) if line["attributes"] else {},
            collected_ns=times.get(line["ref"].partition("#")[0]),
        )
        for line in table.to_pylist()
    ]
