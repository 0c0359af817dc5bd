"""Asking a Prometheus: against recorded answers, and against a server that refuses, cuts, hangs and redirects."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import vcr
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Denied, SourceError, TooExpensive, Unreachable
from retroline.collectors.evidence import Evidence, Index, indexes
from retroline.collectors.prometheus import Query, Settings, fetch, probe, read
from retroline.collectors.prometheus.client import Client
from retroline.collectors.window import Window

FOLDER = Path(__file__).resolve().parent.parent.parent / "fixtures" / "prometheus"
S = 1_000_000_000
SINCE = 1795224060
Reply = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, dict[str, str]], Reply]


def ok(data: Any, **more: Any) -> Reply:
    return 200, {}, json.dumps({"status": "success", "data": data, **more}).encode()


def error(status: int, kind: str, text: str, **headers: str) -> Reply:
    return status, headers, json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


def matrix(*series: Any) -> Reply:
    return ok({"resultType": "matrix", "result": list(series)})


RULES = {
    "groups": [
        {
            "name": "g",
            "interval": 5,
            "rules": [
                {"type": "alerting", "name": "High", "query": "errors > 0.05", "duration": 20, "labels": {"severity": "critical"}},
                {"type": "alerting", "name": "Higher", "query": "errors > 0.2", "duration": 0},
                {"type": "alerting", "name": "Quiet", "query": "never > 1", "duration": 0},
                {"type": "alerting", "name": "Dialect", "query": "x keep_metric_names > 1", "duration": 0},
            ],
        }
    ]
}
ANSWERS: dict[str, Reply] = {
    "time()": ok({"resultType": "scalar", "result": [SINCE, str(SINCE)]}),
    "/api/v1/status/config": ok({"yaml": "global:\n  evaluation_interval: 5s\n"}),
    "/api/v1/status/buildinfo": ok({"version": "3.14.0", "goVersion": "go1"}),
    "/api/v1/status/runtimeinfo": ok({"storageRetention": "15d or 10GiB"}),
    "/api/v1/rules": ok(RULES),
    "/api/v1/alerts": ok({"alerts": []}),
    "ALERTS": matrix(
        *(
            {"metric": {"__name__": "ALERTS", "alertname": n, "alertstate": "firing"}, "values": [[SINCE + 5.5, "1"]]}
            for n in ("High", "Higher", "Gone", "Dialect")
        )
    ),
}


def answer(path: str, params: dict[str, str]) -> Reply:
    """A healthy Prometheus."""
    query = params.get("query", "")
    return ANSWERS.get(query) or ANSWERS.get(query.partition("[")[0]) or ANSWERS.get(path) or matrix()


class Server:
    """A server on loopback that answers as its `handler` says; `asked` holds path, parameters and headers of every request."""

    def __init__(self) -> None:
        self.handler: Handler = answer
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.hang = threading.Event()
        outer = self

        class One(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self.respond(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self.respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def respond(self, query: str) -> None:
                path, params = urlsplit(self.path).path, dict(parse_qsl(query))
                outer.asked.append((path, params, {k.lower(): v for k, v in self.headers.items()}))
                status, headers, body = outer.handler(path, params)
                cut = headers.pop("X-Cut", "")
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
                if cut:
                    self.close_connection = True

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), One)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        if self.hang.is_set():
            return
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self.thread.join()

    def queries(self) -> list[str]:
        return [params["query"] for _, params, _ in self.asked if "query" in params]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("retroline.collectors.prometheus.client.BACKOFF_S", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = Server()
    yield found
    found.close()


def ask(root: Path, seconds: float = 30, window: Window | None = None, now: int = SINCE + 600) -> Ask:
    evidence = Evidence(root, "r1", "prometheus", lambda: "2026-11-21T01:30:00Z")
    return Ask(window or Window(SINCE * S, (SINCE + 60) * S), evidence, time.monotonic() + seconds, now * S)


def run(url: str, root: Path, settings: dict[str, Any] | None = None, **more: Any) -> Index:
    fetch(Settings(url, **{"margin_s": 30, **(settings or {})}), ask(root, **more))
    (index,) = indexes(root)
    return index


def when(chosen: Callable[[str, dict[str, str]], bool], reply: Reply, times: int = 10**6) -> Handler:
    """A healthy server but for requests that `chosen` picks, the first `times` of them."""
    left = [times]

    def handler(path: str, params: dict[str, str]) -> Reply:
        if left[0] > 0 and chosen(path, params):
            left[0] -= 1
            return reply[0], dict(reply[1]), reply[2]
        return answer(path, params)

    return handler


def always(path: str, params: dict[str, str]) -> bool:
    return True


def ranges(path: str, params: dict[str, str]) -> bool:
    return path.endswith("query_range")


def get(server: Server, root: Path, seconds: float = 30, **settings: Any) -> bytes:
    with Client(Settings(server.url, **settings), ask(root, seconds)) as client:
        return client.get("/api/v1/query", {"query": "1"}).body


def test_recorded_incident(tmp_path: Path) -> None:
    """Recorded answers of a real Prometheus: history, rules and the series behind the alerts that fired, each asked once."""
    cassette = str(FOLDER / "cassettes" / "incident-c.yaml")
    with vcr.use_cassette(cassette, record_mode="none", match_on=["method", "scheme", "host", "port", "path", "query"]) as tape:
        index = run("http://prometheus.example.test:9090", tmp_path)

    assert tape.all_played
    assert {"ALERTS", "build_info", "kube_pod_container_status_restarts_total"} <= {r.about.get("name") for r in index.replies}
    assert index.failures == ()
    assert sorted({r.form for r in index.replies}) == ["alerts", "buildinfo", "config", "now", "query", "query_range", "rules", "runtimeinfo"]
    series = {r.about["name"]: r for r in index.replies if r.form == "query_range"}
    assert sorted(series) == ["BackupTooOld", "service:http_errors:ratio_rate30s"]
    ratio = series["service:http_errors:ratio_rate30s"].about
    assert (ratio["threshold"], ratio["op"], ratio["rate_window_s"], ratio["rule"], ratio["role"]) == ("0.05", ">", "30.0", "HighErrorRate", "alert_expression")
    assert sum(raw.batch.num_rows for reply in index.replies for raw in read(reply) if raw.table == "samples") > 500


def test_series_are_asked_once(server: Server, tmp_path: Path) -> None:
    """Two rules on one series, and a configured query for it, are one request that carries all limits."""
    index = run(server.url, tmp_path, {"queries": (Query("mine", "errors", 0.5, ">="), Query("plain", "other"))})

    assert [q for q in server.queries() if "[" not in q] == ["time()", "errors", "other"]
    reply = next(r for r in index.replies if r.about.get("name") == "mine")
    limits = {(s["rule"], s["role"], s["op"], s["threshold"]) for s in json.loads(reply.about["sides"])}
    assert limits == {("", "configured", ">=", 0.5), ("High", "alert_expression", ">", 0.05), ("Higher", "alert_expression", ">", 0.2)}
    assert reply.about["role"] == "configured"


def test_unknown_rules_are_noted(server: Server, tmp_path: Path) -> None:
    """An alert without a rule, or with one in another dialect, is told as missing, and is nobody's failure."""
    index = run(server.url, tmp_path)

    assert [(f.what, f.ours) for f in index.failures] == [("series behind alerts", False), ("series behind Dialect", False)]
    assert "Gone" in index.failures[0].text


