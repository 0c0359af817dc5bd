"""The rules that a Prometheus evaluates, as `/api/v1/rules` tells them. Knowledge: Prometheus documentation "HTTP API", "Rules"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .promql import Side, rate_window_s, sides
from .ratios import Ratio, Record, ratio


@dataclass(frozen=True)
class AlertRule:
    """One alerting rule; times in seconds. `unparsed` says why there are no sides, "" where the expression was understood.

    `ratios` are the counters behind those sides that are shares of counted things.
    """

    alert: str
    group: str
    expr: str
    for_s: float
    keep_firing_for_s: float
    interval_s: float
    labels: Mapping[str, str]
    pointer: str
    sides: tuple[Side, ...] = ()
    unparsed: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    ratios: tuple[Ratio, ...] = ()


@dataclass(frozen=True)
class RecordRule:
    """One recording rule: what `record` is computed from, and how far back it looks."""

    record: str
    expr: str
    labels: Mapping[str, str]
    interval_s: float
    rate_window_s: float
    pointer: str


@dataclass(frozen=True)
class Rules:
    """All rules of one answer, in its order."""

    alerts: tuple[AlertRule, ...]
    records: tuple[RecordRule, ...]


def rules_of(document: Any) -> Rules:
    """The rules of an answer of `/api/v1/rules`; what lacks a name or an expression is left out."""
    found = list(_rules(document))
    exprs = {rule["name"]: rule["query"] for _, rule, _ in found if rule.get("type") == "recording"}
    known = _records(rule for _, rule, _ in found if rule.get("type") == "recording")
    alerts = tuple(_alert(group, rule, at, exprs, known) for group, rule, at in found if rule.get("type") != "recording")
    records = tuple(
        RecordRule(rule["name"], rule["query"], _texts(rule.get("labels")), _seconds(group.get("interval")), rate_window_s(rule["query"], exprs), at)
        for group, rule, at in found
        if rule.get("type") == "recording"
    )
    return Rules(alerts, records)


def _rules(document: Any) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], str]]:
    data = document.get("data") if isinstance(document, Mapping) else None
    groups = data.get("groups") if isinstance(data, Mapping) else None
    for g, group in enumerate(_listed(groups)):
        if not isinstance(group, Mapping):
            continue
        for r, rule in enumerate(_listed(group.get("rules"))):
            if isinstance(rule, Mapping) and isinstance(rule.get("name"), str) and isinstance(rule.get("query"), str):
                yield group, rule, f"/data/groups/{g}/rules/{r}"


def _records(rules: Iterable[Mapping[str, Any]]) -> dict[str, Record]:
    """Recording rules by name, without names that several expressions write."""
    found: dict[str, set[Record]] = {}
    for rule in rules:
        found.setdefault(rule["name"], set()).add(Record(rule["query"], frozenset(_texts(rule.get("labels")))))
    return {name: next(iter(records)) for name, records in found.items() if len(records) == 1}


def _alert(group: Mapping[str, Any], rule: Mapping[str, Any], pointer: str, exprs: Mapping[str, str], records: Mapping[str, Record]) -> AlertRule:
    unparsed, found = "", []
    try:
        found = sides(rule["query"], exprs)
    except ValueError as error:
        unparsed = str(error)[:200]
    return AlertRule(
        alert=rule["name"],
        group=str(group.get("name") or ""),
        expr=rule["query"],
        for_s=_seconds(rule.get("duration")),
        keep_firing_for_s=_seconds(rule.get("keepFiringFor")),
        interval_s=_seconds(group.get("interval")),
        labels=_texts(rule.get("labels")),
        pointer=pointer,
        sides=tuple(found),
        unparsed=unparsed,
        annotations=_texts(rule.get("annotations")),
        ratios=tuple(dict.fromkeys(r for side in found if not side.guard and (r := ratio(side.series, side.op, records)))),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
