"""Fetching from a Kubernetes API: a server of ours on loopback answers, refuses, cuts, hangs and trickles."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from retroline.collectors import kubernetes as k8s
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Denied, Unreachable
from retroline.collectors.evidence import Evidence, Failure, Index, indexes
from retroline.collectors.kubernetes import client as client_module
from retroline.collectors.kubernetes.client import Client
from retroline.collectors.window import SECOND_NS, Window

NOON = 1_795_262_400  # 2026-11-21T12:00:00Z
WINDOW = Window(NOON * SECOND_NS, (NOON + 600) * SECOND_NS)
TOKEN = "made-up-token"
SHOP = "/api/v1/namespaces/shop"
LOG = f"{SHOP}/pods/web-1/log"

Answer = Callable[["Handler", dict[str, str]], None]


@dataclass
class Cluster:
    """What the server answers: `lists` by path, `logs` by (pod, container, previous), `faults` by path, each used once, before either."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    logs: dict[tuple[str, str, bool], bytes] = field(default_factory=dict)
    faults: dict[str, list[Answer]] = field(default_factory=dict)
    always: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def queries(self, path: str) -> list[dict[str, str]]:
        return [query for where, query, _ in self.asked if where == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    cluster: Cluster

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        self.cluster.asked.append((parts.path, query, {k.lower(): v for k, v in self.headers.items()}))
        faults = self.cluster.faults.get(parts.path) or self.cluster.faults.get("*")
        if faults:
            faults.pop(0)(self, query)
        elif parts.path in self.cluster.always:
            self.cluster.always[parts.path](self, query)
        elif parts.path == "/version":
            self.reply(200, {"gitVersion": "v1.36.3"})
        elif parts.path.endswith("/log"):
            self.log(parts.path.split("/")[-2], query)
        else:
            self.list(parts.path, query)

    def do_POST(self) -> None:
        asking = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["spec"]["resourceAttributes"]
        self.reply(201, {"status": {"allowed": asking["subresource"] != "log"}})

    def list(self, path: str, query: dict[str, str]) -> None:
        items = self.cluster.lists.get(path, [])
        start, limit = int(query.get("continue", "0")), int(query["limit"])
        meta = {"continue": str(start + limit)} if start + limit < len(items) else {}
        bare = "as=PartialObjectMetadataList" in self.headers["Accept"]
        self.reply(200, {"kind": "PartialObjectMetadataList" if bare else "List", "metadata": meta, "items": items[start : start + limit]})

    def log(self, pod: str, query: dict[str, str]) -> None:
        body = self.cluster.logs.get((pod, query["container"], "previous" in query))
        if body is None:
            self.reply(400, {"message": f'previous terminated container "{query["container"]}" in pod "{pod}" not found'})
        else:
            self.text(since(body, query))

    def reply(self, status: int, document: Any, **headers: str) -> None:
        self.text(document if isinstance(document, bytes) else json.dumps(document).encode(), status, "application/json", **headers)

    def text(self, body: bytes, status: int = 200, kind: str = "text/plain", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def since(body: bytes, query: dict[str, str]) -> bytes:
    """The lines from `sinceTime` on, as the kubelet chooses them."""
    return b"".join(line for line in body.splitlines(keepends=True) if line[:19].decode("latin-1") >= query["sinceTime"][:19])


def status(code: int, message: str = "", **headers: str) -> Answer:
    return lambda handler, query: handler.reply(code, {"kind": "Status", "message": message}, **headers)


def raw(body: bytes, code: int = 200, kind: str = "application/json") -> Answer:
    return lambda handler, query: handler.text(body, code, kind)


def cut(body: bytes, at: int) -> Answer:
    def answer(handler: Handler, query: dict[str, str]) -> None:
        whole = since(body, query) if "sinceTime" in query else body
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(whole)))
        handler.end_headers()
        handler.wfile.write(whole[:at])
        handler.close_connection = True

    return answer


def hang(handler: Handler, query: dict[str, str]) -> None:
    handler.cluster.release.wait(20)
    handler.close_connection = True


def trickle(body: bytes) -> Answer:
    def answer(handler: Handler, query: dict[str, str]) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        chunk = b"%x\r\n%s\r\n" % (len(body), body)
        handler.wfile.write(chunk[:-20])
        for byte in chunk[-20:]:
            if handler.cluster.release.wait(0.1):
                break
            try:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
            except OSError:
                break
        handler.close_connection = True

    return answer


