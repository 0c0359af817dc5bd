"""What the report says of clocks: which are off, by how much, what was done about it, and how well the others are known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..collectors.window import SECOND_NS
from .text import cell, span

if TYPE_CHECKING:
    from .timeline import Timeline

COLUMNS = ("clock", "against", "low_s", "best_s", "high_s", "proven", "zone", "correction_s", "inner", "why")


def clocks_told(timeline: Timeline) -> dict[str, Any]:
    """What `corrections.Clocks.told` said when the incident was built."""
    told: dict[str, Any] = json.loads(timeline.told.get("clocks") or '{"clocks": [], "contradictions": []}')
    return told


def clock_rows(timeline: Timeline) -> list[dict[str, Any]]:
    """One row per clock with COLUMNS: what it reads minus what the other reads, in seconds, null where not bounded."""
    rows = clocks_told(timeline)["clocks"]
    return [{c: _seconds(row, c) if c.endswith("_s") else row[c] for c in COLUMNS} for row in rows]


def _seconds(row: dict[str, Any], column: str) -> float | None:
    ns = row[f"{column[:-1]}ns"]
    return None if ns is None else ns / SECOND_NS


def clocks_text(timeline: Timeline) -> str:
    """The section of the report; "" where nothing is known of any clock."""
    told = clocks_told(timeline)
    off = [_off(c) for c in told["clocks"] if c["proven"]]
    against = [_contradiction(c) for c in told["contradictions"]]
    known = _known([c for c in told["clocks"] if not c["proven"] and not c["inner"]])
    lines = [f"- {line}" for line in (*off, *against, *known)]
    return "## Clocks\n\n" + "\n".join(lines) if lines else ""


def _off(clock: dict[str, Any]) -> str:
    """`checkout/app stamps 7.3 s ahead of its node (7.25–7.35 s)`, and what follows from it."""
    if clock["clock"] == "utc":
        return _reference(clock)
    best, low, high = (clock[f"{n}_ns"] for n in ("best", "low", "high"))
    way = "ahead of" if best > 0 else "behind"
    ends = sorted((abs(low), abs(high)))
    name = f"**{cell(clock['clock'])}** stamps {amount(abs(best))} {way} {cell(clock['against'])}"
    if clock["zone"]:
        zone = f"{_zone(best)} from {cell(clock['read_in'])}" if "read_in" in clock else _zone(best)
        name += f": a zone ({zone}) that its stamps do not name, not a wrong clock"
    else:
        name += f" (between {amount(ends[0])} and {amount(ends[1])})"
    if clock["inner"]:
        return f"{name}. Its lines are timed by the node's stamps, so nothing is corrected. Seen in {cell('; '.join(clock['why']))}."
    return f"{name}. {_done(clock)}. Shown by: {cell('; '.join(clock['why']), 400)}."


def _done(clock: dict[str, Any]) -> str:
    """What was done about a clock that is off."""
    if clock["clock"] == "retroline":
        return "That is the machine that collected, no row is timed by it"
    moved = clock["correction_ns"]
    return f"Its times are corrected by {'+' if moved > 0 else '−'}{amount(abs(moved))}" if moved else "Its times are shown as received"


def _reference(utc: dict[str, Any]) -> str:
    """What follows where UTC itself is known to be off the clock that all times are told on."""
    way = "behind" if utc["best_ns"] > 0 else "ahead of"
    ends = sorted(abs(utc[f"{n}_ns"]) for n in ("low", "high"))
    name = f"**{cell(utc['against'])}** stamps {amount(abs(utc['best_ns']))} {way} UTC (between {amount(ends[0])} and {amount(ends[1])})"
    return f"{name}. All times are told on its clock and are off by as much; durations are not. Shown by: {cell('; '.join(utc['why']), 400)}."


def _contradiction(found: dict[str, Any]) -> str:
    why = "; ".join(dict.fromkeys(found["why"]))
    shown = ", ".join(f"`{cell(r)}`" for r in found["refs"][:4])
    return f"**{cell(', '.join(found['clocks']))}** contradict each other by {amount(found['by_ns'])}: {cell(why, 400)} ({shown}). None of this is used."


def _known(clocks: list[dict[str, Any]]) -> list[str]:
    """One sentence on the clocks that are not known to be off."""
    both = [c for c in clocks if c["low_ns"] is not None and c["high_ns"] is not None]
    if not both:
        return []
    words = [f"{cell(c['clock'])} {_signed(c['low_ns'])} to {_signed(c['high_ns'])}" for c in both]
    return [f"Not known to be off against {cell(both[0]['against'])}: {', '.join(words)}."]


def _signed(ns: int) -> str:
    return f"{'−' if ns < 0 else '+'}{amount(abs(ns))}"


def amount(ns: int) -> str:
    """`40 ms`, `7.3 s`, `5 h 30 min`; finer than a span for people, since clocks are."""
    if ns >= 60 * SECOND_NS:
        return span(ns / SECOND_NS)
    return f"{ns / SECOND_NS:.1f} s" if ns >= SECOND_NS else f"{ns / 1_000_000:.0f} ms"


def _zone(ns: int) -> str:
    minutes = abs(ns) // (60 * SECOND_NS)
    return f"{'+' if ns > 0 else '−'}{minutes // 60:02}:{minutes % 60:02}"