def test_exact_instants(server: Server, tmp_path: Path) -> None:
    """Instants are sent to the millisecond, with the margin before, a little after, and nothing of the future."""
    window = Window(SINCE * S + 250_000_000, SINCE * S + 60_750_000_000)
    run(server.url, tmp_path, window=window, now=SINCE + 100)

    asked = next(params for path, params, _ in server.asked if ranges(path, params))
    assert (asked["start"], asked["end"], asked["step"]) == (f"{SINCE - 30}.25", f"{SINCE + 100}", "5")
    raw = next(params for _, params, _ in server.asked if params.get("query", "").startswith("ALERTS["))
    assert raw == {"query": "ALERTS[129750ms]", "time": str(SINCE + 100)}


def test_configured_step_is_sliced(server: Server, tmp_path: Path) -> None:
    """A range of more points than the server allows is asked in slices that begin one step after the last one's end."""
    run(server.url, tmp_path, {"step_s": 0.01, "queries": (Query("q", "q"),), "alerts": False}, window=Window(SINCE * S, (SINCE + 150) * S), now=SINCE + 150)

    asked = [(float(p["start"]), float(p["end"])) for path, p, _ in server.asked if ranges(path, p)]
    assert asked == [(SINCE - 30, SINCE + 79.99), (SINCE + 80, SINCE + 150)]


