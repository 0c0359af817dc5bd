"""Column chunks of a Parquet row group: pages of texts, and of values that few distinct ones stand for, compressed with zstd.

A chunk is what the footer tells of it, and its bytes (Apache Parquet format: data pages, encodings,
ColumnMetaData in parquet.thrift). Instants and flags are left to pyarrow; where it writes a value many times over, here it stands once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.compiled import Compiled
from .thrift_compact import BINARY, I32, I64, LIST, STRUCT, TRUE, Items, Struct, struct_bytes

CODEC = "zstd"
# Numbers of enumerations in parquet.thrift: physical types, encodings, page types, codecs.
INT32, INT64, BYTE_ARRAY = 1, 2, 6
PLAIN, RLE, RLE_DICTIONARY = 0, 3, 8
DATA_PAGE, DICTIONARY_PAGE = 0, 2
ZSTD = 6
# Fields of ColumnMetaData.
PLAIN_SIZE, CHUNK_SIZE, PAGE_OFFSET, DICTIONARY_OFFSET, STATISTICS = 6, 7, 9, 11, 12
# Offsets are those in a file that has this chunk alone, behind the magic number.
START = 4
KERNELS = Compiled(__package__, "lines_compiled")

Codes = npt.NDArray[np.int32]
# Of one column: text, or numbers of 32 or 64 bits; None is null.
Value = str | int | None


@dataclass(frozen=True)
class Column:
    """A column's name, its physical type, and whether it may be null."""

    name: str
    kind: int
    optional: bool


@dataclass(frozen=True)
class Chunk:
    """What the footer tells of a column chunk, with offsets as if it began at START, and its bytes."""

    told: Struct
    body: Sequence[pa.Buffer | memoryview | bytes]


@dataclass(frozen=True)
class Page:
    """A page as it stands in the file, and its size before it was compressed; both with its header."""

    body: tuple[bytes, pa.Buffer]
    plain_size: int

    @property
    def size(self) -> int:
        """Its bytes in the file."""
        return sum(map(len, self.body))


def data_page(body: pa.Buffer | bytes, count: int, encoding: int) -> Page:
    """`count` values, null ones included, with their levels before them."""
    return _page(body, DATA_PAGE, 5, _struct((1, I32, count), (2, I32, encoding), (3, I32, RLE), (4, I32, RLE)))


def _page(body: pa.Buffer | bytes, kind: int, field: int, told: Struct) -> Page:
    packed = pa.Codec(CODEC).compress(body)
    # What compressing needs at most is several times as much.
    packed.resize(packed.size, shrink_to_fit=True)
    head = struct_bytes(_struct((1, I32, kind), (2, I32, len(body)), (3, I32, len(packed)), (field, STRUCT, told)))
    return Page((head, packed), len(head) + len(body))


def plain_chunk(column: Column, count: int, pages: Iterable[Page]) -> Chunk:
    """Values one after the other, `count` of them in some pages; nothing is told of the least and the greatest."""
    return _chunk(column, count, list(pages), None)


def used_codes(codes: Codes, count: int) -> list[int]:
    """Which numbers below `count` there are, in order."""
    there = np.zeros(count, bool)
    there[codes] = True
    return np.flatnonzero(there).tolist()


def coded_chunk(column: Column, codes: Codes, values: Sequence[Value], used: Sequence[int] | None = None) -> Chunk:
    """One of `values` by number for each row; the dictionary has those that are used, in their order. `used`: `used_codes`, where they are known."""
    used = used_codes(codes, len(values)) if used is None else used
    known = list(dict.fromkeys(value for i in used if (value := values[i]) is not None))
    place = {value: i for i, value in enumerate(known)}
    table = np.zeros(len(values), np.int32)
    table[list(used)] = [-1 if (value := values[i]) is None else place[value] for i in used]
    nulls = _null_count(codes, table, used, len(known))
    levels = _levels(codes, table, nulls) if column.optional else b""
    statistics = _statistics(column, known, nulls)
    if not known:
        return _chunk(column, len(codes), [data_page(levels, len(codes), PLAIN)], statistics)
    dictionary = _page(b"".join(_bytes_of(column, value) for value in known), DICTIONARY_PAGE, 7, _struct((1, I32, len(known)), (2, I32, PLAIN)))
    width = max((len(known) - 1).bit_length(), 1)
    packed = _run(0, len(codes) - nulls, 1) if len(known) == 1 else _packed(codes if not nulls else codes[table[codes] >= 0], table, width)
    page = data_page(levels + bytes((width,)) + packed, len(codes), RLE_DICTIONARY)
    return _chunk(column, len(codes), [page], statistics, dictionary)


