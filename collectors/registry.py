"""The sources, by name. One line makes a source known; nothing is imported until it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from .ask import Collector
from .errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "retroline.collectors"

COLLECTORS: dict[str, str] = {
    "kubernetes": ".kubernetes",
    "prometheus": ".prometheus",
    "alertmanager": ".alertmanager",
    "pagerduty": ".pagerduty",
    "files": ".files",
}


def names() -> list[str]:
    """Every name that `collector` knows: the ones shipped, in order, then those of installed packages, sorted."""
    return list(each())


def each() -> Iterator[str]:
    """The same names; installed packages are looked for only when it comes to them."""
    yield from COLLECTORS
    yield from sorted(_others())


def collector(name: str) -> Collector:
    """The source called `name`, imported now. Raises ConfigError for a name that does not exist or cannot be imported.

    A shipped name cannot be taken over by an installed package.
    """
    if name in COLLECTORS:
        return cast("Collector", import_module(COLLECTORS[name], __package__))
    others = _others()
    if name not in others:
        raise ConfigError(f"there is no source {name!r}; the sources are {', '.join(names())}")
    try:
        return cast("Collector", others[name].load())
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"the source {name!r} is installed but cannot be imported ({others[name].value}): {error}") from error


@cache
def _others() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP) if point.name not in COLLECTORS}
