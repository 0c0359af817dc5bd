"""What ships: the wheel's list of files is the packages' modules and metadata, nothing else."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
ELSEWHERE = ("tests", "docs", "benchmarks", ".ci")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built offline from a copy of the repository with a stray file in every folder that must not ship."""
    copy = tmp_path_factory.mktemp("copy")
    for room in (*ROOMS, *(name for name in ELSEWHERE if (ROOT / name).is_dir())):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file() and not file.name.startswith("."):
            shutil.copy(file, copy)
    (copy / "fixtures").mkdir()
    (copy / "fixtures" / "stray.py").touch()
    (copy / "collectors" / "stray.json").touch()
    done = subprocess.run([sys.executable, "-c", BUILD, str(copy)], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = copy.glob("*.whl")
    return zipfile.ZipFile(built)


def test_only_modules_ship(wheel: zipfile.ZipFile) -> None:
    """The files are exactly the root's and the rooms' modules, the typing marker and the metadata."""
    modules = {path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.py"), *(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))]}
    info = next(name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name)

    expected = {f"retroline/{name}" for name in (*modules, "py.typed")} | {f"{info}/{name}" for name in METADATA}

    assert set(wheel.namelist()) == expected


def test_one_top_level_name(wheel: zipfile.ZipFile) -> None:
    """The wheel installs one name, so that it cannot overwrite anybody's `collectors` or `timeline`."""
    (top,) = (name for name in wheel.namelist() if name.endswith("top_level.txt"))

    assert wheel.read(top).split() == [b"retroline"]


def test_the_command_and_the_licence_are_named(wheel: zipfile.ZipFile) -> None:
    """The metadata carry the command, the licence, and the oldest Python."""
    read = {name.rpartition("/")[2]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    metadata = email.message_from_string(read["METADATA"])

    assert "retroline = retroline.__main__:run" in read["entry_points.txt"]
    assert (metadata["License-Expression"], metadata["Requires-Python"]) == ("Apache-2.0", ">=3.11")
    assert "Apache License" in read["LICENSE"]
