"""Pages: what they are about, and how their entries fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors import alertmanager, pagerduty
from retroline.collectors.alertmanager.fingerprint import fingerprint
from retroline.collectors.evidence import Reply
from retroline.collectors.window import Window, rfc3339_short
from retroline.normalize.facts import normal_facts
from retroline.normalize.stamps import instant_ns
from retroline.timeline import alerts, pages
from retroline.timeline.facts import facts_of
from retroline.timeline.likelihood import JOINED_LABEL, SAME_LABEL
from retroline.timeline.rows import Fact, Given, Row

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
S = 1_000_000_000
T0 = 1_800_000_000 * S
WINDOW = Window(T0, T0 + 3600 * S)
KEY = '{}:{alertname="Slow"}'
DEDUP = sha256(KEY.encode()).hexdigest()


def ns(text: str) -> int:
    at = instant_ns(text)
    assert at is not None
    return at


def told(source: Any, form: str, path: str) -> list[Fact]:
    return facts_of(normal_facts(source.read(Reply(source.NAME, form, path, FIXTURES / path))), {})


def alert(start_s: float, end_s: float | None = None, *, key: str | None = KEY, **labels: str) -> Fact:
    """A run of an alert, as a webhook told it."""
    own = {"alertname": "Slow", **labels}
    end = rfc3339_short(T0 + round(end_s * S)) if end_s is not None else None
    attributes = {"status": "resolved" if end else "firing", "endsAt": end, "group_key": key}
    ref = f"webhook#{start_s}/{sorted(labels.items())}"
    return Fact(
        "alertmanager",
        "state.webhook_alert",
        "prometheus",
        ref,
        ref,
        at_ns=T0 + round(start_s * S),
        labels=own,
        native_id=fingerprint(own),
        attributes=attributes,
    )


def entry(kind: str, at_s: float, number: int = 0, incident: str = "Q1", labels: dict[str, str] | None = None, **attributes: Any) -> Fact:
    """One log entry."""
    ref = f"log#{incident}/{kind}/{at_s}/{number}"
    return Fact(
        "pagerduty", kind, "pagerduty", ref, ref, at_ns=T0 + round(at_s * S), after_ns=S, title=f"{kind} {at_s}", subject="Shop (prod)",
        thread=f"pagerduty:{incident}", edge=ref, labels={"incident": incident, **(labels or {})}, attributes=attributes,
    )  # fmt: skip


def page_alert(at_s: float, incident: str = "Q1", **attributes: Any) -> Fact:
    return replace(entry("state.page_alert", at_s, incident=incident, **attributes), edge="alert:A1")


def made(*facts: Fact, window: Window = WINDOW) -> list[Row]:
    return sorted(pages.rows(Given(window, facts)), key=lambda r: (r.at_ns, r.kind))


def threads(*facts: Fact) -> list[str]:
    """Threads of the alert runs among `facts`, in time."""
    return [r.thread for r in sorted(alerts.rows(Given(WINDOW, facts)), key=lambda r: r.at_ns) if r.kind == "alert.firing"]


@pytest.mark.parametrize("routes", [True, False])
def test_the_shipped_incidents_page(routes: bool) -> None:
    """By the key of the configured routes, or by the labels printed in it, the page and its notes are about the alert; the other one is not."""
    facts = told(alertmanager, "history", "incident-c/alertmanager/webhook.jsonl")
    facts += told(alertmanager, "status", "incident-c/alertmanager/status.json") if routes else []
    for form, name in (("incidents", "incidents"), ("log_entries", "log_entries"), ("alerts", "alerts-QKPPKJC73TGHR0"), ("notes", "notes-QKPPKJC73TGHR0")):
        facts += told(pagerduty, form, f"incident-c/pagerduty/{name}.json")
    given = Given(Window(ns("2026-11-21T01:19:35Z"), ns("2026-11-21T01:27:06Z")), facts)
    (firing,) = [r for r in alerts.rows(given) if r.kind == "alert.firing" and r.subject == "HighErrorRate"]

    rows = pages.rows(given)

    assert {(r.thread, r.about, r.service) for r in rows} == {
        ("pagerduty:QKPPKJC73TGHR0", firing.thread, "checkout"),
        ("pagerduty:QBCLA7H24XCUII", "", "Ledger (prod)"),
    }
    mine = Counter(r.kind for r in rows if r.about)
    assert (mine["page.triggered"], mine["page.notified"], mine["page.acknowledged"], mine["page.resolved"]) == (1, 1, 1, 1)
    assert next(r for r in rows if r.kind == "page.notified").count == 2
    assert next(r for r in rows if r.kind == "page.triggered" and r.about).labels["alertname"] == "HighErrorRate"


def test_without_alerts_pages_stand_alone() -> None:
    """With PagerDuty alone every entry is a row of its service, about nothing."""
    rows = made(entry("page.triggered", 10), entry("page.acknowledged", 20))

    assert [(r.kind, r.about, r.service) for r in rows] == [("page.triggered", "", "Shop (prod)"), ("page.acknowledged", "", "Shop (prod)")]


def test_a_key_that_comes_again_means_the_latest_run() -> None:
    """The group's key is the same for every incident: each page is about the run that fired when it was triggered."""
    runs = [alert(100, 200), alert(1000, 1100)]
    first, second = threads(*runs)

    rows = made(
        *runs,
        *(entry("page.triggered", at, incident=i) for i, at in (("Q1", 110), ("Q2", 1012))),
        *(page_alert(at, i, alert_key=DEDUP) for i, at in (("Q1", 110), ("Q2", 1012))),
    )

    assert [r.about for r in rows] == [first, second]


