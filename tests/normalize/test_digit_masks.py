"""Masks made with bits are the masks that the patterns make."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.normalize import digit_masks
from retroline.normalize.digit_masks import JSON, PLAIN, Kind, digits_masked

SIGNS = 'a1é=:."([{<)]}, \t\n\x0b\r-0*'
few = st.text(st.sampled_from(SIGNS), max_size=14)
long = st.lists(st.sampled_from([sign * count for sign in SIGNS for count in (1, 63, 64)]), max_size=7).map("".join)
lines = st.lists(few | long, max_size=30)


def by_pattern(texts: pa.Array, how: Kind) -> tuple[list[int], list[str]]:
    coded = pc.replace_substring_regex(texts, how.pattern, how.into).dictionary_encode()
    return coded.indices.to_pylist(), coded.dictionary.to_pylist()


@settings(deadline=None)
@given(lines, st.integers(0, 3), st.integers(0, 9), st.sampled_from([PLAIN, JSON]), st.sampled_from([7, 40, digit_masks.BLOCK_BYTES]))
def test_masks_are_those_of_the_pattern_compiled_or_not(texts: list[str], offset: int, after: int, how: Kind, block: int) -> None:
    """For any text, in blocks of any size, also for a part of an array; with compiled kernels and without."""
    some = pa.array([*texts, *["after 1"] * after], pa.string()).slice(offset, max(len(texts) - offset, 0))

    for kernels in ("never", "always"):
        with pytest.MonkeyPatch.context() as patch, compiled.loaded(kernels):
            patch.setattr(digit_masks, "BLOCK_BYTES", block)
            patch.setattr(digit_masks, "FEW", 0)
            codes, masks = digits_masked(some, how)

        assert (codes.tolist(), masks) == by_pattern(some, how)


def test_many_masks_compiled() -> None:
    """Masks that share a place in the table are told apart."""
    texts = pa.array([f"{'x' * (i % 97)} {chr(97 + i % 26)}{chr(97 + i // 26 % 26)} {i}" for i in range(3000)])
    with compiled.loaded("always"):
        codes, masks = digits_masked(texts, PLAIN)

    assert (codes.tolist(), masks) == by_pattern(texts, PLAIN)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("a" * 150 + "1", "*"),
        ("1" + "a" * 150 + ")", "*)"),
        ("a" * 63 + "9" + "a" * 64 + " " + "b" * 200, "* " + "b" * 200),
        ("took 17ms id=4f2e", "took * id=*"),
        ("f(x1)y2", "f(*"),
        ("x1:y)z3", "**"),
        ("a1)b", "*)b"),
        ("10.1.2.3:80] closed", "*] closed"),
        ("", ""),
    ],
)
def test_what_a_match_takes_compiled_or_not(text: str, mask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token from its value's beginning to its end; two that touch are two."""
    monkeypatch.setattr(digit_masks, "FEW", 0)
    for kernels in ("never", "always"):
        with compiled.loaded(kernels):
            assert digits_masked(pa.array([text]), PLAIN) == ([0], [mask])
