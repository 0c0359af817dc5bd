"""Short jobs: how long retroline takes beside what it cannot do without, every one in a fresh interpreter.

The small build is five containers' logs of 10,000 lines each (fewer at the size tiny), collected from files once and then built from their evidence.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import corpus
from measure import Figure, environment, medians, python, same

INCIDENT = Path(__file__).resolve().parent.parent / "fixtures" / "incident-c"
# What a timeline is made with. The job itself puts off loading pandas till a frame is wanted, as in a notebook; so it is held against what it saves, too.
NEEDED = ("click", "numpy", "pandas", "pyarrow", "pyarrow.compute", "pyarrow.parquet", "promql_parser", "tomli_w", "yaml")
GROUP = "import click\n@click.group()\ndef main(): ...\nmain([{!r}])"
VERSION = "import click\n@click.group()\n@click.version_option('1')\ndef main(): ...\nmain(['--version'])"
# Containers by the format of their lines.
SOURCES = ("kubelet", "kubelet-trim", "cri", "kubelet", "kubelet")
WINDOW = ("--since", "2026-11-21T07:00:00Z", "--until", "2026-11-21T08:00:01Z")
RUNS = {"tiny": 1, "small": 9, "medium": 15, "large": 15}


def rows(size: str) -> list[Figure]:
    """Help, version, the small build, the shipped incident."""
    runs = RUNS[size]
    with tempfile.TemporaryDirectory() as folder:
        return [*_doors(runs), _small_build(Path(folder), runs, 200 if size == "tiny" else 10_000), _shipped(Path(folder), runs)]


def _doors(runs: int) -> Iterator[Figure]:
    same(_stdout("-m", "retroline", "--version").split()[:1], ["retroline"], "--version")
    same(_stdout("-m", "retroline", "--help").split()[0], "Usage:", "--help")
    for word, theirs in (("--help", GROUP.format("--help")), ("--version", VERSION)):
        ours_s, theirs_s = medians(python("-m", "retroline", word), python("-c", theirs), runs=runs)
        yield Figure(f"`retroline {word}`", "a bare click group", ours_s, theirs_s, "<= 1.3")


def _small_build(folder: Path, runs: int, lines: int) -> Figure:
    saved, incident = folder / "saved", folder / "incident"
    saved.mkdir()
    for number, name in enumerate(SOURCES):
        corpus.write(name, lines, number, saved / f"shop_web-{number}_app.log")
    _stdout("-m", "retroline", "collect", "--from", str(saved), "--out", str(incident), *WINDOW, "--format", "none")
    same(_kept(incident), lines * len(SOURCES), "lines of the small build")
    build = python("-m", "retroline", "build", str(incident), "--format", "none")
    ours_s, theirs_s = medians(build, python("-c", "import pyarrow.parquet"), runs=runs)
    return Figure(f"offline build of {len(SOURCES)} sources, {lines * len(SOURCES):,} lines", "`import pyarrow.parquet`", ours_s, theirs_s, "<= 3.5")


def _kept(incident: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(incident / "lines.parquet").metadata.num_rows)


def _shipped(folder: Path, runs: int) -> Figure:
    """The whole job (recognise, read, normalize, build, write, print) on the incident that ships with the source."""
    number = count()

    def collect() -> None:
        python("-m", "retroline", "collect", "--from", str(INCIDENT), "--out", str(folder / f"shipped-{next(number)}"), "--format", "md")()

    ours_s, theirs_s = medians(collect, python("-c", "import " + ", ".join(NEEDED)), runs=runs)
    return Figure("the shipped incident from its saved files", "importing the libraries of a timeline, pandas among them", ours_s, theirs_s, "<= 2")


def _stdout(*words: str) -> str:
    return subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True, env=environment()).stdout
