"""Stamps read by words are read as one by one: every length and zone, over all years, and whatever else stands there."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize import stamps as module
from retroline.normalize.stamps import NONE_NS, instant_ns, instants

pytestmark = pytest.mark.usefixtures("kernels")

DECIMALS = st.integers(0, 10).map(lambda n: ("." + "0987654321"[:n]) if n else "")
ZONES = st.sampled_from(["Z", "Z", "Z", "z", "+00:00", "-00:01", "+23:59", "-24:00", "+05:60", "+0530", ""])
TIMES = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)).map(lambda t: t.isoformat()[:19])  # noqa: DTZ001 - drawn without a zone, which is given after
NEAR = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)).map(lambda t: t.isoformat()[:19])  # noqa: DTZ001 - drawn without a zone, which is given after
ODD = st.sampled_from(
    ["2026-02-29T00:00:00", "2028-02-29T00:00:00", "2100-02-29T00:00:00", "2026-13-01T00:00:00", "2026-00-10T00:00:00", "2026-04-31T00:00:00"]
)
ODD |= st.sampled_from(
    ["2026-01-00T00:00:00", "2026-01-01T24:00:00", "2026-01-01T23:60:00", "2016-12-31T23:59:60", "2016-12-31T23:59:61", "0000-01-01T00:00:00"]
)
ODD |= st.sampled_from(
    ["1677-09-21T00:12:43", "1677-09-22T00:12:44", "2262-04-11T23:47:16", "2262-04-10T00:00:00", "2262-04-12T00:00:00", "1900-02-29T00:00:00"]
)
STAMP = st.builds("{}{}{}".format, TIMES | NEAR | NEAR | ODD, DECIMALS, ZONES)


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A stamp with one character changed."""
    text = draw(STAMP)
    at = draw(st.integers(0, len(text) - 1))
    return text[:at] + draw(st.sampled_from("0:/.-+ZTz ;9\x00é")) + text[at + 1 :]


def one_by_one(texts: list[str | None]) -> list[int]:
    return [NONE_NS if (at := instant_ns(text)) is None else at for text in texts]


@settings(max_examples=300, deadline=None)
@given(st.lists(STAMP | STAMP | spoiled() | st.none() | st.text(max_size=33), min_size=1, max_size=60), st.integers(1, 3))
def test_a_column_is_its_stamps(texts: list[str | None], times: int) -> None:
    """In any company, repeated, and as part of a longer column."""
    texts = [text for text in texts for _ in range(times)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FEW", 0)
        assert instants(pa.array(texts, pa.string()), "rfc3339").tolist() == one_by_one(texts)
        assert instants(pa.array(["2026-11-21T01:20:00Z", *texts, None], pa.string())[1:-1], "rfc3339").tolist() == one_by_one(texts)


@pytest.mark.parametrize("decimals", range(10))
@pytest.mark.parametrize("zone", ["Z", "+02:00", "-11:30"])
def test_columns_as_kubelets_write_them(decimals: int, zone: str) -> None:
    """Dense and sparse, all of one length: a day in steps that cross minutes, hours and midnight."""
    start = datetime(2027, 12, 31, 12, tzinfo=UTC)
    digits = f".{123_456_789:09}"[: decimals + 1] if decimals else ""
    texts = [f"{start + timedelta(seconds=29 * i):%Y-%m-%dT%H:%M:%S}{digits}{zone}" for i in range(3000)]

    assert instants(pa.array(texts), "rfc3339").tolist() == one_by_one(list(texts))


def test_every_day_of_the_calendar() -> None:
    """Each day from 1900 to 2100, which have no 29 February, is as long as the one before."""
    day = datetime(1900, 1, 1, tzinfo=UTC)
    texts = [f"{day + timedelta(days=i):%Y-%m-%dT00:00:00}Z" for i in range(73_500)]
    found = instants(pa.array(texts), "rfc3339")

    assert instant_ns(texts[0]) == found[0]
    assert set((found[1:] - found[:-1]).tolist()) == {86_400_000_000_000}


def test_any_order_and_any_batch(seed: int = 7) -> None:
    """A stamp's instant depends on nothing else."""
    r = random.Random(seed)  # noqa: S311 - repeatable, no secret
    texts = [
        f"2026-{r.randint(0, 14):02}-{r.randint(0, 33):02}T{r.randint(0, 25):02}:{r.randint(0, 61):02}:{r.randint(0, 62):02}.{r.randint(0, 999)}Z"
        for _ in range(2000)
    ]
    whole = dict(zip(texts, instants(pa.array(texts), "rfc3339").tolist(), strict=True))
    r.shuffle(texts)
    for start in range(0, 2000, 250):
        part = texts[start : start + 250]
        assert instants(pa.array(part), "rfc3339").tolist() == [whole[text] for text in part]
