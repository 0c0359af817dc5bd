"""Conservation: every record received is kept, folded into another row, outside the window, or unreadable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..collectors.window import Window
from ..normalize.window import place
from .evidence import Read, Tally
from .identity import Named
from .rows import Fact

ORDER = ("kept", "folded", "unreadable", "outside")


def account(read: Read, inside: Iterable[Named], window: Window, doubles: int) -> None:
    """Add the outcome of every record behind `read.facts` to `read.tallies`; move `doubles` log lines to folded.

    A record is kept when it is the first word on a row in the window, folded when it is a further witness, went into a row
    otherwise, or only describes a state inside the window; a record with several facts takes the best outcome of them.
    """
    first: set[str] = set()
    further: set[str] = set()
    for named in inside:
        words = [w.ref for w in named.row.witnesses]
        first.update((named.row.ref, *words[:1]))
        further.update((*words[1:], *named.row.folds))
    best: dict[tuple[str, str], tuple[int, Fact]] = {}
    for i, fact in enumerate(read.facts):
        if fact.kind.startswith("context."):
            continue
        rank = ORDER.index(_outcome(fact, i in read.unread, first, further, window))
        key = (fact.source, fact.record)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, fact)
        _tally(read, fact).span(fact.at_ns)
    for rank, fact in best.values():
        _tally(read, fact).add(ORDER[rank])
    if doubles:
        _move_doubles(list(read.tallies.items()), doubles)


def _tally(read: Read, fact: Fact) -> Tally:
    return read.tallies.setdefault(read.part(fact.record, fact.source), Tally())


def _outcome(fact: Fact, lost: bool, first: set[str], further: set[str], window: Window) -> str:
    if fact.kind == "unreadable" or lost:
        return "unreadable"
    if fact.ref in first or fact.record in first:
        return "kept"
    if fact.ref in further or fact.record in further or fact.at_ns is None:
        return "folded"
    return "outside" if place(fact.at_ns, fact.until_ns, window) in ("before", "after") else "folded"


def _move_doubles(tallies: Sequence[tuple[tuple[str, str], Tally]], doubles: int) -> None:
    for (_, form), tally in tallies:
        if form == "log":
            moved = min(doubles, tally.counts["kept"])
            tally.counts["kept"] -= moved
            tally.counts["folded"] += moved
            doubles -= moved
