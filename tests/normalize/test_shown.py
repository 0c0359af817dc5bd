"""Text that can be shown is found by its bytes; it is what a look at every character gives."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.shown import shown_text

pytestmark = pytest.mark.usefixtures("kernels")

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.encode)
EDGES = "\t\x1f\x7f\x80\x9f\xa0\xff\u2027\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a\u20ac\U0001f642\x00\x1b"
ODD = st.just(b"\n") | st.text(st.sampled_from(EDGES), min_size=1, max_size=3).map(str.encode) | st.binary(max_size=6)
TEXT = st.lists(PLAIN | PLAIN | ODD, max_size=3).map(b"".join)


def slowly(text: bytes) -> str:
    """One text, character by character."""
    unshown = {*range(32), 127, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)} - {9}
    return "".join("\ufffd" if ord(c) in unshown else c for c in text.decode("utf-8", "replace"))


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXT, max_size=20), st.integers(0, 3), st.integers(0, 3))
def test_bytes_tell_what_characters_tell(texts: list[bytes], first: int, last: int) -> None:
    """Few odd rows or many, valid or not, whole columns and parts of them."""
    column = pa.array(texts, pa.binary())[first : len(texts) - last]
    shown = shown_text(column)
    shown.validate(full=True)

    assert shown.type == pa.string()
    assert shown.to_pylist() == [slowly(text) for text in column.to_pylist()]


def test_a_null_stays_one() -> None:
    """Between texts that are changed and texts that are not."""
    assert shown_text(pa.array([b"a", None, b"\x1b", None], pa.binary())).to_pylist() == ["a", None, "\ufffd", None]


@settings(deadline=None)
@given(st.lists(st.text(st.sampled_from("éα€\u2026 ab"), min_size=1, max_size=8), min_size=1, max_size=20))
def test_other_scripts_are_not_changed(texts: list[str]) -> None:
    """Valid text without control characters comes out as it is."""
    assert shown_text(pa.array([text.encode() for text in texts], pa.binary())).to_pylist() == texts


def test_the_class_of_what_is_not_shown() -> None:
    """C0 but tab, DEL, C1 and the bidirectional controls, and nothing beside them."""
    expected = [c for c in [*range(32), 127, *range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)] if c != 9]
    found = [c for c in range(0x3000) if shown_text(pa.array([chr(c).encode()], pa.binary()))[0].as_py() == "\ufffd"]

    assert found == expected
