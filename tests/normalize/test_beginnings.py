"""How lines begin, as numbers."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.beginnings import beginnings

words = st.text(st.sampled_from("abé "), max_size=12)


@settings(deadline=None)
@given(st.lists(words, max_size=12), st.integers(0, 3), words)
def test_heads_are_the_first_bytes(texts: list[str], offset: int, start: str) -> None:
    """Of any part of an array, up to its last byte, whatever stands behind a line."""
    lines = texts[offset:]
    begun = start.encode()[:8]

    found = beginnings(pa.array(texts, pa.string()).slice(offset))

    assert found.begin(begun).tolist() == [line.encode().startswith(begun) for line in lines]
    assert found.size.tolist() == [len(line.encode()) for line in lines]
