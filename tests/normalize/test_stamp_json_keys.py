"""Tests of keys found in many lines of JSON at once: none is missed, however it is spelled, and texts that are no such keys are passed over."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.keyed import KEYS, PLAIN, members
from retroline.normalize.stamp_json_keys import with_key
from retroline.normalize.stamp_reading import head
from retroline.normalize.stamp_streams import lines_of

pytestmark = pytest.mark.usefixtures("kernels")
SPELLED = (
    "time",
    "Time",
    "TIME",
    "_time",
    "t_i-m.e",
    "@timestamp",
    "@T",
    "Time Stamp",
    "- @t.",
    "\\u0074ime",
    "ti\\u006de",
    "ti\x1b[0mme",
    "\x1b[31mtime",
    "_" * 70 + "time",
)
OTHERS = ("ts", "timeout", "", "t", "msg", "TS", "x\\ntime", "\\ttime", "(time)", "@", "GET /", "'time'")
TEXTS = st.one_of(st.sampled_from(SPELLED + OTHERS), st.text("tTiIme@_. -\\u\"'x", max_size=9))
GAPS = st.sampled_from(["", "", " ", "\t", "\n", "\x1b[0m"])


def held(line: bytes, names: tuple[str, ...]) -> bool:
    """Whether the reading of the line alone finds one of the keys."""
    return any(key.lower().translate(PLAIN) in names for key, _ in members(head(line).decode("utf-8", "replace")))


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.lists(st.tuples(TEXTS, GAPS, TEXTS), max_size=4), min_size=1, max_size=8), st.sampled_from([1, 2, 4, 9, len(KEYS)]))
def test_no_key_is_missed(rows: list[list[tuple[str, str, str]]], rank: int) -> None:
    """Every line that has one of the keys is found, with escapes, colours and gaps in it too."""
    names = KEYS[:rank]
    lines = [("{" + ",".join(f'{gap}"{key}"{gap}:{gap}"{value}"' for key, gap, value in row) + "}").encode() for row in rows]
    found = with_key(lines_of(pa.array(lines, pa.binary())), names)

    assert not [line for line, one in zip(lines, found, strict=True) if held(line, names) and not one]


def test_other_texts_are_passed_over() -> None:
    """Values and keys that only look like one of the keys are none."""
    lines = [f'{{"ts":"{text}","{text}":"{other}"}}'.encode() for text in OTHERS for other in (*OTHERS, "time", "@t", "Time") if "\\" not in text + other]
    found = with_key(lines_of(pa.array(lines, pa.binary())), KEYS[:4])

    assert not np.flatnonzero(found).tolist()


def test_long_buffers() -> None:
    """A key is found wherever it stands in a buffer of many pieces."""
    lines = [b'{"ts":1,"msg":"' + b"x" * (i % 97) + (b'","time":2}' if i % 1000 == 7 else b'"}') for i in range(30_000)]

    assert np.flatnonzero(with_key(lines_of(pa.array(lines, pa.binary())), KEYS[:4])).tolist() == list(range(7, 30_000, 1000))
