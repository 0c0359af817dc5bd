"""Saved answers of the four sources, and the files around them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from retroline.collectors import files
from retroline.collectors.errors import BadPayload, ConfigError, SourceError
from retroline.collectors.evidence import Evidence, Failure, indexes
from retroline.collectors.raw import clean_text
from retroline.collectors.recognise import recognise_file
from retroline.collectors.recognise_logs import Found, Passed
from retroline.collectors.registry import collector
from retroline.normalize.samples import normal_samples
from retroline.normalize.stamps import NONE_NS, instant_ns
from saved import Room, check_batches, check_facts, documents, reply

FORMS = (
    ("kubernetes", "list"), ("kubernetes", "version"), ("alertmanager", "alerts"), ("alertmanager", "groups"), ("alertmanager", "silences"),
    ("alertmanager", "status"), ("alertmanager", "receivers"), ("alertmanager", "history"), ("pagerduty", "incidents"), ("pagerduty", "log_entries"),
    ("pagerduty", "alerts"), ("pagerduty", "notes"), ("pagerduty", "change_events"), ("prometheus", "rules"), ("prometheus", "alerts"),
    ("prometheus", "config"), ("prometheus", "buildinfo"), ("prometheus", "runtimeinfo"), ("prometheus", "now"), ("prometheus", "targets"),
)  # fmt: skip
SOURCES = {name: [pair for pair in FORMS if pair[0] == name] for name in ("kubernetes", "alertmanager", "pagerduty", "prometheus")}
NAMES = ("a.json", "pods.json", "alerts.json", "web-1/app.log", "logs/shop/web-1/app.log.gz", "history.jsonl", "x.txt", "incident-P1.json", "x.gz")
LISTS = ("items", "incidents", "log_entries", "alerts", "notes", "change_events")
ROOM = Room()


def of_source(source: str, data: bytes) -> None:
    """The first byte chooses the form. Facts are well formed, hold no stamp that the document does not, and every item is told of."""
    forms = SOURCES[source]
    form, body = forms[(data[0] if data else 0) % len(forms)][1], data[1:]
    try:
        raws = list(collector(source).read(reply(ROOM, body, source, form, asked_at="2026-11-21T01:20:00Z")))
    except BadPayload:
        return
    rows = check_facts(raws, body, "r/s/saved.json")
    found = documents(body)
    if form not in ("history", "status", "version") and len(found) == 1:
        told = {row["ref"].partition("#")[2] for row in rows}
        parts = {"/".join(ref.split("/")[:n]) for ref in told for n in range(2, len(ref.split("/")) + 1)}
        assert [item for item in _items(found[0], source, form) if item not in parts] == []


def _items(document: Any, source: str, form: str) -> Iterator[str]:
    """JSON pointers of the items that a document of that form must be told of."""
    if form == "groups":
        for i, group in enumerate(document if isinstance(document, list) else ()):
            inner = group.get("alerts") if isinstance(group, Mapping) else None
            yield from (f"/{i}/alerts/{j}" for j in range(len(inner))) if isinstance(inner, list) and inner else ()
    elif source == "alertmanager" and isinstance(document, list):
        yield from (f"/{i}" for i in range(len(document)))
    elif source in ("kubernetes", "pagerduty") and isinstance(document, Mapping):
        for key in LISTS[:1] if source == "kubernetes" else (form,):
            if isinstance(document.get(key), list) and document.get("kind") != "Status":
                yield from (f"/{key}/{i}" for i in range(len(document[key])))


def series(data: bytes) -> None:
    """Range and instant answers: every point is a sample, in order, as text, or an unreadable fact; its instant is exactly what it says."""
    form, body = ("query_range", "query")[(data[0] if data else 0) % 2], data[1:]
    try:
        raws = list(collector("prometheus").read(reply(ROOM, body, "prometheus", form, name="x")))
    except BadPayload:
        return
    check_batches(raws)
    document = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    found = list(_points(document["data"]))
    expected = [(labels, clean_text(p[0]), clean_text(p[1]) if isinstance(p[1], str) else None) for labels, p in found if _is_point(p)]
    samples = [raw for raw in raws if raw.table == "samples"]
    rows = [(row["labels"], row["stamp"], row["value"]) for raw in samples for row in raw.batch.to_pylist()]
    unreadable = sum(raw.batch["kind"].to_pylist().count("unreadable") for raw in raws if raw.table == "facts")
    assert rows == expected
    assert unreadable == len(found) - len(expected)
    for raw in samples:
        at, values, _ = normal_samples(raw)
        assert [None if one == NONE_NS else one for one in at.tolist()] == [instant_ns(text, "epoch_s") for text in raw.batch["stamp"].to_pylist()]
        assert np.array_equal(values, [_value(text) for text in raw.batch["value"].to_pylist()], equal_nan=True)


def _value(text: str | None) -> float:
    try:
        return float(text) if text is not None and text.isascii() and "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def _is_point(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and isinstance(point[0], str) and isinstance(point[1], (str, dict))


def _points(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(labels as JSON, point) of every point, in the document's order."""
    if data["resultType"] in ("scalar", "string"):
        yield "{}", data.get("result")
        return
    for one in data["result"]:
        if not isinstance(one, Mapping):
            yield "{}", one
            continue
        metric = one.get("metric") or {}
        named = {str(k): str(v) for k, v in metric.items()} if isinstance(metric, Mapping) else {}
        labels = clean_text(json.dumps(named, sort_keys=True, ensure_ascii=False))
        for key in ("values", "histograms"):
            yield from ((labels, point) for point in (one.get(key) if isinstance(one.get(key), list) else ()))
        yield from ((labels, one[key]) for key in ("value", "histogram") if key in one)


def saved_file(data: bytes) -> None:
    """The first byte chooses the file's name. A file is known, and then read without a crash, or there is a sentence that says why not."""
    name, body = NAMES[(data[0] if data else 0) % len(NAMES)], data[1:]
    path = ROOM.file(body, f"from/{name}")
    found = recognise_file(path, name)
    if isinstance(found, Passed):
        assert name in found.text
        return
    assert isinstance(found, Found)
    held = reply(ROOM, body if found.body is None else found.body, "files", found.form, **{**found.about, "reader": found.reader})
    try:
        check_batches(list(files.read(held)))
    except SourceError as error:
        assert str(error)


def index_lines(data: bytes) -> None:
    """An index that somebody changed gives replies inside the evidence, failures, or a sentence; a run that goes on with it writes one that can be read."""
    ROOM.clear()
    ROOM.file(data, "r1/prometheus/index.jsonl")
    ROOM.file(b"{}", "r1/prometheus/a.json")
    try:
        found = list(indexes(ROOM.path))
    except ConfigError as error:
        assert "index.jsonl" in str(error)
        found = []
    for index in found:
        assert all(one.path.resolve().is_relative_to(ROOM.path.resolve()) for one in index.replies)
        assert all(isinstance(one, Failure) for one in index.failures)
    try:
        evidence = Evidence(ROOM.path, "r1", "prometheus", lambda: "2026-11-21T01:30:00Z")
        held = evidence.held("a")
        evidence.failed("no", what="b")
    except ConfigError:
        return
    assert held is None or held.path.resolve().is_relative_to(ROOM.path.resolve())
    if found:
        after = next(indexes(ROOM.path))
        assert Counter(f.what for f in after.failures)["b"] >= 1
