"""Which counters stand behind a share: the numerator and the denominator of a ratio of rates, through recording rules.

`sum by (service) (rate(requests_total{code=~"5.."}[5m])) / sum by (service) (rate(requests_total[5m]))` counts failures by one selector
and everything by another. Knowledge: Prometheus documentation "Operators" (vector matching, aggregation) and "Functions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import promql_parser as pql

from .promql import DEEPEST, OPERATORS, constant, parsed

RATES = ("rate", "increase", "irate")
CLAMPS = ("clamp_min", "clamp_max", "clamp")
FILTERS = (">", ">=", "<", "<=", "==", "!=")
Matcher = tuple[str, str, str]


@dataclass(frozen=True)
class Record:
    """A recording rule: its expression, and the labels that it sets."""

    expr: str
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kept:
    """Labels that an aggregation leaves: `names`, or all but `names` where `but` is set."""

    names: frozenset[str] = frozenset()
    but: bool = True

    def holds(self, name: str) -> bool:
        """Whether the label survives."""
        return (name in self.names) is not self.but

    def only(self, other: Kept) -> Kept:
        """What survives both."""
        if self.but and other.but:
            return Kept(self.names | other.names)
        if self.but or other.but:
            listed, left_out = (other, self) if self.but else (self, other)
            return Kept(listed.names - left_out.names, but=False)
        return Kept(self.names & other.names, but=False)


@dataclass(frozen=True)
class Counter:
    """A counter selector. Its labels of which `kept` is true are those of the ratio; `fixed` ones a recording rule has overwritten."""

    metric: str
    matchers: tuple[Matcher, ...] = ()
    kept: Kept = Kept()
    fixed: frozenset[str] = frozenset()

    def as_attributes(self) -> dict[str, Any]:
        """As JSON takes it: matchers, kept {names, but}, fixed."""
        told = asdict(self)
        return told | {"kept": {"names": sorted(self.kept.names), "but": self.kept.but}, "fixed": sorted(self.fixed)}


@dataclass(frozen=True)
class Ratio:
    """Counters of which `part` is compared with `whole`; `good`: the part is what went well."""

    part: tuple[Counter, ...]
    whole: tuple[Counter, ...]
    good: bool = False

    def as_attributes(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {"part": [c.as_attributes() for c in self.part], "whole": [c.as_attributes() for c in self.whole], "good": self.good}


def ratio(series: str, op: str, records: Mapping[str, Record] | None = None) -> Ratio | None:
    """The counters behind `series`, which hurts when `op` (one of > >= < <=) holds; None where it is no ratio of rates of counters."""
    try:
        found = _ratio(parsed(series), records or {}, 0)
    except (ValueError, _Other):
        return None
    if op not in (">", ">=", "<", "<=") or not found.part or not found.whole:
        return None
    return replace(found, good=found.good is not op.startswith("<"))


class _Other(Exception):
    """The expression is something else."""


def _ratio(node: pql.Expr, records: Mapping[str, Record], depth: int) -> Ratio:
    node = _plain(node)
    if isinstance(node, pql.VectorSelector):
        record, narrow = _recorded(node, records, depth)
        inner = _ratio(parsed(record.expr), records, depth + 1)
        return replace(inner, part=tuple(map(narrow, inner.part)), whole=tuple(map(narrow, inner.whole)))
    if not isinstance(node, pql.BinaryExpr):
        raise _Other
    if str(node.op) == "-" and constant(node.lhs) is not None:
        inner = _ratio(node.rhs, records, depth)
        return replace(inner, good=not inner.good)
    if str(node.op) != "/":
        raise _Other
    left, right = _matched(node.modifier)
    part = (replace(c, kept=c.kept.only(left)) for c in _counters(node.lhs, records, depth))
    whole = (replace(c, kept=c.kept.only(right)) for c in _counters(node.rhs, records, depth))
    return Ratio(tuple(dict.fromkeys(part)), tuple(dict.fromkeys(whole)))


def _matched(modifier: Any) -> tuple[Kept, Kept]:
    """Which labels of either operand the result has."""
    matching = modifier.matching if modifier else None
    if matching is None:
        return Kept(), Kept()
    both = Kept(frozenset(matching.labels), but="Exclude" in str(matching.type))
    card = str(modifier.card)
    return Kept() if card.endswith("ManyToOne") else both, Kept() if card.endswith("OneToMany") else both


def _counters(node: pql.Expr, records: Mapping[str, Record], depth: int) -> Iterator[Counter]:
    """The counter selectors that `node` sums up the rates of. Raises _Other where it is anything else."""
    node = _plain(node)
    if isinstance(node, pql.BinaryExpr) and str(node.op) == "+":
        yield from _counters(node.lhs, records, depth)
        yield from _counters(node.rhs, records, depth)
    elif isinstance(node, pql.AggregateExpr) and str(node.op) == "sum":
        kept = _aggregated(node.modifier)
        yield from (replace(c, kept=c.kept.only(kept)) for c in _counters(node.expr, records, depth))
    elif isinstance(node, pql.Call) and node.func.name in RATES and isinstance(node.args[0], pql.MatrixSelector):
        yield _counter(node.args[0].vector_selector)
    elif isinstance(node, pql.VectorSelector):
        record, narrow = _recorded(node, records, depth)
        yield from map(narrow, _counters(parsed(record.expr), records, depth + 1))
    else:
        raise _Other


def _aggregated(modifier: Any) -> Kept:
    if modifier is None:
        return Kept(but=False)
    return Kept(frozenset(modifier.labels), but="Without" in str(modifier.type))


def _counter(node: pql.VectorSelector) -> Counter:
    matchers = _matchers(node)
    named = [value for name, op, value in matchers if name == "__name__" and op == "="]
    metric = node.name or (named[0] if named else "")
    if not metric or any(name == "__name__" and op != "=" for name, op, _ in matchers):
        raise _Other
    return Counter(metric, tuple(m for m in matchers if m[0] != "__name__"))


def _matchers(node: pql.VectorSelector) -> list[Matcher]:
    """Matchers of a selector that looks at its own time."""
    if node.offset or node.at or node.matchers.or_matchers:
        raise _Other
    return [(m.name, OPERATORS[str(m.op)], m.value) for m in node.matchers.matchers]


def _recorded(node: pql.VectorSelector, records: Mapping[str, Record], depth: int) -> tuple[Record, Callable[[Counter], Counter]]:
    """The rule of a recorded series, and how a counter behind it is narrowed by the matchers on that series, where it can have their labels."""
    record = records.get(node.name or "")
    if record is None or depth >= DEEPEST:
        raise _Other
    wanted = _matchers(node)

    def narrowed(counter: Counter) -> Counter:
        if any(name in record.fixed or not counter.kept.holds(name) for name, _, _ in wanted):
            raise _Other
        return replace(counter, matchers=tuple(dict.fromkeys((*counter.matchers, *wanted))), fixed=counter.fixed | record.fixed)

    return record, narrowed


def _plain(node: pql.Expr) -> pql.Expr:
    """`node` without what changes no count: parentheses, constant factors, limits, and a constant in place of nothing."""
    while True:
        inner = _inner(node)
        if inner is None:
            return node
        node = inner


def _inner(node: pql.Expr) -> pql.Expr | None:
    if isinstance(node, pql.ParenExpr):
        return node.expr
    if isinstance(node, pql.Call) and node.func.name in CLAMPS:
        inner: pql.Expr = node.args[0]
        return inner
    if not isinstance(node, pql.BinaryExpr):
        return None
    word, left, right = str(node.op), constant(node.lhs), constant(node.rhs)
    if right is not None and word in ("*", "/", "or", *FILTERS):
        return node.lhs
    return node.rhs if left is not None and word in ("*", *FILTERS) else None
