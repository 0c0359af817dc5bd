"""Impact in numbers: counters between two instants, and what the report says of them and of symptoms before any alert."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline import load
from retroline.cli import cli
from retroline.collectors.evidence import Failure
from retroline.collectors.window import Window
from retroline.timeline.counting import Count, Stretch, total
from retroline.timeline.identity import named
from retroline.timeline.impact_numbers import Numbers, impact_numbers
from retroline.timeline.impact_text import impact_text
from retroline.timeline.milestones import Milestone, Scope
from retroline.timeline.rows import Fact, Given, Row, Series

S = 1_000_000_000
AT_40 = Stretch((40 * S, 40 * S, 40 * S), (80 * S, 80 * S, 80 * S))


def counter(values: list[float | None], start: int = 0, step: int = 10, name: str = "h_total", **labels: str) -> Series:
    at = (np.arange(len(values), dtype=np.int64) * step + start) * S
    known = np.array([np.nan if v is None else v for v in values], np.float64)
    return Series(name, "", {"__name__": name, "instance": "a", **labels}, at, known, None, "counters.json")


def rounded(count: Count) -> tuple[float | None, ...]:
    return tuple(None if n is None else round(n, 6) for n in (count.low, count.best, count.high))


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (counter([10 * i for i in range(13)]), (40, 40, 40)),
        (counter([10 * i for i in range(13)], start=-5), (30, 40, 50)),
        (counter([0, 10, 20, 30, 40, 50, 5, 15, 25, 35]), (35, 35, 45)),
        (counter([0, 10, 20, 30, 40, None, None, 70, 80, 90]), (40, 40, 40)),
        (counter([0, 10, 20, 90, 100], step=30), (0, 10 * 20 / 30 + 70 * 20 / 30, 80)),
        (counter([7, 7, 7, 7, 7, 7, 7, 7, 7, 7]), (0, 0, 0)),
        (counter([None] * 10), (0, 0, 0)),
        (counter([]), (0, 0, 0)),
    ],
)
def test_growth_between_two_instants(series: Series, expected: tuple[float, ...]) -> None:
    """Growth is counted between readings, across resets and missed readings, and bounded by the readings around either end."""
    assert rounded(total([series], AT_40)) == pytest.approx(expected)


def test_series_that_appear_and_end() -> None:
    """A series that appears later began at nothing: surely so where its target was read just before, else perhaps; an end may hide growth."""
    steady = counter([0] * 13)
    fresh = counter([3, 4, 4, 4, 4, 4, 4], start=60, code="500")
    other = counter([3, 4, 4, 4, 4, 4, 4], start=60, instance="b")
    gone = counter([0, 5, 10, 15, 20, 25, 30], instance="c")

    assert rounded(total([steady, fresh], AT_40)) == (4, 4, 4)
    assert rounded(total([steady, other], AT_40)) == (1, 4, 4)
    assert rounded(total([steady, gone], AT_40)) == (10, 10, 15)


def test_points_of_a_range_query_are_late() -> None:
    """A point may repeat a reading from before the point before it, so that the bounds are wider by a step."""
    assert rounded(total([replace(counter([10 * i for i in range(13)]), step_ns=10 * S)], AT_40)) == (30, 40, 50)


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 1000)), min_size=0, max_size=20), min_size=1, max_size=4),
    st.tuples(*(st.integers(-20, 220) for _ in range(6))),
)
def test_bounds_hold_the_best(values: list[list[int | None]], ends: tuple[int, ...]) -> None:
    """Whatever the readings, nothing is negative and the best estimate lies within its bounds."""
    six = [n * S for n in sorted(ends)]
    found = total([counter(list(v), instance=str(i)) for i, v in enumerate(values)], Stretch((six[0], six[1], six[2]), (six[3], six[4], six[5])))

    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.best <= found.high


KEPT = {"names": ["service"], "but": False}
BAD = {"metric": "h_total", "matchers": [["code", "=~", "5.."]], "kept": KEPT, "fixed": []}
ALL = {"metric": "h_total", "matchers": [], "kept": KEPT, "fixed": []}
RATIO = {"part": [BAD], "whole": [ALL], "good": False}
WINDOW = Window(0, 200 * S)
FIRED = Row("alert.firing", 60 * S, "Errors fires", "prometheus", "prometheus", "alert:1", subject="Errors", service="shop", labels={"service": "shop"})
OK = counter([10 * i for i in range(13)], code="200", service="shop")
FAILED = counter([0, 0, 0, 0, 0, 5, 10, 15, 20, 20, 20, 20, 20], code="500", service="shop")
OTHER = counter([100 * i for i in range(13)], code="500", service="cart")


def marks(begin: int = 40, end: int = 80) -> list[Milestone]:
    return [Milestone(name, at * S, (at - 5) * S, (at + 5) * S, "test", ()) for name, at in (("impact", begin), ("recovered", end))]


def numbers(*series: Series, ratio: dict[str, Any] = RATIO, labels: dict[str, str] | None = None, **changes: Any) -> Numbers:
    rule = Fact("prometheus", "context.rule", "", "rules.json", "", attributes={"alert": "Errors", "ratios": [ratio] if ratio else [], "labels": labels or {}})
    around = {"marks": marks(), "failures": (), "rows": [FIRED], **changes}
    return impact_numbers(Given(WINDOW, [rule], list(series)), named(around["rows"]), Scope(frozenset({"shop"}), ""), around["marks"], around["failures"])


def test_requests_failed_and_share() -> None:
    """The counters of the incident's own labels are summed, with bounds and with queries that ask the same."""
    found = numbers(OK, FAILED, OTHER)

    assert (found.alert, found.why, found.counted) == ("Errors", "", "h_total")
    assert found.requests == Count(30.0, 60.0, 80.0)
    assert found.failed == Count(10.0, 20.0, 20.0)
    assert found.share is not None
    assert rounded(found.share) == (round(10 / 70, 6), round(20 / 60, 6), round(20 / 40, 6))
    assert found.queries == (
        'sum(increase(h_total{service="shop"}[40s] @ 80.000))',
        'sum(increase(h_total{code=~"5..",service="shop"}[40s] @ 80.000))',
    )


