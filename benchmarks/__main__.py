"""The table of ratios: how long retroline takes, each beside its yardstick in the same run.

    python benchmarks [--size tiny|small|medium|large] [--only NAME ...] [--write docs/benchmarks.md]

Each benchmark runs in a process of its own. The exit code is 1 where one gave what is not right, or broke; a goal that is not reached is only said.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

from measure import KERNELS, LINES, Figure, use_kernels

# In the order of the page; each is a module with `rows(size)`.
NAMES = ("startup", "kubelet_lines", "inner_stamps", "log_readers", "end_to_end", "templates", "merging", "range_bodies", "log_streams", "time_ranges")
HEADS = ("what", "yardstick", "ours", "theirs", "ratio", "goal", "")
SIGNS = {"<=": "≤", ">=": "≥", ">": ">"}
MISSING = "not installed"


def main() -> int:
    """Measure, print, and write into the page if asked to."""
    given = _arguments()
    names = given.only or NAMES
    if given.json:
        use_kernels()
        print(json.dumps([asdict(figure) for figure in import_module(names[0]).rows(given.size)]))
        return 0
    os.environ[KERNELS] = given.kernels
    broken = []
    print(f"{measured(given.size)}\n", flush=True)
    for name in names:
        figures = _run(name, given.size)
        if figures is None:
            broken.append(name)
            continue
        figures = [replace(figure, judged=given.size != "tiny") for figure in figures]
        print("\n".join(plain(name, figures)) + "\n", flush=True)
        if given.write:
            given.write.write_text(replaced(given.write.read_text("utf-8"), name, given.size, figures), "utf-8")
    if broken:
        print(f"broken, or not what is right: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=LINES, default="small", help="about so many lines: " + ", ".join(f"{k} {v:,}" for k, v in LINES.items()))
    parser.add_argument("--only", action="append", choices=NAMES, help="this benchmark (repeatable)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the tables into this page, between its markers")
    parser.add_argument("--kernels", choices=("always", "never"), default="always", help="with compiled kernels, loaded before, or on numpy alone")
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, size: str) -> list[Figure] | None:
    """What one benchmark measured; None where it failed, which it has said on stderr."""
    words = [sys.executable, str(Path(__file__).resolve().parent), "--json", "--only", name, "--size", size]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    return None if done.returncode else [Figure(**one) for one in json.loads(done.stdout.splitlines()[-1])]


def plain(name: str, figures: Iterable[Figure]) -> Iterator[str]:
    """The rows for a terminal, under the benchmark's name."""
    rows = [(name, *HEADS[1:]), *(cells(figure) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    return ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def markdown(figures: Iterable[Figure]) -> Iterator[str]:
    """The rows for a page."""
    yield from (f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|")
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells(figure))} |" for figure in figures)


def cells(figure: Figure) -> tuple[str, ...]:
    """One row as text."""
    sign, _, limit = figure.goal.partition(" ")
    faster = " faster" if sign == ">=" else ""
    goal = f"{SIGNS[sign]} {limit} ×{faster}" if figure.goal else ""
    ratio = "" if figure.ratio is None else f"{_short(figure.ratio)} ×{faster}"
    theirs = MISSING if figure.theirs is None else _amount(figure.theirs, figure.unit)
    return (
        figure.what,
        figure.yardstick,
        _amount(figure.ours, figure.unit),
        theirs,
        ratio,
        goal,
        {True: "reached", False: "**missed**", None: ""}[figure.reached],
    )


def _amount(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    return f"{_short(value)} {unit}"


def _short(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def replaced(page: str, name: str, size: str, figures: Iterable[Figure]) -> str:
    """`page` with the table between the markers called `name`."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, found, rest = page.partition(start)
    if not found or end not in rest:
        raise SystemExit(f"the page needs {start.strip()} and {end}")
    return "\n".join([head + start + measured(size), "", *markdown(figures), end + rest.partition(end)[2]])


def measured(size: str) -> str:
    """Where and how the figures were had, in one sentence."""
    return f"Medians; size {size} ({LINES[size]:,} lines where lines are read), on {machine()}; load before {os.getloadavg()[0]:.1f}."


def machine() -> str:
    """The machine in a few words."""
    system = dict(line.split("=", 1) for line in _read("/etc/os-release").splitlines() if "=" in line)
    model = next((line.split(":")[1].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")), platform.machine())
    memory = next((int(line.split()[1]) for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), 0)
    name = f"{system.get('NAME', platform.system()).strip(chr(34)).removesuffix(' GNU/Linux')} {system.get('VERSION_ID', '').strip(chr(34))}".strip()
    return f"{os.cpu_count()} cores ({model}), {memory / 2**20:.0f} GB, {name}, Python {platform.python_version()}"


def _read(path: str) -> str:
    return Path(path).read_text("utf-8") if Path(path).exists() else ""


if __name__ == "__main__":
    sys.exit(main())
