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

[build]                         # and [stamps]: see build_choices

[durations]                     # own pairs of milestones
time_to_rollback = ["detected", "mitigation_started"]
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tomli_w

from ..collectors.errors import ConfigError
from ..collectors.evidence import Failure
from ..collectors.window import Window, rfc3339_short
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings, stamp_settings
from ..normalize.stamp_settings import KEYS as STAMP_KEYS
from ..normalize.stamps import instant_ns
from .milestones import NAMES, Milestone
from .rows import Row
from .toml_text import put, write

FILE = "incident.toml"
# How templates of log lines are found; the first unless said otherwise.
TEMPLATES = ("masks", "drain3", "none")
NOTE_KINDS = ("note", "decision", "comms.published")
# Table → keys. What is not listed is a typing error, and said so.
KEYS = {
    "incident": ("id", "service", "depends_on", "sources"),
    "window": ("since", "until"),
    "build": ("correct", "templates"),
    "stamps": STAMP_KEYS,
    "milestone": ("name", "at", "by", "text"),
    "note": ("at", "text", "kind", "by"),
    "durations": (),
}


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
    correct: bool = True
    templates: str = TEMPLATES[0]
    stamps: StampSettings = AS_SHIPPED


def read_people(folder: Path) -> People:
    """The incident's `incident.toml`. Raises ConfigError with the line or key at fault."""
    path = folder / FILE
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{folder} is no incident folder: it has no {FILE}") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: lists within lists without end") from error
    _known(path, "", said, KEYS)
    incident, window, made, own = (_table(path, name, said.get(name, {})) for name in ("incident", "window", "build", "durations"))
    for name, table in (("incident", incident), ("window", window), ("build", made)):
        _known(path, f"{name}.", table, KEYS[name])
    return People(
        id=_text(path, "incident.id", incident.get("id", folder.name)),
        window=_window(path, window),
        service=_text(path, "incident.service", incident.get("service", "")) or None,
        depends_on=_texts(path, "incident.depends_on", incident.get("depends_on", [])),
        sources=_texts(path, "incident.sources", incident.get("sources", [])),
        milestones=tuple(_checked(path, "milestone", said.get("milestone", []), NAMES, "name")),
        notes=tuple(_checked(path, "note", said.get("note", []), NOTE_KINDS, "kind")),
        own=checked_pairs(path, own),
        correct=_flag(path, "build.correct", made.get("correct", True)),
        templates=_one_of(path, "build.templates", made.get("templates", TEMPLATES[0]), TEMPLATES),
        stamps=stamp_settings(said.get("stamps", {}), str(path)),
    )


def checked_pairs(path: Path, own: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The table `[durations]` of `path` as name → (from, to). Raises ConfigError naming the key."""
    for name, pair in own.items():
        if not (isinstance(pair, list) and len(pair) == 2 and all(one in NAMES for one in pair)):
            raise ConfigError(f"{path}: durations.{name} must be two milestone names out of {', '.join(NAMES)}")
    return {name: (pair[0], pair[1]) for name, pair in own.items()}


def write_people(folder: Path, people: People) -> None:
    """Write a new `incident.toml`, or bring the window of an existing one up to date; everything people wrote stays."""
    path = folder / FILE
    since, until = (rfc3339_short(at) for at in (people.window.since_ns, people.window.until_ns))
    if path.exists():
        text = _updated(path, folder, people, {"since": since, "until": until})
    else:
        incident = {"id": people.id, **({"service": people.service} if people.service else {}), "sources": list(people.sources)}
        if people.depends_on:
            incident["depends_on"] = list(people.depends_on)
        data: dict[str, Any] = {"incident": incident, "window": {"since": since, "until": until}}
        if people.own:
            data["durations"] = {name: list(pair) for name, pair in people.own.items()}
        text = tomli_w.dumps(data)
    write(path, text)


def _updated(path: Path, folder: Path, people: People, window: Mapping[str, str]) -> str:
    """The file's text with the new window and service; ConfigError where people wrote them in a way that cannot be edited in place."""
    held = read_people(folder)
    text = path.read_text("utf-8")
    if held.window != people.window:
        for key, value in window.items():
            text = put(text, "window", key, value)
    if people.service and held.service != people.service:
        text = put(text, "incident", "service", people.service)
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        said = {}
    ends = [instant_ns(str(said.get("window", {}).get(key))) for key in window]
    if held.window != people.window and ends != [people.window.since_ns, people.window.until_ns]:
        raise ConfigError(f"{path}: its window is not the one asked for; change it there, or choose another folder with --out")
    return text


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
                title=text.strip().splitlines()[0] if text.strip() else "note",
                body=text,
                source="people",
                clock="people",
                thread="people:incident.toml",
                edge=f"{note['at_ns']}:{hashlib.sha256(text.encode()).hexdigest()[:12]}",
                actor=note.get("by"),
                service=people.service,
                at_source=str(note["at"]),
                ref=f"../{FILE}#note {number + 1}",
            )
        )
    return rows


