"""Log lines with instants: carried stamps, the half-open window, bytes of any kind."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.raw import LINES as RAW
from retroline.collectors.raw import Raw
from retroline.collectors.window import Window, rfc3339
from retroline.normalize.lines import LineCount, normal_lines, shown_text
from retroline.normalize.tables import LINES

pytestmark = pytest.mark.usefixtures("kernels")

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 10 * SECOND)


def raw(*lines: tuple[int | None, bytes], **about: str) -> Raw:
    rows = [{"stamp": None if at is None else rfc3339(at), "text": text, "number": i, "truncated": False} for i, (at, text) in enumerate(lines, 1)]
    return Raw("lines", pa.RecordBatch.from_pylist(rows, schema=RAW), about)


def kept(batch: pa.RecordBatch) -> list[tuple[int, str]]:
    return list(zip(batch.column("at").cast(pa.int64()).to_pylist(), batch.column("text").to_pylist(), strict=True))


def test_a_line_has_its_own_instant_and_its_container() -> None:
    """Stamps are exact to the nanosecond; namespace, pod and container stand on every line, blank ones as null."""
    batch, _ = normal_lines(raw((T0 + 123_456_789, b"one"), namespace="shop", pod="web-1", container=""), WINDOW)

    assert kept(batch) == [(T0 + 123_456_789, "one")]
    assert batch.schema == LINES
    assert [batch.column(c).to_pylist() for c in ("namespace", "pod", "container")] == [["shop"], ["web-1"], [None]]
    assert [batch.column(c).to_pylist() for c in ("before_ns", "after_ns", "correction_ns")] == [[0], [1], [0]]


def test_a_line_without_stamp_takes_the_one_before() -> None:
    """Continuation lines belong to the line above, across the edge of a batch as well."""
    batch, count = normal_lines(raw((None, b"  at a"), (T0 + 2, b"error"), (None, b"  at b"), (None, b"  at c")), WINDOW, before_ns=T0 + 1)

    assert kept(batch) == [(T0 + 1, "  at a"), (T0 + 2, "error"), (T0 + 2, "  at b"), (T0 + 2, "  at c")]
    assert count == LineCount(received=4, outside=0, unreadable=0, first_ns=T0 + 1, last_ns=T0 + 2)


def test_a_line_with_no_stamp_before_it_is_unreadable() -> None:
    """At the head of a stream nothing can be carried, and nothing is guessed."""
    batch, count = normal_lines(raw((None, b"lost"), (T0, b"found")), WINDOW)

    assert kept(batch) == [(T0, "found")]
    assert (count.received, count.unreadable, count.first_ns) == (2, 1, T0)


def test_the_window_is_half_open() -> None:
    """The first instant belongs to the window, the last does not."""
    batch, count = normal_lines(raw((T0 - 1, b"a"), (T0, b"b"), (WINDOW.until_ns - 1, b"c"), (WINDOW.until_ns, b"d")), WINDOW)

    assert [text for _, text in kept(batch)] == ["b", "c"]
    assert (count.outside, count.first_ns, count.last_ns) == (2, T0 - 1, WINDOW.until_ns)


def test_a_continuation_of_a_line_outside_is_outside() -> None:
    """What belongs to a line before the window is before the window."""
    batch, count = normal_lines(raw((T0 - 1, b"error"), (None, b"  at a")), WINDOW)

    assert batch.num_rows == 0
    assert count.outside == 2


def test_nothing_in_is_nothing_out() -> None:
    """An empty batch keeps the running stamp for the next one."""
    batch, count = normal_lines(raw(), WINDOW, before_ns=T0)

    assert batch.num_rows == 0
    assert count == LineCount(received=0, outside=0, unreadable=0, first_ns=None, last_ns=T0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"plain \xc3\xa4 \xf0\x9f\x99\x82", "plain ä 🙂"),
        (b"bad \xff\xfe byte", "bad \ufffd\ufffd byte"),
        (b"cut \xf0\x9f\x99", "cut \ufffd"),
        (b"surrogate \xed\xa0\x80", "surrogate \ufffd\ufffd\ufffd"),
        (b"\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        (b"nul\x00 cr\r del\x7f", "nul\ufffd cr\ufffd del\ufffd"),
        ("c1 \u0085 rlo \u202e iso \u2066".encode(), "c1 \ufffd rlo \ufffd iso \ufffd"),
        (b"tab\tstays", "tab\tstays"),
        (b"", ""),
    ],
)
def test_bytes_become_text_that_can_be_shown(text: bytes, shown: str) -> None:
    """Invalid UTF-8 and control characters become the replacement sign; tabs and everything readable stay."""
    batch, _ = normal_lines(raw((T0, text)), WINDOW)

    assert kept(batch) == [(T0, shown)]


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_any_bytes_can_be_shown(texts: list[bytes]) -> None:
    """Whatever a container writes, every line comes out as valid text without control characters."""
    shown = shown_text(pa.array(texts, pa.binary())).to_pylist()

    assert len(shown) == len(texts)
    assert all(c == "\t" or c.isprintable() or ord(c) > 159 for text in shown for c in text)


@given(st.lists(st.tuples(st.none() | st.integers(-3, 13).map(lambda s: T0 + s * SECOND), st.binary(max_size=5)), max_size=12), st.integers(0, 12))
def test_batches_do_not_matter(lines: list[tuple[int | None, bytes]], cut: int) -> None:
    """A stream cut in two anywhere gives the same lines and the same sums."""
    whole, count = normal_lines(raw(*lines), WINDOW)

    first, one = normal_lines(raw(*lines[:cut]), WINDOW)
    second, two = normal_lines(raw(*lines[cut:]), WINDOW, one.last_ns)

    assert kept(first) + kept(second) == kept(whole)
    assert count.received == whole.num_rows + count.outside + count.unreadable
    assert (one.outside + two.outside, one.unreadable + two.unreadable, two.last_ns) == (count.outside, count.unreadable, count.last_ns)


@given(
    st.lists(st.tuples(st.none() | st.integers(-13, 23).map(lambda s: T0 + s * SECOND), st.binary(max_size=5)), max_size=12),
    st.integers(-12, 12),
    st.integers(0, 12),
)
def test_a_corrected_clock_is_as_good_as_a_right_one(lines: list[tuple[int | None, bytes]], seconds: int, cut: int) -> None:
    """Lines stamped by a clock that is ahead, corrected for it, are those of a right clock, but for their bounds; all are accounted for."""
    ahead = seconds * SECOND
    wrong = [(None if at is None else at + ahead, text) for at, text in lines]
    right, count = normal_lines(raw(*lines), WINDOW)

    moved, counted = normal_lines(raw(*wrong), WINDOW, None, (-ahead, 7))
    first, one = normal_lines(raw(*wrong[:cut]), WINDOW, None, (-ahead, 7))
    second, _ = normal_lines(raw(*wrong[cut:]), WINDOW, one.last_ns, (-ahead, 7))

    assert kept(moved) == kept(right) == kept(first) + kept(second)
    assert counted == count
    assert set(zip(*(moved.column(c).to_pylist() for c in ("correction_ns", "before_ns", "after_ns")), strict=True)) <= {(-ahead, 7, 8)}
