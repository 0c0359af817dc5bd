"""The one door to HTTP: what each kind of failure becomes, and that nothing waits past the deadline."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from retroline.collectors import http as door
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Denied, SourceError, Unreachable
from retroline.collectors.evidence import Evidence
from retroline.collectors.window import Window

NOW = "2026-11-21T02:00:00Z"
TOKEN = "s3cr3t-token-value"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BACKOFF_S", 0.001)


def ask(folder: Path, seconds: float = 5.0) -> Ask:
    return Ask(Window(0, 10**9), Evidence(folder, "run", "test", lambda: NOW), time.monotonic() + seconds, 0)


def fake(folder: Path, handler: Callable[[httpx.Request], httpx.Response], base: str = "http://am.test/prefix/", **more: Any) -> door.Http:
    return door.Http(base, ask(folder), transport=httpx.MockTransport(handler), **more)


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A real server on loopback, for what a fake transport cannot show: cuts, silence, trickles."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_path_prefix_is_kept_and_arrays_are_repeated(tmp_path: Path) -> None:
    """A path joins the base URL's prefix, and a list becomes a repeated parameter."""
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json=[], headers={"Date": "Sat, 21 Nov 2026 02:00:00 GMT"})

    with fake(tmp_path, handler) as http:
        answer, document = http.get_json("/api/v2/alerts", {"statuses[]": ["a", "b"]}, what="the alerts", expect=list)

    assert seen == ["http://am.test/prefix/api/v2/alerts?statuses%5B%5D=a&statuses%5B%5D=b"]
    assert (document, answer.asked_at, answer.date) == ([], NOW, "Sat, 21 Nov 2026 02:00:00 GMT")


def test_credentials_of_the_url_become_basic_authentication(tmp_path: Path) -> None:
    """A user name and password in the URL are sent as a header and leave the URL."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(403, text="no entry for s3cr3t-token-value")

    with fake(tmp_path, handler, f"http://me:{TOKEN}@am.test") as http, pytest.raises(Denied) as caught:
        http.get("x", what="the status")

    assert seen[0].headers["authorization"].startswith("Basic ")
    assert "me" not in str(seen[0].url)
    assert str(caught.value) == "am.test refused the status (403: no entry for ***)"


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, b'{"error":{"message":"Invalid Credentials"}}', Denied, "(401: Invalid Credentials); see PAGERDUTY_TOKEN"),
        (404, b"", door.NotFound, "is the base URL right?"),
        (400, b'{"error":{"message":"Invalid Input","errors":["Offset too big"]}}', door.Refused, "(400: Invalid Input: Offset too big)"),
        (422, b'"bad matcher"', door.Refused, "(422: bad matcher)"),
        (500, b'{"error": "disk full"}', Unreachable, "failed on the alerts (500: disk full)"),
        (502, b"<html>bad gateway</html>", Unreachable, "failed on the alerts (502)"),
        (429, b"", Unreachable, "allows no more requests for now (429)"),
    ],
)
def test_statuses_become_errors_by_what_to_do(tmp_path: Path, status: int, body: bytes, error: type[SourceError], words: str) -> None:
    """Each status becomes one sentence of the right class, with host, question and the server's words."""
    with (
        fake(
            tmp_path, lambda _: httpx.Response(status, content=body), headers={"Authorization": f"Token token={TOKEN}"}, secret_hint="PAGERDUTY_TOKEN"
        ) as http,
        pytest.raises(error) as caught,
    ):
        http.get("api/v2/alerts", what="the alerts")

    assert words in str(caught.value)
    assert "am.test" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_long_error_is_cut(tmp_path: Path) -> None:
    """A server's message enters an error with 200 characters at most, on one line."""
    with fake(tmp_path, lambda _: httpx.Response(400, text="x\n" * 5000)) as http, pytest.raises(door.Refused) as caught:
        http.get("a", what="the alerts")

    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_passing_failures_are_retried(tmp_path: Path) -> None:
    """A 503, a 429 and a refused connection are each tried again, and the answer that follows counts."""
    left: list[httpx.Response | Exception] = [
        httpx.Response(503),
        httpx.Response(429, headers={"ratelimit-reset": "0"}),
        httpx.ConnectError("refused"),
        httpx.Response(200, json={"ok": 1}),
    ]

    def handler(_: httpx.Request) -> httpx.Response:
        step = left.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    with fake(tmp_path, handler) as http:
        assert http.get_json("a", what="x")[1] == {"ok": 1}


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    """The next request comes no sooner than `Retry-After` asks; a date is read against the answer's own `Date`."""
    dates = {"Date": "Sat, 21 Nov 2026 02:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 02:00:01 GMT"}
    left = [httpx.Response(429, headers=dates), httpx.Response(200, json={})]
    begun = time.monotonic()

    with fake(tmp_path, lambda _: left.pop(0)) as http:
        http.get("a", what="x")

    assert time.monotonic() - begun >= 1


