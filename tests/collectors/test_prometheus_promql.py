"""Alert expressions split into series and limits."""

from __future__ import annotations

import math

import pytest
from retroline.collectors.prometheus.promql import Side, canonical, duration_s, rate_window_s, sides

RECORDS = {"svc:errors:ratio": 'sum(rate(http_total{code=~"5.."}[30s])) / sum(rate(http_total[1m]))', "a": "b", "b": "a + rate(c[2m])", "broken": "sum("}


def plain(expr: str) -> list[tuple[str, str, float]]:
    return [(s.series, s.op, s.threshold) for s in sides(expr)]


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("svc:errors:ratio > 0.05", [("svc:errors:ratio", ">", 0.05)]),
        ("0.05 < x", [("x", ">", 0.05)]),
        ("5 >= x", [("x", "<=", 5.0)]),
        ("x > (1/20)", [("x", ">", 0.05)]),
        ("x < 14*86400", [("x", "<", 1209600.0)]),
        ("x > -2^2", [("x", ">", -4.0)]),
        ("-x < 1", [("-x", "<", 1.0)]),
        ("x == bool 1", [("x", "==", 1.0)]),
        ("x > +Inf", [("x", ">", math.inf)]),
        ("x > scalar(vector(4))", [("x", ">", 4.0)]),
        ("((x) != 3)", [("x", "!=", 3.0)]),
        ("x > 5 < 9", [("x", ">", 5.0), ("x", "<", 9.0)]),
        ("x > bool 5 == 1", [("x", ">", 5.0), ("x > bool 5", "==", 1.0)]),
        ("(x > 0.5) * 100 > 80", [("(x > 0.5) * 100", ">", 80.0)]),
        ("time() - last_success > 86400", [("time() - last_success", ">", 86400.0)]),
        ("count by (a) (up == 0) > 2", [("count by (a) (up == 0)", ">", 2.0)]),
        ("x > 1 or y > 2", [("x", ">", 1.0), ("y", ">", 2.0)]),
        ("x > 1 and on (a) x > 1", [("x", ">", 1.0)]),
    ],
)
def test_sides(expr: str, expected: list[tuple[str, str, float]]) -> None:
    """Every comparison of a series with a constant is a side, constants are folded and limits on the left turned around."""
    assert plain(expr) == expected


@pytest.mark.parametrize("expr", ["vector(1)", "vector(1) > 0", "absent(up)", "x > on (a) y", "hour() > 8", "x", "x > NaN", "x > 1 / 0 * y"])
def test_no_sides(expr: str) -> None:
    """What is compared with no constant, or holds no series, has no side."""
    assert plain(expr) == []


def test_unless_guards() -> None:
    """What stands behind `unless` is marked as a guard."""
    assert [s.guard for s in sides("x > 1 unless on () maintenance == 1")] == [False, True]


@pytest.mark.parametrize("expr", ["sum(", "", "x > 5 > bool", "rollup_rate(x[5m]) keep_metric_names > 1", "1 > 2"])
def test_unparsable(expr: str) -> None:
    """An expression of another dialect is a ValueError, nothing worse."""
    with pytest.raises(ValueError, match=r"."):
        sides(expr)


@pytest.mark.parametrize(
    ("expr", "seconds"),
    [
        ("svc:errors:ratio", 60.0),
        ("rate(x[1m30s]) / rate(y[5m])", 300.0),
        ("max_over_time(rate(x[5m])[1h:1m])", 3600.0),
        ("avg_over_time(svc:errors:ratio[10s])", 60.0),
        ("a", 120.0),
        ("broken", 0.0),
        ("x", 0.0),
        ("not promql (", 0.0),
    ],
)
def test_rate_window(expr: str, seconds: float) -> None:
    """The rate window is the longest range anywhere below, recording rules included, even where these go round in a circle."""
    assert rate_window_s(expr, RECORDS) == seconds


def test_selector_is_told() -> None:
    """A side that is a plain selector tells its name and matchers; one with an offset does not."""
    (side,) = sides('x:y{a="b",c=~"d.*"} > 1')

    assert side == Side('x:y{a="b",c=~"d.*"}', ">", 1.0, 0.0, False, "x:y", (("a", "=", "b"), ("c", "=~", "d.*")))
    assert sides("x offset 5m > 1")[0].metric == ""
    assert sides('{"my.metric",a="b"} > 1')[0].metric == "my.metric"


def test_long_expressions_stay_on_one_line() -> None:
    """The series is one line of PromQL that means the same, whatever its strings hold."""
    above = 'sum by (service, namespace, pod, container) (rate(http_requests_total{code=~"5..",path="a \\n  b"}[30s]))'
    expr = f"{above} / sum by (service) (rate(http_requests_total[30s]))"
    (side,) = sides(f"{expr} > 0.05")

    assert "\n" not in side.series
    assert '"a \\n  b"' in side.series
    assert canonical(side.series) == side.series == canonical(expr)


def test_infinity_is_json() -> None:
    """Attributes hold nothing that JSON cannot."""
    assert sides("x > Inf")[0].as_attributes()["threshold"] == "inf"


def test_durations() -> None:
    """Durations as Prometheus writes them, 0 for anything else."""
    assert [duration_s(t) for t in ("1m30s", "15s", "", "soon", "1d1w")] == [90.0, 15.0, 0.0, 0.0, 0.0]
    assert [duration_s(t) for t in ("1w2d", "100y", "250ms", "5")] == [777_600.0, 3_153_600_000.0, 0.25, 5.0]


@pytest.mark.parametrize("expr", ["(" * 100_000, "(" * 5000 + "x" + ")" * 5000, "x > 1 and " * 5000 + "x > 1", "-" * 5000 + "x > 1", "1 + " * 5000 + "x > 1"])
def test_an_expression_without_end_is_not_understood(expr: str) -> None:
    """What would run the parser, or those who walk its trees, out of stack is an error like any other."""
    with pytest.raises(ValueError, match="more than 100 open brackets or 250 operators"):
        sides(expr)
    assert canonical(expr) == expr
    assert rate_window_s(expr) == 0.0


def test_brackets_in_strings_do_not_count() -> None:
    """A pattern may hold as many brackets and signs as it likes."""
    pattern = "|".join(["(a-b)"] * 500)

    assert sides(f'x{{pod=~"{pattern}"}} > 1')[0].matchers == (("pod", "=~", pattern),)
