"""Alertmanager: what its answers and its receivers' files become, and fetching from a real one."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from retroline.collectors import alertmanager
from retroline.collectors.alertmanager import fetcher
from retroline.collectors.alertmanager.fingerprint import fingerprint
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Denied, Unreachable
from retroline.collectors.evidence import Evidence, Index, Reply, indexes
from retroline.collectors.http import Http
from retroline.collectors.window import Window

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures" / "alertmanager"
NOW = "2026-11-21T00:30:00Z"
SERVER = next((found for name in ("prometheus-alertmanager", "alertmanager") if (found := shutil.which(name))), None)


def read(form: str, name: str | Path) -> list[dict[str, Any]]:
    """Facts of a fixture, attributes and labels as dicts."""
    path = FIXTURES / name
    found = [fact for raw in alertmanager.read(Reply("alertmanager", form, f"r1/alertmanager/{path.name}", path)) for fact in raw.batch.to_pylist()]
    return [{**f, "labels": dict(f["labels"] or ()), "attributes": json.loads(f["attributes"] or "{}")} for f in found]


def told(tmp_path: Path, *lines: bytes) -> list[dict[str, Any]]:
    """Facts of a history file with these lines."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return read("history", path)


def ask(folder: Path, seconds: float = 10.0) -> Ask:
    return Ask(Window(10**9, 2 * 10**9), Evidence(folder, "r1", "alertmanager", lambda: NOW), time.monotonic() + seconds, 3 * 10**9)


def only(folder: Path) -> Index:
    (index,) = indexes(folder)
    return index


@pytest.mark.parametrize("name", ["alerts.json", "amtool-alerts.json", "webhook.jsonl"])
def test_fingerprint_is_alertmanagers_own(name: str) -> None:
    """The fingerprint computed from an alert's labels is the one Alertmanager gave."""
    alerts = [f for f in read("history" if name.endswith("l") else "alerts", name) if f["labels"]]

    assert alerts
    assert [fingerprint(a["labels"]) for a in alerts] == [a["native_id"] for a in alerts]


def test_an_active_alert() -> None:
    """An alert of the API is a state at its startsAt, in milliseconds; endsAt is kept as the promise it is."""
    (fact,) = [f for f in read("alerts", "alerts.json") if f["labels"]["alertname"] == "CpuThrottlingHigh"]

    assert (fact["kind"], fact["stamp"], fact["resolution_ns"], fact["clock"]) == ("state.am_alert", "2026-11-21T00:20:50.692Z", 1_000_000, "prometheus")
    assert fact["attributes"]["state"] == "suppressed"
    assert fact["attributes"]["silencedBy"] == ["d554d65d-b4e0-4af2-a329-45c319f235f5"]
    assert fact["attributes"]["endsAt"].startswith("2026-11-21T00:2")
    assert fact["attributes"]["annotations"]["summary"].startswith("CPU of checkout throttled")
    assert fact["ref"] == "r1/alertmanager/alerts.json#/" + fact["ref"].rpartition("/")[2]


def test_groups_hold_the_same_alerts() -> None:
    """Each alert of a group is one fact with the group's labels."""
    facts = read("groups", "groups.json")

    assert {f["native_id"] for f in facts} == {f["native_id"] for f in read("alerts", "alerts.json")}
    assert all(f["attributes"]["group_labels"].items() <= f["labels"].items() for f in facts)


def test_silences_begin_and_end() -> None:
    """A silence gives its start with author and comment, and its end once it has expired."""
    facts = read("silences", "silences.json")
    mine = {f["kind"]: f for f in facts if f["native_id"] == "d554d65d-b4e0-4af2-a329-45c319f235f5"}

    assert Counter(f["kind"] for f in facts) == {"alert.silenced": 4, "alert.unsilenced": 2}
    assert (mine["alert.silenced"]["stamp"], mine["alert.unsilenced"]["stamp"]) == ("2026-11-21T00:21:37.044Z", "2026-11-21T00:26:52.433Z")
    assert (mine["alert.silenced"]["actor"], mine["alert.silenced"]["body"]) == ("maria.okafor", "extended until the rollback is done")
    assert mine["alert.silenced"]["subject"] == "alertname=CpuThrottlingHigh,service=checkout"
    assert mine["alert.silenced"]["thread"] == mine["alert.unsilenced"]["thread"]
    assert any(f["subject"] == "service=~ledger|checkout,severity!=critical" for f in facts)


