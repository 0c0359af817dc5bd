"""Log lines of five pods from evidence to `lines.parquet`: read, severity, records, inner stamps, merge, Parquet; with templates and without.

The yardstick is what a shell can do, `sort -m | zstd -1` of the same files; pandas, duckdb and polars read stamps and levels, sort and write Parquet.

    python benchmarks --only end_to_end [--size tiny|small|medium|large]
"""

from __future__ import annotations

import heapq
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from corpus import write
from measure import LINES, RUNS, Figure, medians, peak_memory, same

PODS = 5
COMPARED = 200_000
JOB = """
import sys
from pathlib import Path
from retroline.timeline.evidence import read_evidence
from retroline.timeline.line_store import LineStore
from retroline.timeline.people import read_people
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
store = LineStore(out.parent, sys.argv[3])
read_evidence(folder / "evidence", read_people(folder).window, store)
store.write(out)
"""
LEVELS = {"DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error", "FATAL": "fatal"}


def rows(size: str) -> list[Figure]:
    """Time beside each yardstick, peak memory, size."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _compare(folder, min(LINES[size], COMPARED))
        logs, incident = _incident(folder / size, LINES[size])
        return [*_end_to_end(folder, logs, incident, size), *_memory(folder, logs, incident)]


def _incident(folder: Path, lines: int) -> tuple[list[Path], Path]:
    """The logs of PODS pods, and the incident folder that holds them as evidence; it lacks other sources, which `collect` tells by its exit code."""
    saved = folder / "saved"
    saved.mkdir(parents=True)
    logs = [saved / f"shop-orders-{pod}.log" for pod in range(PODS)]
    for pod, log in enumerate(logs):
        write("kubelet", lines // PODS, pod + 1, log)
    words = [sys.executable, "-m", "retroline", "collect", "--from", str(saved), "--out", str(folder / "incident")]
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return logs, folder / "incident"


def _ours(incident: Path, out: Path, templates: str) -> Callable[[], object]:
    """The job of JOB in this process; `templates` as for `--templates`."""
    from retroline.timeline.evidence import read_evidence
    from retroline.timeline.line_store import LineStore
    from retroline.timeline.people import read_people

    def job() -> None:
        store = LineStore(out.parent, templates)
        read_evidence(incident / "evidence", read_people(incident).window, store)
        store.write(out)

    return job


def _compare(folder: Path, lines: int) -> None:
    """Raise Differs unless our table is what reading line by line and sorting gives."""
    logs, incident = _incident(folder / "compared", lines)
    out = folder / "compared.parquet"
    right = list(heapq.merge(*(_slowly(log) for log in logs), key=lambda line: line[0]))
    for templates in ("none", "masks"):
        _ours(incident, out, templates)()
        table = pq.read_table(out)
        found = list(zip(table["at"].cast(pa.int64()).to_pylist(), table["severity"].to_pylist(), table["text"].to_pylist(), strict=True))
        same(len(found), len(right), "lines")
        for one, other in zip(found, right, strict=True):
            same(one, other, "line")


def _slowly(log: Path) -> Iterator[tuple[int, str, str]]:
    """Instant, severity and text of each line; a traceback has the severity of the error before it."""
    level = ""
    for line in log.read_text("utf-8").splitlines():
        stamp, _, text = line.partition(" ")
        second = datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp()
        level = LEVELS.get(text.partition(" ")[0], level)
        yield int(second) * 1_000_000_000 + int(stamp[20:29]), level, text


def _end_to_end(folder: Path, logs: Sequence[Path], incident: Path, size: str) -> list[Figure]:
    names = " ".join(map(str, logs))
    out = folder / "out.parquet"
    shell = ["bash", "-o", "pipefail", "-c", f"LC_ALL=C sort -m -k1,1 {names} | zstd -q -1 -f -o {folder}/merged.zst"]
    others = {"pandas": (_pandas, ">= 10"), "duckdb": (_duckdb, ">= 2"), "polars": (_polars, ">= 1.3")}
    known = {name: job for name, (job, _) in others.items() if find_spec(name)}
    jobs: dict[str, Callable[[], object]] = {"ours": _ours(incident, out, "none"), "templates": _ours(incident, folder / "templates.parquet", "masks")}
    if shutil.which("zstd"):
        jobs["shell"] = lambda: subprocess.run(shell, check=True)
    for name, job in known.items():
        jobs[name] = lambda job=job, name=name: job(logs, folder / f"{name}.parquet")
    took = dict(zip(jobs, medians(*jobs.values(), runs=RUNS[size]), strict=True))
    for name in known:
        same(pq.read_metadata(folder / f"{name}.parquet").num_rows, pq.read_metadata(out).num_rows, f"lines of {name}")
    what = f"{PODS} streams: severity, merge, Parquet"
    shell_s, ours_s = took.get("shell"), took["ours"]
    return [
        Figure(what, "sort -m | zstd -1", ours_s, shell_s, "<= 0.9"),
        Figure(f"{what}, with templates", "sort -m | zstd -1", took["templates"], shell_s, "<= 1.6"),
        *(Figure(what, name, ours_s, took.get(name), goal) for name, (_, goal) in others.items()),
    ]


def _memory(folder: Path, logs: Sequence[Path], incident: Path) -> list[Figure]:
    out = folder / "templates.parquet"
    text = sum(log.stat().st_size for log in logs) / 1e6
    peak = peak_memory([sys.executable, "-c", JOB, str(incident), str(out), "masks"])
    figures = [Figure("the same, with templates: Parquet", "the logs' text", out.stat().st_size / 1e6, text, "<= 0.22", "MB")]
    return figures if peak is None else [Figure("the same, with templates: peak memory", "the logs' text", peak / 1e6, text, "<= 0.4", "MB"), *figures]


def _pandas(logs: Sequence[Path], out: Path) -> None:
    import pandas as pd

    frames = []
    for log in logs:
        frame = pd.read_csv(log, sep="\x01", header=None, names=["line"], quoting=3, engine="c")
        parts = frame["line"].str.split(" ", n=1, expand=True)
        known = parts[1].str.extract(r"^(DEBUG|INFO|WARN|ERROR|FATAL) ", expand=False).ffill().map(LEVELS)
        frames.append(pd.DataFrame({"at": pd.to_datetime(parts[0], format="ISO8601", utc=True), "severity": known, "pod": log.stem, "text": parts[1]}))
    pd.concat(frames).sort_values("at", kind="stable", ignore_index=True).to_parquet(out, compression="zstd")


def _duckdb(logs: Sequence[Path], out: Path) -> None:
    import duckdb

    names = ", ".join(f"'{log}'" for log in logs)
    duckdb.sql(
        f"""COPY (SELECT CAST(left(line, 29) AS TIMESTAMP_NS) AS stamp, regexp_extract(line, '^[^ ]+ (DEBUG|INFO|WARN|ERROR|FATAL) ', 1) AS severity,
            filename AS pod, substr(line, 32) AS text
            FROM read_csv([{names}], delim='\x01', header=false, quote='', escape='', columns={{'line': 'VARCHAR'}}, filename=true, strict_mode=false)
            ORDER BY stamp) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""  # noqa: S608 - paths and times made here
    )


def _polars(logs: Sequence[Path], out: Path) -> None:
    import polars as pl

    line = pl.col("line")
    frames = [
        pl.scan_csv(log, separator="\x01", has_header=False, new_columns=["line"], quote_char=None, schema={"line": pl.String}).select(
            line.str.slice(0, 29).str.to_datetime("%Y-%m-%dT%H:%M:%S%.9f", time_unit="ns").alias("at"),
            line.str.extract(r"^\S+ (DEBUG|INFO|WARN|ERROR|FATAL) ").forward_fill().alias("severity"),
            pl.lit(log.stem).alias("pod"),
            line.str.slice(31).alias("text"),
        )
        for log in logs
    ]
    pl.concat(frames).sort("at", maintain_order=True).collect().write_parquet(out, compression="zstd", compression_level=1)