def test_a_share_of_what_went_well() -> None:
    """Where the limit is on what went well, the rest is what failed."""
    good = {**RATIO, "part": [{**BAD, "matchers": [["code", "=", "200"]]}], "good": True}

    found = numbers(OK, FAILED, ratio=good)

    assert (found.requests, found.failed) == (Count(30.0, 60.0, 80.0), Count(10.0, 20.0, 20.0))


@pytest.mark.parametrize(
    ("series", "changes", "why"),
    [
        ((OK, FAILED), {"marks": marks()[:1]}, "recovered unknown"),
        ((OK, FAILED), {"marks": marks()[1:]}, "impact unknown"),
        ((OK, FAILED), {"marks": marks(80, 40)}, "recovered does not lie after impact"),
        ((OK, FAILED), {"marks": marks(end=130)}, "the counters were read from 1970-01-01T00:00:00Z to 1970-01-01T00:02:00Z only"),
        ((OK,), {}, "no counter of what failed was had"),
        ((), {}, "no counter of what failed was had"),
        ((OK, FAILED), {"rows": []}, "no alert of the incident is known to compare a share of counters with a limit"),
        ((OK, FAILED), {"ratio": {}}, "no alert of the incident is known to compare a share of counters with a limit"),
        ((OK, FAILED), {"labels": {"service": "x"}}, "a rule sets labels that h_total would be told apart by"),
        ((OK, FAILED), {"failures": [Failure("prometheus", "counters behind Errors", "cut", "broken off")]}, "not had in full: broken off"),
        ((OK, FAILED), {"failures": [Failure("prometheus", "counters.json", "cut", "broken off")]}, "not had in full: broken off"),
        (
            (OK, replace(OTHER, labels={**OTHER.labels, "__name__": "bad", "service": "shop"})),
            {"ratio": {**RATIO, "part": [{**BAD, "metric": "bad"}]}},
            "more failed",
        ),
    ],
)
def test_blanks_have_a_reason(series: tuple[Series, ...], changes: dict[str, Any], why: str) -> None:
    """Without both milestones, all counters and readings on both sides there is no number, and it is said why."""
    found = numbers(*series, **changes)

    assert (found.requests, found.failed, found.share) == (None, None, None)
    assert why in found.why