def chunks(body: bytes, size: int, then: Answer | None = None) -> Answer:
    """`body` in chunks, as a kubelet sends a log; `then` takes the place of the last one."""

    def answer(handler: Handler, query: dict[str, str]) -> None:
        handler.cluster.ports.append(handler.client_address[1])
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        whole = since(body, query)
        handler.wfile.write(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (whole[i : i + size] for i in range(0, len(whole), size))))
        if then:
            then(handler, query)
        else:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


class Patience(threading.Event):
    """Waits for nothing, but remembers how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"cluster": made}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(folder: Path, url: str, **more: str) -> str:
    user = {"user": {"token": TOKEN}, "name": "u"}
    contexts = [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}]
    document = {"current-context": "c", "clusters": [{"name": "c", "cluster": {"server": url}}], "users": [user], "contexts": contexts} | more
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return str(path)


def ask(folder: Path, seconds: float = 20) -> Ask:
    evidence = Evidence(folder / "evidence", "run", "kubernetes", lambda: "2026-11-21T13:00:00Z")
    return Ask(WINDOW, evidence, time.monotonic() + seconds, WINDOW.until_ns, cancelled=Patience())


def collect(folder: Path, cluster: Cluster, *, seconds: float = 20, **settings: Any) -> Index:
    k8s.fetch(k8s.Settings(kubeconfig(folder, cluster.url), **settings), ask(folder, seconds))
    return held(folder)


def held(folder: Path) -> Index:
    (index,) = indexes(folder / "evidence")
    return index


def log_of(index: Index, name: str = "web-1/app.log.zst") -> bytes:
    (reply,) = [r for r in index.replies if r.ref.endswith(name)]
    return reply.body()


def failures(index: Index, reason: str) -> list[Failure]:
    return [f for f in index.failures if f.reason == reason]


def pod(name: str = "web-1", state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    now = state or {"running": {"startedAt": "2026-11-21T11:00:00Z"}}
    container = {"name": "app", "containerID": "containerd://now", "restartCount": 0, "state": now, **more}
    return {
        "metadata": {"name": name, "namespace": "shop", "generateName": "web-"},
        "spec": {"nodeName": "node-a"},
        "status": {"startTime": "2026-11-21T10:00:00Z", "containerStatuses": [container]},
    }


def ended(instance: str, at: str = "2026-11-21T12:04:00Z") -> dict[str, Any]:
    return {"terminated": {"containerID": f"containerd://{instance}", "startedAt": "2026-11-21T12:01:00Z", "finishedAt": at}}


def event(name: str, reason: str, first: str, last: str = "", *, kind: str = "Pod", message: str = "") -> dict[str, Any]:
    involved = {"kind": kind, "name": name, "namespace": "shop"}
    return {
        "metadata": {"name": f"{name}.1"},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "firstTimestamp": first,
        "lastTimestamp": last or first,
    }


def line(second: int, text: str = "hello", part: int = 0) -> bytes:
    minute, rest = divmod(second, 60)
    return f"2026-11-21T12:{minute:02}:{rest:02}.{part:09}Z {text}\n".encode()


def lines(first: int, last: int, each: int = 1) -> bytes:
    return b"".join(line(s, f"line {s} {p}", p) for s in range(first, last) for p in range(each))


def with_log(cluster: Cluster, body: bytes, **more: Any) -> Cluster:
    cluster.lists[f"{SHOP}/pods"] = [pod(**more)]
    cluster.logs["web-1", "app", False] = body
    return cluster


def test_first_what_is_forgotten_first(tmp_path: Path, cluster: Cluster) -> None:
    """Events and pods are asked for before anything else, then logs with stamps from before the window on, and credentials go with each request."""
    index = collect(tmp_path, with_log(cluster, lines(0, 3)))

    assert [path for path, *_ in cluster.asked[:3]] == ["/version", f"{SHOP}/events", f"{SHOP}/pods"]
    assert cluster.queries(LOG) == [{"container": "app", "timestamps": "true", "sinceTime": "2026-11-21T11:59:30Z"}]
    assert {headers["authorization"] for *_, headers in cluster.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in (tmp_path / "evidence/run/kubernetes/index.jsonl").read_text()
    (log,) = [r for r in index.replies if r.form == "log"]
    assert log.body() == lines(0, 3)
    about = {"namespace": "shop", "pod": "web-1", "container": "app", "previous": "false", "instance": "containerd://now", "node": "node-a"}
    assert about.items() <= dict(log.about).items()
    assert not index.failures


def test_lists_are_paged(tmp_path: Path, cluster: Cluster) -> None:
    """Each page is its own reply, and the pages together are the list."""
    cluster.lists[f"{SHOP}/events"] = [event(f"e{i}", "Pulled", "2026-11-21T11:00:00Z") for i in range(5)]
    index = collect(tmp_path, cluster, request_limit=2)

    pages = [r for r in index.replies if "/shop/events/" in r.ref]

    assert [Path(r.ref).name for r in pages] == ["1.json", "2.json", "3.json"]
    assert [i["involvedObject"]["name"] for r in pages for i in r.json()["items"]] == ["e0", "e1", "e2", "e3", "e4"]


@pytest.mark.parametrize("offered", ["2", ""])
def test_an_expired_list_goes_on(tmp_path: Path, cluster: Cluster, offered: str) -> None:
    """After 410 the list goes on with the token offered, marked as inconsistent, or starts again; nothing is lost."""
    path = f"{SHOP}/events"
    cluster.lists[path] = [event(f"e{i}", "Pulled", "2026-11-21T11:00:00Z") for i in range(4)]
    first: Answer = lambda handler, query: handler.list(path, query)  # noqa: E731 - one of several answers, side by side
    gone: Answer = lambda handler, query: handler.reply(410, {"metadata": {"continue": offered}})  # noqa: E731 - one of several answers, side by side
    cluster.faults[path] = [first, gone]
    index = collect(tmp_path, cluster, request_limit=2)

    pages = [r for r in index.replies if "/shop/events/" in r.ref]

    assert [i["involvedObject"]["name"] for r in pages for i in r.json()["items"]] == ["e0", "e1", "e2", "e3"]
    assert [r.about.get("inconsistent") for r in pages] == [None, "true" if offered else None]
    assert not index.failures


def test_refusals_name_what_a_role_must_grant(tmp_path: Path, cluster: Cluster) -> None:
    """403 on a list or on logs says verb, resource and namespace once; what is optional does not count as our failure."""
    with_log(cluster, b"")
    cluster.lists[f"{SHOP}/pods"].append(pod("web-2"))
    for path in (f"{SHOP}/events", LOG, f"{SHOP}/pods/web-2/log", "/api/v1/nodes"):
        cluster.always[path] = status(403, "forbidden")
    index = collect(tmp_path, cluster)

    assert {(f.text, f.ours) for f in failures(index, "denied")} == {
        ("not allowed to list events in namespace shop", True),
        ("not allowed to get pods/log in namespace shop", True),
        ("not allowed to list nodes at the cluster scope", False),
    }


def test_config_maps_come_without_contents(tmp_path: Path, cluster: Cluster) -> None:
    """Metadata alone is asked for; the copy of the contents that an annotation carries is not kept."""
    copy = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"hidden"}}', "other": "kept"}
    cluster.lists[f"{SHOP}/configmaps"] = [{"metadata": {"name": "settings", "annotations": copy}}]
    index = collect(tmp_path, cluster)

    (reply,) = [r for r in index.replies if "/configmaps/" in r.ref]

    assert reply.json()["items"] == [{"metadata": {"name": "settings", "annotations": {"other": "kept"}}}]


def test_config_maps_with_contents_are_not_kept(tmp_path: Path, cluster: Cluster) -> None:
    """A server that sends contents although metadata was asked for leaves a failure and no file."""
    cluster.always[f"{SHOP}/configmaps"] = raw(b'{"kind": "ConfigMapList", "items": [{"data": {"password": "hidden"}}]}')
    index = collect(tmp_path, cluster)

    assert [f.what for f in failures(index, "bad_payload")] == ["configmaps in namespace shop"]
    assert not list(tmp_path.rglob("configmaps"))


def test_missing_api_groups_are_no_failure(tmp_path: Path, cluster: Cluster) -> None:
    """A cluster without some API group (404) is collected without it."""
    cluster.always["/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"] = status(404)

    assert not with_log(cluster, b"") or not collect(tmp_path, cluster).failures


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        (raw(b'{"items": [{"met'), "bad_payload", "the JSON breaks off"),
        (raw(b"<html>sign in</html>", kind="text/html"), "bad_payload", "HTML where JSON was due"),
        (raw(b'{"data": 1}'), "bad_payload", "a list with items was due"),
        (cut(b'{"items": []}' + b" " * 99, 8), "cut", "cut off after 8 bytes"),
        (status(500, "etcd is slow"), "unreachable", "answered 500: etcd is slow (3 tries)"),
        (status(302), "bad_payload", "redirects elsewhere (302"),
    ],
    ids=["garbage", "html", "shape", "cut", "500", "302"],
)
def test_a_broken_list_is_noted(tmp_path: Path, cluster: Cluster, fault: Answer, reason: str, text: str) -> None:
    """What came of a broken list is kept as incomplete, the failure says what happened, and the rest is collected."""
    path = "/apis/apps/v1/namespaces/shop/deployments"
    cluster.always[path] = fault
    index = collect(tmp_path, with_log(cluster, lines(0, 3)))

    (failure,) = [f for f in index.failures if f.ours]

    assert (failure.what, failure.reason) == ("deployments in namespace shop", reason)
    assert text in failure.text
    assert all(not r.complete for r in index.replies if "/deployments/" in r.ref)
    assert log_of(index) == lines(0, 3)


def test_trouble_that_passes_leaves_no_trace(tmp_path: Path, cluster: Cluster) -> None:
    """429, 5xx and a body cut once are asked again, Retry-After is waited for, and nothing is noted."""
    cluster.faults[f"{SHOP}/events"] = [status(429, Retry_After="1"), status(503), cut(b'{"items": []}', 4)]
    cluster.faults[LOG] = [status(500), status(503)]
    given = ask(tmp_path)
    k8s.fetch(k8s.Settings(kubeconfig(tmp_path, with_log(cluster, lines(0, 3)).url)), given)
    index = held(tmp_path)

    assert isinstance(given.cancelled, Patience)
    assert sorted(w for w in given.cancelled.waits if w) == [0.5, 0.5, 1.0, 1.0, 1.0]
    assert not index.failures
    assert log_of(index) == lines(0, 3)


def test_a_log_is_cut_at_the_end_of_the_window(tmp_path: Path, cluster: Cluster) -> None:
    """Reading stops at the first line later than the window's end by five seconds; a late line just before it is kept."""
    body = lines(0, 599) + line(604) + line(603) + line(606, "past") + lines(607, 700)
    index = collect(tmp_path, with_log(cluster, body))

    assert log_of(index) == lines(0, 599) + line(604) + line(603)
    assert not index.failures


