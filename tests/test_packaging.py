"""pyproject.toml agrees with the folders, with the table of sources, and with the lowest versions that are tested."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import retroline
from retroline.collectors.registry import COLLECTORS, GROUP

ROOT = Path(__file__).resolve().parent.parent
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
LOWEST = "tests/lowest.txt"
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<version>[0-9.]+)(,!=[0-9.]+)*")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lowest(requirements: list[str]) -> list[str]:
    found = [REQUIREMENT.fullmatch(one) for one in requirements if not one.startswith("retroline")]
    assert all(found), f"a requirement needs a lower bound and no upper one: {requirements}"
    return sorted(f"{match['name']}=={match['version']}" for match in found if match)


def test_every_package_is_listed() -> None:
    """`packages` names every folder of the rooms that holds modules; what is not named does not ship."""
    folders = {path.parent.relative_to(ROOT) for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    expected = sorted(["retroline", *(".".join(("retroline", *folder.parts)) for folder in folders)])

    assert project()["tool"]["setuptools"]["packages"] == expected


def test_every_package_has_its_file() -> None:
    """Every listed folder has an `__init__.py`, so that none is a namespace by accident."""
    folders = [name.replace("retroline", ".", 1).replace("..", "./").replace(".", "/").strip("/") for name in project()["tool"]["setuptools"]["packages"]]

    assert [folder for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_one_version() -> None:
    """The version stands in pyproject.toml and in the package, and is the same."""
    assert project()["project"]["version"] == retroline.__version__


def test_the_entry_point_group_is_for_others() -> None:
    """The group that others register under exists; the shipped sources need no entry in it."""
    assert project()["project"]["entry-points"][GROUP] == {}
    assert {"kubernetes", "prometheus", "alertmanager", "pagerduty"} <= COLLECTORS.keys()


def test_lowest_versions_are_the_lower_bounds(golden: Callable[[str, str], None]) -> None:
    """`make test-lowest` tests exactly the lower bounds of pyproject.toml."""
    known = project()["project"]
    groups = [known["dependencies"], *known["optional-dependencies"].values()]

    golden(LOWEST, "\n".join(line for group in groups for line in lowest(group)) + "\n")


def test_ci_tests_the_installed_wheel() -> None:
    """In CI the package that is tested is the installed one, not the checkout."""
    home = Path(retroline.__file__).resolve().parent

    assert not os.environ.get("CI") or (home != ROOT and version("retroline") == retroline.__version__)
