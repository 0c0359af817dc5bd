"""Raw log lines to the `lines` table: instants, shown text, window; columnar throughout."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.raw import Raw
from ..collectors.window import Window
from .inner_lines import InnerLines
from .shown import shown_text
from .stamps import NONE_NS, Nanoseconds, instants
from .tables import INSTANT, LINES
from .window import inside

# What is added to a clock's readings, and how wrong that may be, in nanoseconds.
Correction = tuple[int, int]
AS_RECEIVED: Correction = (0, 0)

Kept = npt.NDArray[np.bool_]
STREAM = ("namespace", "pod", "container")
NAMES = tuple(LINES.names)


@dataclass(frozen=True)
class LineCount:
    """Where the lines of one batch went; `last_ns` carries the running stamp to the next batch of the stream.

    `numbers` are the line numbers of those in the window; `begins` is where their texts begin in their file, if they stand there as they
    are shown.
    """

    received: int
    outside: int
    unreadable: int
    first_ns: int | None
    last_ns: int | None
    numbers: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64), compare=False)
    begins: npt.NDArray[np.int64] | None = field(default=None, compare=False)


def normal_lines(
    raw: Raw, window: Window, before_ns: int | None = None, correction: Correction = AS_RECEIVED, inner: InnerLines | None = None
) -> tuple[pa.RecordBatch, LineCount]:
    """The lines of one raw batch that lie in the window, as LINES.

    A line without a stamp belongs to the line before it (`before_ns`: the last instant of the batch before); with none before
    it is unreadable. A stamp of the runtime is exact to the nanosecond; `correction` is that of its clock. Everything that is
    counted and compared, `before_ns` too, is on corrected time. Where the runtime stamped nothing, `inner` reads what the program wrote.
    """
    shift_ns, error_ns = correction
    stamps, before, after = inner.times(raw.batch.column("text")) if inner else (instants(raw.batch.column("stamp"), "rfc3339"), 0, 1)
    at = filled(_moved(stamps, shift_ns), before_ns)
    seen, kept = _seen(at, window)
    chosen, times = (raw.batch, at) if kept is None else _chosen(raw.batch, at, kept)
    count = len(times)
    text = shown_text(chosen.column("text"), raw.strange)
    columns = {
        "at": pa.array(times).view(INSTANT),
        "text": text,
        "truncated": chosen.column("truncated"),
    }
    widths = {"before_ns": before + error_ns, "after_ns": after + error_ns}
    columns |= {name: pa.array(width if kept is None else width[kept]) for name, width in widths.items() if not isinstance(width, int)}
    known = {name: raw.about.get(name) or None for name in STREAM} | {"correction_ns": shift_ns} | {k: w for k, w in widths.items() if isinstance(w, int)}
    same = _same(tuple(known.items()), 1 << count.bit_length())
    arrays = [columns[name] if name in columns else same[name].slice(0, count) for name in NAMES]
    counted = LineCount(
        received=len(at),
        outside=len(seen) - count,
        unreadable=len(at) - len(seen),
        first_ns=int(seen.min()) if len(seen) else None,
        last_ns=int(seen[-1]) if len(seen) else before_ns,
        numbers=np.asarray(chosen.column("number").to_numpy(zero_copy_only=False), np.int64),
        begins=_begins(raw, kept) if _unchanged(chosen.column("text"), text) else None,
    )
    return pa.RecordBatch.from_arrays(arrays, schema=LINES), counted


def _moved(at: Nanoseconds, shift_ns: int) -> Nanoseconds:
    return np.where(at == NONE_NS, at, at + shift_ns) if shift_ns else at


def _seen(at: Nanoseconds, window: Window) -> tuple[Nanoseconds, Kept | None]:
    """The instants that are known, and which rows lie in the window; None for all of them, as most of the time."""
    if len(at) and at.min() >= max(window.since_ns, NONE_NS + 1) and at.max() < window.until_ns:
        return at, None
    readable = at != NONE_NS
    return at if readable.all() else at[readable], readable & inside(at, window)


def _chosen(batch: pa.RecordBatch, at: Nanoseconds, kept: Kept) -> tuple[pa.RecordBatch, Nanoseconds]:
    """The rows to keep, and their instants; without a copy where they follow each other, as the lines of a log do."""
    count = int(np.count_nonzero(kept))
    first = int(kept.argmax()) if count else 0
    if kept[first : first + count].all():
        return batch.slice(first, count), at[first : first + count]
    return batch.filter(pa.array(kept)), at[kept]


def _begins(raw: Raw, kept: Kept | None) -> npt.NDArray[np.int64] | None:
    return raw.begins if raw.begins is None or kept is None else raw.begins[kept]


def _unchanged(received: pa.Array, shown: pa.Array) -> bool:
    """Whether the texts are shown as they were received: then nothing was copied."""
    before, after = received.buffers()[2], shown.buffers()[2]
    return before is not None and after is not None and int(before.address) == int(after.address)


@lru_cache(maxsize=8)
def _same(items: tuple[tuple[str, str | int | None], ...], count: int) -> dict[str, pa.Array]:
    """The columns that are the same in every row of a stream, longer than a batch and made once for all of them; null where nothing is known."""
    known = dict(items)
    return {f.name: pa.nulls(count, f.type) if known.get(f.name) is None else pa.repeat(pa.scalar(known[f.name], f.type), count) for f in LINES}


def filled(at: Nanoseconds, before_ns: int | None) -> Nanoseconds:
    """`at` with every gap taking the last instant before it."""
    known: Kept = at != NONE_NS
    if known.all():
        return at
    last = np.maximum.accumulate(np.where(known, np.arange(len(at)), -1))
    carried = at[np.maximum(last, 0)]
    return np.where(last >= 0, carried, NONE_NS if before_ns is None else before_ns)