def test_a_log_is_bounded(tmp_path: Path, cluster: Cluster) -> None:
    """A log that is longer than the bound is kept up to its last whole line below it; the failure names the stretch."""
    body = lines(0, 50)
    index = collect(tmp_path, with_log(cluster, body), log_limit_bytes=1000)

    kept = log_of(index)
    (failure,) = failures(index, "bound")

    assert body.startswith(kept)
    assert kept.endswith(b"\n")
    assert 950 < len(kept) <= 1000
    assert (failure.ours, failure.since, failure.until) == (True, kept.splitlines()[-1][:30].decode(), "")


def test_a_line_longer_than_any_chunk(tmp_path: Path, cluster: Cluster) -> None:
    """A line of three million bytes, and what follows it, come through unchanged."""
    body = line(1) + line(2, "x" * 3_000_000) + line(3) + b"2026-11-21T12:00:04.000000000Z no newline \xff"

    assert log_of(collect(tmp_path, with_log(cluster, body))) == body


@pytest.mark.parametrize("at", [40, 1000, 3021, 5000])
def test_a_cut_log_is_taken_up_again(tmp_path: Path, cluster: Cluster, at: int) -> None:
    """A log whose connection breaks is read on from there: no line twice, none lost, also within one second."""
    body = lines(0, 30, each=7)
    cluster.faults[LOG] = [cut(body, at), cut(body, at)]
    index = collect(tmp_path, with_log(cluster, body))

    assert log_of(index) == body
    assert len(cluster.queries(LOG)) > 1
    assert not index.failures


