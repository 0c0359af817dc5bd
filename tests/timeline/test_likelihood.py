"""Joins that are only likely say how likely and why; below the bound two rows stay and each names the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.window import SECOND_NS
from retroline.timeline import likelihood
from retroline.timeline.change_reports import alike, tells_of
from retroline.timeline.identity import linked, named
from retroline.timeline.likelihood import JOINED, JOINED_LABEL, SAID, SAME_LABEL, Likelihood, by_distance, joined_words, same_words
from retroline.timeline.rows import Row, Witness
from retroline.timeline.services import confirmed

DEFINITIONS = Path(__file__).parents[2] / "docs" / "definitions.md"
STEPS = ("SAME_VERSION", "SAME_DETAIL", "SAME_ACT", "SAME_SERVICE")
T0 = 1_795_224_055 * SECOND_NS
V281 = {"image_from": "registry.test/shop/checkout:v2.8.0", "image_to": "registry.test/shop/checkout:v2.8.1", "namespace": "shop"}
V280 = {"image_from": "registry.test/shop/checkout:v2.8.1", "image_to": "registry.test/shop/checkout:v2.8.0", "namespace": "shop"}


def act(at_s: float = 0, kind: str = "change.deployed", service: str = "checkout", thread: str = "rollout:u:2", title: str = "", **labels: str) -> Row:
    """A row of the cluster; an image is brought unless labels say otherwise."""
    at_ns = T0 + round(at_s * SECOND_NS)
    told = labels or (V280 if kind == "change.rolled_back" else V281 if kind == "change.deployed" else {})
    said = (Witness("kubernetes", "kubernetes/apiserver", at_ns, None, None, thread),)
    return Row(kind, at_ns, title or f"{service} {kind}", "kubernetes", "kubernetes/apiserver", thread, "start", service=service, labels=told, witnesses=said)


def report(at_s: float = 0, title: str = "Deploy: checkout", number: int = 1, service: str = "checkout", **labels: str) -> Row:
    """A change event as a pager has it."""
    at_ns = T0 + round(at_s * SECOND_NS)
    said = (Witness("pagerduty", "pagerduty", at_ns, None, None, f"changes#{number}"),)
    labels = {"type": "change_event", **labels}
    thread = f"pagerduty:change:{number}"
    return Row("change.reported", at_ns, title, "pagerduty", "pagerduty", thread, service=service, labels=labels, witnesses=said, actor="ci")


def value(report: Row, act: Row) -> float:
    found = tells_of(report, act)
    return found.value if found else 0.0


def shown(rows: list[Row]) -> list[tuple[str, str, Mapping[str, str]]]:
    """(kind, sources, what the labels say of joins) of the rows as the table has them."""
    found = []
    for n in linked(named(rows)):
        marks = {k: v for k, v in n.row.labels.items() if k in (JOINED_LABEL, SAME_LABEL)}
        found.append((n.row.kind, " ".join(w.source for w in n.row.witnesses), marks))
    return found


@pytest.mark.parametrize(
    ("one", "joins"),
    [
        (report(3, version="v2.8.1"), True),
        (report(-50, version="2.8.1"), True),
        (report(240, version="v2.8.1"), True),
        (report(1200, version="v2.8.1"), False),
        (report(3, image="registry.test/shop/checkout:v2.8.1"), True),
        (report(3, "Deploy: checkout v2.8.0 → v2.8.1"), True),
        (report(3, "checkout v2.8.1 is out"), True),
        (report(3), True),
        (report(3, "something about checkout"), True),
        (report(90), False),
        (report(3, version="v2.8.2"), False),
        (report(3, "Rollback: checkout v2.8.1 → v2.8.0", rollback="true"), False),
        (report(3, "Scale checkout 3 -> 5"), False),
        (report(3, "Feature flag checkout.eur on"), False),
        (report(3, version="v2.8.1", namespace="staging"), False),
        (report(3, version="v2.8.1", service="cart"), False),
    ],
)
def test_what_a_report_says_decides(one: Row, joins: bool) -> None:
    """A report tells of the rollout of its version, near in time; another version, act, namespace or service it does not tell of."""
    assert (value(one, act()) >= JOINED) == joins


def test_the_version_outweighs_the_distance() -> None:
    """Of a rollout and its rollback within a minute each has its own report, whichever is nearer."""
    reports = [report(25, version="v2.8.1"), report(5, "Rollback", 2, version="v2.8.0")]
    rows = confirmed([act(0), act(30, "change.rolled_back", thread="rollout:u:3"), *reports])

    assert [(r.kind, r.labels["version"]) for r in sorted(rows, key=lambda r: r.at_ns)] == [("change.deployed", "v2.8.1"), ("change.rolled_back", "v2.8.0")]


@pytest.mark.parametrize(
    ("said", "image_tag", "same"),
    [
        ("v2.8.1", "2.8.1", True),
        ("2.8.1", "v2.8.1-alpine", True),
        ("2.8.1", "2.8.1-rc1", False),
        ("2.8.1", "2.8.10", False),
        ("4f3e2d1", "main-4f3e2d1c0b9a8f7e6d5c4b3a2f1e0d9c8b7a6f5e", True),
        ("32", "32", True),
        ("3", "32", False),
        ("latest", "latest", False),
    ],
)
def test_spellings_of_a_version(said: str, image_tag: str, same: bool) -> None:
    """`v`, build suffixes and short commits are the same version; pre-releases, longer numbers and moving names are not."""
    assert alike(said, image_tag) == same == alike(image_tag, said)


@pytest.mark.parametrize(
    ("title", "joins"),
    [
        ("Scale checkout to 5 replicas", True),
        ("checkout scaled 3 → 5", True),
        ("checkout scaled 3 → 8", False),
        ("Deploy: checkout", False),
        ("checkout", False),
    ],
)
def test_only_a_report_of_a_scaling_is_one(title: str, joins: bool) -> None:
    """A report beside a scaling tells of it only if it speaks of sizes, and of the same ones."""
    scaled = act(0, "change.scaled", **{"from": "3", "to": "5"})

    assert (value(report(3, title), scaled) >= JOINED) == joins


def test_a_config_change_is_known_by_its_name() -> None:
    """A report of a configuration change joins where it names the ConfigMap or its key; else it may be the same."""
    changed = act(0, "change.configured", title="checkout-config changed: db.pool.max", name="checkout-config")

    assert value(report(3, "Config change: checkout db.pool.max 20 → 40"), changed) >= JOINED
    assert value(report(3, "Settings of checkout", key="checkout-config"), changed) >= JOINED
    assert value(report(70, "Config change of checkout"), changed) == likelihood.SAME_ACT[1][1]


@pytest.mark.parametrize("text", ["." * 200_000, "v" * 200_000, "1-" * 100_000, "→" * 200_000, "a -" * 70_000])
def test_long_texts_cost_nothing(text: str) -> None:
    """However long a report's words are, they are compared at once, and prove nothing."""
    began = monotonic()

    assert value(report(3, text, version=text, other=text), act()) == likelihood.SAME_ACT[0][1]
    assert monotonic() - began < 0.5