def test_a_webhook_in_its_envelope() -> None:
    """Each alert of a notification is a record of its own, with the time at which it was received and the group's key."""
    facts = [f for f in read("history", "webhook.jsonl") if f["labels"]["alertname"] == "InstanceDown"]
    late = next(f for f in facts if f["stamp"] == "2026-11-21T00:18:09.4Z")

    assert (late["attributes"]["status"], late["attributes"]["endsAt"]) == ("resolved", "2026-11-21T00:18:14.4Z")
    assert late["attributes"]["received_at"] == "2026-11-21T00:24:44.404Z"
    assert late["attributes"]["group_key"].endswith(':{alertname="InstanceDown", service="checkout"}')
    assert len({f["record"] for f in facts}) == len(facts)
    assert late["ref"].endswith(" /body/alerts/2")


def test_a_bare_webhook_has_no_time_of_sending() -> None:
    """A body without envelope says nothing of when it was sent."""
    facts = read("history", "webhook-bare.jsonl")

    assert len(facts) == 3
    assert {f["attributes"]["received_at"] for f in facts} == {None}


def test_recorder_lines_of_both_versions() -> None:
    """The event recorder's alerts carry hex fingerprints and labels as a mapping, whichever version wrote them."""
    facts = read("history", "recorder.jsonl")
    happened = Counter(f["attributes"].get("happening") for f in facts if f["kind"] == "state.recorder_alert")
    resolved = next(f for f in facts if f["attributes"].get("happening") == "resolved")
    disk = next(f for f in facts if f["labels"].get("alertname") == "DiskFull")

    assert happened == {"created": 2, "grouped": 1, "notification": 2, "silenced": 1, "inhibited": 1, "resolved": 1}
    assert resolved["native_id"] == fingerprint(resolved["labels"])
    assert (resolved["stamp"], resolved["attributes"]["endsAt"]) == ("2026-11-20T22:04:11.250Z", "2026-11-20T22:19:26.250Z")
    assert resolved["attributes"]["group_key"] == '{}/{severity="critical"}:{alertname="QueueStuck", service="mailer"}'
    assert disk["native_id"] == fingerprint(disk["labels"])
    assert [f["attributes"]["reason"] for f in facts if f["attributes"].get("happening") == "notification"] == ["first notification", "all alerts resolved"]


def test_recorder_lines_tell_silences() -> None:
    """A silence created and ended early, as the recorder tells it, is the same thread as in the API, with its matchers."""
    silences = [f for f in read("history", "recorder.jsonl") if f["kind"].startswith("alert.")]

    assert {f["thread"] for f in silences} == {"silence:0b0f3c52-5a0a-4d7e-8a44-4b6f5e7a9c11"}
    assert [(f["kind"], f["stamp"]) for f in silences if f["edge"] == "end"] == [("alert.unsilenced", "2026-11-20T22:15:30Z")]
    assert silences[0]["subject"] == "alertname=QueueStuck,service!~test-.*"


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    """Lines that are no JSON, cut, or of another kind are unreadable records with their numbers; the good ones are read."""
    good = (FIXTURES / "webhook-bare.jsonl").read_bytes().splitlines()[0]

    facts = told(
        tmp_path, b"\xff\xfe rubbish", good, b'{"a": 1}', good[:200], b"", b"[" * 100_000, b"7", b'{"data": {"newThing": {}}, "@timestamp": "x"}', good
    )

    unread = [f for f in facts if f["kind"] == "unreadable"]
    assert [f["ref"].partition("#")[2] for f in unread] == ["line 1", "line 3", "line 4", "line 6", "line 7", "line 8"]
    assert [f["ref"].partition("#")[2] for f in facts if f["kind"] == "state.webhook_alert"] == ["line 2 /alerts/0", "line 9 /alerts/0"]


