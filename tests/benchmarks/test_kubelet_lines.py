"""The benchmark of container logs compares before it measures; here it does so on few lines, without looking at seconds."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("kubelet_lines")
    finally:
        sys.path.remove(str(BENCHMARKS))


def test_every_form_is_what_the_slow_parser_says(bench: ModuleType, tmp_path: Path) -> None:
    """Clean, damaged and sparse."""
    for form in bench.FORMS:
        bench.compare(form, tmp_path / "log", 3000)


def test_a_wrong_line_is_found(bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference in one line stops the benchmark."""
    right = bench.slowly

    def wrong(body: bytes, *, cri: bool) -> list[tuple[int, str]]:
        found = list(right(body, cri=cri))
        found[1700] = found[1700][0] + 1, found[1700][1]
        return found

    monkeypatch.setattr(bench, "slowly", wrong)
    with pytest.raises(Exception, match="line 1701"):
        bench.compare(bench.FORMS[0], tmp_path / "log", 3000)


def test_yardsticks_read_every_line(bench: ModuleType, tmp_path: Path) -> None:
    """The loop sees as many lines as we do."""
    path = tmp_path / "log"
    bench.write("kubelet-trim", 2000, 1, path)

    assert bench.loop(path) == bench.stream(path) == 2000
