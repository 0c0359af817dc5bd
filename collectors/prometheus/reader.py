"""Replies of Prometheus' HTTP API to raw samples and facts; no network, no clock. Knowledge: Prometheus documentation "HTTP API".

Forms: `query_range`, `query` (instant answers and raw range selectors), `now` (`query=time()`), `rules`, `alerts`, `config`,
`buildinfo`, `runtimeinfo`, `targets` (known, nothing is read from it). A record is one sample, or one alert of `/api/v1/alerts`.

Facts, with their attributes:
`context.rule`            alert, group, expr, for_s, keep_firing_for_s, interval_s, labels, annotations, unparsed,
                          sides: [{series, op, threshold, rate_window_s, guard, metric, matchers: [[label, operator, value]]}],
                          ratios: [{part, whole: [{metric, matchers, kept: {names, but}, fixed}], good}]
`context.record`          record, expr, labels, interval_s, rate_window_s
`context.external_labels` labels, scrape_interval, evaluation_interval (as configured, such as "15s")
`context.series`          name, query, threshold, op, rate_window_s, guard, rule, role, step_s, start, end; one per threshold of the series;
                          of counters behind a share (role "counter") without a threshold, with part ("failed" | "all") and alert
`context.now`             now (epoch seconds as text), asked_at, received_at, date
`context.version`         version and the other build information
`context.retention`       seconds (0 where only a size bounds it), text as told, such as "15d or 10GiB"
`context.warning`         text, level ("warning" | "info"): the data beside it may be partial
`state.alert_now`         stamp activeAt; state, value, annotations
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import BadPayload
from ..evidence import Reply
from ..raw import Raw, clean_text, facts
from .samples import name_of, read_samples, shape_of

NAME = "prometheus"
Fact = dict[str, Any]
MATRIX_FORMS = ("query_range", "query")
TELLING = {"groups": "rules", "alerts": "alerts", "yaml": "config", "activeTargets": "targets", "goVersion": "buildinfo", "storageRetention": "runtimeinfo"}


def read(reply: Reply) -> Iterator[Raw]:
    """Batches of one reply. Raises BadPayload where the body is not what the API promises."""
    if reply.form in MATRIX_FORMS:
        document = yield from read_samples(reply)
        yield from facts([*_series(reply), *_warnings(document, reply.ref)], NAME)
        return
    if reply.form not in FORMS:
        raise BadPayload(f"{reply.ref}: there is no reader for the form {reply.form!r}")
    document = reply.json()
    _demand_success(document, reply.ref)
    yield from facts([*FORMS[reply.form](document, reply), *_warnings(document, reply.ref)], NAME)


def recognise(document: Any, name: str) -> str | None:  # noqa: ARG001 - what a document is, its content says
    """The form of a saved answer, None where it is not one of Prometheus'."""
    if not isinstance(document, Mapping) or document.get("status") not in ("success", "error"):
        return None
    data = document.get("data")
    if not isinstance(data, Mapping):
        return None
    if "resultType" in data and "result" in data:
        return shape_of(data)
    return next((form for key, form in TELLING.items() if key in data), None)


def _demand_success(document: Any, ref: str) -> None:
    if not isinstance(document, Mapping):
        raise BadPayload(f"{ref}: the answer is no JSON object")
    if document.get("status") == "error":
        raise BadPayload(f"{ref}: the answer is an error: {document.get('error')}")
    if not isinstance(document.get("data"), Mapping):
        raise BadPayload(f"{ref}: the answer holds no data")


def _warnings(document: Any, ref: str) -> Iterator[Fact]:
    for key in ("warnings", "infos"):
        told = document.get(key) if isinstance(document, Mapping) else None
        for i, text in enumerate(told if isinstance(told, list) else ()):
            yield {"kind": "context.warning", "ref": f"{ref}#/{key}/{i}", "title": str(text), "attributes": {"text": clean_text(str(text)), "level": key[:-1]}}


def _series(reply: Reply) -> Iterator[Fact]:
    """What is known of the series asked for: one fact per threshold, one without where there is none."""
    about = reply.about
    if not about.get("query") or (reply.form != "query_range" and about.get("role") != "counter"):
        return
    common = {key: about.get(key, "") for key in ("query", "role", "start", "end")} | {"name": name_of(reply), "step_s": about.get("step", "")}
    common |= {key: about[key] for key in ("part", "alert") if about.get(key)}
    for side in _sides(about) or [{}]:
        known = {key: side.get(key) for key in ("threshold", "op", "rate_window_s", "rule", "guard")}
        yield {"kind": "context.series", "ref": reply.ref, "attributes": {**common, **known, "role": side.get("role") or common["role"]}}


