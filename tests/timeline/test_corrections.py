"""The shipped incident with one clock wrong: found with an interval that holds the truth, corrected only where the bound allows."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from retroline import load
from retroline.cli import cli
from retroline.timeline.timeline import Timeline

SHIFTED = runpy.run_path(str(Path(__file__).parents[1] / "shifted.py"))
WINDOW = ("--since", "2026-11-21T01:19:10Z", "--until", "2026-11-21T01:27:06Z")
CASES: dict[str, tuple[Any, ...]] = {
    "plain": (),
    "inner": (7.3,),
    "zone": (330,),
    "pagerduty": (-2.5,),
    "pagerduty far behind": (-60.0,),
    "node": (0.040,),
    "node by far": (5.0,),
    "kubelet": (-90,),
    "node in time": (0.0,),
}
Built = Callable[..., Timeline]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """`built(case, *flags)`: the incident with that clock shifted, collected with these flags."""
    base = tmp_path_factory.mktemp("clocks")

    @cache
    def make(case: str, *flags: str) -> Timeline:
        name = "-".join([case, *flags])
        saved = SHIFTED[case.partition(" ")[0]](base / f"{name}.saved", *CASES[case])
        with pytest.raises(SystemExit) as end:
            cli.main(["collect", "--from", str(saved), "--out", str(base / name), "--format", "none", *flags, *WINDOW], standalone_mode=False)
        assert end.value.code == 0
        return load(base / name)

    return make


def clock(timeline: Timeline, name: str) -> dict[str, Any]:
    frame = timeline.clocks().set_index("clock")
    return dict(frame.loc[name])


@pytest.mark.parametrize(
    ("case", "name", "truth_s", "widest_s"),
    [
        ("inner", "checkout/app", 7.3, 0.06),
        ("zone", "cache/cache", 19_800.0, 0.06),
        ("pagerduty", "pagerduty", -2.5, 3.1),
        ("pagerduty far behind", "pagerduty", -60.0, 3.1),
        ("node", "kubernetes/node/worker-1", 0.040, 0.0025),
    ],
)
def test_a_wrong_clock_is_found(built: Built, case: str, name: str, truth_s: float, widest_s: float) -> None:
    """The interval of the clock that was shifted holds by how much, does not hold 0, and is narrow; no other clock is off but for the known zone."""
    timeline = built(case)
    found = clock(timeline, name)
    frame = timeline.clocks()

    assert found["low_s"] <= truth_s <= found["high_s"]
    assert found["high_s"] - found["low_s"] <= widest_s
    assert found["proven"] and not found["low_s"] <= 0 <= found["high_s"]
    assert set(frame[frame["proven"]]["clock"]) == {name, "payments/payments"}


def test_on_true_clocks_nothing_is_corrected(built: Built) -> None:
    """Where no clock was shifted no row is moved, and every interval of a system's clock holds 0."""
    for case in ("plain", "node in time"):
        timeline = built(case)
        frame = timeline.clocks()
        systems = frame[~frame["inner"]]

        assert not timeline.events["correction_ns"].any()
        assert (systems["low_s"].fillna(-1) <= 0).all() and (systems["high_s"].fillna(1) >= 0).all()
        assert not systems["proven"].any()


def test_a_zone_is_no_wrong_clock(built: Built) -> None:
    """Local time without its zone is told as a zone: of the payments service always, of the cache where it was moved by 5 h 30 min."""
    report = built("zone").to_markdown()

    assert clock(built("plain"), "payments/payments")["zone"] and clock(built("plain"), "payments/payments")["best_s"] == 3600
    assert clock(built("zone"), "cache/cache")["zone"] and clock(built("zone"), "cache/cache")["best_s"] == 19_800
    assert "**cache/cache** stamps 5 h 30 min ahead of its node: a zone (+05:30)" in report


def test_lines_are_not_moved_for_what_they_say(built: Built) -> None:
    """An application's wrong clock is told, and its lines stay where the node's clock puts them."""
    assert "**checkout/app** stamps 7.3 s ahead of its node" in built("inner").to_markdown()
    assert not built("inner").events["correction_ns"].any()


