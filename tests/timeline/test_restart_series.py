"""What kube-state-metrics says of containers, whatever form it was saved in."""

from __future__ import annotations

import numpy as np
from retroline.timeline.restart_series import REASON, RESTARTS, increments, oom_onsets
from retroline.timeline.rows import Series

S = 1_000_000_000


def saved(metric: str, ref: str, points: list[tuple[float, float]], **labels: str) -> Series:
    """A series as read from a file of one's own: its step is known, how it was asked for is not."""
    about = {"__name__": metric, "namespace": "edge", "pod": "proxy-x2x4z", "container": "proxy", **labels}
    at_ns = np.array([round(at * S) for at, _ in points], np.int64)
    return Series(ref, "", about, at_ns, np.array([v for _, v in points]), 30 * S, ref)


def test_samples_as_scraped_beat_a_grid() -> None:
    """Of two saved answers with the same series the one with the scrapes' own times counts, whatever the files are called."""
    counts = saved(RESTARTS, "z.json", [(11.733, 0), (41.733, 1), (71.733, 1)]), saved(RESTARTS, "a.json", [(30, 0), (60, 1), (90, 1)])
    reasons = saved(REASON, "z.json", [(41.733, 1), (71.733, 1)], reason="OOMKilled"), saved(REASON, "a.json", [(60, 1), (90, 1)], reason="OOMKilled")

    assert [one.at_ns for one in increments(counts)] == [41_733_000_000]
    assert [one.at_ns for one in oom_onsets([*counts, *reasons])] == [41_733_000_000]
