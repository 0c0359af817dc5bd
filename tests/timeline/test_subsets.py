"""The shipped incident with any of its sources missing: never a wrong number, only a wider one or a blank with its reason."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from retroline import load
from retroline.cli import cli
from retroline.timeline.timeline import Timeline

INCIDENT = Path(__file__).parents[2] / "fixtures" / "incident-c"
SOURCES = ("alertmanager", "kubernetes", "pagerduty", "prometheus")
SUBSETS = [chosen for count in (4, 3, 2, 1) for chosen in itertools.combinations(SOURCES, count)]
WINDOW = ("--since", "2026-11-21T01:19:10Z", "--until", "2026-11-21T01:27:06Z")
# Two systems stamp one instant as finely as they can, Prometheus to the millisecond.
STAMP_NS = 1_000_000
# What the clients and the systems themselves wrote down while it happened (seconds after 01:00:00).
TRUTH_S = {"change": 1255.195, "impact": 1266.929, "detected": 1299.152, "paged": 1304.160, "acknowledged": 1342.160, "recovered": 1497.438}
HOUR_NS = 1_795_222_800_000_000_000
Seen = Callable[[tuple[str, ...]], Timeline]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """`seen(sources)`: the timeline of the incident as these sources alone tell it."""
    base = tmp_path_factory.mktemp("subsets")

    @cache
    def make(chosen: tuple[str, ...]) -> Timeline:
        saved, out = base / "saved" / "-".join(chosen), base / "-".join(chosen)
        for source in chosen:
            shutil.copytree(INCIDENT / source, saved / source)
        with pytest.raises(SystemExit) as end:
            cli.main(["collect", "--from", str(saved), "--out", str(out), "--format", "none", *WINDOW], standalone_mode=False)
        assert end.value.code == 0
        return load(out)

    return make


def marks(timeline: Timeline) -> dict[str, tuple[int | None, int, int | None]]:
    """Milestone → earliest, best, latest in nanoseconds."""
    table = timeline.table("milestones")
    ends = [table[name].cast("int64").to_pylist() for name in ("earliest", "best", "latest")]
    return dict(zip(table["name"].to_pylist(), zip(*ends, strict=True), strict=True))


def wider(one: tuple[int | None, int, int | None], whole: tuple[int | None, int, int | None]) -> bool:
    """Whether an interval holds all of another, give or take a stamp; an open end holds everything."""
    low = one[0] is None or (whole[0] is not None and one[0] <= whole[0] + STAMP_NS)
    return low and (one[2] is None or (whole[2] is not None and one[2] >= whole[2] - STAMP_NS))


@pytest.mark.parametrize("chosen", SUBSETS, ids="-".join)
def test_no_milestone_is_narrower_than_with_all_sources(seen: Seen, chosen: tuple[str, ...]) -> None:
    """Every milestone found by some of the sources has an interval that holds the one found by all of them."""
    whole = marks(seen(SOURCES))
    found = marks(seen(chosen))

    assert {name: (one, whole.get(name)) for name, one in found.items() if name not in whole or not wider(one, whole[name])} == {}


@pytest.mark.parametrize("chosen", SUBSETS, ids="-".join)
def test_the_truth_is_inside(seen: Seen, chosen: tuple[str, ...]) -> None:
    """Whatever is missing, a milestone that is told lies where it truly was."""
    for name, (earliest, _, latest) in marks(seen(chosen)).items():
        at_ns = HOUR_NS + round(TRUTH_S[name] * 1e9) if name in TRUTH_S else None
        assert at_ns is None or ((earliest or 0) <= at_ns <= (latest or at_ns)), name


@pytest.mark.parametrize("chosen", SUBSETS, ids="-".join)
def test_no_duration_is_narrower_than_with_all_sources(seen: Seen, chosen: tuple[str, ...]) -> None:
    """Every duration is blank with a reason, or its bounds hold those of the whole incident."""
    whole = {(d["profile"], d["name"]): d for d in seen(SOURCES).table("durations").to_pylist()}

    for d in seen(chosen).table("durations").to_pylist():
        full = whole[d["profile"], d["name"]]
        assert d["why"] or holds(d, full), (d, full)


def holds(one: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether the bounds of a duration hold those of another."""
    slack = 2 * STAMP_NS / 1e9
    low = one["low_s"] is None or (whole["low_s"] is not None and one["low_s"] <= whole["low_s"] + slack)
    return low and (one["high_s"] is None or (whole["high_s"] is not None and one["high_s"] >= whole["high_s"] - slack))


@pytest.mark.parametrize("lost", SOURCES)
def test_what_a_source_alone_can_tell_is_blank_without_it(seen: Seen, lost: str) -> None:
    """Each source alone tells of something: without it that is blank, and the report names the source as one of which nothing is known."""
    without = seen(tuple(s for s in SOURCES if s != lost))
    blank = set(marks(seen(SOURCES))) - set(marks(without))

    expected = {"prometheus": {"impact", "recovered", "mitigation_started"}, "pagerduty": {"paged", "acknowledged", "engaged"}}
    assert blank == expected.get(lost, set())
    assert f"nothing is known from: {lost}" in without.to_markdown()