@pytest.mark.parametrize(("case", "name", "truth_ns"), [("pagerduty", "pagerduty", -2_500_000_000), ("node", "kubernetes/node/worker-1", 40_000_000)])
def test_times_of_a_wrong_clock_are_corrected(built: Built, case: str, name: str, truth_ns: int) -> None:
    """Rows on that clock move against its offset, their stamps stay as received, and their intervals hold the true instant."""
    true, moved = (built(c).events.reset_index().set_index("event_id") for c in ("plain", case))
    rows = moved[moved["correction_ns"] != 0]

    assert set(rows["clock"]) == {name}
    assert (moved[moved["clock"] == name]["correction_ns"] != 0).all()
    assert (rows["correction_ns"] + truth_ns).abs().max() <= rows["before_ns"].min()
    for event_id in rows.index.intersection(true.index):
        row, was = rows.loc[event_id], true.loc[event_id]
        assert row["at"].value - row["before_ns"] <= was["at"].value + was["after_ns"]
        assert was["at"].value - was["before_ns"] <= row["at"].value + row["after_ns"]


@pytest.mark.parametrize("case", ["pagerduty", "node"])
def test_stamps_stay_as_received(built: Built, case: str) -> None:
    """Correcting moves no stamp: what the system wrote is what it is without correction."""
    moved, received = (built(case, *flags).events.reset_index().set_index("event_id") for flags in ((), ("--no-correct",)))
    same = moved.index.intersection(received.index)

    assert len(same) > 200
    assert moved.loc[same, "at_source"].equals(received.loc[same, "at_source"])


@pytest.mark.parametrize("case", ["node", "node by far"])
def test_lines_of_a_wrong_node_are_corrected(built: Built, case: str) -> None:
    """Every line of it moves against its offset, to within its own bounds of where a true clock had it; other nodes' lines stay; all is in order."""
    true, moved = (_lines(built(c)) for c in ("plain", case))
    of_node = moved["correction_ns"] != 0
    both = moved.join(true["at"].rename("at_true"), how="inner")

    assert set(moved[of_node]["pod"]) == _pods_of("worker-1") & set(true["pod"])
    assert not set(moved[~of_node]["pod"]) & _pods_of("worker-1")
    assert len(both) == len(true) == len(moved)
    assert ((both["at"] - both["at_true"]).abs() <= both["before_ns"]).all()
    assert moved[of_node]["before_ns"].unique().tolist() == [clock_error_ns(built(case))] and not moved[~of_node]["before_ns"].any()
    assert (moved["after_ns"] == moved["before_ns"] + 1).all()
    assert built(case).lines.index.is_monotonic_increasing


@pytest.mark.parametrize("flags", [(), ("--no-correct",)])
def test_no_line_is_lost_or_made(built: Built, flags: tuple[str, ...]) -> None:
    """As many lines are received as with true clocks, and each is kept, folded, outside or unreadable, those that move across the window's ends too."""
    true, moved = (built(case, *flags).coverage.set_index("part").loc["log"] for case in ("plain", "node by far"))

    assert moved["received"] == true["received"] == moved[["kept", "folded", "outside", "unreadable"]].sum()
    assert moved["kept"] == len(built("node by far", *flags).lines)
    assert (moved["kept"] == true["kept"]) == (not flags)


def test_lines_as_received_are_to_be_had(built: Built) -> None:
    """With --no-correct lines keep their node's time and are exact on it."""
    true, received = (_lines(built(c, "--no-correct")) for c in ("plain", "node"))
    both = received.join(true["at"].rename("at_true"), how="inner")
    late = both["at"] - both["at_true"]

    assert not received[["correction_ns", "before_ns"]].any(axis=None)
    assert set(late) == {0, 40_000_000}
    assert set(both[late != 0]["pod"]) == _pods_of("worker-1") & set(true["pod"])


@pytest.mark.parametrize("case", ["node", "node by far"])
def test_rows_of_lines_agree_with_their_lines(built: Built, case: str) -> None:
    """A first error or a burst stands where its first line stands, corrected as much as that line, and its stamp is the one received."""
    lines = _lines(built(case))
    rows = built(case).events[built(case).events["kind"].isin(["log.first_seen", "log.burst"])]
    received = built(case, "--no-correct").events["at_source"].tolist()

    assert {0, 1} == set((rows["correction_ns"] != 0).astype(int))
    for at, row in rows.iterrows():
        labels = row["labels"]
        line = lines[(lines["at"] == at.value) & (lines["pod"] == labels["pod"]) & (lines["template_id"] == int(labels["template_id"]))].iloc[0]
        assert (row["correction_ns"], row["before_ns"]) == (line["correction_ns"], line["before_ns"])
        assert row["at_source"] in received


