"""What is asked of PagerDuty, and what becomes of each way in which it may fail. No network: a small PagerDuty in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from retroline.collectors import http as door
from retroline.collectors import pagerduty
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Denied, SourceError, Unreachable
from retroline.collectors.evidence import Evidence, Index, indexes
from retroline.collectors.pagerduty import listing
from retroline.collectors.window import SECOND_NS, Window

SINCE = datetime(2026, 11, 21, 12, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=1)
TOKEN = "u+secret-token"


def z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def incident(key: str, opened: datetime, resolved: datetime | None = None, service: str = "S1") -> dict[str, Any]:
    status = "resolved" if resolved else "triggered"
    created = {"created_at": z(opened), "resolved_at": z(resolved) if resolved else None}
    return {"id": key, "type": "incident", "incident_number": int(key[1:]), "title": key, "status": status, "service": {"id": service}, **created}


def entry(key: str, of: dict[str, Any], at: datetime, kind: str = "trigger") -> dict[str, Any]:
    return {"id": key, "type": f"{kind}_log_entry", "created_at": z(at), "incident": {"id": of["id"]}, "service": of["service"]}


class Account:
    """A PagerDuty that pages and filters by time as the real one; `requests` holds what it was asked, `faults` what fails."""

    def __init__(self, incidents: list[dict[str, Any]], entries: list[dict[str, Any]], changes: list[dict[str, Any]] | None = None) -> None:
        self.incidents, self.entries, self.changes = incidents, entries, changes or []
        self.requests: list[httpx.Request] = []
        self.faults: list[tuple[str, Callable[[], httpx.Response]]] = []
        self.totals, self.bound = True, 10_000

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        fault = next((answer for part, answer in self.faults if part in str(request.url)), None)
        return fault() if fault else self._answer(request.url.path.strip("/").split("/"), request.url.params)

    def _answer(self, path: list[str], params: httpx.QueryParams) -> httpx.Response:  # noqa: PLR0911 - one return per endpoint
        match path:
            case ["incidents"]:
                found = [i for i in self.incidents if "statuses[]" not in params or i["status"] in params.get_list("statuses[]")]
                found = [i for i in found if "service_ids[]" not in params or i["service"]["id"] in params.get_list("service_ids[]")]
                return self._page("incidents", found, params, "created_at")
            case ["log_entries"]:
                return self._page("log_entries", self.entries, params, "created_at")
            case ["change_events"] | ["services", _, "change_events"]:
                return self._page("change_events", self.changes, params, "timestamp")
            case ["incidents", key]:
                one = next((i for i in self.incidents if i["id"] == key), None)
                return httpx.Response(200, json={"incident": one}) if one else httpx.Response(404, json={"error": {"message": "Not Found"}})
            case ["incidents", key, "log_entries"]:
                return self._page("log_entries", [e for e in self.entries if e["incident"]["id"] == key], params, "created_at")
            case ["incidents", _, "alerts"]:
                return self._page("alerts", [], params, "created_at")
            case ["incidents", _, "notes"]:
                return httpx.Response(200, json={"notes": []})
        return httpx.Response(404)

    def _page(self, name: str, rows: list[dict[str, Any]], params: httpx.QueryParams, at: str) -> httpx.Response:
        if "since" in params:
            rows = [r for r in rows if params["since"] <= r[at] < params["until"]]
        offset, limit = int(params.get("offset", 0)), int(params["limit"])
        assert limit <= 100 and offset + limit <= self.bound
        total = len(rows) if self.totals and params.get("total") == "true" else None
        return httpx.Response(200, json={name: rows[offset : offset + limit], "more": offset + limit < len(rows), "total": total, "offset": offset})

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [r.url.params for r in self.requests if r.url.path == path]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BACKOFF_S", 0.001)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Index | None]:
    """Fetch from an account; gives what the evidence then says."""

    def run(account: Account, seconds: float = 10.0, **settings: Any) -> Index | None:
        client = httpx.Client
        monkeypatch.setattr(httpx, "Client", lambda **kw: client(**{**kw, "transport": httpx.MockTransport(account)}))
        evidence = Evidence(tmp_path, "run", "pagerduty", lambda: "2026-11-21T14:00:00Z")
        window = Window(int(SINCE.timestamp()) * SECOND_NS, int(UNTIL.timestamp()) * SECOND_NS)
        given = pagerduty.Settings(**{"url": "https://pd.test", "token": TOKEN, **settings})
        try:
            pagerduty.fetch(given, Ask(window, evidence, time.monotonic() + seconds, window.until_ns))
        finally:
            run.index = next(indexes(tmp_path), None)
        return run.index

    return run


NOW = incident("Q1", SINCE + timedelta(minutes=5), SINCE + timedelta(minutes=30))
LOG = [entry("R1", NOW, SINCE + timedelta(minutes=5)), entry("R2", NOW, SINCE + timedelta(minutes=30), "resolve")]


def test_requests_are_plain(serve: Any) -> None:
    """Times are sent in UTC with Z and whole seconds, five minutes wider; UTC is asked for; pages are as large as allowed."""
    account = Account([NOW], LOG)

    serve(account)

    (log,) = account.asked("/log_entries")
    assert (log["since"], log["until"]) == ("2026-11-21T11:55:00Z", "2026-11-21T13:05:00Z")
    assert (log["time_zone"], log.get_list("include[]"), log["limit"], log["offset"]) == ("UTC", ["channels"], "100", "0")
    assert [p["time_zone"] for p in account.asked("/incidents/Q1/log_entries")] == ["UTC"]
    assert {"2026-11-21T11:55:00Z"} == {p["since"] for p in account.asked("/change_events")}
    assert [p.get_list("statuses[]") for p in account.asked("/incidents") if p.get("date_range") == "all"] == [["triggered", "acknowledged"]]
    assert {"application/vnd.pagerduty+json;version=2"} == {r.headers["accept"] for r in account.requests}


@pytest.mark.parametrize(
    ("token", "oauth", "header"),
    [("key-1234", False, "Token token=key-1234"), ("Bearer abc-1234", False, "Bearer abc-1234"), ("abc-1234", True, "Bearer abc-1234")],
)
def test_kinds_of_tokens(serve: Any, token: str, oauth: bool, header: str) -> None:
    """API keys and OAuth tokens go into their own form of the header."""
    account = Account([], [])

    serve(account, token=token, oauth=oauth)

    assert {header} == {r.headers["authorization"] for r in account.requests}


def test_no_token(serve: Any) -> None:
    """Without a token nothing is asked; the sentence names the variable."""
    account = Account([], [])

    with pytest.raises(ConfigError, match="PAGERDUTY_TOKEN"):
        serve(account, token=" ")

    assert not account.requests


def test_incidents_that_touch_the_window(serve: Any) -> None:
    """Asked about are incidents opened in the window, open since before, ended in it, written to in it; not what was over, and
    not what nobody has touched for more than a week.
    """
    over = incident("Q2", SINCE - timedelta(hours=5), SINCE - timedelta(hours=4))
    held = incident("Q3", SINCE - timedelta(hours=5), UNTIL + timedelta(hours=1))
    still = incident("Q4", SINCE - timedelta(days=3))
    forgotten = incident("Q5", SINCE - timedelta(days=90))
    written = incident("Q6", SINCE - timedelta(days=60), UNTIL + timedelta(days=1))
    later = incident("Q7", UNTIL + timedelta(hours=3))
    account = Account([NOW, over, held, still, forgotten, written, later], [*LOG, entry("R3", written, SINCE + timedelta(minutes=1), "annotate")])

    index = serve(account)

    detailed = {r.url.path.split("/")[2] for r in account.requests if r.url.path.endswith("/notes")}
    assert {"Q1", "Q3", "Q4", "Q6"} == detailed
    assert [index.failures] == [()]
    assert "since" not in account.asked("/incidents/Q4/log_entries")[0]
    assert account.asked("/incidents/Q6/log_entries")[0]["since"] == "2026-11-21T11:55:00Z"
    assert [r.form for r in index.replies if r.ref.endswith("Q6/incident.json")] == ["incident"]


def test_services_and_teams(serve: Any) -> None:
    """With filters only the chosen services' incidents and changes are asked for, and nothing of others is kept."""
    other = incident("Q2", SINCE + timedelta(minutes=1), service="S2")
    account = Account([NOW, other], [*LOG, entry("R3", other, SINCE + timedelta(minutes=1))])

    index = serve(account, service_ids=("S1",), team_ids=("T1",))

    assert [p.get_list("team_ids[]") for p in account.asked("/log_entries")] == [["T1"]]
    assert [p.get_list("team_ids[]") for p in account.asked("/services/S1/change_events")] == [["T1"]]
    assert "Q2" not in "".join(r.path.read_text() for r in index.replies)


