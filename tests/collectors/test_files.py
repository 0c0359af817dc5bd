"""Saved files as a source: recognised by content, copied whole, nothing ignored in silence."""

from __future__ import annotations

import base64
import gzip
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import files, recognise
from retroline.collectors.ask import Ask
from retroline.collectors.errors import BadPayload, ConfigError, Unreachable
from retroline.collectors.evidence import Evidence, Failure, Index, Reply, indexes
from retroline.collectors.log_paths import log_path
from retroline.collectors.window import Window

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop", "uid": "u1", "creationTimestamp": "2026-11-21T01:00:00Z"}}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "web-1.1", "namespace": "shop", "uid": "e1"},
    "involvedObject": {"kind": "Pod", "name": "web-1"},
    "reason": "Killing",
    "message": "Stopping container app",
    "type": "Normal",
    "firstTimestamp": "2026-11-21T01:22:44Z",
    "lastTimestamp": "2026-11-21T01:22:44Z",
    "count": 1,
}
MATRIX = {
    "status": "success",
    "data": {"resultType": "matrix", "result": [{"metric": {"__name__": "up"}, "values": [[1795224095 + 5 * n, "1"] for n in range(4)]}]},
}
VECTOR = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"__name__": "up"}, "value": [1795224099.5, "1"]}]}}
RULES = {"status": "success", "data": {"groups": []}}
ALERTS_NOW = {"status": "success", "data": {"alerts": []}}
AM_ALERT = {
    "labels": {"alertname": "HighErrorRate"},
    "annotations": {},
    "startsAt": "2026-11-21T01:21:39.152Z",
    "endsAt": "2026-11-21T01:30:00.000Z",
    "updatedAt": "2026-11-21T01:21:39.160Z",
    "fingerprint": "18b6218553df4663",
    "receivers": [{"name": "pagerduty"}],
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    "generatorURL": "",
}
SILENCE = {
    "id": "7c6b68e9-3961-4cac-a134-a37baa1cd92e",
    "status": {"state": "active"},
    "updatedAt": "2026-11-21T01:19:05.894Z",
    "comment": "do not page",
    "createdBy": "maria.okafor",
    "startsAt": "2026-11-21T01:19:05.894Z",
    "endsAt": "2026-12-05T01:19:05.891Z",
    "matchers": [{"isEqual": True, "isRegex": False, "name": "alertname", "value": "BackupTooOld"}],
}
WEBHOOK = {
    "version": "4",
    "groupKey": '{}:{alertname="HighErrorRate"}',
    "status": "firing",
    "receiver": "log",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate"},
            "annotations": {},
            "startsAt": "2026-11-21T01:21:39.152Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
    ],
}
ENVELOPE = {"received_at": "2026-11-21T01:21:44.160Z", "body": WEBHOOK}
RECORDER = {
    "@timestamp": "2026-11-21T01:21:39.2Z",
    "instance": "a",
    "data": {"alertCreated": {"alert": {"labels": {"alertname": "HighErrorRate"}, "startsAt": "2026-11-21T01:21:39.152Z"}}},
}
INCIDENTS = {"incidents": [{"id": "QKPPKJC73TGHR0", "type": "incident", "incident_number": 5121, "created_at": "2026-11-21T01:21:44Z", "status": "triggered"}]}
LOG_ENTRIES = {"log_entries": [{"id": "R1", "type": "trigger_log_entry", "created_at": "2026-11-21T01:21:44Z"}]}

STAMPED = b"2026-11-21T01:21:07.123456789Z GET /cart 500\n2026-11-21T01:21:08.000000001Z GET /cart 200\n"
JSON_LOG = b'{"ts": "2026-11-21T01:21:07.123Z", "msg": "a"}\n{"ts": "2026-11-21T01:21:08.123Z", "msg": "b"}\nTraceback (most recent call last):\n'


def body(document: Any, indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent).encode()


def lines(*documents: Any) -> bytes:
    return b"".join(body(document) + b"\n" for document in documents)


def exchange(answer: str, status: int = 200, path: str = "/api/v1/query_range", query: Any = (), **more: str) -> bytes:
    return body(
        {
            "request": {"path": path, "query": query},
            "response": {"status": status, "headers": [["Date", "Sat, 21 Nov 2026 01:27:06 GMT"]], "body": answer, **more},
        }
    )


