"""The command line from outside: what it prints where, exit codes, one sentence for every mistake, never a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from retroline.cli import main
from retroline.timeline.timeline import TABLES

WINDOW = ("--since", "2026-11-21T01:00:00Z", "--until", "2026-11-21T02:00:00Z")
OURS = ("KUBECONFIG", "KUBERNETES_", "PROMETHEUS_", "ALERTMANAGER_", "PAGERDUTY_", "RETROLINE_")


@dataclass
class Result:
    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """`run("collect", …)`: the command in an empty folder, without leaving the process."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)

    def call(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["retroline", *map(str, args)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in out + err
        assert isinstance(code, int)
        return Result(code, out.decode(), err.decode())

    return call


def webhook(status: str, at: str, received: str, name: str = "Errors") -> str:
    labels = {"alertname": name, "service": "shop", "severity": "critical"}
    ends = at if status == "resolved" else "0001-01-01T00:00:00Z"
    alert = {"status": status, "labels": labels, "annotations": {}, "startsAt": "2026-11-21T01:20:00Z", "endsAt": ends, "generatorURL": "", "fingerprint": "f1"}
    body = {"version": "4", "groupKey": "{}", "status": status, "receiver": "team", "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}}
    return json.dumps({"received_at": received, "body": {**body, "externalURL": "", "alerts": [alert]}})


HISTORY = [webhook("firing", "", "2026-11-21T01:20:05Z"), webhook("resolved", "2026-11-21T01:30:00Z", "2026-11-21T01:30:05Z")]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder as a responder would have saved it: an alert that fired and resolved, a container's log, something unknown."""
    folder = tmp_path / "saved"
    (folder / "web-1").mkdir(parents=True)
    (folder / "webhook.jsonl").write_text("\n".join(HISTORY) + "\n")
    (folder / "web-1" / "app.log").write_bytes(b"2026-11-21T01:19:00.5Z started\n2026-11-21T01:19:01Z bad \xff\xfe byte\n2026-11-21T01:40:00Z done\n")
    (folder / "unknown.bin").write_bytes(b"\x00\x01\x02")
    return folder


def broken(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# Mistakes


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--since", "2026-11-21T01:00:00", "--until", "now"), "--since '2026-11-21T01:00:00' has no zone: write 2026-11-21T01:20:00Z"),
        (("--since", "2h", "--until", "yesterday"), "--until 'yesterday' is no time that retroline knows"),
        (("--since", "1h", "--until", "2h"), "--since 1h is not before --until 2h"),
        (("--since", "2h"), "--until is missing"),
        ((*WINDOW, "--source", "nagios"), "there is no source 'nagios'; the sources are kubernetes, prometheus, alertmanager, pagerduty"),
        ((*WINDOW, "--source", "pagerduty"), "pagerduty: set PAGERDUTY_TOKEN"),
        ((*WINDOW, "--pagerduty", "https://x"), "set PAGERDUTY_TOKEN or PAGERDUTY_TOKEN_FILE"),
        ((*WINDOW, "--prometheus", "localhost:9090"), "the URL of Prometheus must begin with http:// or https://"),
        ((*WINDOW, "--prometheus", "http://x", "--query", "up"), "--query is written 'name=expression'"),
        ((*WINDOW, "--format", "xml"), "'xml' is not one of"),
        ((*WINDOW, "--timeout", "0"), "--timeout"),
        ((*WINDOW, "--incident", "../up", "--prometheus", "http://x"), "an incident's id is made of letters"),
        ((*WINDOW, "--alert-log", "none.jsonl"), "none.jsonl does not exist"),
        ((*WINDOW, "--from", "none"), "there is no such folder"),
        ((*WINDOW, "--config", "none.toml"), "there is no configuration file none.toml"),
        ((*WINDOW, "--fromm", "x"), "No such option"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_one_sentence(run: Run, args: tuple[str, ...], said: str) -> None:
    """Each mistake ends with 2, its sentence on stderr and nothing on stdout."""
    sources = () if {"--prometheus", "--pagerduty", "--alert-log", "--from"} & set(args) else ("--alertmanager", "http://127.0.0.1:1")

    result = run("collect", *args, *sources)

    assert (result.code, result.out) == (2, "")
    assert said in " ".join(result.err.split())


@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300"])
def test_any_time_may_be_allowed(run: Run, seconds: str) -> None:
    """A time without end is a long time, not a crash."""
    assert run("collect", *WINDOW, "--alertmanager", "http://127.0.0.1:1", "--timeout", seconds).code == 4


def test_no_source_says_how_to_configure_one(run: Run) -> None:
    """Without any source the sentence names the variable of each, and `init`."""
    result = run("collect", *WINDOW)

    assert result.code == 2
    assert all(
        word in result.err for word in ("no source is configured", "KUBECONFIG", "PROMETHEUS_URL", "ALERTMANAGER_URL", "PAGERDUTY_TOKEN", "retroline init")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prometheus\n", "line 1"),
        ("[prometheos]\n", "there is no table [prometheos]"),
        ("[prometheus]\nurls = 'x'\n", "there is no key prometheus.urls"),
        ("[pagerduty]\ntoken = 's3cret'\n", "secrets do not belong in this file"),
        ("[durations]\nmine = ['detected', 'won']\n[alertmanager]\nalert_log = ['x']\n", "durations.mine must be two milestone names"),
    ],
)
@pytest.mark.parametrize("command", [("collect", *WINDOW), ("sources",)])
def test_a_broken_configuration_is_named(run: Run, command: tuple[str, ...], text: str, said: str) -> None:
    """A mistake in retroline.toml ends with 2 and names the file and the line or key; the secret is not repeated."""
    Path("retroline.toml").write_text(text)

    result = run(*command)

    if command == ("sources",) and "won" in text:
        return
    assert (result.code, result.out) == (2, "")
    assert said in result.err and "retroline.toml" in result.err
    assert "s3cret" not in result.err


@pytest.mark.parametrize("place", ["below-a-file/x", "below-a-file"])
def test_a_folder_that_cannot_be_written_is_said(run: Run, saved: Path, place: str) -> None:
    """Where the incident's folder cannot be made, the command ends with 2 before it asks anything."""
    Path("below-a-file").write_text("")

    result = run("collect", "--from", saved, *WINDOW, "--out", place)

    assert (result.code, result.out) == (2, "")
    assert f"cannot write to {place}" in result.err


def test_a_read_only_disk_is_said(run: Run, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes no files is one sentence, whichever step meets it first."""

    def refuse(*args: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    assert run("collect", "--from", saved, "--out", "x").code == 0
    monkeypatch.setattr("pyarrow.parquet.write_table", refuse)
    built = run("build", "x")
    archived = run("archive", "add", "x", "--archive", "x/incident.toml")
    monkeypatch.setattr(Path, "touch", refuse)
    collected = run("collect", "--from", saved, "--out", "x")

    assert [r.code for r in (built, archived, collected)] == [2, 2, 2]
    assert "cannot write to x: Read-only file system" in built.err
    assert "cannot write to the archive" in archived.err
    assert "cannot write to x: Read-only file system" in collected.err


def test_a_full_disk_behind_the_report_is_said(run: Run, saved: Path) -> None:
    """A report that cannot be written to stdout is one sentence; a reader who leaves early is none."""
    run("collect", "--from", saved, "--out", "x")
    command = [sys.executable, "-m", "retroline", "show", "x"]

    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment(Path.cwd()), text=True, check=False)
    reader, writer = os.pipe()
    os.close(reader)
    left = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment(Path.cwd()), text=True, check=False)
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (2, "error: the report: No space left on device\n")
    assert (left.returncode, left.stderr) == (141, "")


@pytest.mark.parametrize("command", [("logs", "x"), ("stamps", "x/incident.toml")])
def test_whoever_stops_reading_ends_the_command(run: Run, saved: Path, command: tuple[str, str]) -> None:
    """Lines that nobody reads any more are no error of ours."""
    run("collect", "--from", saved, "--out", "x")
    reader, writer = os.pipe()
    os.close(reader)

    left = subprocess.run([sys.executable, "-m", "retroline", *command], stdout=writer, stderr=subprocess.PIPE, env=environment(Path.cwd()), check=False)
    os.close(writer)

    assert (left.returncode, left.stderr) == (141, b"")


@pytest.mark.parametrize("command", ["show", "build"])
def test_an_unknown_incident_is_said(run: Run, command: str) -> None:
    """An id or folder that is not there is one sentence."""
    result = run(command, "nothing")

    assert (result.code, result.out) == (2, "")
    assert "nothing" in result.err and len(result.err.splitlines()) == 1


def test_a_folder_without_evidence_is_said(run: Run, saved: Path) -> None:
    """`build` of an incident without evidence, and `show` of one that was not built, say what to do."""
    run("collect", "--from", saved, "--out", "x")
    (Path("x") / "events.parquet").unlink()
    shown = run("show", "x")
    (Path("x") / "evidence").rename("elsewhere")
    built = run("build", "x")

    assert (shown.code, built.code) == (2, 2)
    assert "run retroline build x" in shown.err
    assert "x has no evidence: collect first" in built.err


@pytest.mark.parametrize("content", [b"", b"PAR1 but no more", b"<html>"])
def test_a_table_that_is_broken_is_said(run: Run, saved: Path, content: bytes) -> None:
    """A Parquet file that cannot be read is one sentence with its name."""
    run("collect", "--from", saved, "--out", "x")
    (Path("x") / "events.parquet").write_bytes(content)

    for form in ("md", "json", "csv"):
        result = run("show", "x", "--format", form)

        assert (result.code, result.out) == (2, "")
        assert "events.parquet cannot be read" in result.err


def test_a_table_of_somebody_else_is_said(run: Run) -> None:
    """A folder whose events.parquet is not retroline's is one sentence."""
    Path("x").mkdir()
    pq.write_table(pa.table({"at": [1]}), "x/events.parquet")

    result = run("show", "x", "--format", "json")

    assert (result.code, result.out) == (2, "")
    assert "was not written by retroline" in result.err


def test_files_of_nobody_are_said(run: Run, tmp_path: Path) -> None:
    """A folder in which nothing is recognised, or nothing lies, is one sentence and leaves no folder behind."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "a.bin").write_bytes(b"\x00")

    empty, odd = run("collect", "--from", tmp_path / "empty"), run("collect", "--from", tmp_path / "odd")

    assert (empty.code, odd.code) == (2, 2)
    assert "the folder is empty" in empty.err
    assert "none of the 1 files is anything that a source knows" in odd.err
    assert not list(Path().rglob("evidence"))


# Failures of sources


def test_a_host_that_does_not_answer_is_a_gap(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing else the code is 4, with another source 3; the report, the tables and stderr say what is missing."""
    (tmp_path / "log.jsonl").write_text("\n".join(HISTORY))
    monkeypatch.setattr("retroline.collectors.prometheus.client.BACKOFF_S", 0.01)

    alone = (
        run("collect", *WINDOW, "--pagerduty", "http://127.0.0.1:1", "--format", "json")
        if False
        else run("collect", *WINDOW, "--prometheus", "http://127.0.0.1:1")
    )
    beside = run("collect", *WINDOW, "--prometheus", "http://127.0.0.1:1", "--alert-log", tmp_path / "log.jsonl", "--format", "json")
    told = json.loads(beside.out)

    assert (alone.code, beside.code) == (4, 3)
    assert "**prometheus**" in alone.out and "127.0.0.1:1" in alone.err
    assert [(e["source"], e["kind"]) for e in told["events"] if e["kind"] == "gap"] == [("prometheus", "gap")]
    assert [c["reason"] for c in told["coverage"] if c["source"] == "prometheus"] == ["unreachable"]
    assert "alert.firing" in {e["kind"] for e in told["events"]}


class Server(ThreadingHTTPServer):
    """A small Alertmanager: `hang` holds back answers to these paths, `delay_s` every one; `paths` is what was asked."""

    daemon_threads = True
    answers: ClassVar[dict[str, Any]] = {
        "/api/v2/status": {"config": {"original": ""}, "versionInfo": {"version": "0.27.0"}, "uptime": "2026-11-21T00:00:00Z", "cluster": {"status": "ready"}},
        "/api/v2/alerts": [],
        "/api/v2/alerts/groups": [],
        "/api/v2/silences": [
            {
                "id": "s1", "status": {"state": "expired"}, "createdBy": "ada", "comment": "known",
                "matchers": [{"name": "a", "value": "b", "isRegex": False, "isEqual": True}],
                "startsAt": "2026-11-21T01:10:00.000Z", "endsAt": "2026-11-21T01:15:00.000Z", "updatedAt": "2026-11-21T01:10:00.000Z",
            }
        ],
        "/api/v2/receivers": [{"name": "team"}],
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths: list[str] = []
        self.hang: set[str] = set()
        self.status: dict[str, tuple[int, bytes]] = {}
        self.delay_s = 0.0
        self.asked = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed."""

    def wait_for(self, path: str) -> None:
        with self.asked:
            assert self.asked.wait_for(lambda: path in self.paths, timeout=20)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with self.server.asked:
            self.server.paths.append(path)
            self.server.asked.notify_all()
        if path in self.server.hang:
            time.sleep(30)
        time.sleep(self.server.delay_s)
        status, body = self.server.status.get(path, (200, json.dumps(self.server.answers.get(path)).encode()))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers like an Alertmanager of this incident."""
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield made
        made.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"{}", "denied"),
        (403, b"{}", "denied"),
        (404, b"not here", "unreachable"),
        (422, b"{}", "bad_payload"),
        (200, b"<html>log in</html>", "bad_payload"),
        (200, b'[{"id": "s1", "sta', "bad_payload"),
        (200, b'{"data": 5}', "bad_payload"),
        (200, b"", "bad_payload"),
    ],
)
def test_a_bad_answer_is_a_gap(run: Run, server: Server, status: int, body: bytes, reason: str) -> None:
    """One refused or broken answer ends with 3, a gap row and a coverage row; the others' facts are there."""
    server.status["/api/v2/receivers"] = (status, body)

    told = run("collect", *WINDOW, "--alertmanager", server.url, "--format", "json")
    events = json.loads(told.out)["events"]

    assert told.code == 3
    assert [e["labels"]["reason"] for e in events if e["kind"] == "gap" and e["labels"]["ours"] == "true"] == [reason]
    assert {"alert.silenced", "alert.unsilenced"} <= {e["kind"] for e in events}


def test_what_was_forgotten_is_no_failure_unless_strict(run: Run, server: Server) -> None:
    """What a source no longer has leaves the code 0; `--strict` makes it 3."""
    assert run("collect", *WINDOW, "--alertmanager", server.url).code == 0
    assert run("collect", *WINDOW, "--alertmanager", server.url, "--strict").code == 3


def test_an_open_window_is_said(run: Run, server: Server) -> None:
    """A window whose end had not come yet was not seen whole: the report says so, and to collect again; the code stays 0."""
    done = run("collect", "--since", "1h", "--until", "2199-01-01T00:00:00Z", "--alertmanager", server.url)

    assert done.code == 0
    assert "before the window had closed: collect again after it" in done.out


def test_a_window_collected_before_is_read_again(run: Run, server: Server) -> None:
    """A second collect of the same closed window asks nothing; `--fresh` asks everything."""
    first = run("collect", *WINDOW, "--alertmanager", server.url)
    asked = len(server.paths)
    second = run("collect", *WINDOW, "--alertmanager", server.url)

    assert len(server.paths) == asked
    assert second.out == first.out
    assert "collected before" in second.err
    run("collect", *WINDOW, "--alertmanager", server.url, "--fresh")
    assert len(server.paths) == 2 * asked


def test_sources_are_shown(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sources` says of each whether it is reachable, with its clock, and how to configure the others."""
    monkeypatch.setenv("ALERTMANAGER_URL", server.url)

    result = run("sources")

    assert result.code == 0
    assert "alertmanager: reachable, permitted; Alertmanager 0.27.0; its clock: " in result.out
    assert "pagerduty: not configured: set PAGERDUTY_TOKEN" in result.out


def test_one_source_configured_wrongly_does_not_hide_the_others(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sources` names what is wrong with one source and still shows the rest; what is not reachable is not called forbidden."""
    monkeypatch.setenv("ALERTMANAGER_URL", server.url)
    monkeypatch.setenv("PAGERDUTY_URL", "https://api.example.test")
    monkeypatch.setenv("KUBECONFIG", "/nope")

    result = run("sources")

    assert result.code == 3
    assert "alertmanager: reachable, permitted" in result.out
    assert "pagerduty: configured wrongly: PagerDuty is configured but its token is missing" in result.out
    assert "kubernetes: NOT reachable; " in result.out and "NOT permitted" not in result.out


# Interruptions


def environment(home: Path) -> dict[str, str]:
    root = str(Path(sys.modules["retroline"].__file__ or "").parent.parent)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    return {**clean, "HOME": str(home), "PYTHONPATH": os.pathsep.join((root, os.environ.get("PYTHONPATH", "")))}


def started(server: Server, folder: Path, *args: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "retroline", "collect", *WINDOW, "--alertmanager", server.url, "--out", "x", "--format", "json", *args]
    return subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def told(out: str | bytes) -> dict[str, Any]:
    """The JSON report without what only the present can say: when things were collected."""
    whole: dict[str, Any] = json.loads(out)
    del whole["clocks"]
    for event in whole["events"]:
        event["collected_at"] = None
    return whole


def test_ctrl_c_keeps_what_was_had(run: Run, server: Server) -> None:
    """Ctrl-C while a server hangs ends with 130 and one sentence; the same command goes on without asking again what it has."""
    expected = told(run("collect", *WINDOW, "--alertmanager", server.url, "--out", "whole", "--format", "json", "--incident", "x").out)
    server.paths.clear()
    server.hang = {"/api/v2/silences"}
    process = started(server, Path.cwd(), "--incident", "x")
    server.wait_for("/api/v2/silences")

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    server.hang, server.paths = set(), []
    again = run("collect", *WINDOW, "--alertmanager", server.url, "--out", "x", "--format", "json", "--incident", "x")

    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err and b"the same command goes on from here" in err
    assert again.code == 0
    assert server.paths == ["/api/v2/silences", "/api/v2/receivers"]
    assert told(again.out) == expected


@pytest.mark.parametrize("path", ["/api/v2/status", "/api/v2/alerts/groups", "/api/v2/receivers"])
def test_a_killed_run_ends_with_the_same_result(run: Run, server: Server, path: str) -> None:
    """Killed at any answer and run again, the result is that of a run that was left alone."""
    expected = told(run("collect", *WINDOW, "--alertmanager", server.url, "--out", "whole", "--format", "json", "--incident", "x").out)
    server.paths.clear()
    server.delay_s = 0.1
    process = started(server, Path.cwd(), "--incident", "x")
    server.wait_for(path)

    process.kill()
    process.communicate(timeout=20)
    server.delay_s = 0
    again = run("collect", *WINDOW, "--alertmanager", server.url, "--out", "x", "--format", "json", "--incident", "x")

    assert process.returncode == -signal.SIGKILL
    assert told(again.out) == expected


def test_a_source_that_hangs_does_not_hold_the_command(server: Server, tmp_path: Path) -> None:
    """A server that trickles beyond its time costs its deadline, not the whole run; the report is printed and the process ends."""
    server.hang = {"/api/v2/silences"}
    begun = time.monotonic()

    process = started(server, tmp_path, "--timeout", "1")
    out, err = process.communicate(timeout=25)

    assert (process.returncode, time.monotonic() - begun < 15) == (3, True)
    assert {c["reason"] for c in json.loads(out)["coverage"] if c["ours"]} == {"timeout"} or b"time" in err


def test_a_source_that_never_ends_does_not_hold_the_process(tmp_path: Path) -> None:
    """A source that heeds neither its deadline nor a cancellation is left behind when everything is printed."""
    script = """
import sys, time, types
from retroline.collectors import run
from retroline.cli import main
run.GRACE_S = 0.1
run.collector = lambda name: types.SimpleNamespace(fetch=lambda settings, ask: time.sleep(60))
sys.argv = ["retroline", "collect", "--since", "2h", "--until", "1h", "--alertmanager", "http://127.0.0.1:1", "--timeout", "1", "--format", "none"]
main()
"""
    begun = time.monotonic()

    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=50, check=False)

    assert (ended.returncode, time.monotonic() - begun < 15) == (4, True)
    assert "not seen: alertmanager: alertmanager: no end within 1 s" in ended.stderr


# Results


def test_saved_files_are_a_timeline(run: Run, saved: Path) -> None:
    """The report, and nothing else, is on stdout; the folder is named after the first instant; what is unknown is listed."""
    result = run("collect", "--from", saved)

    assert result.code in (0, 3)
    assert result.out.startswith("# Incident 20261121T0119Z: shop\n")
    assert "unknown.bin" in result.out
    assert result.err.splitlines()[-1] == "incident folder: incidents/20261121T0119Z"
    assert sorted(p.name for p in Path("incidents").iterdir()) == ["20261121T0119Z"]
    assert {f"{t}.parquet" for t in TABLES} | {"timeline.md", "incident.toml", "evidence"} == {p.name for p in Path("incidents/20261121T0119Z").iterdir()}
    assert Path("incidents/20261121T0119Z/timeline.md").read_text("utf-8") == result.out


def test_collecting_twice_gives_the_same_ids(run: Run, saved: Path) -> None:
    """The same files give the same rows with the same ids, in the same folder and in another."""
    results = [json.loads(run("collect", "--from", saved, "--out", out, "--incident", "i", "--format", "json").out) for out in ("x", "x", "y")]

    ids = [[e["event_id"] for e in one["events"]] for one in results]
    assert ids[0] == ids[1] == ids[2] != []
    assert results[0]["milestones"] == results[2]["milestones"]


def test_build_gives_the_same_bytes(run: Run, saved: Path) -> None:
    """`build` remakes every file byte for byte, and prints what `collect` printed."""
    collected = run("collect", "--from", saved, "--out", "x")
    before = broken(Path("x"))

    built = run("build", "x")

    assert broken(Path("x")) == before
    assert (built.code, built.out) == (0, collected.out)


def test_an_empty_window_is_a_report(run: Run, saved: Path) -> None:
    """Files without a row in the window give a valid report, and everything counts as outside."""
    result = run("collect", "--from", saved, "--since", "2027-01-01T00:00:00Z", "--until", "2027-01-01T01:00:00Z", "--format", "json")
    told = json.loads(result.out)

    assert result.code in (0, 3)
    assert told["milestones"] == []
    assert {d["best_s"] for d in told["durations"]} == {None}
    assert told["accounting"]["total"]["kept"] == 0 < told["accounting"]["total"]["outside"]


def test_json_is_one_object(run: Run, saved: Path) -> None:
    """The JSON report has the six tables, and the sums of each source agree."""
    told = json.loads(run("collect", "--from", saved, "--format", "json").out)

    assert {"window", "events", "milestones", "durations", "coverage", "accounting"} <= set(told)
    assert told["window"] == {"since": "2026-11-21T01:19:00.5Z", "until": "2026-11-21T01:40:00.000000001Z"}
    assert {"kubernetes", "alertmanager", "total"} <= set(told["accounting"])
    for sums in told["accounting"].values():
        assert sums["received"] == sums["kept"] + sums["folded"] + sums["outside"] + sums["unreadable"]
    assert told["accounting"]["total"]["received"] == sum(s["received"] for n, s in told["accounting"].items() if n != "total") == 5


def test_csv_is_the_events(run: Run, saved: Path) -> None:
    """The CSV has a line for each event with the columns of the table."""
    run("collect", "--from", saved, "--out", "x")
    events = json.loads(run("show", "x", "--format", "json").out)["events"]

    rows = list(csv.DictReader(io.StringIO(run("show", "x", "--format", "csv").out)))

    assert [r["event_id"] for r in rows] == [e["event_id"] for e in events]
    assert list(rows[0]) == list(events[0])
    assert [json.loads(r["witnesses"]) for r in rows] == [e["witnesses"] for e in events]


def test_none_prints_nothing(run: Run, saved: Path) -> None:
    """`--format none` writes the folder and leaves stdout empty."""
    assert run("collect", "--from", saved, "--out", "x", "--format", "none").out == ""
    assert (Path("x") / "timeline.md").is_file()


def test_an_incident_is_shown_by_folder_and_by_id(run: Run, saved: Path) -> None:
    """`show` finds a folder, an id below ./incidents, and an id in the archive."""
    collected = run("collect", "--from", saved, "--incident", "one")
    run("archive", "add", "one")

    by_id, by_folder = run("show", "one"), run("show", "incidents/one")
    Path("incidents").rename("moved")
    archived, listed = run("show", "one"), run("archive", "list")

    assert by_id.out == by_folder.out == archived.out == collected.out
    assert "one" in listed.out
    assert run("archive", "show", "one").out == collected.out
    assert run("archive", "show", "two").code == 2


def test_the_archive_is_listed_by_time(run: Run, saved: Path) -> None:
    """`archive list` takes a time from which, and one before which, incidents are meant; both as elsewhere on the command line."""
    run("collect", "--from", saved, "--incident", "one", *WINDOW)
    run("archive", "add", "one")
    inside = run("archive", "list", "--since", WINDOW[1], "--until", WINDOW[3])
    before, after = run("archive", "list", "--until", WINDOW[1]), run("archive", "list", "--since", WINDOW[3])

    assert ["one" in listed.out for listed in (inside, before, after)] == [True, False, False]
    assert run("archive", "list", "--since", "yesterday").code == 2


def test_a_changed_file_is_read_anew(run: Run, saved: Path) -> None:
    """Collecting a folder again after a file in it changed takes the new content."""
    args = ("collect", "--from", saved, "--out", "x", *WINDOW, "--format", "json")
    first = json.loads(run(*args).out)
    (saved / "web-1" / "app.log").write_text("2026-11-21T01:19:00.5Z started\n")

    second = json.loads(run(*args).out)

    assert [one["accounting"]["kubernetes"]["received"] for one in (first, second)] == [3, 1]


def test_init_writes_a_file_once(run: Run) -> None:
    """`init` writes a configuration that is accepted, and does not write over it unasked."""
    assert run("init").code == 0
    assert run("sources").code == 0
    Path("retroline.toml").write_text("# mine\n")

    again = run("init")

    assert again.code == 2 and "--force" in again.err
    assert Path("retroline.toml").read_text() == "# mine\n"
    assert run("init", "--force").code == 0


def test_a_persons_word_is_in_the_report(run: Run, saved: Path) -> None:
    """What people add to incident.toml stays on the next collect and wins over inference."""
    run("collect", "--from", saved, "--out", "x")
    with (Path("x") / "incident.toml").open("a") as file:
        file.write(
            '\n[[milestone]]\nname = "impact"\nat = "2026-11-21T01:19:30Z"\nby = "Ada Example"\n\n[[note]]\nat = "2026-11-21T01:25:00Z"\ntext = "a | b"\n'
        )

    result = run("collect", "--from", saved, "--out", "x")

    assert "| 01:19:30 | **impact**: stated by a person in incident.toml | people |  |" in result.out
    assert "a \\| b" in result.out
    assert "Ada" not in result.out
    assert "Ada Example" in run("show", "x", "--names").out


def test_a_note_outside_the_window_and_a_misspelt_table_are_said(run: Run, saved: Path) -> None:
    """A person's note that the window does not hold is listed as not shown; a table or key that does not exist ends with 2."""
    run("collect", "--from", saved, "--out", "x")
    path = Path("x") / "incident.toml"
    framed = path.read_text("utf-8")
    path.write_text(framed + '\n[[note]]\nat = "2026-11-21T03:25:00Z"\ntext = "late"\n', "utf-8")
    late = run("build", "x")
    path.write_text(framed + '\n[[notes]]\nat = "2026-11-21T01:25:00Z"\ntext = "a"\n', "utf-8")
    misspelt = run("build", "x")

    assert "the note at 2026-11-21T03:25:00Z in incident.toml lies outside the window and is not shown" in late.out
    assert (misspelt.code, "there is no notes" in misspelt.err) == (2, True)


@pytest.mark.parametrize("args", [(), ("--help",), ("-h",), ("collect", "--help"), ("--version",)])
def test_help_is_printed(run: Run, args: tuple[str, ...]) -> None:
    """Help and version end without an error; a bare command shows the help."""
    result = run(*args)

    assert "retroline" in (result.out + result.err).lower()
    assert result.code == (0 if args else 2)