def test_one_document_over_many_lines(tmp_path: Path) -> None:
    """A body saved with indentation is one notification; a JSON list of bodies is several."""
    body = json.loads((FIXTURES / "webhook-bare.jsonl").read_text().splitlines()[0])

    one = told(tmp_path, json.dumps(body, indent=2).encode())
    two = told(tmp_path, json.dumps([body, {"received_at": NOW, "body": json.dumps(body)}], indent=2).encode())

    assert [f["ref"].partition("#")[2] for f in one] == ["/alerts/0"]
    assert [(f["ref"].partition("#")[2], f["attributes"]["received_at"]) for f in two] == [("/0/alerts/0", None), ("/1/body/alerts/0", NOW)]


def test_a_notification_that_was_cut_says_so(tmp_path: Path) -> None:
    """Alerts that `max_alerts` left out of a notification are a warning."""
    body = json.loads((FIXTURES / "webhook-bare.jsonl").read_text().splitlines()[0]) | {"truncatedAlerts": 4}

    (warning,) = [f for f in told(tmp_path, json.dumps(body).encode()) if f["kind"] == "context.warning"]

    assert "left out 4 alerts" in warning["attributes"]["text"]


def test_zero_times_are_no_times(tmp_path: Path) -> None:
    """Go's zero time as a start gives no stamp."""
    body = json.loads((FIXTURES / "webhook-bare.jsonl").read_text().splitlines()[0])
    body["alerts"][0]["startsAt"] = "0001-01-01T00:00:00Z"

    assert told(tmp_path, json.dumps(body).encode())[0]["stamp"] is None


@pytest.mark.parametrize(
    ("form", "text"), [("alerts", '{"status": "success"}'), ("status", "[]"), ("silences", '"no"'), ("nonsense", "[]"), ("alerts", "<html>")]
)
def test_another_shape_is_a_bad_payload(tmp_path: Path, form: str, text: str) -> None:
    """A reply whose top level is not what its form promises is refused as a whole."""
    path = tmp_path / "x"
    path.write_text(text)

    with pytest.raises(BadPayload):
        read(form, path)


def test_items_of_another_shape_are_counted(tmp_path: Path) -> None:
    """An item that is no alert is an unreadable record; its neighbours are read."""
    path = tmp_path / "x"
    path.write_text(json.dumps([None, {"labels": {}}, *json.loads((FIXTURES / "alerts.json").read_text())[:1]]))

    assert [f["kind"] for f in read("alerts", path)] == ["unreadable", "unreadable", "state.am_alert"]


@pytest.mark.parametrize(
    ("document", "name", "form"),
    [
        ([], "alerts.json", "alerts"),
        ([], "alerts-groups.json", "groups"),
        ([], "silences.json", "silences"),
        ([], "pods.json", None),
        ({"status": "success", "data": {"alerts": []}}, "alerts.json", None),
        ({"incidents": []}, "incidents.json", None),
        ({"received_at": "x", "body": {"event_action": "trigger"}}, "pd.jsonl", None),
        ([{"name": "ops"}], "x.json", "receivers"),
        ([1, 2], "alerts.json", None),
        ("text", "alerts.json", None),
    ],
)
def test_recognising(document: Any, name: str, form: str | None) -> None:
    """A document is recognised by its keys, an empty list by its name, and others' documents are left alone."""
    assert alertmanager.recognise(document, name) == form


def test_a_missing_history_file_is_the_users_to_mend(tmp_path: Path) -> None:
    """A path that does not exist, or is a folder, is named in a configuration error."""
    for name in ("nowhere.jsonl", ""):
        with pytest.raises(ConfigError, match="alert log"):
            alertmanager.fetch(alertmanager.Settings(alert_log=(str(tmp_path / name),)), ask(tmp_path / "evidence"))


