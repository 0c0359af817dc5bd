"""JSON streams, columns at once: the value of the time key is cut out by one pattern and read like a line of its own.

The pattern accepts only what certainly is the record's own key: strict JSON of plain members before it. A record with a nested
object before its key, a second key of higher rank, or an unusual value is left for the reading one by one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .keyed import KEYS, PLAIN, RANK, UNIT_OF_KEY, candidates
from .openings import fitting
from .stamp_fields_columns import counted
from .stamp_reading import JSON_VALUE, Stamp, relayed, stamp_of
from .stamps import NONE_NS

if TYPE_CHECKING:
    from .stamp_columns import Rows, Stream

STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
GAP = r"[ \t\r\n]*"
MEMBER = rf'{GAP}"[^"\\\x00-\x1f]*"{GAP}:{GAP}(?:{STRING}|{NUMBER}|true|false|null){GAP},'
SAMPLE = 24


def read_json(stream: Stream, rows: Rows) -> Rows:
    """Set the rows whose key the stream's first records show; the others are returned."""
    for key in _keys(stream, rows):
        rows = _apply(stream, key, rows)
        if not len(rows):
            break
    return rows


def _keys(stream: Stream, rows: Rows) -> list[str]:
    seen: Counter[str] = Counter()
    sample = rows[np.unique(np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64))]
    records = {int(row): stream.records[int(row)].as_py() for row in sample}
    table = fitting(stream.table, pa.array(tried(records.values()), pa.large_binary()))
    for row, record in records.items():
        stamp = stamp_of(record, stream.reading(row), stream.zone, table)
        if isinstance(stamp, Stamp) and stamp.format.startswith("json "):
            seen[stamp.format[5:].rpartition(": ")[0]] += 1
    return [key for key, _ in seen.most_common(2) if key.lower().translate(PLAIN) in RANK and '"' not in key and "\\" not in key]


def tried(records: Iterable[bytes]) -> list[bytes]:
    """All that a layout is tried on when these records are read: themselves and the values of their keys."""
    found = []
    for record in records:
        payload = relayed(record)
        text = (record if payload is None else payload).decode("utf-8", "replace")
        found += [record, *(value.encode("utf-8", "replace") for _, value, _ in candidates(text))]
    return found


def _apply(stream: Stream, key: str, rows: Rows) -> Rows:
    records = stream.of(rows)
    rank = RANK[key.lower().translate(PLAIN)]
    pattern = (
        rf'^\{{(?:{MEMBER})*?{GAP}"{re.escape(key)}"{GAP}:{GAP}(?:\{{{GAP}"\$date"{GAP}:{GAP})?'
        rf'(?:"(?P<text>[ !#-\[\]-~]+)"|(?P<number>{NUMBER})){GAP}[,}}\n]'
    )
    parts = pc.extract_regex(records, pattern)
    fits = _mask(pc.is_valid(parts)) & (np.asarray(pc.count_substring_regex(records, spelled(KEYS[rank]))) == 1)
    if rank:
        fits &= ~_mask(pc.match_substring_regex(records, "|".join(spelled(one) for one in KEYS[:rank])))
    for name in ("text", "number"):
        values = pc.fill_null(parts.field(name), b"") if pa.types.is_struct(parts.type) else parts
        here = fits & (np.asarray(pc.binary_length(values)) > 0) & (np.asarray(pc.binary_length(values)) <= 64)
        if here.any():
            _read_values(stream, key, rows[here], values.filter(pa.array(here)), UNIT_OF_KEY.get(KEYS[rank]))
    return rows[stream.found.layout[rows] < 0]


def _read_values(stream: Stream, key: str, rows: Rows, values: pa.Array, unit: int | None) -> None:
    at, width = counted(values, unit)
    good = (at != NONE_NS) & ((np.asarray(pc.binary_length(values)) >= 9) | (unit is not None))
    stream.found.put(rows[good], at[good], width[good], f"json {key}: epoch")
    texts = ~good & _mask(pc.match_substring_regex(values, f"^(?:{JSON_VALUE.pattern})")) & ~_mask(pc.match_substring_regex(values, r"^[0-9.,eE+]*$"))
    if not texts.any():
        return
    inner = stream.of_values(values.filter(pa.array(texts)), rows[texts])
    read = inner.layout >= 0
    for index in np.unique(inner.layout[read]):
        chosen = inner.layout == index
        stream.found.put(rows[texts][chosen], inner.at_ns[chosen], inner.after_ns[chosen], f"json {key}: {inner.names[index]}")
    stream.found.before_ns[rows[texts][read]] = inner.before_ns[read]


def spelled(key: str) -> str:
    """A key, however it is written: case, `_`, `-`, `.` and spaces do not count."""
    return '(?i:"[_. -]*' + "[_. -]*".join(re.escape(letter) for letter in key) + '[_. -]*"[ \\t\\r\\n]*:)'


def _mask(values: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(values.to_numpy(zero_copy_only=False), bool)
