"""What an alert expression compares with which limit. Knowledge: Prometheus documentation "Querying", "Operators" and "Functions".

`service:errors:ratio > 0.05 and on (service) sum by (service) (rate(requests_total[5m])) > 1` has two sides, each a series and
its limit. Constants are folded, a limit on the left is turned around; a comparison without a constant, or of something
that holds no series (`hour() > 8`), has no side. The parser is the package promql-parser, which follows Prometheus' own grammar.
"""

from __future__ import annotations

import contextlib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

import promql_parser as pql

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
OPERATORS = {str(pql.MatchOp.Equal): "=", str(pql.MatchOp.NotEqual): "!=", str(pql.MatchOp.Re): "=~", str(pql.MatchOp.NotRe): "!~"}
JOINS = ("and", "or", "unless")
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
    "^": operator.pow,
    "atan2": math.atan2,
}
DEEPEST = 20
# The parser and what walks its trees go down once per bracket and operator, on a stack that ends.
MOST_OPEN, MOST_OPERATORS = 100, 250
QUOTED = re.compile(r""" "(?:\\.|[^"\\])*+" | '(?:\\.|[^'\\])*+' | `[^`]*+` | \#[^\n]* """, re.VERBOSE | re.DOTALL)
OPERATOR = re.compile(r"[-+*/%^]|[=!<>]=|[<>]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
DURATION = re.compile("".join(rf"(?:([0-9]{{1,15}}){unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")), re.ASCII)
UNITS_S = (365 * 86_400, 7 * 86_400, 86_400, 3600, 60, 1, 0.001)


@dataclass(frozen=True)
class Side:
    """`series` as PromQL text on one line, compared by `op` with `threshold`.

    `rate_window_s` is the longest range that one of its points looks back over, 0 for none. `guard` marks what stands behind
    `unless`: it holds an alert back rather than causing it. Where `series` is a plain selector, `metric` is its name and `matchers`
    are (label, operator, value), so that a saved answer without its query can be known by its labels.
    """

    series: str
    op: str
    threshold: float
    rate_window_s: float = 0.0
    guard: bool = False
    metric: str = ""
    matchers: tuple[tuple[str, str, str], ...] = ()

    def as_attributes(self) -> dict[str, Any]:
        """As JSON takes it: an infinite threshold as text."""
        full = asdict(self)
        return full if math.isfinite(self.threshold) else {**full, "threshold": str(self.threshold)}


def sides(expr: str, records: Mapping[str, str] | None = None) -> list[Side]:
    """The sides of `expr`, from left to right, none twice. `records` maps recording rules to their expressions.

    Raises ValueError where `expr` cannot be parsed (a dialect such as MetricsQL, or newer than the parser).
    """
    found = _sides(parsed(expr), Windows(records or {}), guard=False)
    return list(dict.fromkeys(found))


def rate_window_s(expr: str, records: Mapping[str, str] | None = None) -> float:
    """The longest range selector or subquery of `expr` in seconds, recording rules followed by name; 0.0 where there is none."""
    try:
        return Windows(records or {}).of(parsed(expr))
    except ValueError:
        return 0.0


def duration_s(text: str) -> float:
    """A PromQL duration such as "1m30s" in seconds, 0.0 where it is none. The parser's own breaks on "100y"."""
    found = DURATION.fullmatch(f"{text}s" if text.isdigit() else text)
    return sum(float(number or 0) * unit for number, unit in zip(found.groups(), UNITS_S, strict=True)) if found else 0.0


def canonical(expr: str) -> str:
    """`expr` as this module writes expressions, to compare two of them; as it is where it cannot be parsed."""
    try:
        return text_of(parsed(expr))
    except ValueError:
        return expr


def parsed(expr: str) -> pql.Expr:
    """The syntax tree. Raises ValueError, also where the parser itself breaks or would."""
    _demand_shallow(expr)
    try:
        return pql.parse(expr)
    except ValueError:
        raise
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise ValueError(f"not understood: {error}") from error


def _demand_shallow(expr: str) -> None:
    """Raises ValueError for what nobody writes: brackets within brackets, or operators in a row, by the hundred."""
    bare = QUOTED.sub("", expr)
    steps = accumulate((sign in "([{") - (sign in ")]}") for sign in bare if sign in "([{)]}")
    if max(steps, default=0) > MOST_OPEN or len(OPERATOR.findall(bare)) > MOST_OPERATORS:
        raise ValueError(f"more than {MOST_OPEN} open brackets or {MOST_OPERATORS} operators")


def text_of(node: pql.Expr) -> str:
    """PromQL on one line; line breaks stand only between tokens, since strings write theirs as an escape."""
    return " ".join(line.strip() for line in node.prettify().split("\n"))


