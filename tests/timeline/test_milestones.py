"""Every milestone rule on a handful of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from retroline.timeline.autoscaling import ACTOR as AUTOSCALER
from retroline.timeline.identity import Named, named
from retroline.timeline.milestones import NAMES, milestones
from retroline.timeline.rows import Row
from retroline.timeline.story import Scope, scope, severity

T0 = 1_795_224_000_000_000_000
SECOND = 1_000_000_000
SHOP = Scope(frozenset({"shop"}), "test")


def row(kind: str, at_s: float, thread: str = "", **changes: Any) -> Row:
    at_ns = T0 + round(at_s * SECOND)
    given: dict[str, Any] = {"service": "shop", "source": "prometheus", "clock": "test", "title": f"{kind} at {at_s}", **changes}
    return Row(kind=kind, at_ns=at_ns, thread=thread or f"{kind}:{at_s}", **given)


def firing(at_s: float, thread: str = "alert", **changes: Any) -> Row:
    return row("alert.firing", at_s, thread, **{"severity": "critical", "subject": "Errors", **changes})


def page(happening: str, at_s: float, incident: str = "P1", **changes: Any) -> Row:
    labels = {"incident": incident, **changes.pop("labels", {})}
    return row(f"page.{happening}", at_s, f"pagerduty:{incident}", edge=f"{happening}{at_s}", source="pagerduty", labels=labels, **changes)


def onset(at_s: float, thread: str = "ratio", **labels: str) -> Row:
    return row("metric.onset", at_s, thread, edge=str(at_s), title="ratio crosses", labels={"alert": "Errors", **labels})


def recovery(at_s: float, thread: str = "ratio", **labels: str) -> Row:
    return row("metric.recovery", at_s, thread, edge=str(at_s), title="ratio is back", labels={"alert": "Errors", **labels})


def deploy(at_s: float, kind: str = "change.deployed", **changes: Any) -> Row:
    return row(kind, at_s, source="kubernetes", **changes)


def seen(rows: list[Row], chosen: Scope = SHOP, **options: Any) -> dict[str, float]:
    """Milestone → best second after T0."""
    return {m.name: (m.best_ns - T0) / SECOND for m in milestones(named(rows), chosen, **options)}


@dataclass
class Case:
    name: str
    rows: list[Row]
    expected: dict[str, float | None]
    options: dict[str, Any] = field(default_factory=dict)


ACKED = {"agent_type": "user"}
CASES = [
    Case("nothing seen: everything is blank", [], dict.fromkeys(NAMES)),
    Case("the last change before the first sign", [deploy(1), deploy(5), onset(10), deploy(20)], {"change": 5.0}),
    Case("a change with no trouble after it is no milestone", [deploy(1)], {"change": None}),
    Case("a change after the first sign did not cause it", [onset(10), deploy(20)], {"change": None}),
    Case("a change before the alert, without series", [deploy(3), firing(9)], {"change": 3.0, "impact": None}),
    Case("the first sign is a crossing before the alert", [firing(9), onset(4)], {"onset": 4.0, "impact": 4.0}),
    Case("the first sign is a killed container", [row("workload.oom_killed", 2), onset(4), firing(9)], {"onset": 2.0, "impact": 4.0}),
    Case("the first sign is a pending alert", [row("alert.pending", 2, "alert", subject="Other"), firing(9)], {"onset": 2.0, "impact": None}),
    Case("harm begins where the condition of the gravest alert was first true", [row("alert.pending", 2, subject="Errors"), firing(9)], {"impact": 2.0}),
    Case(
        "harm shows in the series of the gravest alert",
        [onset(1, "memory", alert="Memory"), onset(4), firing(0, "m", subject="Memory", severity="warning"), firing(9)],
        {"onset": 0.0, "impact": 4.0},
    ),
    Case(
        "series of a lesser alert do not speak for the gravest one",
        [
            *(row("alert.pending", 2, "alert", subject="Errors"), firing(9)),
            *(firing(35, "m", subject="Memory", severity="warning"), onset(30, "memory", alert="Memory"), recovery(50, "memory", alert="Memory")),
        ],
        {"onset": 2.0, "impact": 2.0, "recovered": None},
    ),
    Case(
        "harm that a lesser alert's series shows before the gravest one tells of it",
        [onset(1, "memory", alert="Memory"), firing(3, "m", subject="Memory", severity="warning"), firing(9)],
        {"impact": 1.0},
    ),
    Case(
        "harm that began before the gravest alert, of which only the firing is known, is blank",
        [firing(9), firing(35, "m", subject="Memory", severity="warning"), onset(30, "memory", alert="Memory")],
        {"impact": None},
    ),
    Case(
        "a blip during which the alert did not fire is no harm, before or after",
        [onset(1), recovery(40), onset(500), firing(520), row("alert.resolved", 700, "alert"), recovery(690), onset(900), recovery(950)],
        {"impact": 500.0, "recovered": 690.0},
    ),
    Case(
        "an alert and its page that were over before the harm began are another story",
        [
            *(firing(1, "down", subject="Down", severity="warning"), row("alert.resolved", 6, "down"), onset(100), firing(120)),
            *(page("triggered", 2, "P0"), page("acknowledged", 3, "P0", labels=ACKED), page("resolved", 7, "P0")),
            *(page("triggered", 125), page("acknowledged", 140, labels=ACKED)),
        ],
        {"impact": 100.0, "detected": 120.0, "paged": 125.0, "acknowledged": 140.0},
    ),
    Case(
        "a lesser alert from before the harm detected nothing unless it paged",
        [firing(1, "cert", subject="Cert", severity="warning"), onset(100), firing(120)],
        {"impact": 100.0, "detected": 120.0},
    ),
    Case(
        "a lesser alert from before the harm that paged did detect",
        [firing(1, "pool", subject="Pool", severity="warning"), page("triggered", 3, about="pool"), onset(100), firing(120)],
        {"detected": 1.0},
    ),
    Case("a configured objective beats the alerts' series", [onset(1), onset(6, "slo", role="configured"), firing(9)], {"impact": 6.0}),
    Case(
        "a crossing is freed of its rate window",
        [onset(10, true_best_ns=str(T0 + 4 * SECOND), true_earliest_ns=str(T0), true_latest_ns=str(T0 + 10 * SECOND)), firing(12)],
        {"onset": 4.0, "impact": 4.0},
    ),
    Case(
        "the first of the gravest alerts, where no harm is known", [firing(9), firing(7, "b", severity="warning")], {"detected_machine": 9.0, "detected": 9.0}
    ),
    Case("a lesser alert after the harm began detects it too", [onset(5), firing(9), firing(7, "b", severity="warning")], {"detected": 7.0}),
    Case("an alert that was pending and never fired is no first sign", [row("alert.pending", 1, "other"), onset(5), firing(9)], {"onset": 5.0}),
    Case(
        "a person was earlier than the machine",
        [page("triggered", 5, labels=ACKED), firing(9)],
        {"detected_machine": 9.0, "detected_human": 5.0, "detected": 5.0},
    ),
    Case("a machine was earlier than the person", [page("triggered", 15, labels=ACKED), firing(9)], {"detected_human": 15.0, "detected": 9.0}),
    Case("a page made by an integration is no person's", [page("triggered", 5, labels={"agent_type": "integration"})], {"detected_human": None, "paged": 5.0}),
    Case(
        "the first page and the first acknowledgement by a person",
        [
            page("triggered", 5),
            page("acknowledged", 6, labels={"agent_type": "service"}),
            page("acknowledged", 8, labels=ACKED),
            page("acknowledged", 11, labels=ACKED),
        ],
        {"paged": 5.0, "acknowledged": 8.0, "engaged": 8.0},
    ),
    Case("a page that nobody took", [page("triggered", 5)], {"paged": 5.0, "acknowledged": None, "engaged": None, "resolved": None}),
    Case(
        "a page that went on to the next level",
        [page("triggered", 5), page("escalated", 65), page("acknowledged", 70, labels=ACKED)],
        {"escalated": 65.0, "acknowledged": 70.0, "engaged": 70.0},
    ),
    Case(
        "only who was called last counts as engaged",
        [page("triggered", 5), page("acknowledged", 6, labels=ACKED), page("escalated", 65), page("acknowledged", 70, labels=ACKED)],
        {"acknowledged": 6.0, "engaged": 70.0},
    ),
    Case(
        "escalated after the acknowledgement, and nobody came",
        [page("triggered", 5), page("acknowledged", 6, labels=ACKED), page("escalated", 65)],
        {"acknowledged": 6.0, "engaged": None},
    ),
    Case(
        "two pages: the last team's first acknowledgement",
        [
            page("triggered", 5),
            page("acknowledged", 6, labels=ACKED),
            page("triggered", 10, "P2"),
            page("acknowledged", 30, "P2", labels=ACKED),
            page("acknowledged", 40, "P2", labels=ACKED),
        ],
        {"acknowledged": 6.0, "engaged": 30.0},
    ),
    Case(
        "two pages, one never taken",
        [page("triggered", 5), page("acknowledged", 6, labels=ACKED), page("triggered", 10, "P2")],
        {"acknowledged": 6.0, "engaged": None},
    ),
    Case(
        "a further page of a team that has come calls nobody new",
        [
            *(page("triggered", 5, subject="Shop"), page("acknowledged", 6, subject="Shop", labels=ACKED), page("triggered", 10, "P2", subject="Edge")),
            *(page("acknowledged", 30, "P2", subject="Edge", labels=ACKED), page("triggered", 50, "P3", subject="Shop")),
            page("acknowledged", 60, "P3", subject="Shop", labels=ACKED),
        ],
        {"engaged": 30.0},
    ),
    Case("back to normal", [onset(4), firing(9), recovery(60)], {"recovered": 60.0}),
    Case("still beyond its limit", [onset(4), firing(9)], {"recovered": None}),
    Case("a relapse: the last return counts", [onset(4), recovery(30), onset(40), recovery(90), firing(9)], {"impact": 4.0, "recovered": 90.0}),
    Case("a relapse that has not ended", [onset(4), recovery(30), onset(40), firing(9)], {"impact": 4.0, "recovered": None}),
    Case("two series of the gravest alert: the later return", [onset(4), onset(5, "b"), recovery(30), recovery(70, "b"), firing(9)], {"recovered": 70.0}),
    Case("two series, one still beyond its limit", [onset(4), onset(5, "b"), recovery(30), firing(9)], {"recovered": None}),
    Case("no series: the gravest alerts have ended", [firing(9), row("alert.resolved", 80, "alert"), firing(10, "b", severity="warning")], {"recovered": 80.0}),
    Case("no series, and one of the gravest still fires", [firing(9), row("alert.resolved", 80, "alert"), firing(10, "b")], {"recovered": None}),
    Case(
        "who only heard of an alert cannot tell when harm ended",
        [firing(9, source="alertmanager"), row("alert.resolved", 80, "alert", source="alertmanager")],
        {"recovered": None},
    ),
    Case(
        "the last act between detection and recovery",
        [deploy(1), onset(4), firing(9), deploy(20, "change.scaled"), deploy(40, "change.rolled_back"), recovery(60), deploy(70, "change.scaled")],
        {"change": 1.0, "mitigation_started": 40.0},
    ),
    Case(
        "an autoscaler answers the load: what somebody decided on counts",
        [
            *(deploy(1), deploy(3, "change.scaled", actor=AUTOSCALER), onset(4), firing(9), deploy(40, "change.rolled_back")),
            *(deploy(50, "change.scaled", actor=AUTOSCALER), recovery(60)),
        ],
        {"change": 1.0, "mitigation_started": 40.0},
    ),
    Case(
        "an autoscaler alone may have ended it",
        [onset(4), firing(9), deploy(50, "change.scaled", actor=AUTOSCALER), recovery(60)],
        {"mitigation_started": 50.0},
    ),
    Case("without recovery no act can have ended it", [onset(4), firing(9), deploy(40, "change.rolled_back")], {"mitigation_started": None}),
    Case("an act before anybody knew is not the mitigation", [onset(4), deploy(6), firing(9), recovery(60)], {"mitigation_started": None}),
    Case(
        "the last page was resolved", [page("triggered", 5), page("triggered", 6, "P2"), page("resolved", 90), page("resolved", 80, "P2")], {"resolved": 90.0}
    ),
    Case("one page is still open", [page("triggered", 5), page("triggered", 6, "P2"), page("resolved", 90)], {"resolved": None}),
    Case(
        "a page that opened again counts with its last end",
        [page("triggered", 5), page("resolved", 50), page("triggered", 60), page("resolved", 90)],
        {"resolved": 90.0},
    ),
    Case("no pager: told as resolved", [firing(9), row("alert.notified", 85, "alert", labels={"status": "resolved"})], {"resolved": 85.0}),
    Case("no pager, never told as resolved", [firing(9), row("alert.notified", 10, "alert", labels={"status": "firing"})], {"resolved": None}),
    Case(
        "a pager that did not answer: unknown",
        [firing(9), row("alert.notified", 85, "alert", labels={"status": "resolved"})],
        {"resolved": None},
        {"pager_lost": True},
    ),
    Case("the first status update", [firing(9), row("comms.published", 50), row("comms.published", 70)], {"notified_public": 50.0}),
    Case("cause and effect come only from people", [onset(4), firing(9), deploy(20), recovery(60)], {"identified": None, "mitigated": None}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_rules(case: Case) -> None:
    """Each rule gives the instant its words promise, or nothing."""
    expected = case.expected

    found = seen(case.rows, **case.options)

    assert {name: found.get(name) for name in expected} == expected


STORY = [
    deploy(1), onset(4), row("alert.pending", 5, subject="Errors"), firing(9), page("triggered", 10, labels=ACKED), page("acknowledged", 12, labels=ACKED),
    page("escalated", 11), deploy(40, "change.rolled_back"), recovery(60), row("alert.resolved", 70, "alert"), page("resolved", 75), row("comms.published", 50),
]  # fmt: skip


def test_a_whole_story() -> None:
    """A full incident has every milestone that can be inferred, in order."""
    expected = {
        "change": 1.0, "onset": 4.0, "impact": 4.0, "detected_machine": 9.0, "detected_human": 10.0, "detected": 9.0, "paged": 10.0, "acknowledged": 12.0,
        "escalated": 11.0, "engaged": 12.0, "mitigation_started": 40.0, "recovered": 60.0, "resolved": 75.0, "notified_public": 50.0,
    }  # fmt: skip

    found = seen(STORY)

    assert found == expected
    assert list(found) == [n for n in NAMES if n in expected]


def test_background_is_never_a_milestone() -> None:
    """Rows of what was there before, or of others, give no milestone at all."""
    quiet = [Named(n.event_id, Row(**{**vars(n.row), "milestone_ok": False})) for n in named(STORY)]

    assert milestones(quiet, SHOP) == []


def test_another_teams_incident_is_not_used() -> None:
    """Alerts, pages and changes of a service outside the scope give no milestone."""
    others = [Named(n.event_id, Row(**{**vars(n.row), "service": "mail"})) for n in named(STORY)]

    assert milestones(others, SHOP) == []


@pytest.mark.parametrize("earlier", ["mail", None])
def test_noise_beside_the_story_changes_nothing(earlier: str | None) -> None:
    """Rows of another service, or of none, an hour earlier leave every milestone where it is."""
    noise = [
        Row(**{**vars(r), "service": earlier, "at_ns": r.at_ns - 3600 * SECOND, "thread": f"noise:{r.thread}", "labels": {**r.labels, "incident": "X"}})
        for r in STORY
    ]

    assert seen([*noise, *STORY]) == seen(STORY)


def test_every_milestone_shows_its_evidence() -> None:
    """Each milestone names rows that exist, the first of them the one it stands at, and lies within its bounds."""
    rows = named(STORY)
    known = {n.event_id: n.row for n in rows}

    found = milestones(rows, SHOP)

    for m in found:
        assert set(m.event_ids) <= set(known)
        assert known[m.event_ids[0]].at_ns == m.best_ns
        assert (m.earliest_ns or m.best_ns) <= m.best_ns <= (m.latest_ns or m.best_ns)


def test_where_no_series_was_had_the_bound_is_open() -> None:
    """Harm inferred from an alert's condition may have begun earlier, so that side is unbounded."""
    found = {m.name: m for m in milestones(named([row("alert.pending", 2, subject="Errors"), firing(9)]), SHOP)}

    assert found["impact"].earliest_ns is None


