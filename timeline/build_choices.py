"""How an incident is built: chosen by whoever collects or builds it, kept in `incident.toml`, so that another machine builds the same.

[build]
correct = false                 # show times as received, whatever is known of wrong clocks
templates = "none"              # how templates of log lines are found: masks, drain3 or none

[stamps]                        # as in the configuration
zone = "Europe/Paris"           # of stamps inside lines that name none

[[stamps.layout]]
name = "mill"

What is said when an incident is collected or built wins over what its folder says, and is written there; what is not said stays as it is.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ..collectors.errors import ConfigError
from ..normalize.stamp_settings import Said, StampSettings, stamp_settings
from .people import FILE, read_people
from .toml_text import put, put_tables, write


def set_build(folder: Path, correct: bool | None, templates: str | None, stamps: Said | None = None) -> list[str]:
    """Say in `incident.toml` whether what is known of wrong clocks is applied, how templates are found, and how stamps are read; None leaves it as it is.

    `stamps` is a table `[stamps]` that can be used, or a part of it. Returns one sentence per key of it of which the file said something else. Raises
    ConfigError where the folder is no incident's, or its file is written in a way that cannot be edited in place.
    """
    path, people = folder / FILE, read_people(folder)
    for key, value, held in (("correct", correct, people.correct), ("templates", templates, people.templates)):
        if value is not None and value != held:
            write(path, put(path.read_text("utf-8"), "build", key, value))
    return _set_stamps(path, stamps) if stamps else []


def stamps_for(folder: Path, said: Said) -> StampSettings:
    """How stamps are read in `folder`, be it an incident's already or not, once `said` is kept there. Raises ConfigError as `set_build`."""
    path = folder / FILE
    if not path.is_file():
        return stamp_settings(said, str(path))
    read_people(folder)
    return stamp_settings({**_stamps(path.read_text("utf-8")), **said}, str(path))


def _set_stamps(path: Path, said: Said) -> list[str]:
    text = path.read_text("utf-8")
    held = _stamps(text)
    wanted = _without_nothing({**held, **said})
    changed = [key for key in ("zone", "layout") if wanted.get(key) != held.get(key)]
    edited = text
    if "zone" in changed:
        edited = put(edited, "stamps", "zone", wanted["zone"])
    if "layout" in changed:
        edited = put_tables(edited, "stamps.layout", wanted.get("layout", []))
    if not changed:
        return []
    if _stamps(edited) != wanted or _rest(edited) != _rest(text):
        raise ConfigError(f"{path}: its [stamps] cannot be edited in place; write there what the configuration says, or choose another folder with --out")
    write(path, edited)
    was = {"zone": f'stamps.zone is now "{wanted.get("zone")}", it was "{held.get("zone")}"', "layout": "its [[stamps.layout]] are others now"}
    return [f"{path}: {was[key]}" for key in changed if key in held]


def _stamps(text: str) -> dict[str, Any]:
    return _without_nothing(_loaded(text).get("stamps", {}))


def _rest(text: str) -> dict[str, Any]:
    return {name: said for name, said in _loaded(text).items() if name != "stamps"}


def _without_nothing(stamps: Said) -> dict[str, Any]:
    return {key: said for key, said in stamps.items() if said != []}


def _loaded(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
