"""One `collect` on disk: which run of the evidence folder it writes to, and what an earlier one has settled already.

A run is named after its window. Asking again for the same window continues it: what was had is kept, what failed or is missing is
asked again. A new run begins beside it, and both are read, when the window was still open at the time, and when a source is asked for other things.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from .errors import public_url
from .evidence import Index, indexes
from .run_names import order_of, window_of
from .window import Window, rfc3339

# Of these settings no trace is kept, not even a hash.
SECRET = re.compile(r"token|password|secret|key|user|org|header", re.IGNORECASE)


@dataclass(frozen=True)
class Session:
    """The run to write to, and the settings of the sources that still have to be asked."""

    run: str
    ask: Mapping[str, Any]


def session(evidence: Path, settings: Mapping[str, Any], window: Window, *, fresh: bool = False) -> Session:
    """Where this collection goes and what it has to ask; `fresh` asks everything again in a new run.

    A source whose settings have changed since (another namespace, query, URL) is asked again in a new run too.
    """
    stem = "-".join(rfc3339(at, 0).replace("-", "").replace(":", "") for at in (window.since_ns, window.until_ns))
    runs: dict[str, list[Index]] = {}
    for index in indexes(evidence):
        if window_of(index.run) == stem:
            runs.setdefault(index.run, []).append(index)
    if not runs:
        return Session(stem, settings)
    names = sorted(runs, key=order_of)
    begun = Session(f"{stem}-{len(runs) + 1}", settings)
    if fresh or _was_open(runs[names[-1]], window):
        return begun
    latest = {index.source: index for name in names for index in runs[name]}
    asked = {name: one for name, one in settings.items() if name not in latest or not _settled(latest[name], one)}
    changed = any(index.source in asked and not _same(index, asked[index.source]) for index in runs[names[-1]])
    return Session(begun.run if changed else names[-1], asked)


def fingerprint(settings: Any) -> str:
    """16 hex digits that change with what a source is asked, and not with its secrets; "" for settings of another shape."""
    if not is_dataclass(settings) or isinstance(settings, type):
        return ""
    told = {f.name: _told(getattr(settings, f.name)) for f in fields(settings) if not SECRET.search(f.name)}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _told(value: Any) -> str:
    return public_url(value) if isinstance(value, str) and "://" in value else repr(value)


def _settled(index: Index, settings: Any) -> bool:
    return index.finished and not any(f.ours for f in index.failures) and _same(index, settings)


def _same(index: Index, settings: Any) -> bool:
    return index.settings in ("", fingerprint(settings))


def folder_session(folder: Path) -> str:
    """The run that holds copies of the files of one `--from` folder; the same folder has the same run."""
    return "from-" + hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _was_open(run: list[Index], window: Window) -> bool:
    """Whether any answer of the run was had before the window had closed."""
    until = rfc3339(window.until_ns, 3)
    return any(reply.received_at < until for index in run for reply in index.replies)
