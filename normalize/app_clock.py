"""The second clock on a line: when the program itself says that it wrote it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .stamp_streams import StampStream
from .stamps import NONE_NS, Nanoseconds
from .tables import INSTANT


def app_times(texts: pa.Array, runtime_ns: Nanoseconds, stream: StampStream | None = None) -> pa.Array:
    """The instant that the program wrote into each line, null where it wrote none; as `lines.app_at`.

    `texts` (binary or string) are lines without the runtime's stamp, `runtime_ns` the runtime's stamps of the same lines (NONE_NS: none),
    which complete what the program left out. Give batches of one stream the same `stream`: it keeps what it learnt.
    """
    at_ns = (stream or StampStream()).read(texts, runtime_ns).at_ns
    return instants_or_null(at_ns)


def instants_or_null(at_ns: Nanoseconds) -> pa.Array:
    """Nanoseconds as an Arrow column of instants, NONE_NS as null."""
    known = at_ns != NONE_NS
    bits = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(INSTANT, len(at_ns), [bits, pa.py_buffer(np.ascontiguousarray(at_ns))])
