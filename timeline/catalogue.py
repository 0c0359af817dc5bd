"""Which archived incidents reach into a stretch of time, without opening them all.

The archive's `catalogue.json` has the window of each incident, and size, inode and times of change of the file that it was read from. It is no source of
its own: every question lists the folders anew, and the window of a file that is not just as it was noted is read again from the file. So
it may be missing, old, broken or unwritable, and the answer is the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from ..normalize.stamps import instant_ns
from .archive import FILE, Entry, entry
from .timeline import Timeline

CATALOGUE = "catalogue.json"
FOREVER_NS = 1 << 63

State = tuple[int, int, int, int]
Span = tuple[int, int]


def between(archive: Path, since_ns: int | None = None, until_ns: int | None = None) -> list[Entry]:
    """The archived incidents whose window reaches into [since, until), by their start; None is without end.

    Raises ConfigError where there is no archive, or a file in it is none of ours.
    """
    known = _read(archive / CATALOGUE)
    now = {name: _noted(path, state, known.get(name)) for name, path, state in _files(archive)}
    if now != known:
        _write(archive / CATALOGUE, now)
    first, last = -FOREVER_NS if since_ns is None else since_ns, FOREVER_NS if until_ns is None else until_ns
    found = sorted((*span, name) for name, (_, span) in now.items() if max(first, span[0]) < min(last, span[1]))
    return [entry(archive, Path(name)) for _, _, name in found]


def archived(path: str | Path, since: str | datetime | None = None, until: str | datetime | None = None) -> list[Timeline]:
    """The timelines of an archive's incidents that reach into [since, until), oldest first: instants with a zone, as text or as pandas has them.

    Raises ConfigError where there is no archive, or an instant has no zone.
    """
    return [found.timeline for found in between(Path(path), _instant(since, "since"), _instant(until, "until"))]


def _instant(at: str | datetime | None, name: str) -> int | None:
    if at is None:
        return None
    at_ns = instant_ns(at if isinstance(at, str) else at.isoformat())
    if at_ns is None:
        raise ConfigError(f"{name} {str(at)!r} is no instant with a zone: write 2026-11-21T01:20:00Z")
    return at_ns


def _files(archive: Path) -> Iterator[tuple[str, str, State]]:
    """`year=…/incident=…`, path and state of the events of every incident."""
    events = archive / "events"
    if not events.is_dir():
        raise ConfigError(f"there is no archive at {archive}: `retroline archive add DIR` begins one")
    for year in sorted(events.glob("year=*")):
        with os.scandir(year) as folders:
            for folder in folders:
                if folder.name.startswith("incident="):
                    path = f"{folder.path}/{FILE}"
                    with suppress(FileNotFoundError, NotADirectoryError):
                        told = os.stat(path)  # noqa: PTH116 - a thousand paths as objects take as long as all the rest
                        yield f"{year.name}/{folder.name}", path, (told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns)


def _noted(path: str, state: State, known: tuple[State, Span] | None) -> tuple[State, Span]:
    """State and window of one incident: as it was noted, if its file is as it was then."""
    if known is not None and known[0] == state:
        return known
    try:
        told = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    try:
        return state, (int(told[b"retroline.since_ns"]), int(told[b"retroline.until_ns"]))
    except (KeyError, ValueError):
        raise ConfigError(f"{path} was not written by retroline") from None


def _read(path: Path) -> dict[str, tuple[State, Span]]:
    """What was noted; nothing where that is missing or has another shape."""
    try:
        document = json.loads(path.read_bytes())
        return {str(name): ((size, inode, changed, moved), (since, until)) for name, ((size, inode, changed, moved), (since, until)) in document.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _write(path: Path, noted: dict[str, tuple[State, Span]]) -> None:
    """Keep it for the next question; an archive that cannot be written is read all the same."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with suppress(OSError):
        try:
            part.write_text(json.dumps(noted, separators=(",", ":")), "utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
