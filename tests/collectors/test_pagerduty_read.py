"""PagerDuty's saved answers: forms, one fact per item, the same happening read twice, and dirt that must not raise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import pagerduty
from retroline.collectors.errors import BadPayload
from retroline.collectors.evidence import Reply

FIXTURES = Path(__file__).parents[2] / "fixtures" / "pagerduty"
MAIN = "QSRPHRHHNTY4LR"
LISTS = ("incidents", "log_entries", "alerts", "notes", "change_events", "users", "services", "teams", "escalation_policies")


class Saved(Reply):
    """A reply whose document is at hand."""

    document: Any

    def json(self) -> Any:
        return self.document


def facts_of(document: Any, name: str = "answer.json", **about: str) -> list[dict[str, Any]]:
    reply = Saved("pagerduty", "", f"run/{name}", Path(name), about=about)
    object.__setattr__(reply, "document", document)
    found = [row for raw in pagerduty.read(reply) for row in raw.batch.to_pylist()]
    for row in found:
        row["labels"], row["attributes"] = dict(row["labels"] or {}), json.loads(row["attributes"] or "{}")
    return found


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def facts_in(name: str) -> list[dict[str, Any]]:
    return facts_of(fixture(name), name)


def item_count(document: Any) -> int:
    if not any(key in document for key in LISTS):
        return 1
    values = [document.get(key, []) for key in LISTS]
    return sum(sum(map(len, v.values())) if isinstance(v, dict) else len(v) for v in values)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("incidents.json", "incidents"),
        ("incident-merged.json", "incident"),
        ("log_entries.json", "log_entries"),
        (f"alerts-{MAIN}.json", "alerts"),
        (f"notes-{MAIN}.json", "notes"),
        ("change_events.json", "change_events"),
        ("dataset.json", "dataset"),
    ],
)
def test_recognised_by_content(name: str, form: str) -> None:
    """A saved answer is known by what is in it, whatever the file is called."""
    assert form == pagerduty.recognise(fixture(name), "x.json")


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"alerts": []},
        {"alerts": [{"labels": {"alertname": "A"}, "fingerprint": "f"}]},
        [{"labels": {"alertname": "A"}, "startsAt": "2026-11-21T00:00:00Z"}],
        {"kind": "List", "items": []},
        {"status": "success", "data": {"alerts": []}},
        {"notes": {"a": "text"}},
        {"services": [{"name": "db"}]},
        {"users": [1]},
        {"level": "info", "incident": "none", "notes": "x"},
    ],
)
def test_others_are_not_recognised(document: Any) -> None:
    """Answers of other systems and log lines are left to others."""
    assert pagerduty.recognise(document, "x.json") is None


def test_empty_alerts_need_a_sign() -> None:
    """An empty list of alerts is PagerDuty's by its paging, or in a file named after an incident."""
    assert pagerduty.recognise({"alerts": [], "limit": 100, "offset": 0, "more": False}, "a.json") == "alerts"
    assert pagerduty.recognise({"alerts": []}, f"alerts-{MAIN}.json") == "alerts"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda p: p.stem)
def test_each_item_is_one_fact(path: Path) -> None:
    """Every item of every list gives exactly one fact, with a ref of its own that leads to the item."""
    document = fixture(path.name)

    found = facts_in(path.name)

    assert item_count(document) == len(found) == len({f["record"] for f in found})
    for fact in found:
        value = document
        for step in fact["ref"].split("#", 1)[1].split("/")[1:]:
            value = value[int(step)] if isinstance(value, list) else value[step]
        assert value["id"] == fact["native_id"]
    assert not [f for f in found if f["kind"] == "unreadable"]


def test_a_page_from_first_to_last() -> None:
    """The log of one incident tells when it was triggered, who was called at which level, who reacted, and how it ended."""
    found = sorted(facts_in(f"log_entries-{MAIN}.json"), key=lambda f: (f["stamp"], f["native_id"]))

    story = [(f["stamp"][11:19], f["kind"], f["actor"], f["labels"].get("level")) for f in found if f["kind"] not in ("page.notified", "page.changed")]

    assert story == [
        ("00:20:10", "page.triggered", "Checkout (prod)", None),
        ("00:21:10", "page.escalated", "Checkout (prod)", "2"),
        ("00:21:32", "page.acknowledged", "Priya Raman", "1"),
        ("00:22:00", "note", "Priya Raman", "1"),
        ("00:22:40", "comms.published", "Maria Okafor", None),
        ("00:23:30", "page.triggered", "Checkout (prod)", None),
        ("00:24:08", "note", "Tomas Lindqvist", "2"),
        ("00:24:34", "page.acknowledged", "Tomas Lindqvist", "2"),
        ("00:24:50", "page.resolved", "Checkout (prod)", None),
        ("00:25:24", "comms.published", "Maria Okafor", None),
        ("00:26:25", "note", "Maria Okafor", None),
    ]
    assert {f"pagerduty:{MAIN}"} == {f["thread"] for f in found}
    assert {"pagerduty"} == {f["clock"] for f in found}
    assert {1_000_000_000} == {f["resolution_ns"] for f in found}