def stray_notes(people: People) -> list[Failure]:
    """One failure per note whose time lies outside the window: it is not shown, so the report says so."""
    window = people.window
    return [
        Failure("people", f"the note at {note['at']}", "outside", f"the note at {note['at']} in {FILE} lies outside the window and is not shown", ours=False)
        for note in people.notes
        if not window.since_ns <= note["at_ns"] < window.until_ns
    ]


def with_people(found: Iterable[Milestone], people: People) -> list[Milestone]:
    """Milestones with people's word in place of inference; `detected` follows its parts only if no one speaks of it."""
    stated = {said["name"] for said in people.milestones}
    by_name = {m.name: m for m in found}
    for said in people.milestones:
        who = f"by {said['by']}" if said.get("by") else "by a person"
        by_name[said["name"]] = Milestone(said["name"], said["at_ns"], said["at_ns"], said["at_ns"] + 1_000_000_000, f"stated {who} in {FILE}", ())
    parts = [by_name[name] for name in ("detected_machine", "detected_human") if name in by_name]
    if "detected" not in stated and stated & {"detected_machine", "detected_human"}:
        by_name["detected"] = replace(min(parts, key=lambda m: m.best_ns), name="detected")
    return [by_name[name] for name in NAMES if name in by_name]


def _table(path: Path, name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {name} must be a table, written [{name}]")
    return value


def _text(path: Path, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'{path}: {key} must be text in quotes, such as "checkout"')
    return value


def _flag(path: Path, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{path}: {key} must be true or false")
    return value


def _one_of(path: Path, key: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ConfigError(f"{path}: {key} must be one of {', '.join(allowed)}")
    return str(value)


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f'{path}: {key} must be a list, such as ["checkout"]')
    return tuple(_text(path, key, one) for one in value)


def _window(path: Path, window: Mapping[str, Any]) -> Window:
    ends = Window(_at(path, "window.since", window.get("since")), _at(path, "window.until", window.get("until")))
    if ends.since_ns >= ends.until_ns:
        raise ConfigError(f"{path}: window.since is not before window.until")
    return ends


def _checked(path: Path, table: str, entries: Any, allowed: tuple[str, ...], key: str) -> Iterable[Mapping[str, Any]]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: write [[{table}]] for each {table}")
    for number, entry in enumerate(entries, 1):
        word = entry.get(key, allowed[0] if key == "kind" else None)
        if word not in allowed:
            raise ConfigError(f"{path}: {table} {number}: {key} must be one of {', '.join(allowed)}")
        _known(path, f"{table} {number}: ", entry, KEYS[table])
        for other in ("text", "by"):
            _text(path, f"{table} {number}: {other}", entry.get(other, ""))
        yield {**entry, key: word, "at_ns": _at(path, f"{table} {number}: at", entry.get("at"))}


def _known(path: Path, where: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise ConfigError(f"{path}: there is no {where}{unknown[0]}; known are {', '.join(keys)}")


def _at(path: Path, key: str, value: Any) -> int:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    at = instant_ns(text) if isinstance(text, str) else None
    if at is None:
        raise ConfigError(f'{path}: {key} must be a time with a zone, such as "2026-11-21T01:19:35Z"')
    return at