def _sides(about: Mapping[str, str]) -> list[dict[str, Any]]:
    if about.get("sides"):
        return list(json.loads(about["sides"]))
    if about.get("threshold"):
        window = about.get("rate_window_s")
        return [{"threshold": float(about["threshold"]), "op": about.get("op"), "rate_window_s": float(window) if window else 0.0, "rule": about.get("rule")}]
    return []


def _now(document: Any, reply: Reply) -> Iterator[Fact]:
    result = document["data"].get("result")
    try:
        point = result if document["data"].get("resultType") == "scalar" else result[0]["value"]
        now = str(point[1])
    except (TypeError, LookupError):
        raise BadPayload(f"{reply.ref}: the answer to time() holds no number") from None
    told = {"now": now, "asked_at": reply.asked_at, "received_at": reply.received_at, "date": reply.date}
    yield {"kind": "context.now", "ref": f"{reply.ref}#/data/result", "attributes": told}


def _rules(document: Any, reply: Reply) -> Iterator[Fact]:
    from .rules import rules_of

    known = rules_of(document)
    for rule in known.alerts:
        names = ("alert", "group", "expr", "for_s", "keep_firing_for_s", "interval_s", "labels", "annotations", "unparsed")
        told = {name: getattr(rule, name) for name in names} | {"sides": [side.as_attributes() for side in rule.sides]}
        told["ratios"] = [ratio.as_attributes() for ratio in rule.ratios]
        yield {"kind": "context.rule", "ref": f"{reply.ref}#{rule.pointer}", "attributes": told}
    for record in known.records:
        told = {name: getattr(record, name) for name in ("record", "expr", "labels", "interval_s", "rate_window_s")}
        yield {"kind": "context.record", "ref": f"{reply.ref}#{record.pointer}", "attributes": told}


def _alerts(document: Any, reply: Reply) -> Iterator[Fact]:
    listed = document["data"].get("alerts")
    for i, alert in enumerate(listed if isinstance(listed, list) else ()):
        ref = f"{reply.ref}#/data/alerts/{i}"
        if not isinstance(alert, Mapping) or not isinstance(alert.get("labels"), Mapping):
            yield {"kind": "unreadable", "ref": ref, "title": "an alert without labels"}
            continue
        labels = _texts(alert["labels"])
        yield {
            "kind": "state.alert_now",
            "ref": ref,
            "stamp": alert.get("activeAt"),
            "resolution_ns": 1,
            "title": f"{labels.get('alertname', 'alert')} is {alert.get('state', 'active')}",
            "severity": labels.get("severity"),
            "labels": labels,
            "attributes": {"state": alert.get("state"), "value": alert.get("value"), "annotations": _texts(alert.get("annotations"))},
        }


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}


def _config(document: Any, reply: Reply) -> Iterator[Fact]:
    told = global_config(str(document["data"].get("yaml") or ""))
    labels = told.get("external_labels")
    names = ("scrape_interval", "evaluation_interval")
    shown = {"labels": {str(k): str(v) for k, v in labels.items()} if isinstance(labels, Mapping) else {}, **{n: str(told[n]) for n in names if n in told}}
    yield {"kind": "context.external_labels", "ref": f"{reply.ref}#/data/yaml", "attributes": shown}


def global_config(text: str) -> Mapping[str, Any]:
    """The `global` block of a configuration; the rest, which can be megabytes, is not parsed. Empty where it cannot be read."""
    import yaml

    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if line.rstrip() == "global:"]
    if not starts:
        return {}
    ends = (i for i in range(starts[0] + 1, len(lines)) if lines[i][:1] not in ("", " ", "#"))
    try:
        block = yaml.load("\n".join(lines[starts[0] : next(ends, len(lines))]), yaml.BaseLoader)  # noqa: S506 - makes nothing but text
    except yaml.YAMLError:
        return {}
    found = block.get("global")
    return found if isinstance(found, Mapping) else {}


def _buildinfo(document: Any, reply: Reply) -> Iterator[Fact]:
    yield {"kind": "context.version", "ref": f"{reply.ref}#/data", "attributes": {str(k): str(v) for k, v in document["data"].items()}}


def _runtimeinfo(document: Any, reply: Reply) -> Iterator[Fact]:
    from .promql import duration_s

    text = clean_text(str(document["data"].get("storageRetention") or ""))
    if text:
        known = {"seconds": next(filter(None, map(duration_s, text.split(" or "))), 0.0), "text": text}
        yield {"kind": "context.retention", "ref": f"{reply.ref}#/data/storageRetention", "attributes": known}


def _targets(document: Any, reply: Reply) -> Iterator[Fact]:  # noqa: ARG001 - same face as the others
    return iter(())


FORMS: dict[str, Callable[[Any, Reply], Iterator[Fact]]] = {
    "now": _now,
    "rules": _rules,
    "alerts": _alerts,
    "config": _config,
    "buildinfo": _buildinfo,
    "runtimeinfo": _runtimeinfo,
    "targets": _targets,
}