def _null_count(codes: Codes, table: Codes, used: Sequence[int], known: int) -> int:
    if (table[list(used)] >= 0).all():
        return 0
    return int(np.count_nonzero(table[codes] < 0)) if known else len(codes)


def _levels(codes: Codes, table: Codes, nulls: int) -> bytes:
    """Definition levels of one bit, with their size before them."""
    if nulls in (0, len(codes)):
        levels = _run(int(not nulls), len(codes), 1)
    else:
        levels = _groups(len(codes)) + np.packbits(table[codes] >= 0, bitorder="little").tobytes()
    return len(levels).to_bytes(4, "little") + levels


def _run(value: int, count: int, width: int) -> bytes:
    """One value so many times, as a run of the RLE encoding."""
    return _varint(count << 1) + value.to_bytes(-(-width // 8), "little")


def _groups(count: int) -> bytes:
    """The head of so many values that follow packed, in groups of eight."""
    return _varint(-(-count // 8) << 1 | 1)


def _packed(codes: Codes, table: Codes, width: int) -> bytes:
    """`table` of each code, `width` bits each, the first lowest."""
    size = -(-len(codes) // 8)
    if compiled := KERNELS.module():
        packed = np.zeros(width * size, np.uint8)
        compiled.packed(codes, table, width, packed)
        return _groups(len(codes)) + packed.tobytes()
    bits = np.zeros((8 * size, width), np.uint8)
    for bit in range(width):
        bits[: len(codes), bit] = (table >> bit & 1).astype(np.uint8)[codes]
    return _groups(len(codes)) + np.packbits(bits.reshape(-1), bitorder="little").tobytes()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _statistics(column: Column, known: Sequence[str | int], nulls: int) -> Struct:
    told = _struct((3, I64, nulls))
    if known:
        order = str.encode if column.kind == BYTE_ARRAY else int
        least, most = (_raw(column, value) for value in (min(known, key=order), max(known, key=order)))  # type: ignore[arg-type]  # one type a column
        if column.kind != BYTE_ARRAY:
            told.put(1, BINARY, most)
            told.put(2, BINARY, least)
        for field, kind, value in ((5, BINARY, most), (6, BINARY, least), (7, TRUE, True), (8, TRUE, True)):
            told.put(field, kind, value)
    return told


def _raw(column: Column, value: str | int) -> bytes:
    return value.encode() if isinstance(value, str) else value.to_bytes(4 if column.kind == INT32 else 8, "little", signed=True)


def _bytes_of(column: Column, value: str | int) -> bytes:
    raw = _raw(column, value)
    return len(raw).to_bytes(4, "little") + raw if column.kind == BYTE_ARRAY else raw


def _chunk(column: Column, count: int, pages: list[Page], statistics: Struct | None, dictionary: Page | None = None) -> Chunk:
    """Pages as a chunk, its dictionary first."""
    every = [dictionary, *pages] if dictionary else pages
    told = _struct(
        (1, I32, column.kind),
        (2, LIST, Items(I32, [PLAIN, RLE, RLE_DICTIONARY] if dictionary else [PLAIN, RLE])),
        (3, LIST, Items(BINARY, [column.name.encode()])),
        (4, I32, ZSTD),
        (5, I64, count),
        (PLAIN_SIZE, I64, sum(page.plain_size for page in every)),
        (CHUNK_SIZE, I64, sum(page.size for page in every)),
        (PAGE_OFFSET, I64, START + (dictionary.size if dictionary else 0)),
    )
    if dictionary:
        told.put(DICTIONARY_OFFSET, I64, START)
    if statistics:
        told.put(STATISTICS, STRUCT, statistics)
    return Chunk(told, [part for page in every for part in page.body])


def _struct(*fields: tuple[int, int, object]) -> Struct:
    return Struct({number: (kind, value) for number, kind, value in fields})
