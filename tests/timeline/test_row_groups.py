"""Row groups made apart from each other are one Parquet file, for every reader."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.timeline.row_groups import RowGroups, made
from retroline.timeline.thrift_compact import DOUBLE, I64, TRUE, Struct, read_struct, struct_bytes

SCHEMA = pa.schema([pa.field("at", pa.int64(), nullable=False), pa.field("pod", pa.dictionary(pa.int32(), pa.string())), pa.field("text", pa.string())])
OPTIONS = {"compression": "zstd", "use_dictionary": ["pod"], "store_schema": False, "write_page_index": True}
tables = st.lists(st.lists(st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), st.none() | st.sampled_from("abc"), st.none() | st.text(max_size=3)), max_size=5))


def table(rows: list[tuple[int, str | None, str | None]]) -> pa.Table:
    at, pod, text = ([row[i] for row in rows] for i in range(3))
    return pa.Table.from_arrays([pa.array(at, pa.int64()), pa.array(pod, pa.string()).dictionary_encode(), pa.array(text, pa.string())], schema=SCHEMA)


def written(path: Path, parts: list[pa.Table]) -> Path:
    file = RowGroups(path, SCHEMA, OPTIONS)
    for part in parts:
        if len(part):
            file.add(made(part, OPTIONS))
    file.close({"said": "ä"})
    return path


def footer(data: bytes) -> bytes:
    return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@settings(deadline=None)
@given(tables)
def test_row_groups_follow_each_other(rows: list[list[tuple[int, str | None, str | None]]]) -> None:
    """All rows in order, a group for each table that has any; bounds and metadata are told."""
    parts = [table(part) for part in [*rows, []]]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder, "one.parquet"), parts)
        file = pq.ParquetFile(path)
        bounds = [file.metadata.row_group(i).column(0).statistics for i in range(file.num_row_groups)]

        assert file.read().to_pylist() == pa.concat_tables(parts).to_pylist()
        assert [(one.min, one.max) for one in bounds] == [(min(row[0] for row in part), max(row[0] for row in part)) for part in rows if part]
        assert [file.read_row_group(i).num_rows for i in range(file.num_row_groups)] == [len(part) for part in rows if part]
        assert file.metadata.metadata == {b"said": "ä".encode()}


def test_other_readers(tmp_path: Path) -> None:
    """The same rows as pyarrow."""
    parts = [table([(i, "a", f"line {i}"), (i + 1, None, None)]) for i in range(20)]
    path = str(written(tmp_path / "one.parquet", parts))
    with duckdb.connect() as base:
        found = base.read_parquet(path).fetchall()

    assert found == polars.read_parquet(path).rows() == [(row["at"], row["pod"], row["text"]) for row in pa.concat_tables(parts).to_pylist()]


def test_a_file_that_is_not_ended_is_none(tmp_path: Path) -> None:
    """Without its footer it is refused."""
    file = RowGroups(tmp_path / "one.parquet", SCHEMA, OPTIONS)
    file.add(made(table([(1, "a", "b")]), OPTIONS))
    file.close(None)

    with pytest.raises(pa.ArrowInvalid):
        pq.ParquetFile(tmp_path / "one.parquet")


@settings(deadline=None)
@given(st.integers(1, 40), st.booleans(), st.booleans(), st.dictionaries(st.text(max_size=9), st.text(max_size=200), max_size=20))
def test_footers_are_written_as_they_were_read(columns: int, statistics: bool, index: bool, said: dict[str, str]) -> None:
    """Byte for byte, whatever they hold."""
    one = pa.table({f"c{i}": pa.array([-1.5, None]) if i % 2 else pa.array([1 << 40, -i]) for i in range(columns)})
    sink = pa.BufferOutputStream()
    pq.write_table(one.replace_schema_metadata(said), sink, write_statistics=statistics, write_page_index=index, row_group_size=1)
    told = footer(sink.getvalue().to_pybytes())

    assert struct_bytes(read_struct(told)) == told


def test_all_of_compact_thrift() -> None:
    """Far fields, doubles and truths in lists of their own come back."""
    struct = Struct({1: (TRUE, False), 40: (DOUBLE, bytes(8)), 7: (I64, -(1 << 62))})

    assert read_struct(struct_bytes(struct)).fields == {1: (2, False), 7: (I64, -(1 << 62)), 40: (DOUBLE, bytes(8))}
    with pytest.raises(ValueError, match="type 11"):
        read_struct(b"\x1b\x00")