def test_a_likely_join_says_so() -> None:
    """One row with both words, how likely and why."""
    assert shown(confirmed([act(), report(12, version="v2.8.1")])) == [
        ("change.deployed", "kubernetes pagerduty", {JOINED_LABEL: "at 0.97: same service and version, 12 s apart"})
    ]


def test_below_the_bound_both_say_which_other_row() -> None:
    """Two rows stay; each names the other by id and time, with how likely and why."""
    rows = linked(named(confirmed([act(), report(240)])))

    assert len(rows) == 2
    words = "at 0.5: same service, both deployed, 4 min apart"
    for one, other in ((rows[0], rows[1]), (rows[1], rows[0])):
        at = "2026-11-21T01:20:55Z" if other.row.kind == "change.deployed" else "2026-11-21T01:24:55Z"
        assert one.row.labels[SAME_LABEL] == f"{other.event_id} of {at} {words}"


def test_what_is_unlikely_is_not_said() -> None:
    """Rows that contradict each other say nothing of each other."""
    assert [marks for _, _, marks in shown(confirmed([act(), report(5, version="v9.0.0")]))] == [{}, {}]


def test_one_name_in_two_namespaces_is_undecided() -> None:
    """Where two rollouts fit a report as well, it is joined with neither, unless it names the namespace."""
    rollouts = [act(0), act(2, thread="rollout:w:7", **{**V281, "namespace": "staging"})]

    undecided, decided = (shown(confirmed([*rollouts, report(1, version="v2.8.1", **more)])) for more in ({}, {"namespace": "staging"}))

    assert len(undecided) == 3
    assert [marks.get(SAME_LABEL, "")[41:] for kind, _, marks in undecided if kind == "change.reported"] == [
        "at 0.48: same service and version, 1 s apart, 1 other fits as well"
    ]
    assert [sources for _, sources, _ in decided] == ["kubernetes", "kubernetes pagerduty"]


def test_a_second_report_stays() -> None:
    """A rollout takes its nearest report; one on its end stays a row of its own and says so."""
    found = shown(confirmed([act(), report(2, "Deploy started: checkout", 1, version="v2.8.1"), report(48, "Deploy finished: checkout", 2, version="v2.8.1")]))

    assert [sources for _, sources, _ in found] == ["kubernetes pagerduty", "pagerduty"]
    assert found[1][2][SAME_LABEL].endswith("at 0.6: same service and version, 48 s apart; another report is nearer")


