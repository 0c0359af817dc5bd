"""Columns of plain counts since 1970 are read as the slower way reads each of them."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retroline.collectors.raw import SAMPLES, Raw
from retroline.normalize.epoch_columns import plain_counts
from retroline.normalize.samples import sample_times
from retroline.normalize.stamps import NONE_NS, UNIT_NS, instant_ns

DIGITS = st.text("0123456789", min_size=1, max_size=20)
SECONDS = st.integers(1_000_000_000, 8_999_999_999).map(str)
ALIKE = st.tuples(st.integers(0, 12), st.sampled_from(["", "."]), st.integers(0, 10)).flatmap(
    lambda shape: st.lists(
        st.builds(shape[1].join, st.tuples(*(st.text("0123456789", min_size=n, max_size=n) for n in (shape[0], shape[2])))), min_size=1, max_size=5
    )
)
MILLISECONDS = SECONDS | st.builds("{}.{}".format, SECONDS, st.text("0123456789", max_size=3))
ANY = DIGITS | MILLISECONDS | st.builds("{}.{}".format, DIGITS, DIGITS) | st.text("0123456789.-+eExXn/: ", max_size=12)


@settings(deadline=None)
@given(st.lists(ANY, min_size=1, max_size=6) | ALIKE | st.lists(MILLISECONDS, min_size=1, max_size=20), st.sampled_from(sorted(UNIT_NS)), st.booleans())
@example(["0x10", "5"], "epoch_s", False)
@example(["1.5", "1.6"], "epoch_ms", False)
@example(["1.", "2."], "epoch_s", False)
@example([".1", ".2"], "epoch_s", False)
@example(["99999999999999", "1.5"], "epoch_s", False)
@example(["9223372036", "9223372035"], "epoch_s", False)
def test_columns_are_read_as_each_of_their_texts(texts: list[str], layout: str, sliced: bool) -> None:
    """What is read as a column is what each text alone gives; where that is not sure nothing is read as a column."""
    column = pa.array(["7", *texts], pa.string())[1:] if sliced else pa.array(texts, pa.string())

    found = plain_counts(column, UNIT_NS[layout])

    if found is not None:
        assert [None if at == NONE_NS else at for at in found.tolist()] == [instant_ns(text, layout) for text in texts]


@given(st.lists(MILLISECONDS, min_size=1, max_size=20))
def test_times_of_prometheus_are_read_as_columns(texts: list[str]) -> None:
    """Whole seconds and seconds with up to three decimals, mixed or not, are exact to the millisecond."""
    found = plain_counts(pa.array(texts, pa.string()), UNIT_NS["epoch_s"])

    assert found is not None
    assert found.tolist() == [int(Decimal(text).scaleb(9)) for text in texts]


@pytest.mark.parametrize("texts", [["1795224000", None], ["1795224000.1234", "1"], ["1.5", "1"], ["-5"], ["12e3"], [""], ["999999999999"], ["1", "12"]])
def test_other_times_take_the_slower_way(texts: list[str | None]) -> None:
    """Nulls, exponents, signs and more decimals are none of the fast way's business, and are read all the same."""
    column = pa.array(texts, pa.string())
    labels = pa.DictionaryArray.from_arrays(pa.array([0] * len(texts), pa.int32()), ["{}"])
    batch = pa.RecordBatch.from_arrays([column, column, labels], schema=pa.schema([f.with_nullable(True) for f in SAMPLES]))

    assert plain_counts(column, UNIT_NS["epoch_s"]) is None
    assert sample_times(Raw("samples", batch)).tolist() == [NONE_NS if (at := instant_ns(text, "epoch_s")) is None else at for text in texts]
