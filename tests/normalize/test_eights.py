"""Tests of text in words of eight bytes: what they say is what the bytes say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from retroline.normalize.words import alike, collapsed, gathered, number, places_of, up_to


@given(st.binary(min_size=1, max_size=90), st.lists(st.integers(0, 200), min_size=1, max_size=12), st.integers(1, 5))
def test_gathered(data: bytes, at: list[int], words: int) -> None:
    """Words begin where they are asked for, in any order, and are zero beyond the end."""
    found = gathered(np.frombuffer(data, np.uint8), np.array(at), words)
    texts = [b"".join(int(word[i]).to_bytes(8, "little") for word in found) for i in range(len(at))]

    assert texts == [data[i : i + 8 * words].ljust(8 * words, b"\0") for i in at]


@given(st.lists(st.binary(min_size=24, max_size=24), min_size=1, max_size=5), st.sampled_from(b"[]a\0\xff"))
def test_up_to(texts: list[bytes], byte: int) -> None:
    """The first such byte is found, and what stands before it is left, with nothing but such bytes after."""
    size, left = up_to(gathered(np.frombuffer(b"".join(texts), np.uint8), np.arange(len(texts)) * 24, 3), byte)
    wanted = [text.find(byte) if byte in text else 24 for text in texts]

    assert size.tolist() == wanted
    assert [b"".join(int(word[i]).to_bytes(8, "little") for word in left) for i in range(len(texts))] == [
        text[:place].ljust(24, bytes([byte])) for text, place in zip(texts, wanted, strict=True)
    ]


@given(st.binary(min_size=8, max_size=8))
def test_collapsed_and_digits(text: bytes) -> None:
    """Digits and letters lose which they are."""
    word = gathered(np.frombuffer(text, np.uint8), np.array([0]), 1)[0]
    plain = bytes(48 if 48 <= b <= 57 else 97 if 97 <= b <= 122 else 65 if 65 <= b <= 90 else b for b in text)

    assert int(collapsed(word)[0]).to_bytes(8, "little") == plain


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_alike(text: bytes, other: bytes) -> None:
    """Words are alike that differ in their digits alone."""
    same = bytes(48 + (7 * i + b) % 10 if 48 <= b <= 57 else b for i, b in enumerate(text))
    first, second, third = (int(alike(gathered(np.frombuffer(one, np.uint8), np.array([0]), 1)[0])[0]) for one in (text, same, other))
    plain = [bytes(48 if 48 <= b <= 57 else b for b in one) for one in (text, other)]

    assert first == second
    assert (first == third) == (plain[0] == plain[1])


@given(st.text("0123456789", min_size=1, max_size=18), st.integers(0, 9))
def test_number(digits: str, first: int) -> None:
    """Up to eighteen digits, wherever they begin, are their number."""
    text = ("x" * first + digits).ljust(40, "y").encode()

    assert number(gathered(np.frombuffer(text, np.uint8), np.array([0]), 4), first, first + len(digits)).tolist() == [int(digits)]


@given(st.binary(max_size=300), st.integers(0, 255))
def test_places_of(data: bytes, byte: int) -> None:
    """Every place of a byte is found, however near to the next."""
    assert sorted(places_of(np.frombuffer(data, np.uint8), byte).tolist()) == [i for i, one in enumerate(data) if one == byte]
