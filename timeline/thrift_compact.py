"""Structs as Apache Thrift's compact protocol writes them, as far as Parquet's footers need it: read whole, changed, written again.

Nothing is known of what fields mean; those that this version of Parquet does not have are kept as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _, STRUCT = range(1, 13)


@dataclass
class Struct:
    """Fields by number, each with its type; a double is eight bytes."""

    fields: dict[int, tuple[int, Any]]

    def get(self, field: int) -> Any:
        """A field's value, None where it is missing."""
        return self.fields[field][1] if field in self.fields else None

    def put(self, field: int, kind: int, value: Any) -> None:
        """Set a field."""
        self.fields[field] = kind, value

    def move(self, field: int, by: int) -> None:
        """Add to a field that holds a number above 0."""
        if self.get(field):
            kind, value = self.fields[field]
            self.fields[field] = kind, value + by


@dataclass
class Items:
    """Values of one type."""

    kind: int
    values: list[Any]


def read_struct(data: bytes) -> Struct:
    """The struct that `data` begins with. Raises ValueError or IndexError for anything else."""
    return _Reader(data).struct()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def struct(self) -> Struct:
        fields: dict[int, tuple[int, Any]] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._number()
            kind = head & 15
            fields[number] = kind, kind == TRUE if kind in (TRUE, FALSE) else self._value(kind)
        return Struct(fields)

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._number()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            return Items(head & 15, [self._value(head & 15) for _ in range(size)])
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        raise ValueError(f"a Parquet footer has no values of Thrift's type {kind}")

    def _byte(self) -> int:
        self._place += 1
        return self._data[self._place - 1]

    def _bytes(self, size: int) -> bytes:
        self._place += size
        return self._data[self._place - size : self._place]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)


def struct_bytes(struct: Struct) -> bytes:
    """`struct` as it is written."""
    out = bytearray()
    _put_struct(out, struct)
    return bytes(out)


def _put_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, (kind, value) in sorted(struct.fields.items()):
        written = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        if 0 < number - last < 16:
            out.append(number - last << 4 | written)
        else:
            out.append(written)
            _put_number(out, number)
        if kind not in (TRUE, FALSE):
            _put(out, kind, value)
        last = number
    out.append(0)


def _put(out: bytearray, kind: int, value: Any) -> None:
    if kind in (I16, I32, I64):
        _put_number(out, value)
    elif kind == BINARY:
        _put_varint(out, len(value))
        out += value
    elif kind == STRUCT:
        _put_struct(out, value)
    elif kind in (LIST, SET):
        out.append(min(len(value.values), 15) << 4 | value.kind)
        if len(value.values) >= 15:
            _put_varint(out, len(value.values))
        for one in value.values:
            _put(out, value.kind, one)
    elif kind == DOUBLE:
        out += value
    else:
        out.append(value)


def _put_varint(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _put_number(out: bytearray, value: int) -> None:
    _put_varint(out, value << 1 if value >= 0 else (-value << 1) - 1)