def test_resumed_run_asks_only_what_is_missing(server: Server, tmp_path: Path) -> None:
    """What an earlier run holds is not asked again; what failed is."""
    server.handler = when(ranges, error(500, "internal", "x"))
    assert [f.reason for f in run(server.url, tmp_path).failures if f.ours] == ["unreachable"]
    server.handler, server.asked = answer, []
    index = run(server.url, tmp_path)

    assert server.queries() == ["errors"]
    assert len(index.replies) == len(ANSWERS) + 9


def test_victoriametrics(server: Server, tmp_path: Path) -> None:
    """A backend that knows no rules still gives its alert history and configured queries; the rest is noted as not ours."""
    kept = {"/api/v1/rules": "victoriametrics-rules.json", "ALERTS": "victoriametrics-ALERTS.json"}
    files: dict[str, Reply] = {key: (200, {}, (FOLDER / name).read_bytes()) for key, name in kept.items()}
    server.handler = lambda path, params: files.get(path) or files.get(params.get("query", "").partition("[")[0]) or answer(path, params)
    index = run(server.url, tmp_path, {"queries": (Query("up", "up"),)}, window=Window(1795220200 * S, 1795221000 * S))

    assert {r.about["name"] for r in index.replies if r.form == "query_range"} == {"up"}
    assert [(f.reason, f.ours) for f in index.failures] == [("gone", False)]
    assert "HighErrorRate" in index.failures[0].text


def test_warnings_are_told(server: Server, tmp_path: Path) -> None:
    """Data that a store missing behind the server makes partial is told as such; remarks about the expression are not."""
    warned = matrix()[2].replace(b'"status"', b'"warnings": ["no store matched", "PromQL warning: odd"], "status"')
    server.handler = when(ranges, (200, {}, warned))
    failures = [f for f in run(server.url, tmp_path).failures if f.reason == "cut"]

    assert [(f.what, f.ours) for f in failures] == [("parts of errors", False)]
    assert "no store matched" in failures[0].text


@pytest.mark.parametrize("status", [403, 404])
def test_optional_answers(server: Server, tmp_path: Path, status: int) -> None:
    """A server that keeps configuration and version to itself fails nothing; without rules that is noted."""
    server.handler = when(lambda path, params: "status" in path or "rules" in path, error(status, "x", "no"))
    index = run(server.url, tmp_path)

    assert [(f.what, f.ours) for f in index.failures] == [("alerting rules", False), ("series behind alerts", False)]


def test_too_many_samples_are_halved(server: Server, tmp_path: Path) -> None:
    """A history that the server finds too large is asked in parts that leave nothing out."""

    def handler(path: str, params: dict[str, str]) -> Reply:
        query = params.get("query", "")
        span = query.partition("[")[2].removesuffix("]")
        large = query.startswith("ALERTS[") and (float(span[:-2]) / 1000 if span.endswith("ms") else float(span[:-1])) > 60
        return error(422, "execution", "query processing would load too many samples into memory in query execution") if large else answer(path, params)

    server.handler = handler
    index = run(server.url, tmp_path)
    parts = sorted(r.ref.rpartition("/")[2] for r in index.replies if "/ALERTS/" in r.ref)

    assert len(parts) == 4
    edges = [tuple(int(t) for t in p.removesuffix(".json").split("-")) for p in parts]
    assert all(after[0] == before[1] + 1 for before, after in pairwise(edges))
    assert (edges[0][0], edges[-1][1]) == ((SINCE - 30) * 1000, (SINCE + 180) * 1000)
    assert all(f.reason == "gone" or not f.ours for f in index.failures)


