"""Column chunks made here are what every reader of Parquet expects, whether kernels were compiled for them or not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.timeline import line_groups, line_texts
from retroline.timeline.column_chunks import BYTE_ARRAY, INT32, INT64, Column, coded_chunk
from retroline.timeline.line_groups import COMMON, Rows, row_group
from retroline.timeline.line_store import KERNELS
from retroline.timeline.line_texts import Copied, joined, placed
from retroline.timeline.row_groups import MAGIC, RowGroups, grouped

HOW = ("always", "never")
TYPES = {BYTE_ARRAY: pa.string(), INT32: pa.int32(), INT64: pa.int64()}
VALUES = {
    BYTE_ARRAY: st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    INT32: st.none() | st.integers(-(1 << 31), (1 << 31) - 1),
    INT64: st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
}
columns = st.sampled_from(list(VALUES)).flatmap(
    lambda kind: st.lists(VALUES[kind], min_size=1, max_size=70).flatmap(
        lambda values: st.tuples(st.just(kind), st.just(values), st.lists(st.integers(0, len(values) - 1), min_size=1, max_size=90))
    )
)


def coded(kind: int, values: Sequence[str | int | None], codes: list[int]) -> bytes:
    """A file of one column."""
    schema = pa.schema([pa.field("one", TYPES[kind])])
    chunk = coded_chunk(Column("one", kind, optional=True), np.array(codes, np.int32), values)
    return file_of(schema, [grouped([chunk], len(codes))])


def file_of(schema: pa.Schema, groups: list) -> bytes:
    out = io.BytesIO()
    out.close = lambda: None  # what was written is looked at after the end

    class Place:
        def open(self, _mode: str) -> io.BytesIO:
            return out

    file = RowGroups(Place(), schema, {"compression": "zstd", "store_schema": False})
    for group in groups:
        file.add(group)
    file.close({})
    return out.getvalue()


@settings(deadline=None)
@given(columns)
@example((BYTE_ARRAY, [None, "a"], [0] * 9))
@example((INT64, [None, *range(64)], [*range(65), 64, 3, 0]))
def test_coded_values_come_back_compiled_or_not(column: tuple[int, list[str | int | None], list[int]]) -> None:
    """Values, nulls and bounds, the same bytes with compiled kernels and without."""
    kind, values, codes = column
    files = []
    for how in HOW:
        with compiled.loaded(how):
            files.append(coded(kind, values, codes))
    right = [values[code] for code in codes]
    known = [value for value in right if value is not None]
    order = str.encode if kind == BYTE_ARRAY else None

    file = pq.ParquetFile(io.BytesIO(files[0]))
    told = file.metadata.row_group(0).column(0).statistics
    assert files[0] == files[1]
    assert file.read()["one"].to_pylist() == polars.read_parquet(io.BytesIO(files[0]))["one"].to_list() == right
    assert told.null_count == len(right) - len(known)
    assert (told.min, told.max) == ((min(known, key=order), max(known, key=order)) if known else (None, None))


lines = st.lists(st.tuples(st.integers(0, 9), st.text(st.characters(exclude_categories=["Cs"]), max_size=9), st.none() | st.integers(0, 9)), min_size=1)


def rows_of(some: list[tuple[int, str, int | None]], how: str) -> Rows:
    """Lines whose texts are the second half of an array, as those of an open batch are."""
    texts = pa.array(["before", *(text for _, text, _ in some)], pa.string())[1:]
    at = np.array([at for at, _, _ in some], np.int64)
    app_at = pa.array([app for _, _, app in some], pa.timestamp("ns", "UTC"))
    codes = (at % 3).astype(np.int32)
    known = [("shop", "web", None, 0, 1, 2), (None, "db", None, -1, 1, 2), ("", "db", "x", 0, 1, 2)]
    kept = placed(KERNELS.module(), [texts]) if how == "always" else Copied(texts)
    return Rows(at, kept, app_at, pa.array((at % 2).astype(bool)), (at % 6).astype(np.int32), codes, [7, 9, 7], codes, known)


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=3), st.sampled_from([1, 40, 1 << 20]), st.booleans())
def test_lines_come_back_compiled_or_not(parts: list[list[tuple[int, str, int | None]]], page: int, known: bool) -> None:
    """Row groups of lines hold what was given, the same bytes with compiled kernels and without."""
    files = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_groups, "PAGE_BYTES", page)
        for how in HOW:
            with compiled.loaded(how):
                groups = [rows_of(part, how) for part in parts]
                every = line_groups.together(groups) if known else line_groups.replace(line_groups.together(groups), template=None)
                files.append(file_of(line_groups.LINES, [row_group(every), row_group(every.some(slice(1)))]))
    rows = rows_of([line for part in parts for line in part], "never")
    right = [
        {
            "at": line[0],
            "severity": line_groups.LEVELS[line[0] % 6],
            **dict(zip(COMMON, rows.known[line[0] % 3], strict=True)),
            "template_id": rows.ids[line[0] % 3] if known else None,
            "text": line[1],
            "app_at": line[2],
            "truncated": bool(line[0] % 2),
        }
        for line in [*(line for part in parts for line in part), parts[0][0]]
    ]
    found = pq.read_table(io.BytesIO(files[0]))
    for name in ("at", "app_at"):
        found = found.set_column(found.schema.get_field_index(name), name, found[name].cast(pa.int64()))

    assert files[0] == files[1]
    assert files[0].startswith(MAGIC)
    assert found.select(sorted(right[0])).to_pylist() == [dict(sorted(row.items())) for row in right]


def test_other_readers(tmp_path: Path) -> None:
    """The same rows as pyarrow."""
    path = tmp_path / "lines.parquet"
    path.write_bytes(file_of(line_groups.LINES, [row_group(rows_of([(i, f"line {i}", None), (i + 1, "", 3)], "never")) for i in range(20)]))
    right = [(row["text"], row["severity"], row["namespace"], row["template_id"], row["truncated"]) for row in pq.read_table(path).to_pylist()]
    with duckdb.connect() as base:
        found = base.read_parquet(str(path)).select("text, severity, namespace, template_id, truncated").fetchall()

    assert found == polars.read_parquet(path).select("text", "severity", "namespace", "template_id", "truncated").rows() == right


def test_texts_of_several_arrays_compiled_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, those of some rows alone, copied or not."""
    arrays = [pa.array(["a", "", "bc"]), pa.array(["ä" * 9])[:0], pa.array(["x", "yz", "…"])[1:]]
    with compiled.loaded("always"):
        ways = [placed(KERNELS.module(), arrays), joined([Copied(one) for one in arrays]), joined([placed(KERNELS.module(), [one]) for one in arrays])]
        for texts in ways:
            assert texts.array().to_pylist() == ["a", "", "bc", "yz", "…"]
            assert texts.some(np.array([4, 0])).array().to_pylist() == ["…", "a"]
            assert texts.some(np.array([False, False, True, False, True])).some(slice(1, 2)).array().to_pylist() == ["…"]
            assert texts.plain().to_pybytes() == ways[0].plain().to_pybytes()
            assert texts.sizes.tolist() == [1, 0, 2, 2, 3]
            monkeypatch.setattr(line_texts, "MOST_BYTES", 3)
            assert texts.array().to_pylist() == ["a", "", "bc", "yz", "…"]
