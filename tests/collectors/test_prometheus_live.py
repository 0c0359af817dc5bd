"""Asking a real Prometheus, started here on loopback with made-up history: slices, refusals and raw samples as it really gives them."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors.ask import Ask
from retroline.collectors.evidence import Evidence, Index, Reply, indexes
from retroline.collectors.prometheus import Query, Settings, fetch, read
from retroline.collectors.window import Window

S = 1_000_000_000
START = 1_795_219_200
HOURS = 3
MOST_SAMPLES = 20_000
RULES = """
groups:
  - name: shop
    interval: 15s
    rules:
      - record: shop:errors:ratio
        expr: sum(rate(errors_total[1m])) / sum(rate(requests_total[1m]))
      - alert: High
        expr: shop:errors:ratio{service="shop"} > 0.05 and on (service) gauge >= 0
        for: 30s
        labels: {severity: critical}
      - alert: Never
        expr: gauge > 1e9
"""
CONFIG = "global: {evaluation_interval: 15s, external_labels: {cluster: test}}\nrule_files: [rules.yml]\n"


def history() -> str:
    """OpenMetrics: an error ratio that is high for ten minutes of the second hour, its alert, and three gauges."""
    lines: dict[str, list[str]] = {name: [] for name in ("shop:errors:ratio", "ALERTS", "ALERTS_FOR_STATE", "gauge")}
    for at in range(START, START + HOURS * 3600, 15):
        high = 4000 <= at - START < 4600
        lines["shop:errors:ratio"].append(f'shop:errors:ratio{{service="shop"}} {0.25 if high else 0.001} {at}.692')
        lines["gauge"] += [f'gauge{{n="{n}"}} {at % 1000} {at}' for n in range(3)]
        if high:
            state = "pending" if at - START < 4030 else "firing"
            lines["ALERTS"].append(f'ALERTS{{alertname="High",alertstate="{state}",service="shop"}} 1 {at}.692')
            lines["ALERTS_FOR_STATE"].append(f'ALERTS_FOR_STATE{{alertname="High",service="shop"}} {START + 4005} {at}.692')
    body = "".join(f"# TYPE {name} gauge\n" + "\n".join(sorted(rows, key=lambda line: line.partition("}")[0])) + "\n" for name, rows in lines.items())
    return body + "# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that holds `history` and refuses queries of more than MOST_SAMPLES samples."""
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        pytest.skip("prometheus and promtool are not installed (Debian package: prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history.txt").write_text(history())
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(CONFIG)
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"], cwd=folder, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--storage.tsdb.retention.time=100y"]
    flags += [f"--web.listen-address=127.0.0.1:{port}", f"--query.max-samples={MOST_SAMPLES}", "--log.level=error"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["prometheus", *flags], cwd=folder, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/-/ready", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        assert process.poll() is None, "prometheus has ended"
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("prometheus does not become ready")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def run(url: str, root: Path, since: int, until: int, **settings: Any) -> Index:
    evidence = Evidence(root, "r1", "prometheus", lambda: "2026-11-21T04:00:00Z")
    window = Window((START + since) * S, (START + until) * S)
    fetch(Settings(url, **settings), Ask(window, evidence, time.monotonic() + 60, (START + HOURS * 3600) * S))
    (index,) = indexes(root)
    return index


def samples(replies: Iterator[Reply]) -> list[tuple[str, str, str]]:
    return [(row["labels"], row["stamp"], row["value"]) for reply in replies for raw in read(reply) if raw.table == "samples" for row in raw.batch.to_pylist()]


def named(index: Index, name: str) -> list[tuple[str, str, str]]:
    return samples(r for r in index.replies if r.about.get("name") == name)


def test_series_behind_the_alert(prometheus: str, tmp_path: Path) -> None:
    """Without any configuration: raw alert history with its own instants, and the series that the alert's rule compares."""
    index = run(prometheus, tmp_path, 3900, 4800)

    assert [f for f in index.failures if f.ours] == []
    alerts = named(index, "ALERTS")
    assert {json.loads(labels)["alertstate"] for labels, _, _ in alerts} == {"pending", "firing"}
    assert (len(alerts), {stamp[-4:] for _, stamp, _ in alerts}) == (40, {".692"})
    assert {value for _, _, value in named(index, "ALERTS_FOR_STATE")} == {str(START + 4005)}
    series = [r for r in index.replies if r.form == "query_range"]
    limits = {(r.about["query"], r.about["op"], r.about["threshold"], r.about["rate_window_s"], r.about["step"]) for r in series}
    assert limits == {('shop:errors:ratio{service="shop"}', ">", "0.05", "60.0", "15"), ("gauge", ">=", "0.0", "0.0", "15")}


def test_slices_join(prometheus: str, tmp_path: Path) -> None:
    """Nearly three hours at a step of half a second are two slices that hold each point exactly once."""
    index = run(prometheus, tmp_path, 100, 10_000, alerts=False, margin_s=0, step_s=0.5, queries=(Query("g", 'gauge{n="1"}'),))

    assert index.failures == ()
    stamps = [round(float(stamp) * 1000) for _, stamp, _ in named(index, "g")]
    assert len([r for r in index.replies if r.form == "query_range"]) == 2
    assert len(stamps) == len(set(stamps)) == (10_120 - 100) * 2 + 1
    assert {b - a for a, b in pairwise(sorted(stamps))} == {500}


def test_too_many_samples(prometheus: str, tmp_path: Path) -> None:
    """What the server finds too much (422) is asked in halves, and nothing is lost or doubled."""
    index = run(prometheus, tmp_path, 0, 10_000, alerts=False, margin_s=0, step_s=1, queries=(Query("g", "gauge"),))

    assert index.failures == ()
    points = named(index, "g")
    assert len(points) == len(set(points)) == 3 * 10_121
    assert len([r for r in index.replies if r.form == "query_range"]) >= 2


def test_refused_expressions_are_told(prometheus: str, tmp_path: Path) -> None:
    """A query that the server cannot parse is noted with the server's own words; the others are had."""
    index = run(prometheus, tmp_path, 100, 200, alerts=False, queries=(Query("bad", "sum("), Query("g", "gauge")))

    assert [(f.what, f.reason, f.ours) for f in index.failures] == [("series bad", "bad_payload", True)]
    assert "parse error" in index.failures[0].text
    assert named(index, "g")


def test_context(prometheus: str, tmp_path: Path) -> None:
    """Rules, external labels, the version and the server's own clock are read from its real answers."""
    index = run(prometheus, tmp_path, 100, 200)
    told = [row for r in index.replies for raw in read(r) if raw.table == "facts" for row in raw.batch.to_pylist()]
    kinds = {row["kind"]: json.loads(row["attributes"]) for row in told}

    assert kinds["context.external_labels"]["labels"] == {"cluster": "test"}
    assert kinds["context.record"]["rate_window_s"] == 60.0
    assert float(kinds["context.now"]["now"]) > 0
    assert kinds["context.version"]["version"]
    assert kinds["context.retention"] == {"seconds": 3_153_600_000.0, "text": "100y"}
    assert {json.loads(row["attributes"])["alert"] for row in told if row["kind"] == "context.rule"} == {"High", "Never"}
