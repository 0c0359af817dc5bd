"""Query answers to raw samples, one row per point; times stay the text they came as. Knowledge: "HTTP API", "Expression query result formats".

Sample times are JSON numbers with up to three decimals, values are strings ("NaN", "+Inf"), native histograms stand under
`histograms` (`histogram`) instead of `values` (`value`) and become samples without a value.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from ..errors import BadPayload
from ..evidence import Reply, decode_json
from ..raw import SAMPLES, Raw, clean_text, facts

BATCH = 200_000
# Past all years that a stamp may have.
MOST_SECONDS = 10**11
Point = tuple[str, str | None]


def read_samples(reply: Reply) -> Generator[Raw, None, Mapping[str, Any]]:
    """Batches of samples, then unreadable points as facts; returns the decoded document. Raises BadPayload."""
    document = decoded(reply.body(), reply.ref)
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or document.get("status") == "error" or not isinstance(data, Mapping):
        said = document.get("error") if isinstance(document, Mapping) else None
        raise BadPayload(f"{reply.ref}: " + (f"the answer is an error: {said}" if said else "the answer holds no data"))
    about = _about(reply, data)
    unreadable: list[dict[str, Any]] = []
    rows = _Rows(about)
    for pointer, labels, points in _series(data, reply.ref):
        good = []
        for where, point in points:
            if _is_point(point):
                good.append((point[0], point[1] if isinstance(point[1], str) else None))
            else:
                unreadable.append({"kind": "unreadable", "ref": f"{reply.ref}#{pointer}{where}", "title": "a sample that is not [time, value]"})
        yield from rows.add(labels, good)
    yield from rows.rest()
    yield from facts(unreadable, "prometheus")
    return document


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
            labels = series.get("metric") or {}
            yield pointer, _canonical(labels) if isinstance(labels, Mapping) else "{}", _points(series)
        else:
            yield pointer, "{}", iter([("", series)])


def _canonical(labels: Mapping[str, Any]) -> str:
    text = json.dumps({str(k): str(v) for k, v in labels.items()}, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _points(series: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in ("values", "histograms"):
        many = series.get(key)
        if isinstance(many, list):
            yield from ((f"/{key}/{i}", point) for i, point in enumerate(many))
    for key in ("value", "histogram"):
        if key in series:
            yield f"/{key}", series[key]


def _about(reply: Reply, data: Mapping[str, Any]) -> dict[str, str]:
    """What holds for every sample. A saved file carries no query: its name stands for it."""
    asked = reply.about
    step = ""
    if reply.form == "query_range" and ("step" in asked or not asked.get("query")):
        step = _plain_seconds(asked.get("step", "")) or spacing(data)
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
    """The step in seconds of the grid that all points of a matrix lie on, "" where there is none: raw samples, or too few points.

    The grid is read off the smallest distance; scraped and evaluated samples have another phase per target or group.
    """
    series = data.get("result")
    stamps = [[Decimal(str(p[0])) for p in points] for points in _stamped(series)] if isinstance(series, list) else []
    gaps = [b - a for times in stamps for a, b in pairwise(times) if b > a]
    if not gaps:
        return ""
    step, first = min(gaps), min(times[0] for times in stamps if times)
    on_grid = all((t - first) % step == 0 for times in stamps for t in times)
    return f"{step.normalize():f}" if on_grid else ""


def _stamped(series: list[Any]) -> Iterator[list[Any]]:
    for one in series:
        many = one.get("values") or one.get("histograms") if isinstance(one, Mapping) else None
        if isinstance(many, list):
            yield [p for p in many if isinstance(p, list) and p and _plain_seconds(str(p[0]))]
