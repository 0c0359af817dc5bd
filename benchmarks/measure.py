"""What every benchmark measures with: jobs in turn, medians, peak memory of a child, one figure per row of the table.

Seconds depend on the machine, so only ratios count: all jobs of a row run in turn in one process, first one and then another order, and their
medians are compared. A benchmark first compares what the jobs give with a slow, obviously right answer (`same`).
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retroline.collectors import compiled

LINES = {"tiny": 2_000, "small": 100_000, "medium": 1_000_000, "large": 10_000_000}
RUNS = {"tiny": 1, "small": 5, "medium": 5, "large": 2}
# Rounds that take longer than this are two at most, the first one counted: nothing needs to be warmed up for so long a job.
LONG_S = 20.0


# Whether compiled kernels are used, and then from the beginning: `always` or `never`.
KERNELS = "RETROLINE_BENCH_KERNELS"


class Differs(Exception):
    """What we gave is not what the slow, obviously right way gives; nothing is measured then."""


@dataclass(frozen=True)
class Figure:
    """One row: medians of `ours` and of the yardstick's, in `unit` (s, MB, share …).

    `theirs` is None where the yardstick is not installed. `goal` reads `<= 4` (ours is at most 4 times theirs), `>= 15` (theirs is at least 15 times
    ours: so many times faster), or `> 1` (ours, a score, is above theirs); "" is a figure without a goal. What is too small to tell is not `judged`.
    """

    what: str
    yardstick: str
    ours: float
    theirs: float | None
    goal: str = ""
    unit: str = "s"
    judged: bool = True

    @property
    def ratio(self) -> float | None:
        """Ours by theirs, or theirs by ours where the goal is to be so many times faster."""
        if self.theirs is None:
            return None
        above, below = (self.theirs, self.ours) if self.goal.startswith(">=") else (self.ours, self.theirs)
        return above / below if below else float("inf")

    @property
    def reached(self) -> bool | None:
        """Whether the ratio is within the goal; None where one of the two is missing."""
        if self.ratio is None or not self.goal or not self.judged:
            return None
        sign, _, limit = self.goal.partition(" ")
        return {"<=": self.ratio <= float(limit), ">=": self.ratio >= float(limit), ">": self.ratio > float(limit)}[sign]


def use_kernels() -> None:
    """Use compiled kernels in this process as its environment says."""
    compiled.use("never" if os.environ.get(KERNELS) == "never" else "always")


def medians(*jobs: Callable[[], object], runs: int = 5) -> list[float]:
    """Median wall seconds of each job. All run once without being counted, then in turn, every second time in reverse order.

    Where a round takes more than LONG_S, two rounds are enough, and the first one counts.
    """
    forth = range(len(jobs))
    orders = (forth[::-1], forth)
    first = _round(jobs, orders[0])
    long = sum(first) > LONG_S
    rounds = [_round(jobs, orders[run % 2]) for run in range(1, 1 + (min(runs - 1, 1) if long else runs))]
    rounds += [first] if long else []
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def _round(jobs: Sequence[Callable[[], object]], order: Sequence[int]) -> list[float]:
    """The wall seconds of each job, run once in this order."""
    took = {i: seconds(jobs[i]) for i in order}
    return [took[i] for i in range(len(jobs))]


def beside(ours: Callable[[], object], theirs: Callable[[], object] | None, runs: int) -> tuple[float, float | None]:
    """Medians of ours and of a yardstick, which is None where it is not installed."""
    if theirs is None:
        return medians(ours, runs=runs)[0], None
    ours_s, theirs_s = medians(ours, theirs, runs=runs)
    return ours_s, theirs_s


def seconds(job: Callable[[], object]) -> float:
    """The wall time of one job, with the garbage of others swept before."""
    gc.collect()
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def command(*words: str, cwd: str | Path | None = None) -> Callable[[], None]:
    """A job that runs a command, which must succeed; its output is dropped. Python runs from bytecode, as what pip installs does."""

    def run() -> None:
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(), cwd=cwd)

    return run


def python(*words: str) -> Callable[[], None]:
    """A job that runs this interpreter anew."""
    return command(sys.executable, *words)


def environment() -> dict[str, str]:
    """The environment of every command: bytecode is kept, words are plain."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {"LC_ALL": "C.UTF-8"}


def peak_memory(words: Sequence[str], every_s: float = 0.002) -> int | None:
    """Most anonymous memory, in bytes, that a command held at any moment that was looked at; it must succeed. None where the system does not tell."""
    most: int | None = None
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as child:
        while child.poll() is None:
            held = _anonymous(child.pid)
            most = held if most is None or (held is not None and held > most) else most
            time.sleep(every_s)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(words))
    return most


def _anonymous(pid: int) -> int | None:
    """`RssAnon` of proc(5), in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return None
    found = status.partition(b"RssAnon:")[2].split(None, 1)
    return int(found[0]) * 1024 if found else None


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for a benchmark's files, in memory where the system offers that, so that no disk is measured."""
    memory = Path("/dev/shm")  # noqa: S108 - one folder of a random name in it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def same(ours: object, right: object, what: str) -> None:
    """Raise Differs unless both are equal."""
    if ours != right:
        raise Differs(f"{what}: {_short(ours)} where {_short(right)} is right")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:200]}… ({len(text)} characters)"