def many(count: int, seconds: int) -> Account:
    entries = [entry(f"R{n}", NOW, SINCE + timedelta(seconds=n * seconds // count)) for n in range(count)]
    return Account([NOW], entries)


@pytest.mark.parametrize("totals", [True, False])
def test_more_than_paging_reaches(serve: Any, totals: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound of paging (here 1,000) the time is halved until every part fits; every item is had."""
    account = many(2_300, 3000)
    account.totals, account.bound = totals, 1000
    monkeypatch.setattr(listing, "BOUND", 1000)

    index = serve(account)

    had = {e["id"] for r in index.replies if r.form == "log_entries" for e in json.loads(r.path.read_text())["log_entries"]}
    assert len(had) == 2_300
    assert index.failures == ()


def test_too_many_in_a_second(serve: Any) -> None:
    """A second with more than 10,000 entries is noted as a bound, with its time; the rest is had."""
    account = many(10_200, 1)

    index = serve(account, seconds=60)

    bounds = [f for f in index.failures if f.reason == "bound"]
    assert {("2026-11-21T12:00:00Z", "2026-11-21T12:00:01Z")} == {(f.since, f.until) for f in bounds}
    assert all(f.ours and "10,000" in f.text for f in bounds)


def test_half_a_year_at_a_time(tmp_path: Path) -> None:
    """A longer stretch is asked for in pieces that adjoin, each shorter than the six months that the API allows."""
    account = Account([NOW], LOG)
    ask = Ask(Window(0, 1), Evidence(tmp_path, "r", "pagerduty", lambda: ""), time.monotonic() + 5, 0)

    with door.Http("https://pd.test", ask, transport=httpx.MockTransport(account)) as http:
        list(listing.Lister(http, ask).between(listing.Listing("incidents", "/incidents", "i", "incidents"), Window(0, 400 * 86_400 * SECOND_NS)))

    edges = ["1970-01-01T00:00:00Z", "1970-06-30T00:00:00Z", "1970-12-27T00:00:00Z", "1971-02-05T00:00:00Z"]
    assert list(pairwise(edges)) == [(p["since"], p["until"]) for p in account.asked("/incidents")]


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (lambda: httpx.Response(403, json={"error": {"message": "Access Denied"}}), "denied", "refused"),
        (lambda: httpx.Response(404), "unreachable", "404"),
        (lambda: httpx.Response(422, json={"error": {"message": "No"}}), "bad_payload", "422"),
        (lambda: httpx.Response(429, headers={"ratelimit-reset": "0"}), "unreachable", "429"),
        (lambda: httpx.Response(502, html="<html>"), "unreachable", "502"),
        (lambda: httpx.Response(200, html="<!doctype html>"), "bad_payload", "HTML"),
        (lambda: httpx.Response(200, text='{"change_events": [{"id": '), "bad_payload", "breaks off"),
        (lambda: httpx.Response(200, json={"deploys": []}), "bad_payload", "without `change_events`"),
        (lambda: httpx.Response(200, json={"change_events": {}}), "bad_payload", "without `change_events`"),
        (lambda: httpx.Response(200, json={"change_events": None}), "bad_payload", "without `change_events`"),
        (lambda: httpx.Response(200, json=[]), "bad_payload", "a list came"),
        (lambda: httpx.Response(200, json={"change_events": [], "more": True}), "bad_payload", "more was promised"),
    ],
)
def test_one_part_fails(serve: Any, answer: Callable[[], httpx.Response], reason: str, words: str) -> None:
    """One endpoint's failure is noted in a sentence; everything else is had."""
    account = Account([NOW], LOG)
    account.faults = [("/change_events", answer)]

    index = serve(account)

    ((what, had, text, ours),) = [(f.what, f.reason, f.text, f.ours) for f in index.failures]
    assert ("change events", reason, True) == (what, had, ours)
    assert words in text
    assert TOKEN not in text
    assert {"incidents", "log_entries", "alerts", "notes"} <= {r.form for r in index.replies}


@pytest.mark.parametrize("status", [403, 404, 500])
def test_one_incident_fails(serve: Any, status: int) -> None:
    """What one incident refuses is noted under its number; the other incident is whole."""
    other = incident("Q2", SINCE + timedelta(minutes=1))
    account = Account([NOW, other], LOG)
    account.faults = [("/incidents/Q2/", lambda: httpx.Response(status))]

    index = serve(account)

    assert [f.what for f in index.failures] == ["log entries of incident #2", "alerts of incident #2", "notes of incident #2"]
    assert {"incident #2"} == {f.subject for f in index.failures}
    assert len([r for r in index.replies if "/Q1/" in r.ref]) == 3


def test_refused_token(serve: Any) -> None:
    """A 401 ends the visit at once; the sentence names variable, host and the other region."""
    account = Account([NOW], LOG)
    account.faults = [("", lambda: httpx.Response(401, json={"error": {"message": f"bad {TOKEN}"}}))]

    with pytest.raises(Denied) as caught:
        serve(account)

    assert str(caught.value) == "PAGERDUTY_TOKEN refused by pd.test; a wrong region also answers 401: EU accounts use https://api.eu.pagerduty.com"
    assert len(account.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda: httpx.Response(503), Unreachable),
        (lambda: httpx.Response(404), Unreachable),
        (lambda: httpx.Response(403), Denied),
        (lambda: httpx.Response(200, html="<html>"), BadPayload),
    ],
)
def test_everything_fails(serve: Any, answer: Callable[[], httpx.Response], kind: type[SourceError]) -> None:
    """Where no question is answered the source as a whole has failed, once, for the first question's reason."""
    account = Account([], [])
    account.faults = [("", answer)]

    with pytest.raises(kind, match="incidents"):
        serve(account)

    assert serve.index is None


def test_time_is_over(serve: Any) -> None:
    """When the time allowed is over the visit ends as a whole."""
    with pytest.raises(Unreachable, match="time allowed"):
        serve(Account([NOW], LOG), seconds=-1)


def test_going_on_where_it_stopped(serve: Any) -> None:
    """A second run after an interruption asks only for what is missing."""
    account = Account([NOW], LOG)
    account.faults = [("/notes", lambda: httpx.Response(500))]
    serve(account)
    account.requests.clear()
    account.faults = []

    index = serve(account)

    assert [r.url.path for r in account.requests] == ["/incidents/Q1/notes"]
    assert "notes" in {r.form for r in index.replies}


def test_probe(serve: Any, tmp_path: Path) -> None:
    """The probe tells apart a server that answers, one that refuses, and one that is not there."""
    account = Account([NOW], LOG)
    serve(account)
    given = pagerduty.Settings("https://pd.test", TOKEN)
    ask = Ask(Window(0, 1), Evidence(tmp_path / "probe", "r", "pagerduty", lambda: ""), time.monotonic() + 5, 0)

    fine = pagerduty.probe(given, ask)
    account.faults = [("", lambda: httpx.Response(401))]
    refused = pagerduty.probe(given, ask)
    account.faults = [("", lambda: httpx.Response(503))]
    down = pagerduty.probe(given, ask)

    assert [(p.reachable, p.permitted) for p in (fine, refused, down)] == [(True, True), (True, False), (False, False)]
    assert "EU accounts" in refused.detail


def test_settings_hide_the_token() -> None:
    """The token does not show where settings are printed."""
    assert TOKEN not in repr(pagerduty.Settings(token=TOKEN))
