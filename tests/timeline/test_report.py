"""The Markdown report: one valid table whatever the evidence holds, roles instead of names, at most sixty lines."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retroline.collectors.window import Window
from retroline.normalize.stamps import instant_ns
from retroline.normalize.tables import KINDS, SAMPLES
from retroline.timeline.build import Built
from retroline.timeline.durations import durations
from retroline.timeline.folder import _write_tables
from retroline.timeline.identity import named
from retroline.timeline.milestones import milestones, scope
from retroline.timeline.people import People, said_rows, with_people
from retroline.timeline.rows import Row, Witness
from retroline.timeline.selection import MOST_LINES
from retroline.timeline.timeline import Timeline, load

SECOND = 1_000_000_000
SECTIONS = ["## Timeline", "## Durations", "## Where the minutes went", "## Milestones", "## What could not be seen"]
HOSTILE = "a|b \\| <b>x</b>\n\r\u2028 \x1b[31m `c` [l](http://e) \u202e \x00 \ud800".encode("utf-8", "replace").decode()


def ns(text: str) -> int:
    at = instant_ns(text)
    assert at is not None
    return at


T0 = ns("2026-11-21T01:20:00Z")
WINDOW = Window(T0, T0 + 3600 * SECOND)


def row(kind: str, at_s: float, title: str = "", **changes: Any) -> Row:
    at_ns = changes.pop("at_ns", T0 + round(at_s * SECOND))
    source = changes.pop("source", "prometheus")
    ref = f"{source}#{kind}{at_s}{title}"
    words = (Witness(source, source, at_ns, None, None, ref),)
    given: dict[str, Any] = {"clock": source, "thread": f"{kind}:{at_s}:{title}", "ref": ref, "witnesses": words, "service": "shop", **changes}
    return Row(kind=kind, at_ns=at_ns, title=title or f"{kind} at {at_s}", source=source, **given)


def person(kind: str, at_s: float, actor: str, **changes: Any) -> Row:
    labels = {"agent_type": "user", "incident": "P1", **changes.pop("labels", {})}
    return row(kind, at_s, changes.pop("title", f"{kind} #1"), source="pagerduty", actor=actor, labels=labels, **changes)


def stored(folder: Path, rows: list[Row], people: People | None = None, coverage: list[dict[str, object]] | None = None) -> Timeline:
    """A timeline of rows as `build` would have stored it."""
    frame = people or People("x", WINDOW)
    found = named([*rows, *said_rows(frame)])
    chosen = scope(found, frame.service)
    marks = with_people(milestones(found, chosen), frame)
    built = Built(frame, chosen, found, marks, durations(marks), coverage or [], SAMPLES.empty_table(), {}, [], {})
    _write_tables(folder, built)
    return load(folder)


def table(report: str, heading: str = "## Timeline") -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    lines = report.partition(f"{heading}\n\n")[2].partition("\n\n")[0].split("\n")
    return [[c.strip() for c in re.split(r"(?<!\\)(?:\\\\)*\|", line)][1:-1] for line in lines[2:]]


STORY = [
    row("change.deployed", 1, "shop deployed", source="kubernetes", actor="deploy-bot"),
    row("alert.pending", 5, "Errors pending", thread="alert", subject="Errors"),
    row("alert.firing", 9, "Errors firing", thread="alert", severity="critical", subject="Errors"),
    person("page.triggered", 10, "Shop (prod)", labels={"agent_type": "service"}),
    person("page.acknowledged", 12, "Ada Example", labels={"level": "1"}),
    person("note", 20, "Ada Example", title="note", body="Ada Example asks Bob Sample to look"),
    person("note", 30, "Bob Sample", title="note", body="Bob here"),
    row("alert.resolved", 80, "Errors resolved", subject="Errors"),
    person("page.resolved", 90, "Ada Example", labels={"level": "1"}),
]


def test_the_story_is_told_in_order(tmp_path: Path) -> None:
    """One line per row in time, key moments bold with the names of their milestones, headings in order."""
    report = stored(tmp_path, STORY).to_markdown()
    times = [cells[0].lstrip("≈") for cells in table(report)]

    assert report.startswith("# Incident x: shop\n\nWindow 2026-11-21 01:20:00 – 02:20:00 UTC (1 h).")
    assert times == sorted(times) and len(times) == len(STORY)
    assert [cells[1] for cells in table(report) if "firing" in cells[1]] == ["**detected**: Errors firing"]
    assert [line for line in report.splitlines() if line in SECTIONS] == SECTIONS


def test_people_are_roles(tmp_path: Path) -> None:
    """Without asking, no person's name stands anywhere: not as actor, in a title, or in a note."""
    people = People("x", WINDOW, milestones=({"name": "identified", "at_ns": T0 + 30 * SECOND, "by": "Cleo Third"},))

    report = stored(tmp_path, STORY, people).to_markdown(everything=True)

    assert not re.search("Ada|Example|Bob Sample|Cleo|Third", report)
    assert {cells[3] for cells in table(report)} >= {"on-call engineer, level 1", "engineer", "deploy pipeline"}
    assert "on-call engineer, level 1 asks engineer to look" in report


