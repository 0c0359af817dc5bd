"""Milestones that contradict each other or the window: reported, never repaired in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

# What comes earlier in a chain cannot come later in time.
CHAINS = (
    ("change", "impact", "recovered", "resolved"),
    ("impact", "mitigation_started", "mitigated", "resolved"),
    ("detected", "acknowledged", "resolved"),
    ("paged", "acknowledged", "engaged", "resolved"),
    ("paged", "escalated", "resolved"),
)


def contradictions(marks: Sequence[Mapping[str, Any]], since_ns: int, until_ns: int) -> list[tuple[str, str]]:
    """Pairs of milestone names whose intervals stand in the wrong order, and (name, "window") for one that lies outside.

    `marks` have `name`, `earliest_ns`, `best_ns`, `latest_ns` (None: not bounded). Overlapping intervals contradict nothing.
    """
    known = {m["name"]: m for m in marks}
    found = [(m["name"], "window") for m in marks if not since_ns <= m["best_ns"] <= until_ns]
    for chain in CHAINS:
        for first, second in combinations([known[name] for name in chain if name in known], 2):
            begun = first["best_ns"] if first["earliest_ns"] is None else first["earliest_ns"]
            ended = second["best_ns"] if second["latest_ns"] is None else second["latest_ns"]
            if ended < begun:
                found.append((second["name"], first["name"]))
    return list(dict.fromkeys(found))
