"""Saved files as a source: `--from DIR`, the same job without any server.

A careful responder's folder holds what `kubectl`, `curl` and `amtool` printed, webhook bodies, container logs. Every file is
recognised by its content (see `recognise`) and copied into the evidence, byte for byte; `about["reader"]` names the source
whose `read` understands it, `about["file"]` the path it had. What is not recognised is noted, never dropped in silence.

Links that lead out of the folder are not followed, nor are links to folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .ask import Ask, Probe
from .errors import BadPayload, ConfigError
from .evidence import Reply
from .packed import breaks, readable
from .raw import Raw, clean_text
from .recognise import recognise_file
from .recognise_logs import Found, Passed
from .registry import collector

NAME = "files"
CHUNK = 2**20
DOCUMENTATION = {".md", ".rst", ".ipynb", ".html", ".pdf", ".png", ".jpg"}


@dataclass(frozen=True)
class Settings:
    """`folder` is what `--from` names; everything below it is looked at."""

    folder: str


@dataclass(frozen=True)
class _Entry:
    """One thing found in the folder: a file to look at, or what is wrong with it."""

    path: Path
    relative: str
    passed: Passed | None = None


def fetch(settings: Settings, ask: Ask) -> None:
    """Copy every recognised file into the evidence and note every other one.

    Raises ConfigError where there is no folder or nothing in it, BadPayload where nothing in it is recognised.
    """
    folder = Path(settings.folder)
    entries = _entries(folder)
    kept = 0
    for entry in entries:
        ask.remaining_s()
        passed = entry.passed
        if passed is None and not ask.evidence.held(_key(entry)):
            passed = _collect(entry, ask)
        if passed is None:
            kept += 1
        else:
            ask.evidence.failed(clean_text(passed.text), what=clean_text(entry.relative), reason=passed.reason, ours=passed.ours)
    if not kept:
        raise BadPayload(f"{folder}: none of the {len(entries)} files is anything that a source knows")


def read(reply: Reply) -> Iterator[Raw]:
    """What the source named in `about["reader"]` reads. Raises BadPayload, ConfigError."""
    reader = collector(reply.about["reader"])
    yield from reader.read(replace(reply, source=reply.about["reader"]))


def recognise(document: Any, name: str) -> str | None:  # noqa: ARG001 - a collector's face
    """None: files have no documents of their own."""
    return None


def probe(settings: Settings, ask: Ask) -> Probe:  # noqa: ARG001 - a collector's face
    """Whether the folder is there and holds files."""
    try:
        return Probe(True, True, f"{len(_entries(Path(settings.folder)))} files")
    except ConfigError as error:
        return Probe(False, False, str(error))


def _entries(folder: Path) -> list[_Entry]:
    """Everything in the folder, sorted. Listed before anything is written, since evidence may lie below."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: {'not a folder' if folder.exists() else 'there is no such folder'}")
    if _is_incident(folder):
        raise ConfigError(f"{folder} is an incident that retroline wrote; make it anew with `retroline build {folder}`")
    entries = list(_walk(folder, folder.resolve(), ""))
    if not entries:
        raise ConfigError(f"{folder}: the folder is empty")
    return entries


def _walk(folder: Path, top: Path, above: str) -> Iterator[_Entry]:
    try:
        children = sorted(os.scandir(folder), key=lambda child: child.name)
    except OSError as error:
        yield _Entry(folder, above.rstrip("/") or ".", _refused(above, error))
        return
    for child in children:
        path, relative = Path(child.path), above + child.name
        passed = _passed(child, path, top, relative)
        if passed is None and child.is_dir():
            yield from _walk(path, top, f"{relative}/")
        else:
            yield _Entry(path, relative, passed)


def _passed(child: os.DirEntry[str], path: Path, top: Path, relative: str) -> Passed | None:
    """Why a file or folder is not looked into, None if it is."""
    why = ""
    if child.name.startswith("."):
        why = "hidden, not evidence"
    elif child.is_symlink() and not path.resolve().is_relative_to(top):
        why = "a link that leads out of the folder is not followed"
    elif child.is_symlink() and not child.is_file():
        why = "a link to a folder, or to nothing, is not followed"
    elif child.is_dir():
        why = "an incident that retroline wrote, not evidence" if _is_incident(path) else ""
    elif not child.is_file():
        why = "not a regular file"
    elif path.suffix.lower() in DOCUMENTATION:
        why = "documentation, not evidence"
    return Passed("unrecognised", f"{relative}: {why}") if why else None


def _is_incident(folder: Path) -> bool:
    return (folder / "incident.toml").is_file() and (folder / "evidence").is_dir()


def _refused(relative: str, error: OSError) -> Passed:
    return Passed("denied", f"{relative or '.'}: cannot be read: {error.strerror or error}", ours=True)


def _collect(entry: _Entry, ask: Ask) -> Passed | None:
    """Recognise one file and save it; the reason why not, else None. Raises OSError where the evidence cannot be written."""
    try:
        found = recognise_file(entry.path, entry.relative)
        if isinstance(found, Passed):
            return found
        said = "" if found.broken else breaks(entry.path)
        broken = f"{entry.relative}: {said}" if said else found.broken
    except OSError as error:
        return _refused(entry.relative, error)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return Passed("bad_payload", f"{entry.relative}: of a shape that no source knows ({type(error).__name__}: {error})", ours=True)
    _save(entry, replace(found, broken=broken), ask)
    return None


def _save(entry: _Entry, found: Found, ask: Ask) -> None:
    about = {**found.about, "reader": found.reader, "file": clean_text(entry.relative)}
    body = found.body if found.body is not None else _chunks(entry.path, found.broken, ask)
    ask.evidence.save(_key(entry), found.form, body, suffix="", about=about, date=found.date)
    ask.progress(entry.relative, 0, 1)


def _key(entry: _Entry) -> str:
    """Where the copy goes: below a folder of its own, so that no file can take the index's name."""
    return f"saved/{entry.relative}"


def _chunks(path: Path, broken: str, ask: Ask) -> Iterator[bytes]:
    """The file's bytes; of a broken compressed file what can be decompressed, then BadPayload, which marks the reply as incomplete."""
    if broken:
        yield from readable(path)
        raise BadPayload(broken)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                ask.progress(path.name, len(chunk), 0)
                yield chunk
    except OSError as error:
        raise BadPayload(f"{path.name}: cannot be read to its end: {error.strerror or error}") from error