def test_responders_of_two_teams_are_told_apart(tmp_path: Path) -> None:
    """Where pages of two pager services belong to the incident, a role says whose it is; another team's own page does not count."""
    other = person("page.acknowledged", 70, "Cleo Third", labels={"level": "1", "incident": "P9"}, subject="Mail", service="mail", milestone_ok=False)
    acks = [person("page.acknowledged", 9 + i, name, labels={"level": "1"}, subject=team) for i, (name, team) in enumerate((("Ada", "Shop"), ("Bob", "Edge")))]

    one = table(stored(tmp_path, [STORY[2], acks[0], other]).to_markdown())
    two = table(stored(tmp_path, [STORY[2], *acks, other]).to_markdown())

    assert [cells[3] for cells in one if cells[3]] == ["on-call engineer, level 1"]
    assert [cells[3] for cells in two if cells[3]] == ["on-call engineer, level 1 (Shop)", "on-call engineer, level 1 (Edge)"]


@pytest.mark.parametrize("actor", ["argocd-controller", "argocd-application-controller", "helm-controller", "kustomize-controller", "flux"])
def test_gitops_controllers_are_the_pipeline(tmp_path: Path, actor: str) -> None:
    """Who applies what is in git is told as the deploy pipeline."""
    assert table(stored(tmp_path, [row("change.deployed", 1, "shop deployed", actor=actor)]).to_markdown())[0][3] == "deploy pipeline"


def test_names_are_shown_when_asked(tmp_path: Path) -> None:
    """With `names` people stand by name, also who stated a milestone."""
    people = People("x", WINDOW, milestones=({"name": "identified", "at_ns": T0 + 30 * SECOND, "by": "Cleo Third"},))

    report = stored(tmp_path, STORY, people).to_markdown(names=True)

    assert {"Ada Example", "Bob Sample", "deploy-bot"} <= {cells[3] for cells in table(report)}
    assert "stated by Cleo Third" in report


def test_a_persons_word_is_a_line(tmp_path: Path) -> None:
    """A milestone that only a person states stands in the table at its time, marked as such."""
    people = People("x", WINDOW, milestones=({"name": "mitigated", "at_ns": T0 + 60 * SECOND},))

    cells = table(stored(tmp_path, STORY, people).to_markdown())

    assert ["01:21:00", "**mitigated**: stated by a person in incident.toml", "people", ""] in cells


@pytest.mark.parametrize(
    ("since", "until", "dated"), [("T22:00:00Z", "T23:59:59Z", False), ("T22:00:00Z", "T24:00:00Z", False), ("T22:00:00Z", "T25:00:00Z", True)]
)
def test_dates_are_shown_when_the_window_crosses_midnight(tmp_path: Path, since: str, until: str, dated: bool) -> None:
    """Times have their date exactly where two days are in the window."""
    day = ns("2026-11-20T00:00:00Z")
    hours = {"T22:00:00Z": 22, "T23:59:59Z": 23.9997, "T24:00:00Z": 24, "T25:00:00Z": 25}
    window = Window(day + round(hours[since] * 3600) * SECOND, day + round(hours[until] * 3600) * SECOND)

    report = stored(tmp_path, [row("note", 0, at_ns=window.since_ns + SECOND)], People("x", window)).to_markdown()

    assert table(report)[0][0] == ("2026-11-20 22:00:01" if dated else "22:00:01")


def test_an_empty_window_is_a_valid_report(tmp_path: Path) -> None:
    """Without rows every section is there, every duration blank with its reason, and the table says that nothing was seen."""
    report = stored(tmp_path, []).to_markdown()

    assert [line for line in report.splitlines() if line in SECTIONS] == SECTIONS
    assert table(report) == [["", "nothing was seen in this window", "", ""]]
    assert all(cells[1] == "–" and "unknown" in cells[3] for cells in table(report, "## Durations"))
    assert "0 received" in report


ALERTS = [row(f"alert.{e}", 60 * i + s, f"A{'bcdefghij'[i]} {e}", subject=f"A{i}") for i in range(9) for s, e in ((1, "firing"), (30, "resolved"))]
NOISE = [
    row(
        "workload.unhealthy" if i % 2 else "k8s.event",
        i,
        f"probe {'abcdefghijklmnopqrstuvwxyz'[i % 26]}{'xyz'[i % 3]} failed",
        severity="warning",
        service=f"s{i % 40}",
    )
    for i in range(1500)
]


