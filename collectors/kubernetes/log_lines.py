"""A saved container log as batches of lines, read in blocks so that memory stays bounded however long the log is.

Lines end at LF alone; their bytes are kept as received (lone CR, NUL, colours, broken UTF-8). A line without a stamp of its
own (what follows a stored fragment, a traceback of a program without runtime stamps) has a null stamp and belongs to the line
before. An empty log gives one empty batch, so that its stream is known. A line of more than LONGEST_LINE bytes is several, of one number; only
the first has a stamp, and all but the last count as truncated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..blocks import BROKEN, Block, ahead, blocks
from ..compiled import Compiled
from ..errors import BadPayload
from ..evidence import Reply
from ..packed import is_plain
from ..raw import LINES, Raw, facts
from . import log_format
from .log_format import Layout, Lines, Part

NAME = "kubernetes"
KERNELS = Compiled(__package__, "log_compiled")
BLOCK_BYTES = 4 << 20
BATCH_LINES = 1 << 16
LONGEST_LINE = 16 << 20
REFUSALS = (b"unable to retrieve container logs", b'{"kind":"Status"')


@dataclass
class Place:
    """Where reading stands: the line's number that comes next, whose lines they are ("" until a prefix says), fragments whose record goes on.

    In a file that is not `plain` nothing stands as it is read.
    """

    plain: bool = False
    number: int = 1
    prefix: bytes = b""
    layout: Layout | None = None
    open: pa.RecordBatch | None = None


def log_lines(reply: Reply) -> Iterator[Raw]:
    """Batches of `raw.LINES`, in file order, one stream each. Raises BadPayload for a broken compressed file, after what could be read.

    The text that some kubelets answer in a log's place gives a `context.warning` fact instead.
    """
    try:
        with reply.open() as file:
            yield from _read(blocks(file, BLOCK_BYTES, LONGEST_LINE), reply, Place(is_plain(file)))
    except BROKEN as error:
        raise BadPayload(f"{reply.ref}: the compressed file is broken: {error}") from error


def _read(given: Iterator[Block], reply: Reply, place: Place) -> Iterator[Raw]:
    first = next(given, None)
    if first is None:
        yield Raw("lines", pa.RecordBatch.from_pylist([], schema=LINES), _about(reply, "", place))
        return
    start = first.data[: min(first.size, 4096)].tobytes().lstrip()
    if start.startswith(REFUSALS) and np.count_nonzero(first.data[: first.size] == 10) <= 1:
        yield _warning(first.data[: first.size].tobytes(), reply)
        return
    asked = reply.about.get("timestamps", "")

    broken = None
    try:
        for found, whole in ahead((_split(block, place.layout), block.whole) for block in chain((first,), given)):
            for row in range(0, len(found), BATCH_LINES):
                some = found.some(slice(row, row + BATCH_LINES))
                if isinstance(some, Lines):
                    place.layout = place.layout or log_format.layout_of(some, asked)
                    some = log_format.taken(some, place.layout)
                yield from _raws(some, place, reply, cut=not whole and row + BATCH_LINES >= len(found))
    except BROKEN as error:
        broken = error
    if place.open is not None:
        yield Raw("lines", _joined(place.open, np.ones(place.open.num_rows, bool)), _about(reply, "", place))
    if broken:
        raise broken


def _split(block: Block, layout: Layout | None) -> Lines | Part:
    """The lines of a block, taken apart at once where compiled kernels do it: they leave the interpreter to the other thread."""
    compiled = KERNELS.module() if layout and not layout.prefixed else None
    found: Part | None = compiled.taken(block, layout) if compiled else None
    return found or log_format.split(block.data, block.size)


def _raws(part: Part, place: Place, reply: Reply, *, cut: bool) -> Iterator[Raw]:
    """The batches of a part, which is the next; `cut`: its last line lacks its end."""
    count = len(part)
    numbers = np.arange(place.number, place.number + count, dtype=np.int64)
    place.number += count - cut
    truncated = _none_truncated(1 << count.bit_length()).slice(0, count)
    if cut:
        truncated = pa.concat_arrays([truncated.slice(1), pa.array([True])])
    batch = pa.RecordBatch.from_arrays([part.stamps, part.texts, pa.array(numbers), truncated], schema=LINES)
    if part.prefixes is not None:
        yield from _by_stream(batch, part.prefixes, place, reply)
        return
    strange = part.strange if place.open is None else None
    whole = batch if part.partial is None else _whole(batch, part.partial, place)
    begins = part.begins if place.plain and whole is batch else None
    if whole.num_rows:
        yield Raw("lines", whole, _about(reply, "", place), begins, strange)


@lru_cache(maxsize=4)
def _none_truncated(count: int) -> pa.Array:
    return pa.repeat(pa.scalar(False), count)


def _whole(batch: pa.RecordBatch, partial: npt.NDArray[np.bool_], place: Place) -> pa.RecordBatch:
    """`batch` with fragments joined; those at its end wait in `place.open` for what ends them, up to LONGEST_LINE bytes."""
    if place.open is not None:
        batch = pa.concat_batches([place.open, batch])
        partial = np.concatenate((np.ones(place.open.num_rows, bool), partial))
        place.open = None
    ended = np.flatnonzero(~partial)
    first = int(ended[-1]) + 1 if ended.size else 0
    if first < len(partial) and batch.column("text").slice(first).nbytes < LONGEST_LINE:
        place.open = batch.slice(first)
        batch, partial = batch.slice(0, first), partial[:first]
    return _joined(batch, partial) if partial.any() else batch


def _joined(batch: pa.RecordBatch, partial: npt.NDArray[np.bool_]) -> pa.RecordBatch:
    """`batch` with each run of fragments and the record that ends it as one line with the first one's stamp; loops over fragments alone."""
    texts = batch.column("text")
    keep = np.ones(len(partial), bool)
    keep[1:] = ~partial[:-1]
    runs = np.flatnonzero(keep & partial)
    ends = np.append(np.flatnonzero(keep), len(partial))
    whole = [b"".join(texts[i].as_py() for i in range(run, ends[np.searchsorted(ends, run, "right")])) for run in runs.tolist()]
    mask = np.zeros(len(partial), bool)
    mask[runs] = True
    joined = pc.replace_with_mask(texts, pa.array(mask), pa.array(whole, pa.binary()))
    return batch.set_column(1, LINES.field("text"), joined).filter(pa.array(keep))


