"""`retroline logs`: the lines or the templates that the options ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from ..collectors.window import rfc3339
from ..normalize.stamps import instant_ns
from ..timeline.log_query import Query, lines, table
from .times import parse_time

EVENT_ID = re.compile(r"[0-9a-f]{16}")
# A time as the report shows it, in UTC: with its day where the incident has several.
AS_SHOWN = re.compile(r"(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?")
SLACK_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000


def log_lines(places: Mapping[str, Path], options: Mapping[str, Any], now_ns: int, say: Callable[[str], None]) -> Iterator[bytes]:
    """Lines for stdout, in UTF-8. `places` are the incident's tables, remarks go to `say`. Raises ConfigError for what cannot be looked for."""
    since_ns = until_ns = None
    if options["around"]:
        at_ns, margin_ns = around(places["events"], options["around"], now_ns), int(options["seconds"] * 1e9)
        since_ns, until_ns = at_ns - margin_ns, at_ns + margin_ns + 1
    query = Query(options["severity"], options["template"], options["grep"], since_ns, until_ns, options["pod"])
    told = table(places["lines"], query) if options["templates"] else lines(places["lines"], query, options["limit"])
    count = 0
    for line in told:
        yield f"{line}\n".encode("utf-8", "replace")
        count += 1
    if count <= options["templates"]:
        say("no line fits")


def around(events: Path, text: str, now_ns: int) -> int:
    """The instant that a time or an event's id means."""
    shown = AS_SHOWN.fullmatch(text)
    if shown:
        return _as_shown(events, text, *shown.groups())
    if not EVENT_ID.fullmatch(text):
        return parse_time(text, now_ns, "--around")
    held = pq.ParquetFile(events).read(columns=["event_id", "at"])
    ids = held["event_id"].to_pylist()
    if text not in ids:
        raise ConfigError(f"the incident has no event {text}")
    return int(held["at"][ids.index(text)].value)


def _as_shown(events: Path, text: str, day: str | None, clock: str, second: str | None) -> int:
    """The instant in the incident's window, or hardly outside, that the report shows as `text`."""
    told = pq.read_schema(events).metadata or {}
    since_ns, until_ns = (int(told[f"retroline.{end}_ns".encode()]) for end in ("since", "until"))
    days = [day] if day else [rfc3339(at_ns)[:10] for at_ns in range(since_ns, until_ns + DAY_NS, DAY_NS)]
    instants = [instant_ns(f"{one}T{clock}{second or ':00'}Z") for one in dict.fromkeys(days)]
    found = [at for at in instants if at is not None and since_ns - SLACK_NS <= at < until_ns + SLACK_NS]
    if len(found) != 1:
        why = "is there on several days: write the day before it" if found else "is not in the incident's window"
        raise ConfigError(f"--around {text!r} {why}, {rfc3339(since_ns, 0)} to {rfc3339(until_ns, 0)}")
    return found[0]
