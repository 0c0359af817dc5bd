"""Text that can be shown is found by its bytes; it is what a look at every character gives."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.shown import UNSHOWN, shown_text
from retroline.normalize.shown import _shown as slowly

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.encode)
EDGES = "\t\x1f\x7f\x80\x9f\xa0\xff\u2027\u2029\u202a\u202e\u202f\u2065\u2066\u2069\u206a\u20ac\U0001f642\x00\x1b"
ODD = st.text(st.sampled_from(EDGES), min_size=1, max_size=3).map(str.encode) | st.binary(max_size=6)
TEXT = st.lists(PLAIN | PLAIN | ODD, max_size=3).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXT, max_size=20), st.integers(0, 3), st.integers(0, 3))
def test_bytes_tell_what_characters_tell(texts: list[bytes], first: int, last: int) -> None:
    """Few odd rows or many, valid or not, whole columns and parts of them."""
    column = pa.array(texts, pa.binary())[first : len(texts) - last]
    shown = shown_text(column)
    shown.validate(full=True)

    assert shown.type == pa.string()
    assert shown.to_pylist() == slowly(column).to_pylist()


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
    assert "u202a" in ascii(UNSHOWN)
