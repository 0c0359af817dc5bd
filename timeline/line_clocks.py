"""Whose clock stamped a log's lines, and rows made of lines on that clock.

The runtime's stamps are the node's. Which node it is says the answer that the log came in, else the pod that has the log's name, if all
of that name ran on one node. Lines that carry nothing but their program's stamp are of no clock that is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..collectors.window import rfc3339_short
from .rows import NODE, Fact, Row, Stream


def with_clocks(streams: Iterable[Stream], facts: Iterable[Fact]) -> list[Stream]:
    """`streams`, those of an unknown node with the clock of the one node that pods of their name ran on."""
    nodes: dict[tuple[str, str], set[str]] = {}
    for fact in facts:
        if fact.kind == "state.pod" and fact.attributes.get("node"):
            name, node = str(fact.attributes["name"]), str(fact.attributes["node"])
            for namespace in ("", str(fact.attributes["namespace"])):
                nodes.setdefault((namespace, name), set()).add(node)
    return [_on_node(stream, nodes.get((stream.namespace, stream.pod), ())) for stream in streams]


def _on_node(stream: Stream, nodes: Iterable[str]) -> Stream:
    known = list(nodes)
    return replace(stream, clock=f"{NODE}/{known[0]}") if stream.clock == NODE and len(known) == 1 else stream


def as_received(row: Row, streams: Sequence[Stream]) -> Row:
    """A row at a line's `at`, on the clock of that line and as received, like every row before it is corrected.

    The row's labels name the container; where that does not settle whose line it is, the row stays as it is.
    """
    pod, container, namespace = (row.labels.get(name, "") for name in ("pod", "container", "namespace"))
    mine = [s for s in streams if (s.pod, s.container) == (pod, container) and namespace in ("", s.namespace or namespace)]
    around = [s for s in mine if s.first_ns is not None and s.last_ns is not None and s.first_ns <= row.at_ns <= s.last_ns]
    found = {(s.clock or NODE, s.moved_ns) for s in around or mine}
    if len(found) != 1:
        return row
    clock, moved_ns = found.pop()
    at_ns = row.at_ns - moved_ns
    stamp = rfc3339_short(at_ns)
    until_ns = None if row.until_ns is None else row.until_ns - moved_ns
    words = tuple(replace(w, clock=clock, at_ns=at_ns, at_source=stamp) for w in row.witnesses)
    return replace(row, clock=clock, at_ns=at_ns, until_ns=until_ns, at_source=stamp, witnesses=words)
