"""Stretches without any sample, between samples: Prometheus restarted, or scraped nothing for another reason.

Only raw samples tell, since an evaluated series goes on for five minutes after its last one (Prometheus documentation, "Querying basics",
staleness). A series that pauses says nothing by itself, its target may have been down; where all that was collected pauses at once, no
alert evaluated either, nothing was seen. Alerts' own series pause by nature: they only prove that Prometheus ran.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..collectors.window import SECOND_NS, Window
from .rows import Series

LEAST_NS = 60 * SECOND_NS
STEPS = 4
FEW = 3
ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
Instants = npt.NDArray[np.int64]


def sample_holes(series: Sequence[Series], window: Window) -> list[tuple[int, int]]:
    """[last sample, next sample) of every such stretch that reaches into the window, in order."""
    raw = [s for s in series if s.step_ns is None and s.source == "prometheus" and len(s.at_ns)]
    steady = [s for s in raw if (s.labels.get("__name__") or s.name) not in ALERTS and len(s.at_ns) > FEW]
    least_ns = max(LEAST_NS, STEPS * min((_usual(s.at_ns) for s in steady), default=0))
    if not any(_pauses(s.at_ns, least_ns) for s in steady):
        return []
    shared = _pauses(np.unique(np.concatenate([s.at_ns for s in raw])), least_ns)
    alive = [(a, b) for a, b in shared if any(s.at_ns[0] <= a and s.at_ns[-1] >= b for s in steady)]
    return [(a, b) for a, b in alive if b > window.since_ns and a < window.until_ns]


def _usual(at_ns: Instants) -> int:
    return int(np.median(np.diff(at_ns)))


def _pauses(at_ns: Instants, least_ns: int) -> list[tuple[int, int]]:
    """Neighbours that are further apart than `least_ns`."""
    wide = np.flatnonzero(np.diff(at_ns) > least_ns)
    return [(int(at_ns[i]), int(at_ns[i + 1])) for i in wide]
