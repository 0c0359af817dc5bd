"""What was asked for and could not be had, and the exit code that tells of it."""

from __future__ import annotations

from collections.abc import Sequence

from ..collectors.run import Outcome
from ..timeline.export import records
from ..timeline.text import CONTROL
from ..timeline.timeline import Timeline


def lost(timeline: Timeline) -> list[tuple[str, str]]:
    """Source and sentence of everything that failed us, each once, safe for a terminal."""
    failed = [row for row in records(timeline.table("coverage")) if row["ours"]]
    said = dict.fromkeys((row["source"], row["detail"], row["part"]) for row in failed)
    return [(source, CONTROL.sub(" ", text or part)) for source, text, part in said]


def exit_code(timeline: Timeline, outcomes: Sequence[Outcome], *, strict: bool) -> int:
    """4 where no source answered, 3 where one failed us (`strict`: or had forgotten something), else 0."""
    coverage = records(timeline.table("coverage"))
    if outcomes and all(outcome.error is not None for outcome in outcomes) and not any(row["received"] for row in coverage):
        return 4
    failed = [row for row in coverage if row["reason"] not in (None, "left out")]
    return 3 if any(row["ours"] for row in failed) or (strict and failed) else 0
