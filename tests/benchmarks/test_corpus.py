"""The benchmarks' log files are made: the same each time, of the length asked for, readable where they are not damaged."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def corpus() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus", BENCHMARKS / "corpus.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["corpus"] = module
    spec.loader.exec_module(module)
    return module


def test_the_same_arguments_give_the_same_bytes(corpus: ModuleType, tmp_path: Path) -> None:
    """In every format: as many lines as asked for, the same ones twice, and others from another seed."""
    for name in corpus.FORMATS:
        bodies = []
        for i, seed in enumerate((1, 1, 2)):
            size = corpus.write(name, 500, seed, tmp_path / str(i))
            bodies.append((tmp_path / str(i)).read_bytes())
            assert size == len(bodies[-1])
        assert bodies[0] == bodies[1] != bodies[2]
        assert bodies[0].count(b"\n") == 500


def test_stamps_are_in_order_and_fill_the_hours(corpus: ModuleType, tmp_path: Path) -> None:
    """Times never go back, and the last one is within the hours asked for."""
    corpus.write("kubelet", 2000, 1, tmp_path / "log", hours=3.0)
    stamps = [line.split(b" ", 1)[0] for line in (tmp_path / "log").read_bytes().splitlines()]
    assert stamps == sorted(stamps)
    assert b"2026-11-21T07:00" < stamps[0] < b"2026-11-21T07:01"
    assert b"2026-11-21T09:59" < stamps[-1] < b"2026-11-21T10:00"


def test_dirt_is_one_line_in_so_many(corpus: ModuleType, tmp_path: Path) -> None:
    """About as many lines as asked for have no stamp or odd bytes; the number of lines stays."""
    corpus.write("kubelet", 5000, 1, tmp_path / "clean")
    corpus.write("kubelet", 5000, 1, tmp_path / "dirty", dirty=20)
    lines = [(tmp_path / name).read_bytes().split(b"\n") for name in ("clean", "dirty")]
    assert len(lines[0]) == len(lines[1])
    assert 150 < sum(a != b for a, b in zip(*lines, strict=True)) < 350
