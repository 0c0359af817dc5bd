"""The incident's folder: evidence in, tables and report out, each written under a temporary name and renamed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from .build import Built, build
from .evidence import Kept
from .people import FILE, read_people
from .tables import coverage_table, durations_table, events_table, milestones_table
from .timeline import Timeline, load

ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")


def incident_folder(base: Path, incident: str) -> Path:
    """`base/incident`; ConfigError where the id could leave `base` or clash with the file system."""
    if not ID.match(incident):
        raise ConfigError(f"an incident's id is made of letters, digits, dots, dashes and underscores, not {incident!r}")
    return base / incident


def build_folder(folder: Path, kept: Kept | None = None) -> Timeline:
    """Remake everything but evidence and `incident.toml` in `folder`: same input, same bytes. Returns the timeline.

    `kept`: what was read of the evidence already, see `extent`. Raises ConfigError where the folder is no incident's or cannot be written.
    """
    people = read_people(folder)
    if not (folder / "evidence").is_dir():
        raise ConfigError(f"{folder} has no evidence: collect first")
    lines = folder / ".lines.parquet.part"
    try:
        built = build(folder / "evidence", people, lines, kept)
        os.replace(lines, folder / "lines.parquet")
        _write_tables(folder, built)
        timeline = load(folder)
        _write_text(folder / "timeline.md", timeline.to_markdown())
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        if os.access(folder, os.W_OK):
            lines.unlink(missing_ok=True)
    return timeline


def is_incident(folder: Path) -> bool:
    """Whether `folder` holds a built incident."""
    return (folder / FILE).is_file() and (folder / "events.parquet").is_file()


def _write_tables(folder: Path, built: Built) -> None:
    events = events_table(built.rows, built.clocks.corrections)
    told = {
        "id": built.people.id,
        "since_ns": str(built.people.window.since_ns),
        "until_ns": str(built.people.window.until_ns),
        "scope": built.scope.how,
        "services": ",".join(sorted(built.scope.services)),
        "set_aside": ",".join(built.aside),
    }
    told["clocks"] = json.dumps(built.clocks.told(), ensure_ascii=False, sort_keys=True)
    told["impact"] = json.dumps(built.impact.told(), ensure_ascii=False, sort_keys=True)
    told["still"] = json.dumps(built.still, ensure_ascii=False)
    _write(folder / "events.parquet", events.replace_schema_metadata({f"retroline.{k}": v for k, v in told.items()}))
    _write(folder / "samples.parquet", built.samples)
    _write(folder / "milestones.parquet", milestones_table(built.milestones))
    _write(folder / "durations.parquet", durations_table(built.durations))
    _write(folder / "coverage.parquet", coverage_table(built.coverage))


def _write(path: Path, table: pa.Table) -> None:
    part = path.with_name(f".{path.name}.part")
    pq.write_table(table, part, compression="zstd")
    os.replace(part, path)


def _write_text(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