def test_history_files_are_copied_byte_for_byte(tmp_path: Path) -> None:
    """A history file lands in the evidence unchanged, and is not copied again by a run that continues."""
    log = str(FIXTURES / "webhook.jsonl")

    alertmanager.fetch(alertmanager.Settings(alert_log=(log, log)), ask(tmp_path))
    alertmanager.fetch(alertmanager.Settings(alert_log=(log, log)), ask(tmp_path))

    index = only(tmp_path)
    assert [r.form for r in index.replies] == ["history", "history"]
    assert all(r.body() == Path(log).read_bytes() for r in index.replies)
    assert index.failures == ()


def fake(monkeypatch: pytest.MonkeyPatch, answers: dict[str, httpx.Response]) -> list[httpx.Request]:
    """Answer by the last part of the path; what was asked is returned."""
    asked: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answers.get(request.url.path.rpartition("/api/v2")[2], httpx.Response(404))

    def http(settings: alertmanager.Settings, asking: Ask) -> Http:
        return Http(settings.url or "", asking, secret_hint=fetcher.HINT, transport=httpx.MockTransport(handler))

    monkeypatch.setattr(fetcher, "_http", http)
    return asked


def good() -> dict[str, httpx.Response]:
    paths = {"status": "/status", "alerts": "/alerts", "groups": "/alerts/groups", "silences": "/silences", "receivers": "/receivers"}
    return {path: httpx.Response(200, content=(FIXTURES / f"{name}.json").read_bytes()) for name, path in paths.items()}


def test_everything_is_asked_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All five answers are saved as received, below the path prefix; what Alertmanager forgot is noted as not ours."""
    asked = fake(monkeypatch, good())

    alertmanager.fetch(alertmanager.Settings(url="http://me:hidden@am.test/prefix/"), ask(tmp_path))

    index = only(tmp_path)
    assert {r.form for r in index.replies} == {"status", "alerts", "groups", "silences", "receivers"}
    assert all(r.url.path.startswith("/prefix/api/v2/") for r in asked)
    assert next(r for r in index.replies if r.form == "alerts").body() == (FIXTURES / "alerts.json").read_bytes()
    assert [(f.reason, f.ours) for f in index.failures] == [("gone", False)]
    assert b"hidden" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_one_question_that_fails_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused or broken answer is noted with its reason, and the rest is still collected."""
    fake(monkeypatch, good() | {"/silences": httpx.Response(403), "/alerts/groups": httpx.Response(200, text="<html>")})

    alertmanager.fetch(alertmanager.Settings(url="http://am.test", alert_log=(str(FIXTURES / "webhook.jsonl"),)), ask(tmp_path))

    index = only(tmp_path)
    assert {r.form for r in index.replies} == {"history", "status", "alerts", "receivers"}
    assert {(f.what, f.reason, f.ours) for f in index.failures} == {("silences", "denied", True), ("alert groups", "bad_payload", True)}


