"""The inner stamps of one stream, batch after batch: what was learnt of its layouts is kept from one batch to the next."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from .layout import Layout
from .stamp_columns import InnerStamps, inner_stamps
from .stamps import Nanoseconds


class StampStream:
    """Reads batches of one stream's lines. The answers are those of `stamp_reading.read_stamp` for each line, however the lines are batched.

    `zone` is taken for stamps that name none; the runtime's stamp of a line, else the window, completes dates. Raises ConfigError for
    an unknown zone.
    """

    def __init__(self, *, zone: str = "UTC", since_ns: int | None = None, until_ns: int | None = None, extra: Sequence[Layout] = ()) -> None:
        self.zone, self.since_ns, self.until_ns, self.extra = zone, since_ns, until_ns, tuple(extra)

    def read(self, texts: pa.Array, runtime_ns: Nanoseconds | None = None) -> InnerStamps:
        """The stamps of some lines (binary or string); `runtime_ns` has NONE_NS where the runtime's stamp is unknown."""
        return inner_stamps(texts, zone=self.zone, runtime_ns=runtime_ns, since_ns=self.since_ns, until_ns=self.until_ns, extra=self.extra)
