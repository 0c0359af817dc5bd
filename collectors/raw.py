"""The raw schema: what `read` makes of a reply. Stamps are text; nothing is parsed here.

Three tables, each a stream of Arrow record batches wrapped in `Raw`:

`facts`    one row per stamp that an API object carries (an event, a log entry, a container's end), or,
           without a stamp, per piece of knowledge that rules need (a rule's threshold). Small: thousands.
`lines`    one row per log line of one container's stream.
`samples`  one row per metric point.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LABELS = pa.map_(pa.string(), pa.string())

# kind          an event kind of `normalize.tables.KINDS`; or `state.*`: an object's stamp that rules turn into
#               rows; or `context.*`: knowledge without an instant of its own, never counted as a record;
#               or `unreadable`: a record that could not be understood, `title` says why
# stamp         exactly as received; null where the object carries none
# until_stamp   end of an interval (a repeated event's last time), exactly as received
# layout        how both are written: rfc3339, epoch_s, epoch_ms, epoch_us, epoch_ns
# resolution_ns what one unit of the last digit that the clock gives is worth (1 s for metav1.Time)
# clock         who stamped: prometheus, pagerduty, kubernetes/apiserver, kubernetes/node/NAME, …
# thread        canonical key of the thing whose edges belong together
# edge          which edge of the thread this is; (kind, thread, edge) names the row
# record        ref of the record that this fact was read from; facts of one record share it
# ref           where the fact stands: evidence path, `#`, JSON pointer or line number
# attributes    JSON text for the rules of `timeline`; its keys are documented by the source's reader
FACTS = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("stamp", pa.string()),
        pa.field("until_stamp", pa.string()),
        pa.field("layout", pa.string(), nullable=False),
        pa.field("resolution_ns", pa.int64(), nullable=False),
        pa.field("clock", pa.string(), nullable=False),
        pa.field("severity", pa.string()),
        pa.field("title", pa.string()),
        pa.field("body", pa.string()),
        pa.field("service", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("actor", pa.string()),
        pa.field("thread", pa.string()),
        pa.field("edge", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("labels", LABELS),
        pa.field("native_id", pa.string()),
        pa.field("url", pa.string()),
        pa.field("ref", pa.string(), nullable=False),
        pa.field("record", pa.string(), nullable=False),
        pa.field("attributes", pa.string()),
    ]
)

TEXTS = tuple(f.name for f in FACTS if pa.types.is_string(f.type) and f.name not in ("source", "kind", "layout", "attributes"))

# `stamp` is the runtime's stamp, null for a line without one; `text` keeps the bytes as received, without the
# newline; `number` counts the file's lines from 1. The stream is in the batch's `about`.
LINES = pa.schema(
    [
        pa.field("stamp", pa.string()),
        pa.field("text", pa.binary(), nullable=False),
        pa.field("number", pa.int64(), nullable=False),
        pa.field("truncated", pa.bool_(), nullable=False),
    ]
)

# `labels` is JSON text with sorted keys; `value` as received ("NaN", "+Inf"), null for a native histogram.
SAMPLES = pa.schema(
    [
        pa.field("stamp", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("labels", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)


@dataclass(frozen=True)
class Raw:
    """One batch of one table. `about` says what holds for every row of it; `begins`: where in its file, which is not packed, the text of each line begins,
    in the file's order; None where that is not known.
    `strange`: at most so many bytes of the texts of lines are neither printable ASCII nor tabs; None where that was not counted.

    `about` of lines: namespace, pod, container, instance (container id, may be ""), clock, ref, stamps
    ("runtime" or "inner"). `about` of samples: name (of the query), query, step_s (empty for raw samples), clock,
    layout, ref.
    """

    table: Literal["facts", "lines", "samples"]
    batch: pa.RecordBatch
    about: Mapping[str, str] = field(default_factory=dict)
    begins: npt.NDArray[np.int64] | None = None
    strange: int | None = None


def facts(rows: Iterable[Mapping[str, Any]], source: str) -> Iterator[Raw]:
    """One batch of facts from dicts; absent keys take their defaults, `attributes` and `labels` may be dicts.

    Defaults: layout rfc3339, resolution 1 s, clock `source`, `record` as `ref`.
    """
    filled = [_filled(row, source) for row in rows]
    if filled:
        yield Raw("facts", pa.RecordBatch.from_pylist(filled, schema=FACTS))


def _filled(row: Mapping[str, Any], source: str) -> dict[str, Any]:
    unknown = row.keys() - set(FACTS.names)
    if unknown:
        raise TypeError(f"facts have no column {sorted(unknown)}")
    full: dict[str, Any] = {"layout": "rfc3339", "resolution_ns": 1_000_000_000, "clock": source, **row, "source": source}
    full.setdefault("record", full["ref"])
    if isinstance(full.get("attributes"), Mapping):
        full["attributes"] = clean_text(json.dumps(full["attributes"], sort_keys=True, ensure_ascii=False))
    labels = full.get("labels")
    if labels is not None:
        full["labels"] = sorted((clean_text(str(k)), clean_text(str(v))) for k, v in dict(labels).items())
    for name in TEXTS:
        if full.get(name) is not None:
            full[name] = clean_text(str(full[name]))
    return full


def clean_text(text: str) -> str:
    """`text` with lone surrogates replaced, so that it can be written as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
