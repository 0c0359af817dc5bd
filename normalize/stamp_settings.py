"""How stamps that do not say everything are read: the zone of those that name none, and layouts of somebody's own.

The tables `[stamps]` of `retroline.toml` and of an incident's `incident.toml` are alike: `zone`, and `[[stamps.layout]]` tables as `layout` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..collectors.errors import ConfigError
from ..collectors.window import Window
from .layout import Layout, configured_layouts
from .stamp_reading import proven
from .stamp_streams import StampStream
from .zones import zone_of

KEYS = ("zone", "layout")
# A table `[stamps]`, or a part of one.
Said = Mapping[str, Any]


@dataclass(frozen=True)
class StampSettings:
    """`zone` is taken for stamps that name none; `layouts` are tried before the shipped ones."""

    zone: str = "UTC"
    layouts: tuple[Layout, ...] = ()

    def stream(self, window: Window | None = None) -> StampStream:
        """A reader of one stream's lines; the window settles what their dates leave out."""
        ends = (window.since_ns, window.until_ns) if window else (None, None)
        return StampStream(zone=self.zone, since_ns=ends[0], until_ns=ends[1], extra=self.layouts)


AS_SHIPPED = StampSettings()


def stamp_settings(said: Any, where: str) -> StampSettings:
    """The table `[stamps]` of the file `where`; what it does not say is as shipped.

    Raises ConfigError for a key that is none, an unknown zone, and a layout that cannot be used or does not give its sample's instant.
    """
    if not isinstance(said, Mapping):
        raise ConfigError(f"{where}: stamps must be a table, written [stamps]")
    if unknown := sorted(set(said) - set(KEYS)):
        raise ConfigError(f"{where}: there is no stamps.{unknown[0]}; known are {', '.join(KEYS)}")
    zone, tables = said.get("zone", AS_SHIPPED.zone), said.get("layout", [])
    if not isinstance(zone, str):
        raise ConfigError(f'{where}: stamps.zone must be text in quotes, such as "Europe/Paris"')
    if not isinstance(tables, list):
        raise ConfigError(f"{where}: stamps.layout must be tables, each written [[stamps.layout]]")
    try:
        zone_of(zone)
        layouts = configured_layouts(tables)
        if layouts:
            proven(layouts)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    return StampSettings(zone, layouts)


def said_stamps(table: Said, where: str, zone: str | None) -> Said:
    """The table `[stamps]` of the configuration file `where`, with the zone that the command line says. Raises ConfigError where they cannot be used."""
    stamp_settings(table, where)
    if zone is None:
        return table
    stamp_settings({"zone": zone}, "--zone")
    return {**table, "zone": zone}