def test_titles_name_nobody() -> None:
    """Whoever acted or was called stands in the columns for it, not in the title."""
    titles = [f["title"] for f in facts_in("log_entries.json") if f["kind"] not in ("note", "comms.published")]

    assert not [t for t in titles for name in ("Priya", "Tomas", "Jun", "Maria") if name in t]
    assert "page triggered: checkout: 10% of requests fail (#4187)" in titles
    assert "page triggered again: checkout: 8.789% of requests fail (#4187)" in titles
    assert "page #4187 escalated to level 2, nobody acknowledged in time" in titles
    assert "on-call notified by phone" in titles


def test_same_entry_by_two_ways() -> None:
    """An entry read from the account's log and from its incident's has the same key and instant."""
    account = {f["native_id"]: f for f in facts_in("log_entries.json")}

    for fact in facts_in(f"log_entries-{MAIN}.json"):
        other = account[fact["native_id"]]
        assert [fact[k] for k in ("kind", "thread", "edge", "stamp")] == [other[k] for k in ("kind", "thread", "edge", "stamp")]


def test_note_is_its_log_entry() -> None:
    """A note has the key of the log entry that tells of it, though its time is in another zone and it names no incident."""
    logged = {(f["thread"], f["edge"]): f for f in facts_in(f"log_entries-{MAIN}.json") if f["kind"] == "note"}
    notes = facts_in(f"notes-{MAIN}.json")

    assert set(logged) == {(f["thread"], f["edge"]) for f in notes}
    assert all(f["stamp"].endswith("-05:00") and f["body"] == logged[f["thread"], f["edge"]]["body"] for f in notes)


@pytest.mark.parametrize(
    ("name", "about", "thread"),
    [
        ("notes.json", {"incident": MAIN}, f"pagerduty:{MAIN}"),
        ("notes.json", {"url": f"https://api.pagerduty.com/incidents/{MAIN}/notes"}, f"pagerduty:{MAIN}"),
        ("notes.json", {"path": f"/incidents/{MAIN}/notes"}, f"pagerduty:{MAIN}"),
        (f"{MAIN}/notes.json", {}, f"pagerduty:{MAIN}"),
        ("PAGERDUTY/notes.json", {}, "pagerduty:note:P1"),
    ],
)
def test_incident_of_a_note(name: str, about: dict[str, str], thread: str) -> None:
    """A note's incident is the one asked for, else the one in the file's name, else the note stands alone."""
    note = {"id": "P1", "content": "x", "created_at": "2026-11-21T00:00:00Z", "user": None}

    assert [thread] == [f["thread"] for f in facts_of({"notes": [note]}, name, **about)]


def test_incident_state() -> None:
    """An incident keeps what only its object says: priority, merge, who held it."""
    (merged,) = facts_in("incident-merged.json")
    (held,) = facts_in("incident-while-acknowledged.json")

    assert (merged["kind"], merged["thread"], merged["edge"]) == ("state.page", "pagerduty:QMK7YWCWNQNQBC", "")
    assert merged["attributes"]["merged_into"] == MAIN
    assert merged["attributes"]["resolved_at"] == "2026-11-21T00:22:32Z"
    assert held["attributes"]["priority"] == "P1"
    assert held["attributes"]["first_trigger"] in {f["native_id"] for f in facts_in("log_entries.json") if f["kind"] == "page.triggered"}
    assert [(a["at"], a["summary"]) for a in held["attributes"]["acknowledgements"]] == [("2026-11-21T00:21:32Z", "Priya Raman")]
    assert [(a["at"], a["id"]) for a in held["attributes"]["assignments"]] == [("2026-11-21T00:20:10Z", "PRM4N71"), ("2026-11-21T00:21:10Z", "PTL90QX")]


def test_alert_labels() -> None:
    """The labels that Alertmanager printed into an alert's details are labels again; annotations are not."""
    pool, rate = facts_in(f"alerts-{MAIN}.json")

    assert pool["labels"] == {
        "alertname": "DBPoolExhausted", "cluster": "prod-eu-1", "pool": "orders", "service": "checkout", "severity": "critical", "team": "payments"
    }  # fmt: skip
    assert (rate["kind"], rate["service"], rate["severity"], rate["thread"]) == ("state.page_alert", "checkout", "critical", f"pagerduty:{MAIN}")


def test_grouped_alert_labels() -> None:
    """An alert that carries several keeps each label set, and as labels what they share."""
    firing = (
        "Labels:\n - alertname = A\n - pod = x=1\nAnnotations:\n - summary = s\nSource: u\nLabels:\n - alertname = A\n - pod = y\nAnnotations:\n - pod = z\n"
    )

    (fact,) = facts_of({"alerts": [{"id": "Q1", "alert_key": "k", "created_at": "2026-11-21T00:00:00Z", "body": {"details": {"firing": firing}}}]})

    assert fact["labels"] == {"alertname": "A"}
    assert fact["attributes"]["alerts"] == [{"alertname": "A", "pod": "x=1"}, {"alertname": "A", "pod": "y"}]