class Windows:
    """How far back one point of an expression looks, through recording rules."""

    def __init__(self, records: Mapping[str, str]) -> None:
        self._records = records
        self._known: dict[str, float] = {}

    def of(self, node: pql.Expr, depth: int = 0) -> float:
        """Seconds, 0.0 for an expression that looks at one instant only."""
        longest = 0.0
        for part in nodes(node):
            if isinstance(part, (pql.MatrixSelector, pql.SubqueryExpr)) and part.range:
                longest = max(longest, part.range.total_seconds())
            if isinstance(part, pql.VectorSelector) and part.name and part.name in self._records and depth < DEEPEST:
                longest = max(longest, self._recorded(part.name, depth))
        return longest

    def _recorded(self, name: str, depth: int) -> float:
        if name not in self._known:
            self._known[name] = 0.0
            with contextlib.suppress(ValueError):
                self._known[name] = self.of(parsed(self._records[name]), depth + 1)
        return self._known[name]


def nodes(root: pql.Expr) -> Iterator[pql.Expr]:
    """`root` and everything below it, range selectors' inner selectors included."""
    found: list[pql.Expr] = []
    pql.walk(root, found.append)
    for node in found:
        yield node
        if isinstance(node, pql.MatrixSelector):
            yield node.vector_selector


def _sides(node: pql.Expr, windows: Windows, *, guard: bool) -> Iterator[Side]:
    node = _bare(node)
    if not isinstance(node, pql.BinaryExpr):
        return
    word = str(node.op)
    if word in JOINS:
        yield from _sides(node.lhs, windows, guard=guard)
        yield from _sides(node.rhs, windows, guard=guard or word == "unless")
    elif word in FLIPPED:
        left, right = constant(node.lhs), constant(node.rhs)
        if right is not None and left is None:
            yield from _compared(node.lhs, word, right, windows, guard=guard)
        elif left is not None and right is None:
            yield from _compared(node.rhs, FLIPPED[word], left, windows, guard=guard)


def _compared(node: pql.Expr, op: str, threshold: float, windows: Windows, *, guard: bool) -> Iterator[Side]:
    """The side `node op threshold`; of a filter below it (`x > 5 < 9`) its own sides and the unfiltered series."""
    yield from _sides(node, windows, guard=guard)
    series = _unfiltered(node)
    if not math.isnan(threshold) and any(isinstance(n, pql.VectorSelector) for n in nodes(series)):
        yield Side(text_of(series), op, threshold, windows.of(series), guard, *_selected(series))


def _selected(node: pql.Expr) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """Name and matchers of a plain selector, else nothing."""
    if not isinstance(node, pql.VectorSelector) or node.offset or node.at or node.matchers.or_matchers:
        return "", ()
    found = tuple((m.name, OPERATORS[str(m.op)], m.value) for m in node.matchers.matchers)
    named = node.name or next((value for name, op, value in found if name == "__name__" and op == "="), "")
    return named, tuple(m for m in found if m[0] != "__name__")


def _unfiltered(node: pql.Expr) -> pql.Expr:
    """The series whose values `node` lets through by comparing them with constants; `bool` makes other values, so it stays."""
    node = _bare(node)
    while isinstance(node, pql.BinaryExpr) and str(node.op) in FLIPPED and not (node.modifier and node.modifier.return_bool):
        left, right = constant(node.lhs), constant(node.rhs)
        if (left is None) == (right is None):
            break
        node = _bare(node.lhs if left is None else node.rhs)
    return node


def _bare(node: pql.Expr) -> pql.Expr:
    while isinstance(node, pql.ParenExpr):
        node = node.expr
    return node


def constant(node: pql.Expr) -> float | None:
    """The number that `node` always is, None where it depends on data or time."""
    node = _bare(node)
    if isinstance(node, pql.NumberLiteral):
        return float(node.val)
    if isinstance(node, pql.UnaryExpr):
        inner = constant(node.expr)
        return None if inner is None else -inner
    if isinstance(node, pql.Call):
        return constant(node.args[0]) if node.func.name in ("scalar", "vector") and len(node.args) == 1 else None
    if isinstance(node, pql.BinaryExpr) and str(node.op) in ARITHMETIC:
        left, right = constant(node.lhs), constant(node.rhs)
        return None if left is None or right is None else _folded(str(node.op), left, right)
    return None


def _folded(op: str, left: float, right: float) -> float | None:
    try:
        return float(ARITHMETIC[op](left, right))
    except (ZeroDivisionError, OverflowError, ValueError, TypeError):
        return None
