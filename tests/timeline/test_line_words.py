"""What lines say, with their masks and without."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.collectors.errors import ConfigError
from retroline.normalize.beginnings import beginnings
from retroline.normalize.tables import LINES
from retroline.timeline import line_words
from retroline.timeline.line_store import LineStore
from retroline.timeline.line_words import Words, said, unmasked

FIRST_WORDS = ["INFO", "INFO ", "ERROR x", "DEBUG level=error", 'WARN "GET / HTTP/1.1" 500', "NOTICE", "notice: no"]
OTHERS = ["E1121 01:25:33.1 no", "Traceback (most", "{", "", "  at x", "java.lang.Error: no", "a.b1.XException", "KeyError: 'a'", '{"level":"error"}', "<11>no"]
WORDS = [*FIRST_WORDS, *OTHERS, '10.0.0.1 - - "GET / HTTP/1.1" 503 4']
lines = st.lists(st.builds(str.__add__, st.sampled_from(WORDS), st.sampled_from(["", " 7 of 9", " level=warn", "é"])), min_size=1)


@settings(deadline=None)
@given(lines, st.integers(0, 2))
def test_severities_need_no_masks_compiled_or_not(texts: list[str], offset: int) -> None:
    """Lines are as grave, and may be exceptions, whether all of them were masked or only those that must be; what continues a record is not asked."""
    some = pa.array(texts, pa.string()).slice(offset)
    asked = ~beginnings(some).continuing()
    asked[:1] = True

    for how in ("always", "never"):
        with compiled.loaded(how):
            assert unmasked(some).levels[asked].tolist() == said(some).levels[asked].tolist()
            assert unmasked(some).throwing[asked].tolist() == said(some).throwing[asked].tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), lines), max_size=6), st.integers(1, 9), st.sampled_from(["none", "masks"]))
def test_keys_compiled_are_those_of_numpy(batches: list[tuple[str, list[str]]], rows: int, by: str) -> None:
    """Masks, severities and records are the same with compiled kernels and without."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_words, "ROWS_AT_ONCE", rows)
        for how in ("always", "never"):
            with compiled.loaded(how):
                words = Words(by)
                for stream, texts in batches:
                    words.add(stream, pa.array(texts, pa.string()))
                words.end()
            names = list(words.masks)
            found.append([[(names[key >> 4], key & 15) for key in keys.tolist()] for keys in words.keys])

    assert found[0] == found[1]


def written(folder: Path, by: str) -> tuple[LineStore, pa.Table]:
    numbers = {"correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}
    texts = ["INFO user 7 in", "ERROR no", "Traceback (most recent call last):", "  File x", "KeyError: 1", "INFO user 8 in", "INFO disk full"]
    store = LineStore(folder, by)
    store.add(("shop", "web-1", "app"), "a", pa.RecordBatch.from_pylist([{"at": i, "text": t, **numbers} for i, t in enumerate(texts)], schema=LINES))
    store.write(folder / "lines.parquet")
    return store, pq.read_table(folder / "lines.parquet")


def test_without_templates(tmp_path: Path) -> None:
    """Lines have no template, everything else is the same, and nothing is counted."""
    (masks, by_masks), (none, by_none) = written(tmp_path, "masks"), written(tmp_path, "none")

    assert by_none.drop(["template_id"]).equals(by_masks.drop(["template_id"]))
    assert by_none["severity"].to_pylist() == ["info", *["error"] * 4, "info", "info"]
    assert by_none["template_id"].null_count == len(by_none)
    assert masks.templates and not none.templates


def test_templates_by_drain3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """drain3 groups the masks; without it a sentence says so before anything is read."""
    store, table = written(tmp_path, "drain3")

    assert table["template_id"][0] == table["template_id"][5] != table["template_id"][6]
    assert "INFO user * in" in {one.template for one in store.templates}
    monkeypatch.setitem(sys.modules, "drain3", None)
    with pytest.raises(ConfigError, match="pip install drain3"):
        LineStore(tmp_path, "drain3")