ACTS = st.builds(
    act, st.integers(0, 400), st.sampled_from(["change.deployed", "change.rolled_back", "change.scaled", "change.configured"]), thread=st.uuids().map(str)
)
REPORTS = st.builds(
    report,
    st.integers(0, 400),
    st.sampled_from(["Deploy", "Rollback", "Scale to 5", "x"]),
    st.integers(1, 10**9),
    version=st.sampled_from(["", "2.8.1", "2.8.0"]),
)


@given(st.lists(ACTS, max_size=5), st.lists(REPORTS, max_size=5, unique_by=lambda r: r.thread), st.randoms())
@settings(max_examples=60, deadline=None)
def test_no_word_is_lost(acts: list[Row], reports: list[Row], random: Random) -> None:
    """Every report is a witness of one row, every act keeps its own, an act takes one report at most, and the order of rows does not matter."""
    rows = [*acts, *reports]
    found = confirmed(rows)
    random.shuffle(rows)

    assert Counter(w for r in found for w in r.witnesses) == Counter(w for r in (*acts, *reports) for w in r.witnesses)
    assert max((len(r.witnesses) for r in found), default=1) <= 2
    assert {r.thread for r in found} >= {r.thread for r in acts}
    assert all((JOINED_LABEL in r.labels) == (len(r.witnesses) == 2) for r in found)
    assert [n.event_id for n in linked(named(confirmed(rows)))] == [n.event_id for n in linked(named(found))]


def test_the_other_row_must_be_there() -> None:
    """A pointer at a row that is not in the table, or that a source wrote itself, is dropped."""
    alone = [r for r in confirmed([act(), report(240)]) if r.kind == "change.reported"]

    assert [marks for _, _, marks in shown(alone)] == [{}]
    assert [marks for _, _, marks in shown([report(0, **{SAME_LABEL: "a\x00b"})])] == [{}]


@pytest.mark.parametrize("name", STEPS)
def test_further_away_is_less_likely(name: str) -> None:
    """Each likelihood falls with the distance, from one step to the next."""
    steps: Any = getattr(likelihood, name)

    assert all(near[0] < far[0] and near[1] > far[1] for near, far in pairwise(steps))
    assert by_distance(steps, (steps[-1][0] + 1) * SECOND_NS, "") is None


def test_numbers_are_on_their_side_of_the_bound() -> None:
    """What joins at its best and what never may: the table of numbers keeps the order that the rules rely on."""
    assert 0 < likelihood.CONTRADICTED < SAID < likelihood.SECOND_REPORT < JOINED < 1
    assert min(likelihood.SAME_VERSION[1][1], likelihood.SAME_ACT[0][1], likelihood.PAGE_AFTER_END, likelihood.PAGE_LABELS) >= JOINED
    assert Likelihood(0.97, "x").among(1).value < JOINED
    assert Likelihood(0.9, "x").words == "at 0.9: x"


def test_the_documentation_has_the_numbers() -> None:
    """Every number of the module stands in the section on identity, the bound in bold."""
    section = DEFINITIONS.read_text("utf-8").partition("## Identity")[2].partition("\n## ")[0]
    numbers = {v for name, v in vars(likelihood).items() if name.isupper() and isinstance(v, float)}
    steps = {p for name in STEPS for _, p in getattr(likelihood, name)}

    assert f"**{JOINED}**" in section
    assert sorted(n for n in numbers | steps if not re.search(rf"(?<![\d.]){re.escape(str(n))}(?!\d)", section)) == []


def test_words_in_the_report() -> None:
    """The report says it once per thing, harmlessly; text of others that looks like ours but is not is left out."""
    mine = {"kind": "page.triggered", "labels": {JOINED_LABEL: "at 0.9: same group; the alert ended 12 s before"}}
    follow_up = {**mine, "kind": "page.acknowledged"}
    forged = {"kind": "change.reported", "labels": {JOINED_LABEL: "at noon", SAME_LABEL: "at 0.9: <b>"}}
    perhaps = {"kind": "change.reported", "labels": {SAME_LABEL: "0123456789abcdef of 2026-11-21T01:20:55Z at 0.5: same service, 4 min apart"}}

    assert joined_words([follow_up, mine]) == " (joined at 0.9: same group; the alert ended 12 s before)"
    assert joined_words([follow_up]) == joined_words([forged]) == same_words(forged, dated=False) == ""
    assert joined_words([{**mine, "labels": {JOINED_LABEL: "at 0.9: <b>|"}}]) == " (joined at 0.9: &lt;b&gt;\\|)"
    assert same_words(perhaps, dated=False) == " (perhaps the same as 01:20:55, at 0.5: same service, 4 min apart)"
    assert same_words(perhaps, dated=True).startswith(" (perhaps the same as 2026-11-21 01:20:55, at")
