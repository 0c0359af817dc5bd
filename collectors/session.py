"""One `collect` on disk: which run of the evidence folder it writes to, and what an earlier one has settled already.

A run is named after its window. Asking again for the same window continues it: what was had is kept, what failed or is missing is
asked again. Only when the window was still open at the time of an earlier run does a new run begin beside it, and both are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .evidence import Index, indexes
from .window import Window, rfc3339


@dataclass(frozen=True)
class Session:
    """The run to write to, and the settings of the sources that still have to be asked."""

    run: str
    ask: Mapping[str, Any]


def session(evidence: Path, settings: Mapping[str, Any], window: Window, *, fresh: bool = False) -> Session:
    """Where this collection goes and what it has to ask; `fresh` asks everything again in a new run."""
    stem = "-".join(rfc3339(at, 0).replace("-", "").replace(":", "") for at in (window.since_ns, window.until_ns))
    runs: dict[str, list[Index]] = {}
    for index in indexes(evidence):
        if index.run == stem or index.run.startswith(f"{stem}-"):
            runs.setdefault(index.run, []).append(index)
    if not runs:
        return Session(stem, settings)
    last = max(runs, key=lambda name: (len(name), name))
    if fresh or _was_open(runs[last], window):
        return Session(f"{stem}-{len(runs) + 1}", settings)
    settled = {i.source for i in runs[last] if i.finished and not any(f.ours for f in i.failures)}
    return Session(last, {name: one for name, one in settings.items() if name not in settled})


def folder_session(folder: Path) -> str:
    """The run that holds copies of the files of one `--from` folder; the same folder has the same run."""
    return "from-" + hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _was_open(run: list[Index], window: Window) -> bool:
    """Whether any answer of the run was had before the window had closed."""
    until = rfc3339(window.until_ns, 3)
    return any(reply.received_at < until for index in run for reply in index.replies)
