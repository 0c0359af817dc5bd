"""Four servers replay the shipped incident, and each fails in turn: the other three give their rows, and the report says what is missing."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from retroline.collectors import http, run
from retroline.collectors.alertmanager import Settings as Alertmanager
from retroline.collectors.kubernetes import Settings as Kubernetes
from retroline.collectors.kubernetes import client, stream
from retroline.collectors.pagerduty import Settings as PagerDuty
from retroline.collectors.prometheus import Settings as Prometheus
from retroline.collectors.prometheus import client as promclient
from retroline.collectors.run import collect_all
from retroline.collectors.session import session
from retroline.collectors.window import Window
from retroline.normalize.stamps import instant_ns
from retroline.timeline.folder import build_folder
from retroline.timeline.people import People, write_people

SAVED = Path(__file__).resolve().parent.parent / "fixtures" / "incident-c"
SINCE, UNTIL = instant_ns("2026-11-21T01:19:35Z"), instant_ns("2026-11-21T01:27:06Z")
assert SINCE
assert UNTIL
WINDOW = Window(SINCE, UNTIL)
NOW_NS = UNTIL + 60 * 10**9
TOKEN = "t0ken-that-nobody-may-see"
SOURCES = ("alertmanager", "kubernetes", "pagerduty", "prometheus")
EMPTY = {"status": "success", "data": {"resultType": "matrix", "result": []}}
PAGER = ("paged", "acknowledged", "engaged", "resolved")


def document(name: str) -> Any:
    return json.loads((SAVED / name).read_bytes())


def kubernetes(path: str, asked: dict[str, str]) -> Any:
    log = re.search(r"/pods/([^/]+)/log$", path)
    if log:
        name = f"{asked['container']}{'.previous' if 'previous' in asked else ''}.log.gz"
        file = SAVED / "kubernetes" / "after" / "logs" / log[1] / name
        return gzip.decompress(file.read_bytes()) if file.exists() else b""
    last = "events-nodes" if "/default/events" in path else path.rpartition("/")[2]
    file = SAVED / "kubernetes" / "after" / f"{last}.json"
    return file.read_bytes() if file.exists() else {"items": []}


def prometheus(path: str, asked: dict[str, str]) -> Any:
    query = asked.get("query", "")
    if query == "time()":
        return {"status": "success", "data": {"resultType": "scalar", "result": [NOW_NS // 10**9, str(NOW_NS // 10**9)]}}
    if path.endswith("runtimeinfo"):
        return (SAVED.parent / "prometheus" / "runtimeinfo.json").read_bytes()
    if path.endswith("query_range"):
        return document("prometheus/query_range/error_ratio.json") if query.startswith("service:http_errors") else EMPTY
    if path.endswith("query"):
        name = re.match(r"\w+", query)
        file = SAVED / "prometheus" / "query" / f"{name[0] if name else ''}.json"
        return file.read_bytes() if file.exists() else EMPTY
    name = path.rpartition("/")[2]
    return document(f"prometheus/{'after/alerts' if name == 'alerts' else name}.json")


def alertmanager(path: str, asked: dict[str, str]) -> Any:
    name = path.rpartition("/")[2]
    return [] if name == "receivers" else document(f"alertmanager/{'status' if name == 'status' else f'after/{name}'}.json")


def pagerduty(path: str, asked: dict[str, str]) -> Any:
    of = re.search(r"/incidents/(\w+)/(\w+)$", path)
    if of and of[2] != "log_entries":
        return document(f"pagerduty/{of[2]}-{of[1]}.json")
    name = path.rpartition("/")[2]
    whole = document(f"pagerduty/{name}.json")
    chosen = [e for e in whole[name] if not of or e["incident"]["id"] == of[1]]
    return {**whole, name: [e for e in chosen if "statuses[]" not in asked or e["status"] in ("triggered", "acknowledged")]}


ANSWERS = {"kubernetes": kubernetes, "prometheus": prometheus, "alertmanager": alertmanager, "pagerduty": pagerduty}


class Server(ThreadingHTTPServer):
    """One API; `fault` strikes every request whose path has `where` in it."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.fault, self.where, self.asked = name, "", "", 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        parts = urlsplit(self.path)
        found = ANSWERS[self.server.name](parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        fault = self.server.fault if self.server.where in self.path else ""
        status = int(fault) if fault.isdecimal() else 200
        if fault.isdecimal():
            body = json.dumps({"message": f"staged, {self.headers.get('Authorization', '')}"}).encode()
        elif fault == "html":
            body = b"<html><body>log in</body></html>"
        elif fault == "garbage":
            body = b'{"status":"success","data":{"result":[{"metric":'
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if fault == "html" else "application/json" if not self.path.count("/log?") else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(name: str) -> Iterator[Server]:
    with Server(name) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    """The four APIs."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(served(name)) for name in SOURCES}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (http, client, stream, promclient):
        monkeypatch.setattr(module, "BACKOFF_S", 0.001)
    monkeypatch.setattr(run, "GRACE_S", 0.5)


def told(folder: Path, servers: dict[str, Server], **urls: str) -> Any:
    """The JSON report of one collection; `urls` take the place of servers. `said`: the report's sentences on what failed."""
    folder.mkdir(exist_ok=True)
    at = {name: urls.get(name, server.url) for name, server in servers.items()}
    user = {"name": "u", "user": {"token": TOKEN}}
    config = {
        "kind": "Config",
        "current-context": "c",
        "users": [user],
        "clusters": [{"name": "s", "cluster": {"server": at["kubernetes"]}}],
        "contexts": [{"name": "c", "context": {"cluster": "s", "user": "u", "namespace": "shop"}}],
    }
    (folder.parent / "kubeconfig").write_text(json.dumps(config))
    settings = {
        "alertmanager": Alertmanager(at["alertmanager"], token=TOKEN, alert_log=(str(SAVED / "alertmanager" / "webhook.jsonl"),)),
        "kubernetes": Kubernetes(str(folder.parent / "kubeconfig")),
        "pagerduty": PagerDuty(at["pagerduty"], TOKEN),
        "prometheus": Prometheus(at["prometheus"], token=TOKEN),
    }
    plan = session(folder / "evidence", settings, WINDOW)
    collect_all(plan.ask, WINDOW, folder / "evidence", plan.run, now_ns=NOW_NS, timeout_s=20)
    write_people(folder, People("x", WINDOW))
    timeline = build_folder(folder)
    unseen = timeline.to_markdown().partition("## What could not be seen")[2]
    said = [line for line in unseen.splitlines() if line.startswith("- **")]
    still = [line for line in unseen.partition("Still to be had:")[2].splitlines() if line]
    return SimpleNamespace(**json.loads(timeline.to_json()), said=said, still=still)


@pytest.fixture(scope="module")
def whole(servers: dict[str, Server], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The report with all four up."""
    return told(tmp_path_factory.mktemp("whole") / "x", servers)


def sources(event: dict[str, Any]) -> set[str]:
    return {w["source"] for w in event["witnesses"]} or {event["source"]}


def alone(report: Any, down: str) -> set[str]:
    """Ids of the rows that the failed source has no part in; an alert's labels, and so its id, are told by Prometheus and Alertmanager together."""
    tied = {"prometheus": ("alert.", "workload."), "kubernetes": ("change.", "workload.")}.get(down, ())
    return {e["event_id"] for e in report.events if down not in sources(e) and not e["kind"].startswith(("gap", *tied))}


def test_all_four_up(whole: Any) -> None:
    """The replayed incident is whole: all milestones, nothing missing by fault of a source, and one line for each on what it can still give."""
    assert whole.said == []
    assert [line.partition(":")[0] for line in whole.still] == [f"- {source}" for source in SOURCES]
    assert {"change", "impact", "detected", *PAGER, "recovered", "mitigation_started"} <= {m["name"] for m in whole.milestones}


@pytest.mark.parametrize("fault", ["down", "500", "401", "403", "404", "422", "cut", "garbage", "html"])
@pytest.mark.parametrize("down", SOURCES)
def test_one_source_fails(tmp_path: Path, servers: dict[str, Server], whole: Any, down: str, fault: str) -> None:
    """The rows of the other three are those of the whole report, the loss is a gap, a coverage row and few sentences, and no secret is written."""
    servers[down].fault = "" if fault == "down" else fault
    try:
        report = told(tmp_path / "x", servers, **({down: "http://127.0.0.1:1"} if fault == "down" else {}))
    finally:
        servers[down].fault = ""

    assert alone(whole, down) <= {e["event_id"] for e in report.events}
    assert alone(report, down) <= {e["event_id"] for e in whole.events}
    assert [e for e in report.events if e["kind"] == "gap" and e["labels"].get("ours") == "true" and e["source"] == down]
    assert {c["source"] for c in report.coverage if c["ours"]} == {down}
    assert 1 <= len(report.said) <= 5
    assert all(line.startswith(f"- **{down}**: ") for line in report.said)
    assert all(a["received"] == a["kept"] + a["folded"] + a["outside"] + a["unreadable"] for a in report.accounting.values())
    assert TOKEN not in "".join(p.read_text("utf-8", "replace") for p in (tmp_path / "x").rglob("*") if p.is_file())


LOST = {
    "the pager": ("pagerduty", "", PAGER),
    "all of Prometheus": ("prometheus", "", ("impact", "recovered")),
    "the series": ("prometheus", "query_range", ()),
    "the history of alerts": ("prometheus", "ALERTS", ("impact", "recovered")),
}


@pytest.mark.parametrize("lost", LOST)
def test_no_milestone_is_wrong_for_what_was_lost(tmp_path: Path, servers: dict[str, Server], whole: Any, lost: str) -> None:
    """A milestone that rests on what was lost is blank, or so wide that it holds the one of the whole report."""
    down, where, blank = LOST[lost]
    servers[down].fault, servers[down].where = "cut", where
    try:
        report = told(tmp_path / "x", servers)
    finally:
        servers[down].fault = servers[down].where = ""
    best = {m["name"]: m["best"] for m in whole.milestones}
    found = {m["name"]: m for m in report.milestones}

    assert not found.keys() & set(blank)
    assert found.keys() <= best.keys()
    assert all((m["earliest"] or "") <= best[name] <= (m["latest"] or "~") for name, m in found.items())


@pytest.mark.parametrize("down", SOURCES)
def test_what_was_missed_is_mended_by_the_same_command(tmp_path: Path, servers: dict[str, Server], whole: Any, down: str) -> None:
    """Once the source is up again only it is asked, and the report is the whole one."""
    servers[down].fault = "403"
    try:
        told(tmp_path / "x", servers)
    finally:
        servers[down].fault = ""
    before = {name: server.asked for name, server in servers.items()}

    report = told(tmp_path / "x", servers)

    assert [name for name, server in servers.items() if server.asked > before[name]] == [down]
    assert report.said == []
    assert {e["event_id"] for e in report.events} == {e["event_id"] for e in whole.events}
    assert report.milestones == whole.milestones


def test_the_same_state_read_at_two_moments_is_one(tmp_path: Path, servers: dict[str, Server], whole: Any) -> None:
    """A second run beside the first, over the same answers, adds no row and moves none."""
    told(tmp_path / "x", servers)
    runs = tmp_path / "x" / "evidence"
    (first,) = runs.iterdir()
    second = runs / f"{first.name}-2"
    second.mkdir()
    for path in sorted(first.rglob("*")):
        to = second / path.relative_to(first)
        to.mkdir() if path.is_dir() else to.write_bytes(
            path.read_bytes().replace(first.name.encode(), second.name.encode()) if path.suffix == ".jsonl" else path.read_bytes()
        )

    report = json.loads(build_folder(tmp_path / "x").to_json())

    assert [(e["event_id"], e["at"]) for e in report["events"]] == [(e["event_id"], e["at"]) for e in whole.events]
    assert report["milestones"] == whole.milestones
