"""Coverage at a glance: one strip per source over the window, why it has holes, and which durations rest on one.

`█` was seen, `▒` was seen in part (one kind of answer or some logs are missing), `░` was not seen at all: the source failed as a whole, the
window was still open, or Prometheus has no samples there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..collectors.window import SECOND_NS, Window
from .export import records
from .published import marks_of
from .text import clock_time, crosses_midnight

if TYPE_CHECKING:
    from .timeline import Timeline

WIDTH = 60
SLACK_NS = 60 * SECOND_NS
SAMPLED = ("query", "query_range")
# Milestones that a later event, had it been seen, would have moved.
LAST = ("recovered", "resolved", "engaged")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Hole:
    """A stretch of a source that was not seen: in part, or not at all (`whole`)."""

    source: str
    since_ns: int
    until_ns: int
    why: str
    whole: bool
    ours: bool = False


def holes(coverage: Iterable[Row], events: Iterable[Row], window: Window) -> list[Hole]:
    """Every stretch that a source could not tell of; a source that answered nothing has one over the whole window.

    Logs that are gone with their pods have the stretch that gap rows tell, where these name the pod.
    """
    rows = [c for c in coverage if c["source"] != "files"]
    gaps = [e for e in events if e["kind"] == "gap" and "ours" not in e["labels"] and e["until_ns"] is not None]
    told = " ".join(f"{e['labels'].get('pods', '')} {e['labels'].get('pod', '')}" for e in gaps).replace(",", " ").split()
    lost = [c for c in rows if c["reason"] not in (None, "unrecognised")]
    found = [_lost(c, window) for c in lost if not (c["reason"] == "gone" and str(c["part"]).rpartition("/")[2] in told)]
    for source in sorted({c["source"] for c in rows}):
        mine = [c for c in rows if c["source"] == source]
        if all(c["reason"] is not None for c in mine):
            words = sorted({str(c["reason"]) for c in mine})
            found.append(Hole(source, window.since_ns, window.until_ns, ", ".join(words), True, any(c["ours"] for c in mine)))
        found += _unsampled(source, mine, window)
        if source == "alertmanager" and not any(c["part"] == "history" or c["reason"] for c in mine):
            found.append(Hole(source, window.since_ns, window.until_ns, "remembers only what fires", False))
    return [*found, *(Hole(e["source"], e["at_ns"], e["until_ns"], f"logs {e['labels'].get('reason', 'missing')}", False) for e in gaps)]


def _lost(row: Row, window: Window) -> Hole:
    since = window.since_ns if row["since_ns"] is None else row["since_ns"]
    until = window.until_ns if row["until_ns"] is None else row["until_ns"]
    whole = row["reason"] == "open" or str(row["part"]).startswith("everything")
    why = "window still open" if row["reason"] == "open" else str(row["reason"]) if whole else f"{row['part']}: {row['reason']}"
    return Hole(str(row["source"]), since, until, why, whole, bool(row["ours"]))


def _unsampled(source: str, rows: Iterable[Row], window: Window) -> list[Hole]:
    """Where a source of samples has none, by more than a minute: its retention, or a restart."""
    ends = [(c["first_ns"], c["last_ns"]) for c in rows if c["part"] in SAMPLED and c["first_ns"] is not None]
    if source != "prometheus" or not ends:
        return []
    first, last = min(a for a, _ in ends), max(b for _, b in ends)
    before = [Hole(source, window.since_ns, first, "no samples before", True)] if first - window.since_ns > SLACK_NS else []
    return [*before, *([Hole(source, last, window.until_ns, "no samples after", True)] if window.until_ns - last > SLACK_NS else [])]


def strips(sources: Iterable[str], found: Iterable[Hole], window: Window) -> list[str]:
    """One line per source: its name, its strip, why it has holes."""
    listed = list(found)
    names = sorted(set(sources))
    wide = max((len(name) for name in names), default=0)
    return [f"{_plain(name):{wide}}  {_strip([h for h in listed if h.source == name], window)}  {_why(listed, name)}".rstrip() for name in names]


def _strip(mine: list[Hole], window: Window) -> str:
    length = window.until_ns - window.since_ns
    middles = [window.since_ns + length * (2 * i + 1) // (2 * WIDTH) for i in range(WIDTH)]
    return "".join(_glyph([h.whole for h in mine if h.since_ns <= at < h.until_ns]) for at in middles)


def _glyph(inside: list[bool]) -> str:
    return "░" if any(inside) else "▒" if inside else "█"


def _why(found: list[Hole], name: str) -> str:
    reasons = list(dict.fromkeys(_plain(h.why)[:60] for h in sorted(found, key=lambda h: not h.whole) if h.source == name))
    return "; ".join(reasons[:2]) + (f"; {len(reasons) - 2} more" if len(reasons) > 2 else "")


def _plain(text: str) -> str:
    """`text` as it may stand in a block of fixed width."""
    return re.sub(r"[^\w .,:/()+-]", "?", text, flags=re.ASCII)


def strip_text(timeline: Timeline) -> str:
    """The block under the timeline, "" where no source was asked."""
    found, sources = _of(timeline)
    if not sources:
        return ""
    lines = strips(sources, found, timeline.window)
    return "\n".join(["```text", *lines, "```", "", "Seen: █ yes, ▒ in part, ░ no; from the window's start to its end."])


def resting(timeline: Timeline, durations: Sequence[Row] = ()) -> dict[tuple[str, str], str]:
    """(profile, duration) → on which stretch that its sources did not see it rests; what is missing there could change it.

    `durations`: rows of that table, those stored if none are given.
    """
    found, _ = _of(timeline)
    window, dated = timeline.window, crosses_midnight(timeline.window.since_ns, timeline.window.until_ns)
    dark = [h for h in found if h.whole or (h.ours and h.source != "kubernetes")]
    if not dark:
        return {}
    marks = {m.name: m for m in marks_of(timeline.table("milestones"))}
    events = {e["event_id"]: {w["source"] for w in e["witnesses"]} | {e["source"]} for e in records(timeline.table("events"))}
    told: dict[tuple[str, str], str] = {}
    for d in durations or records(timeline.table("durations")):
        begin, end = marks.get(d["from"]), marks.get(d["to"])
        if d["best_s"] is None or begin is None or end is None:
            continue
        sources = {s for m in (begin, end) for i in m.event_ids[:1] for s in events.get(i, ())}
        until = window.until_ns if end.name in LAST else end.best_ns
        hidden = [h for h in dark if h.source in sources and h.since_ns < until and h.until_ns > window.since_ns]
        if hidden:
            h = hidden[0]
            told[d["profile"], d["name"]] = f"{_plain(h.source)} not seen {clock_time(h.since_ns, dated=dated)}–{clock_time(h.until_ns, dated=dated)}"
    return told


def _of(timeline: Timeline) -> tuple[list[Hole], list[str]]:
    table = timeline.table("coverage")
    coverage = records(table)
    for name, short in (("since", "since_ns"), ("until", "until_ns"), ("covered_since", "first_ns"), ("covered_until", "last_ns")):
        for row, ns in zip(coverage, table[name].cast(pa.int64()).to_pylist(), strict=True):
            row[short] = ns
    events = timeline.table("events").select(["kind", "source", "labels", "at", "until"])
    times = zip(records(events), *(events[n].cast(pa.int64()).to_pylist() for n in ("at", "until")), strict=True)
    gaps = [{**row, "at_ns": at, "until_ns": until} for row, at, until in times if row["kind"] == "gap"]
    return holes(coverage, gaps, timeline.window), [str(c["source"]) for c in coverage if c["source"] != "files"]
