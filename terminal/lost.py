"""What was asked for and could not be had."""

from __future__ import annotations

from ..timeline.text import CONTROL
from ..timeline.timeline import Timeline


def lost(timeline: Timeline) -> list[tuple[str, str]]:
    """Source and sentence of everything that failed us, each once, safe for a terminal."""
    coverage = timeline.coverage
    failed = coverage[coverage["ours"]]
    return [(s, CONTROL.sub(" ", text or part)) for s, text, part in dict.fromkeys(zip(failed["source"], failed["detail"], failed["part"], strict=True))]
