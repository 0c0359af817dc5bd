"""A timeline as JSON or CSV: keys and columns as in the tables, times as RFC 3339 in UTC with nanoseconds."""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.window import rfc3339, rfc3339_short

if TYPE_CHECKING:
    from .timeline import Timeline

OUTCOMES = ("kept", "folded", "outside", "unreadable")


def as_json(timeline: Timeline) -> str:
    """One JSON object; NaN and infinities become null, as JSON has none. A duration's `unsupported` is the stretch unseen that it rests on."""
    from .clock_text import clock_rows
    from .impact_text import impact_rows
    from .segments import segment_rows
    from .strip import resting

    window = timeline.window
    unsupported = resting(timeline)
    coverage = records(timeline.table("coverage"))
    value = {
        "incident": timeline.id,
        "window": {"since": rfc3339_short(window.since_ns), "until": rfc3339_short(window.until_ns)},
        "service": timeline.told.get("services", ""),
        "events": records(timeline.table("events")),
        "milestones": records(timeline.table("milestones")),
        "durations": [{**d, "unsupported": unsupported.get((d["profile"], d["name"]))} for d in records(timeline.table("durations"))],
        "segments": segment_rows(timeline),
        "clocks": clock_rows(timeline),
        "impact": impact_rows(timeline),
        "coverage": coverage,
        "accounting": accounting(coverage),
    }
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def as_csv(timeline: Timeline) -> str:
    """The events as CSV; labels and witnesses as JSON. A cell that a spreadsheet would run as a formula gets an apostrophe."""
    rows = records(timeline.table("events"))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = timeline.table("events").schema.names
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
    return out.getvalue()


def accounting(coverage: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Per source and in total: received = kept + folded + outside + unreadable."""
    found: dict[str, dict[str, int]] = {}
    for row in coverage:
        for name in (row["source"], "total"):
            sums = found.setdefault(name, dict.fromkeys(("received", *OUTCOMES), 0))
            for key in sums:
                sums[key] += row[key]
    return dict(sorted(found.items()))


def records(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of a table as JSON-ready dicts."""
    columns = {name: _plain(table[name]) for name in table.schema.names}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: pa.ChunkedArray) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return [None if at is None else rfc3339(at) for at in column.cast(pa.int64()).to_pylist()]
    if pa.types.is_map(kind):
        return [dict(pairs or ()) for pairs in column.to_pylist()]
    if pa.types.is_floating(kind):
        return [v if v is not None and math.isfinite(v) else None for v in column.to_pylist()]
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return _witnesses(column)
    return list(column.to_pylist())


def _witnesses(column: pa.ChunkedArray) -> list[list[dict[str, Any]]]:
    """The structs of every list, taken apart for all lists at once."""
    kind, structs = column.type.value_type, [chunk.flatten() for chunk in column.chunks]
    parts = [_plain(pa.chunked_array([one.field(i) for one in structs], kind.field(i).type)) for i in range(kind.num_fields)]
    rows = (dict(zip(kind.names, values, strict=True)) for values in zip(*parts, strict=True))
    return [list(islice(rows, count or 0)) for count in pc.list_value_length(column).to_pylist()]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
