"""Durations between milestones, under named profiles; unknown is blank, and says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..collectors.window import SECOND_NS
from .milestones import Milestone

# profile → duration → (from, to). TTM ends when users stopped being hurt.
PROFILES: dict[str, dict[str, tuple[str, str] | None]] = {
    "impact": {
        "TTD": ("impact", "detected"),
        "TTA": ("impact", "acknowledged"),
        "TTE": ("impact", "engaged"),
        "TTM": ("impact", "recovered"),
        "TTR": ("impact", "resolved"),
    },
    "alert": {
        "TTD": None,
        "TTA": ("detected", "acknowledged"),
        "TTE": ("detected", "engaged"),
        "TTM": ("detected", "recovered"),
        "TTR": ("detected", "resolved"),
    },
    "change": {
        "TTD": ("change", "detected"),
        "TTA": ("change", "acknowledged"),
        "TTE": ("change", "engaged"),
        "TTM": ("change", "recovered"),
        "TTR": ("change", "resolved"),
    },
}


@dataclass(frozen=True)
class Duration:
    """`best_s` between two milestones, [low_s, high_s] from their intervals; all None when unknown, `why` says why."""

    name: str
    profile: str
    start: str | None
    end: str | None
    low_s: float | None
    best_s: float | None
    high_s: float | None
    event_ids: tuple[str, ...]
    why: str | None

    @property
    def formula(self) -> str:
        """From which milestone to which, in words."""
        return f"{self.start} → {self.end}" if self.start and self.end else "not defined"


def durations(milestones: Iterable[Milestone], own: Mapping[str, tuple[str, str]] | None = None) -> list[Duration]:
    """Every duration of every profile, and `own` pairs (name → (from, to)) as profile "own"."""
    known = {m.name: m for m in milestones}
    profiles: dict[str, Mapping[str, tuple[str, str] | None]] = {**PROFILES, **({"own": own} if own else {})}
    return [between(name, profile, pair, known) for profile, pairs in profiles.items() for name, pair in pairs.items()]


def between(name: str, profile: str, pair: tuple[str, str] | None, known: Mapping[str, Milestone]) -> Duration:
    """One duration; blank when an end is unknown or when the ends contradict their order."""
    if pair is None:
        return Duration(name, profile, None, None, None, None, None, (), "not defined in this profile")
    start, end = known.get(pair[0]), known.get(pair[1])
    missing = [n for n, m in zip(pair, (start, end), strict=True) if m is None]
    if start is None or end is None:
        return Duration(name, profile, *pair, None, None, None, (), f"{' and '.join(missing)} unknown")
    ids = tuple(dict.fromkeys((start.event_ids[0], end.event_ids[0]) if start.event_ids and end.event_ids else (*start.event_ids, *end.event_ids)))
    best = (end.best_ns - start.best_ns) / SECOND_NS
    if best < 0:
        return Duration(name, profile, *pair, None, None, None, ids, f"contradiction: {pair[1]} comes {-best:.0f} s before {pair[0]}")
    low = None if end.earliest_ns is None or start.latest_ns is None else max(0.0, (end.earliest_ns - start.latest_ns) / SECOND_NS)
    high = None if end.latest_ns is None or start.earliest_ns is None else (end.latest_ns - start.earliest_ns) / SECOND_NS
    return Duration(name, profile, *pair, low if low is None else min(low, best), best, high if high is None else max(high, best), ids, None)
