"""The Markdown report: the story of an incident on one page, in one valid table whatever the evidence contains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..collectors.window import Window
from .carried import ALREADY
from .clock_text import clocks_text
from .contradictions import contradictions
from .export import accounting, records
from .impact_text import impact_text
from .likelihood import joined_words, same_words
from .milestones import NAMES
from .people import FILE
from .retention import retention_text
from .roles import Roles, roles_of
from .segments import segments_text
from .selection import MOST_LINES, Event, Line, lines
from .sentences import capped
from .sentences import folded as fold
from .strip import resting, strip_text
from .text import cell, clock_time, crosses_midnight, span, span_with_bounds

if TYPE_CHECKING:
    from .timeline import Timeline

SHORT = {
    "detected_machine": "detected by machine",
    "detected_human": "detected by a person",
    "mitigation_started": "mitigation started",
    "notified_public": "told the public",
}
STATED = f"stated by a person in {FILE}"
MOST_NAMES = 6
KNOWN_SOURCES = ("alertmanager", "kubernetes", "pagerduty", "prometheus")


def markdown(timeline: Timeline, *, names: bool = False, everything: bool = False) -> str:
    """The report as Markdown, ends with a newline. People are roles unless `names`; all rows when `everything`."""
    events = _events(timeline)
    marks = [m for m in _times(timeline.table("milestones")) if m["best_ns"] is not None]
    aside, services = (set(filter(None, timeline.told.get(name, "").split(","))) for name in ("set_aside", "services"))
    roles = roles_of(events, names=names, aside=aside)
    dated = crosses_midnight(timeline.window.since_ns, timeline.window.until_ns)
    parts = [
        _head(timeline),
        _headline(timeline, marks),
        *filter(None, [impact_text(timeline, events, marks, aside, services)]),
        "## Timeline",
        _table(events, marks, aside, services, roles, dated=dated, everything=everything, nothing=_nothing(timeline)),
        *filter(None, [strip_text(timeline)]),
        "## Durations",
        _durations(timeline, marks),
        segments_text(timeline),
        "## Milestones",
        _milestones(marks, roles, timeline.window, dated=dated),
        *filter(None, [clocks_text(timeline)]),
        "## What could not be seen",
        _unseen(timeline, events, dated=dated),
        *filter(None, [retention_text(timeline)]),
    ]
    return "\n\n".join(parts) + "\n"


def _events(timeline: Timeline) -> list[dict[str, Any]]:
    table = timeline.table("events")
    at, until = (table[name].cast(pa.int64()).to_pylist() for name in ("at", "until"))
    return [{**row, "at_ns": ns, "until_ns": end} for row, ns, end in zip(records(table), at, until, strict=True)]


def _times(table: pa.Table) -> list[dict[str, Any]]:
    """Rows with every instant also as `…_ns`."""
    rows = records(table)
    for name in ("earliest", "best", "latest"):
        for row, ns in zip(rows, table[name].cast(pa.int64()).to_pylist(), strict=True):
            row[f"{name}_ns"] = ns
    return rows


def _head(timeline: Timeline) -> str:
    told = timeline.told
    since, until = timeline.window.since_ns, timeline.window.until_ns
    services = told.get("services", "").replace(",", ", ")
    title = f"# Incident {cell(timeline.id)}" + (f": {cell(services)}" if services else "")
    day = clock_time(since, dated=True)
    end = clock_time(until, dated=crosses_midnight(since, until))
    return f"{title}\n\nWindow {day} – {end} UTC ({span(timeline.window.seconds)}). Service: {cell(told.get('scope', ''))}."


def shown_s(duration: Mapping[str, Any], marks: Iterable[Mapping[str, Any]]) -> float | None:
    """A duration between the seconds that the report shows, so that a reader's subtraction agrees; None where it is unknown."""
    at_s = {m["name"]: m["best_ns"] // 1_000_000_000 for m in marks}
    best_s: float | None = duration["best_s"]
    if best_s is not None and duration["from"] in at_s and duration["to"] in at_s:
        return float(at_s[duration["to"]] - at_s[duration["from"]])
    return best_s


def shown_value(duration: Mapping[str, Any], marks: Iterable[Mapping[str, Any]]) -> str:
    """A duration as `shown_s`, with its bounds."""
    return span_with_bounds(shown_s(duration, marks), duration["low_s"], duration["high_s"])


def _headline(timeline: Timeline, marks: list[dict[str, Any]]) -> str:
    rows = {d["name"]: d for d in records(timeline.table("durations")) if d["profile"] == "impact"}
    unsupported = {name for profile, name in resting(timeline) if profile == "impact"}
    words = [f"**{name}** {shown_value(d, marks)}{' (unsupported)' if name in unsupported else ''}" for name, d in rows.items()]
    note = "; unsupported: rests on a stretch that was not seen, named below" if unsupported else ""
    return " · ".join(words) + f"  (from impact; – is unknown{note})"


def _table(
    events: list[dict[str, Any]], marks: list[dict[str, Any]], aside: set[str], services: set[str], roles: Roles, *, dated: bool, everything: bool, nothing: str
) -> str:
    carried: dict[str, list[dict[str, Any]]] = {}
    for mark in marks:
        if mark["event_ids"]:
            carried.setdefault(mark["event_ids"][0], []).append(mark)
    chosen, left = lines(events, set(carried), aside, services, everything=everything)
    body = [(line.first["at_ns"], _row(line, before, carried, roles, dated=dated)) for before, line in zip([None, *chosen], chosen, strict=False)]
    stated = [
        (m["best_ns"], _cells(clock_time(m["best_ns"], dated=dated), f"**{_name(m)}**: {_method(m, roles)}", "people", "")) for m in marks if not m["event_ids"]
    ]
    table = ["| Time (UTC) | Event | Source | Actor |", "|---|---|---|---|", *(text for _, text in sorted([*body, *stated], key=lambda pair: pair[0]))]
    if not body and not stated:
        table.append(_cells("", nothing, "", ""))
    unproven = any(text.startswith("| ≈") for text in table)
    return "\n".join(table) + "\n\n" + _rule(len(chosen), left, len(aside), events) + (" ≈: no order proven against the line above." if unproven else "")


def _nothing(timeline: Timeline) -> str:
    """What stands in a table without rows."""
    kept = accounting(records(timeline.table("coverage"))).get("total", {}).get("kept", 0)
    return f"no event in this window; {kept:,} records are kept, lines or samples" if kept else "nothing was seen in this window"


def _row(line: Line, before: Line | None, carried: dict[str, list[dict[str, Any]]], roles: Roles, *, dated: bool) -> str:
    event = line.first
    marks = [m for m in carried.get(event["event_id"], ()) if m["name"] != "detected_machine" or len(carried[event["event_id"]]) == 1]
    bold = f"**{', '.join(_name(m) for m in marks)}**: " if marks else ""
    title = cell(roles.text(_common(line)))
    note = roles.text(event["body"]) if event["kind"] in ("note", "decision", "comms.published") else ""
    if note and cell(note) != title:
        title = cell(note, 400)
    if len(line.events) > 1 or (event["count"] or 1) > 1:
        pods = {e["labels"].get("pod") for e in line.events}
        title += f" ({line.count}×{f' in {len(pods)} pods' if len(pods) > 1 else ''}{_until(line, dated=dated)})"
    moved = [m for m in marks if abs(m["best_ns"] - event["at_ns"]) >= 1_000_000_000]
    if moved:
        title += f" (best estimate of {_name(moved[-1])}: {clock_time(moved[-1]['best_ns'], dated=dated)})"
    sources = list(dict.fromkeys(w["source"] for e in line.events for w in e["witnesses"])) or [event["source"]]
    title += same_words(event, dated=dated)
    said = cell(", ".join(sources)) + joined_words(line.events)
    return _cells(_unproven(event, before) + clock_time(event["at_ns"], dated=dated), bold + title, said, cell(roles.actor(event)))


def _common(line: Line) -> str:
    """The title; of a line that stands for several pods with the workload in the pod's place, of one for several things with their names."""
    event = line.first
    names = line.mixed
    if names:
        return f"{event['kind'].replace('.', ' ')}: {', '.join(names[:MOST_NAMES])}{f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''}"
    pod = event["labels"].get("pod")
    if pod and event["service"] and len({e["labels"].get("pod") for e in line.events}) > 1:
        return str(event["title"]).replace(pod, event["service"])
    about = event["service"] or event["labels"].get("name", "")
    if event["kind"] == "k8s.event" and about not in str(event["title"]):
        return f"{about}: {event['title']}"
    return str(event["title"])


def _cells(time: str, event: str, source: str, actor: str) -> str:
    return f"| {time} | {event} | {source} | {actor} |"


def _until(line: Line, *, dated: bool) -> str:
    last_ns = max(e["until_ns"] or e["at_ns"] for e in line.events)
    return f", until {clock_time(last_ns, dated=dated)}" if last_ns - line.first["at_ns"] >= 1_000_000_000 else ""


def _unproven(event: Event, before: Line | None) -> str:
    """`≈` where the interval overlaps the one of the line before on another clock: no order is proven."""
    if before is None:
        return ""
    other = before.first
    same = other["clock"] == event["clock"] and other["at_ns"] != event["at_ns"]
    return "≈" if not same and event["at_ns"] - event["before_ns"] < other["at_ns"] + other["after_ns"] else ""


def _rule(shown: int, left: int, aside: int, events: list[dict[str, Any]]) -> str:
    text = f"{shown} lines out of {len(events)} rows"
    if left:
        text += (
            f"; shown are all milestones, actions and alert edges, then symptoms and warnings up to {MOST_LINES} lines, equal ones folded. "
            f"Left out: {left} rows, {aside} of them background that was there before or belongs to other services (`--all` shows them)"
        )
    return f"{text}."


def _name(mark: dict[str, Any]) -> str:
    name = str(mark["name"])
    return SHORT.get(name, name)


def _durations(timeline: Timeline, marks: list[dict[str, Any]]) -> str:
    rows = ["| Duration | Value | Formula | Evidence |", "|---|---|---|---|"]
    unsupported = resting(timeline)
    for d in records(timeline.table("durations")):
        if d["from"] is None:
            continue
        value = shown_value(d, marks)
        evidence = ", ".join(f"`{i}`" for i in d["event_ids"]) if d["best_s"] is not None else cell(d["why"])
        if hole := unsupported.get((d["profile"], d["name"])):
            evidence += f"; **unsupported**: {hole}"
        rows.append(f"| {cell(d['name'])} ({cell(d['profile'])}) | {value} | {cell(d['from'])} → {cell(d['to'])} | {evidence} |")
    return "\n".join(rows) + "\n\nBounds in brackets; evidence ids name rows of the table events (`--format json`). A blank is unknown, never zero."


def _method(mark: dict[str, Any], roles: Roles) -> str:
    """How the milestone was found; who stated it only where names are shown."""
    return cell(mark["method"] if mark["event_ids"] or roles.shown else STATED)


def _milestones(marks: list[dict[str, Any]], roles: Roles, window: Window, *, dated: bool) -> str:
    rows = ["| Milestone | Best (UTC) | Between | How | Evidence |", "|---|---|---|---|---|"]
    for m in marks:
        bounds = [("?" if m[k] is None else clock_time(m[k], dated=dated)) for k in ("earliest_ns", "latest_ns")]
        evidence = ", ".join(f"`{i}`" for i in m["event_ids"][:3]) or "a person's word"
        more = f" and {len(m['event_ids']) - 3} more" if len(m["event_ids"]) > 3 else ""
        rows.append(f"| {_name(m)} | {clock_time(m['best_ns'], dated=dated)} | {bounds[0]} – {bounds[1]} | {_method(m, roles)} | {evidence}{more} |")
    blank = [SHORT.get(n, n) for n in NAMES if n not in {m["name"] for m in marks}]
    wrong = "; ".join(
        f"{_said(second)} lies outside the window" if first == "window" else f"{_said(second)} comes before {_said(first)}"
        for second, first in contradictions(marks, window.since_ns, window.until_ns)
    )
    told = [f"**Contradiction**: {wrong}." if wrong else "", f"Unknown: {', '.join(blank)}." if blank else ""]
    return "\n\n".join(["\n".join(rows), *filter(None, told)])


def _said(name: str) -> str:
    return SHORT.get(name, name)


def _unseen(timeline: Timeline, events: list[dict[str, Any]], *, dated: bool) -> str:
    coverage = records(timeline.table("coverage"))
    gaps = [e for e in events if e["kind"] == "gap" and e["labels"].get("reason") in ("gone", "rotated") and e["labels"].get("ours") != "true"]
    told = [*_lost(coverage, folded=bool(gaps)), *(_gap(e, dated=dated) for e in gaps if "ours" not in e["labels"])]
    seen = {c["source"] for c in coverage}
    absent = [s for s in KNOWN_SOURCES if s not in seen]
    if absent:
        told.append(f"- Not configured, so nothing is known from: {', '.join(absent)}.")
    if before := _begun_before(events):
        told.append(f"- Fired already when the window opened: {cell(', '.join(before))}. How that began lies before the window.")
    blank = [d for d in records(timeline.table("durations")) if d["profile"] == "impact" and d["best_s"] is None]
    told += [f"- {cell(d['name'])} is blank: {cell(d['why'])}." for d in blank]
    sums = accounting(coverage).get("total", {})
    counted = "Records: " + ", ".join(f"{sums.get(k, 0)} {k}" for k in ("received", "kept", "folded", "outside", "unreadable")) + "."
    return "\n".join(dict.fromkeys(told) or ["Nothing is known to be missing."]) + "\n\n" + counted


def _begun_before(events: list[dict[str, Any]]) -> list[str]:
    """Alerts that fired when the window opened and had paged somebody."""
    paged = {e["thread"] for e in events if e["kind"] == "page.triggered"}
    return sorted({e["subject"] for e in events if e["kind"] == "alert.firing" and e["title"].startswith(ALREADY) and e["thread"] in paged and e["subject"]})


def _lost(coverage: list[dict[str, Any]], *, folded: bool) -> list[str]:
    """What was asked for and not had: first what a source failed to give, then what it had forgotten; vanished logs are told by gap rows."""
    lost = [c for c in coverage if c["reason"] is not None]
    failed = _sentences([c for c in lost if c["ours"]], "**")
    return [*failed, *_sentences([c for c in lost if not c["ours"] and not (folded and c["reason"] in ("gone", "rotated"))], "")]


def _sentences(lost: list[dict[str, Any]], mark: str) -> list[str]:
    """One line per failure, alike ones of a source folded."""
    alike: dict[tuple[str, str], list[str]] = {}
    for c in lost:
        alike.setdefault((c["source"], c["reason"]), []).append(_failure(c["part"], c["detail"]))
    return [f"- {mark}{cell(source)}{mark}: {cell(text, 300)}" for (source, reason), texts in alike.items() for text in capped(fold(texts), reason)]


def _failure(part: str, detail: str | None) -> str:
    """The sentence of a failure, with what it was about in front where it does not say so itself; a file of the evidence is named by the table."""
    if not detail:
        return part
    said = part in detail or part.startswith("everything") or detail.startswith(("logs of", "not allowed")) or "/" in part
    return detail if said else f"{part}: {detail}"


def _gap(event: dict[str, Any], *, dated: bool) -> str:
    until = f" – {event['until'][11:19]}" if event["until"] else ""
    return f"- {cell(event['source'])}: {cell(event['title'], 300)} ({clock_time(event['at_ns'], dated=dated)}{until})"
