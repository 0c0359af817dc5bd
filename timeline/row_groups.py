"""A Parquet file whose row groups are made apart from each other, so that several threads may make them.

Each is written as a file of its own in memory. What lies there between the magic number and the footer goes into the one file as it is, and the
footer's entry for it into the footer of the one file, with its offsets moved (Apache Parquet format, file metadata).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .thrift_compact import BINARY, I16, I64, LIST, STRUCT, Items, Struct, read_struct, struct_bytes

MAGIC = b"PAR1"
# Fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData in Parquet's parquet.thrift.
NUM_ROWS, ROW_GROUPS, KEY_VALUES = 3, 4, 5
COLUMNS, GROUP_OFFSET, ORDINAL = 1, 5, 7
CHUNK_OFFSETS, META_DATA, COLUMN_OFFSETS = (2, 4, 6), 3, (9, 10, 11, 14)


def made(table: pa.Table, options: Mapping[str, Any]) -> pa.Buffer:
    """A table as a Parquet file of one row group, or none for a table without rows; `options` are those of pyarrow's ParquetWriter."""
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, table.schema, **options) as writer:
        if len(table):
            writer.write_table(table, row_group_size=len(table))
    return sink.getvalue()


class RowGroups:
    """The one file. What is added is what `made` gave for tables of one schema with the same options; at least one, before `close`."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(MAGIC)
        self._place = len(MAGIC)
        self._footer = Struct({})
        self._groups: list[Struct] = []
        self._rows = 0

    def add(self, group: pa.Buffer) -> None:
        """Put a row group behind those that are there. Raises OSError where it cannot be written."""
        whole = memoryview(group)
        size = int.from_bytes(whole[-8:-4], "little")
        body = whole[len(MAGIC) : len(whole) - 8 - size]
        self._footer = read_struct(bytes(whole[len(whole) - 8 - size : -8]))
        for one in self._footer.get(ROW_GROUPS).values:
            _move(one, self._place - len(MAGIC))
            one.put(ORDINAL, I16, len(self._groups))
            self._groups.append(one)
        self._rows += self._footer.get(NUM_ROWS)
        self._file.write(body)
        self._place += len(body)

    def close(self, metadata: Mapping[str, str] | None) -> None:
        """Write the footer with `metadata`, and end the file; None ends it without, so that nobody takes it for whole."""
        try:
            if metadata is not None:
                said = [Struct({1: (BINARY, key.encode()), 2: (BINARY, value.encode())}) for key, value in metadata.items()]
                self._footer.put(NUM_ROWS, I64, self._rows)
                self._footer.put(ROW_GROUPS, LIST, Items(STRUCT, self._groups))
                self._footer.put(KEY_VALUES, LIST, Items(STRUCT, said))
                footer = struct_bytes(self._footer)
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
