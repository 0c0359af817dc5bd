"""Raw facts to facts with instants: one table in, one table out, no row lost."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from ..collectors.raw import FACTS, Raw
from .stamps import NONE_NS, instants

# The raw columns, then the instants in nanoseconds UTC; null where there is no stamp or it cannot be read.
NORMAL_FACTS = pa.schema([*FACTS, pa.field("at_ns", pa.int64()), pa.field("until_ns", pa.int64())])


def normal_facts(raws: Iterable[Raw]) -> pa.Table:
    """All facts of `raws` as one table of NORMAL_FACTS, in the order received."""
    batches = [raw.batch for raw in raws if raw.table == "facts"]
    table = pa.Table.from_batches(batches, schema=FACTS).combine_chunks()
    columns = [_read(table, "stamp"), _read(table, "until_stamp")]
    return pa.Table.from_arrays([*table.columns, *columns], schema=NORMAL_FACTS)


def unread(table: pa.Table) -> list[bool]:
    """Per row of NORMAL_FACTS: whether it carries a stamp that no layout could read (Go's zero time excepted)."""
    stamps, at = table["stamp"].to_pylist(), table["at_ns"].to_pylist()
    return [a is None and s is not None and not s.startswith("0001-01-01T") for s, a in zip(stamps, at, strict=True)]


def _read(table: pa.Table, column: str) -> pa.Array:
    at = np.full(len(table), NONE_NS, np.int64)
    layouts = np.asarray(table["layout"].to_pylist(), object)
    stamps = table[column].combine_chunks()
    for layout in sorted(set(layouts.tolist())):
        mine = np.flatnonzero(layouts == layout)
        at[mine] = instants(stamps.take(pa.array(mine)), layout)
    return pa.array(at, mask=at == NONE_NS)