def collect(folder: Path, root: Path, deadline_s: float = 60.0) -> Index:
    ask = Ask(Window(0, 1), Evidence(root, "r1", "files", lambda: "2026-11-21T02:00:00Z"), time.monotonic() + deadline_s, 0)
    files.fetch(files.Settings(str(folder)), ask)
    (index,) = indexes(root)
    return index


def given_files(tmp_path: Path, contents: Mapping[str, bytes]) -> Path:
    folder = tmp_path / "saved"
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def only(tmp_path: Path, name: str, content: bytes) -> Reply:
    index = collect(given_files(tmp_path, {name: content}), tmp_path / "evidence")
    assert index.failures == ()
    (reply,) = index.replies
    return reply


def passed(tmp_path: Path, name: str, content: bytes) -> Failure:
    """The note about a file that is left out, beside one that is taken."""
    index = collect(given_files(tmp_path, {name: content, "ok.json": body(POD)}), tmp_path / "evidence")
    assert [reply.about["file"] for reply in index.replies] == ["ok.json"]
    (failure,) = index.failures
    assert name == failure.what
    assert failure.text.startswith(name)
    return failure


DOCUMENTS: dict[str, tuple[bytes, str, str]] = {
    "a list of kubectl": (body({"apiVersion": "v1", "kind": "List", "items": [POD, EVENT]}, 4), "kubernetes", "list"),
    "a list of the API": (body({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": []}), "kubernetes", "list"),
    "one object": (body(POD, 2), "kubernetes", "list"),
    "objects as JSON lines": (lines(POD, EVENT), "kubernetes", "list"),
    "a version": (body({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}), "kubernetes", "version"),
    "a range": (body(MATRIX), "prometheus", "query_range"),
    "an instant vector": (body(VECTOR), "prometheus", "query"),
    "rules": (body(RULES), "prometheus", "rules"),
    "alerts of Prometheus": (body(ALERTS_NOW), "prometheus", "alerts"),
    "alerts of Alertmanager or amtool": (body([AM_ALERT]), "alertmanager", "alerts"),
    "silences": (body([SILENCE], 1), "alertmanager", "silences"),
    "webhooks, bare": (lines(WEBHOOK, WEBHOOK), "alertmanager", "history"),
    "one webhook": (body(WEBHOOK, 2), "alertmanager", "history"),
    "webhooks in envelopes": (lines(ENVELOPE, ENVELOPE, WEBHOOK), "alertmanager", "history"),
    "recorder lines": (lines(RECORDER, ENVELOPE), "alertmanager", "history"),
    "history after a line cut in half": (b'{"received_at": "2026-11-\n' + lines(RECORDER, ENVELOPE), "alertmanager", "history"),
    "incidents": (body(INCIDENTS), "pagerduty", "incidents"),
    "log entries": (body(LOG_ENTRIES), "pagerduty", "log_entries"),
    "JSON with a byte order mark": (b"\xef\xbb\xbf" + body(POD), "kubernetes", "list"),
    "JSON as PowerShell writes it": (json.dumps(POD).encode("utf-16"), "kubernetes", "list"),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("what", DOCUMENTS)
def test_content_tells_what_a_file_is(tmp_path: Path, what: str, packed: bool) -> None:
    """Every form is recognised under a misleading name, plain and packed, and copied byte for byte."""
    plain, reader, form = DOCUMENTS[what]
    content = gzip.compress(plain) if packed else plain

    reply = only(tmp_path, "silences.log.txt", content)

    assert (reply.about["reader"], reply.form, reply.source) == (reader, form, "files")
    assert reply.path.read_bytes() == content
    assert reply.complete


@pytest.mark.parametrize("what", [what for what, (_, _, form) in DOCUMENTS.items() if form not in ("rules", "alerts") and "PowerShell" not in what])
def test_what_was_recognised_is_read_by_its_source(tmp_path: Path, what: str) -> None:
    """`read` hands a reply to the source that knows it; its facts carry that source's name."""
    content, reader, _ = DOCUMENTS[what]

    batches = list(files.read(only(tmp_path, "x", content)))

    sources = {name for raw in batches if raw.table == "facts" for name in raw.batch.column("source").to_pylist()}
    assert sources <= {reader}
    assert all(raw.batch.num_rows for raw in batches)
    assert batches or "API" in what


LOGS = {
    "stamped": STAMPED,
    "stamped, without fractions": b"2026-11-21T01:21:07Z GET /cart 500\n",
    "stamped by a local clock": b"2026-11-21T02:21:07.1+01:00 GET\n",
    "prefixed": b"[pod/web-1/app] GET /cart 500\n",
    "inner stamps": b"I0 start\nlevel=info ts=2026-11-21T01:21:07Z msg=up\n",
    "klog": b"I1121 01:21:07.123456       1 main.go:5] up\n",
    "syslog": b"<34>Nov 21 01:21:07 node-7 app[17]: up\n\tat x\n",
    "access log": b'10.0.0.4 - - [21/Nov/2026:01:21:07 +0000] "GET / HTTP/1.1" 200 17\n',
    "local time": b"2026-11-21 01:21:07,123 INFO up\n  more\n",
    "JSON lines with counts": b'{"level":"info","ts":1795224067.125,"msg":"up"}\n' * 2,
    "JSON lines": JSON_LOG,
    "not UTF-8": b"2026-11-21T01:21:07.1Z \xff\xfe\x00broken\n",
    "stamped list-like text": b"2026-11-21T01:21:07.1Z [1, 2]\n",
    "cut first line": b"agment of a line\n" + STAMPED,
    "a log that quotes HTML": b"2026-11-21T01:21:07.1Z <html>\n" * 3,
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("what", LOGS)
def test_logs_are_told_by_their_stamps_and_prefixes(tmp_path: Path, what: str, packed: bool) -> None:
    """A container's log is recognised whatever its name, and its bytes are kept."""
    content = gzip.compress(LOGS[what]) if packed else LOGS[what]

    reply = only(tmp_path, "notes.txt", content)

    assert (reply.about["reader"], reply.form) == ("kubernetes", "log")
    assert reply.path.read_bytes() == content


@pytest.mark.parametrize("name", ["app.log", "logs/web-1/app", "web-1/app.previous.log.gz"])
@pytest.mark.parametrize("content", [b"", b"ready\n", b'{"msg": "no stamp"}\n', b"[1, 2\n", b"I1121 01:21:07.123456       1 main.go:5] up\n"])
def test_a_log_without_stamps_is_told_by_its_path(tmp_path: Path, name: str, content: bytes) -> None:
    """Silence and lines without a known stamp are evidence too, if the path calls them a log."""
    assert only(tmp_path, name, content).form == "log"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("web-1/app.log", ("", "web-1", "app", "false")),
        ("kubernetes/during/logs/web-1/app.previous.log.gz", ("", "web-1", "app", "true")),
        ("web-1_app.log", ("", "web-1", "app", "false")),
        ("logs/web-1_app_previous.log", ("", "web-1", "app", "true")),
        ("web-1.log", ("", "web-1", "", "false")),
        ("after/web-1.log", ("", "web-1", "", "false")),
        ("logs/shop/web-1/app.log", ("shop", "web-1", "app", "false")),
        ("logs/shop/web-1_app.log", ("shop", "web-1", "app", "false")),
        ("logs/shop/web-1.log", ("", "shop", "web-1", "false")),
        ("team/shop/web-1/app.log", ("", "web-1", "app", "false")),
        ("My Logs/App One.log", ("", "", "", "false")),
        ("web-1.shop.log", ("", "web-1.shop", "", "false")),
        ("web-1/app.log.1", ("", "web-1", "app", "false")),
        ("web-1/app.log-20261120.gz", ("", "web-1", "app", "false")),
        ("app.log.2026-11-20", ("", "app", "", "false")),
        ("tomcat/catalina.out", ("", "tomcat", "catalina", "false")),
        ("var/log/pods/shop_web-1_0f3cbb1e-0a1b-4c2d-8e3f-0123456789ab/app/0.log", ("shop", "web-1", "app", "false")),
        ("kube-system_etcd-cp-1_9d1f8a7b6c5d4e3f2a1b0c9d8e7f6a5b/etcd/2.log.20261120-100000.gz", ("kube-system", "etcd-cp-1", "etcd", "false")),
        ("gathered/namespaces/shop/pods/web-1/app/app/logs/current.log", ("shop", "web-1", "app", "false")),
        ("namespaces/shop/pods/web-1/app/app/logs/previous.insecure.log", ("shop", "web-1", "app", "true")),
        ("", ("", "", "", "false")),
    ],
)
def test_a_path_tells_whose_log_it_is(path: str, expected: tuple[str, str, str, str]) -> None:
    """Pod and container come from the path, a namespace only where its place is certain, anything else stays blank."""
    about = log_path(path)

    assert expected == (about["namespace"], about["pod"], about["container"], about["previous"])
    assert about["instance"] == ""


def test_the_nodes_own_file_names_tell_the_container_id() -> None:
    """Files of /var/log/containers name pod, namespace, container and its id."""
    about = log_path(f"node-a/web-1_shop_app-{'0f' * 32}.log")

    assert about == {"namespace": "shop", "pod": "web-1", "container": "app", "instance": "0f" * 32, "previous": "false"}


@pytest.mark.parametrize("name", ["app.log.1", "app.log-20261120", "app.log.2.gz", "catalina.out", "app.err"])
def test_a_rotated_log_is_one_by_its_name(tmp_path: Path, name: str) -> None:
    """A number or a date behind the ending changes nothing, nor do the endings of output that went into a file."""
    assert only(tmp_path, name, b"ready\n").form == "log"


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-20 10:00:00,125 INFO ready",
        "20.11.2026 10:00:00,125 ready",
        "[20-Nov-2026 10:00:00] NOTICE: ready",
        "[Fri Nov 20 10:00:00.125000 2026] [core:error] [pid 7] refused",
        "1:M 20 Nov 2026 10:00:00.125 * Ready to accept connections",
        "26/11/20 10:00:00 INFO Executor: ready",
        "I20261120 10:00:00.125000  7 main.cc:42] started",
        '10.0.0.4 - - [20/Nov/2026 10:00:00] "GET / HTTP/1.1" 200 -',
        "10:00:00.125 INFO  - started",
        "WARN  10:00:00,125 refused",
        "1795168800.125    231 10.0.0.4 TCP_MISS/200 4512 GET http://example.com/",
        "level=info ts=1795168800.125 caller=main.go:42 msg=started",
        "@400000006b001a2a07735940 starting service",
        "date=2026-11-20 time=10:00:00 devname=gw",
    ],
)
def test_a_log_is_told_by_what_programs_write(tmp_path: Path, line: str) -> None:
    """Whatever the file is called, stamps of common layouts make it a log."""
    assert only(tmp_path, "saved.txt", f"{line}\n  more of it\n".encode()).form == "log"


@pytest.mark.parametrize("text", ["version 10.11.12\n1.2.3 10\n", "3 of 20 pods, 10:00\n", "take 20/11 of 100\n", "9:05\n9:10\n", "market 12345678 1:2:3\n"])
def test_numbers_make_no_log(tmp_path: Path, text: str) -> None:
    """Neither versions nor ratios nor times without seconds are stamps."""
    assert passed(tmp_path, "saved.txt", text.encode()).text == "saved.txt: not recognised"


def test_a_large_log_of_brackets_is_no_document(tmp_path: Path) -> None:
    """Lines that begin like a JSON list are not read whole before they are known as a log."""
    line = b"[Fri Nov 20 10:00:00.125000 2026] [core:error] [pid 7] refused\n"
    with patch.object(recognise, "LARGEST_DOCUMENT", recognise.HEAD * 2):
        assert only(tmp_path, "errors.txt", line * (3 * recognise.HEAD // len(line))).form == "log"


def test_a_dump_of_the_cluster_tells_whose_its_logs_are(tmp_path: Path) -> None:
    """`kubectl cluster-info dump` writes a pod's logs into one file, with a line before each container's."""
    start = "==== START logs for container {} of pod shop/web-1 ====\n2026-11-20 10:00:00 ready\n==== END logs for container {} of pod shop/web-1 ====\n"
    one = only(tmp_path / "1", "shop/web-1/logs.txt", start.replace("{}", "app").encode())
    both = only(tmp_path / "2", "shop/web-1/logs.txt", (start.replace("{}", "app") + start.replace("{}", "proxy")).encode())

    assert [(r.about["namespace"], r.about["pod"], r.about["container"]) for r in (one, both)] == [("shop", "web-1", "app"), ("shop", "web-1", "")]


def test_prefixes_are_worth_more_than_the_path(tmp_path: Path) -> None:
    """`[pod/POD/CONTAINER]` says whose the lines are; with several pods the reader tells them apart."""
    one = only(tmp_path / "1", "other/thing.log", b"[pod/web-1/app] " + STAMPED)
    many = only(tmp_path / "2", "other/thing.log", b"[pod/web-1/app] a\n[pod/web-2/app] b\n")

    assert (one.about["pod"], one.about["container"]) == ("web-1", "app")
    assert (many.about["pod"], many.about["container"]) == ("", "")
    assert {raw.about["pod"] for raw in files.read(many)} == {"web-1", "web-2"}


def test_a_recorded_exchange_is_unwrapped(tmp_path: Path) -> None:
    """Of request and response only the body is evidence; what was asked, and the server's date, are said of it."""
    reply = only(tmp_path, "x.json", exchange(json.dumps(MATRIX), query=[["query", "up"], ["start", "1"], ["end", "2"], ["step", "5"]]))

    assert reply.json() == MATRIX
    assert reply.date == "Sat, 21 Nov 2026 01:27:06 GMT"
    told = {"reader": "prometheus", "file": "x.json", "path": "/api/v1/query_range", "query": "up", "start": "1", "end": "2", "step": "5"}
    assert told == reply.about


def test_a_recorded_exchange_of_a_log_tells_whose_it_is(tmp_path: Path) -> None:
    """The request's path is worth more than the file's."""
    path = "/api/v1/namespaces/shop/pods/web-1/log"
    reply = only(
        tmp_path,
        "x.json",
        exchange(
            STAMPED.decode(),
            path=path,
            query={"container": "app", "previous": "true", "timestamps": "true"},
        ),
    )

    assert reply.path.read_bytes() == STAMPED
    assert {name: reply.about[name] for name in ("namespace", "pod", "container", "previous")} == {
        "namespace": "shop",
        "pod": "web-1",
        "container": "app",
        "previous": "true",
    }


def test_a_list_of_bare_metadata_is_named_by_its_file(tmp_path: Path) -> None:
    """`PartialObjectMetadataList` does not say what its items are; the file's name does, as the request's path would."""
    content = body({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": []})

    assert only(tmp_path, "during/configmaps.metadata.json.gz", content).about["path"] == "configmaps"


def test_a_recorded_body_may_be_packed(tmp_path: Path) -> None:
    """Where the body is base64 of gzip, the plain answer is the evidence."""
    content = exchange(base64.b64encode(gzip.compress(body(VECTOR))).decode(), body_encoding="base64")

    assert only(tmp_path, "x.json", content).path.read_bytes() == body(VECTOR)


LEFT_OUT = {
    "Status": (
        body({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": 'pods "web-1" not found', "code": 404}),
        "error_answer",
        'pods "web-1" not found',
        False,
    ),
    "Status as a log": (body({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no"}) + b"\n", "error_answer", "no", False),
    "kubelet's text": (b"unable to retrieve container logs for containerd://0f", "error_answer", "containerd://0f", False),
    "Prometheus' error": (body({"status": "error", "errorType": "bad_data", "error": "parse error"}), "error_answer", "bad_data: parse error", False),
    "PagerDuty's error": (body({"error": {"message": "Not Found", "code": 2100}}), "error_answer", "Not Found", False),
    "exchange with an error": (exchange("upstream down", 503), "error_answer", "503: upstream down", False),
    "exchange broken": (exchange("!", body_encoding="base64"), "bad_payload", "recorded body is broken", True),
    "HTML": (b"<!DOCTYPE html><html>Log in</html>", "unrecognised", "HTML", False),
    "YAML": (b"apiVersion: v1\nkind: Pod\nmetadata:\n  creationTimestamp: 2026-11-21T01:21:07Z\n", "unrecognised", "-o json", False),
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0logs/web.log", "unrecognised", "unpack", False),
    "answer with headers": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}", "unrecognised", "without `-i`", False),
    "UTF-16 text": ("2026-11-21T01:21:07Z up\n".encode("utf-16"), "unrecognised", "save it again as UTF-8", False),
    "JSON of nobody": (b'{"a": "2026-11-21T01:21:07Z"}', "unrecognised", "no answer that a source knows", False),
    "JSON cut": (body(POD, 2)[:-9], "bad_payload", "JSON breaks off", True),
    "JSON array cut": (body([AM_ALERT])[:-9], "bad_payload", "JSON breaks off", True),
    "nothing": (b"", "unrecognised", "empty", False),
    "text": (b"hello\nworld\n", "unrecognised", "not recognised", False),
    "binary": (bytes(range(256)), "unrecognised", "not recognised", False),
    "alerts for people": (
        b"Alertname  Starts At                Summary  State\nA          2026-11-21 01:21:39 UTC           active\n",
        "unrecognised",
        "-o json",
        False,
    ),
    "nested too deep": (b"[" * 100_000, "bad_payload", "JSON", True),
    "gzip cut": (gzip.compress(body(POD))[:-10], "bad_payload", "compressed file is broken", True),
    "gzip of dirt": (b"\x1f\x8b" + b"\xff" * 40, "bad_payload", "compressed file is broken", True),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_left_out_is_noted_with_its_reason(tmp_path: Path, what: str) -> None:
    """Error answers, broken files and what nobody knows are named, one sentence each; only what is broken counts as a failure."""
    content, reason, text, ours = LEFT_OUT[what]

    failure = passed(tmp_path, "answer.json", content)

    assert (reason, ours) == (failure.reason, failure.ours)
    assert text in failure.text


def test_json_lines_of_nobody_are_no_log_unless_their_path_says_so(tmp_path: Path) -> None:
    """A data file in JSON lines is left out; the same lines below `logs` are a log."""
    assert passed(tmp_path / "1", "requests.jsonl", JSON_LOG).reason == "unrecognised"
    assert only(tmp_path / "2", "logs/web-1/app.jsonl", JSON_LOG).form == "log"


def test_a_journal_in_json_is_a_log(tmp_path: Path) -> None:
    """What `journalctl -o json` wrote is known by its keys, whatever the file is called."""
    record = {"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1795223400123456", "MESSAGE": "ready", "PRIORITY": "6"}

    assert only(tmp_path, "journal.json", f"{json.dumps(record)}\n{json.dumps(record)}\n".encode()).form == "log"


def test_json_beyond_the_bound_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document too large to hold in memory is refused by us, and says so."""
    monkeypatch.setattr("retroline.collectors.recognise.LARGEST_DOCUMENT", 280_000)
    failure = passed(tmp_path, "big.json", body({**POD, "spec": {"a": "x" * 300_000}}))

    assert (failure.reason, failure.ours) == ("bound", True)


def zstd(plain: bytes) -> bytes:
    return pa.Codec("zstd").compress(plain).to_pybytes()


@pytest.mark.parametrize(("name", "pack"), [("app.log.gz", gzip.compress), ("app.log.zst", zstd)])
def test_a_packed_log_is_copied_as_it_is(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    """What was saved compressed stays so, byte for byte, and is read as the text in it."""
    plain = b"2026-11-21T01:21:07.100000000Z up\n" * 1000

    reply = only(tmp_path, f"web-1/{name}", pack(plain))

    assert (reply.complete, reply.path.read_bytes(), reply.body()) == (True, pack(plain), plain)


@pytest.mark.parametrize(("name", "pack"), [("app.log.gz", gzip.compress), ("app.log.zst", zstd)])
@pytest.mark.parametrize("cut", [-5, -200])
def test_the_readable_beginning_of_a_broken_packed_log_is_kept(tmp_path: Path, name: str, pack: Callable[[bytes], bytes], cut: int) -> None:
    """A log whose gzip or zstd breaks off gives its lines up to there, and the reply is marked as incomplete."""
    plain = b"".join(b"2026-11-21T01:21:07.%09dZ %d\n" % (n, n * n * 7919) for n in range(20_000))

    reply = only(tmp_path, f"web-1/{name}", pack(plain)[:cut])

    assert not reply.complete
    assert "compressed file is broken" in reply.reason
    assert plain.startswith(reply.body())
    assert len(reply.body()) > len(plain) * 0.8


def test_documentation_and_hidden_files_are_noted_as_no_evidence(tmp_path: Path) -> None:
    """A README, a notebook and what is hidden are listed, and do not count as failures."""
    folder = given_files(tmp_path, {"a.json": body(POD), "README.md": b"2026-11-21T01:21:07Z x", "n.ipynb": b"{}", ".git/config": b"", ".DS_Store": b""})

    index = collect(folder, tmp_path / "evidence")

    assert [(f.what, f.ours) for f in index.failures] == [(name, False) for name in (".DS_Store", ".git", "README.md", "n.ipynb")]
    assert all("not evidence" in f.text for f in index.failures)


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder outside is read, nor is a ring of links walked."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "pod.json").write_bytes(body(POD))
    folder = given_files(tmp_path, {"a.json": body(POD)})
    (folder / "file.json").symlink_to(tmp_path / "secret" / "pod.json")
    (folder / "folder").symlink_to(tmp_path / "secret")
    (folder / "ring").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "inside.json").symlink_to(folder / "a.json")

    index = collect(folder, tmp_path / "evidence")

    assert [reply.about["file"] for reply in index.replies] == ["a.json", "inside.json"]
    assert [failure.what for failure in index.failures] == ["file.json", "folder", "nowhere", "ring"]


def test_what_cannot_be_opened_waits_for_nobody(tmp_path: Path) -> None:
    """A pipe is not a file: it is noted, never read."""
    folder = given_files(tmp_path, {"a.json": body(POD)})
    os.mkfifo(folder / "pipe")

    (failure,) = collect(folder, tmp_path / "evidence").failures

    assert failure.text == "pipe: not a regular file"


@pytest.mark.parametrize("method", ["scandir", "open"])
def test_what_may_not_be_read_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """A folder or file without permission is noted as denied, and the rest is still read."""
    folder = given_files(tmp_path, {"a.json": body(POD), "b/c.json": body(POD)})
    if method == "scandir":
        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: refuse() if str(path).endswith("b") else scandir(path))
    else:
        opened = Path.open
        monkeypatch.setattr(Path, "open", lambda path, *mode, **more: refuse() if path == folder / "b" / "c.json" else opened(path, *mode, **more))

    index = collect(folder, tmp_path / "evidence")

    assert [reply.about["file"] for reply in index.replies] == ["a.json"]
    assert [(failure.reason, failure.ours) for failure in index.failures] == [("denied", True)]
    assert "Permission denied" in index.failures[0].text


def test_evidence_that_cannot_be_written_is_not_blamed_on_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full or read-only disk stops the source with the error itself; the saved file is not called unreadable."""
    folder = given_files(tmp_path, {"a.json": body(POD)})
    monkeypatch.setattr(os, "replace", lambda *paths: refuse())

    with pytest.raises(PermissionError):
        collect(folder, tmp_path / "evidence")


def refuse() -> Any:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("name", ["index.jsonl", "a\nb\r\x1b[2J.json", "..a", "%2E%2E", "x" * 200, "saved", "-rf", "a|b`c<d>.json"])
def test_no_file_name_leaves_its_place_or_takes_anothers(tmp_path: Path, name: str) -> None:
    """Names with newlines, escapes or the index's own name are kept as text, and their copies lie where they belong."""
    if name.startswith("."):
        name = f"x/{name}".replace("x/.", "x/_.")
    reply = only(tmp_path, name, body(POD))

    assert reply.about["file"] == name
    assert reply.path.resolve().is_relative_to((tmp_path / "evidence" / "r1" / "files" / "saved").resolve())
    assert reply.json() == POD
    assert "\n" not in reply.ref


def test_a_name_that_is_not_utf_8_can_be_written_everywhere(tmp_path: Path) -> None:
    """Bytes in a file name that are no UTF-8 break neither evidence nor notes."""
    folder = given_files(tmp_path, {"a.json": body(POD)})
    for name, content in ((b"\xff.json", body(POD)), (b"\xfe.txt", b"hello\n")):
        try:
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
        except OSError:
            pytest.skip("this file system only takes UTF-8 names")

    index = collect(folder, tmp_path / "evidence")

    assert len(index.replies) == 2
    assert [failure.what.encode() for failure in index.failures] == [b"?.txt"]


def test_a_folder_that_is_not_there_is_the_users_to_mend(tmp_path: Path) -> None:
    """A missing folder, a file instead of a folder and an empty folder are one sentence each."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "empty" / "below").mkdir(parents=True)

    for name, text in (("missing", "there is no such folder"), ("file", "not a folder"), ("empty", "the folder is empty")):
        with pytest.raises(ConfigError, match=f"{name}: {text}$"):
            collect(tmp_path / name, tmp_path / "evidence")


def test_a_folder_where_nothing_is_known_is_no_answer(tmp_path: Path) -> None:
    """If no file is evidence the source as a whole has failed, and every file is still named."""
    folder = given_files(tmp_path, {"a.txt": b"hello\n", "b.txt": b"hello\n"})

    with pytest.raises(BadPayload, match="none of the 2 files is anything that a source knows"):
        collect(folder, tmp_path / "evidence")

    assert [failure.what for failure in next(indexes(tmp_path / "evidence")).failures] == ["a.txt", "b.txt"]


def test_our_own_incidents_are_not_evidence(tmp_path: Path) -> None:
    """An incident folder inside the folder is passed by; given itself, the message says what to run."""
    folder = given_files(tmp_path, {"a.json": body(POD), "incidents/x/incident.toml": b"", "incidents/x/evidence/r1/files/saved/a.json": body(POD)})

    index = collect(folder, tmp_path / "evidence")

    assert [reply.about["file"] for reply in index.replies] == ["a.json"]
    assert [failure.what for failure in index.failures] == ["incidents/x"]
    with pytest.raises(ConfigError, match="retroline build"):
        collect(folder / "incidents" / "x", tmp_path / "evidence")


def test_evidence_below_the_folder_is_not_read_again(tmp_path: Path) -> None:
    """With `--out` inside the folder, what this run writes is not part of what it reads."""
    folder = given_files(tmp_path, {"a.json": body(POD)})

    index = collect(folder, folder / "out" / "evidence")

    assert [reply.about["file"] for reply in index.replies] == ["a.json"]


def test_an_interrupted_run_copies_only_what_is_missing(tmp_path: Path) -> None:
    """A second fetch leaves complete copies alone and ends with the same evidence."""
    folder = given_files(tmp_path, {"a.json": body(POD), "b.json": body(EVENT)})
    first = collect(folder, tmp_path / "evidence")
    stamps = [reply.path.stat().st_mtime_ns for reply in first.replies]
    (folder / "c.json").write_bytes(body(RULES))

    again = collect(folder, tmp_path / "evidence")

    assert first.replies == again.replies[:2]
    assert stamps == [reply.path.stat().st_mtime_ns for reply in again.replies[:2]]
    assert len(again.replies) == 3


def test_the_deadline_holds(tmp_path: Path) -> None:
    """Without time left nothing more is copied."""
    with pytest.raises(Unreachable, match="time allowed"):
        collect(given_files(tmp_path, {"a.json": body(POD)}), tmp_path / "evidence", deadline_s=-1)


def test_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    """Two runs over one folder write the same index, whatever order the file system gives."""
    folder = given_files(tmp_path, {f"{name}/x.json": body(POD) for name in ("b", "a", "c")})

    assert [reply.about["file"] for reply in collect(folder, tmp_path / "evidence").replies] == ["a/x.json", "b/x.json", "c/x.json"]


def test_a_folder_can_be_probed(tmp_path: Path) -> None:
    """`retroline sources` can say whether the folder is there without reading it."""
    folder = given_files(tmp_path, {"a.json": body(POD), "b/c.txt": b""})
    ask = Ask(Window(0, 1), Evidence(tmp_path / "e", "r1", "files", lambda: ""), 0, 0)

    assert files.probe(files.Settings(str(folder)), ask).detail == "2 files"
    assert not files.probe(files.Settings(str(folder / "no")), ask).reachable


@settings(deadline=None, max_examples=60)
@given(
    content=st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["kind", "apiVersion", "items", "data", "status", "alerts", "request", "response", "body", "metadata", "labels"]),
                inner,
                max_size=4,
            )
        ),
    ).map(body)
)
def test_no_content_breaks_recognition(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever a file holds, it is evidence or named as left out; nothing is raised and nothing lost."""
    tmp_path = tmp_path_factory.mktemp("any")

    index = collect(given_files(tmp_path, {"x.bin": content, "ok.json": body(POD)}), tmp_path / "evidence")

    assert len(index.replies) + len(index.failures) == 2


def test_a_file_that_breaks_its_reader_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw in one file is noted as a failure of ours, and every other file is taken."""

    def recognise(path: Path, relative: str) -> object:
        if relative == "bad.json":
            raise ArithmeticError("a number beyond all numbers")
        return recognise_file(path, relative)

    recognise_file = files.recognise_file
    monkeypatch.setattr(files, "recognise_file", recognise)
    index = collect(given_files(tmp_path, {"bad.json": b"{}", "a.json": body(POD), "z.json": body(POD)}), tmp_path / "evidence")

    assert [reply.about["file"] for reply in index.replies] == ["a.json", "z.json"]
    assert [(f.what, f.reason, f.ours) for f in index.failures] == [("bad.json", "bad_payload", True)]
