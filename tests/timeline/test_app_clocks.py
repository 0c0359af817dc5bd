"""The clocks inside log lines, from the table of lines: zones, constant skew, lines that are held back."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from retroline.collectors.window import rfc3339
from retroline.normalize.tables import LINES
from retroline.timeline.app_clocks import app_offsets
from retroline.timeline.clocks import Offset
from retroline.timeline.line_store import LineStore

SECOND = 1_000_000_000
T0 = 1_795_262_400 * SECOND
POD = ("shop", "web-7c9d8f6b5-x2k4q", "app")


def offsets(folder: Path, lines: list[tuple[int, str]], correction_ns: int = 0) -> list[Offset]:
    """Of one container's lines, at nanoseconds after T0."""
    numbers = {"correction_ns": correction_ns, "before_ns": 0, "after_ns": 1, "truncated": False}
    store = LineStore(folder)
    store.add(POD, "a", pa.RecordBatch.from_pylist([{"at": T0 + at + correction_ns, "text": text, **numbers} for at, text in lines], schema=LINES))
    store.write(folder / "lines.parquet")
    return app_offsets(folder / "lines.parquet")


def said(at: int, ahead: int, late: int = 1_000_000) -> tuple[int, str]:
    """A line that a clock `ahead` stamps in milliseconds, and the runtime `late` after that was so."""
    return at + late, f"{rfc3339(T0 + at + ahead, 3)} INFO served {at}"


@pytest.mark.parametrize("ahead_s", [0, 7, -3])
@pytest.mark.parametrize("correction_ns", [0, 5 * SECOND + 17])
def test_a_constant_skew_is_an_interval(tmp_path: Path, ahead_s: int, correction_ns: int) -> None:
    """The quickest line bounds the clock, whatever was added to all stamps since; one that is behind might be slow to write."""
    (one,) = offsets(tmp_path, [said(i * SECOND + i * 7_000_000, ahead_s * SECOND) for i in range(30)], correction_ns)

    assert (one.clock, one.against, one.proven) == ("web/app", "its node", ahead_s > 0)
    assert one.low_ns is not None and one.high_ns is not None
    assert one.low_ns <= ahead_s * SECOND <= one.high_ns <= one.low_ns + 60_000_000
    assert len(one.why) == 1


def test_a_zone_is_no_skew(tmp_path: Path) -> None:
    """Whole quarters of an hour are a zone that the stamps do not name."""
    (one,) = offsets(tmp_path, [(i * SECOND, f"{rfc3339(T0 + i * SECOND + 7200 * SECOND, 3)[:-1]} INFO {i}") for i in range(30)])

    assert one.zone_ns == 7200 * SECOND


def test_lines_that_are_held_back_are_told(tmp_path: Path) -> None:
    """Where most lines come much later than the quickest, that is said, and the clock is not off."""
    (one,) = offsets(tmp_path, [said(i * SECOND + i * 7_000_000, 0, late=1_000_000 + (29 - i % 30) * SECOND // 2) for i in range(300)])

    assert not one.proven
    assert one.why[1] == "half of them came 7 s or more later than the quickest: they are held back"


@pytest.mark.parametrize("texts", [["no stamp"] * 30, [f"{rfc3339(T0, 3)} INFO", "no stamp"]])
def test_few_stamps_tell_nothing(tmp_path: Path, texts: list[str]) -> None:
    """Without stamps inside the lines, or with hardly any, there is no offset."""
    assert offsets(tmp_path, [(i * SECOND, text) for i, text in enumerate(texts)]) == []
