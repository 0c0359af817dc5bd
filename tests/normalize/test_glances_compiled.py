"""What compiled kernels see of how lines begin is what numpy sees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.normalize.beginnings import beginnings
from retroline.normalize.glances import glance, walked
from retroline.normalize.masks import masked
from retroline.normalize.records import CHAINS, STARTS, TRACEBACK, Open, may_throw, records
from retroline.normalize.severity import ERROR, FATAL, FIRST_WORDS, first_words, of_masks

LINES = [
    *(start.replace("0", "12") for start in STARTS),
    *(start[:-1] for start in STARTS),
    *CHAINS,
    *(f"{word} x" for word in FIRST_WORDS),
    *FIRST_WORDS,
    *(f"{word}:" for word in FIRST_WORDS),
    *(TRACEBACK, f"{TRACEBACK}:", TRACEBACK[:-1], "", " ", "\t", "  File x", "}", "]);", "})],", "],x", "x", "goroutine x", "exit status x", "... 9 moreover"),
    *("KeyError: 1", "app.Error", "java.lang.Error", "a.b.CException: x", "ERROR bad", "FATAL worse", "a.b(c)", "main.x()", "panic(1)", "panic: x", "é", "Ca"),
]
lines = st.lists(st.sampled_from(LINES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=9), min_size=1, max_size=40)
opened = st.builds(Open, st.just(True), st.booleans(), st.booleans(), st.booleans(), st.booleans())


def column(texts: list[str]) -> pa.Array:
    """The texts as a slice of more, whose data ends with the last of them."""
    return pa.array(["before", *texts], pa.string())[1:]


@settings(deadline=None)
@given(lines)
@example(["INFO "])
@example(["INF", "O x"])
def test_levels_and_beginnings(texts: list[str]) -> None:
    """The same levels by first words, and the same lines that continue."""
    some = column(texts)
    with compiled.loaded("always"):
        seen = glance(some)
    begun = beginnings(some)

    assert seen is not None
    assert seen.levels.tolist() == first_words(begun).tolist()
    assert (seen.continuing() | ~begun.continuing()).all()


@settings(deadline=None)
@given(lines, opened | st.just(Open()), st.lists(st.integers(1, 9), min_size=1), st.booleans())
@example(["During handling of the above", "", TRACEBACK, "KeyError: 1"], Open(), [1], True)
@example(["ERROR bad", "a.b.CException: x", "a.b.CException: x", "a.b.CException: x"], Open(), [1], True)
@example(["goroutine 1 [running]:", "a.b(c)", "x", "a.b(c)"], Open(), [9], False)
def test_records(texts: list[str], before: Open, sizes: list[int], known: bool) -> None:
    """The same lines continue and name records, whatever stands open before them, batch after batch."""
    there, here, at, turn = before, before, 0, 0
    while at < len(texts):
        some = column(texts[at : at + sizes[turn % len(sizes)]])
        at, turn = at + len(some), turn + 1
        codes, masks = masked(some)
        levels = of_masks(some, codes, masks)
        throwing = np.array([may_throw(mask) for mask in masks], bool)[codes] if known else np.ones(len(some), bool)
        right = records(some, (levels == ERROR) | (levels == FATAL), there, throwing)
        with compiled.loaded("always"):
            seen = glance(some)
            assert seen is not None
            found = walked(some, seen.marks, levels, throwing, here)
        there, here = right.open, found.open

        assert found.continues.tolist() == right.continues.tolist()
        assert found.names.tolist() == right.names.tolist()
        assert here == there


def test_without_kernels_there_is_no_glance() -> None:
    """Numpy goes on alone."""
    with compiled.loaded("never"):
        assert glance(column(["x"])) is None