def test_many_rows_are_sixty_lines(tmp_path: Path) -> None:
    """However much happened, at most sixty lines are shown, and every milestone, action and alert edge is among them."""
    rows = [*STORY, *ALERTS, *NOISE]

    report = stored(tmp_path, rows, People("x", WINDOW, "shop")).to_markdown()
    events = " ".join(cells[1] for cells in table(report))

    assert len(table(report)) <= MOST_LINES == 60
    assert [r.title for r in [*ALERTS, *STORY] if r.kind != "note" and r.title not in events] == []
    assert "Left out: " in report


def test_more_alert_edges_than_lines_are_counted_not_lost(tmp_path: Path) -> None:
    """Where there are too many for a line each, edges of one kind share lines with their names and count: none is left out."""
    edges = [row("alert.firing", 20 * i, f"Alert{i} firing", subject=f"Alert{i}", thread=f"a{i}@0") for i in range(70)]
    notes = [row("note", 20 * i, f"note {i}") for i in range(30)]

    shown = [cells[1] for cells in table(stored(tmp_path, [*STORY, *edges, *notes]).to_markdown())]

    assert len(shown) <= MOST_LINES
    told = [re.search(r"\((\d+)×", text) for text in shown if text.startswith("alert firing: ")]
    assert sum(int(m[1]) for m in told if m) + sum("firing" in t and not t.startswith("alert firing: ") for t in shown) >= 70


def test_everything_is_shown_when_asked(tmp_path: Path) -> None:
    """`everything` shows every row as a line of its own."""
    assert len(table(stored(tmp_path, NOISE[:200]).to_markdown(everything=True))) == 200


def test_few_rows_are_not_padded(tmp_path: Path) -> None:
    """Routine that is no symptom is not shown, though there is room."""
    report = stored(tmp_path, [*STORY, row("k8s.event", 40, "Pulled: image", severity="info")]).to_markdown()

    assert len(table(report)) == len(STORY)


def test_repeated_things_are_one_line_with_a_count(tmp_path: Path) -> None:
    """Rows of one wording within ten minutes fold into the first, with how often and until when."""
    rows = [row("k8s.event", 60 * i, f"Failed: pod web-{i}f{i}", severity="warning", count=2, subject=f"Pod/web-{i}") for i in range(3)]

    assert [cells[1] for cells in table(stored(tmp_path, rows).to_markdown())] == ["shop: Failed: pod web-0f0 (6×, until 01:22:00)"]


def test_a_repeated_event_lasts_until_its_last_time(tmp_path: Path) -> None:
    """An event that Kubernetes counted itself is told until it was last seen, with what it is about."""
    counted = row("k8s.event", 0, "Unhealthy: probe failed", severity="warning", count=45, until_ns=T0 + 2400 * SECOND)

    assert [cells[1] for cells in table(stored(tmp_path, [counted]).to_markdown())] == ["shop: Unhealthy: probe failed (45×, until 02:00:00)"]


def test_an_alert_of_another_service_that_flaps_is_one_line(tmp_path: Path) -> None:
    """Edges of other services' alerts fold over the whole window, those of the incident within ten minutes."""
    edges = [row("alert.firing", 240 * i, f"{name} firing", service=name, subject=name) for i in range(12) for name in ("dns", "shop")]

    shown = [cells[1] for cells in table(stored(tmp_path, edges, People("x", WINDOW, "shop")).to_markdown())]

    assert [text for text in shown if "dns" in text] == ["dns firing (12×, until 02:04:00)"]
    assert len([text for text in shown if "shop" in text]) > 3


def test_two_series_are_two_lines(tmp_path: Path) -> None:
    """Series whose names differ in a number only are told apart; the returns of one series fold."""
    back = [
        row("metric.recovery", at, f"ratio_{w} 0.01", labels={"series": f"ratio_{w}", "role": "configured"}) for w in ("rate1m", "rate6h") for at in (60, 90)
    ]

    shown = [cells[1] for cells in table(stored(tmp_path, back).to_markdown())]

    assert not any("rate1m" in a and "rate6h" in a for a in shown) and sum("rate1m" in a for a in shown) == 1 and sum("rate6h" in a for a in shown) == 2


def test_background_is_not_shown(tmp_path: Path) -> None:
    """What was there before is left out, unless everything is asked for."""
    timeline = stored(tmp_path, [*STORY, row("alert.firing", 0, "Watchdog firing", milestone_ok=False)])

    assert "Watchdog" not in timeline.to_markdown()
    assert "Watchdog" in timeline.to_markdown(everything=True)


