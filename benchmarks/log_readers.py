"""An access log's times read by programs for logs, on the same file: lnav without a screen, and plaso.

Both do more than read times; they are what people use for it. They are looked for on the path, lnav as `lnav`, plaso as `log2timeline.py`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import corpus
from inner_stamps import stream, streamed
from measure import LINES, RUNS, Figure, beside, command, environment, same, scratch

HOUR_NS = 3600 * 1_000_000_000
WINDOW = (corpus.BEGIN_NS - HOUR_NS, corpus.BEGIN_NS + 2 * HOUR_NS)
# plaso needs minutes for a million lines.
MOST_IN_PLASO = 20_000
FIRST_AND_LAST = ";SELECT count(*), CAST(strftime('%s', min(log_time)) AS INTEGER), CAST(strftime('%s', max(log_time)) AS INTEGER) FROM access_log"


def rows(size: str) -> list[Figure]:
    """Beside each; the times are first compared with those that lines were made with."""
    with scratch() as place:
        whole, few = place / "whole.log", place / "few.log"
        corpus.write("nginx", LINES[size], 1, whole)
        corpus.write("nginx", min(LINES[size], MOST_IN_PLASO), 1, few)
        for path in (whole, few):
            same([at for batch in streamed(path, WINDOW) for at in batch["at"].cast("int64").to_pylist()], _right(path), f"times of {path.name}")
        with_lnav = beside(lambda: stream(whole, WINDOW), _lnav(whole), RUNS[size])
        with_plaso = beside(lambda: stream(few, WINDOW), _plaso(few), 1)
    return [
        Figure("access log: time and message", "lnav, headless", *with_lnav, ">= 5"),
        Figure(f"access log of {min(LINES[size], MOST_IN_PLASO):,} lines: time and message", "plaso", *with_plaso, ">= 1000"),
    ]


def _right(path: Path) -> list[int]:
    """The second of each line, by day and time of day alone: all lines are of two days."""
    days = {b"21/Nov/2026": 1_795_219_200, b"22/Nov/2026": 1_795_305_600}
    found = []
    for line in path.read_bytes().splitlines():
        day, hour, minute, second = line[line.index(b"[") + 1 :][:20].split(b":")
        found.append((days[day] + int(hour) * 3600 + int(minute) * 60 + int(second)) * 1_000_000_000)
    return found


def _lnav(path: Path) -> Callable[[], object] | None:
    """The job of lnav, which reads the file and tells its first and last time; None without it."""
    if shutil.which("lnav") is None:
        return None
    words = ["lnav", "-n", "-c", FIRST_AND_LAST, "-c", ":write-csv-to -", str(path)]
    told = subprocess.run(words, capture_output=True, text=True, check=True, env=environment() | {"TZ": "UTC"}).stdout
    right = [at // 1_000_000_000 for at in _right(path)]
    same([int(word) for word in told.splitlines()[-1].split(",")], [len(right), right[0], right[-1]], "what lnav tells")
    return command(*words)


def _plaso(path: Path) -> Callable[[], object] | None:
    """The job of plaso, which puts the file's events into a store; None without it."""
    if shutil.which("log2timeline.py") is None:
        return None
    store = path.with_suffix(".plaso")

    def job() -> None:
        store.unlink(missing_ok=True)
        command("log2timeline.py", "--quiet", "--unattended", "--status_view", "none", "--storage_file", str(store), str(path), cwd=path.parent)()

    return job
