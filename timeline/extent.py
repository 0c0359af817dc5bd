"""The extent of saved files: the window of an incident that was given none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..collectors.errors import ConfigError
from ..collectors.window import Window
from ..normalize.tables import KINDS
from .evidence import read_evidence
from .line_store import LineStore

EVER = Window(-(2**62), 2**62)


def extent(evidence: Path) -> Window:
    """From the first to the last log line or metric point below `evidence`; without any, to the last event.

    Raises ConfigError where nothing carries a time.
    """
    with tempfile.TemporaryDirectory() as place:
        store = LineStore(Path(place))
        try:
            read = read_evidence(evidence, EVER, store)
        finally:
            store.close()
    ends = [at for s in read.streams for at in (s.first_ns, s.last_ns) if at is not None]
    ends += [int(at) for s in read.series for at in (s.at_ns[0], s.at_ns[-1])]
    ends = ends or [f.at_ns for f in read.facts if f.kind in KINDS and f.at_ns is not None]
    if not ends:
        raise ConfigError("the files carry no times: give --since and --until")
    return Window(min(ends), max(ends) + 1)
