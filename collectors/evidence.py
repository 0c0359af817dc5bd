"""The evidence folder: every answer as received, and what was asked for it.

Layout below `evidence/`: one folder per run of `collect` (`RUN/`), in it one folder per source, in it the
bodies, byte for byte, and `index.jsonl`: one line per saved reply or failure, in the order they happened. A body is
written under a temporary name and renamed; its index line follows, so a killed run leaves no half truth: a body without
its line is asked for again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .errors import BadPayload, ConfigError, SourceError, public_url
from .file_names import safe_name
from .index_lines import demand_texts, index_lines
from .packed import BROKEN, opened, written
from .run_names import order_of, window_of

# Bytes that file systems allow for one name.
LONGEST_PART = 255
MISSING = "was collected, but the file is no longer there: the same command again asks for it"
STOPPED = "the collection was stopped before it had asked everything: the same command again goes on from there"


@dataclass(frozen=True)
class Reply:
    """One answer as received, saved in `path`.

    `form` names what it is and chooses its reader; `ref` is the path below `evidence/`, the head of every fact's ref;
    `about` holds what was asked (never credentials); `received_at` is RFC 3339 on the collecting machine's clock, as is
    `asked_at`; `date` is the server's HTTP `Date` header. `complete` is False when the body is known to be cut and
    `reason` says why.
    """

    source: str
    form: str
    ref: str
    path: Path
    status: int = 200
    about: Mapping[str, str] = field(default_factory=dict)
    asked_at: str = ""
    received_at: str = ""
    date: str = ""
    complete: bool = True
    reason: str = ""

    def open(self) -> BufferedIOBase:
        """The body as a stream of bytes, decompressed where the file is gzip or zstd."""
        return opened(self.path)

    def body(self) -> bytes:
        """The whole body. Raises BadPayload where a compressed body is broken."""
        try:
            with self.open() as file:
                return file.read()
        except BROKEN as error:
            raise BadPayload(f"{self.ref}: the compressed file is broken: {error}") from error

    def json(self) -> Any:
        """The body as JSON. Raises BadPayload with what was found instead."""
        return decode_json(self.body(), self.ref)


def decode_json(body: bytes, what: str) -> Any:
    """`body` as JSON; BadPayload says whether it was empty, HTML, cut or something else. `what` begins the sentence."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        head = body[:200].lstrip().lower()
        if not body.strip():
            found = "the answer is empty"
        elif head.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
            found = "the answer is HTML where JSON was due (a proxy or a log-in page?)"
        elif body.lstrip()[:1] in (b"{", b"["):
            found = "the JSON breaks off" if "Unterminated" in str(error) or "Expecting" in str(error) else "the JSON is broken"
        else:
            found = "the answer is not JSON"
        raise BadPayload(f"{what}: {found}") from error


@dataclass(frozen=True)
class Failure:
    """Something that was asked for and not had: the stuff of gap rows and coverage.

    `what` is the thing missed in words ("logs of shop/web-1/app"); `reason` one of unreachable, denied, too_expensive,
    bad_payload, timeout, cut, bound, gone, rotated, interrupted; `text` the sentence for the report. `since`, `until`:
    RFC 3339 of the stretch missed, "" for the window's ends. `ours` is True where the exit code must show it: the source failed
    us or a bound of ours cut it; False where the source had already forgotten.
    """

    source: str
    what: str
    reason: str
    text: str
    since: str = ""
    until: str = ""
    ours: bool = True
    subject: str = ""


