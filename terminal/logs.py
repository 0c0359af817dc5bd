"""`retroline logs`: the lines or the templates that the options ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from ..timeline.log_query import Query, lines, table
from .times import parse_time

EVENT_ID = re.compile(r"[0-9a-f]{16}")


def log_lines(places: Mapping[str, Path], options: Mapping[str, Any], now_ns: int) -> Iterator[bytes]:
    """Lines for stdout, in UTF-8. `places` are the incident's tables. Raises ConfigError for what cannot be looked for."""
    since_ns = until_ns = None
    if options["around"]:
        at_ns, margin_ns = around(places["events"], options["around"], now_ns), int(options["seconds"] * 1e9)
        since_ns, until_ns = at_ns - margin_ns, at_ns + margin_ns + 1
    query = Query(options["severity"], options["template"], options["grep"], since_ns, until_ns, options["pod"])
    told = table(places["lines"], query) if options["templates"] else lines(places["lines"], query, options["limit"])
    yield from (f"{line}\n".encode("utf-8", "replace") for line in told)


def around(events: Path, text: str, now_ns: int) -> int:
    """The instant that a time or an event's id means."""
    if not EVENT_ID.fullmatch(text):
        return parse_time(text, now_ns, "--around")
    held = pq.ParquetFile(events).read(columns=["event_id", "at"])
    ids = held["event_id"].to_pylist()
    if text not in ids:
        raise ConfigError(f"the incident has no event {text}")
    return int(held["at"][ids.index(text)].value)
