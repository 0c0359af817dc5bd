"""Coverage strips: what a source could not tell of is a hole, and durations that rest on one are marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from retroline import load
from retroline.collectors.window import Window
from retroline.normalize.tables import SAMPLES
from retroline.timeline.build import Built
from retroline.timeline.durations import durations
from retroline.timeline.folder import _write_tables
from retroline.timeline.identity import named
from retroline.timeline.milestones import milestones
from retroline.timeline.people import People
from retroline.timeline.published import durations_text
from retroline.timeline.rows import Row
from retroline.timeline.story import scope
from retroline.timeline.strip import WIDTH, holes, strip_text, strips
from retroline.timeline.timeline import Timeline

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 600 * SECOND)


def covered(source: str, part: str, first_s: float = 0, last_s: float = 600) -> dict[str, Any]:
    seen = {"covered_since": T0 + round(first_s * SECOND), "covered_until": T0 + round(last_s * SECOND)}
    return _row(source, part) | seen | {"received": 5, "kept": 5}


def lost(source: str, part: str, reason: str, since_s: float = 0, until_s: float = 600, *, ours: bool = True) -> dict[str, Any]:
    ends = {"since": T0 + round(since_s * SECOND), "until": T0 + round(until_s * SECOND)}
    return _row(source, part) | ends | {"reason": reason, "detail": f"{part}: {reason}", "ours": ours}


def _row(source: str, part: str) -> dict[str, Any]:
    blank = dict.fromkeys(("covered_since", "covered_until", "reason", "detail"))
    counts = dict.fromkeys(("received", "kept", "folded", "outside", "unreadable"), 0)
    return {"source": source, "part": part, "since": T0, "until": T0 + 600 * SECOND, "ours": False, **blank, **counts}


def strip_of(*rows: dict[str, Any], events: tuple[dict[str, Any], ...] = ()) -> str:
    """The one source's line without its name, each run of a sign as the sign and its length."""
    short = [{**r, "since_ns": r["since"], "until_ns": r["until"], "first_ns": r["covered_since"], "last_ns": r["covered_until"]} for r in rows]
    (line,) = strips([rows[0]["source"]], holes(short, events, WINDOW), WINDOW)
    drawn, _, why = line.partition("  ")[2].partition("  ")
    assert len(drawn) == WIDTH
    runs = [s for i, s in enumerate(drawn) if i == 0 or drawn[i - 1] != s]
    return f"{''.join(f'{s}{drawn.count(s)}' for s in runs)} {why}".strip()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([covered("pagerduty", "log_entries", 100, 200)], "█60"),
        ([covered("prometheus", "query", 0, 600)], "█60"),
        ([covered("prometheus", "query", 0, 600), lost("prometheus", "p95", "denied")], "▒60 p95: denied"),
        ([covered("prometheus", "query", 300, 600)], "░30█30 no samples before"),
        ([covered("prometheus", "query", 0, 300)], "█30░30 no samples after"),
        ([covered("prometheus", "query", 20, 600)], "█60"),
        ([lost("pagerduty", "everything it was still to be asked", "unreachable")], "░60 unreachable"),
        ([lost("pagerduty", "incidents", "denied")], "░60 denied; incidents: denied"),
        ([covered("kubernetes", "list"), lost("kubernetes", "events", "expired", 0, 150, ours=False)], "▒15█45 events: expired"),
        ([covered("kubernetes", "list"), lost("kubernetes", "the end of the window", "open", 540, 600, ours=False)], "█54░6 window still open"),
        ([covered("alertmanager", "alerts")], "▒60 remembers only what fires"),
        ([covered("alertmanager", "alerts"), covered("alertmanager", "history")], "█60"),
    ],
)
def test_what_was_not_seen_is_a_hole(rows: list[dict[str, Any]], said: str) -> None:
    """A failure as a whole, an open window and missing samples are dark, a failure in part is grey; the reason stands beside it."""
    assert strip_of(*rows) == said


def test_logs_that_are_gone_are_grey() -> None:
    """Gap rows that the logs themselves told of count."""
    gap = {"kind": "gap", "source": "kubernetes", "labels": {"reason": "gone"}, "at_ns": T0, "until_ns": T0 + 300 * SECOND}

    assert strip_of(covered("kubernetes", "list"), events=(gap,)) == "▒30█30 logs gone"


def test_logs_gone_with_a_pod_are_told_once() -> None:
    """Where a gap row says when the pods lived that took their logs, the failures to get them hide no more than that."""
    labels = {"reason": "gone", "pods": "a-1, a-2"}
    gap = {"kind": "gap", "source": "kubernetes", "labels": labels, "at_ns": T0, "until_ns": T0 + 300 * SECOND}
    failed = [lost("kubernetes", f"logs of pod shop/{name}", "gone") for name in ("a-1", "a-2")]

    assert strip_of(covered("kubernetes", "list"), *failed, events=(gap,)) == "▒30█30 logs gone"
    assert strip_of(covered("kubernetes", "list"), *failed, lost("kubernetes", "logs of pod shop/a", "gone"), events=(gap,)).startswith("▒60")


