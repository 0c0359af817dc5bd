"""From evidence to tables: the whole offline job, in one function.

Rules make rows of facts; unclaimed facts of an event kind are rows by themselves; identity merges and names them; the window
decides what is shown; milestones and durations follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from ..collectors.evidence import Failure
from ..collectors.window import Window, rfc3339_short
from ..normalize.tables import KINDS
from ..normalize.window import place
from . import alerts, excursions, log_gaps, log_rows, pages, restarts, rollouts
from .accounting import account
from .carried import alert_threads, carried
from .corrected_lines import correct_lines
from .corrections import NOTHING_KNOWN, Clocks, clocks_of, corrected
from .coverage import coverage_rows, gap_rows
from .durations import Duration, durations
from .evidence import Kept, Part, Read, Tally, read_evidence
from .flapping import alert_of, without_flapping
from .identity import Named, in_time, linked, named
from .impact_numbers import NOT_COUNTED, Numbers, impact_numbers
from .line_clocks import with_clocks
from .line_store import LineStore
from .milestones import Milestone, Scope, milestones, scope
from .people import People, said_rows, stray_notes, with_people
from .retention import still_had
from .rows import Given, Row, row_of
from .services import confirmed, owners, with_services

# Each makes rows of its own facts and series; the order does not matter.
RULES: tuple[Callable[[Given], list[Row]], ...] = (rollouts.rows, restarts.rows, alerts.rows, pages.rows, excursions.rows, log_gaps.rows, log_rows.rows)


@dataclass(frozen=True)
class Built:
    """Everything derived from the evidence of one incident; `lines` is where the log lines were written."""

    people: People
    scope: Scope
    rows: list[Named]
    milestones: list[Milestone]
    durations: list[Duration]
    coverage: list[dict[str, object]]
    samples: pa.Table
    tallies: dict[Part, Tally]
    failures: list[Failure]
    sources: dict[str, bool]
    clocks: Clocks = NOTHING_KNOWN
    impact: Numbers = NOT_COUNTED
    still: tuple[str, ...] = ()

    @property
    def aside(self) -> list[str]:
        """Ids of the rows that are background: shown only when asked for. Gaps are none: what could not be seen is told in its own place."""
        held = carried(self.rows)
        mine = [n for n in self.rows if not n.row.milestone_ok and n.row.kind != "gap"]
        return [n.event_id for n in mine if not (n.row.thread in held and self.scope.holds(n))]


def build(evidence: Path, people: People, lines: Path, kept: Kept | None = None) -> Built:
    """Read `evidence`, write the log lines to `lines` (Parquet), return the rest. Deterministic; touches no network.

    `kept`: batches of the evidence that were read already. Raises OSError where `lines` cannot be written.
    """
    store = LineStore(lines.parent, people.templates, people.stamps)
    try:
        read = read_evidence(evidence, people.window, store, kept)
        read.failures += [*stray_notes(people), *_not_looked_for(read, people)]
        given = Given(people.window, read.facts, read.series, with_clocks(read.streams, read.facts))
        doubles = store.write(lines, owners(given))
    finally:
        store.close()
    given = replace(given, templates=store.templates)
    everything = all_rows(given)
    clocks = clocks_of(read, given, everything, lines, correct=people.correct, zone=people.stamps.zone)
    if again := correct_lines(read, given, clocks.corrections, lines, templates=people.templates, stamps=people.stamps):
        given, doubles = again
        everything = all_rows(given)
    everything = corrected(everything, clocks)
    told = " ".join(f"{row.title} {row.body} {row.labels}" for row in everything if row.kind == "gap")
    gaps = gap_rows(read, people.window, told)
    found = without_flapping(named([*everything, *said_rows(people), *gaps]), people.window)
    rows = linked(clipped(found, people.window))
    account(read, rows, people.window, doubles)
    chosen = scope(rows, people.service, people.depends_on)
    rows = set_aside(rows, chosen)
    pager_lost = any(f.source == "pagerduty" and f.ours for f in read.failures)
    marks = with_people(milestones(rows, chosen, pager_lost=pager_lost), people)
    return Built(
        people=people,
        scope=chosen,
        rows=rows,
        milestones=marks,
        durations=durations(marks, people.own),
        coverage=coverage_rows(read, people.window),
        samples=read.samples,
        tallies=read.tallies,
        failures=unique(read.failures),
        sources=read.sources,
        clocks=clocks,
        impact=impact_numbers(given, rows, chosen, marks, read.failures),
        still=still_had(read, people.window),
    )


def _not_looked_for(read: Read, people: People) -> list[Failure]:
    """What the timeline lacks because nobody wanted it."""
    if people.templates != "none" or not read.streams:
        return []
    text = "templates of log lines were not looked for, so no first errors, bursts or ends of logs are told; `--templates masks` looks for them"
    return [Failure("kubernetes", "templates of log lines", "left out", text, ours=False)]


def all_rows(given: Given) -> list[Row]:
    """Rows of every rule, and of every fact of an event kind that no rule claimed: neither it nor the same fact read at another moment."""
    ruled = [row for rule in RULES for row in rule(given)]
    claimed = {w.ref for row in ruled for w in row.witnesses} | {ref for row in ruled for ref in row.folds}
    known = {(f.kind, f.thread, f.edge) for f in given.facts if f.ref in claimed and f.thread}
    free = [f for f in given.facts if f.kind in KINDS and f.at_ns is not None and f.ref not in claimed and (f.kind, f.thread, f.edge) not in known]
    own = [row_of(f) for f in free]
    return confirmed(with_services([*ruled, *own], given))


def clipped(rows: Iterable[Named], window: Window) -> list[Named]:
    """Rows that lie in the window, in time; what already held when it opened stands at its start and is no milestone.

    Rows are merged and named before, so that an id does not depend on the window.
    """
    held, found = [], []
    for n in rows:
        where = place(n.row.at_ns, n.row.until_ns, window)
        if where == "inside":
            found.append(n)
        elif where == "holds":
            held.append(Named(n.event_id, _already(n.row, window)))
    return sorted([*held, *found], key=in_time)


def set_aside(rows: Iterable[Named], chosen: Scope) -> list[Named]:
    """Background is no milestone and not shown unless asked.

    It is pages about no service of the incident, and every run of an alert that fired already when the window opened, but for a run
    that paged somebody in the window.
    """
    listed = list(rows)
    known = {n.row.labels["incident"] for n in listed if "incident" in n.row.labels and chosen.holds(n)}
    paged = {thread for n in listed if n.row.kind == "page.triggered" and n.row.milestone_ok for thread in alert_threads(n)}
    before = {alert_of(n) for n in listed if n.row.kind == "alert.firing" and not n.row.milestone_ok}

    def background(n: Named) -> bool:
        return n.row.labels.get("incident") not in {None, *known} or (n.row.kind.startswith("alert.") and alert_of(n) in before and n.row.thread not in paged)

    return [Named(n.event_id, replace(n.row, milestone_ok=False)) if background(n) else n for n in listed]


def _already(row: Row, window: Window) -> Row:
    title = row.title if row.title.startswith("already ") or row.kind == "gap" else f"already {row.title}"
    began = row.at_source or rfc3339_short(row.at_ns)
    return replace(row, at_ns=window.since_ns, before_ns=0, after_ns=1, at_source=began, title=title, milestone_ok=False)


def unique(failures: Sequence[Failure]) -> list[Failure]:
    """`failures` without repetitions."""
    return list(dict.fromkeys(failures))
