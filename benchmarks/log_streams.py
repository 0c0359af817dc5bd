"""Logs over HTTP: the Kubernetes collector's own path, from the request to blocks of whole lines, or on to compressed evidence, beside curl.

The server is a process of its own on this machine and sends one log in chunks. curl's time holds its start; ours runs in a process that has
started, with a client that has asked before.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import corpus
from measure import LINES, RUNS, Figure, beside, command, same, scratch
from retroline.collectors.ask import Ask
from retroline.collectors.evidence import Evidence, indexes
from retroline.collectors.kubernetes import Settings
from retroline.collectors.kubernetes.client import Client
from retroline.collectors.kubernetes.fetcher import WORKERS
from retroline.collectors.kubernetes.logs import Target, collect
from retroline.collectors.kubernetes.stream import Stream
from retroline.collectors.window import Window

HERE = Path(__file__).resolve().parent
LOG = "/api/v1/namespaces/shop/pods/web-{}/log"
HOUR_NS = 3600 * 1_000_000_000
AT_ONCE = 50
# So long a kubelet takes to find a log's beginning.
FIRST_BYTE_S = 0.05
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me, namespace: shop}}}}]
clusters: [{{name: here, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: me, user: {{token: none}}}}]
"""


def rows(size: str) -> list[Figure]:
    """One stream in large and in small chunks, and many streams at once."""
    with scratch() as place:
        log, small = place / "log", place / "small"
        corpus.write("kubelet", min(LINES[size], LINES["medium"]), 1, log)
        corpus.write("kubelet", min(LINES[size], LINES["medium"]) // AT_ONCE, 1, small)
        return [_read(log, size, 32_768, "<= 1.2"), _read(log, size, 4_096, "<= 3.5"), _saved(log, size), _many(small, size)]


def _read(log: Path, size: str, chunk: int, goal: str) -> Figure:
    with served(log, chunk, 0.0) as port, asking(log.parent, port) as (client, ask):

        def blocks() -> Iterator[bytes]:
            yield from Stream(client, LOG.format(0), {"container": "app", "timestamps": "true"}, ask(), limit=1 << 40, name="shop/web-0/app").blocks()

        same(b"".join(blocks()), log.read_bytes(), f"the log in chunks of {chunk} bytes")
        ours_s, theirs_s = beside(lambda: deque(blocks(), 0), curl(f"http://127.0.0.1:{port}{LOG.format(0)}", into="/dev/null"), RUNS[size])
    return Figure(f"one pod's log in chunks of {chunk // 1024} KiB, read", "`curl -o /dev/null`", ours_s, theirs_s, goal)


def _saved(log: Path, size: str) -> Figure:
    with served(log, 32_768, 0.0) as port, fetching(log.parent, port, 1) as ours:
        same(bodies(ours()), [log.read_bytes()], "the saved log")
        pipe = f"curl --silent --fail http://127.0.0.1:{port}{LOG.format(0)} | zstd -1 -q -f -o {log.parent / 'curl.zst'}"
        theirs = command("sh", "-c", pipe) if shutil.which("curl") and shutil.which("zstd") else None
        ours_s, theirs_s = beside(ours, theirs, RUNS[size])
    return Figure("one pod's log in chunks of 32 KiB, saved as evidence (zstd)", "`curl` piped to `zstd -1`", ours_s, theirs_s)


def _many(log: Path, size: str) -> Figure:
    with served(log, 32_768, FIRST_BYTE_S) as port, fetching(log.parent, port, AT_ONCE) as ours:
        url = f"http://127.0.0.1:{port}{LOG.format(f'[0-{AT_ONCE - 1}]')}"
        same(bodies(ours()), [log.read_bytes()] * AT_ONCE, f"{AT_ONCE} logs at once")
        ours_s, theirs_s = beside(ours, curl("--parallel", url, into=f"{log.parent}/curl-#1"), RUNS[size])
    return Figure(f"{AT_ONCE} pods' logs at once, {FIRST_BYTE_S * 1000:.0f} ms to each first byte, saved", "`curl --parallel -o`", ours_s, theirs_s, "<= 2")


@contextmanager
def served(log: Path, chunk: int, delay_s: float) -> Iterator[int]:
    """The port of a server of `log`."""
    words = [sys.executable, str(HERE / "log_server.py"), str(log), "--chunk", str(chunk), "--delay", str(delay_s)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.communicate()


@contextmanager
def asking(place: Path, port: int) -> Iterator[tuple[Client, Callable[[], Ask]]]:
    """A client of the server, and commissions over an empty folder of evidence."""
    config, root = place / "kubeconfig", place / f"evidence-{port}"
    config.write_text(KUBECONFIG.format(port=port))
    window = Window(corpus.BEGIN_NS, corpus.BEGIN_NS + HOUR_NS)

    def ask() -> Ask:
        (root / "run" / "kubernetes" / "index.jsonl").unlink(missing_ok=True)
        return Ask(window, Evidence(root, "run", "kubernetes", lambda: "2026-11-21T09:00:00Z"), time.monotonic() + 600, window.until_ns)

    with closing(Client(str(config), "here")) as client:
        yield client, ask


@contextmanager
def fetching(place: Path, port: int, logs: int) -> Iterator[Callable[[], Path]]:
    """A job that collects `logs` containers' logs into a folder of evidence, over those of the time before."""
    settings, targets = Settings(), [Target("shop", f"web-{i}", "app") for i in range(logs)]
    with asking(place, port) as (client, ask):

        def job() -> Path:
            commission = ask()
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(lambda target: collect(client, target, settings, commission, set()), targets))
            return place / f"evidence-{port}"

        yield job


def bodies(root: Path) -> list[bytes]:
    """What was saved, as a reader gets it."""
    return [reply.body() for index in indexes(root) for reply in index.replies if reply.complete]


def curl(*words: str, into: str) -> Callable[[], None] | None:
    """The job of getting the same with curl; None without it."""
    return command("curl", "--silent", "--fail", "-o", into, *words) if shutil.which("curl") else None