def test_hostile_words_stay_in_the_block() -> None:
    """No text from outside ends the block of fixed width or breaks its line."""
    line = strip_of(covered("prometheus", "query"), lost("prometheus", "```\n# x | y", "denied"))

    assert line == "▒60 ????? x ? y: denied"


def row(kind: str, at_s: float, thread: str, **changes: Any) -> Row:
    given: dict[str, Any] = {"source": "prometheus", "clock": "test", "title": kind, "service": "shop", **changes}
    return Row(kind=kind, at_ns=T0 + round(at_s * SECOND), thread=thread, **given)


STORY = [
    row("metric.onset", 100, "ratio", edge="0", labels={"alert": "Errors"}),
    row("alert.firing", 130, "alert", severity="critical", subject="Errors"),
    row("page.triggered", 135, "pagerduty:P1", source="pagerduty", labels={"incident": "P1"}, about="alert"),
    row("page.acknowledged", 200, "pagerduty:P1", source="pagerduty", labels={"incident": "P1"}),
    row("metric.recovery", 400, "ratio", edge="0", labels={"alert": "Errors"}),
    row("alert.resolved", 410, "alert", subject="Errors"),
]


def built(folder: Path, *coverage: dict[str, Any]) -> Timeline:
    found = named(STORY)
    chosen = scope(found, None)
    marks = milestones(found, chosen)
    _write_tables(folder, Built(People("x", WINDOW), chosen, found, marks, durations(marks), list(coverage), SAMPLES.empty_table(), {}, [], {}))
    return load(folder)


def marked(timeline: Timeline) -> set[str]:
    part = timeline.to_markdown().partition("## Durations")[2].partition("##")[0]
    return {line.split(" | ")[0].lstrip("| ") for line in part.splitlines() if "**unsupported**" in line and line.endswith(" |")}


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        ([covered("prometheus", "query"), covered("pagerduty", "log_entries")], set()),
        (
            [covered("prometheus", "query", 90, 600)],
            {f"{n} (impact)" for n in ("TTD", "TTA", "TTE", "TTM")} | {f"{n} (alert)" for n in ("TTA", "TTE", "TTM")},
        ),
        ([covered("prometheus", "query", 0, 450)], {"TTM (impact)", "TTM (alert)", "TTE (impact)", "TTE (alert)"}),
        ([covered("prometheus", "query"), lost("kubernetes", "everything it was still to be asked", "unreachable")], set()),
    ],
)
def test_a_duration_that_rests_on_a_hole_is_marked(tmp_path: Path, coverage: list[dict[str, Any]], expected: set[str]) -> None:
    """What a source of its ends did not see before them, or after a last one, could change a duration: it is marked; other sources do not matter."""
    assert marked(built(tmp_path, *coverage)) == expected


def test_the_mark_names_the_stretch(tmp_path: Path) -> None:
    """The reader sees which source was blind, and when."""
    report = built(tmp_path, covered("prometheus", "query", 90, 600)).to_markdown()
    headline = next(line for line in report.splitlines() if line.startswith("**TTD**"))

    assert "**unsupported**: prometheus not seen 01:20:00–01:21:30" in report
    assert " (unsupported)" in headline and "unsupported: rests on a stretch that was not seen" in headline


def test_every_form_marks_it(tmp_path: Path) -> None:
    """JSON has the stretch beside the duration, null where there is none; the durations as others define them are marked alike."""
    timeline = built(tmp_path, covered("prometheus", "query", 0, 450))

    told = {(d["profile"], d["name"]): d["unsupported"] for d in json.loads(timeline.to_json())["durations"]}
    published = [line for line in durations_text(timeline, ["dora", "impact"]).splitlines() if "**unsupported**" in line]

    assert {key for key, hole in told.items() if hole} == {("impact", "TTM"), ("alert", "TTM"), ("impact", "TTE"), ("alert", "TTE")}
    assert [line.split(" | ")[1] for line in published] == ["time to restore", "TTE", "TTM"]


def test_the_strip_stands_under_the_timeline(tmp_path: Path) -> None:
    """Sources that were asked have one line each; where none was, there is no block."""
    text = strip_text(built(tmp_path, covered("prometheus", "query"), covered("pagerduty", "log_entries")))

    assert [line.split()[0] for line in text.splitlines()[1:3]] == ["pagerduty", "prometheus"]
    assert text in built(tmp_path, covered("prometheus", "query"), covered("pagerduty", "log_entries")).to_markdown().partition("## Durations")[0]
    assert strip_text(built(tmp_path)) == ""