def test_change_event() -> None:
    """A change event is a reported change with the actor its details name, else its source; the link is its URL."""
    found = {f["title"]: f for f in facts_in("dataset.json") if f["kind"] == "change.reported"}

    back, deploy = found["Rollback: checkout v2.8.1 → v2.8.0 (release 205)"], found["Deploy: checkout v2.8.0 → v2.8.1 (release 206)"]
    assert (back["actor"], back["labels"]["agent_type"], back["labels"]["rollback"]) == ("priya.raman", "user", "true")
    assert "priya" not in str(back["body"]) + str(back["labels"])
    assert (deploy["actor"], deploy["labels"]["release"], deploy["subject"]) == ("ci/deploy-bot", "206", "Checkout (prod)")
    assert (deploy["url"], deploy["body"]) == ("https://ci.example.test/shop/deploys/206", "version: v2.8.1\nrelease: 206\nnamespace: shop")


def test_no_address_is_kept() -> None:
    """E-mail addresses and contact data of people do not get into facts."""
    user = {"id": "P1", "type": "user", "name": "A", "email": "a@example.test"}
    notify = {"id": "R1", "type": "notify_log_entry", "created_at": "2026-11-21T00:00:00Z", "user": user}
    notify["channel"] = {"type": "auto", "notification": {"type": "email", "address": "a@example.test", "status": "failed"}}

    found = facts_of({"users": [user], "log_entries": [notify]})

    assert "example.test" not in json.dumps(found)
    assert [f["title"] for f in found] == ["on-call notified by email (failed)", "A"]


@pytest.mark.parametrize("document", [{"error": {"message": "Not Found", "code": 2100}}, {"a": 1}, "text", 5, {"incidents": "none"}, [{"a": 1}]])
def test_other_shapes_are_refused(document: Any) -> None:
    """A document without any of the lists is no answer, and the error says what it is."""
    with pytest.raises(BadPayload, match="no PagerDuty answer"):
        facts_of(document)


@pytest.mark.parametrize("created", [None, "", "yesterday", 5, "2026-11-21T00:00:00", ["x"]])
def test_no_usable_time(created: Any) -> None:
    """A record without a time that names its zone is unreadable, and says why; the others stand."""
    bad = {"id": "R1", "type": "trigger_log_entry", "created_at": created}
    good = {"id": "R2", "type": "trigger_log_entry", "created_at": "2026-11-21T00:00:00+01:00"}

    found = facts_of({"log_entries": [bad, "x", None, good], "incidents": [{"id": "Q1", "created_at": created}]})

    assert [f["kind"] for f in found] == ["unreadable", "unreadable", "unreadable", "unreadable", "page.triggered"]
    assert "created_at" in found[0]["title"]
    assert [f["stamp"] for f in found] == [None] * 4 + ["2026-11-21T00:00:00+01:00"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.sampled_from(["2026-11-21T00:00:00Z", "0001-01-01T00:00:00Z", "user_reference"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "summary", "firing", "labels", "at"]), inner, max_size=3),
    max_leaves=5,
)
ITEMS = [
    (key, item)
    for key, value in fixture("dataset.json").items()
    if key in LISTS
    for items in (value.values() if isinstance(value, dict) else [value])
    for item in items
] + [("log_entries", e) for e in fixture("log_entries.json")["log_entries"]]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_dirt_never_raises(data: st.DataObject) -> None:
    """Whatever becomes of any field, each item is still one fact, and its readable fellows are unharmed."""
    key, item = data.draw(st.sampled_from(ITEMS))
    spoiled = {k: (data.draw(JUNK) if data.draw(st.booleans()) else v) for k, v in item.items() if data.draw(st.integers(0, 3))}
    fellow = {"id": "R1", "type": "trigger_log_entry", "created_at": "2026-11-21T00:00:00Z", "incident": {"id": "Q1"}}

    found = facts_of({key: [spoiled, *([fellow] if key == "log_entries" else [])], **({} if key == "log_entries" else {"log_entries": [fellow]})})

    assert len(found) == 2
    assert [(f["thread"], f["edge"]) for f in found if f["native_id"] == "R1"] == [("pagerduty:Q1", "R1")]
    pagerduty.recognise({key: [spoiled]}, "x.json")


@settings(max_examples=30, deadline=None)
@given(st.permutations(fixture("log_entries.json")["log_entries"]))
def test_order_does_not_matter(entries: list[Any]) -> None:
    """Shuffled entries give the same facts, levels and repeats included."""

    def plain(found: list[dict[str, Any]]) -> list[Any]:
        return sorted(json.dumps({k: v for k, v in f.items() if k not in ("ref", "record")}, sort_keys=True) for f in found)

    assert plain(facts_in("log_entries.json")) == plain(facts_of({"log_entries": entries}, "log_entries.json"))
