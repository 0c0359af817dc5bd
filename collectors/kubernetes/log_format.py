"""How the lines of a container's log are written, and the kernels that take them apart, a block at a time.

`kubectl logs --timestamps` and the log endpoint put the runtime's stamp (0 to 9 decimals, `Z` or an offset) and a space before a line; `--prefix`
puts `[pod/NAME/CONTAINER] ` before that; a node's own files (CRI) put the stream and a tag after it. Without a runtime stamp
the program's own is all there is, in whatever format: it stays in the text, for `normalize` to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..blocks import SLACK
from ..words import KERNELS, Offsets, newlines
from .log_heads import UNKNOWN, stamp_sizes, tag_sizes

TIME = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d"
RUNTIME = rf"^(?P<stamp>{TIME}(?:\.\d{{1,9}})?(?:[Zz]|[+-]\d\d:?\d\d))(?: |$)"
PRECISE = rf"^{TIME}\.\d{{7,9}}(?:[Zz]|[+-]\d\d:\d\d)(?: |$)"
CRI = r"^(?P<tags>(?:stdout|stderr) (?P<tag>[PF])(?::\S*)?)(?: |$)"
PREFIX = r"^(?P<prefix>\[pod/[^/\] ]+/[^\] ]+\] )"
HEAD_BYTES, PREFIX_BYTES = 48, 400
# What a file is shows in its first lines most of the time; only then are more of them looked at.
GLANCES = (slice(16), slice(16, None))


@dataclass(frozen=True)
class Layout:
    """How one file is written: `[pod/…] ` in front, runtime stamps or none, stream and tag after the stamp."""

    prefixed: bool
    runtime: bool
    cri: bool


@dataclass
class Lines:
    """Some lines of one buffer: `starts` and `ends` are byte offsets of each line's text, the newline left out.

    `data` goes on for `blocks.SLACK` bytes after the last line.
    """

    data: npt.NDArray[np.uint8]
    starts: Offsets
    ends: Offsets

    def heads(self, most: int) -> pa.Array:
        """At most `most` bytes of each line."""
        return pieces(self.data, self.starts, np.minimum(self.starts + most, self.ends))

    def texts(self) -> pa.Array:
        """Each line's bytes."""
        return pieces(self.data, self.starts, self.ends)

    def cut(self, lengths: Offsets) -> None:
        """Take `lengths` bytes off each line's beginning."""
        self.starts = np.minimum(self.starts + lengths, self.ends)

    def some(self, rows: slice | Offsets) -> Lines:
        """Some of the lines, in order."""
        return Lines(self.data, self.starts[rows], self.ends[rows])

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Part:
    """Some lines taken apart: stamp and text of each, whose it is where the file says so, whether it goes on in the next.

    `begins`: where in all that was read each text begins, where that was looked at; `strange` as for `Raw`.
    """

    stamps: pa.Array
    texts: pa.Array
    prefixes: pa.Array | None
    partial: npt.NDArray[np.bool_] | None
    begins: npt.NDArray[np.int64] | None = None
    strange: int | None = None

    def some(self, rows: slice) -> Part:
        """Some of the lines, in order."""
        prefixes, partial = (None if column is None else column[rows] for column in (self.prefixes, self.partial))
        return Part(self.stamps[rows], self.texts[rows], prefixes, partial, None if self.begins is None else self.begins[rows], self.strange)

    def __len__(self) -> int:
        return len(self.texts)


def split(data: npt.NDArray[np.uint8], size: int) -> Lines:
    """The lines of the first `size` bytes, cut at LF alone; one CR before the LF is taken off. The last line may lack its LF."""
    ends = newlines(data[:size])
    if size and (not len(ends) or ends[-1] != size - 1):
        ends = np.append(ends, size)
    starts = np.empty_like(ends)
    starts[:1], starts[1:] = 0, ends[:-1] + 1
    returned = data[ends - 1] == 13
    if returned.any():
        ends = np.where(returned & (ends > starts) & (ends < size), ends - 1, ends)
    return Lines(data, starts, ends)


def layout_of(lines: Lines, asked: str) -> Layout:
    """How the file is written, judged by its first lines; `asked` is "true" or "false" where the request's `timestamps` is known.

    Unasked, stamps at line starts are the runtime's when one of them is finer than a microsecond or CRI tags follow.
    """
    few = lines.some(slice(2000))
    bracketed = (few.data[few.starts] == ord("[")) & (few.starts < few.ends)
    found = lengths(few.heads(PREFIX_BYTES), PREFIX, "prefix") if bracketed.any() else np.zeros(len(few.starts), np.int64)
    few.cut(found)
    stamped = _runtime_sizes(few)
    after = Lines(few.data, np.minimum(few.starts + stamped + 1, few.ends), few.ends).some(np.flatnonzero(stamped))
    cri = bool(len(after.starts)) and all(_all_tagged(after.some(part)) for part in GLANCES)
    said = asked.lower()
    runtime = said == "true" or (said != "false" and (cri or any(_any_precise(few.some(part)) for part in GLANCES)))
    return Layout(bool((found > 0).any()), runtime, cri and runtime and not (found > 0).any())


