"""The benchmarks' log files are made: the same each time, of the length asked for, readable where they are not damaged."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
STAMP = r"2026-11-21T0[78]:\d\d:\d\d\.\d{9}Z"
SAID = r"(?:(?:DEBUG|INFO|WARN|ERROR|FATAL) shop\.[a-z.]+ )?[A-Za-z ].*"
SHAPES = {
    "kubelet": rf"{STAMP} {SAID}",
    "kubelet-trim": rf"2026-11-21T0[78]:\d\d:\d\d(?:\.\d{{0,8}}[1-9])?Z {SAID}",
    "cri": rf"{STAMP} (?:stdout|stderr) F {SAID}",
    "klog": r"[IWEF]1121 0[78]:\d\d:\d\d\.\d{6}       [123] \w+\.go:\d+\] .+",
    "python": r"2026-11-21 0[78]:\d\d:\d\d,\d{3} (?:DEBUG|INFO|WARNING|ERROR|CRITICAL) shop\.[a-z.]+: .+|Traceback.+|  .+|shop\.stock\.errors.+",
    "rfc3164": r"<13\d>Nov 21 0[78]:\d\d:\d\d node-[0-4] shop-orders\[\d+\]: .+",
    "nginx": r'10(?:\.\d+){3} - - \[21/Nov/2026:0[78]:\d\d:\d\d \+0000\] "GET /shop/basket/\d+\?page=\d+ HTTP/1\.1" [2-5]0\d \d+ "-" "[^"]+" \d+',
    "json": r'\{"ts":"2026-11-21T0[78]:\d\d:\d\d\.\d{3}Z","level":"[a-z]+","logger":"shop\.[a-z.]+","msg":".+","request":"[0-9a-f]{16}","replica":\d+\}',
    "logfmt": r'time="2026-11-21T0[78]:\d\d:\d\dZ" level=[a-z]+ msg=".+" logger=shop\.[a-z.]+ replica=\d+',
}


@pytest.fixture
def corpus(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, found as the scripts find it, in blocks of a few lines."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("corpus")
    monkeypatch.setattr(module, "BLOCK", 900)
    return module


def test_lines_have_the_shape_of_their_format(corpus: ModuleType, tmp_path: Path) -> None:
    """Every line of every format, those of tracebacks included, and the numbers in them differ."""
    assert set(SHAPES) == set(corpus.FORMATS)
    for name, shape in SHAPES.items():
        corpus.write(name, 4000, 1, tmp_path / name)
        lines = (tmp_path / name).read_text("ascii").splitlines()
        assert [line for line in lines if not re.fullmatch(shape, line)] == []
        assert len(set(lines)) > 3900 or name == "python"


def test_an_incident_is_in_it(corpus: ModuleType, tmp_path: Path) -> None:
    """Errors are a third of the lines from the window's fortieth percent to its sixtieth, where lines are three times as many, and few elsewhere."""
    corpus.write("kubelet", 20_000, 1, tmp_path / "log")
    lines = (tmp_path / "log").read_text("ascii").splitlines()
    during = [line for line in lines if "07:24" <= line[11:16] < "07:36"]
    share = [sum("Z ERROR " in line or "Z FATAL " in line for line in part) / len(part) for part in (during, lines)]

    assert 0.4 < len(during) / len(lines) < 0.46
    assert 0.2 < share[0] < 0.4 and share[1] < 0.2


def test_tracebacks_are_whole(corpus: ModuleType, tmp_path: Path) -> None:
    """Each follows its error, line by line, unless a block ends."""
    corpus.write("python", 20_000, 1, tmp_path / "log")
    lines = (tmp_path / "log").read_text("ascii").splitlines()
    begins = [i for i, line in enumerate(lines) if line == corpus.TRACE[0] and i // 900 == (i + 5) // 900]

    assert len(begins) > 5
    assert all(" ERROR " in lines[i - 1] and tuple(lines[i : i + 6]) == corpus.TRACE for i in begins)


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
