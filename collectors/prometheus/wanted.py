"""Which series to ask for: those that rules of active alerts compare with a limit, and configured ones; each expression once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .promql import Side, canonical, rate_window_s
from .rules import AlertRule, Rules

if TYPE_CHECKING:
    from . import Query

CONFIGURED, ALERT = "configured", "alert_expression"


@dataclass(frozen=True)
class Wanted:
    """One range query. `sides` are the thresholds it is compared with: {rule, role, op, threshold, rate_window_s, guard}."""

    name: str
    expr: str
    role: str
    sides: tuple[dict[str, Any], ...] = ()
    step_s: float = 0.0

    def about(self) -> dict[str, str]:
        """What its reader must know beside the parameters; the first threshold also as plain keys."""
        told = {"name": self.name, "role": self.role, "sides": json.dumps(list(self.sides), sort_keys=True)}
        if self.sides:
            told |= {key: str(self.sides[0][key]) for key in ("threshold", "op", "rate_window_s", "rule")}
        return told


def configured(queries: Iterable[Query], rules: Rules) -> list[Wanted]:
    """The user's own queries, under their names; their expressions are sent as they are."""
    found = []
    records = {record.record: record.expr for record in rules.records}
    for query in queries:
        sides: tuple[dict[str, Any], ...] = ()
        if query.threshold is not None:
            side = {"op": query.op or ">", "threshold": query.threshold, "rate_window_s": rate_window_s(query.expr, records), "guard": False}
            sides = ({**side, "rule": "", "role": CONFIGURED},)
        found.append(Wanted(query.name, query.expr, CONFIGURED, sides))
    return found


def behind_alerts(rules: Rules, active: set[str], before: Sequence[Wanted] = ()) -> list[Wanted]:
    """The sides of the rules of `active` alerts, then `before`, whose own expressions take the rules' thresholds along."""
    known: dict[str, Wanted] = {canonical(w.expr): w for w in before}
    rest = [w for w in before if w not in known.values()]
    mine: dict[str, Wanted] = {}
    for rule in rules.alerts:
        if rule.alert in active:
            for side in rule.sides:
                home = known if side.series in known else mine
                home[side.series] = _with(home.get(side.series), rule, side, {w.name for w in (*known.values(), *mine.values())})
    return [*mine.values(), *known.values(), *rest]


def _with(series: Wanted | None, rule: AlertRule, side: Side, taken: set[str]) -> Wanted:
    told = {key: value for key, value in side.as_attributes().items() if key not in ("series", "metric", "matchers")}
    more = {**told, "rule": rule.alert, "role": ALERT}
    if series is None:
        return Wanted(_name(rule, side, taken), side.series, ALERT, (more,), rule.interval_s)
    step_s = min((s for s in (series.step_s, rule.interval_s) if s > 0), default=0.0)
    return replace(series, sides=tuple({json.dumps(s, sort_keys=True): s for s in (*series.sides, more)}.values()), step_s=step_s)


def _name(rule: AlertRule, side: Side, taken: set[str]) -> str:
    """A recording rule's or metric's own name where the series is nothing more, else the alert's, numbered if need be."""
    name = side.series if side.series.replace(":", "_").isidentifier() else rule.alert
    number = 2
    while name in taken:
        name = f"{rule.alert}-{number}"
        number += 1
    return name
