"""Compiled kernels are used once enough was read, and whatever keeps them from it, numpy goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from retroline.collectors import compiled
from retroline.collectors.compiled import Compiled

pytest.importorskip("numba")
ROOMS = ("collectors", "normalize", "timeline")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package whose modules can be imported here and by other processes, and nothing read so far."""
    name = f"kernels_of_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(compiled, "_state", compiled._State())
    yield name
    for one in [one for one in sys.modules if one.startswith(name)]:
        del sys.modules[one]


def _module(package: str, text: str) -> Compiled:
    (Path(sys.path[0]) / package / "some_compiled.py").write_text(text, encoding="utf-8")
    return Compiled(package, "some_compiled")


def _waited(one: Compiled) -> object:
    until = time.monotonic() + 20
    while one.module() is None and time.monotonic() < until:
        time.sleep(0.01)
    return one.module()


def test_nothing_is_loaded_before_enough_was_read(package: str) -> None:
    """One byte less than enough is not enough; with it the module is there some time later."""
    one = _module(package, "answer = 42\n")
    compiled.saw(compiled.ENOUGH - 1)
    assert one.module() is None
    assert f"{package}.some_compiled" not in sys.modules
    compiled.saw(1)

    assert _waited(one).answer == 42


def test_what_is_going_to_be_read_counts(package: str, tmp_path: Path) -> None:
    """Packed logs count for more than their size; a file that is missing counts for nothing and raises nothing."""
    one = _module(package, "")
    log = tmp_path / "a.log.zst"
    log.touch()
    os.truncate(log, compiled.ENOUGH // compiled.PACKED // 2 + 1)
    compiled.awaits([tmp_path / "no.log", log])
    assert one.module() is None
    compiled.awaits([log])

    assert _waited(one)


def test_what_is_not_kept_is_compiled_by_another_process(package: str) -> None:
    """It is imported there first; here only once that is done."""
    one = _module(package, "import os, pathlib\nwith pathlib.Path(__file__).with_suffix('.who').open('a') as file:\n    print(os.getpid(), file=file)\n")
    compiled.saw(compiled.ENOUGH)
    assert _waited(one)
    there, here = Path(one.module().__file__).with_suffix(".who").read_text().split()

    assert there != here


def test_what_is_kept_is_loaded_here(package: str) -> None:
    """Where something newer than the module lies beside it, no process is begun; where it is older, one is."""
    one = _module(package, "")
    assert not one.kept()
    held = Path(sys.path[0]) / package / "__pycache__" / "some_compiled.f-1.py311.nbi"
    held.parent.mkdir(exist_ok=True)
    held.touch()

    assert one.kept()


@pytest.mark.parametrize("text", ["import no_such_module\n", "1 / 0\n", "def\n"])
def test_what_cannot_be_loaded_is_done_without(package: str, text: str) -> None:
    """A numba that is missing or does not work raises nothing, and is not tried again."""
    one = _module(package, text)
    with compiled.loaded("always"):
        assert one.module() is None
        assert one.module() is None


def test_never(package: str) -> None:
    """Nothing is used that is not wanted, even where it is loaded."""
    one = _module(package, "")
    with compiled.loaded("always"):
        assert one.module() is not None
    with compiled.loaded("never"):
        assert one.module() is None


def test_every_kernel_of_ours_can_be_had() -> None:
    """Each module of kernels is imported without a fault where the tests run."""
    home = Path(compiled.__file__).parent.parent
    names = [path.relative_to(home).with_suffix("") for room in ROOMS for path in (home / room).rglob("*_compiled.py")]
    for name in names:
        one = Compiled("retroline", ".".join(name.parts))
        one.load()
        with compiled.loaded("always"):
            assert one.module() is not None, one.name
    assert names