@pytest.mark.parametrize(("at_s", "joined"), [(-21, False), (-19, True), (96, True), (204, True), (699, True), (701, False)])
def test_the_trigger_follows_the_firing_edge(at_s: float, joined: bool) -> None:
    """A page is joined from two minutes before (its clock is behind then) to ten minutes after the edge, or while the alert fires; never beyond."""
    rows = made(alert(100, 150), entry("page.triggered", at_s), page_alert(at_s, alert_key=DEDUP))

    assert bool(rows[0].about) == joined


def test_an_alert_that_fires_for_long_is_joined_late() -> None:
    """A page that was held back (inhibited, silenced) is still about the alert that fires."""
    assert made(alert(100), entry("page.triggered", 2000), page_alert(2000, alert_key=DEDUP))[0].about


def test_titles_alone_prove_nothing() -> None:
    """A page whose key and labels are unknown is about no alert, whatever its title says."""
    triggered = replace(entry("page.triggered", 101, incident_key="typed by hand"), title="Slow firing")

    assert made(alert(100), triggered)[0].about == ""


@pytest.mark.parametrize(
    ("at_s", "urgency", "mine"), [(150, "high", True), (-400, "high", True), (-700, "high", False), (700, "high", False), (150, "low", False)]
)
def test_a_persons_page_belongs_to_the_alerts_beside_it(at_s: float, urgency: str, mine: bool) -> None:
    """A page made by hand is of the service whose alerts page the same pager service, when they fire then or within ten minutes; it is about no alert."""
    machine = [entry("page.triggered", 105), page_alert(105, alert_key=DEDUP)]
    by_hand = [entry("page.triggered", at_s, incident="Q2", labels={"agent_type": "user", "urgency": urgency})]

    rows = made(alert(100, 500, service="shop"), *machine, *by_hand, window=Window(T0 - 3600 * S, T0 + 3600 * S))

    assert [(r.service, r.about) for r in rows if r.labels["incident"] == "Q2"] == [("shop" if mine else "Shop (prod)", "")]


def test_a_persons_page_beside_alerts_of_two_services_is_of_neither() -> None:
    """Where the pager service speaks for several services, a page made by hand keeps the pager's own."""
    runs = [alert(100, service="shop"), alert(101, key="{}:other", service="cart")]
    keys = (DEDUP, sha256(b"{}:other").hexdigest())
    machine = [f for i, key in enumerate(keys) for f in (entry("page.triggered", 105, incident=f"Q{i}"), page_alert(105, f"Q{i}", alert_key=key))]

    rows = made(*runs, *machine, entry("page.triggered", 150, incident="Q9"))

    assert [r.service for r in rows if r.labels["incident"] == "Q9"] == ["Shop (prod)"]


