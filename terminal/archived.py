"""`retroline archive list`: the archived incidents of the time that was asked for."""

from __future__ import annotations

from pathlib import Path

from ..timeline.catalogue import between
from ..timeline.listing import listing
from .times import parse_time


def listed(archive: Path, since: str | None, until: str | None, now_ns: int) -> str:
    """The table. Raises ConfigError where there is no archive or a time cannot be read."""
    since_ns = parse_time(since, now_ns, "--since") if since else None
    until_ns = parse_time(until, now_ns, "--until") if until else None
    return listing(between(archive, since_ns, until_ns))
