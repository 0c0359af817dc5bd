"""A Parquet file whose row groups are made apart from each other, so that several threads may make them.

A group is what the footer tells of it, and its bytes. pyarrow makes a group as a file of its own in memory, of which what lies between the magic
number and the footer goes into the one file as it is, and the footer's entry for it, with its offsets moved, into the footer of the one file
(Apache Parquet format, file metadata). Others are put together of column chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .column_chunks import CHUNK_SIZE, DICTIONARY_OFFSET, PAGE_OFFSET, PLAIN_SIZE, START, Chunk
from .thrift_compact import BINARY, I16, I64, LIST, STRUCT, Items, Struct, read_struct, struct_bytes

MAGIC = b"PAR1"
# Fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData in Parquet's parquet.thrift.
NUM_ROWS, ROW_GROUPS, KEY_VALUES = 3, 4, 5
COLUMNS, GROUP_PLAIN_SIZE, GROUP_ROWS, GROUP_OFFSET, GROUP_SIZE, ORDINAL = 1, 2, 3, 5, 6, 7
FILE_OFFSET, CHUNK_OFFSETS, META_DATA, COLUMN_OFFSETS = 2, (2, 4, 6), 3, (9, 10, 11, 14)


@dataclass(frozen=True)
class Group:
    """A row group: its entry in the footer, with offsets as if it began at START, and its bytes."""

    told: Struct
    body: Sequence[pa.Buffer | memoryview | bytes]

    def chunks(self) -> list[Chunk]:
        """The columns of a group that pyarrow made."""
        whole, found = self.body[0], []
        for column in self.told.get(COLUMNS).values:
            told = column.get(META_DATA)
            first = (told.get(DICTIONARY_OFFSET) or told.get(PAGE_OFFSET)) - START
            for field in COLUMN_OFFSETS:
                told.move(field, -first)
            found.append(Chunk(told, [whole[first : first + told.get(CHUNK_SIZE)]]))
        return found


def made(table: pa.Table, options: Mapping[str, Any]) -> Group:
    """A table that has rows as one row group; `options` are those of pyarrow's ParquetWriter."""
    footer, body = _file(table, options)
    return Group(footer.get(ROW_GROUPS).values[0], [body])


def grouped(chunks: Sequence[Chunk], rows: int) -> Group:
    """Column chunks, one for each column in its order, as a row group."""
    group = Struct({COLUMNS: (LIST, Items(STRUCT, []))})
    sizes = [chunk.told.get(CHUNK_SIZE) for chunk in chunks]
    for field, value in ((GROUP_PLAIN_SIZE, sum(chunk.told.get(PLAIN_SIZE) for chunk in chunks)), (GROUP_ROWS, rows), (GROUP_SIZE, sum(sizes))):
        group.put(field, I64, value)
    group.put(GROUP_OFFSET, I64, START)
    place = 0
    for chunk, size in zip(chunks, sizes, strict=True):
        for field in COLUMN_OFFSETS:
            chunk.told.move(field, place)
        group.get(COLUMNS).values.append(Struct({FILE_OFFSET: (I64, 0), META_DATA: (STRUCT, chunk.told)}))
        place += size
    return Group(group, [part for chunk in chunks for part in chunk.body])


def _file(table: pa.Table, options: Mapping[str, Any]) -> tuple[Struct, memoryview]:
    """Footer and body of a table's own file."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, **options) as writer:
        if len(table):
            writer.write_table(table, row_group_size=len(table))
    whole = memoryview(sink.getvalue())
    size = int.from_bytes(whole[-8:-4], "little")
    return read_struct(bytes(whole[len(whole) - 8 - size : -8])), whole[len(MAGIC) : len(whole) - 8 - size]


class RowGroups:
    """The one file, of tables of `schema`; `options` as for `made`."""

    def __init__(self, path: Path, schema: pa.Schema, options: Mapping[str, Any]) -> None:
        self._file = path.open("wb")
        self._file.write(MAGIC)
        self._place = len(MAGIC)
        self._schema, self._options = schema, options
        self._groups: list[Struct] = []

    def add(self, group: Group) -> None:
        """Put a row group behind those that are there. Raises OSError where it cannot be written."""
        _move(group.told, self._place - START)
        group.told.put(ORDINAL, I16, len(self._groups))
        self._groups.append(group.told)
        for part in group.body:
            self._file.write(part)
            self._place += len(part)

    def close(self, metadata: Mapping[str, str] | None) -> None:
        """Write the footer with `metadata`, and end the file; None ends it without, so that nobody takes it for whole."""
        try:
            if metadata is not None:
                said = [Struct({1: (BINARY, key.encode()), 2: (BINARY, value.encode())}) for key, value in metadata.items()]
                whole, _ = _file(self._schema.empty_table(), self._options)
                whole.put(NUM_ROWS, I64, sum(group.get(GROUP_ROWS) for group in self._groups))
                whole.put(ROW_GROUPS, LIST, Items(STRUCT, self._groups))
                whole.put(KEY_VALUES, LIST, Items(STRUCT, said))
                footer = struct_bytes(whole)
                self._file.write(footer + len(footer).to_bytes(4, "little") + MAGIC)
        finally:
            self._file.close()


def _move(group: Struct, by: int) -> None:
    group.move(GROUP_OFFSET, by)
    for chunk in group.get(COLUMNS).values:
        for field in CHUNK_OFFSETS:
            chunk.move(field, by)
        for field in COLUMN_OFFSETS:
            chunk.get(META_DATA).move(field, by)