@given(st.lists(st.lists(st.integers(0, 10_000), min_size=13, max_size=13), min_size=2, max_size=5), st.booleans())
def test_never_more_failed_than_were_asked(values: list[list[int]], separate: bool) -> None:
    """Whatever the counters say, the failed are no more than all and their share at most 1, or both are blank."""
    bad = {**BAD, "metric": "bad_total"} if separate else BAD
    names = ["bad_total" if separate and i else "h_total" for i in range(len(values))]
    series = [counter(list(v), name=n, code="500" if i else "200", instance=str(i), service="shop") for i, (v, n) in enumerate(zip(values, names, strict=True))]

    found = numbers(*series, ratio={**RATIO, "part": [bad]})

    if found.requests is None or found.failed is None:
        assert found.why
    else:
        assert found.failed.best <= found.requests.best
        assert found.share is None or (
            found.share.low is not None and found.share.high is not None and 0 <= found.share.low <= found.share.best <= found.share.high <= 1
        )


class Stored:
    """What the text needs of a timeline."""

    def __init__(self, told: Numbers | None = None) -> None:
        self.told = {"impact": json.dumps(told.told())} if told else {}


def event(kind: str, at: int, event_id: str = "", **more: Any) -> dict[str, Any]:
    return {"event_id": event_id or kind, "kind": kind, "at_ns": at * S, "before_ns": 0, "after_ns": 1, "service": "shop", "labels": {}, "title": kind, **more}


def mark(name: str, event_id: str, *at: int | None) -> dict[str, Any]:
    return {"name": name, "event_ids": [event_id]} | {f"{k}_ns": None if v is None else v * S for k, v in zip(("earliest", "best", "latest"), at, strict=True)}


SEEN = event("metric.onset", 40, labels={"__name__": "ratio", "series": "mine"})


@pytest.mark.parametrize(
    ("events", "at", "text"),
    [
        ([SEEN, event("alert.firing", 60)], (10, 30, 40), "Visible 30 s (20–50) before the first alert fired: ratio"),
        ([SEEN, event("alert.firing", 60)], (None, 30, 40), "Visible 30 s (20 s – ?) before the first alert fired: ratio"),
        ([SEEN, event("alert.firing", 60), event("alert.firing", 35, "aside")], (10, 30, 40), "Visible 30 s (20–50) before the first alert fired: ratio"),
        (
            [SEEN, event("alert.firing", 60), event("alert.firing", 35, service="cart")],
            (10, 30, 40),
            "Visible 30 s (20–50) before the first alert fired: ratio",
        ),
        ([SEEN, event("alert.firing", 39)], (10, 30, 40), ""),
        ([SEEN, event("alert.firing", 60, before_ns=25 * S)], (10, 30, 40), ""),
        ([SEEN], (10, 30, 40), ""),
        ([event("alert.pending", 40, "metric.onset"), event("alert.firing", 60)], (10, 30, 40), ""),
    ],
)
def test_symptoms_before_any_alert(events: list[dict[str, Any]], at: tuple[int | None, ...], text: str) -> None:
    """A symptom is named as seen before any alert only where its whole interval lies before the first that fired."""
    assert impact_text(Stored(), events, [mark("onset", "metric.onset", *at)], {"aside"}, {"shop"}) == text


def test_the_sentence() -> None:
    """The numbers are one sentence with both queries; what could break out of a code span is escaped instead."""
    one = Numbers(Count(1500, 1520.4, None), Count(384, 384, 384), Count(0.2, 0.25, 0.26), "Errors", "", queries=("sum(a)", 'sum(a{x="`|<b>"})'))

    assert impact_text(Stored(one), [], [], set(), set()) == (
        'Impact: about 1,520 [1,500–?] requests, 384 failed (25 % [20–26]), between impact and recovered — sum(a{x="\\`\\|&lt;b&gt;"}) of `sum(a)`'
    )
    assert impact_text(Stored(Numbers(why="unknown")), [], [], set(), set()) == ""


def test_the_shipped_counters(tmp_path: Path) -> None:
    """Of the shipped incident's requests as many failed as its clients saw, within the bounds."""
    root = Path(__file__).parents[2] / "fixtures" / "incident-c" / "prometheus"
    window = ["--since", "2026-11-21T01:19:35Z", "--until", "2026-11-21T01:27:06Z"]
    with pytest.raises(SystemExit):
        cli.main(["collect", "--from", str(root), *window, "--out", str(tmp_path / "x"), "--format", "none"])

    found = load(tmp_path / "x").impact().set_index("name")

    assert found.loc["failed", "low"] <= 384 <= found.loc["failed", "high"]
    assert found.loc["failed", "best"] == pytest.approx(384, rel=0.05)
    assert found.loc["requests", "low"] <= 1353 <= found.loc["requests", "high"]
    assert found.loc["share", "best"] == pytest.approx(384 / 1353, abs=0.01)