def test_a_wait_past_the_deadline_is_not_begun(tmp_path: Path) -> None:
    """When the server asks for more patience than there is time, the failure is told at once."""
    begun = time.monotonic()

    with fake(tmp_path, lambda _: httpx.Response(429, headers={"Retry-After": "3600"})) as http, pytest.raises(Unreachable, match="in 3600 s, would be past"):
        http.get("a", what="x")

    assert time.monotonic() - begun < 1


def test_an_open_port_that_is_silent_is_unreachable(tmp_path: Path) -> None:
    """A server that takes the request and never answers is given up after the timeout."""
    done = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> None:
        done.wait(5)

    with served(silent) as url, door.Http(url, ask(tmp_path), timeout_s=0.2) as http:
        with pytest.raises(Unreachable, match=r"gave no answer to the alerts within 0\.[23] s"):
            http.get("a", what="the alerts")
        done.set()


def test_a_trickle_ends_at_the_deadline(tmp_path: Path) -> None:
    """An answer that drips faster than the timeout still ends when the time of the source is over."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    begun = time.monotonic()
    with served(drip) as url, door.Http(url, ask(tmp_path, 0.4), timeout_s=5) as http, pytest.raises(Unreachable):
        http.get("a", what="the alerts")

    assert time.monotonic() - begun < 2


def test_a_cut_answer_is_tried_again_then_bad(tmp_path: Path) -> None:
    """A body shorter than promised is asked for again; when it stays cut, the size that came is told."""
    asked: list[str] = []

    def cut(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"[1, 2")

    with served(cut) as url, door.Http(url, ask(tmp_path)) as http, pytest.raises(BadPayload, match="cut off after 5 bytes"):
        http.get("a", what="the alerts")

    assert len(asked) == 1 + door.RETRIES


def test_compressed_answers_are_unpacked(tmp_path: Path) -> None:
    """A gzip body arrives as its content; a broken one is a bad payload."""
    packed = gzip.compress(b"[1]")
    left = [packed, packed[:12] + b"garbage!"]

    with fake(tmp_path, lambda _: httpx.Response(200, content=left.pop(0), headers={"Content-Encoding": "gzip"})) as http:
        assert http.get("a", what="x").body == b"[1]"
        with pytest.raises(BadPayload):
            http.get_json("a", what="x", expect=list)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><p>Log in", "HTML where JSON was due"),
        (b'[{"labels":', "the JSON breaks off"),
        (b"", "empty"),
        (b'{"a": 1}', "a list was due as JSON, an object came"),
    ],
)
def test_json_is_verified(tmp_path: Path, body: bytes, words: str) -> None:
    """An answer of 200 whose body is not the JSON that was due is a bad payload that says what came."""
    with fake(tmp_path, lambda _: httpx.Response(200, content=body)) as http, pytest.raises(BadPayload, match=words):
        http.get_json("a", what="the alerts", expect=list)


def test_redirects_stay_on_the_host(tmp_path: Path) -> None:
    """A redirect on the same host is followed; one to another host is a log-in page, and gets no credentials."""
    hosts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        if request.url.path == "/prefix/a":
            return httpx.Response(308, headers={"Location": "/prefix/b"})
        if request.url.path == "/prefix/b":
            return httpx.Response(200, json={})
        return httpx.Response(302, headers={"Location": "https://login.test/?next=x"})

    with fake(tmp_path, handler, headers={"Authorization": TOKEN}) as http:
        assert http.get("a", what="x").status == 200
        with pytest.raises(BadPayload, match=r"sent us to login\.test"):
            http.get("c", what="x")

    assert set(hosts) == {"am.test"}


@pytest.mark.parametrize("url", ["am:9093", "localhost", "", "ftp://am", "http://", "http://am:no"])
def test_an_address_that_is_no_url_is_the_users_to_mend(tmp_path: Path, url: str) -> None:
    """An address without scheme or host is a mistake in the configuration, not an unreachable server."""
    with pytest.raises(ConfigError, match="https://host"):
        door.Http(url, ask(tmp_path))


@pytest.mark.parametrize("token", ["line\nbreak-secret", "gehëim-secret"])
def test_a_secret_that_http_cannot_carry_is_not_shown(tmp_path: Path, token: str) -> None:
    """A token with a line break or umlaut is named by its variable, not printed."""
    with (
        pytest.raises(ConfigError) as caught,
        served(lambda _: None) as url,
        door.Http(url, ask(tmp_path), headers={"Authorization": token}, secret_hint="AM_TOKEN") as http,
    ):
        http.get("a", what="x")

    assert "AM_TOKEN" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_cancelled_run_asks_nothing(tmp_path: Path) -> None:
    """After Ctrl-C no further request is made."""
    asking = ask(tmp_path)
    asking.cancelled.set()
    with (
        door.Http("http://am.test", asking, transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http,
        pytest.raises(Unreachable, match="interrupted"),
    ):
        http.get("a", what="x")
