"""Which limits a series has: from the query it was asked by (`context.series`), or from a rule that names it (`context.rule`).

A saved answer carries no query; it is known by its `__name__` and labels, where a rule compares just these (a recording rule), or by its
file's name, where that is an alert with a single side.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .rows import Fact, Given, Series

SERVICE = ("service", "app", "deployment")
PLUMBING = frozenset({"__name__", "instance", "job", "endpoint", "prometheus", "uid", "pod_template_hash"})
MOST_LABELS = 4
# Words by which an expression tells that it is a share: not `duration`, not `percentile`.
SHARE = re.compile(r" / |(?<![a-z])(?:ratio|share(?!d)|percent(?!ile))", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """A comparison `op threshold`. `alert` is "" for a configured one; `series` the expression compared, for telling sides apart."""

    alert: str
    op: str
    threshold: float
    rate_window_s: float = 0.0
    guard: bool = False
    role: str = ""
    series: str = ""
    twin: bool = False
    rule_labels: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def severity(self) -> str | None:
        """The rule's severity, if it has one."""
        return self.rule_labels.get("severity")

    @property
    def told(self) -> str:
        """The threshold for people: of a share as per cent."""
        share = 0 < self.threshold < 1 and SHARE.search(self.series) is not None
        return f"{self.threshold * 100:g} %" if share else shown_number(self.threshold)

    @property
    def crossed(self) -> str:
        """What an excursion does at its beginning, in words."""
        return f"becomes {self.told}" if self.op == "==" else f"is no longer {self.told}" if self.op == "!=" else f"crosses {self.told}"

    @property
    def returned(self) -> str:
        """What an excursion does at its end, in words."""
        words = {">": "back to at most", ">=": "back below", "<": "back to at least", "<=": "back above", "==": "no longer", "!=": "again"}
        return f"{words.get(self.op, 'back within')} {self.told}"

    def thread(self, series: Series) -> str:
        """The canonical key: whose limit, which series, which limit; the expression only where two sides are alike."""
        labels = json.dumps({k: v for k, v in sorted(series.labels.items()) if k != "__name__"}, ensure_ascii=False, separators=(",", ":"))
        key = f"excursion:{self.alert or series.name}:{labels}:{self.op}{self.threshold:g}"
        return f"{key}:{self.series}" if self.twin else key

    def service(self, series: Series) -> str | None:
        """Whose series it is: by its labels, by the rule's, at last by the scrape job; None where a pod's name can tell better."""
        for labels in (series.labels, self.rule_labels):
            for name in SERVICE:
                if labels.get(name):
                    return labels[name]
        return None if series.labels.get("pod") else series.labels.get("job")

    def shown(self, series: Series) -> str:
        """The series as a reader knows it: its name and its telling labels."""
        labels = {k: v for k, v in sorted(series.labels.items()) if k != "__name__"}
        if len(labels) > MOST_LABELS:
            labels = {k: v for k, v in labels.items() if k not in PLUMBING}
        text = ",".join(f"{k}={v}" for k, v in labels.items())
        name = series.labels.get("__name__") or series.name
        return f"{name}{{{text}}}" if text else name

    def as_labels(self, series: Series) -> dict[str, str]:
        """What a row says of its limit."""
        told = {"series": series.name, "op": self.op, "threshold": f"{self.threshold:g}", "role": self.role}
        if self.rate_window_s:
            told["rate_window_s"] = f"{self.rate_window_s:g}"
        return {**told, "alert": self.alert} if self.alert else told


class Limits:
    """All limits that the facts tell of."""

    def __init__(self, given: Given) -> None:
        self._rules = [rule for rule in given.of("context.rule") if rule.attributes.get("alert")]
        self._labels = {str(rule.attributes["alert"]): _texts(rule.attributes.get("labels")) for rule in self._rules}
        self._asked: dict[tuple[str, str], list[Limit]] = defaultdict(list)
        for fact in given.of("context.series"):
            limit = self._limit(fact.attributes, fact.attributes.get("query"), fact.attributes.get("rule"))
            if limit:
                self._asked[str(fact.attributes.get("name")), str(fact.attributes.get("query"))].append(limit)
        self._ruled: list[tuple[Mapping[str, Any], Limit]] = []
        self._single: dict[str, list[Limit]] = defaultdict(list)
        for rule in self._rules:
            self._learn(rule)

    def of(self, series: Series) -> list[Limit]:
        """The limits of `series`, each once; those it was asked for win."""
        found = [limit for side, limit in self._ruled if _names(side, series)]
        if not series.query:
            found += self._single.get(series.name, ())
        found += self._asked.get((series.name, series.query), ())
        return list({(limit.alert, limit.op, limit.threshold, limit.series): limit for limit in found}.values())

    def _learn(self, rule: Fact) -> None:
        sides = rule.attributes.get("sides") or ()
        for side in sides:
            limit = self._limit(side, side.get("series"), rule.attributes["alert"])
            if limit:
                self._ruled.append((side, limit))
                if len(sides) == 1:
                    self._single[limit.alert].append(limit)

    def _limit(self, told: Mapping[str, Any], series: Any, alert: Any) -> Limit | None:
        threshold = _number(told.get("threshold"))
        if threshold is None or not told.get("op"):
            return None
        name = str(alert or "")
        return Limit(
            alert=name,
            op=str(told["op"]),
            threshold=threshold,
            rate_window_s=_number(told.get("rate_window_s")) or 0.0,
            guard=bool(told.get("guard")),
            role=str(told.get("role") or ("alert_expression" if name else "configured")),
            series=str(series or ""),
            twin=self._twins(name, str(told["op"]), threshold) > 1,
            rule_labels=self._labels.get(name, {}),
        )

    def _twins(self, alert: str, op: str, threshold: float) -> int:
        """How many different sides of the alert have this same limit."""
        alike = (s for s in self._sides(alert) if s.get("op") == op and _number(s.get("threshold")) == threshold)
        return len({str(side.get("series")) for side in alike})

    def _sides(self, alert: str) -> Iterator[Mapping[str, Any]]:
        return (side for rule in self._rules if rule.attributes["alert"] == alert for side in rule.attributes.get("sides") or ())


def _names(side: Mapping[str, Any], series: Series) -> bool:
    """Whether a rule's side compares this very series: by its query, or by its metric's name and labels."""
    if series.query == side.get("series"):
        return True
    if not side.get("metric") or series.labels.get("__name__") != side["metric"]:
        return False
    return all(fits(series.labels.get(name, ""), op, value) for name, op, value in side.get("matchers") or ())


def fits(value: str, op: str, wanted: str) -> bool:
    """Whether a label matcher holds for `value`; a pattern that Python reads otherwise than RE2 fits nothing."""
    if op in ("=", "!="):
        return (value == wanted) is (op == "=")
    try:
        return (re.fullmatch(wanted, value) is not None) is (op == "=~")
    except re.error:
        return False


def shown_number(value: float) -> str:
    """Four significant digits, plain where that is short."""
    return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.6g}"


def _number(value: Any) -> float | None:
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None


def _texts(value: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, Mapping) else {}
