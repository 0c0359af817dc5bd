"""How long retroline takes beside what it cannot do without, side by side in one run.

Each pair alternates, so that a busy machine slows both alike; the figure to look at is the ratio of the medians.

    python benchmarks/startup.py [--runs N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

INCIDENT = Path(__file__).resolve().parent.parent / "fixtures" / "incident-c"
# What the job imports beside the standard library and itself, and nothing else.
NEEDED = ("click", "numpy", "pandas", "pyarrow", "pyarrow.compute", "pyarrow.parquet", "promql_parser", "tomli_w", "yaml")
GROUP = "import click\n@click.group()\ndef main(): ...\nmain(['--help'])"


def seconds(*command: str) -> float:
    """The wall time of one command, which must succeed; its output is dropped. All run from bytecode, as what pip installs does."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - started


def collect(folder: str, number: int) -> tuple[str, ...]:
    """The whole job on the shipped incident, into a folder that does not exist yet."""
    out = os.fspath(Path(folder, f"incident-{number}"))
    return ("-m", "retroline", "collect", "--from", os.fspath(INCIDENT), "--out", out, "--format", "md")


def pairs(folder: str, number: int) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """What is measured: ours and what it is compared with."""
    return {
        "--help, to a bare click group": (("-m", "retroline", "--help"), ("-c", GROUP)),
        "shipped incident, to its imports": (collect(folder, number), ("-c", "import " + ", ".join(NEEDED))),
    }


def measure(runs: int) -> dict[str, tuple[float, float]]:
    """Medians of each pair; one round more goes first and does not count."""
    times: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs + 1):
            for name, (ours, theirs) in pairs(folder, number).items():
                times.setdefault(name, []).append((seconds(*ours), seconds(*theirs)))
    return {name: (statistics.median(a for a, _ in all_[1:]), statistics.median(b for _, b in all_[1:])) for name, all_ in times.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=9, help="how many runs of each count (default 9)")
    runs = parser.parse_args().runs
    print(f"medians of {runs} runs; imports: {', '.join(NEEDED)}\n")
    print(f"{'':36}{'ours':>10}{'theirs':>10}{'ratio':>8}")
    for name, (ours, theirs) in measure(runs).items():
        print(f"{name:36}{ours:9.3f}s{theirs:9.3f}s{ours / theirs:8.2f}")


if __name__ == "__main__":
    main()
