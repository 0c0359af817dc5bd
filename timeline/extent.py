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
from ..normalize.samples import sample_times
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings
from ..normalize.stamps import NONE_NS, UNIT_NS, Nanoseconds, instants
from ..normalize.tables import KINDS
from .evidence import Kept, batches

EVER = Window(-(2**62), 2**62)
LAYOUTS = ("rfc3339", *UNIT_NS)
MOST_KEPT = 16 << 20
TELEMETRY = ("log", "query", "query_range")


def extent(evidence: Path, stamps: StampSettings = AS_SHIPPED) -> tuple[Window, Kept]:
    """From the first to the last log line or metric point below `evidence`; without any, to the last event.

    Lines that no runtime stamped count by what their programs wrote, read as `stamps` says, as far as that tells the day by itself. Also what was read on
    the way, as far as it is small, so that `build` need not read it again. Raises ConfigError where nothing carries a time.
    """
    replies = [reply for index in indexes(evidence) for reply in index.replies]
    kept: Kept = {}
    telemetry = [reply for reply in replies if reply.form in TELEMETRY]
    room = sum(reply.path.stat().st_size for reply in telemetry) <= MOST_KEPT
    ends = [at for reply in telemetry for at in _ends(reply, kept if room else None, stamps)] or [at for reply in replies for at in _ends(reply, None, stamps)]
    if not ends:
        raise ConfigError("the files carry no times: give --since and --until")
    return Window(min(ends), max(ends) + 1), kept


def _ends(reply: Reply, kept: Kept | None, stamps: StampSettings) -> Iterator[int]:
    """First and last instant of every batch of a reply, which go into `kept`; what cannot be read is left to `build` to tell."""
    try:
        if kept is not None:
            kept[reply.ref] = list(batches(reply))
        for raw in batches(reply) if kept is None else kept[reply.ref]:
            at = _instants(raw, stamps)
            at = at[at != NONE_NS]
            if len(at):
                yield from (int(at.min()), int(at.max()))
    except SourceError:
        return


def _instants(raw: Raw, stamps: StampSettings) -> Nanoseconds:
    if raw.table == "samples":
        return sample_times(raw)
    if raw.table == "lines":
        inner = raw.about.get("stamps") == "inner"
        return stamps.stream().read(raw.batch.column("text")).at_ns if inner else instants(raw.batch.column("stamp"), "rfc3339")
    events = raw.batch.filter(pc.is_in(raw.batch.column("kind"), pa.array(sorted(KINDS))))
    return np.concatenate([instants(events.filter(pc.equal(events.column("layout"), layout)).column("stamp"), layout) for layout in LAYOUTS])
