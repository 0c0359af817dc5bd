"""The archive of all incidents: one Parquet dataset per table, `archive/<table>/year=…/incident=…/part.parquet`.

DuckDB and pandas read it as it is: `read_parquet('archive/events/*/*/*.parquet', hive_partitioning = true)`. Each file is written
under a temporary name and renamed; adding an incident again replaces it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..collectors.errors import ConfigError
from ..collectors.window import rfc3339
from .folder import ID
from .timeline import TABLES, Timeline

FILE = "part.parquet"


@dataclass(frozen=True)
class Entry:
    """One archived incident."""

    id: str
    year: int
    timeline: Timeline


def add(archive: Path, timeline: Timeline) -> Path:
    """Put a timeline into the archive, in place of an earlier one of the same id. Returns the events' folder."""
    year = int(rfc3339(timeline.window.since_ns)[:4])
    if not ID.match(timeline.id):
        raise ConfigError(f"{timeline.id!r} cannot name a folder of the archive; change incident.id in incident.toml")
    missing = [name for name in TABLES if not timeline.places[name].is_file()]
    if missing:
        raise ConfigError(f"{timeline.places[missing[0]]} is missing: run retroline build first")
    try:
        for name in TABLES:
            _replace(timeline.places[name], archive / name / f"year={year}" / f"incident={timeline.id}")
            for old in (archive / name).glob(f"year=*/incident={timeline.id}"):
                if old.parent.name != f"year={year}":
                    shutil.rmtree(old)
    except OSError as error:
        raise ConfigError(f"cannot write to the archive at {archive}: {error.strerror or error}") from error
    return archive / "events" / f"year={year}" / f"incident={timeline.id}"


def entries(archive: Path) -> Iterator[Entry]:
    """Every archived incident, oldest first. Raises ConfigError where there is no archive."""
    if not (archive / "events").is_dir():
        raise ConfigError(f"there is no archive at {archive}: `retroline archive add DIR` begins one")
    for path in sorted((archive / "events").glob(f"year=*/incident=*/{FILE}")):
        yield entry(archive, path.parent.relative_to(archive / "events"))


def entry(archive: Path, folder: Path) -> Entry:
    """The incident of a folder `year=…/incident=…`, the same below every table."""
    year, incident = (part.partition("=")[2] for part in folder.parts)
    return Entry(incident, int(year), Timeline({name: archive / name / folder / FILE for name in TABLES}))


def find(archive: Path, incident: str) -> Timeline:
    """The archived timeline of that id. Raises ConfigError naming what there is."""
    known = {entry.id: entry.timeline for entry in entries(archive)}
    if incident not in known:
        there = f"it holds {', '.join(sorted(known))}" if known else "it holds none"
        raise ConfigError(f"there is no incident {incident!r} in the archive at {archive}; {there}")
    return known[incident]


def _replace(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{FILE}.part"
    try:
        shutil.copyfile(source, part)
        part.replace(folder / FILE)
    finally:
        part.unlink(missing_ok=True)
