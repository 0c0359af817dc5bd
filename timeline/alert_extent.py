"""What the absence of a sample means: how far the data reaches, and where the server that evaluates was itself silent."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .rows import Given, Series

Times = npt.NDArray[np.int64]

ALERTS = ("ALERTS", "ALERTS_FOR_STATE")


@dataclass(frozen=True)
class Extent:
    """First and last instant that the samples speak of, the usual distance between alert samples, and when other metrics were sampled."""

    begin: int
    end: int
    usual: int
    pulse: Times
    beat: int

    def end_of(self, last: int, interval: int) -> int | None:
        """The evaluation that ended a run with its last sample at `last`: the next one, or the first after an outage; None past the data."""
        if last + 1.5 * interval > self.end:
            return None
        before, after = self._around(last)
        silent = 2 * self.beat + 1.5 * interval
        if before is None or after is None or last - before > silent or after - last <= silent:
            return last + interval
        return after

    def _around(self, at: int) -> tuple[int | None, int | None]:
        """The other metrics' last sample up to `at` and their first one later."""
        i = int(np.searchsorted(self.pulse, at, "right"))
        return int(self.pulse[i - 1]) if i else None, int(self.pulse[i]) if i < len(self.pulse) else None


def extent(given: Given, alerts: Sequence[Series], names: AbstractSet[Any]) -> Extent:
    """The extent of `alerts`; `names` tells its alerts apart. One alert and nothing else reaches to the window's end: nobody can say better."""
    others = [s.at_ns for s in given.series if len(s.at_ns) and s.source == alerts[0].source and metric(s) not in ALERTS]
    last = max(int(at[-1]) for at in [*others, *(s.at_ns for s in alerts)])
    if not others and len(names) == 1:
        last = max(last, given.window.until_ns)
    pulse = np.unique(np.concatenate(others)) if others else np.empty(0, np.int64)
    usual = spacing(np.concatenate([np.diff(s.at_ns) for s in alerts]))
    beat = spacing(np.array([spacing(np.diff(at)) for at in others if len(at) > 1], np.int64))
    return Extent(min(int(s.at_ns[0]) for s in alerts), last, usual, pulse, beat)


def metric(series: Series) -> str:
    """The metric's name: the series' own label, else the query's name."""
    return series.labels.get("__name__") or series.name


def spacing(differences: Times) -> int:
    """The median distance, 0 without any."""
    return int(np.median(differences)) if len(differences) else 0