@pytest.mark.parametrize("size", [1, 7, 4096, 32_768])
def test_a_log_in_chunks(tmp_path: Path, cluster: Cluster, size: int) -> None:
    """Whatever their size, also after the connection ended between two; the connection of an answer that came whole is asked again."""
    body = lines(0, 60) * 20

    def leave(handler: Handler, query: dict[str, str]) -> None:
        handler.close_connection = True

    cluster.faults[LOG] = [chunks(lines(0, 30), size, leave)]
    cluster.always[LOG] = chunks(lines(0, 60), size)
    cluster.always[f"{SHOP}/pods/web-2/log"] = chunks(body, size)
    with_log(cluster, b"")
    cluster.lists[f"{SHOP}/pods"].append(pod("web-2"))
    index = collect(tmp_path, cluster)

    assert not index.failures
    assert (log_of(index), log_of(index, "web-2/app.log.zst")) == (lines(0, 60), body)
    client, given = Client(kubeconfig(tmp_path, cluster.url), None), ask(tmp_path)
    cluster.ports.clear()
    for _ in range(3):
        assert b"".join(client.chunks(client.send(LOG, {"sinceTime": "2026"}, given), given)) == lines(0, 60)
    client.close()
    assert (len(cluster.ports), len(set(cluster.ports))) == (3, 1)


