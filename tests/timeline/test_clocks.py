"""Clocks: bounds are intersected over any way between two clocks, contradictions are reported and not used."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.evidence import Reply
from retroline.collectors.window import Window
from retroline.normalize.http_date import http_date_ns
from retroline.timeline.clock_sights import answers, causes, node_names, node_times, server_times
from retroline.timeline.clock_text import clocks_text
from retroline.timeline.clocks import QUARTER_NS, Bound, Offset, offsets
from retroline.timeline.corrections import Clocks
from retroline.timeline.rows import Fact, Given, Series, Stream
from retroline.timeline.timeline import Timeline

SECOND = 1_000_000_000
MS = SECOND // 1000


def both(ahead: str, behind: str, low: int, high: int) -> list[Bound]:
    return [Bound(ahead, behind, high, "test"), Bound(behind, ahead, -low, "test")]


def by_name(bounds: list[Bound]) -> dict[str, tuple[int | None, int | None]]:
    return {o.clock: (o.low_ns, o.high_ns) for o in offsets(bounds)[0]}


def test_intervals_are_intersected() -> None:
    """Two sights of one clock leave what both allow."""
    assert by_name([*both("pager", "prometheus", -5, 3), *both("pager", "prometheus", 1, 9)]) == {"pager": (1, 3)}


def test_bounds_go_over_other_clocks() -> None:
    """A clock that the reference never meets is bounded through one that both meet."""
    assert by_name([*both("log", "prometheus", -1, 1), *both("pager", "log", 2, 4)]) == {"log": (-1, 1), "pager": (1, 5)}


def test_one_side_may_stay_open() -> None:
    """What is only known to come later bounds one side."""
    assert by_name([Bound("pager", "prometheus", 7, "a page comes after its alert")]) == {"pager": (None, 7)}


def test_a_contradiction_is_reported_and_not_used() -> None:
    """Bounds that sum to less than nothing are named with what they rest on; the others hold."""
    found, contradictions = offsets([*both("pager", "prometheus", 5, 3), *both("log", "prometheus", -1, 1)])

    assert [(c.by_ns, sorted(b.ahead for b in c.bounds)) for c in contradictions] == [(2, ["pager", "prometheus"])]
    assert [(o.clock, o.low_ns, o.high_ns) for o in found] == [("log", -1, 1)]


def assumed(ahead: str, behind: str, most: int) -> Bound:
    return Bound(ahead, behind, most, "assumed", assumed=True)


def test_an_assumption_sharpens_and_proves_nothing() -> None:
    """Late deliveries alone put no clock ahead; what comes too early is behind for certain, and an assumption bounds by how much."""
    (late,), _ = offsets([assumed("prometheus", "pager", -5), Bound("pager", "prometheus", 8, "test")])
    (early,), _ = offsets([assumed("prometheus", "pager", 8), Bound("pager", "prometheus", -5, "test")])

    assert (late.low_ns, late.high_ns, late.proven) == (5, 8, False)
    assert (early.low_ns, early.high_ns, early.proven) == (-8, -5, True)


def test_an_assumption_gives_way() -> None:
    """Where an assumption contradicts what is certain it is dropped, and nothing is reported."""
    found, contradictions = offsets([assumed("prometheus", "pager", -5), *both("pager", "prometheus", -1, 1)])

    assert contradictions == []
    assert [(o.low_ns, o.high_ns) for o in found] == [(-1, 1)]


@pytest.mark.parametrize(
    ("low", "high", "zone", "proven"),
    [
        (7_299_000_000, 7_350_000_000, None, True),
        (19_800 * SECOND - 1, 19_800 * SECOND + SECOND // 20, 19_800 * SECOND, True),
        (-3600 * SECOND - 1, -3600 * SECOND + 1, -3600 * SECOND, True),
        (-SECOND, SECOND, None, False),
        (-1, 3, None, False),
        (0, QUARTER_NS * 3, None, False),
        (None, -5, None, False),
    ],
)
def test_what_is_proven(low: int | None, high: int, zone: int | None, proven: bool) -> None:
    """A clock is off when its interval is bounded and its estimate exceeds its error; a quarter of an hour inside is a zone."""
    one = Offset("a", "b", low, high, certain=True)

    assert (one.zone_ns, one.proven) == (zone, proven)
    assert Offset("a", "b", low, high).proven == (zone is not None)


true_offsets = st.dictionaries(st.sampled_from("abcdefg"), st.integers(-(10**12), 10**12), min_size=2)


@given(true_offsets, st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg"), st.integers(0, 10**10)), max_size=30))
def test_the_truth_is_inside(truth: dict[str, int], pairs: list[tuple[str, str, int]]) -> None:
    """Bounds that hold of some offsets never contradict each other, and every interval holds the true difference."""
    bounds = [Bound(a, b, truth[a] - truth[b] + slack, "test") for a, b, slack in pairs if a in truth and b in truth]

    found, contradictions = offsets(bounds)

    assert contradictions == []
    for o in found:
        true = truth[o.clock] - truth[o.against]
        assert (o.low_ns is None or o.low_ns <= true) and (o.high_ns is None or true <= o.high_ns)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(-100, 100)), max_size=20))
def test_any_bounds_are_understood(triples: list[tuple[str, str, int]]) -> None:
    """Whatever the bounds are, intervals are not empty: what makes them so was reported."""
    found, contradictions = offsets([Bound(a, b, most, "test") for a, b, most in triples])

    assert all(o.low_ns is None or o.high_ns is None or o.low_ns <= o.high_ns for o in found)
    assert all(c.by_ns > 0 for c in contradictions)


def reply(date: str, **about: str) -> Reply:
    return Reply("pagerduty", "incidents", "r", Path("r"), 200, about, "2026-11-21T01:00:00.100Z", "2026-11-21T01:00:00.300Z", date)


def test_an_answer_bounds_its_servers_clock() -> None:
    """The second of `Date` lies between asking and receiving: half a second behind at most, one ahead."""
    assert [(b.ahead, b.behind, b.most_ns) for b in answers([reply("Sat, 21 Nov 2026 01:00:02 GMT")])] == [
        ("pagerduty", "retroline", 2_900_000_000),
        ("retroline", "pagerduty", -1_700_000_000),
    ]


@pytest.mark.parametrize("one", [reply("Sat, 21 Nov 2026 01:00:02 GMT", file="saved.json"), reply("Fri, 20 Nov 2026 01:00:02 GMT"), reply(""), reply("soon")])
def test_what_was_not_just_answered_bounds_nothing(one: Reply) -> None:
    """A saved file, a recording that is replayed, and an answer without a date tell nothing of a clock."""
    assert list(answers([one])) == []


def test_prometheus_own_time() -> None:
    """`time()` in milliseconds bounds its clock to the time that the request took."""
    told = {"now": "1795222800.2", "asked_at": "2026-11-21T01:00:00.100Z", "received_at": "2026-11-21T01:00:00.300Z", "date": ""}

    assert [b.most_ns for b in server_times([Fact("prometheus", "context.now", "prometheus", "r", "r", attributes=told)])] == [101_000_000, 100_000_000]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777 * SECOND),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("", None),
        (None, None),
    ],
)
def test_http_dates(text: str | None, at: int | None) -> None:
    """Only the one form that a server must write is read, to the second."""
    assert http_date_ns(text) == at


NODE = Fact("kubernetes", "state.node", "kubernetes/apiserver", "n", "n", attributes={"name": "worker-1", "addresses": ["10.240.0.10", "w1.example.test"]})
POD = Fact("kubernetes", "state.pod", "kubernetes/apiserver", "p", "p", attributes={"name": "a-0", "node": "worker-2", "host_ip": "fd00::2"})
EVENT = Fact("kubernetes", "k8s.event", "kubernetes/node/worker-3", "e", "e")


@pytest.mark.parametrize(
    ("labels", "clock"),
    [
        ({"instance": "worker-1:9100"}, "kubernetes/node/worker-1"),
        ({"instance": "10.240.0.10:9100"}, "kubernetes/node/worker-1"),
        ({"instance": "w1.example.test:9100"}, "kubernetes/node/worker-1"),
        ({"instance": "10.0.0.1:9100", "node": "worker-3"}, "kubernetes/node/worker-3"),
        ({"instance": "[fd00::2]:9100"}, "kubernetes/node/worker-2"),
        ({"node": "fd00::2"}, "kubernetes/node/worker-2"),
        ({"instance": "10.0.0.9:9100"}, "kubernetes/node/10.0.0.9"),
        ({"job": "node"}, None),
    ],
)
def test_whose_clock_a_target_tells(labels: dict[str, str], clock: str | None) -> None:
    """A scraped node is known by its name or by an address that it or its pods have; a series that names no host tells of none."""
    at = np.array([100, 105], np.int64) * SECOND
    ticks = Series("t", "", {"__name__": "node_time_seconds", **labels}, at, at / SECOND + 0.5, None, "r")
    took = Series("d", "", {"__name__": "scrape_duration_seconds", **labels}, at, np.array([0.003, 0.002]), None, "r")

    bounds = list(node_times([ticks, took], node_names([NODE, POD, EVENT])))

    assert [(b.ahead, b.most_ns) for b in bounds] == ([(clock, 501_000_000), ("prometheus", -497_000_000)] if clock else [])


def test_what_times_no_row_is_not_corrected() -> None:
    """A reference that is off UTC, and a collecting machine that is off, are told as that, and no correction is claimed; a node's is."""
    found, _ = offsets(
        [
            *both("kubernetes/node/w1", "prometheus", -10_001 * MS, -9_999 * MS),
            *both("kubernetes/node/w1", "utc", -50 * MS, 50 * MS),
            *both("retroline", "prometheus", 5 * SECOND, 5_002 * MS),
        ]
    )
    clocks = Clocks(tuple(found))
    text = clocks_text(cast("Timeline", SimpleNamespace(told={"clocks": json.dumps(clocks.told())})))

    assert clocks.corrections == {"kubernetes/node/w1": (10 * SECOND, MS)}
    assert "**prometheus** stamps 10.0 s ahead of UTC (between 9.9 s and 10.1 s). All times are told on its clock and are off by as much" in text
    assert "**retroline** stamps 5.0 s ahead of prometheus (between 5.0 s and 5.0 s). That is the machine that collected, no row is timed by it." in text
    assert "**kubernetes/node/w1** stamps 10.0 s behind prometheus (between 10.0 s and 10.0 s). Its times are corrected by +10.0 s." in text