def test_refused_range_selectors(server: Server, tmp_path: Path) -> None:
    """Where range selectors are refused, the history is asked for as points at the rules' interval."""
    server.handler = when(lambda path, params: params.get("query", "").startswith("ALERTS["), error(400, "bad_data", "not supported"))
    index = run(server.url, tmp_path)

    reply = next(r for r in index.replies if r.about.get("name") == "ALERTS")
    assert (reply.form, reply.about["step"], reply.about["role"]) == ("query_range", "5", "alerts")


def test_too_large_restarts_are_let_go(server: Server, tmp_path: Path) -> None:
    """The optional restart counters are given up with a note when they are too large."""
    server.handler = when(
        lambda path, params: params.get("query", "").startswith("kube_pod_container_status_restarts"), error(422, "execution", "too many samples")
    )
    failures = [f for f in run(server.url, tmp_path).failures if "restarts" in f.what]

    assert [(f.reason, f.ours) for f in failures] == [("too_expensive", False)]
    assert sum(q.startswith("kube_pod_container_status_restarts") for q in server.queries()) == 1


NODE = ["node_time_seconds", "node_timex_offset_seconds", "node_timex_maxerror_seconds", "node_timex_sync_status"]
TICKS = matrix(
    *({"metric": {"__name__": "node_time_seconds", "instance": "n1:9100", "job": job}, "values": [[SINCE + 5.5, f"{SINCE + 5.512}"]]} for job in ("n.o", "de"))
)


def test_node_clocks(server: Server, tmp_path: Path) -> None:
    """What node_exporter says of the nodes' clocks is asked for as raw samples over the whole span, and not twice."""
    server.handler = when(lambda path, params: params.get("query", "").startswith("node_time_seconds["), TICKS)
    index = run(server.url, tmp_path)
    replies = [r for r in index.replies if r.about.get("name") in [*NODE, "scrape_duration_seconds"]]

    took = 'scrape_duration_seconds{job=~"de|n\\\\.o"}[210s]'
    assert [(r.form, r.about["query"]) for r in replies] == [("query", query) for query in (*(f"{name}[210s]" for name in NODE), took)]
    assert [raw.batch.num_rows for raw in read(replies[0]) if raw.table == "samples"] == [2]
    server.asked = []
    assert not [f for f in run(server.url, tmp_path).failures if "node" in f.what]
    assert not [q for q in server.queries() if "node" in q or "scrape" in q]


def test_without_node_clocks_no_scrape_is_asked_about(server: Server, tmp_path: Path) -> None:
    """How long scrapes took matters only where a node told its time."""
    run(server.url, tmp_path)

    assert not [q for q in server.queries() if "scrape" in q]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (error(422, "execution", "too many samples"), "too_expensive"),
        (ok({"resultType": "vector", "result": [{"metric": {}, "value": [SINCE, "250001"]}]}), "too_expensive"),
        (error(400, "bad_data", "range vectors are not allowed"), "bad_payload"),
        (error(404, "", "no"), "unreachable"),
        (error(403, "", "no"), "denied"),
    ],
)
def test_node_clocks_are_let_go(server: Server, tmp_path: Path, reply: Reply, reason: str) -> None:
    """Where they are too many, or not to be had, that is noted and nobody's failure; the samples are not asked for."""
    server.handler = when(lambda path, params: "node_" in params.get("query", ""), reply)
    failures = [f for f in run(server.url, tmp_path).failures if "node_" in f.what]

    assert [(f.what, f.reason, f.ours) for f in failures] == [(f"raw samples of {name}", reason, False) for name in NODE]
    assert not [q for q in server.queries() if q.startswith("node_")]


