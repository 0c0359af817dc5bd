"""Tolerant access to decoded JSON (dict, list, text, number): what is absent, null or of another type is empty, never an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def mapping(thing: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at `path` below `thing`, empty where there is none."""
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing if isinstance(thing, dict) else {}


def sequence(thing: Any, *path: str) -> list[Any]:
    """The list at `path` below `thing`, empty where there is none."""
    found = mapping(thing, *path[:-1]).get(path[-1]) if path else thing
    return found if isinstance(found, list) else []


def text(thing: Any, *path: str) -> str:
    """The text at `path` below `thing`, "" where there is none; numbers as their text."""
    found = thing
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def number(thing: Any, *path: str) -> int | None:
    """The whole number at `path` below `thing`, also from text."""
    found = text(thing, *path)
    return int(found) if re.fullmatch(r"-?[0-9]{1,18}", found) else None


def controller(item: Mapping[str, Any]) -> dict[str, str] | None:
    """The owner that controls `item` ({kind, name, uid}), else its first owner."""
    owners = [o for o in sequence(item, "metadata", "ownerReferences") if isinstance(o, Mapping)]
    owners.sort(key=lambda o: o.get("controller") is not True)
    return {name: text(owners[0], name) for name in ("kind", "name", "uid")} if owners else None
