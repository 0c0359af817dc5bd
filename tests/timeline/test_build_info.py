"""New versions that a service's own metric shows: rows of their own, or witnesses of the act that brought them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from retroline.collectors.window import SECOND_NS, Window
from retroline.timeline import build_info
from retroline.timeline.likelihood import JOINED_LABEL, SAME_LABEL
from retroline.timeline.rows import Given, Row, Series, Witness
from retroline.timeline.services import confirmed

T0 = 1_795_220_082 * SECOND_NS
OLD, NEW = "2.13.4", "2.14.0"


def samples(version: str, seconds: Sequence[float], instance: str = "checkout-0", name: str = "build_info", **labels: str) -> Series:
    """Samples of one instance of checkout at `seconds` after T0."""
    about = {"__name__": name, "instance": instance, "service": "checkout", "version": version, **labels}
    at = np.array([T0 + round(s * SECOND_NS) for s in seconds], np.int64)
    return Series(name, name, {k: v for k, v in about.items() if v}, at, np.ones(len(at)), None, f"{version}-{instance}.json")


def found(*series: Series) -> list[Row]:
    return sorted(build_info.rows(Given(Window(T0, T0 + 3600 * SECOND_NS), [], series)), key=lambda r: r.at_ns)


def seen(*series: Series) -> list[tuple[float, str]]:
    return [((r.at_ns - T0) / SECOND_NS, r.labels["version"]) for r in found(*series)]


def act(at_s: float, kind: str = "change.deployed", source: str = "kubernetes", title: str = "checkout deployed", **labels: str) -> Row:
    at_ns = T0 + round(at_s * SECOND_NS)
    said = (Witness(source, source, at_ns, None, None, title),)
    return Row(kind, at_ns, title, source, source, f"{source}:{at_s}", service="checkout", labels=labels, witnesses=said)


ROLLED = (samples(OLD, [0, 5, 10, 15], "a"), samples(OLD, [0, 5, 10, 15, 20], "b"), samples(NEW, [20, 25, 30], "a"), samples(NEW, [25, 30], "b"))


def test_a_new_version_is_one_row() -> None:
    """Its first sample on any instance; what is there from the first sample on is not new."""
    (row,) = found(*ROLLED)

    assert ((row.at_ns - T0) / SECOND_NS, row.title, row.service, row.source) == (20, "checkout runs 2.14.0 (build_info)", "checkout", "prometheus")
    assert row.before_ns == 5 * SECOND_NS + build_info.STARTS_NS


def test_a_version_that_comes_back_is_new_again() -> None:
    """A rollback: the old version after a stretch of the new one alone."""
    assert seen(samples(OLD, [0, 5, 200, 205]), samples(NEW, [*range(10, 200, 5)])) == [(10, NEW), (200, OLD)]


@pytest.mark.parametrize(
    "series",
    [
        (samples(OLD, [0, 5, 100, 105], "a"), samples(OLD, [0, 5, 10, 15], "b")),
        (samples(OLD, [0, 5, 15, 20], "a"), samples(NEW, [0, 5, 10, 15, 20], "b")),
        (samples(OLD, [0, 5]), samples(NEW, [10], service="", job="")),
        (samples(OLD, [0, 5]), samples("", [10])),
        (samples(OLD, [0, 5], name="up"), samples(NEW, [10], name="up")),
    ],
)
def test_what_is_no_release(series: Sequence[Series]) -> None:
    """Failed scrapes, samples of no service or version, and other metrics show no new version."""
    assert seen(*series) == []


def test_it_witnesses_the_act_that_brought_it() -> None:
    """The rollout before it whose image has the version, at any distance of a slow start; another version's it does not witness."""
    rolled = act(10, image_from="shop/checkout:v2.13.4", image_to="shop/checkout:v2.14.0")
    other = act(15, image_from="shop/checkout:v2.14.0", image_to="shop/checkout:v2.14.1")

    rows = confirmed([rolled, other, *found(*ROLLED)])

    assert [[w.source for w in r.witnesses] for r in rows] == [["kubernetes", "prometheus"], ["kubernetes"]]
    assert rows[0].labels[JOINED_LABEL] == "at 0.97: same service and version, 10 s apart"


def test_it_witnesses_a_report_where_the_cluster_is_silent() -> None:
    """A pipeline's report of that version; where report and rollout are joined already, both likelihoods are told."""
    report = act(8, "change.reported", "pagerduty", "Deploy started: checkout 2.13.4 → 2.14.0", version=NEW)
    later = act(28, "change.reported", "pagerduty", "Deploy finished: checkout 2.14.0", version=NEW)
    rolled = act(10, image_to="shop/checkout:v2.14.0")

    alone = confirmed([report, later, *found(*ROLLED)])
    all_three = next(r for r in confirmed([report, rolled, *found(*ROLLED)]) if r.kind == "change.deployed")

    assert [[w.source for w in r.witnesses] for r in alone] == [["pagerduty", "prometheus"], ["pagerduty"]]
    assert [w.source for w in all_three.witnesses] == ["kubernetes", "pagerduty", "prometheus"]
    assert all_three.labels[JOINED_LABEL] == "at 0.97: same service and version, 2 s apart; build_info at 0.97: same service and version, 10 s apart"


def test_what_nobody_else_told_is_a_change() -> None:
    """Alone it is a candidate for the change; where it may be an act that is told of already, it is none."""
    (alone,) = confirmed(found(*ROLLED))
    unknown = replace(act(-200), labels={})
    doubtful = next(r for r in confirmed([unknown, *found(*ROLLED)]) if r.source == "prometheus")

    assert (alone.kind, alone.milestone_ok, SAME_LABEL in alone.labels) == ("change.reported", True, False)
    assert (doubtful.milestone_ok, doubtful.labels[SAME_LABEL].rpartition("\x00")[2]) == (
        False,
        "at 0.5: same service, no version to compare, 3 min 40 s apart",
    )