@pytest.mark.parametrize(("at_s", "mine"), [(11, 2), (20, 1)])
def test_a_saved_list_of_notes_finds_its_incident(at_s: float, mine: int) -> None:
    """A note that does not say of which incident it is belongs to the log entry of the same words and time."""
    said = replace(entry("note", 10), edge="note:abc")
    alone = replace(said, ref="notes#0", record="notes#0", thread="pagerduty:note:N1", at_ns=T0 + round(at_s * S), labels={})
    given = Given(WINDOW, [entry("page.triggered", 5), said, alone])

    rows = [r for r in pages.rows(given) if r.kind == "note"]

    assert len(rows) == mine
    assert {(r.thread, r.edge, r.labels["incident"]) for r in rows} == {("pagerduty:Q1", "note:abc", "Q1")}


def test_the_same_words_on_two_incidents() -> None:
    """A saved note that fits two incidents is of neither: it stays a row and says which it may be."""
    said = [replace(entry("note", 10, incident=i), edge="note:abc") for i in ("Q1", "Q2")]
    alone = replace(said[0], ref="notes#0", record="notes#0", thread="pagerduty:note:N1", labels={})

    rows = [r for r in pages.rows(Given(WINDOW, [*said, alone])) if r.kind == "note"]

    assert sorted(r.thread for r in rows) == ["pagerduty:Q1", "pagerduty:Q2", "pagerduty:note:N1"]
    assert [marks([r], "note")[SAME_LABEL].rpartition("\x00")[2] for r in rows if r.thread.endswith("N1")] == [
        "at 0.48: same words and time, 1 other fits as well"
    ]


def test_several_alerts_in_one_page() -> None:
    """A page about a group names all its runs; its rows show the first."""
    runs = [alert(100, pod="shop-1"), alert(102, pod="shop-2"), alert(90, key="other", pod="x")]
    mine = threads(*runs)[1:]

    (row,) = made(*runs, entry("page.triggered", 105, incident_key=DEDUP))

    assert row.about == mine[0]
    assert row.labels["alert_threads"].split() == mine
    assert row.service == "shop"


def test_labels_in_the_page_name_the_alert() -> None:
    """Without a key, the labels that Alertmanager printed into the page must hold all of the alert's."""
    runs = [alert(100, key=None, service="shop"), alert(100, key=None, service="cart")]
    shop = next(r.thread for r in alerts.rows(Given(WINDOW, runs)) if r.service == "shop")

    rows = made(*runs, entry("page.triggered", 105), page_alert(105, alerts=[{"alertname": "Slow", "service": "shop", "cluster": "eu"}]))
    none = made(*runs, entry("page.triggered", 105), page_alert(105, alerts=[{"alertname": "Slow", "cluster": "eu"}]))

    assert (rows[0].about, rows[0].service) == (shop, "shop")
    assert none[0].about == ""


def marks(rows: Sequence[Row], kind: str = "page.triggered") -> dict[str, str]:
    """What the first row of `kind` says of likely joins."""
    labels = next(r for r in rows if r.kind == kind).labels
    return {k: v for k, v in labels.items() if k in (JOINED_LABEL, SAME_LABEL)}


def test_a_join_by_key_or_by_all_labels_is_exact() -> None:
    """The group's key while the alert fires, and labels that are all the alert's, say nothing of likelihood."""
    by_key = made(alert(100), entry("page.triggered", 105), page_alert(105, alert_key=DEDUP))
    by_labels = made(alert(100, key=None, service="shop"), entry("page.triggered", 105), page_alert(105, alerts=[{"alertname": "Slow", "service": "shop"}]))
    external = fact_of_external_labels({"cluster": "eu"})
    extended = [{"alertname": "Slow", "service": "shop", "cluster": "eu"}]
    by_external = made(external, alert(100, key=None, service="shop"), entry("page.triggered", 105), page_alert(105, alerts=extended))

    for rows in (by_key, by_labels, by_external):
        assert rows[0].about
        assert marks(rows) == {}


def fact_of_external_labels(labels: dict[str, str]) -> Fact:
    return Fact("prometheus", "context.external_labels", "prometheus", "config#0", "config#0", attributes={"labels": labels})