def _by_stream(batch: pa.RecordBatch, prefixes: pa.Array, place: Place, reply: Reply) -> Iterator[Raw]:
    """One batch per prefix; a line without one goes with the line before, across blocks too."""
    coded = prefixes.dictionary_encode()
    names: list[bytes] = [*coded.dictionary.to_pylist(), place.prefix]
    codes = np.asarray(coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    last = np.maximum.accumulate(np.where(codes >= 0, np.arange(len(codes)), -1))
    whose = np.where(last >= 0, codes[np.maximum(last, 0)], len(names) - 1)
    place.prefix = names[int(whose[-1])]
    for code in dict.fromkeys(whose.tolist()):
        yield Raw("lines", batch.filter(pa.array(whose == code)), _about(reply, names[code].decode("utf-8", "replace"), place))


def _about(reply: Reply, prefix: str, place: Place) -> dict[str, str]:
    about = {name: reply.about.get(name, "") for name in ("namespace", "pod", "container", "instance")}
    if prefix:
        _, pod, container = prefix.strip("[] ").split("/", 2)
        same = (pod, container) == (about["pod"], about["container"])
        about.update(pod=pod, container=container, instance=about["instance"] if same else "")
    node = reply.about.get("node", "")
    runtime = place.layout is None or place.layout.runtime
    return {**about, "clock": f"kubernetes/node/{node}" if node else "kubernetes/node", "ref": reply.ref, "stamps": "runtime" if runtime else "inner"}


def _warning(block: bytes, reply: Reply) -> Raw:
    text = block.decode("utf-8", "replace").strip()
    fact = {"kind": "context.warning", "title": text[:300], "ref": f"{reply.ref}#line 1", "attributes": {"text": text, **_about(reply, "", Place())}}
    return next(facts([fact], NAME))