def test_the_service_asked_for_is_taken() -> None:
    """A named service and what it depends on are the scope whatever fires."""
    chosen = scope(named([firing(1, service="mail")]), "shop", ("payments",))

    assert (chosen.services, chosen.how) == (frozenset({"shop", "payments"}), "`shop`, as asked; no row names it, only mail")


@pytest.mark.parametrize(
    ("rows", "services"),
    [
        ([firing(1, service="mail", severity="warning"), firing(500, "b")], {"shop"}),
        ([firing(1), firing(2, "b", service="mail")], {"shop", "mail"}),
        ([firing(1), firing(700, "b", service="mail")], {"shop"}),
        ([firing(1, milestone_ok=False), firing(2, "b", service="mail", severity="warning")], {"mail"}),
        ([firing(1, service=None)], set()),
        ([page("triggered", 1, labels={"urgency": "low"}, service="mail"), page("triggered", 5, "P2", labels={"urgency": "high"})], {"shop"}),
        ([page("triggered", 1, service="mail"), page("triggered", 5, "P2")], {"mail"}),
        ([firing(1, severity="info"), firing(2, "b", service="watchdog", severity="none")], {"shop"}),
        ([firing(1, severity="info"), firing(2, "b", service="watchdog", severity=None)], {"shop"}),
        ([], set()),
    ],
    ids=[
        "gravest",
        "two at the top",
        "two far apart",
        "background",
        "no service named",
        "page urgency",
        "first page",
        "none below info",
        "blank below info",
        "nothing",
    ],
)
def test_whose_incident_it_is(rows: list[Row], services: set[str]) -> None:
    """Unset, the scope is the service of the gravest alerts that began together, else of the first page of highest urgency."""
    assert scope(named(rows), None).services == services


def test_severity_words_have_an_order() -> None:
    """No word ranks below info, unknown words rank like warning, critical above page, P1 above critical."""
    assert (
        severity(None)
        == severity("none")
        < severity("info")
        < severity("warning")
        == severity("P7?")
        < severity("Page")
        < severity("CRITICAL")
        < severity("P1")
        == severity("sev 1")
    )


@pytest.mark.parametrize("kind", ["alert.pending", "alert.firing"])
def test_an_alert_bounds_the_first_sign_on_one_side(kind: str) -> None:
    """Where an alert is the first sign, what it tells of may have begun any time before."""
    (found,) = [m for m in milestones(named([row(kind, 9, subject="Errors", severity="critical")]), SHOP) if m.name == "onset"]

    assert (found.earliest_ns, found.best_ns) == (None, T0 + 9 * SECOND)