def test_labels_that_the_alert_has_not_make_it_likely() -> None:
    """Labels in the page that nothing explains: the page is about the alert, all its rows say how likely."""
    rows = made(
        alert(100, key=None, service="shop"),
        entry("page.triggered", 105),
        entry("page.acknowledged", 125),
        page_alert(105, alerts=[{"alertname": "Slow", "service": "shop", "cluster": "eu"}]),
    )

    assert all(r.about for r in rows)
    assert marks(rows) == marks(rows, "page.acknowledged") == {JOINED_LABEL: "at 0.95: the page's labels hold all of the alert's"}


def test_an_alert_that_had_ended_is_likely() -> None:
    """A page that comes after the end of its group's alert is about it, and says how much later it came."""
    rows = made(alert(100, 150), entry("page.triggered", 204), page_alert(204, alert_key=DEDUP))

    assert rows[0].about
    assert marks(rows) == {JOINED_LABEL: "at 0.9: same group; the alert ended 54 s before"}


def test_two_alerts_that_fit_as_well_are_not_joined() -> None:
    """Where the page's labels hold those of two different alerts, it is about neither and points at one."""
    runs = [alert(100, key=None, service="shop"), alert(100, key=None, zone="a")]

    rows = made(*runs, entry("page.triggered", 105), page_alert(105, alerts=[{"alertname": "Slow", "service": "shop", "zone": "a"}]))

    assert rows[0].about == ""
    assert marks(rows)[SAME_LABEL].startswith("alert.firing\x00alert:")
    assert marks(rows)[SAME_LABEL].endswith("at 0.47: the page's labels hold all of the alert's, 1 other fits as well")


def test_repeated_triggers_fold() -> None:
    """The first trigger is the row, later ones count; the lists' word on the incident goes into it."""
    state = replace(entry("state.page", 10, status="resolved"), edge="")

    (row,) = made(entry("page.triggered", 10), entry("page.triggered", 60), entry("page.triggered", 90), state, page_alert(10))

    assert (row.count, row.at_ns, row.edge) == (3, T0 + 10 * S, "triggered")
    assert len(row.folds) == 4


def test_an_incident_without_its_log_still_pages() -> None:
    """An incident known only from the list is triggered at its created_at, under the same edge."""
    state = replace(entry("state.page", 10, labels={"number": "7"}), title="disk full", edge="")

    (row,) = made(state)

    assert (row.kind, row.edge, row.title, row.service) == ("page.triggered", "triggered", "page triggered: disk full (#7)", "Shop (prod)")


def test_a_page_that_is_open_when_the_window_begins() -> None:
    """It is one row at the window's start with its true start, and no milestone; one that was closed before is not."""
    opened = made(entry("page.triggered", -600), entry("page.resolved", 50))[0]
    closed = made(entry("page.triggered", -600), entry("page.resolved", -50))[0]

    assert (opened.at_ns, opened.title, opened.milestone_ok) == (T0, "already open: page.triggered -600", False)
    assert closed.at_ns == T0 - 600 * S


def test_notifications_fold_by_person_and_phase() -> None:
    """Attempts to reach one person are one row until the page changes hands; another person or outcome is another row."""
    ada, bob = {"id": "PA"}, {"id": "PB"}
    sent: Sequence[Fact] = [
        entry("page.notified", 11, user=ada),
        entry("page.notified", 12, user=ada),
        entry("page.notified", 13, user=ada, labels={"status": "failed"}),
        entry("page.escalated", 300),
        entry("page.notified", 301, user=bob),
        entry("page.notified", 302, user=ada),
    ]

    rows = [r for r in made(entry("page.triggered", 10), *sent) if r.kind == "page.notified"]

    assert [((r.at_ns - T0) // S, r.count) for r in rows] == [(11, 2), (13, 1), (301, 1), (302, 1)]


def test_reading_twice_folds_into_the_same_rows() -> None:
    """The same log entry from two answers is counted once."""
    one = entry("page.notified", 11, user={"id": "PA"})
    rows = [r for r in made(entry("page.triggered", 10), one, replace(one, ref="other#1", record="other#1")) if r.kind == "page.notified"]

    assert [(r.count, len(r.folds)) for r in rows] == [(1, 1)]


def test_change_events_and_loose_notes_are_left_alone() -> None:
    """What belongs to no incident is not this rule's."""
    assert made(replace(entry("change.reported", 10), thread="pagerduty:change:C1"), replace(entry("note", 10), thread="pagerduty:note:N1")) == []
