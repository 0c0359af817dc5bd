"""The repository names no machine that it was written on: no private paths, no package hosts, no authoring tools."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {".git", ".venv", ".venv-lowest", "build", "dist", "incidents", "archive"}

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "a path of one machine": r"/wo" r"rk/(main|shared|notes)|/ho" r"me/[a-z]+/|/Us" r"ers/[a-z]+/|/tmp/(pp|v)\b",
    "a folder beside the checkout": r"\.\./sha" r"red|\.lib" r"rary\b",
    "a package host": r"py" r"pi\.org|python" r"hosted\.org|/opt/(py" r"pi|wheels)|index-" r"url",
    "an authoring tool": r"(?i)\b(clau" r"de|anthro" r"pic|chat" r"gpt|copi" r"lot)\b|generated (by|with) (an? )?(a" r"i|l" r"lm)\b",
}


def files() -> Iterator[Path]:
    """The files that git knows; without git, those that are not built or set up."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if known.returncode == 0 and known.stdout:
        yield from (path for name in os.fsdecode(known.stdout).split("\0") if name and (path := ROOT / name).is_file())
        return
    for folder, below, found in os.walk(ROOT):
        below[:] = [name for name in below if name not in SKIPPED and not name.endswith(("_cache", "__", ".egg-info"))]
        yield from (Path(folder, name) for name in found)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    """No text in the repository holds such a word."""
    pattern = re.compile(FORBIDDEN[what].encode())
    found = [f"{path.relative_to(ROOT)}: {match[0].decode()}" for path in files() if (match := pattern.search(path.read_bytes()))]

    assert found == []


def test_something_is_looked_at() -> None:
    """The scan sees the source, the tests and the build files."""
    seen = {path.relative_to(ROOT).as_posix() for path in files()}

    assert {"pyproject.toml", "collectors/ask.py", "Makefile"} <= seen
