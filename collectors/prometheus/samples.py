"""Query answers to raw samples, one row per point; times stay the text they came as. Knowledge: "HTTP API", "Expression query result formats".

Sample times are JSON numbers with up to three decimals, values are strings ("NaN", "+Inf"), native histograms stand under
`histograms` (`histogram`) instead of `values` (`value`) and become samples without a value. The points of a large matrix are cut out of
the body as columns where that gives what `json` would read; all else is read by `json`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from itertools import chain, islice
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..errors import BadPayload
from ..evidence import Reply, decode_json
from ..raw import SAMPLES, Raw, clean_text, facts
from .columns import Columns, Outline, columns, grid, nanoseconds, outline, step_of

BATCH = 200_000
# Smaller bodies are read as fast by `json`.
LEAST_CUT = 1 << 14
# Past all years that a stamp may have.
MOST_SECONDS = 10**11
SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False)
Point = tuple[str, str | None]


def read_samples(reply: Reply) -> Generator[Raw, None, Mapping[str, Any]]:
    """Batches of samples, then unreadable points as facts; returns the decoded document. Raises BadPayload, perhaps after batches."""
    body = reply.body()
    around = outline(body) if len(body) >= LEAST_CUT else None
    step = grid(columns(body, around.spans)) if around and _shows_step(reply) else ""
    if around is None or step is None:
        document = _checked(decoded(body, reply.ref), reply.ref)
        step = spacing(document["data"]) if _shows_step(reply) else ""
        yield from _read(document["data"], _about(reply, document["data"], step), reply.ref)
    else:
        document = _checked(around.document, reply.ref)
        yield from _cut(body, around, _about(reply, document["data"], step), reply.ref)
    return document


def _checked(document: Any, ref: str) -> Mapping[str, Any]:
    """`document`, which holds data. Raises BadPayload."""
    if isinstance(document, Mapping) and document.get("status") != "error" and isinstance(document.get("data"), Mapping):
        return document
    said = document.get("error") if isinstance(document, Mapping) else None
    raise BadPayload(f"{ref}: " + (f"the answer is an error: {said}" if said else "the answer holds no data"))


def _cut(body: bytes, around: Outline, about: Mapping[str, str], ref: str) -> Iterator[Raw]:
    """A batch per block; from a block on that is not plain, what `json` reads."""
    labels = [_labels(series) for series in around.document["data"]["result"]]
    done = 0
    for block in columns(body, around.spans):
        if block is None:
            yield from _read(decoded(body, ref)["data"], about, ref, done)
            return
        done += len(block.stamps)
        yield _batch(block, labels, about)


def _batch(block: Columns, labels: Sequence[str], about: Mapping[str, str]) -> Raw:
    texts = [labels[number] for number in block.series]
    known = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    codes = np.repeat(np.array([known[text] for text in texts], np.int32), block.counts)
    indices = pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes)])
    shown = pa.DictionaryArray.from_arrays(indices, pa.array(list(known), pa.string()))
    return Raw("samples", pa.RecordBatch.from_arrays([block.stamps, block.values, shown], schema=SAMPLES), about)


def _read(data: Mapping[str, Any], about: Mapping[str, str], ref: str, done: int = 0) -> Iterator[Raw]:
    """The points of a document as `json` read it, but for the first that are done."""
    unreadable: list[dict[str, Any]] = []
    rows = _Rows(about)
    for pointer, labels, points in _series(data, ref):
        done -= sum(1 for _ in islice(points, done))
        good = []
        for where, point in points:
            if _is_point(point):
                good.append((point[0], point[1] if isinstance(point[1], str) else None))
            else:
                unreadable.append({"kind": "unreadable", "ref": f"{ref}#{pointer}{where}", "title": "a sample that is not [time, value]"})
        yield from rows.add(labels, good)
    yield from rows.rest()
    yield from facts(unreadable, "prometheus")


def decoded(body: bytes, ref: str) -> Any:
    """`body` as JSON with every number as its text. Raises BadPayload."""
    with _no_gc():
        try:
            return json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            decode_json(body, ref)
            raise BadPayload(f"{ref}: the JSON is broken") from None


@contextmanager
def _no_gc() -> Iterator[None]:
    """Millions of small lists make the collector run in vain, at more than the cost of decoding."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Rows:
    """Samples gathered into batches of about BATCH rows; a series' labels are stored once per batch."""

    def __init__(self, about: Mapping[str, str]) -> None:
        self._about = about
        self._clear()

    def _clear(self) -> None:
        self._stamps: list[str] = []
        self._values: list[str | None] = []
        self._codes: list[int] = []
        self._labels: dict[str, int] = {}

    def add(self, labels: str, points: list[Point]) -> Iterator[Raw]:
        if not points:
            return
        stamps, values = zip(*points, strict=True)
        self._stamps.extend(stamps)
        self._values.extend(values)
        self._codes.extend([self._labels.setdefault(labels, len(self._labels))] * len(points))
        if len(self._stamps) >= BATCH:
            yield from self.rest()

    def rest(self) -> Iterator[Raw]:
        if self._stamps:
            labels = pa.DictionaryArray.from_arrays(pa.array(self._codes, pa.int32()), pa.array(list(self._labels), pa.string()))
            columns = [_column(self._stamps), _column(self._values), labels]
            yield Raw("samples", pa.RecordBatch.from_arrays(columns, schema=SAMPLES), self._about)
            self._clear()