def test_a_wrong_node_changes_no_story(built: Built) -> None:
    """With everything that a node stamps 90 s behind, rows, texts, milestones and lines are those of true clocks, but for the error of the correction."""
    true, moved = built("plain"), built("kubelet")
    error = pd.Timedelta(clock_error_ns(moved), "ns")
    rows, again = (t.events.reset_index().set_index("event_id") for t in (true, moved))

    assert set(rows.index) == set(again.index)
    for column in ("at", "until"):
        assert (again[column] - rows[column]).abs().max() <= error
        assert (again[column].isna() == rows.loc[again.index, column].isna()).all()
    assert again["title"].equals(rows.loc[again.index, "title"])
    assert (moved.milestones["best"] - true.milestones["best"]).abs().max() <= error
    assert len(moved.lines) == len(true.lines)


def test_a_corrected_incident_is_built_again_byte_for_byte(built: Built) -> None:
    """The lines are read twice, and the result is the same each time."""
    folder = built("node").places["lines"].parent
    before = {path.name: path.read_bytes() for path in folder.glob("*.*")}

    cli.main(["build", str(folder), "--format", "none"], standalone_mode=False)

    assert {path.name: path.read_bytes() for path in folder.glob("*.*")} == before
    assert not list(folder.glob(".*"))


def _lines(timeline: Timeline) -> pd.DataFrame:
    """Lines by container and number among the equal texts of it; `at` in nanoseconds."""
    frame = timeline.lines.reset_index()
    frame["at"] = frame["at"].astype("int64")
    names = ["pod", "container", "text"]
    frame["number"] = frame.groupby(names, dropna=False).cumcount()
    return frame.set_index([*names, "number"], drop=False)


def _pods_of(node: str) -> set[str]:
    listed = [pod for path in SHIFTED["INCIDENT"].glob("kubernetes/*/pods.json") for pod in json.loads(path.read_text("utf-8"))["items"]]
    return {pod["metadata"]["name"] for pod in listed if pod["spec"].get("nodeName") == node}


def clock_error_ns(timeline: Timeline) -> int:
    found = clock(timeline, "kubernetes/node/worker-1")
    return round((found["high_s"] - found["best_s"]) * 1e9)


def test_durations_hold_the_truth_with_a_wrong_pager(built: Built) -> None:
    """With PagerDuty's clock behind, every duration's bounds still hold the one of true clocks."""
    true, moved = (built(c).durations("impact").set_index("name") for c in ("plain", "pagerduty"))

    assert (moved["low_s"] <= true["best_s"]).all() and (true["best_s"] <= moved["high_s"]).all()


def test_times_as_received_are_to_be_had(built: Built) -> None:
    """With --no-correct no row moves, the report still tells, and `build --correct` turns it on again."""
    timeline = built("pagerduty", "--no-correct")
    folder = timeline.places["events"].parent

    assert not timeline.events["correction_ns"].any()
    assert "Its times are shown as received" in timeline.to_markdown()
    assert "correct = false" in (folder / "incident.toml").read_text("utf-8")

    cli.main(["build", str(folder), "--correct", "--format", "none"], standalone_mode=False)

    assert load(folder).events["correction_ns"].any()
    assert "correct = true" in (folder / "incident.toml").read_text("utf-8")


def test_report_and_json_tell_of_it(built: Built) -> None:
    """The report says how far the clock is off and what was done, the JSON has every clock's interval."""
    report = built("node").to_markdown()
    told = {c["clock"]: c for c in json.loads(built("node").to_json())["clocks"]}

    assert "**kubernetes/node/worker-1** stamps 40 ms ahead of prometheus (between 39 ms and 41 ms). Its times are corrected by −40 ms." in report
    assert told["kubernetes/node/worker-1"]["correction_s"] == pytest.approx(-0.040, abs=0.001)
    assert told["pagerduty"]["low_s"] <= 0 <= told["pagerduty"]["high_s"]
