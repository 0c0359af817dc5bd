"""Identity: which rows are one row, and what its id is.

Rows of one kind, thread and edge are one fact when their instants are closer than `SAME_NS` or than what their clocks can
tell apart; else they are successive edges, numbered in time. The id is the first 16 hex digits of SHA-256 over kind, thread,
edge and that number: it does not depend on the order of input nor, where the thread's key allows, on which witnesses were seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..collectors.window import rfc3339_short
from .likelihood import SAME_LABEL, Likelihood
from .rows import Row, Witness

SAME_NS = 2_000_000_000

# The system that made the fact speaks first; systems that only heard of it follow.
PRECEDENCE = ("prometheus", "kubernetes", "alertmanager", "pagerduty")


@dataclass(frozen=True)
class Named:
    """A row with its id."""

    event_id: str
    row: Row


def named(rows: Iterable[Row]) -> list[Named]:
    """Merge rows that are one, give every row its id, sort by time (ties: proven order none, so by kind and id)."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.thread, row.edge), []).append(row)
    found = []
    for key, members in groups.items():
        for number, cluster in enumerate(clusters(members)):
            found.append(Named(event_id(*key, number), merged(cluster)))
    return sorted(found, key=in_time)


def in_time(named: Named) -> tuple[int, str, str]:
    """The order of rows: by time; ties have no proven order, so by kind and id."""
    return named.row.at_ns, named.row.kind, named.event_id


def event_id(kind: str, thread: str, edge: str, number: int) -> str:
    """16 hex digits that name one edge."""
    return hashlib.sha256("\x00".join((kind, thread, edge, str(number))).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def clusters(rows: Sequence[Row]) -> list[list[Row]]:
    """`rows` of one key, cut where two neighbours in time are further apart than one fact can be."""
    ordered = sorted(rows, key=lambda r: (r.at_ns, _rank(r.source), r.ref))
    found: list[list[Row]] = []
    for row in ordered:
        if found and row.at_ns - found[-1][-1].at_ns <= max(SAME_NS, row.after_ns, found[-1][-1].after_ns, row.before_ns):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def merged(rows: Sequence[Row]) -> Row:
    """One row of several that are the same fact; its time is that of the first witness in PRECEDENCE.

    What the first leaves blank the others fill in; a count or an end that grew between two answers is the larger one.
    """
    if len(rows) == 1:
        row = rows[0]
        return replace(row, witnesses=_witnesses(rows)) if not row.witnesses else row
    ordered = sorted(rows, key=lambda r: (_rank(r.source), r.after_ns + r.before_ns, -(r.count or 0), r.at_ns, r.ref))
    best = ordered[0]
    counts = [r.count for r in rows if r.count is not None]
    ends = [r.until_ns for r in rows if r.until_ns is not None]
    blank: dict[str, Any] = {
        name: next((getattr(r, name) for r in ordered if getattr(r, name)), None)
        for name in ("severity", "body", "service", "subject", "actor", "url")
        if not getattr(best, name)
    }
    labels = {k: v for r in reversed(ordered) for k, v in r.labels.items()}
    return replace(
        best,
        **blank,
        about=next((r.about for r in ordered if r.about), ""),
        count=max(counts) if counts else None,
        until_ns=max(ends) if ends else None,
        labels=labels,
        witnesses=_witnesses(ordered),
        folds=tuple(dict.fromkeys(f for r in ordered for f in r.folds)),
        milestone_ok=all(r.milestone_ok for r in rows),
    )


def pointer(kind: str, thread: str, edge: str, at_ns: int, belief: Likelihood) -> str:
    """The label `SAME_LABEL` of a row that may be the same as the row of this kind, thread and edge, until `linked` knows its id."""
    return "\x00".join((kind, thread, edge, str(at_ns), belief.words))


def linked(rows: Iterable[Named]) -> list[Named]:
    """`rows` with each label `SAME_LABEL` naming the other row by id and time, on both; without it where the other is not among them."""
    listed = list(rows)
    by_key: dict[tuple[str, ...], list[int]] = {}
    for i, n in enumerate(listed):
        by_key.setdefault((n.row.kind, n.row.thread, n.row.edge), []).append(i)
    told: dict[int, str] = {}
    for i, n in enumerate(listed):
        *key, at_ns, words = n.row.labels.get(SAME_LABEL, "").split("\x00") if n.row.labels.get(SAME_LABEL, "").count("\x00") == 4 else ("", "", "")
        near = [k for k in by_key.get(tuple(key), ()) if k != i]
        if near:
            k = min(near, key=lambda k: abs(listed[k].row.at_ns - int(at_ns)))
            told[i] = _other(listed[k], words)
            told.setdefault(k, _other(n, words))
    return [_told(n, told.get(i)) for i, n in enumerate(listed)]


def _other(named: Named, words: str) -> str:
    return f"{named.event_id} of {rfc3339_short(named.row.at_ns)} {words}"


def _told(named: Named, words: str | None) -> Named:
    if words is None and SAME_LABEL not in named.row.labels:
        return named
    labels = {k: v for k, v in named.row.labels.items() if k != SAME_LABEL} | ({SAME_LABEL: words} if words else {})
    return Named(named.event_id, replace(named.row, labels=labels))


def _witnesses(rows: Sequence[Row]) -> tuple[Witness, ...]:
    """All witnesses, doubles removed; the first row's own word stays first."""
    found: dict[tuple[str, str], Witness] = {}
    for row in rows:
        for one in row.witnesses or (Witness(row.source, row.clock, row.at_ns, row.at_source, None, row.ref),):
            found.setdefault((one.source, one.ref), one)
    return tuple(found.values())


def _rank(source: str) -> int:
    return PRECEDENCE.index(source) if source in PRECEDENCE else len(PRECEDENCE)