def test_cut_answers_are_kept(server: Server, tmp_path: Path) -> None:
    """Of an answer that breaks off, what came is kept and marked; the run goes on."""
    server.handler = when(ranges, (200, {"X-Cut": "1"}, b'{"status":"success","data":{"resultType":"matrix","result":[]}}'))
    index = run(server.url, tmp_path)
    (reply,) = (r for r in index.replies if not r.complete)

    assert reply.path.read_bytes() == b'{"status":"success","data":{"re'
    assert [(f.what, f.reason, f.ours) for f in index.failures if f.ours] == [("series errors", "bad_payload", True)]
    with pytest.raises(BadPayload):
        list(read(reply))


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"", b"[]", b'{"status":"success","data":{"res', b'{"status":"error","error":"no"}'])
def test_other_bodies(server: Server, tmp_path: Path, body: bytes) -> None:
    """HTML, nothing, another shape or an error with status 200 costs that series only, and is asked for again next time."""
    server.handler = when(ranges, (200, {}, body))

    assert [f.reason for f in run(server.url, tmp_path).failures if f.ours] == ["bad_payload"]
    server.handler = answer
    assert [f for f in run(server.url, tmp_path).failures if f.ours and f.what != "series errors"] == []
    assert server.queries()[-1] == "errors"


def test_hanging_series_leave_time_for_the_rest(server: Server, tmp_path: Path) -> None:
    """A query that is never answered takes half of the time left, not all of it."""

    def handler(path: str, params: dict[str, str]) -> Reply:
        if ranges(path, params):
            server.hang.wait(20)
        return answer(path, params)

    server.handler = handler
    index = run(server.url, tmp_path, seconds=3)

    assert [f.reason for f in index.failures if f.ours] == ["unreachable"]
    assert any("restarts_total" in r.ref for r in index.replies)


def test_nothing_answers_any_more(server: Server, tmp_path: Path) -> None:
    """When several requests in a row find nobody, the source as a whole is unreachable."""
    server.handler = when(lambda path, params: "time()" not in params.get("query", ""), error(502, "", ""))

    with pytest.raises(Unreachable):
        run(server.url, tmp_path)
    assert len({path for path, _, _ in server.asked}) == 4


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (error(401, "", "unauthorized"), Denied, "PROMETHEUS_TOKEN"),
        (error(403, "", "forbidden"), Denied, "PROMETHEUS_USER"),
        (error(404, "", ""), Unreachable, "path prefix"),
        (error(500, "internal", "broken"), Unreachable, "broken"),
        (error(422, "execution", "found duplicate series"), BadPayload, "duplicate"),
        (error(422, "execution", "query processing would load too many samples into memory in query execution"), TooExpensive, "too many samples"),
        (error(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries."), TooExpensive, "11,000"),
        (error(400, "bad_data", "1:1: parse error: limit"), BadPayload, "parse error"),
        (error(503, "timeout", "query timed out in expression evaluation"), TooExpensive, "timed out"),
        ((502, {"Content-Type": "text/html"}, b"<html>secret proxy words</html>"), Unreachable, "502"),
        ((200, {}, b"<html>"), BadPayload, "HTML"),
        ((302, {"Location": "http://login.example.test/?next=secret"}, b""), BadPayload, "login.example.test"),
    ],
)
def test_errors(server: Server, tmp_path: Path, reply: Reply, kind: type[SourceError], words: str) -> None:
    """Each refusal is an error named by what to do about it, in one sentence without secrets."""
    server.handler = when(always, reply)

    with pytest.raises(kind, match=words.replace("(", ".")) as caught:
        get(server, tmp_path, token="s3cret")
    assert "secret" not in str(caught.value).replace("s3cret", "SECRET!").lower()
    assert "\n" not in str(caught.value)