def _runtime_sizes(lines: Lines) -> Offsets:
    """How many bytes a runtime's stamp takes at each line's beginning, 0 where there is none."""
    sizes = stamp_sizes(lines.data, lines.starts, lines.ends)
    odd = np.flatnonzero(sizes == UNKNOWN)
    if odd.size:
        sizes[odd] = lengths(lines.some(odd).heads(HEAD_BYTES), RUNTIME, "stamp")
    return sizes


def _all_tagged(lines: Lines) -> bool:
    return bool((lengths(lines.heads(HEAD_BYTES), CRI, "tags") > 0).all())


def _any_precise(lines: Lines) -> bool:
    return bool(pc.any(pc.match_substring_regex(lines.heads(HEAD_BYTES), PRECISE)).as_py())


def taken(lines: Lines, layout: Layout) -> Part:
    """The lines taken apart."""
    prefixes = take_prefixes(lines) if layout.prefixed else None
    stamps = take_stamps(lines, layout)
    partial = take_tags(lines) if layout.cri else None
    return Part(stamps, lines.texts(), prefixes, partial)


def take_stamps(lines: Lines, layout: Layout) -> pa.Array:
    """Each line's runtime stamp as text, cut off its line; null where it has none."""
    if layout.runtime:
        sizes = _runtime_sizes(lines)
        stamps = _stamps(lines, sizes)
        lines.cut(sizes + (sizes > 0))
        return stamps
    return pa.nulls(len(lines.starts), pa.string())


def take_tags(lines: Lines) -> npt.NDArray[np.bool_]:
    """Cut stream and tag off each line; True where the tag says that the line goes on in the next record."""
    sizes, partial = tag_sizes(lines.data, lines.starts, lines.ends)
    odd = np.flatnonzero(sizes == UNKNOWN)
    if odd.size:
        found = pc.extract_regex(lines.some(odd).heads(HEAD_BYTES), CRI)
        sizes[odd] = _sizes(pc.struct_field(found, "tags"))
        tag = pc.fill_null(pc.equal(pc.struct_field(found, "tag"), pa.scalar(b"P", pa.binary())), False)
        partial[odd] = np.asarray(tag.to_numpy(zero_copy_only=False), bool)
    lines.cut(np.where(sizes > 0, sizes + 1, 0))
    return partial


def take_prefixes(lines: Lines) -> pa.Array:
    """Cut `[pod/…] ` off each line; the prefixes, null where a line has none."""
    found = pc.struct_field(pc.extract_regex(lines.heads(PREFIX_BYTES), PREFIX), "prefix")
    lines.cut(_sizes(found))
    return found


def _stamps(lines: Lines, sizes: Offsets) -> pa.Array:
    """The first `sizes` bytes of each line as text, null where that is 0."""
    n, size = len(sizes), int(sizes[:1].sum())
    if size and (sizes == size).all():
        # Some more of them than lines: words that are read from the last one do not end beyond the buffer.
        rows = np.append(lines.starts, np.zeros(SLACK // size + 1, np.int64))
        same = np.ndarray((len(lines.data) - size + 1,), f"V{size}", lines.data, 0, (1,))[rows].view(np.uint8)
        offsets = np.arange(0, (n + 1) * size, size, dtype=np.int32)
        return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(same)])
    # One piece more, of what follows, for the same reason.
    last = lines.ends[-1:]
    taken = pieces(lines.data, np.append(lines.starts, last), np.append(lines.starts + sizes, last + SLACK))
    known = pa.py_buffer(np.packbits(sizes > 0, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), n, [known, *taken.buffers()[1:]], offset=taken.offset)


def pieces(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> pa.Array:
    """The byte ranges `[starts, ends)` of `data`, which lie in order, as a binary array."""
    if compiled := KERNELS.module():
        return compiled.pieces(data, starts, ends)
    n = len(starts)
    offsets = np.empty(2 * n + 1, np.int32)
    offsets[0:-1:2], offsets[1::2] = starts, ends
    offsets[-1] = ends[-1] if n else 0
    both = pa.Array.from_buffers(pa.binary(), 2 * n, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return both.take(_even(1 << n.bit_length()).slice(0, n))


@lru_cache(maxsize=4)
def _even(count: int) -> pa.Array:
    """The first even numbers, made once for pieces of about the same number."""
    return pa.array(np.arange(0, 2 * count, 2, dtype=np.int32))


def lengths(texts: pa.Array, pattern: str, group: str) -> Offsets:
    """How many bytes `group` of `pattern` takes in each text, 0 where the pattern does not fit."""
    return _sizes(pc.struct_field(pc.extract_regex(texts, pattern), group))


def _sizes(texts: Any) -> Offsets:
    return np.asarray(pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False), np.int64)
