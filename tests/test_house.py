"""The floor plan: who may import whom, and what a room never does. Read from the source, nothing is imported."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("collectors", "normalize", "timeline", "terminal")
FLOOR = {room: floor for floor, room in enumerate((*ROOMS, ""))}
FRONT = {"__init__.py", "__main__.py", "cli.py"}
LONGEST = 300

NETWORK = {"aiohttp", "http.client", "httpx", "kubernetes", "prometheus_api_client", "requests", "socket", "urllib.request", "urllib3"}
TERMINAL = {"click", "rich"}
ONLY_IN = {"pandas": ("timeline",), **dict.fromkeys(NETWORK, ("collectors",)), **dict.fromkeys(TERMINAL, ("terminal", ""))}
DISTRIBUTIONS = {"prometheus_api_client": "prometheus-api-client", "promql_parser": "promql-parser", "tomli_w": "tomli-w", "yaml": "pyyaml"}

WALL = {"now", "utcnow", "today", "time", "time_ns"}
CLOCKS = {"datetime", "date", "time", "Timestamp", "pd"}


@dataclass(frozen=True)
class Module:
    """One source file; `room` is "" for the root, `package` the folders that it lies in."""

    path: Path
    tree: ast.Module

    @property
    def package(self) -> tuple[str, ...]:
        return self.path.relative_to(ROOT).parts[:-1]

    @property
    def room(self) -> str:
        return self.package[0] if self.package else ""

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Import:
    """What one statement imports: `inside` is the path from the package's root, or None for another library's `name`."""

    line: int
    inside: tuple[str, ...] | None
    name: str = ""


@cache
def shipped() -> tuple[Module, ...]:
    files = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    return tuple(Module(path, ast.parse(path.read_bytes())) for path in sorted(files))


def imports(module: Module) -> Iterator[Import]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, None, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (Import(node.lineno, None, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = len(module.package) - (node.level - 1)
            assert up >= 0, f"{module.name}:{node.lineno} imports from outside the package"
            base = (*module.package[:up], *(node.module.split(".") if node.module else ()))
            yield from (Import(node.lineno, (*base, alias.name)) for alias in node.names)


def room_of(inside: tuple[str, ...]) -> str:
    return inside[0] if inside[0] in ROOMS else ""


def names(imported: Import, library: str) -> bool:
    return imported.inside is None and (imported.name == library or imported.name.startswith(f"{library}."))


def test_rooms_import_one_way() -> None:
    """Imports run cli → terminal → timeline → normalize → collectors, never upwards."""
    upwards = [
        f"{module.name}:{one.line} imports {'.'.join(one.inside)}"
        for module in shipped()
        for one in imports(module)
        if one.inside is not None and FLOOR[room_of(one.inside)] > FLOOR[module.room]
    ]

    assert upwards == []


def test_imports_inside_the_package_are_relative() -> None:
    """Nothing imports the package, or one of its rooms, by an absolute name."""
    absolute = [
        f"{module.name}:{one.line} imports {one.name}"
        for module in shipped()
        for one in imports(module)
        if one.inside is None and one.name.split(".")[0] in ("retroline", "cli", *ROOMS)
    ]

    assert absolute == []


def test_sources_do_not_know_each_other() -> None:
    """A source in a folder of its own imports what all sources share, and no other source."""
    sources = {path.name for path in (ROOT / "collectors").iterdir() if (path / "__init__.py").exists()}
    strangers = [
        f"{module.name}:{one.line} imports {'.'.join(one.inside)}"
        for module in shipped()
        for one in imports(module)
        if len(module.package) > 1 and one.inside is not None and len(one.inside) > 1 and one.inside[1] in sources - {module.package[1]}
    ]

    assert strangers == []


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_libraries_stay_in_their_room(library: str) -> None:
    """Frames belong to the timeline, the network to the collectors, click and rich to the command line."""
    strayed = [
        f"{module.name}:{one.line} imports {one.name}"
        for module in shipped()
        for one in imports(module)
        if names(one, library) and module.room not in ONLY_IN[library]
    ]

    assert strayed == []


def test_every_library_is_declared() -> None:
    """What shipped code imports is in the standard library or among the dependencies and extras of pyproject.toml, but for the developers' own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for name, listed in project["optional-dependencies"].items() if name != "dev" for one in listed]
    wanted = [*project["dependencies"], *extras]
    declared = {requirement.split(">")[0] for requirement in wanted}
    imported = {one.name.split(".")[0] for module in shipped() for one in imports(module) if one.inside is None}

    assert {DISTRIBUTIONS.get(name, name) for name in imported - sys.stdlib_module_names} <= declared


def test_nobody_below_the_command_line_looks_at_the_wall_clock() -> None:
    """The present is an argument; only cli.py asks what time it is."""
    looks = [f"{module.name}:{line}" for module in shipped() if module.name != "cli.py" for line in _clock_reads(module.tree)]

    assert looks == []


def _clock_reads(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time" and any(alias.name in WALL for alias in node.names):
            yield node.lineno
        if isinstance(node, ast.Attribute) and node.attr in WALL and ast.unparse(node.value).split(".")[-1] in CLOCKS:
            yield node.lineno


@pytest.mark.parametrize("code", ["datetime.now(UTC)", "dt.datetime.utcnow()", "time.time()", "from time import time", "pd.Timestamp.now('UTC')", "date.today"])
def test_a_look_at_the_clock_is_noticed(code: str) -> None:
    """The scan above sees each way to ask for the present."""
    assert list(_clock_reads(ast.parse(code))) == [1]


def test_every_folder_of_modules_is_a_room() -> None:
    """The rooms are the folders of the root that are packages."""
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(ROOMS)


def test_the_root_holds_no_other_module() -> None:
    """Every `.py` in the root would ship, so there are only the door, the command and `-m`."""
    assert {path.name for path in ROOT.glob("*.py")} <= FRONT


def test_files_stay_readable() -> None:
    """No source file is longer than 300 lines."""
    long = {module.name: lines for module in shipped() if (lines := len(module.path.read_text(encoding="utf-8").splitlines())) > LONGEST}

    assert long == {}


def test_every_module_says_what_it_is() -> None:
    """Every shipped module opens with a docstring."""
    assert [module.name for module in shipped() if not ast.get_docstring(module.tree)] == []


def test_every_test_says_what_holds() -> None:
    """Every test function opens with a sentence."""
    silent = [
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and not _sentence(node)
    ]

    assert silent == []


def _sentence(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return len((ast.get_docstring(node) or "").split()) > 2


def test_test_files_have_names_of_their_own() -> None:
    """No two test files share a name, so that a failure names its file."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]

    assert sorted(names) == sorted(set(names))