def test_a_log_that_falls_silent(tmp_path: Path, cluster: Cluster) -> None:
    """What came before is kept, and the silence is a gap that says how much that was."""
    cluster.always[LOG] = chunks(lines(0, 30), 100, hang)
    index = collect(tmp_path, with_log(cluster, b""), seconds=1)

    assert log_of(index) == lines(0, 30)
    (failure,) = failures(index, "timeout")
    assert f"fell silent after {len(lines(0, 30))} bytes" in failure.text


def test_a_slow_log_shows_as_it_comes(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What arrived is given on after a while, however little; a log is one item."""
    monkeypatch.setattr(client_module, "LIVE_S", 0.05)
    shown = threading.Event()
    seen = []

    def slowly(handler: Handler, query: dict[str, str]) -> None:
        for part in (lines(30, 31), lines(31, 32)):
            time.sleep(0.1)
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        seen.append(shown.wait(5))
        handler.wfile.write(b"0\r\n\r\n")

    cluster.always[LOG] = chunks(lines(0, 30), 100, slowly)
    told: list[tuple[int, int]] = []

    def progress(what: str, n_bytes: int, n_items: int) -> None:
        if what == "logs of shop/web-1/app":
            told.append((n_bytes, n_items))
            shown.set()

    given = replace(ask(tmp_path), progress=progress)
    k8s.fetch(k8s.Settings(kubeconfig(tmp_path, with_log(cluster, b"").url)), given)

    assert seen == [True]
    assert [sum(numbers) for numbers in zip(*told, strict=True)] == [len(lines(0, 32)), 1]
    assert log_of(held(tmp_path)) == lines(0, 32)


def test_a_log_that_is_always_cut_keeps_what_came(tmp_path: Path, cluster: Cluster) -> None:
    """What arrived before the connection broke for good is kept as incomplete, the failure begins at the last stamp."""
    body = lines(0, 30)
    cluster.always[LOG] = cut(body, 100)
    index = collect(tmp_path, with_log(cluster, body))

    (reply,) = [r for r in index.replies if r.form == "log"]
    (failure,) = failures(index, "cut")

    assert body.startswith(reply.body())
    assert len(reply.body()) >= 100
    assert not reply.complete
    assert (failure.ours, failure.subject, failure.since[:17]) == (True, "Pod/web-1/app", "2026-11-21T12:00:")


def test_a_log_rotated_while_it_was_cut(tmp_path: Path, cluster: Cluster) -> None:
    """When the lines had already are no longer there, what came is kept and the failure says so, rather than a guess."""
    cluster.faults[LOG] = [cut(lines(0, 30), 500)]
    index = collect(tmp_path, with_log(cluster, lines(20, 40)))

    (failure,) = failures(index, "cut")

    assert "rotated" in failure.text
    assert lines(0, 30).startswith(log_of(index))


def test_error_text_in_place_of_a_log(tmp_path: Path, cluster: Cluster) -> None:
    """Status 200 with the runtime's excuse is a log that is gone, which is not our failure."""
    cluster.always[LOG] = raw(b"unable to retrieve container logs for containerd://now", kind="text/plain")
    index = collect(tmp_path, with_log(cluster, b""))

    (failure,) = index.failures

    assert (failure.reason, failure.ours, failure.subject) == ("gone", False, "Pod/web-1/app")
    assert "unable to retrieve container logs for containerd://now" in failure.text
    assert not [r for r in index.replies if r.form == "log"]


def test_error_text_at_the_end_of_a_log(tmp_path: Path, cluster: Cluster) -> None:
    """The runtime's excuse after the last line is no line of the log, and what follows it is a gap."""
    cluster.always[LOG] = lambda handler, query: handler.text(since(lines(0, 5), query) + b"rpc error: code = Unknown")
    index = collect(tmp_path, with_log(cluster, b""))

    assert log_of(index) == lines(0, 5)
    assert [f.text for f in failures(index, "cut")] == ["logs of shop/web-1/app break off: rpc error: code = Unknown"]


def test_each_instance_once(tmp_path: Path, cluster: Cluster) -> None:
    """A restarted container is asked for both instances, one in back-off once, and init containers count."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    restarted = pod("web-1", restartCount=1, lastState=ended("before"))
    restarted["status"]["initContainerStatuses"] = [{"name": "init", "state": ended("init")}]
    looping = pod("web-2", waiting, restartCount=1, containerID="containerd://x", lastState=ended("x"))
    unscheduled = pod("web-3", waiting) | {"spec": {}}
    with_log(cluster, lines(0, 2))
    cluster.lists[f"{SHOP}/pods"] = [restarted, looping, unscheduled]
    collect(tmp_path, cluster)

    got = sorted((path.split("/")[-2], q["container"], q.get("previous", "")) for path, q, _ in cluster.asked if path.endswith("/log"))

    assert got == [("web-1", "app", ""), ("web-1", "app", "true"), ("web-1", "init", ""), ("web-2", "app", "")]


def test_instances_outside_the_window_are_not_asked_for(tmp_path: Path, cluster: Cluster) -> None:
    """A container that ended long before the window or began long after costs no request."""
    early = pod("web-1", ended("early", "2026-11-21T11:30:00Z"))
    late = pod("web-2", {"running": {"startedAt": "2026-11-21T12:30:00Z"}})
    cluster.lists[f"{SHOP}/pods"] = [early, late]
    collect(tmp_path, cluster)

    assert not [path for path, *_ in cluster.asked if path.endswith("/log")]


def test_forgotten_instances_are_noted(tmp_path: Path, cluster: Cluster) -> None:
    """Of four instances the kubelet keeps two; the others are a gap up to the first one kept."""
    with_log(cluster, lines(0, 2), state={"running": {"startedAt": "2026-11-21T12:04:01Z"}}, restartCount=3, lastState=ended("before"))
    cluster.logs["web-1", "app", True] = lines(0, 2)
    (failure,) = collect(tmp_path, cluster).failures

    assert failure.text == "shop/web-1/app restarted so often that the logs of 2 earlier instances no longer exist"
    assert (failure.reason, failure.ours, failure.since, failure.until) == ("gone", False, "", "2026-11-21T12:01:00Z")


def test_vanished_pods_are_noted_once(tmp_path: Path, cluster: Cluster) -> None:
    """Pods that only events name are a gap each, with its stretch; those gone before the window or made after it are none."""
    cluster.lists[f"{SHOP}/pods"] = [pod()]
    cluster.logs["web-1", "app", False] = b""
    cluster.lists[f"{SHOP}/events"] = [
        event("web-0", "Scheduled", "2026-11-21T12:01:00Z"),
        event("web-0", "Unhealthy", "2026-11-21T12:02:00Z", "2026-11-21T12:04:00Z"),
        event("web-0", "Killing", "2026-11-21T12:05:00Z"),
        event("web", "SuccessfulCreate", "2026-11-21T12:06:00Z", kind="ReplicaSet", message="Created pod: web-7"),
        event("web-early", "Killing", "2026-11-21T11:30:00Z"),
        event("web-late", "Scheduled", "2026-11-21T12:30:00Z"),
        event("web-1", "Pulled", "2026-11-21T12:00:00Z"),
    ]
    index = collect(tmp_path, cluster)

    assert [(f.what, f.since, f.until, f.ours, f.subject) for f in failures(index, "gone")] == [
        ("logs of pod shop/web-0", "2026-11-21T12:01:00Z", "2026-11-21T12:05:00Z", False, "Pod/web-0"),
        ("logs of pod shop/web-7", "2026-11-21T12:06:00Z", "", False, "Pod/web-7"),
    ]


def test_a_pod_that_vanishes_meanwhile(tmp_path: Path, cluster: Cluster) -> None:
    """404 for a pod that was listed a moment ago is one gap that is not ours."""
    cluster.always[LOG] = status(404, 'pods "web-1" not found')
    (failure,) = collect(tmp_path, with_log(cluster, b"", restartCount=1, lastState=ended("before"))).failures

    assert (failure.what, failure.reason, failure.ours) == ("logs of pod shop/web-1", "gone", False)


def test_the_selector_chooses_pods(tmp_path: Path, cluster: Cluster) -> None:
    """The selector goes to pods and what carries their labels, not to events; vanished pods of other workloads are left out."""
    cluster.lists[f"{SHOP}/events"] = [event("web-0", "Killing", "2026-11-21T12:05:00Z"), event("db-0", "Killing", "2026-11-21T12:05:00Z")]
    index = collect(tmp_path, with_log(cluster, b""), selector="app=web")

    assert {path.rpartition("/")[2] for path, query, _ in cluster.asked if query.get("labelSelector") == "app=web"} == {
        "pods",
        "replicasets",
        "controllerrevisions",
    }
    assert [f.subject for f in index.failures] == ["Pod/web-0"]


def test_an_interrupted_run_asks_only_for_the_rest(tmp_path: Path, cluster: Cluster) -> None:
    """What is held whole is not asked for again; what was cut is."""
    with_log(cluster, lines(0, 30))
    cluster.always[LOG] = cut(lines(0, 30), 100)
    collect(tmp_path, cluster)
    cluster.asked.clear()
    cluster.always.clear()
    index = collect(tmp_path, cluster)

    assert [path for path, *_ in cluster.asked] == [LOG]
    assert log_of(index) == lines(0, 30)


def test_a_namespace_that_does_not_exist(tmp_path: Path, cluster: Cluster) -> None:
    """An empty namespace that the server does not know is said, since it lists like any empty one."""
    cluster.always["/api/v1/namespaces/shp"] = status(404)
    (failure,) = collect(tmp_path, cluster, namespaces=("shp",)).failures

    assert failure.text == "there is no namespace shp in context 'c': is the name right?"


def test_a_cluster_that_is_down(tmp_path: Path) -> None:
    """A refused connection fails the source with its address and what to look at."""
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9 cannot be reached \(connection refused\): is it up, and context 'c' the right one"):
        k8s.fetch(k8s.Settings(kubeconfig(tmp_path, "http://127.0.0.1:9")), ask(tmp_path, 2.2))


@pytest.mark.parametrize(
    ("answer", "error"), [(status(401), Denied), (status(403), Denied), (status(500), Unreachable), (raw(b"<html>"), BadPayload), (status(404), BadPayload)]
)
def test_a_cluster_that_answers_nothing(tmp_path: Path, cluster: Cluster, answer: Answer, error: type[Exception]) -> None:
    """Nothing but refusals or rubbish fails the source as a whole."""
    cluster.faults["*"] = [answer] * 99

    with pytest.raises(error):
        collect(tmp_path, cluster)


def test_silence_is_bounded(tmp_path: Path, cluster: Cluster) -> None:
    """A log that never answers costs the time allowed and no more; the rest is kept."""
    cluster.always[LOG] = hang
    begun = time.monotonic()
    index = collect(tmp_path, with_log(cluster, b""), seconds=0.7)

    assert time.monotonic() - begun < 3
    assert [f.what for f in failures(index, "timeout")] == ["logs of shop/web-1/app"]
    assert [r for r in index.replies if "/shop/pods/" in r.ref]


def test_a_list_that_hangs_leaves_time_for_the_others(tmp_path: Path, cluster: Cluster) -> None:
    """One list that never answers is a failure of its own; those after it are asked in what is left of the time."""
    cluster.always[f"{SHOP}/events"] = hang
    index = collect(tmp_path, with_log(cluster, lines(0, 2)), seconds=4)

    assert [f.what for f in failures(index, "timeout")] == ["events in namespace shop"]
    assert {"pods", "deployments", "nodes"} <= {r.about.get("resource") for r in index.replies}
    assert log_of(index).startswith(lines(0, 2))


def test_a_trickle_is_bounded(tmp_path: Path, cluster: Cluster) -> None:
    """A log that comes byte by byte ends with the time allowed; what came is kept."""
    cluster.always[LOG] = trickle(lines(0, 30))
    begun = time.monotonic()
    index = collect(tmp_path, with_log(cluster, b""), seconds=0.8)

    assert time.monotonic() - begun < 2
    assert len(failures(index, "timeout")) == 1
    assert log_of(index).startswith(lines(0, 29))


def test_cancelling_ends_the_run(tmp_path: Path, cluster: Cluster) -> None:
    """An interrupted run raises, and notes no failure for what it left."""
    given = ask(tmp_path)
    with_log(cluster, lines(0, 3))

    def stop(handler: Handler, query: dict[str, str]) -> None:
        given.cancelled.set()
        handler.list(f"{SHOP}/pods", query)

    cluster.faults[f"{SHOP}/pods"] = [stop]

    with pytest.raises(Unreachable, match="interrupted"):
        k8s.fetch(k8s.Settings(kubeconfig(tmp_path, cluster.url)), given)

    assert not held(tmp_path).failures


def test_probe_tells_what_is_missing(tmp_path: Path, cluster: Cluster) -> None:
    """A probe shows version and address, the server's clock, and each permission that is missing."""
    found = k8s.probe(k8s.Settings(kubeconfig(tmp_path, cluster.url)), ask(tmp_path))

    assert (found.reachable, found.permitted) == (True, False)
    assert found.detail == f"Kubernetes v1.36.3 at {cluster.url}, context c, namespace shop: not allowed to get pods/log in namespace shop"
    assert found.date.endswith("GMT")


def test_probe_of_nothing(tmp_path: Path) -> None:
    """A probe of an address where nobody listens is not reachable."""
    found = k8s.probe(k8s.Settings(kubeconfig(tmp_path, "http://127.0.0.1:9")), ask(tmp_path, 2.2))

    assert (found.reachable, found.permitted) == (False, False)


def test_the_raw_request(tmp_path: Path, cluster: Cluster) -> None:
    """The one function that knows the library's insides sends credentials and encoded parameters and leaves the body unread."""
    cluster.always[LOG] = raw(b"body", kind="text/plain")
    client = Client(kubeconfig(tmp_path, cluster.url), None)
    response = client.raw("GET", LOG, {"sinceTime": "2026-11-21T13:00:00+01:00"}, {"Accept": "*/*"}, silence_s=2)

    assert (response.status, response.read()) == (200, b"body")
    client.close()
    ((path, query, headers),) = cluster.asked
    assert (path, query) == (LOG, {"sinceTime": "2026-11-21T13:00:00+01:00"})
    assert (headers["authorization"], headers["accept"]) == (f"Bearer {TOKEN}", "*/*")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no kubeconfig at"),
        ("", "is empty"),
        ("a: [", "is not valid YAML at line 1"),
        ("[]", "a mapping was due"),
        ("{}", "has no current context: name one with --context; it has no contexts at all"),
        ("{contexts: [{name: b, context: {}}, {name: a}], current-context: gone}", "has no context 'gone'; the contexts are a, b"),
        ("{contexts: [{name: a, context: {cluster: none, user: u}}], current-context: a}", "cannot be used with context 'a'"),
    ],
)
def test_a_kubeconfig_that_does_not_work(tmp_path: Path, text: str | None, said: str) -> None:
    """Each fault of a kubeconfig is one sentence that names the file."""
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)

    with pytest.raises(ConfigError) as caught:
        Client(str(path), None)

    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_kubeconfigs(tmp_path: Path) -> None:
    """Files of one $KUBECONFIG are merged, the first current context wins, missing ones are passed over."""
    first = kubeconfig(tmp_path, "http://127.0.0.1:1")
    second = tmp_path / "second"
    second.write_text(Path(first).read_text().replace('"c"', '"other"').replace(":1", ":2").replace("shop", "bank"))
    both = f"{tmp_path / 'missing'}:{first}:{second}"

    assert (Client(both, None).namespace, Client(both, "other").namespace) == ("shop", "bank")


def test_a_selector_that_is_none(tmp_path: Path, cluster: Cluster) -> None:
    """A selector that the server does not understand is a fault of the configuration."""
    cluster.always[f"{SHOP}/pods"] = status(400, "found '=', expected: ','")

    with pytest.raises(ConfigError, match="the selector 'a==,=' is not accepted"):
        collect(tmp_path, cluster, selector="a==,=")
