"""The shipped incident with one clock shifted: what it would have looked like had that clock been wrong.

Each function copies the files and moves what one clock stamped; everything else stays as recorded.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

INCIDENT = Path(__file__).parent.parent / "fixtures" / "incident-c"
SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
RUNTIME = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z", re.MULTILINE)
JSON_STAMP = re.compile(r'"ts": "(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"')
REDIS_STAMP = re.compile(r"(\d:[A-Z]) (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3})")


def plain(folder: Path) -> Path:
    """A copy with no clock shifted."""
    return Path(shutil.copytree(INCIDENT, folder))


def inner(folder: Path, seconds: float) -> Path:
    """The application in checkout's pods stamps its lines `seconds` ahead."""

    def move(match: re.Match[str]) -> str:
        at = datetime.fromisoformat(match[1]) + timedelta(seconds=seconds)
        return f'"ts": "{at.isoformat(timespec="milliseconds")}Z"'

    return _logs(plain(folder), "checkout-", "app", lambda text: JSON_STAMP.sub(move, text))


def zone(folder: Path, minutes: int) -> Path:
    """The cache writes local time of a zone `minutes` ahead of UTC without naming it."""
    layout = "%d %b %Y %H:%M:%S.%f"

    def move(match: re.Match[str]) -> str:
        at = datetime.strptime(match[2], layout).replace(tzinfo=UTC) + timedelta(minutes=minutes)
        return f"{match[1]} {at.strftime(layout)[:-3]}"

    return _logs(plain(folder), "cache-", "cache", lambda text: REDIS_STAMP.sub(move, text))


def pagerduty(folder: Path, seconds: float) -> Path:
    """PagerDuty's clock, which it shows in whole seconds, is `seconds` ahead."""

    def move(match: re.Match[str]) -> str:
        at = datetime.fromisoformat(match[0]).timestamp() + seconds
        return datetime.fromtimestamp(math.floor(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    for path in (plain(folder) / "pagerduty").glob("*.json"):
        path.write_text(SECONDS.sub(move, path.read_text("utf-8")), "utf-8")
    return folder


def node(folder: Path, seconds: float, name: str = "worker-1") -> Path:
    """One node's clock is `seconds` ahead: its runtime stamps are, and node_exporter, scraped every 5 s within 2 ms, tells it."""
    kubernetes = plain(folder) / "kubernetes"
    listed = [pod for path in kubernetes.glob("*/pods.json") for pod in json.loads(path.read_text("utf-8"))["items"]]
    for pod in sorted({p["metadata"]["name"] for p in listed if p["spec"].get("nodeName") == name}):
        _logs(folder, pod, "", lambda text: RUNTIME.sub(lambda m: _moved(m, seconds), text))
    times = [round(1795223960.317 + 5 * i + (0.001 if i % 9 == 4 else 0), 3) for i in range(90)]
    took = [0.0004 + 0.0016 * (i % 7) / 6 for i in range(90)]
    read = [f"{at + seconds + late * (0.2 + 0.7 * (i % 3) / 2):.9f}" for i, (at, late) in enumerate(zip(times, took, strict=True))]
    _samples(folder, "node_time_seconds", name, list(zip(times, read, strict=True)))
    _samples(folder, "scrape_duration_seconds", name, [(at, f"{late:.9f}") for at, late in zip(times, took, strict=True)])
    return folder


def kubelet(folder: Path, seconds: float, name: str = "worker-1") -> Path:
    """As `node`, and everything else that the node's kubelet stamps is `seconds` ahead too, which are whole: statuses of containers, its events."""

    def move(text: str) -> str:
        return SECONDS.sub(lambda m: (datetime.fromisoformat(m[0]) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"), text)

    for path in (node(folder, seconds, name) / "kubernetes").glob("*/*.json"):
        told = json.loads(path.read_text("utf-8"))
        for item in told.get("items", ()):
            if item.get("spec", {}).get("nodeName") == name:
                for status in ("containerStatuses", "initContainerStatuses"):
                    item["status"][status] = json.loads(move(json.dumps(item["status"].get(status, []))))
            elif item.get("source", {}).get("host") == name:
                item.update({key: item[key] and move(item[key]) for key in ("firstTimestamp", "lastTimestamp")})
        path.write_text(json.dumps(told), "utf-8")
    return folder


def _moved(match: re.Match[str], seconds: float) -> str:
    at_ns = int(datetime.fromisoformat(match[1] + "Z").timestamp()) * 10**9 + int(match[2]) + round(seconds * 1e9)
    return f"{datetime.fromtimestamp(at_ns // 10**9, UTC).strftime('%Y-%m-%dT%H:%M:%S')}.{at_ns % 10**9:09}Z"


def _samples(folder: Path, metric: str, name: str, values: list[tuple[float, str]]) -> None:
    labels = {"__name__": metric, "instance": f"{name}:9100", "job": "node"}
    data = {"resultType": "matrix", "result": [{"metric": labels, "values": values}]}
    (folder / "prometheus" / "query" / f"{metric}.json").write_text(json.dumps({"status": "success", "data": data}), "utf-8")


def _logs(folder: Path, pod: str, container: str, change: Callable[[str], str]) -> Path:
    for path in folder.glob(f"kubernetes/*/logs/{pod}*/{container}*"):
        packed = path.suffix == ".gz"
        text = gzip.decompress(path.read_bytes()).decode() if packed else path.read_text("utf-8")
        path.write_bytes(gzip.compress(change(text).encode()) if packed else change(text).encode())
    return folder
