"""Words of eight bytes say what a look at each byte says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import words as module
from retroline.collectors.words import all_fit, digits, fits, newlines, number, runs, word, words

EIGHT = st.binary(min_size=8, max_size=8) | st.text("0123456789:;/.-Z\n\x0b", min_size=8, max_size=8).map(str.encode)
SHAPES = ["00000000", "????????", ":00.????", "00T00:00", "0000-00-", "????0???"]


def column(texts: list[bytes]) -> module.Words:
    return np.array([word(text) for text in texts], np.uint64)


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\n", b"\n\n", b"\x0b", b"\n\x0b\x0b", b"a", b"abc" * 7, b"\xff\x8a", b"x" * 30]), max_size=60).map(b"".join))
def test_newlines_are_where_line_feeds_are(text: bytes) -> None:
    """Next to each other, beside bytes that differ by one, at any place of a word and in a last word that is not whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", 64)
        assert newlines(np.frombuffer(text, np.uint8)).tolist() == [i for i, byte in enumerate(text) if byte == 10]


@settings(deadline=None)
@given(st.lists(EIGHT, max_size=8), st.sampled_from(SHAPES))
def test_a_shape_fits_what_it_says(texts: list[bytes], shape: str) -> None:
    """`0` is any digit, `?` any byte, all others are themselves."""
    expected = [all(c == "?" or (c == "0" and 48 <= b <= 57) or (c not in "0?" and b == ord(c)) for b, c in zip(text, shape, strict=True)) for text in texts]

    assert fits(column(texts), shape).tolist() == expected
    assert all_fit(column(texts), shape) == all(expected)


@settings(deadline=None)
@given(st.lists(EIGHT, max_size=8))
def test_digits_are_counted_from_the_first_byte(texts: list[bytes]) -> None:
    """Up to the first byte that is none."""
    assert digits(column(texts)).tolist() == [next((i for i, b in enumerate(t) if not 48 <= b <= 57), 8) for t in texts]


@settings(deadline=None)
@given(st.lists(st.integers(0, 99_999_999), max_size=8))
def test_eight_digits_are_a_number(values: list[int]) -> None:
    """Zeros in front included."""
    assert number(column([b"%08d" % value for value in values])).tolist() == values


def test_words_begin_anywhere() -> None:
    """At odd places and overlapping; runs begin where a row differs from the one before."""
    data = np.frombuffer(b"0123456789abcdefghijklmn", np.uint8)
    found = words(data, np.array([0, 1, 8]), 2)

    assert found.tolist() == [[word(bytes(data[i : i + 8])), word(bytes(data[i + 8 : i + 16]))] for i in (0, 1, 8)]
    assert runs(column([b"a", b"a", b"b", b"b", b"a"]), column([b"x", b"x", b"x", b"y", b"y"])).tolist() == [0, 2, 3, 4]