class Evidence:
    """The evidence of one source in one run: saves, and knows what an interrupted run has saved already. Thread-safe.

    Raises ConfigError, when it is made, for an index that no `collect` wrote.
    """

    def __init__(self, root: Path, run: str, source: str, now: Callable[[], str]) -> None:
        self.source = source
        self._root = root
        self._folder = root / run / safe_name(source)
        self._now = now
        self._lock = threading.Lock()
        self._made: set[Path] = set()
        self._whole = False
        told = _told(self._folder / "index.jsonl", root)
        self._held = {_key(line): made for line, made in told if isinstance(made, Reply) and made.complete}

    def held(self, key: str) -> Reply | None:
        """The complete reply that an earlier, interrupted run saved under `key`, if its body is still there."""
        reply = self._held.get(key)
        return reply if reply and reply.path.exists() else None

    def save(
        self,
        key: str,
        form: str,
        body: bytes | Iterable[bytes],
        *,
        suffix: str = ".json",
        status: int = 200,
        about: Mapping[str, str] | None = None,
        asked_at: str = "",
        date: str = "",
    ) -> Reply:
        """Write one answer under `key` (slashes make folders) and return it.

        `body` may be an iterator of chunks, written as they come, compressed where the suffix ends in `.zst`. Should it raise
        SourceError, what arrived is kept and the reply is marked incomplete with the error's text; the error is not raised again.
        """
        path = self._folder.joinpath(*(safe_name(part) for part in key.split("/") if part))
        path = path.with_name(path.name + suffix)
        self._make(path.parent)
        part = path.with_name(f".{path.name}.part")
        reason = ""
        with written(part, zstd=suffix.endswith(".zst")) as write:
            try:
                for chunk in (body,) if isinstance(body, bytes) else body:
                    write(chunk)
            except SourceError as error:
                reason = str(error) or error.reason
        os.replace(part, path)
        reply = Reply(
            self.source, form, path.relative_to(self._root).as_posix(), path, status, dict(about or {}), asked_at, self._now(), date, not reason, reason
        )
        line = {"type": "reply", "key": key, **vars(reply)}
        del line["path"]
        self._append(line)
        return reply

    def failed(self, error: SourceError | str, what: str, *, reason: str = "", since: str = "", until: str = "", ours: bool = True, subject: str = "") -> None:
        """Note that `what` could not be had; the run goes on."""
        if not reason:
            reason = error.reason if isinstance(error, SourceError) else "failed"
        self._append({"type": "failure", **vars(Failure(self.source, what, reason, str(error), since, until, ours, subject))})

    def started(self, settings: str = "") -> None:
        """Note that the source is being asked (again), with these settings (a fingerprint): failures noted so far are void."""
        self._append({"type": "started", "at": self._now(), "settings": settings})

    def finished(self) -> None:
        """Note that the source has been asked everything: a later run with the same window asks only what failed."""
        self._append({"type": "finished", "at": self._now()})

    def now(self) -> str:
        """The present as RFC 3339 text, for `asked_at`."""
        return self._now()

    def _make(self, folder: Path) -> None:
        if folder not in self._made:
            folder.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)

    def _append(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._make(self._folder)
            whole, self._whole = self._whole, False
            with (self._folder / "index.jsonl").open("ab" if whole else "ab+") as file:
                begin = b"" if whole or _ends_whole(file) else b"\n"
                file.write(begin + json.dumps(line, ensure_ascii=True).encode() + b"\n")
            self._whole = True


@dataclass(frozen=True)
class Index:
    """What one source's folder of one run says: replies and failures, the last word on each.

    `settings` is the fingerprint of what it was last asked with; a run that was stopped before its end has a failure that says so.
    """

    run: str
    source: str
    replies: tuple[Reply, ...]
    failures: tuple[Failure, ...]
    finished: bool
    settings: str = ""


def indexes(root: Path) -> Iterator[Index]:
    """Every source of every run below `root`, by run and name. A key saved twice counts once, the later line.

    Where a later run asked the same source for the same window again, what the earlier one failed to get is void.
    Raises ConfigError for an index that no `collect` wrote.
    """
    found = [_index(path, root) for path in sorted(root.glob("*/*/index.jsonl"))]
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for one in found:
        window = (window_of(one.run), one.source)
        last[window] = max(last.get(window, (0, "")), order_of(one.run))
    for one in found:
        superseded = order_of(one.run) != last[window_of(one.run), one.source]
        yield replace(one, failures=tuple(f for f in one.failures if not (superseded and f.ours)))


def _index(path: Path, root: Path) -> Index:
    replies: dict[str, Reply] = {}
    failures: dict[tuple[str, str], Failure] = {}
    finished, begun, settings = False, False, ""
    source = path.parent.name
    for line, made in _told(path, root):
        if isinstance(made, Reply):
            replies[_key(line)] = made
        elif isinstance(made, Failure):
            failures[made.what, made.reason] = made
        elif line.get("type") == "started":
            failures, finished, begun, settings = {}, False, True, str(line.get("settings", ""))
        elif line.get("type") == "finished":
            finished = True
    there = tuple(reply for reply in replies.values() if reply.path.exists())
    lost = [Failure(source, r.ref, "missing", f"{r.ref} {MISSING}") for r in replies.values() if r not in there]
    stopped = begun and not finished and not any(f.what.startswith("everything") for f in failures.values())
    ends = [Failure(source, "everything it was still to be asked", "interrupted", STOPPED)] if stopped else []
    return Index(path.parent.parent.name, source, there, (*failures.values(), *lost, *ends), finished, settings)


def asked(url: str, params: Mapping[str, Any] | None = None) -> dict[str, str]:
    """`about` for a request: its URL without credentials, and its parameters as text."""
    return {"url": public_url(url), **{k: str(v) for k, v in (params or {}).items()}}


def _ends_whole(file: IO[bytes]) -> bool:
    """Whether the file is empty or its last line is whole: a kill may have cut it."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def _key(line: Mapping[str, Any]) -> str:
    return str(line["key"])


def _told(path: Path, root: Path) -> Iterator[tuple[dict[str, Any], Reply | Failure | None]]:
    """The index's lines, each with the reply or failure that it tells of. Raises ConfigError for a line that no `collect` wrote."""
    for number, line in enumerate(index_lines(path), 1):
        made: Reply | Failure | None = None
        try:
            if line.get("type") == "reply":
                made = _reply(line, root)
            elif line.get("type") == "failure":
                made = Failure(**{k: v for k, v in line.items() if k != "type"})
                demand_texts(vars(made))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: line {number} is none that retroline wrote: put the file back as it was, or collect again") from error
        yield line, made


def _reply(line: Mapping[str, Any], root: Path) -> Reply:
    _key(line)
    fields = {k: v for k, v in line.items() if k not in ("type", "key", "path")}
    demand_texts(fields)
    demand_texts(fields.get("about", {}))
    ref = PurePosixPath(fields["ref"])
    if ref.is_absolute() or ".." in ref.parts or any(len(part.encode()) > LONGEST_PART for part in ref.parts):
        raise ValueError(fields["ref"])
    return Reply(path=root / ref, **fields)
