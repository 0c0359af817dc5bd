"""Lines as the row groups of `lines.parquet`: what is the same for many lines is numbered, and texts are copied once, into the pages that are compressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from ..normalize.severity import LEVELS
from ..normalize.tables import LINES
from .column_chunks import BYTE_ARRAY, INT32, INT64, PLAIN, Chunk, Codes, Column, Value, coded_chunk, data_page, plain_chunk, used_codes
from .line_texts import SIZE_BYTES, Texts, joined
from .line_waiting import Instants
from .row_groups import Group, grouped, made

PAGE_BYTES = 4 << 20
# What all lines of a batch have in common, in this order.
COMMON = ("namespace", "pod", "container", "correction_ns", "before_ns", "after_ns")
# What pyarrow writes.
PLAINLY = pa.schema([LINES.field(name) for name in ("at", "app_at", "truncated")])
OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": False,
    "column_encoding": {"at": "DELTA_BINARY_PACKED", "app_at": "DELTA_BINARY_PACKED"},
    "store_schema": False,
}


@dataclass(frozen=True)
class Rows:
    """Some lines in order of time.

    `common` is the place of each in `known`, whose entries are values of COMMON; `level` its place in severity.LEVELS, `template` in `ids`; None where
    templates were not looked for.
    """

    at: Instants
    texts: Texts
    app_at: pa.Array
    truncated: pa.Array
    level: Codes
    template: Codes | None
    ids: Sequence[int]
    common: Codes
    known: Sequence[tuple[Value, ...]]

    def __len__(self) -> int:
        return len(self.at)

    def some(self, rows: slice) -> Rows:
        """Some of the lines."""
        columns: dict[str, Any] = {name: getattr(self, name)[rows] for name in ("at", "app_at", "truncated", "level", "common")}
        return replace(self, texts=self.texts.some(rows), template=None if self.template is None else self.template[rows], **columns)


def together(parts: Sequence[Rows]) -> Rows:
    """Lines that follow each other."""
    if len(parts) == 1:
        return parts[0]
    arrays: dict[str, Any] = {name: pa.concat_arrays([getattr(part, name) for part in parts]) for name in ("app_at", "truncated")}
    numbers: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("at", "level", "common")}
    templates = [part.template for part in parts if part.template is not None]
    return replace(parts[0], texts=joined([part.texts for part in parts]), template=np.concatenate(templates) if templates else None, **arrays, **numbers)


def row_group(rows: Rows) -> Group:
    """The lines, at least one, as a row group of LINES."""
    instants = pa.array(rows.at).view(PLAINLY.field("at").type)
    plainly = made(pa.Table.from_arrays([instants, rows.app_at, rows.truncated], schema=PLAINLY), OPTIONS).chunks()
    chunks = {**dict(zip(PLAINLY.names, plainly, strict=True)), "text": _texts(rows.texts)}
    chunks["severity"] = coded_chunk(_column("severity"), rows.level, LEVELS)
    template, ids = (np.zeros(len(rows), np.int32), [None]) if rows.template is None else (rows.template, rows.ids)
    chunks["template_id"] = coded_chunk(_column("template_id"), template, ids)
    used = used_codes(rows.common, len(rows.known))
    for i, name in enumerate(COMMON):
        chunks[name] = coded_chunk(_column(name), rows.common, [one[i] for one in rows.known], used)
    return grouped([chunks[name] for name in LINES.names], len(rows))


def _column(name: str) -> Column:
    field = LINES.field(name)
    kind = BYTE_ARRAY if pa.types.is_string(field.type) else INT32 if pa.types.is_int32(field.type) else INT64
    return Column(name, kind, field.nullable)


def _texts(texts: Texts) -> Chunk:
    ends = np.cumsum(texts.sizes + np.int64(SIZE_BYTES))
    pages, start = [], 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + PAGE_BYTES, "right")), start + 1)
        pages.append(data_page(texts.some(slice(start, stop)).plain(), stop - start, PLAIN))
        start = stop
    return plain_chunk(_column("text"), len(ends), pages)
