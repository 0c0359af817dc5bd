"""How the lines of a container's log are written, and the kernels that take them apart, a block at a time.

`kubectl logs --timestamps` and the log endpoint put the runtime's stamp (0 to 9 decimals, `Z` or an offset) and a space before a line; `--prefix`
puts `[pod/NAME/CONTAINER] ` before that; a node's own files (CRI) put the stream and a tag after it. Without a runtime stamp
the program's own RFC 3339 stamp is all there is: a JSON value of a usual key, or the first in the line's beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Offsets = npt.NDArray[np.int64]

TIME = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d"
RUNTIME = rf"^(?P<stamp>{TIME}(?:\.\d{{1,9}})?(?:[Zz]|[+-]\d\d:?\d\d))(?: |$)"
PRECISE = rf"^{TIME}\.\d{{7,9}}(?:[Zz]|[+-]\d\d:\d\d)(?: |$)"
CRI = r"^(?P<tags>(?:stdout|stderr) (?P<tag>[PF])(?::\S*)?)(?: |$)"
PREFIX = r"^(?P<prefix>\[pod/[^/\] ]+/[^\] ]+\] )"
ANY = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)"
INNER_JSON = rf'"(?:ts|time|timestamp|@timestamp)"\s*:\s*"(?P<stamp>{ANY})"'
INNER_TEXT = rf"^[^\n]{{0,48}}?(?P<stamp>{ANY})"
HEAD_BYTES, PREFIX_BYTES = 48, 400


@dataclass(frozen=True)
class Layout:
    """How one file is written: `[pod/…] ` in front, runtime stamps (else inner ones), stream and tag after the stamp."""

    prefixed: bool
    runtime: bool
    cri: bool


@dataclass
class Lines:
    """Some lines of one buffer: `starts` and `ends` are byte offsets of each line's text, the newline left out."""

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


def split(data: npt.NDArray[np.uint8]) -> Lines:
    """The lines of `data`, cut at LF alone; one CR before the LF is taken off. The last line may lack its LF."""
    ends = np.flatnonzero(data == 10).astype(np.int64)
    if len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1)) if len(ends) else ends
    last = data[np.maximum(ends - 1, 0)] if len(data) else data
    return Lines(data, starts, np.where((last == 13) & (ends > starts) & (ends < len(data)), ends - 1, ends))


def layout_of(lines: Lines, asked: str) -> Layout:
    """How the file is written, judged by its first lines; `asked` is "true" or "false" where the request's `timestamps` is known.

    Unasked, stamps at line starts are the runtime's when one of them is finer than a microsecond or CRI tags follow.
    """
    few = Lines(lines.data, lines.starts[:2000].copy(), lines.ends[:2000])
    found = lengths(few.heads(PREFIX_BYTES), PREFIX, "prefix")
    prefixed = bool((found > 0).any())
    few.cut(found)
    stamped = lengths(few.heads(HEAD_BYTES), RUNTIME, "stamp")
    precise = pc.any(pc.match_substring_regex(few.heads(HEAD_BYTES), PRECISE)).as_py()
    after = Lines(few.data, np.minimum(few.starts + stamped + 1, few.ends), few.ends)
    tagged = lengths(after.heads(HEAD_BYTES), CRI, "tags") > 0
    cri = bool(stamped.any()) and bool(tagged[stamped > 0].all())
    runtime = asked.lower() == "true" or (asked.lower() != "false" and bool(precise or cri))
    return Layout(prefixed, runtime, cri and runtime)


def take_stamps(lines: Lines, layout: Layout) -> pa.Array:
    """Each line's stamp as text, null where it has none; a runtime's stamp is cut off its line."""
    if layout.runtime:
        found = pc.struct_field(pc.extract_regex(lines.heads(HEAD_BYTES), RUNTIME), "stamp")
        size = _sizes(found)
        lines.cut(np.where(size > 0, size + 1, 0))
        return found.cast(pa.string())
    heads = lines.heads(16_384)
    keyed = pc.struct_field(pc.extract_regex(heads, INNER_JSON), "stamp")
    free = pc.struct_field(pc.extract_regex(lines.heads(96), INNER_TEXT), "stamp")
    return pc.coalesce(keyed, free).cast(pa.string())


def take_tags(lines: Lines) -> npt.NDArray[np.bool_]:
    """Cut stream and tag off each line; True where the tag says that the line goes on in the next record."""
    found = pc.extract_regex(lines.heads(HEAD_BYTES), CRI)
    size = _sizes(pc.struct_field(found, "tags"))
    lines.cut(np.where(size > 0, size + 1, 0))
    partial = pc.fill_null(pc.equal(pc.struct_field(found, "tag"), pa.scalar(b"P", pa.binary())), False)
    return np.asarray(partial.to_numpy(zero_copy_only=False), bool)


def take_prefixes(lines: Lines) -> pa.Array:
    """Cut `[pod/…] ` off each line; the prefixes, null where a line has none."""
    found = pc.struct_field(pc.extract_regex(lines.heads(PREFIX_BYTES), PREFIX), "prefix")
    lines.cut(_sizes(found))
    return found


def pieces(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> pa.Array:
    """The byte ranges `[starts, ends)` of `data`, which lie in order, as a binary array."""
    n = len(starts)
    offsets = np.empty(2 * n + 1, np.int32)
    offsets[0:-1:2], offsets[1::2] = starts, ends
    offsets[-1] = ends[-1] if n else 0
    both = pa.Array.from_buffers(pa.binary(), 2 * n, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return both.take(pa.array(np.arange(0, 2 * n, 2, dtype=np.int64)))


def lengths(texts: pa.Array, pattern: str, group: str) -> Offsets:
    """How many bytes `group` of `pattern` takes in each text, 0 where the pattern does not fit."""
    return _sizes(pc.struct_field(pc.extract_regex(texts, pattern), group))


def _sizes(texts: Any) -> Offsets:
    return np.asarray(pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False), np.int64)
