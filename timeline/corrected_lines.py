"""Log lines of a node whose clock is corrected: read once more, on corrected time.

Reading again, rather than moving what was written, lets lines of either side of the window's ends find their place, and all that is
counted of lines (templates, streams, what became of every record) is of those that are kept. Nothing of this happens while
no such clock is corrected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..normalize.lines import Correction
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings
from .evidence import Place, Read, reread_lines
from .line_clocks import with_clocks
from .line_store import LineStore
from .rows import Given
from .services import owners


def correct_lines(
    read: Read, given: Given, corrections: Mapping[str, Correction], lines: Path, *, templates: str = "masks", stamps: StampSettings = AS_SHIPPED
) -> tuple[Given, int] | None:
    """Write `lines` anew if a clock that stamped some is corrected: what is given then, and how many lines were doubles; else None.

    `corrections`: clock → (what is added to its readings, how wrong that may be). `templates`, `stamps`: as LineStore has them.
    """
    moved: dict[Place, Correction] = {(s.namespace, s.pod, s.container, s.ref): corrections[s.clock] for s in given.streams if s.clock in corrections}
    if not moved:
        return None
    store = LineStore(lines.parent, templates, stamps)
    try:
        reread_lines(read, given.window, store, moved)
        doubles = store.write(lines, owners(given))
    finally:
        store.close()
    return replace(given, streams=with_clocks(read.streams, given.facts), templates=store.templates), doubles
