"""Tests of lines that carry their program's stamp alone."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.window import Window
from retroline.normalize.inner_lines import InnerLines, alike
from retroline.normalize.layout import Layout, Sample
from retroline.normalize.stamp_settings import StampSettings
from retroline.normalize.stamps import NONE_NS

AT = 1_795_168_800_000_000_000
DAY = 86_400 * 10**9
WINDOW = Window(AT - 1_800 * 10**9, AT + 1_800 * 10**9)
PARIS = StampSettings("Europe/Paris")
MILL = Layout(
    "mill",
    "^mill (?P<day>[0-9]+)[.](?P<month>[0-9]+)[.](?P<year>[0-9]+) (?P<hour>[0-9]+)h(?P<minute>[0-9]+)",
    (Sample("mill 20.11.2026 10h00", "2026-11-20T10:00:00Z"),),
    own=True,
)


def times(inner: InnerLines, texts: list[bytes]) -> list[list[int]]:
    """Instants, and how far before and after the true ones may lie, of every line."""
    at, *widths = inner.times(pa.array(texts, pa.binary()))
    return [at.tolist(), *(np.broadcast_to(width, len(at)).tolist() for width in widths)]


def test_instants_and_uncertainty() -> None:
    """Each line has its own instant, as exact as the last digits of those beside it; what follows has the uncertainty of the line before."""
    inner = InnerLines(WINDOW)
    at, before, after = times(inner, [b"W1120 10:00:00.125000       1 main.go:42] slow", b"goroutine 1 [running]:"])

    assert at == [AT + 125_000_000, NONE_NS]
    assert before == [0, 0]
    assert after == [1_000, 1_000]

    at, _, after = times(inner, [b"\tmain.main()", b"Nov 20 10:00:01 node7 app: up"])

    assert at == [NONE_NS, AT + 10**9]
    assert after == [10**9, 10**9]


def test_an_assumed_zone_is_noticed() -> None:
    """Whether some line names no zone is known; a line that does is no such line."""
    inner = InnerLines(WINDOW)
    inner.times(pa.array([b'10.0.0.4 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 17'], pa.binary()))

    assert not inner.assumed

    inner.times(pa.array([b"2026-11-20 10:00:00,125 INFO started"], pa.binary()))

    assert inner.assumed


@pytest.mark.parametrize("zone", ["UTC", "+01:00", "Europe/Paris", "America/Chicago"])
@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        (b"2026-11-20 10:00:00,125 INFO started", True),
        (b"mill 20.11.2026 10h00 turning", True),
        (b"10:00:00.125 INFO  - started", True),
        (b"2026-11-20T10:00:00.125+01:00 INFO started", False),
        (b"2026-11-20 10:00:00.125 CET [4711] LOG:  ready", False),
        (b"2026-11-20 04:00:00.125 CST [4711] LOG:  ready", False),
        (b"1795168800.125    231 10.0.0.4 TCP_MISS/200 4512 GET http://example.com/ - DIRECT/10.0.0.9 text/html", False),
        (b'{"ts":1795168800.125,"msg":"started"}', False),
    ],
)
def test_a_zone_is_assumed_where_none_is_named(text: bytes, assumed: bool, zone: str) -> None:
    """Whatever the configured zone is: letters that it alone explains, and counts since 1970, need no assumption; layouts of somebody's own may."""
    inner = InnerLines(Window(AT - DAY // 4, AT + DAY // 3), StampSettings(zone, (MILL,)))
    inner.times(pa.array([text], pa.binary()))

    assert inner.assumed == assumed


def test_no_lines() -> None:
    """An empty batch is read."""
    assert times(InnerLines(WINDOW), []) == [[], [], []]


def test_lines_of_a_doubled_hour_stand_apart() -> None:
    """What may be one of two instants does not make the lines around it less exact."""
    fold = Window(1_792_882_800_000_000_000, 1_792_897_200_000_000_000)
    inner = InnerLines(fold, PARIS)
    texts = [b"2026-10-25 01:59:59,5 INFO a", b"2026-10-25 02:30:00,125 INFO b", b"2026-10-25 03:00:00,125 INFO c"]
    at, before, after = times(inner, texts)
    batch = pa.RecordBatch.from_arrays([pa.array(at), pa.array(before), pa.array(after)], ["at", "before_ns", "after_ns"])

    assert after == [100_000_000, 3_600_001_000_000, 100_000_000]
    assert list(alike(batch)) == [slice(0, 1), slice(1, 2), slice(2, 3)]


TEXTS = (
    b"",
    b"\tat x",
    b"2026-11-20 10:00:00,125 INFO b",
    b"2026-11-20 10:00:00 INFO b",
    b"W1120 10:00:00.125000       1 main.go:42] slow",
    b"2026-11-20 10:00 x",
    b"2026-11-20 x",
    b"2026-10-25 02:30:00,125 INFO b",
    b"2026-10-25 01:59:59,5 INFO a",
)


@given(st.lists(st.lists(st.sampled_from(TEXTS), max_size=5), max_size=4))
def test_equally_exact_lines_take_a_shorter_way(batches: list[list[bytes]]) -> None:
    """Where all lines are as exact as the least exact of them, that is found out without looking at each, and is the same."""
    short, long = InnerLines(WINDOW, PARIS), InnerLines(WINDOW, PARIS)
    for texts in batches:
        found = times(short, texts)
        with patch.object(InnerLines, "_usual", return_value=None):
            assert found == times(long, texts)
