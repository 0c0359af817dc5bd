"""Every benchmark runs, at its smallest: what it measures is first compared with what is right. No time is judged here."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
NAMES = re.findall(r'"(\w+)"', (BENCHMARKS / "__main__.py").read_text("utf-8").partition("\nNAMES = ")[2].partition("\n")[0])


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, found as the scripts find it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("measure")


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_gives_what_is_right(name: str) -> None:
    """At the size tiny every benchmark ends well, which it does only if our output is the right one, and has rows with a yardstick and positive medians."""
    words = [sys.executable, str(BENCHMARKS), "--size", "tiny", "--only", name, "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])

    assert figures and all(f["what"] and f["yardstick"] and f["ours"] > 0 and (f["theirs"] is None or f["theirs"] > 0) for f in figures)
    assert len({(f["what"], f["yardstick"]) for f in figures}) == len(figures)


def test_the_page_has_a_table_for_every_benchmark() -> None:
    """docs/benchmarks.md has what each one last measured, between its markers."""
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    tables = {name: page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0] for name in NAMES}

    assert [name for name, table in tables.items() if not table.startswith("Medians; size ") or "| what | yardstick |" not in table] == []


def test_goals_are_read_in_both_directions(measure: ModuleType) -> None:
    """At most so many times, at least so many times faster, and a better score; without a yardstick or a goal nothing is reached or missed."""
    figure = measure.Figure

    assert [figure("a", "b", 3.0, 1.0, goal).reached for goal in ("<= 3", "<= 2", ">= 1", "> 2", "")] == [True, False, False, True, None]
    assert (figure("a", "b", 1.0, 20.0, ">= 15").ratio, figure("a", "b", 1.0, 20.0, ">= 15").reached) == (20.0, True)
    assert (figure("a", "b", 1.0, None, "<= 1").ratio, figure("a", "b", 1.0, None, "<= 1").reached) == (None, None)


def test_jobs_run_in_turn(measure: ModuleType) -> None:
    """Each job runs once for warmth and then as often as asked for, alternately first and last."""
    seen: list[str] = []
    times = measure.medians(lambda: seen.append("a"), lambda: seen.append("b"), runs=2)

    assert (len(times), "".join(seen)) == (2, "baabba")


def test_long_jobs_run_twice(measure: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a round takes long there are two rounds, or one if one is asked for, and the first one counts."""
    seen: list[str] = []
    monkeypatch.setattr(measure, "LONG_S", -1.0)
    monkeypatch.setattr(measure, "seconds", lambda job: job() or float(len(seen)))

    assert measure.medians(lambda: seen.append("a"), lambda: seen.append("b"), runs=5) == [2.5, 2.5]
    assert measure.medians(lambda: seen.append("a"), runs=1) == [5.0]
    assert "".join(seen) == "baaba"


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5) tells of memory")
def test_memory_of_a_child_is_seen(measure: ModuleType) -> None:
    """What a child process holds for a moment counts; one that fails is an error."""
    hold = "import time; held = b'x' * 60_000_000; time.sleep(0.3)"

    assert measure.peak_memory([sys.executable, "-c", hold]) > 60_000_000
    with pytest.raises(subprocess.CalledProcessError):
        measure.peak_memory([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_difference_is_named(measure: ModuleType) -> None:
    """What is not equal ends the benchmark, and says in short what it was."""
    measure.same([1, 2], [1, 2], "numbers")
    with pytest.raises(measure.Differs, match=r"numbers: \[1\] where \[1, 2\] is right"):
        measure.same([1], [1, 2], "numbers")


def test_tables_go_between_their_markers(monkeypatch: pytest.MonkeyPatch, measure: ModuleType) -> None:
    """A page's table is replaced, and nothing else of the page; a yardstick that is not installed is named so."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("benchmarks_main", BENCHMARKS / "__main__.py")
    assert spec is not None and spec.loader is not None
    main = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(main)
    figures = [measure.Figure("a|b", "c", 0.5, 0.25, "<= 1.5"), measure.Figure("d", "lnav", 2.0, None, ">= 5"), measure.Figure("e", "f", 1.0, 30.0, ">= 15")]
    page = main.replaced("before\n<!-- x -->\nold\n<!-- /x -->\nafter\n", "x", "tiny", figures)

    assert page.startswith("before\n<!-- x -->\nMedians; size tiny") and page.endswith("<!-- /x -->\nafter\n") and "old" not in page
    assert "| a\\|b | c | 500 ms | 250 ms | 2 × | ≤ 1.5 × | **missed** |" in page
    assert "| lnav | 2 s | not installed |  | ≥ 5 × faster |  |" in page
    assert "| f | 1 s | 30 s | 30 × faster | ≥ 15 × faster | reached |" in page
    with pytest.raises(SystemExit):
        main.replaced("a page without markers", "x", "tiny", figures)
