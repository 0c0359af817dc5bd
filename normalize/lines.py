"""Raw log lines to the `lines` table: instants, shown text, window; columnar throughout."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.raw import Raw
from ..collectors.window import Window
from .stamps import NONE_NS, Nanoseconds, instants
from .tables import LINES
from .window import inside

# What a terminal or an editor would act on instead of showing: C0 but tab, DEL, C1, and bidirectional overrides.
UNSHOWN = "[\\x00-\\x08\\x0a-\\x1f\\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069]"

# What is added to a clock's readings, and how wrong that may be, in nanoseconds.
Correction = tuple[int, int]
AS_RECEIVED: Correction = (0, 0)


@dataclass(frozen=True)
class LineCount:
    """Where the lines of one batch went; `last_ns` carries the running stamp to the next batch of the stream.

    `numbers` are the line numbers of those in the window.
    """

    received: int
    outside: int
    unreadable: int
    first_ns: int | None
    last_ns: int | None
    numbers: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64), compare=False)


def normal_lines(raw: Raw, window: Window, before_ns: int | None = None, correction: Correction = AS_RECEIVED) -> tuple[pa.RecordBatch, LineCount]:
    """The lines of one raw batch that lie in the window, as LINES.

    A line without a stamp belongs to the line before it (`before_ns`: the last instant of the batch before); with none before
    it is unreadable. A stamp of the runtime is exact to the nanosecond; `correction` is that of its clock. Everything that is
    counted and compared, `before_ns` too, is on corrected time.
    """
    batch = raw.batch
    shift_ns, error_ns = correction
    at = filled(_moved(instants(batch.column("stamp"), "rfc3339"), shift_ns), before_ns)
    readable = at != NONE_NS
    kept = readable & inside(at, window)
    chosen = batch.filter(pa.array(kept))
    text = shown_text(chosen.column("text"))
    times = at[kept]
    about = raw.about
    count = len(times)
    columns = {
        "at": pa.array(times).cast(LINES.field("at").type),
        "text": text,
        "truncated": chosen.column("truncated"),
        "correction_ns": pa.array(np.full(count, shift_ns)),
        "before_ns": pa.array(np.full(count, error_ns)),
        "after_ns": pa.array(np.full(count, error_ns + 1)),
    }
    for name in ("namespace", "pod", "container"):
        columns[name] = pa.repeat(pa.scalar(about.get(name) or None, pa.string()), count)
    arrays = [columns[f.name] if f.name in columns else pa.nulls(count, f.type) for f in LINES]
    seen = at[readable]
    counted = LineCount(
        received=len(at),
        outside=int((readable & ~kept).sum()),
        unreadable=int((~readable).sum()),
        first_ns=int(seen.min()) if len(seen) else None,
        last_ns=int(seen[-1]) if len(seen) else before_ns,
        numbers=np.asarray(chosen.column("number").to_numpy(zero_copy_only=False), np.int64),
    )
    return pa.RecordBatch.from_arrays(arrays, schema=LINES), counted


def _moved(at: Nanoseconds, shift_ns: int) -> Nanoseconds:
    return np.where(at == NONE_NS, at, at + shift_ns) if shift_ns else at


def filled(at: Nanoseconds, before_ns: int | None) -> Nanoseconds:
    """`at` with every gap taking the last instant before it."""
    known: npt.NDArray[np.bool_] = at != NONE_NS
    if known.all():
        return at
    last = np.maximum.accumulate(np.where(known, np.arange(len(at)), -1))
    carried = at[np.maximum(last, 0)]
    return np.where(last >= 0, carried, NONE_NS if before_ns is None else before_ns)


def shown_text(texts: pa.Array) -> pa.Array:
    """Bytes as text that can be shown: invalid UTF-8 and control characters become U+FFFD; tabs stay."""
    try:
        shown = texts.cast(pa.string())
    except pa.ArrowInvalid:
        shown = pa.array([t.decode("utf-8", "replace") for t in texts.to_pylist()], pa.string())
    if pc.any(pc.match_substring_regex(shown, UNSHOWN)).as_py():
        shown = pc.replace_substring_regex(shown, UNSHOWN, "\ufffd")
    return shown
