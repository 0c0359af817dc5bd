"""A saved container log as batches of lines, read in blocks so that memory stays bounded however long the log is.

Lines end at LF alone; their bytes are kept as received (lone CR, NUL, colours, broken UTF-8). A line without a stamp of its
own (what follows a stored fragment, a traceback of a program without runtime stamps) has a null stamp and belongs to the line
before. An empty log gives one empty batch, so that its stream is known.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import BadPayload
from ..evidence import Reply
from ..raw import LINES, Raw, facts
from . import log_format
from .log_format import Layout

NAME = "kubernetes"
BLOCK_BYTES = 4 << 20
LONGEST_LINE = 16 << 20
BOM = b"\xef\xbb\xbf"
REFUSALS = (b"unable to retrieve container logs", b'{"kind":"Status"')


@dataclass
class Place:
    """Where reading stands: the line's number that comes next, and whose lines they are ("" until a prefix says)."""

    number: int = 1
    prefix: bytes = b""
    layout: Layout | None = None
    any: bool = False


def log_lines(reply: Reply) -> Iterator[Raw]:
    """Batches of `raw.LINES`, in file order, one stream each. Raises BadPayload for a broken gzip file, after what could be read.

    The text that some kubelets answer in a log's place gives a `context.warning` fact instead.
    """
    place = Place()
    for block, complete in _blocks(reply):
        if place.number == 1 and block.lstrip().startswith(REFUSALS) and block.count(b"\n") <= 1:
            yield _warning(block, reply)
            return
        yield from _read_block(block, complete, place, reply)
    if not place.any:
        yield Raw("lines", pa.RecordBatch.from_pylist([], schema=LINES), _about(reply, "", place))


def _blocks(reply: Reply) -> Iterator[tuple[bytes, bool]]:
    """The log in blocks of whole lines; False with a block whose last line lacks its end."""
    rest = b""
    try:
        with reply.open() as file:
            first = True
            while block := file.read(BLOCK_BYTES):
                rest += block.removeprefix(BOM) if first else block
                first = False
                cut = rest.rfind(b"\n") + 1
                if cut:
                    yield rest[:cut], True
                    rest = rest[cut:]
                elif len(rest) > LONGEST_LINE:
                    yield rest, False
                    rest = b""
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        if rest:
            yield rest, False
        raise BadPayload(f"{reply.ref}: the compressed file is broken: {error}") from error
    if rest:
        yield rest, False


def _read_block(block: bytes, complete: bool, place: Place, reply: Reply) -> Iterator[Raw]:
    lines = log_format.split(np.frombuffer(block, np.uint8))
    layout = place.layout or log_format.layout_of(lines, reply.about.get("timestamps", ""))
    place.layout, place.any = layout, True
    numbers = np.arange(place.number, place.number + len(lines.starts), dtype=np.int64)
    place.number += block.count(b"\n")
    prefixes = log_format.take_prefixes(lines) if layout.prefixed else None
    stamps = log_format.take_stamps(lines, layout)
    partial = log_format.take_tags(lines) if layout.cri else np.zeros(len(numbers), bool)
    truncated = np.zeros(len(numbers), bool)
    truncated[-1] = not complete
    columns = [stamps, lines.texts(), pa.array(numbers), pa.array(truncated)]
    batch = pa.RecordBatch.from_arrays(columns, schema=LINES)
    if partial.any():
        batch = _joined(batch, partial)
    if prefixes is None:
        yield Raw("lines", batch, _about(reply, "", place))
        return
    yield from _by_stream(batch, prefixes, place, reply)


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
