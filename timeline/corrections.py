"""Clocks of a run: everything that bounds them, what is corrected for it, and how rows move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .app_clocks import app_offsets
from .clock_deliveries import deliveries
from .clock_sights import answers, causes, node_names, node_times, server_times
from .clocks import Contradiction, Offset, offsets
from .evidence import Read
from .rows import Given, Row, Witness

# Clocks that time no row: the ideal one, and the machine that collected.
STAMPLESS = ("utc", "retroline")


@dataclass(frozen=True)
class Clocks:
    """Offsets of the systems' clocks, of the stamps that applications wrote into their lines, and what contradicts itself.

    `correct` is False where people want the times as received. `zone` is the one in which stamps that name none were read.
    """

    systems: tuple[Offset, ...] = ()
    inner: tuple[Offset, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    correct: bool = True
    zone: str = "UTC"

    @property
    def corrections(self) -> dict[str, tuple[int, int]]:
        """Clock → (what is added to its readings, how wrong that may be), in nanoseconds, of clocks off by more than their error bound."""
        if not self.correct:
            return {}
        off = [o for o in self.systems if o.proven and o.clock not in STAMPLESS]
        return {o.clock: (-o.best_ns, o.error_ns) for o in off if o.best_ns is not None and o.error_ns is not None}

    def told(self) -> dict[str, Any]:
        """As JSON-ready values, for the tables' metadata and the report."""
        moved = self.corrections
        return {
            "clocks": [
                {
                    "clock": o.clock, "against": o.against, "low_ns": o.low_ns, "best_ns": o.best_ns, "high_ns": o.high_ns,
                    "proven": o.proven, "zone": o.zone_ns is not None, "correction_ns": moved.get(o.clock, (0, 0))[0],
                    "inner": inner, "why": list(o.why), "refs": list(o.refs),
                    **({"read_in": self.zone} if inner and self.zone != "UTC" else {}),
                }
                for inner, listed in ((False, self.systems), (True, self.inner))
                for o in listed
            ],
            "contradictions": [
                {
                    "clocks": sorted({b.ahead for b in c.bounds}), "by_ns": c.by_ns,
                    "why": [b.why for b in c.bounds], "refs": [r for b in c.bounds for r in b.refs],
                }
                for c in self.contradictions
            ],
        }  # fmt: skip


NOTHING_KNOWN = Clocks()


def clocks_of(read: Read, given: Given, rows: Sequence[Row], lines: Path, *, correct: bool, zone: str = "UTC") -> Clocks:
    """What the run can see of its clocks. `lines` is the table of log lines, `zone` that of their stamps that name none."""
    bounds = [
        *answers(read.replies.values()),
        *server_times(given.of("context.now")),
        *node_times(given.series, node_names(given.facts)),
        *causes(given),
        *deliveries(given, rows),
    ]
    systems, contradictions = offsets(bounds)
    bounded = [o for o in systems if o.low_ns is not None or o.high_ns is not None]
    return Clocks(tuple(bounded), tuple(app_offsets(lines)), tuple(contradictions), correct, zone)


def corrected(rows: Iterable[Row], clocks: Clocks) -> list[Row]:
    """`rows` on the reference's time: instants moved, intervals widened by the correction's own error; what was received stays as text."""
    moved = clocks.corrections
    return [_moved(row, *moved.get(row.clock, (0, 0)), moved) for row in rows] if moved else list(rows)


def _moved(row: Row, shift_ns: int, error_ns: int, moved: dict[str, tuple[int, int]]) -> Row:
    words = tuple(_heard(w, moved.get(w.clock, (0, 0))[0]) for w in row.witnesses)
    until = None if row.until_ns is None else row.until_ns + shift_ns
    return replace(
        row,
        at_ns=row.at_ns + shift_ns,
        until_ns=until,
        before_ns=row.before_ns + error_ns,
        after_ns=row.after_ns + error_ns,
        witnesses=words,
    )


def _heard(word: Witness, shift_ns: int) -> Witness:
    return word if word.at_ns is None or not shift_ns else replace(word, at_ns=word.at_ns + shift_ns)