def test_an_order_that_is_not_proven_is_marked(tmp_path: Path) -> None:
    """A line whose interval overlaps the line above on another clock carries the sign."""
    rows = [row("note", 5, "a", source="pagerduty", after_ns=SECOND), row("note", 5.5, "b"), row("note", 7, "c")]

    assert [cells[0] for cells in table(stored(tmp_path, rows).to_markdown())] == ["01:20:05", "≈01:20:05", "01:20:07"]


def test_what_was_lost_is_said(tmp_path: Path) -> None:
    """A source that failed and a source that was never asked are both named."""
    none = dict.fromkeys(("received", "kept", "folded", "outside", "unreadable"), 0)
    lost: dict[str, object] = {"source": "prometheus", "part": "x", "since": T0, "until": T0 + 1, "covered_since": None, "covered_until": None, **none}
    coverage = [{**lost, "reason": "unreachable", "detail": f"nothing | answered {HOSTILE}", "ours": True}]

    unseen = stored(tmp_path, STORY, coverage=coverage).to_markdown().split(SECTIONS[-1])[1]

    assert "- **prometheus**: nothing \\| answered" in unseen
    assert "Not configured, so nothing is known from: alertmanager, kubernetes, pagerduty." in unseen


def test_the_same_timeline_gives_the_same_report(tmp_path: Path) -> None:
    """Rows in another order give the same text."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = [*STORY, *ALERTS, *NOISE[:100]]

    assert stored(tmp_path / "a", rows).to_markdown() == stored(tmp_path / "b", rows[::-1]).to_markdown()


texts = st.text(max_size=40) | st.text("|\\`*_[]()<>&~$\n\r\t\x1b \u202eab", max_size=30)
hostile_rows = st.lists(
    st.builds(
        lambda kind, at, title, body, actor, labels, severity, count: row(
            kind, at, title, body=body, actor=actor, labels=labels, severity=severity, count=count, subject=title, service=body
        ),
        st.sampled_from(sorted(KINDS)),
        st.integers(0, 3599),
        texts,
        st.none() | texts,
        st.none() | texts,
        st.dictionaries(st.sampled_from(["level", "agent_type", "incident", "urgency", "status", "ours", "role", "alert"]), texts, max_size=3),
        st.none() | texts,
        st.none() | st.integers(1, 10**9),
    ),
    max_size=6,
)


@settings(max_examples=15, deadline=None)
@given(hostile_rows, texts, texts)
@example([row("note", 1, HOSTILE, body=HOSTILE, actor=HOSTILE, service=HOSTILE, source=HOSTILE)], HOSTILE, HOSTILE)
@example([row("note", 1, "x" * 10_000, body="|" * 10_000, actor="y|" * 500)], "", "")
@example([person("note", 1, "\\1", labels={"level": "\\g<9>\\"}, body="\\1")], "\\", "\\")
def test_the_tables_stay_valid(rows: list[Row], text: str, by: str) -> None:
    """Whatever stands in titles, notes, actors, labels and services: four cells a line, no HTML, no control signs, sections whole."""
    people = People("x", WINDOW, milestones=({"name": "mitigated", "at_ns": T0 + 5, "by": by},), notes=({"at_ns": T0 + 6, "at": "", "text": text, "by": by},))
    with tempfile.TemporaryDirectory() as place:
        timeline = stored(Path(place), rows, people)
        for options in ({}, {"everything": True}, {"names": True, "everything": True}):
            report = timeline.to_markdown(**options)

            assert {len(cells) for cells in table(report)} <= {4}
            assert {len(cells) for cells in table(report, "## Durations")} <= {4}
            assert {len(cells) for cells in table(report, "## Milestones")} <= {5}
            assert not set("<>") & set(report.replace("<br>", ""))
            assert all(c == "\n" or c.isprintable() or ord(c) > 0x2FF for c in report)
            assert [line for line in report.splitlines() if line.startswith("#")][1:] == SECTIONS


def test_a_milestone_far_from_its_row_says_when(tmp_path: Path) -> None:
    """A crossing freed of its rate window shows the row's time and the better estimate."""
    onset = row("metric.onset", 30, "ratio 0.07 > 0.05", labels={"true_best_ns": str(T0 + 21 * SECOND), "alert": "Errors"})

    (cells,) = [c for c in table(stored(tmp_path, [*STORY, onset]).to_markdown()) if "ratio" in c[1]]

    assert "impact" in cells[1] and "(best estimate of impact: 01:20:21)" in cells[1]


def test_blank_is_not_zero(tmp_path: Path) -> None:
    """An unknown duration is a dash in the headline and in its table, with the reason below."""
    report = stored(tmp_path, [r for r in STORY if r.kind != "page.resolved"]).to_markdown()

    assert "**TTR** –" in report
    assert "- TTR is blank: resolved unknown." in report
