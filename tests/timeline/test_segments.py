"""Segments: they sum exactly, in the order of the story, and a step that is missing or out of order is merged and said to be."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline import load
from retroline.cli import cli
from retroline.timeline.milestones import Milestone
from retroline.timeline.report import markdown
from retroline.timeline.segments import KINDS, KNOBS, Segment, segments
from retroline.timeline.timeline import Timeline

INCIDENT = Path(__file__).parents[2] / "fixtures" / "incident-c"
SECOND = 1_000_000_000


def mark(name: str, at_s: float, event_id: str = "") -> Milestone:
    at = round(at_s * SECOND)
    return Milestone(name, at, at, at + 1, "test", (event_id,) if event_id else ())


def event(kind: str, at_s: float, thread: str = "alert", after_ns: int = 1, **labels: str) -> dict[str, Any]:
    about = {"incident": "P1", **labels} if kind.startswith("page.") else labels
    at_ns = round(at_s * SECOND)
    return {"event_id": f"{kind}@{at_s}", "kind": kind, "thread": thread, "labels": about, "at_ns": at_ns, "before_ns": 0, "after_ns": after_ns}


EVENTS = [
    event("alert.pending", 10),
    event("alert.firing", 30),
    event("alert.notified", 40, status="firing"),
    event("page.triggered", 41),
    event("page.notified", 44),
    event("page.acknowledged", 100),
]
MARKS = [mark("impact", 3), mark("detected", 30, "alert.firing@30"), mark("acknowledged", 100, "page.acknowledged@100")]


def way(found: list[Segment], duration: str = "TTA") -> list[tuple[str, str, float]]:
    return [(s.start.name, s.end.name, s.ns / SECOND) for s in found if s.duration == duration]


def test_the_whole_way() -> None:
    """With every step seen, each segment runs from one step to the next."""
    found = segments(MARKS, EVENTS)

    assert way(found, "TTD") == [("impact", "condition true", 7), ("condition true", "firing", 20)]
    assert way(found) == [
        ("impact", "condition true", 7),
        ("condition true", "firing", 20),
        ("firing", "sent", 10),
        ("sent", "page triggered", 1),
        ("page triggered", "page notified", 3),
        ("page notified", "acknowledged", 56),
    ]
    assert [s.knob for s in found if s.duration == "TTA"] == [KNOBS[s.end.name] for s in found if s.duration == "TTA"]


def test_a_missing_step_is_merged_and_said_to_be() -> None:
    """Where Alertmanager's word is missing, its minutes and its knob go to the next step."""
    found = segments(MARKS, [e for e in EVENTS if e["kind"] != "alert.notified"])
    (one,) = [s for s in found if s.end.name == "page triggered"]

    assert (one.start.name, one.ns / SECOND, one.merged) == ("firing", 11, ("sent: not seen",))
    assert one.knob == f"{KNOBS['sent']}; {KNOBS['page triggered']}"


def test_a_step_out_of_order_is_merged_and_said_to_be() -> None:
    """A notification that seems to come before its alert cuts nothing."""
    found = segments(MARKS, [event("alert.notified", 20, status="firing") if e["kind"] == "alert.notified" else e for e in EVENTS])

    assert [s.merged for s in found if s.end.name == "page triggered"] == [("sent: out of order",)]


def test_a_stamp_cut_to_the_second_keeps_its_place() -> None:
    """A page stamped 40 s is within that second, so it may follow what was sent at 40.8 s."""
    late = [event("alert.notified", 40.8, status="firing") if e["kind"] == "alert.notified" else e for e in EVENTS]

    found = segments(MARKS, [event("page.triggered", 40, after_ns=SECOND) if e["kind"] == "page.triggered" else e for e in late])

    assert ("sent", "page triggered", 0.0) in way(found)


def test_an_escalation_has_its_segment() -> None:
    """The last escalation before somebody took the page owns the minutes up to it."""
    found = segments(MARKS, [*EVENTS, event("page.escalated", 70), event("page.escalated", 80), event("page.escalated", 200)])

    assert way(found)[-2:] == [("page notified", "escalated", 36), ("escalated", "acknowledged", 20)]