def _column(texts: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if text is None else clean_text(text) for text in texts], pa.string())


def _is_point(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and isinstance(point[0], str) and isinstance(point[1], (str, dict))


def _series(data: Mapping[str, Any], ref: str) -> Iterator[tuple[str, str, Iterator[tuple[str, Any]]]]:
    """Per series: its JSON pointer, its labels as JSON text, and its points with their pointers below it."""
    kind, result = data.get("resultType"), data.get("result")
    if kind in ("scalar", "string"):
        yield "/data/result", "{}", iter([("", result)])
        return
    if kind not in ("matrix", "vector") or not isinstance(result, list):
        raise BadPayload(f"{ref}: the answer holds no series (resultType {kind!r})")
    for i, series in enumerate(result):
        pointer = f"/data/result/{i}"
        if isinstance(series, Mapping):
            yield pointer, _labels(series), _points(series)
        else:
            yield pointer, "{}", iter([("", series)])


def _labels(series: Mapping[str, Any]) -> str:
    """The labels of a series as JSON text with sorted keys."""
    labels = series.get("metric")
    if not labels or not isinstance(labels, Mapping):
        return "{}"
    text = SORTED.encode({str(k): str(v) for k, v in labels.items()})
    return text.encode("utf-8", "replace").decode("utf-8")


def _points(series: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("values", "histograms"):
        many = series.get(key)
        if isinstance(many, list):
            yield from ((f"/{key}/{i}", point) for i, point in enumerate(many))
    for key in ("value", "histogram"):
        if key in series:
            yield f"/{key}", series[key]


def _shows_step(reply: Reply) -> bool:
    """Whether the step can only be told by the points: a saved file carries no query."""
    asked = reply.about
    return reply.form == "query_range" and ("step" in asked or not asked.get("query")) and not _plain_seconds(asked.get("step", ""))


def _about(reply: Reply, data: Mapping[str, Any], step: str) -> dict[str, str]:
    """What holds for every sample; `step` is the one that the points show. The name of a saved file stands for its query."""
    asked = reply.about
    if reply.form == "query_range":
        step = step or _plain_seconds(asked.get("step", ""))
    name = name_of(reply)
    if not asked.get("query") and _raw_alerts(data):
        name = _raw_alerts(data)
    return {"name": name, "query": asked.get("query", ""), "step_s": step, "clock": "prometheus", "layout": "epoch_s", "ref": reply.ref}


def name_of(reply: Reply) -> str:
    """The name of the series in a reply: as asked for, else the query, else the file's name without its endings."""
    stem = PurePosixPath(reply.ref).name.removesuffix(".gz").removesuffix(".json")
    return reply.about.get("name") or reply.about.get("query") or stem


def _plain_seconds(text: str) -> str:
    """A step or stamp that is a plausible number of seconds, else ""."""
    try:
        return text if 0 < Decimal(text) < MOST_SECONDS else ""
    except InvalidOperation:
        return ""


def _raw_alerts(data: Mapping[str, Any]) -> str:
    """ALERTS or ALERTS_FOR_STATE where every series is of that name, else ""."""
    result = data.get("result")
    names = (
        {str(s["metric"].get("__name__", "")) for s in result if isinstance(s, Mapping) and isinstance(s.get("metric"), Mapping)}
        if isinstance(result, list)
        else set()
    )
    only = names.pop() if len(names) == 1 else ""
    return str(only) if only in ("ALERTS", "ALERTS_FOR_STATE") else ""


def shape_of(data: Mapping[str, Any]) -> str:
    """Form of a saved answer: `query_range` where the points of all series lie on one grid, else `query`."""
    return "query_range" if data.get("resultType") == "matrix" and (spacing(data) or not data.get("result")) else "query"


def spacing(data: Mapping[str, Any]) -> str:
    """`step_of` the points of a matrix."""
    result = data.get("result")
    stamps = list(_stamped(result)) if isinstance(result, list) else []
    times: npt.NDArray[Any] | None = nanoseconds(_column(list(chain.from_iterable(stamps))))
    if times is None:
        stamps = [[text for text in texts if _plain_seconds(text)] for texts in stamps]
        times = np.array([int(Decimal(text).scaleb(9)) for text in chain.from_iterable(stamps)], object)
    return step_of(np.split(times, np.cumsum([len(texts) for texts in stamps])[:-1]))


def _stamped(result: list[Any]) -> Iterator[list[str]]:
    """What each series has in the places of times, as text."""
    for one in result:
        many = one.get("values") or one.get("histograms") if isinstance(one, Mapping) else None
        if isinstance(many, list):
            yield [str(p[0]) for p in many if isinstance(p, list) and p]
