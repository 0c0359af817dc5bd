"""The values that rules work on: facts with their instants in, rows out.

A rule is a function `rows(given: Given) -> list[Row]`. It claims facts by making them witnesses of a row or by naming
them in a row's `folds`; `build` turns the unclaimed facts of an event kind into rows of their own, and counts unclaimed
`state.*` facts as folded, so that every record is accounted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..collectors.window import Window

# The clock of what a node stamped, where it is not known which.
NODE = "kubernetes/node"


@dataclass(frozen=True)
class Fact:
    """One fact of `collectors.raw.FACTS` with its instant. `at_ns` is None where no stamp could be read.

    The instant lies in `[at_ns - before_ns, at_ns + after_ns)`.
    """

    source: str
    kind: str
    clock: str
    ref: str
    record: str
    at_ns: int | None = None
    until_ns: int | None = None
    after_ns: int = 1
    before_ns: int = 0
    stamp: str | None = None
    until_stamp: str | None = None
    severity: str | None = None
    title: str | None = None
    body: str | None = None
    service: str | None = None
    subject: str | None = None
    actor: str | None = None
    thread: str | None = None
    edge: str | None = None
    count: int | None = None
    value: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    native_id: str | None = None
    url: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    collected_ns: int | None = None


@dataclass(frozen=True)
class Witness:
    """One system's word on a row: its clock, its time, its text."""

    source: str
    clock: str
    at_ns: int | None
    at_source: str | None
    native_id: str | None
    ref: str


@dataclass(frozen=True)
class Row:
    """One row of the timeline before it has its id.

    `thread` and `edge` are the canonical key: with `kind` they name the row, and where the sources allow they do not
    depend on which witnesses were seen. `about` is the thread shown (a page carries its alert's); "" means `thread`.
    `folds` are refs of records that went into this row without being witnesses. `milestone_ok` is False for what already held
    when the window opened and for background.
    """

    kind: str
    at_ns: int
    title: str
    source: str
    clock: str
    thread: str
    edge: str = ""
    about: str = ""
    until_ns: int | None = None
    before_ns: int = 0
    after_ns: int = 1
    at_source: str | None = None
    severity: str | None = None
    body: str | None = None
    service: str | None = None
    subject: str | None = None
    actor: str | None = None
    count: int | None = None
    value: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None
    ref: str = ""
    witnesses: tuple[Witness, ...] = ()
    folds: tuple[str, ...] = ()
    collected_ns: int | None = None
    milestone_ok: bool = True


@dataclass(frozen=True)
class Series:
    """One metric series: `at_ns` sorted, no doubles. `step_ns` is None for raw samples (as scraped or evaluated)."""

    name: str
    query: str
    labels: Mapping[str, str]
    at_ns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    step_ns: int | None
    ref: str
    source: str = "prometheus"
    clock: str = "prometheus"


@dataclass(frozen=True)
class Stream:
    """What was had of one container's log: `first_ns`, `last_ns` None when it held no stamped line.

    `clock` stamped its lines; they are already on corrected time, `moved_ns` later than they were received.
    """

    namespace: str
    pod: str
    container: str
    instance: str
    first_ns: int | None
    last_ns: int | None
    lines: int
    ref: str
    clock: str = NODE
    moved_ns: int = 0


@dataclass(frozen=True)
class Template:
    """One wording of one workload's container at one severity, as counted in the window; `count` is of records, not of lines.

    `counts` are the records of the 10 s that begin at `bucket_ns` (multiples of 10 s, sorted, none empty). `text` and `ref` are of
    the first record's line that names it.
    """

    namespace: str
    workload: str
    container: str
    template: str
    id: int
    severity: str | None
    count: int
    first_ns: int
    last_ns: int
    bucket_ns: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    text: str = ""
    ref: str = ""
    first_pod: str = ""
    last_pod: str = ""


@dataclass(frozen=True)
class Given:
    """Everything a rule may look at: the window, all facts, all series, all log streams, all templates of their lines."""

    window: Window
    facts: Sequence[Fact]
    series: Sequence[Series] = ()
    streams: Sequence[Stream] = ()
    templates: Sequence[Template] = ()

    def of(self, *kinds: str) -> Iterator[Fact]:
        """Facts whose kind is one of `kinds`; a kind that ends in `.` stands for all below it."""
        exact = frozenset(kinds)
        prefixes = tuple(k for k in kinds if k.endswith("."))
        return (f for f in self.facts if f.kind in exact or (prefixes and f.kind.startswith(prefixes)))


def witness(fact: Fact) -> Witness:
    """`fact` as the word of its system."""
    return Witness(fact.source, fact.clock, fact.at_ns, fact.stamp, fact.native_id, fact.ref)


def row_of(fact: Fact, **changes: Any) -> Row:
    """The row that `fact` is by itself; it must have an instant. `changes` replace columns."""
    if fact.at_ns is None:
        raise ValueError(f"{fact.ref} has no instant")
    row = Row(
        kind=fact.kind,
        at_ns=fact.at_ns,
        title=fact.title or fact.kind,
        source=fact.source,
        clock=fact.clock,
        thread=fact.thread or f"{fact.source}:{fact.ref}",
        edge=fact.edge or "",
        until_ns=fact.until_ns,
        before_ns=fact.before_ns,
        after_ns=fact.after_ns,
        at_source=fact.stamp,
        severity=fact.severity,
        body=fact.body,
        service=fact.service,
        subject=fact.subject,
        actor=fact.actor,
        count=fact.count,
        value=fact.value,
        labels=dict(fact.labels),
        url=fact.url,
        ref=fact.ref,
        witnesses=(witness(fact),),
        collected_ns=fact.collected_ns,
    )
    return replace(row, **changes) if changes else row