def test_timed_out_queries_are_not_repeated(server: Server, tmp_path: Path) -> None:
    """A query that the server gave up on is not asked again as it is."""
    server.handler = when(always, error(503, "timeout", "query timed out"))

    with pytest.raises(TooExpensive):
        get(server, tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retries(server: Server, tmp_path: Path, status: int) -> None:
    """Trouble that passes is waited for."""
    server.handler = when(always, error(status, "", "busy"), times=2)

    assert b"success" in get(server, tmp_path)
    assert len(server.asked) == 3


def test_retry_after(server: Server, tmp_path: Path) -> None:
    """`Retry-After` is heeded, in seconds or as a date; beyond the deadline there is no waiting."""
    server.handler = when(always, error(429, "", "slow down", **{"Retry-After": "1"}), times=1)
    begun = time.monotonic()
    get(server, tmp_path)
    assert time.monotonic() - begun >= 1

    server.handler = when(always, error(429, "", "slow down", **{"Retry-After": "3600"}))
    with pytest.raises(Unreachable, match="slow down"):
        get(server, tmp_path)
    server.handler = when(always, error(429, "", "later", Date="Sat, 21 Nov 2026 00:00:00 GMT", **{"Retry-After": "Sat, 21 Nov 2026 01:00:00 GMT"}))
    with pytest.raises(Unreachable, match="later"):
        get(server, tmp_path)
    assert time.monotonic() - begun < 10


def test_authentication(server: Server, tmp_path: Path) -> None:
    """Bearer, basic, tenant and further headers are sent as configured."""
    get(server, tmp_path, token="tok", org_id="team", headers=(("THANOS-TENANT", "t1"),))
    get(server, tmp_path, user="me", password="p:w")
    first, second = (headers for _, _, headers in server.asked)

    assert (first["authorization"], first["x-scope-orgid"], first["thanos-tenant"]) == ("Bearer tok", "team", "t1")
    assert second["authorization"] == "Basic " + base64.b64encode(b"me:p:w").decode()


def test_path_prefix_and_redirects(server: Server, tmp_path: Path) -> None:
    """A path prefix is kept, with or without slash or `/api/v1`; a redirect on the same host is followed with the token."""
    for url in ("/prom", "/prom/", "/prom/api/v1/"):
        with Client(Settings(server.url + url), ask(tmp_path)) as client:
            client.get("/api/v1/query", {"query": "1"})
    server.handler = when(lambda path, params: not path.startswith("/new"), (307, {"Location": "/new/api/v1/query?query=1"}, b""))
    get(server, tmp_path, token="t")

    assert [path for path, _, _ in server.asked[:3]] == ["/prom/api/v1/query"] * 3
    assert server.asked[-1][0] == "/new/api/v1/query"
    assert server.asked[-1][2]["authorization"] == "Bearer t"
    server.handler = lambda path, params: (302, {"Location": "/round"}, b"")
    with pytest.raises(BadPayload, match="circle"):
        get(server, tmp_path)


def test_long_queries_go_by_form(server: Server, tmp_path: Path) -> None:
    """A query too long for a URL arrives whole."""
    query = "x" * 20_000
    with Client(Settings(server.url), ask(tmp_path)) as client:
        client.get("/api/v1/query", {"query": query})

    assert server.asked[-1][1]["query"] == query


def test_compressed_answers(server: Server, tmp_path: Path) -> None:
    """A gzip answer is kept decompressed."""
    server.handler = lambda path, params: (200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"status":"success","data":{}}'))

    assert get(server, tmp_path) == b'{"status":"success","data":{}}'


@pytest.mark.parametrize(
    "settings", [{"url": "prometheus:9090"}, {"url": "ftp://x"}, {"url": "http://x", "token": "a\nb"}, {"url": "http://x", "headers": (("A", "b\r\nC: d"),)}]
)
def test_impossible_settings(tmp_path: Path, settings: dict[str, Any]) -> None:
    """An impossible URL or secret is the user's to mend, and is not repeated in the message."""
    with pytest.raises(ConfigError) as caught:
        fetch(Settings(**settings), ask(tmp_path))
    assert "b\nC" not in str(caught.value)


def test_nobody_there(server: Server, tmp_path: Path) -> None:
    """A closed port is one clear sentence that holds no credentials."""
    url = server.url.replace("http://", "http://me:hunter2@")
    server.close()

    with pytest.raises(Unreachable, match="cannot be reached") as caught:
        run(url, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_deadline_and_interruption(server: Server, tmp_path: Path) -> None:
    """Without time left nothing is asked; an interrupted run stops at once."""
    with pytest.raises(Unreachable):
        run(server.url, tmp_path, seconds=-1)
    commission = ask(tmp_path)
    commission.cancelled.set()
    with pytest.raises(Unreachable, match="interrupted"):
        fetch(Settings(server.url), commission)
    assert server.asked == []


def test_secrets_stay_out_of_evidence(server: Server, tmp_path: Path) -> None:
    """Neither URL credentials nor tokens reach the evidence folder."""
    run(server.url.replace("http://", "http://me:hunter2@"), tmp_path, {"org_id": "s3cret-org"})
    run(server.url, tmp_path / "two", {"token": "s3cret"})

    assert not [p for p in tmp_path.rglob("*") if p.is_file() and (b"hunter2" in p.read_bytes() or b"s3cret" in p.read_bytes())]


def test_probe(server: Server, tmp_path: Path) -> None:
    """A probe says whether the server is there, lets us read, and what it is."""
    assert probe(Settings(server.url), ask(tmp_path)).detail.endswith(", version 3.14.0")
    server.handler = when(always, error(403, "", "no"))
    assert (probe(Settings(server.url), ask(tmp_path)).reachable, probe(Settings(server.url), ask(tmp_path)).permitted) == (True, False)
    server.handler = when(always, error(502, "", "no"))
    assert not probe(Settings(server.url), ask(tmp_path)).reachable


SHARE = {"type": "alerting", "name": "High", "query": "sum(rate(bad_total[1m])) / sum(rate(all_total[1m])) > 0.05", "duration": 20}


@pytest.mark.parametrize(
    ("reply", "kept", "reason"),
    [
        (ok({"resultType": "vector", "result": [{"metric": {}, "value": [SINCE, "4"]}]}), "query", None),
        (ok({"resultType": "vector", "result": [{"metric": {}, "value": [SINCE, "4000000"]}]}), None, "too_expensive"),
        (error(422, "execution", "query processing would load too many samples into memory in query execution"), None, "too_expensive"),
        (error(400, "bad_data", "range vectors are not allowed"), "query_range", None),
    ],
)
def test_counters_behind_a_share(server: Server, tmp_path: Path, reply: Reply, kept: str | None, reason: str | None) -> None:
    """Counters of an alert that fired are saved raw, in points where ranges are refused, and let go quietly where they are too many."""
    told = ok({"groups": [{"name": "g", "interval": 5, "rules": [SHARE]}]})

    def handler(path: str, params: dict[str, str]) -> Reply:
        if path.endswith("/rules"):
            return told
        return reply if params.get("query", "").startswith("sum(count_over_time(") else answer(path, params)

    server.handler = handler
    index = run(server.url, tmp_path)

    counters = [r for r in index.replies if r.about.get("role") == "counter"]
    assert [(r.form, r.about["name"], r.about["part"], r.about["alert"]) for r in counters] == (
        [(kept, "all_total", "all", "High"), (kept, "bad_total", "failed", "High")] if kept else []
    )
    assert {(f.reason, f.ours) for f in index.failures if "counters" in f.what} == ({(reason, False)} if reason else set())
    facts = [f for r in counters for raw in read(r) if raw.table == "facts" for f in raw.batch.to_pylist() if f["kind"] == "context.series"]
    assert [json.loads(f["attributes"])["threshold"] for f in facts] == [None] * len(counters)