def test_a_run_that_continues_asks_only_for_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that an earlier run saved are not asked for again."""
    fake(monkeypatch, good() | {"/silences": httpx.Response(400)})
    alertmanager.fetch(alertmanager.Settings(url="http://am.test"), ask(tmp_path))

    asked = fake(monkeypatch, good())
    alertmanager.fetch(alertmanager.Settings(url="http://am.test"), ask(tmp_path))

    assert [r.url.path for r in asked] == ["/api/v2/silences"]


@pytest.mark.parametrize(
    ("status", "error", "words"), [(401, Denied, "ALERTMANAGER_USER and ALERTMANAGER_PASSWORD"), (404, Unreachable, "is the base URL right")]
)
def test_a_server_that_answers_nothing_fails_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception], words: str
) -> None:
    """When no question is answered the source has failed, with the first reason."""
    fake(monkeypatch, {path: httpx.Response(status) for path in good()})

    with pytest.raises(error, match=words):
        alertmanager.fetch(alertmanager.Settings(url="http://am.test"), ask(tmp_path))

    assert list(indexes(tmp_path)) == []


def test_credentials_in_the_servers_configuration_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """User names, passwords and query strings of URLs in the configuration do not reach the evidence."""
    config = "route:\n  receiver: a\nreceivers:\n- name: a\n  webhook_configs:\n  - url: https://bot:pass-w0rd@hook.test/in?token=t0ken&x=1\n"
    fake(monkeypatch, good() | {"/status": httpx.Response(200, json={"config": {"original": config}})})

    alertmanager.fetch(alertmanager.Settings(url="http://am.test"), ask(tmp_path))

    (reply,) = [r for r in only(tmp_path).replies if r.form == "status"]
    assert reply.json()["config"]["original"].splitlines()[-1] == "  - url: https://***@hook.test/in?***"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Alertmanager with one firing alert and one silence, behind a path prefix."""
    if not SERVER:
        if os.environ.get("CI"):
            pytest.fail("Alertmanager is not installed (package prometheus-alertmanager)")
        pytest.skip("Alertmanager is not installed (package prometheus-alertmanager)")
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "am.yml").write_text("route:\n  receiver: nobody\n  group_by: [alertname]\nreceivers:\n- name: nobody\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/am"
    listening = [f"--web.listen-address=127.0.0.1:{port}", "--web.route-prefix=/am", f"--web.external-url={url}", "--cluster.listen-address="]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([SERVER, f"--config.file={folder / 'am.yml'}", f"--storage.path={folder}", *listening], stdout=log, stderr=log)
    try:
        _ready(url)
        httpx.post(
            f"{url}/api/v2/alerts", json=[{"labels": {"alertname": "Drill", "service": "shop"}, "annotations": {"summary": "a drill"}}]
        ).raise_for_status()
        matchers = [{"name": "alertname", "value": "Other", "isRegex": False, "isEqual": True}]
        span = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
        httpx.post(f"{url}/api/v2/silences", json={"matchers": matchers, **span, "createdBy": "me", "comment": "old noise"}).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _ready(url: str) -> None:
    for _ in range(100):
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("Alertmanager did not start")


def test_a_real_alertmanager(server: str, tmp_path: Path) -> None:
    """Everything a real server answers is saved, recognised as what it is, and read: its alert, its silence, its configuration."""
    alertmanager.fetch(alertmanager.Settings(url=server), ask(tmp_path))

    index = only(tmp_path)
    facts = [f for r in index.replies for raw in alertmanager.read(r) for f in raw.batch.to_pylist()]
    assert [r.form for r in index.replies] == ["status", "alerts", "groups", "silences", "receivers"]
    assert all(alertmanager.recognise(r.json(), "x.json") == r.form for r in index.replies)
    assert {f["native_id"] for f in facts if f["kind"] == "state.am_alert"} == {fingerprint({"alertname": "Drill", "service": "shop"})}
    assert [(f["actor"], f["body"]) for f in facts if f["kind"] == "alert.silenced"] == [("me", "old noise")]
    assert sum(f["kind"] == "context.am_route" for f in facts) == 1


def test_probing_a_real_alertmanager(server: str, tmp_path: Path) -> None:
    """The probe tells the version and the server's clock; a wrong prefix or a closed port is told as such."""
    probe = alertmanager.probe(alertmanager.Settings(url=server), ask(tmp_path))
    wrong = alertmanager.probe(alertmanager.Settings(url=f"{server}/nowhere"), ask(tmp_path))

    assert (probe.reachable, probe.permitted) == (True, True)
    assert probe.detail.startswith("Alertmanager 0.")
    assert probe.date.endswith("GMT")
    assert not wrong.reachable
    assert "base URL" in wrong.detail


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_history_packed_and_cut_is_read_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    """What could be unpacked gives its facts, then the file is said to be broken."""
    line = json.dumps({"version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "alerts": []}).encode() + b"\n"
    packed = gzip.compress(b"".join(line.replace(b'"g"', b'"%d"' % number) for number in range(20_000)))
    (tmp_path / "h.jsonl.gz").write_bytes(packed[: max(2, round(len(packed) * share))])
    found = alertmanager.read(Reply("alertmanager", "history", "h.jsonl.gz", tmp_path / "h.jsonl.gz"))

    with pytest.raises(BadPayload, match=r"h\.jsonl\.gz: the compressed file is broken"):
        list(found)