def test_a_person_who_noticed_first() -> None:
    """Where a person's page detected it, no alert is on the way."""
    marks = [mark("impact", 3), mark("detected", 41, "page.triggered@41"), MARKS[2]]

    found = segments(marks, EVENTS)

    assert way(found) == [("impact", "reported", 38), ("reported", "page notified", 3), ("page notified", "acknowledged", 56)]
    assert found[0].knob == KNOBS["reported"]


def test_without_impact_the_way_begins_at_detection() -> None:
    """TTD is not cut where impact is unknown; TTA is that of profile alert."""
    found = segments(MARKS[1:], EVENTS)

    assert {(s.duration, s.profile) for s in found} == {("TTA", "alert")}
    assert way(found)[0] == ("detected", "sent", 10)


@pytest.mark.parametrize("marks", [[], MARKS[:1], [MARKS[0], mark("acknowledged", 1)]])
def test_nothing_known_nothing_cut(marks: list[Milestone]) -> None:
    """Without both ends, or with ends that contradict each other, there is no segment."""
    assert segments(marks, EVENTS) == []


instants = st.integers(-(2**60), 2**60)
some_marks = st.lists(
    st.builds(
        Milestone,
        st.sampled_from(["impact", "detected", "paged", "acknowledged"]),
        instants,
        st.none() | instants,
        st.none() | instants,
        st.just("test"),
        st.sampled_from([(), ("0",), ("1",), ("2",), ("3",)]),
    ),
    max_size=4,
)
some_events = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(KINDS),
            "thread": st.sampled_from("ab"),
            "labels": st.fixed_dictionaries({"incident": st.sampled_from(["P1", "P2"])}, optional={"status": st.sampled_from(["firing", "resolved"])}),
            "at_ns": instants,
            "before_ns": st.integers(0, 2**40),
            "after_ns": st.integers(1, 2**40),
        }
    ),
    max_size=12,
)


@given(some_marks, some_events)
def test_segments_sum_exactly(marks: list[Milestone], events: list[dict[str, Any]]) -> None:
    """Whatever the milestones and rows are, the segments of a duration sum to it to the nanosecond, none is negative, and they join."""
    known = {m.name: m for m in marks}

    found = segments(marks, [{**e, "event_id": str(i)} for i, e in enumerate(events)])

    for duration, end in (("TTD", "detected"), ("TTA", "acknowledged")):
        mine = [s for s in found if s.duration == duration]
        if mine:
            begin = "impact" if mine[0].profile == "impact" else "detected"
            assert sum(s.ns for s in mine) == known[end].best_ns - known[begin].best_ns
            assert min(s.ns for s in mine) >= 0
            assert all(a.end.at_ns == b.start.at_ns for a, b in pairwise(mine))
            for s in mine:
                low, high = s.bounds_s
                assert (low is None or low <= s.ns / SECOND) and (high is None or high >= s.ns / SECOND)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """The shipped incident."""
    place = tmp_path_factory.mktemp("segments") / "x"
    with pytest.raises(SystemExit):
        cli.main(["collect", "--from", str(INCIDENT), "--out", str(place), "--format", "none"], standalone_mode=False)
    return load(place)


def test_the_shipped_incident(timeline: Timeline) -> None:
    """Of the shipped incident every step was seen: 20 s are the rule's `for`, 5 s `group_wait`, half is the person."""
    frame = timeline.segments()
    tta = frame[frame["duration"] == "TTA"].set_index("to")

    assert list(tta.index) == ["condition true", "firing", "sent", "page triggered", "page notified", "acknowledged"]
    assert tta.loc["firing", "ns"] == 20 * SECOND
    assert tta.loc["sent", "best_s"] == pytest.approx(5, abs=0.1)
    assert tta["ns"].sum() == round(timeline.durations("impact").set_index("name").loc["TTA", "best_s"] * SECOND)


def test_report_and_json_tell_the_same(timeline: Timeline) -> None:
    """The report has one small table under the durations, the JSON the same segments."""
    part = markdown(timeline).partition("## Where the minutes went")[2].partition("## Milestones")[0]
    told = json.loads(timeline.to_json())["segments"]

    assert [line.split(" | ")[0].lstrip("| ") for line in part.splitlines() if " → " in line and line.startswith("| ")][1:] == [
        f"{s['from']} → {s['to']}" for s in told if s["duration"] == "TTA"
    ]
    assert "Together they are TTA (impact), 1 min 13 s; up to `firing` they are TTD, 30 s." in part
