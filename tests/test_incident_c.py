"""The shipped incident end to end: the report that the README shows, and what is known to have happened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from retroline import load
from retroline.cli import cli
from retroline.timeline.report import markdown
from retroline.timeline.timeline import Timeline

pytestmark = pytest.mark.usefixtures("kernels")

ROOT = Path(__file__).resolve().parent.parent
DAY = "2026-11-21T"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The incident, collected from the shipped files."""
    place = tmp_path_factory.mktemp("incident-c") / "x"
    with pytest.raises(SystemExit) as end:
        cli.main(["collect", "--from", str(ROOT / "fixtures" / "incident-c"), "--out", str(place), "--format", "none"], standalone_mode=False)
    assert end.value.code == 0
    return place


@pytest.fixture(scope="module")
def timeline(folder: Path) -> Timeline:
    """Its timeline as a notebook opens it."""
    return load(folder)


@pytest.fixture(scope="module")
def told(timeline: Timeline) -> Any:
    """Its JSON report, with the events by id and the milestones by name."""
    whole = json.loads(timeline.to_json())
    return SimpleNamespace(**whole, by_id={e["event_id"]: e for e in whole["events"]}, marks={m["name"]: m for m in whole["milestones"]})


def rows(told: Any, kind: str, word: str = "") -> list[dict[str, Any]]:
    return [e for e in told.events if e["kind"] == kind and word in e["title"]]


def times(events: list[dict[str, Any]]) -> list[str]:
    return [e["at"][11:19] for e in events]


@pytest.mark.golden
def test_the_report(timeline: Timeline, golden: Callable[[str, str], None]) -> None:
    """The whole report is the one that was looked at and kept."""
    golden("tests/golden/incident-c.md", markdown(timeline))


@pytest.mark.parametrize(
    ("name", "at", "kind", "word"),
    [
        ("change", "01:20:55", "change.deployed", "v2.8.1"),
        ("detected", "01:21:39", "alert.firing", "HighErrorRate"),
        ("paged", "01:21:44", "page.triggered", "#5121"),
        ("acknowledged", "01:22:22", "page.acknowledged", "#5121"),
        ("engaged", "01:22:22", "page.acknowledged", "#5121"),
        ("mitigation_started", "01:24:46", "change.rolled_back", "v2.8.0"),
        ("resolved", "01:25:29", "page.resolved", "#5121"),
    ],
)
def test_milestones(told: Any, name: str, at: str, kind: str, word: str) -> None:
    """Each milestone stands at the second that the systems recorded, on the row that shows it."""
    mark = told.marks[name]
    event = told.by_id[mark["event_ids"][0]]

    assert (mark["best"][11:19], event["kind"]) == (at, kind)
    assert word in event["title"]


def test_harm_has_bounds(told: Any) -> None:
    """Impact is between the release and the alert, recovery between the rollback and the page's end."""
    impact, recovered = told.marks["impact"], told.marks["recovered"]

    assert f"{DAY}01:20:40" < impact["earliest"] <= impact["best"] <= impact["latest"] < f"{DAY}01:21:39"
    assert f"{DAY}01:24:46" < recovered["earliest"] <= recovered["best"] <= recovered["latest"] < f"{DAY}01:25:29"


def test_what_nobody_recorded_is_blank(told: Any) -> None:
    """No page was escalated, nobody paged by hand, nothing was published: these are unknown."""
    assert {"escalated", "detected_human", "identified", "mitigated", "notified_public"} & set(told.marks) == set()


def test_durations_follow_from_the_milestones(timeline: Timeline) -> None:
    """Every duration of profile impact is known and lies in its bounds."""
    frame = timeline.durations("impact").set_index("name")

    assert set(frame.index) == {"TTD", "TTA", "TTE", "TTM", "TTR"}
    assert ((frame["low_s"] <= frame["best_s"]) & (frame["best_s"] <= frame["high_s"])).all()
    assert frame["best_s"].is_monotonic_increasing and frame.loc["TTD", "best_s"] > 0


def test_the_wrong_fix_is_told_but_is_not_the_mitigation(told: Any) -> None:
    """More replicas did not help: the scaling is an action of the story, the rollback is what ended it."""
    (scaled,) = [e for e in rows(told, "change.scaled", "3 → 5") if e["service"] == "checkout"]

    assert scaled["at"][11:19] == "01:23:09"
    assert scaled["event_id"] not in {i for m in told.milestones for i in m["event_ids"]}


def test_a_release_elsewhere_is_not_the_change(told: Any) -> None:
    """The node agent's release in the middle of it is shown and carries no milestone."""
    (release,) = rows(told, "change.deployed", "node-agent")

    assert release["at"][11:19] == "01:23:39"
    assert release["event_id"] not in {i for m in told.milestones for i in m["event_ids"]}


