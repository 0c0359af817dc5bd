"""Facts and samples with instants: every layout, what cannot be read, values as Prometheus writes them, the window's edges."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.raw import SAMPLES, Raw, facts
from retroline.collectors.window import Window
from retroline.normalize.facts import normal_facts, unread
from retroline.normalize.samples import normal_samples, values
from retroline.normalize.stamps import NONE_NS
from retroline.normalize.window import inside, place

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND


def fact(stamp: str | None, layout: str = "rfc3339", **more: object) -> dict[str, object]:
    return {"kind": "note", "stamp": stamp, "layout": layout, "ref": "a#1", **more}


def test_facts_of_every_layout_have_their_instants() -> None:
    """One table may mix layouts; each stamp is read with its own, rows keep their order."""
    given_rows = [
        fact("2026-11-21T01:20:00.5Z", until_stamp="2026-11-21T01:20:01Z"),
        fact("1795224000.25", "epoch_s"),
        fact("1795224000125", "epoch_ms"),
        fact("1795224000000001", "epoch_us"),
        fact(str(T0 + 7), "epoch_ns", until_stamp=str(T0 + 9)),
        fact(None),
    ]

    table = normal_facts(facts(given_rows, "test"))

    assert table["at_ns"].to_pylist() == [T0 + 500_000_000, T0 + 250_000_000, T0 + 125_000_000, T0 + 1000, T0 + 7, None]
    assert table["until_ns"].to_pylist() == [T0 + SECOND, None, None, None, T0 + 9, None]


def test_a_stamp_that_cannot_be_read_is_told_from_none() -> None:
    """A fact with a broken stamp is unread; one without a stamp, or with Go's zero time, is not."""
    rows = [fact("2026-11-21T01:20:00Z"), fact("noon"), fact(None), fact("0001-01-01T00:00:00Z"), fact("2026-11-21T01:20:00")]

    assert unread(normal_facts(facts(rows, "test"))) == [False, True, False, False, True]


def test_no_facts_are_an_empty_table() -> None:
    """Nothing in is nothing out, with all columns; tables of lines and samples are passed by."""
    other = Raw("samples", pa.RecordBatch.from_pylist([], schema=SAMPLES))

    table = normal_facts([other])

    assert (table.num_rows, {"at_ns", "until_ns", "kind"} <= set(table.column_names)) == (0, True)


def test_samples_have_exact_times() -> None:
    """Times are exact to the millisecond that Prometheus gives, whatever a float would make of them."""
    rows = [{"stamp": s, "value": v, "labels": "{}"} for s, v in (("1795224000.001", "1"), ("1795224000", "2"), ("x", "3"))]

    at, numbers, _ = normal_samples(Raw("samples", pa.RecordBatch.from_pylist(rows, schema=SAMPLES), {"layout": "epoch_s"}))

    assert at.tolist() == [T0 + 1_000_000, T0, NONE_NS]
    assert numbers.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0.0),
        ("1.5e-07", 1.5e-07),
        ("+Inf", math.inf),
        ("-Inf", -math.inf),
        ("Inf", math.inf),
        ("+1", 1.0),
        ("NaN", math.nan),
        (None, math.nan),
        ("", math.nan),
        ("many", math.nan),
        ("++Inf", math.nan),
        ("+-1", math.nan),
        ("1_000", math.nan),
        ("\u0661", math.nan),
    ],
)
def test_values(text: str | None, number: float) -> None:
    """Every way Prometheus writes a number is read, what is none is NaN, alone and among others."""
    for texts in ([text], ["1", text, None]):
        found = values(pa.array(texts, pa.string()))

        assert np.array_equal(found[[0 if len(texts) == 1 else 1]], [number], equal_nan=True)


@given(st.lists(st.none() | st.floats().map(str) | st.text(max_size=5), max_size=6))
def test_any_text_is_a_number_or_nan(texts: list[str | None]) -> None:
    """A column of anything gives as many numbers."""
    assert len(values(pa.array(texts, pa.string()))) == len(texts)


WINDOW = Window(T0, T0 + 10)


@pytest.mark.parametrize(
    ("at", "until", "expected"),
    [
        (-1, None, "before"),
        (0, None, "inside"),
        (9, None, "inside"),
        (10, None, "after"),
        (-5, -1, "before"),
        (-5, 0, "holds"),
        (-5, 99, "holds"),
        (5, 99, "inside"),
        (10, 11, "after"),
    ],
)
def test_places(at: int, until: int | None, expected: str) -> None:
    """The window has its first instant and not its last; an interval that reaches into it holds when it opens."""
    assert place(T0 + at, None if until is None else T0 + until, WINDOW) == expected


def test_inside_agrees_with_place() -> None:
    """The vectorised test of instants is the same rule."""
    at = np.arange(T0 - 3, T0 + 14)

    assert inside(at, WINDOW).tolist() == [place(int(a), None, WINDOW) == "inside" for a in at]