@pytest.mark.parametrize(("read_in", "zone"), [("UTC", "a zone (−01:00) that"), ("Europe/Berlin", "a zone (−01:00 from Europe/Berlin) that")])
def test_another_zone_than_assumed_is_told(read_in: str, zone: str) -> None:
    """Where stamps that name no zone were read in a configured one, what they are off is told against it."""
    clocks = Clocks(inner=(Offset("shop/app", "its node", -3600 * SECOND, -3600 * SECOND + 50 * MS, ("30 lines",)),), zone=read_in)

    assert zone in clocks_text(cast("Timeline", SimpleNamespace(told={"clocks": json.dumps(clocks.told())})))


@pytest.mark.parametrize(
    ("owner", "clock", "bounds"),
    [
        ("ReplicaSet", "kubernetes/node/w1", [("kubernetes/node/w1", "kubernetes/apiserver", "a pod is made before its first line")]),
        ("StatefulSet", "kubernetes/node/w1", []),
        ("ReplicaSet", "kubernetes/node", []),
        ("ReplicaSet", "", []),
    ],
    ids=["a name of its own", "a name that comes again", "of no known node", "of no runtime"],
)
def test_a_line_is_no_older_than_its_pod(owner: str, clock: str, bounds: list[tuple[str, str, str]]) -> None:
    """The runtime's first stamp comes after the API server made the pod: a node that is 4 s behind shows."""
    about = {"name": "a-0", "namespace": "shop", "uid": "u", "owner": {"kind": owner, "name": "a"}}
    pod = Fact("kubernetes", "state.pod", "kubernetes/apiserver", "p", "p", at_ns=100 * SECOND, after_ns=SECOND, attributes=about)
    stream = Stream("shop", "a-0", "app", "", 96 * SECOND, 99 * SECOND, 3, "log", clock)

    found = list(causes(Given(Window(0, 200 * SECOND), [pod], (), [stream])))

    assert [(b.ahead, b.behind, b.why) for b in found] == bounds
    assert all(b.most_ns == -4 * SECOND + 1 for b in found)
