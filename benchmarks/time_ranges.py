"""A little of much: a hundredth of an incident's lines by time, and a few of many archived incidents.

`lines.parquet` is made by the product from a log of so many lines; ten ranges are read, evenly spread, so that some lie across two row groups. The archive has
1,000 incidents (fewer at the size tiny) of an hour each with 200 events; the range reaches into three of them.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import corpus
import pyarrow as pa
import pyarrow.parquet as pq
from measure import LINES, RUNS, Figure, beside, environment, medians, same, scratch
from retroline.collectors.window import rfc3339
from retroline.normalize.tables import EVENTS
from retroline.timeline.catalogue import CATALOGUE, between
from retroline.timeline.log_query import COLUMNS, Query, found

HOUR_NS = 3600 * 1_000_000_000
RANGES = 10
INCIDENTS = {"tiny": 30, "small": 1_000, "medium": 1_000, "large": 1_000}
EVENTS_EACH = 200


def rows(size: str) -> list[Figure]:
    """Both, and what the first question to an archive costs."""
    with scratch() as place:
        return [_lines(_incident(place, LINES[size]), size), *_incidents(place / "archive", size)]


def _incident(place: Path, lines: int) -> Path:
    """The lines of an incident with one container's log."""
    (place / "saved").mkdir()
    corpus.write("kubelet", lines, 1, place / "saved" / "shop_web-1_app.log")
    window = ("--since", rfc3339(corpus.BEGIN_NS, 0), "--until", rfc3339(corpus.BEGIN_NS + HOUR_NS, 0))
    words = [sys.executable, "-m", "retroline", "collect", "--from", str(place / "saved"), "--out", str(place / "incident"), *window, "--format", "none"]
    subprocess.run(words, check=True, stderr=subprocess.DEVNULL, env=environment())
    return place / "incident" / "lines.parquet"


def _lines(path: Path, size: str) -> Figure:
    at = pq.ParquetFile(path).read(columns=["at"])["at"].cast(pa.int64()).to_numpy()
    same(len(at), LINES[size], "lines")
    hundredth = len(at) // 100
    starts = [hundredth * 100 * (2 * i + 1) // (2 * RANGES) for i in range(RANGES)]
    queries = [Query(since_ns=int(at[start]), until_ns=int(at[start + hundredth])) for start in starts]
    for query in queries:
        ours = [one for part in found(path, query) for one in part["at"].cast(pa.int64()).to_pylist()]
        same(ours, at[(at >= query.since_ns) & (at < query.until_ns)].tolist(), "lines of a range")

    def ranges() -> None:
        for query in queries:
            for _ in found(path, query):
                pass

    ours_s, theirs_s = medians(ranges, lambda: pq.ParquetFile(path).read(columns=COLUMNS), runs=RUNS[size])
    return Figure("a time range of 1 % of the lines", "reading the same columns of all", ours_s / RANGES, theirs_s, "<= 0.17")


def _incidents(archive: Path, size: str) -> list[Figure]:
    count = INCIDENTS[size]
    _archive(archive, count)
    first = count // 2
    since_ns, until_ns = _start(first), _start(first + 2) + HOUR_NS

    def ours() -> list[str]:
        return [name for entry in between(archive, since_ns, until_ns) for name in entry.timeline.table("events")["event_id"].to_pylist()]

    def unnoted() -> list[str]:
        (archive / CATALOGUE).unlink(missing_ok=True)
        return ours()

    right = [f"{incident:04}-{event:04}" for incident in range(first, first + 3) for event in range(EVENTS_EACH)]
    same(unnoted(), right, "events of three incidents")
    same(ours(), right, "events of three incidents, from the catalogue")
    theirs = _duckdb(archive, since_ns, until_ns, right)
    figures = [beside(job, theirs, min(RUNS[size] * 5, 10)) for job in (ours, unnoted)]
    return [
        Figure(f"events of 3 of {count:,} archived incidents, by time", "duckdb over the files", *figures[0], "<= 0.2"),
        Figure("the same, the first time (no catalogue yet)", "duckdb over the files", *figures[1]),
    ]


def _start(incident: int) -> int:
    """Every second hour one begins."""
    return corpus.BEGIN_NS + 2 * incident * HOUR_NS


def _archive(archive: Path, incidents: int) -> None:
    """Events as `archive add` leaves them; the other tables are not asked for."""
    for incident in range(incidents):
        start_ns = _start(incident)
        since = rfc3339(start_ns, 0)
        folder = archive / "events" / f"year={since[:4]}" / f"incident={since.replace('-', '').replace(':', '')[:13]}Z"
        folder.mkdir(parents=True)
        told = {"retroline.id": folder.name.partition("=")[2], "retroline.since_ns": str(start_ns), "retroline.until_ns": str(start_ns + HOUR_NS)}
        pq.write_table(_events(incident, start_ns).replace_schema_metadata(told), folder / "part.parquet", compression="zstd")


def _events(incident: int, start_ns: int) -> pa.Table:
    """Rows with what most rows have, one every eighteen seconds."""
    return pa.Table.from_pylist(
        [
            {
                "event_id": f"{incident:04}-{event:04}",
                "at": start_ns + event * HOUR_NS // EVENTS_EACH,
                "kind": "k8s.event",
                "source": "kubernetes",
                "clock": "kubernetes/node/a",
                "severity": "warning",
                "title": f"BackOff: container {event % 7} of pod web-{event} restarts",
                "labels": {"namespace": "shop", "reason": "BackOff"},
                "correction_ns": 0,
                "before_ns": 0,
                "after_ns": 1_000_000_000,
                "witnesses": [],
            }
            for event in range(EVENTS_EACH)
        ],
        EVENTS,
    )


def _duckdb(archive: Path, since_ns: int, until_ns: int, right: Sequence[str]) -> Callable[[], object] | None:
    """The same rows by SQL over all files; None without duckdb."""
    if importlib.util.find_spec("duckdb") is None:
        return None
    import duckdb

    files = f"read_parquet('{archive}/events/*/*/*.parquet', hive_partitioning = true)"
    since, until = rfc3339(since_ns, 0), rfc3339(until_ns, 0)
    query = f"SELECT event_id FROM {files} WHERE \"at\" >= '{since}' AND \"at\" < '{until}' ORDER BY event_id"  # noqa: S608 - paths and times made here
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")

    def job() -> list[str]:
        return [name for (name,) in connection.execute(query).fetchall()]

    same(job(), list(right), "duckdb's events")
    return job
