"""What people say in `incident.toml`: the incident's frame, their milestones and their notes.

[incident]
id = "20261121T0119Z"
service = "checkout"            # whose incident; inferred when absent
depends_on = ["payments"]       # whose alerts and pages count too

[window]
since = "2026-11-21T01:19:35Z"
until = "2026-11-21T01:27:06Z"

[[milestone]]                   # a person's word wins over inference
name = "mitigated"
at = "2026-11-21T01:24:57Z"
by = "who says so"

[[note]]
at = "2026-11-21T01:22:00Z"
text = "called the payment provider"
kind = "note"                   # or decision, or comms.published

[durations]                     # own pairs of milestones
time_to_rollback = ["detected", "mitigation_started"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from ..collectors.errors import ConfigError
from ..collectors.window import Window, rfc3339_short
from ..normalize.stamps import instant_ns
from .milestones import NAMES, Milestone
from .rows import Row

FILE = "incident.toml"
NOTE_KINDS = ("note", "decision", "comms.published")


@dataclass(frozen=True)
class People:
    """An incident's frame and what people added to it."""

    id: str
    window: Window
    service: str | None = None
    depends_on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    milestones: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[Mapping[str, Any], ...] = ()
    own: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def read_people(folder: Path) -> People:
    """The incident's `incident.toml`. Raises ConfigError with the line or key at fault."""
    path = folder / FILE
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{folder} is no incident folder: it has no {FILE}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    incident, window = said.get("incident", {}), said.get("window", {})
    own = said.get("durations", {})
    for name, pair in own.items():
        if not (isinstance(pair, list) and len(pair) == 2 and set(pair) <= set(NAMES)):
            raise ConfigError(f"{path}: durations.{name} must be two milestone names out of {', '.join(NAMES)}")
    return People(
        id=str(incident.get("id", folder.name)),
        window=Window(_at(path, "window.since", window.get("since")), _at(path, "window.until", window.get("until"))),
        service=incident.get("service") or None,
        depends_on=tuple(incident.get("depends_on", ())),
        sources=tuple(incident.get("sources", ())),
        milestones=tuple(_checked(path, "milestone", said.get("milestone", []), NAMES, "name")),
        notes=tuple(_checked(path, "note", said.get("note", []), NOTE_KINDS, "kind")),
        own={name: (pair[0], pair[1]) for name, pair in own.items()},
    )


def write_people(folder: Path, people: People) -> None:
    """Write a new `incident.toml`, or bring the window of an existing one up to date; everything people wrote stays."""
    path = folder / FILE
    since, until = (rfc3339_short(at) for at in (people.window.since_ns, people.window.until_ns))
    if path.exists():
        text = path.read_text("utf-8")
        for key, value in (("since", since), ("until", until)):
            text = re.sub(rf'(?m)^(\s*{key}\s*=\s*)"[^"\n]*"', rf'\g<1>"{value}"', text, count=1)
        if people.service and read_people(folder).service != people.service:
            text = re.sub(r"(?m)^\s*service\s*=.*\n", "", text)
            text = re.sub(r"(?m)^\[incident\]\s*\n", f"[incident]\n{tomli_w.dumps({'service': people.service})}", text, count=1)
    else:
        incident = {"id": people.id, **({"service": people.service} if people.service else {}), "sources": list(people.sources)}
        if people.depends_on:
            incident["depends_on"] = list(people.depends_on)
        data: dict[str, Any] = {"incident": incident, "window": {"since": since, "until": until}}
        if people.own:
            data["durations"] = {name: list(pair) for name, pair in people.own.items()}
        text = tomli_w.dumps(data)
    part = path.with_name(f".{FILE}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def said_rows(people: People) -> list[Row]:
    """One row per note of a person; times of people are exact to what they wrote, no better than a second."""
    rows = []
    for number, note in enumerate(people.notes):
        text = str(note.get("text", ""))
        rows.append(
            Row(
                kind=str(note.get("kind", "note")),
                at_ns=int(note["at_ns"]),
                after_ns=1_000_000_000,
                title=text.splitlines()[0] if text.strip() else "note",
                body=text,
                source="people",
                clock="people",
                thread="people:incident.toml",
                edge=f"{note['at_ns']}:{number}",
                actor=note.get("by"),
                service=people.service,
                at_source=str(note["at"]),
                ref=f"../{FILE}#note {number + 1}",
            )
        )
    return rows


def with_people(found: Iterable[Milestone], people: People) -> list[Milestone]:
    """Milestones with people's word in place of inference; `detected` follows its parts only if no one speaks of it."""
    by_name = {m.name: m for m in found}
    for said in people.milestones:
        who = f"by {said['by']}" if said.get("by") else "by a person"
        by_name[said["name"]] = Milestone(said["name"], said["at_ns"], said["at_ns"], said["at_ns"] + 1_000_000_000, f"stated {who} in {FILE}", ())
    return [by_name[name] for name in NAMES if name in by_name]


def _checked(path: Path, table: str, entries: Any, allowed: tuple[str, ...], key: str) -> Iterable[Mapping[str, Any]]:
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: write [[{table}]] for each {table}")
    for number, entry in enumerate(entries, 1):
        word = entry.get(key, allowed[0] if key == "kind" else None)
        if word not in allowed:
            raise ConfigError(f"{path}: {table} {number}: {key} must be one of {', '.join(allowed)}")
        yield {**entry, key: word, "at_ns": _at(path, f"{table} {number}: at", entry.get("at"))}


def _at(path: Path, key: str, value: Any) -> int:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    at = instant_ns(text) if isinstance(text, str) else None
    if at is None:
        raise ConfigError(f'{path}: {key} must be a time with a zone, such as "2026-11-21T01:19:35Z"')
    return at
