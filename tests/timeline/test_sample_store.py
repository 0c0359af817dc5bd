"""Metric points from many replies, joined to series and a table."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.evidence import Evidence
from retroline.collectors.prometheus import columns as cutting
from retroline.collectors.raw import SAMPLES as RAW_SAMPLES
from retroline.collectors.raw import Raw
from retroline.collectors.window import Window
from retroline.normalize.stamps import instant_ns
from retroline.normalize.tables import SAMPLES
from retroline.timeline.evidence import read_evidence
from retroline.timeline.line_store import LineStore
from retroline.timeline.sample_store import SampleStore

S = 1_000_000_000
WINDOW = Window(1_000_000_005 * S, 1_000_000_012 * S)


@dataclass(frozen=True)
class Batch:
    """One batch: `rows` are (stamp, value, labels)."""

    rows: list[tuple[str, str, str]]
    about: dict[str, str]
    ref: str
    part: tuple[str, str]

    @property
    def raw(self) -> Raw:
        stamps, values, labels = zip(*self.rows, strict=True)
        columns = [pa.array(stamps, pa.string()), pa.array(values, pa.string()), pa.array(labels, pa.string()).dictionary_encode()]
        return Raw("samples", pa.RecordBatch.from_arrays(columns, schema=RAW_SAMPLES), self.about)


STAMPS = st.integers(1_000_000_000, 1_000_000_015).map(str) | st.sampled_from(["noon", "1000000003.5", "1000000009.25"])
ROWS = st.lists(
    st.tuples(STAMPS, st.sampled_from(["1", "2.5", "NaN", "+Inf", "many"]), st.sampled_from(["{}", '{"a":"b"}', '{"é":"1"}'])), min_size=1, max_size=12
)
ABOUTS = st.fixed_dictionaries({"name": st.sampled_from(["x", "y", ""]), "step_s": st.sampled_from(["", "5", "15"]), "query": st.sampled_from(["q", "r"])})
BATCHES = st.builds(Batch, ROWS, ABOUTS, st.sampled_from(["1.json", "2.json", "3.json"]), st.sampled_from([("prometheus", "query"), ("files", "query_range")]))


def joined_slowly(batches: list[Batch]) -> tuple[list[Any], list[Any], dict[Any, Any]]:
    """Series, rows of the table and what became of each part, point by point."""
    points = [
        (batch.about["name"], labels, batch.about["step_s"], instant_ns(stamp, "epoch_s"), batch.ref, number, value, batch)
        for number, (batch, (stamp, value, labels)) in enumerate((batch, row) for batch in batches for row in batch.rows)
    ]
    series: dict[Any, list[Any]] = {}
    rows = []
    counts: dict[Any, Counter[str]] = {}
    for name, labels, step, at, ref, _, text, batch in sorted(points, key=lambda p: (*p[:3], p[3] is not None, p[3] or 0, *p[4:6])):
        count = counts.setdefault(batch.part, Counter())
        known = series.setdefault((name, labels, step), [])
        if at is None:
            count["unreadable"] += 1
            continue
        if known and known[-1][0] == at:
            count["folded"] += 1
            continue
        value = float(text) if text != "many" else math.nan
        known.append((at, value, batch.about["query"], ref))
        inside = WINDOW.since_ns <= at < WINDOW.until_ns
        count["kept" if inside else "outside"] += 1
        if inside:
            rows.append((at, name, labels, step, value))
    return [(key, known) for key, known in sorted(series.items()) if known], sorted(rows, key=lambda r: r[:4]), counts


@settings(deadline=None)
@given(st.lists(BATCHES, max_size=6))
def test_points_are_joined_as_one_by_one(batches: list[Batch]) -> None:
    """Whatever slices overlap, every point is counted once, and series and table hold what was first, in order."""
    series, rows, counts = joined_slowly(batches)
    store = SampleStore()
    for batch in batches:
        store.add(batch.raw, {}, batch.ref, batch.part)

    joined = store.join(WINDOW)

    assert [(one.name, dict(one.labels), one.step_ns) for one in joined.series] == [
        (name, json.loads(labels), int(step) * S if step else None) for (name, labels, step), _ in series
    ]
    assert [(one.query, one.ref) for one in joined.series] == [known[0][2:] for _, known in series]
    assert [one.at_ns.tolist() for one in joined.series] == [[point[0] for point in known] for _, known in series]
    assert str([one.values.tolist() for one in joined.series]) == str([[point[1] for point in known] for _, known in series])
    expected = pa.Table.from_arrays(
        [
            pa.array([row[0] for row in rows], pa.int64()).cast(SAMPLES.field("at").type),
            pa.array([row[1] for row in rows], pa.string()).dictionary_encode(),
            pa.array([row[2] for row in rows], pa.string()).dictionary_encode(),
            pa.array([None if math.isnan(row[4]) else row[4] for row in rows], pa.float64()),
        ],
        schema=SAMPLES,
    )
    assert joined.table.equals(expected)
    assert {part: +seen.counts for part, seen in joined.seen.items()} == {part: +count for part, count in counts.items()}


@pytest.mark.parametrize(("step", "step_ns"), [("0.25", S // 4), ("", None), ("5m", None), ("inf", None)])
def test_steps(step: str, step_ns: int | None) -> None:
    """A step is a number of seconds; what only says how it was asked for is none."""
    store = SampleStore()
    store.add(Batch([("1000000000", "1", "{}")], {}, "r", ("p", "f")).raw, {"step": step}, "r", ("p", "f"))

    assert [one.step_ns for one in store.join(WINDOW).series] == [step_ns]


def test_the_stretch_of_a_part() -> None:
    """Where the readable points of a part begin and end, those outside the window included."""
    store = SampleStore()
    store.add(Batch([(str(1_000_000_000 + t), "1", "{}") for t in (3, 1, 20)] + [("noon", "1", "{}")], {}, "r", ("p", "f")).raw, {}, "r", ("p", "f"))

    seen = store.join(WINDOW).seen["p", "f"]

    assert (seen.first_ns, seen.last_ns) == (1_000_000_001 * S, 1_000_000_020 * S)


def test_nothing_is_an_empty_table() -> None:
    """Without samples there are no series, and a table with all columns."""
    joined = SampleStore().join(WINDOW)

    assert (joined.series, joined.table.schema, joined.table.num_rows, joined.seen) == ([], SAMPLES, 0, {})


@pytest.mark.parametrize("broken", [False, True])
def test_a_reply_that_breaks_half_way_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    """Of an answer that turns out to be no JSON after many good points nothing is kept, and the failure is told."""
    monkeypatch.setattr(cutting, "BLOCK", 1000)
    values = [[1_000_000_000 + t, "1"] for t in range(2000)]
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}, separators=(",", ":"))
    evidence = Evidence(tmp_path / "evidence", "run", "prometheus", lambda: "2026-11-21T00:00:00Z")
    evidence.save("q", "query_range", (body.replace("[1000001900,", "[10000.01900.,") if broken else body).encode(), about={"query": "q", "step": "1"})

    read = read_evidence(tmp_path / "evidence", WINDOW, LineStore(tmp_path))

    assert [len(one.at_ns) for one in read.series] == ([] if broken else [2000])
    assert read.samples.num_rows == (0 if broken else 7)
    assert [failure.reason for failure in read.failures] == (["bad_payload"] if broken else [])