@pytest.mark.parametrize("noise", ["Watchdog", "BackupTooOld", "#5120"])
def test_noise_is_background(told: Any, timeline: Timeline, noise: str) -> None:
    """What was there all the time, and another team's open page, carry no milestone and are not in the table."""
    ids = {e["event_id"] for e in told.events if noise in e["title"] or noise == e["subject"]}
    table = markdown(timeline).partition("## Timeline")[2].partition("## Durations")[0]

    assert ids
    assert not ids & {i for m in told.milestones for i in m["event_ids"]}
    assert noise not in table
    assert noise in markdown(timeline, everything=True)


def test_one_row_for_what_two_systems_reported(told: Any) -> None:
    """The alert's edges, the release and the rollback have the word of every system that saw them."""
    (fired,) = rows(told, "alert.firing", "HighErrorRate")
    (release,) = rows(told, "change.deployed", "checkout")
    (rollback,) = rows(told, "change.rolled_back")

    assert [list(dict.fromkeys(w["source"] for w in e["witnesses"])) for e in (fired, release, rollback)] == [
        ["prometheus", "alertmanager"],
        ["kubernetes", "pagerduty"],
        ["kubernetes", "pagerduty"],
    ]
    assert fired["witnesses"][0]["at"] == fired["at"]


def test_every_run_of_an_alert_that_ends_is_resolved(told: Any) -> None:
    """For each firing run that ends in the window there is one end."""
    ends = {e["thread"] for e in rows(told, "alert.resolved")}

    assert times(rows(told, "alert.resolved", "HighErrorRate")) == ["01:25:24"]
    assert len(ends) == len(rows(told, "alert.resolved"))
    assert len(rows(told, "alert.resolved", "PodOOMKilled")) == len(rows(told, "alert.firing", "PodOOMKilled")) == 3


def test_every_restart_is_a_row(told: Any) -> None:
    """The containers of the bad release that were killed for memory are rows, whichever way they were seen."""
    assert {"workload.oom_killed", "workload.restarted"} <= {e["kind"] for e in told.events}
    assert {e["service"] for e in rows(told, "workload.oom_killed")} == {"checkout"}


def test_records_add_up(told: Any) -> None:
    """Every record received is kept, folded, outside or unreadable, for each source and in all; nothing was unreadable."""
    sums = told.accounting

    for one in sums.values():
        assert one["received"] == one["kept"] + one["folded"] + one["outside"] + one["unreadable"]
    assert {name for name, one in sums.items() if one["received"]} == {"kubernetes", "prometheus", "alertmanager", "pagerduty", "total"}
    assert sums["total"]["unreadable"] == 0
    assert sums["total"]["received"] == sum(one["received"] for name, one in sums.items() if name != "total")


def test_building_again_gives_the_same_bytes(folder: Path) -> None:
    """`build` remakes every file of the folder byte for byte."""
    held = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    cli.main(["build", str(folder), "--format", "none"], standalone_mode=False)

    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == held


def test_collecting_twice_changes_no_row(folder: Path, told: Any, tmp_path: Path) -> None:
    """A second run with the same answers beside the first gives the same rows, ids, times and counts, and more witnesses."""
    twice = shutil.copytree(folder, tmp_path / "twice")
    (run,) = (twice / "evidence").iterdir()
    again = shutil.copytree(run, run.with_name(f"{run.name}-2"))
    for index in again.rglob("index.jsonl"):
        index.write_text(index.read_text("utf-8").replace(f'"ref": "{run.name}/', f'"ref": "{again.name}/'), "utf-8")

    cli.main(["build", str(twice), "--format", "none"], standalone_mode=False)
    found = json.loads(load(twice).to_json())

    same = ("event_id", "at", "until", "kind", "title", "count", "actor", "severity", "service", "labels")
    assert [[e[k] for k in same] for e in found["events"]] == [[e[k] for k in same] for e in told.events]
    assert found["milestones"] == told.milestones
    assert found["accounting"]["total"]["received"] == 2 * told.accounting["total"]["received"]
    assert found["accounting"]["total"]["kept"] == told.accounting["total"]["kept"]


def test_no_name_is_in_the_report(timeline: Timeline) -> None:
    """People of the incident appear as roles; asked for, they are named."""
    people = {e for e in timeline.events["actor"].dropna() if " " in e and "(" not in e}

    assert people
    assert [name for name in people if name in markdown(timeline, everything=True)] == []
    assert [name for name in people if name in markdown(timeline, everything=True, names=True)] != []


def test_frames_have_a_utc_index(timeline: Timeline) -> None:
    """Events, lines and samples are frames with a sorted UTC index to the nanosecond, inside the window."""
    for frame in (timeline.events, timeline.lines, timeline.samples):
        assert str(frame.index.dtype) == "datetime64[ns, UTC]"
        assert frame.index.is_monotonic_increasing
        assert timeline.window.since_ns <= frame.index[0].value <= frame.index[-1].value < timeline.window.until_ns
