"""Alerts that flapped before the window opened and flap on when it closes: background, like an alert that fires all the time.

Such an alert fired at least once before the window, as far as was seen, and at least FEW times in it, and neither between two of its runs
nor after the last one was it quiet for longer than PAUSES of its usual pauses. A run that paged somebody is no background; and where nothing
else began to fire in the window, the flapping may be the incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ..collectors.window import Window
from .carried import alert_threads
from .identity import Named

FEW = 3
PAUSES = 3


def without_flapping(rows: Iterable[Named], window: Window) -> list[Named]:
    """`rows`, before they are clipped to the window: the runs of alerts that flap throughout begin nothing."""
    listed = list(rows)
    fired: dict[str, list[int]] = {}
    for n in listed:
        if n.row.kind == "alert.firing":
            fired.setdefault(alert_of(n), []).append(n.row.at_ns)
    steady = {alert for alert, starts in fired.items() if flaps_on(sorted(starts), window)}
    begun = {alert for alert, starts in fired.items() if any(window.since_ns <= at < window.until_ns for at in starts)}
    if not begun - steady:
        return listed
    paged = {thread for n in listed if n.row.kind == "page.triggered" and n.row.at_ns >= window.since_ns for thread in alert_threads(n)}
    aside = {n.event_id for n in listed if n.row.kind == "alert.firing" and alert_of(n) in steady and n.row.thread not in paged}
    return [Named(n.event_id, replace(n.row, milestone_ok=False)) if n.event_id in aside else n for n in listed]


def flaps_on(starts_ns: Sequence[int], window: Window) -> bool:
    """Whether an alert that began to fire at these instants, in order, flaps from before the window to its end."""
    earlier = [at for at in starts_ns if at < window.since_ns]
    inside = [at for at in starts_ns if window.since_ns <= at < window.until_ns]
    if not earlier or len(inside) < FEW:
        return False
    pauses = np.diff([earlier[-1], *inside])
    return max(int(pauses.max()), window.until_ns - inside[-1]) <= PAUSES * float(np.median(pauses))


def alert_of(named: Named) -> str:
    """The alert that a run is of: its thread without the run's start."""
    return named.row.thread.partition("@")[0]
