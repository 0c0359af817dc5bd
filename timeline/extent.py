"""The extent of saved files: the window of an incident that was given none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.errors import ConfigError, SourceError
from ..collectors.evidence import Reply, indexes
from ..collectors.raw import Raw
from ..collectors.window import Window
from ..normalize.stamps import NONE_NS, UNIT_NS, Nanoseconds, instants
from ..normalize.tables import KINDS
from .evidence import batches

EVER = Window(-(2**62), 2**62)
LAYOUTS = ("rfc3339", *UNIT_NS)
TELEMETRY = ("log", "query", "query_range")


def extent(evidence: Path) -> Window:
    """From the first to the last log line or metric point below `evidence`; without any, to the last event.

    Raises ConfigError where nothing carries a time.
    """
    replies = [reply for index in indexes(evidence) for reply in index.replies]
    ends = [at for reply in replies if reply.form in TELEMETRY for at in _ends(reply)] or [at for reply in replies for at in _ends(reply)]
    if not ends:
        raise ConfigError("the files carry no times: give --since and --until")
    return Window(min(ends), max(ends) + 1)


def _ends(reply: Reply) -> Iterator[int]:
    """First and last instant of every batch of a reply; what cannot be read is left to `build` to tell."""
    try:
        for raw in batches(reply):
            at = _instants(raw)
            at = at[at != NONE_NS]
            if len(at):
                yield from (int(at.min()), int(at.max()))
    except SourceError:
        return


def _instants(raw: Raw) -> Nanoseconds:
    if raw.table != "facts":
        return instants(raw.batch.column("stamp"), raw.about.get("layout", "epoch_s") if raw.table == "samples" else "rfc3339")
    events = raw.batch.filter(pc.is_in(raw.batch.column("kind"), pa.array(sorted(KINDS))))
    return np.concatenate([instants(events.filter(pc.equal(events.column("layout"), layout)).column("stamp"), layout) for layout in LAYOUTS])
