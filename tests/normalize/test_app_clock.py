"""Tests of the clock that a program writes into its lines, beside the runtime's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from retroline.normalize.app_clock import app_times
from retroline.normalize.stamp_streams import StampStream
from retroline.normalize.stamps import NONE_NS
from retroline.normalize.tables import INSTANT

RUNTIME = 1_795_168_800_000_000_000


def test_app_times() -> None:
    """A line's own stamp is its instant, completed by the runtime's; a line without one has null."""
    texts = pa.array([b"I1120 10:00:00.125000       1 main.go:42] started", b"\tat org.example.Main", b"2026-11-20 10:00:01,250 INFO x"], pa.binary())

    found = app_times(texts, np.array([RUNTIME + 130_000_000, RUNTIME, NONE_NS]))

    assert found.type == INSTANT
    assert found.cast(pa.int64()).to_pylist() == [RUNTIME + 125_000_000, None, RUNTIME + 1_250_000_000]


def test_app_times_of_batches() -> None:
    """A stream read in batches gives what it gives at once, strings like bytes."""
    texts = [f"2026-11-20 10:00:{i % 60:02d},{i % 1000:03d} INFO worker {i}" for i in range(300)] + ["  File x"]
    runtime = RUNTIME + np.arange(len(texts)) * 1_000_000
    stream = StampStream()

    parts = [app_times(pa.array(texts[i : i + 100]), runtime[i : i + 100], stream) for i in range(0, len(texts), 100)]

    assert pa.concat_arrays(parts).equals(app_times(pa.array([t.encode() for t in texts], pa.binary()), runtime))
    assert parts[-1].null_count == 1
