"""Counters behind a share: numerator and denominator, through recording rules, narrowed to an alert's labels."""

from __future__ import annotations

import pytest
from retroline.collectors.prometheus.counters import selectors
from retroline.collectors.prometheus.ratios import Record, ratio
from retroline.collectors.prometheus.rules import rules_of
from retroline.collectors.prometheus.selectors import narrowed, text_of

RECORDS = {
    "service:errors:ratio": Record('sum by (service) (rate(h_total{code=~"5.."}[30s])) / sum by (service) (rate(h_total[30s]))'),
    "job_code:h:rate5m": Record("sum by (job, code) (rate(h_total[5m]))", frozenset({"tier"})),
    "loop": Record("loop"),
}


def selected(expr: str, op: str = ">", **labels: str) -> tuple[list[str | None], list[str | None], bool] | None:
    found = ratio(expr, op, RECORDS)
    if found is None:
        return None
    parts = []
    for counters in (found.part, found.whole):
        told = [(c.metric, narrowed(c.as_attributes(), labels, ())) for c in counters]
        parts.append([None if matchers is None else text_of(metric, matchers) for metric, matchers in told])
    return parts[0], parts[1], found.good


@pytest.mark.parametrize(
    ("expr", "op", "expected"),
    [
        ("sum(rate(a[5m])) / sum(rate(b[5m]))", ">", (["a"], ["b"], False)),
        ("service:errors:ratio", ">", (['h_total{code=~"5..",service="s"}'], ['h_total{service="s"}'], False)),
        ('service:errors:ratio{service="s"} * 100', ">", (['h_total{code=~"5..",service="s"}'], ['h_total{service="s"}'], False)),
        ("1 - service:errors:ratio", "<", (['h_total{code=~"5..",service="s"}'], ['h_total{service="s"}'], False)),
        ("1 - sum(rate(ok[5m])) / sum(rate(b[5m]))", ">", (["ok"], ["b"], True)),
        ("sum(rate(ok[5m])) / sum(rate(b[5m]))", "<", (["ok"], ["b"], True)),
        ('sum(job_code:h:rate5m{code=~"5.."}) / sum(job_code:h:rate5m)', ">", (['h_total{code=~"5.."}'], ["h_total"], False)),
        ("(sum(irate(a[5m])) or vector(0)) / clamp_min(sum(increase(b[5m])), 1)", ">", (["a"], ["b"], False)),
        ("sum(rate(m[5m])) / (sum(rate(m[5m])) + sum(rate(h[5m])))", ">", (["m"], ["m", "h"], False)),
        ("sum by (service, pod) (rate(a[5m])) / on (service) sum by (service) (rate(b[5m]))", ">", (['a{service="s"}'], ['b{service="s"}'], False)),
        ("sum by (service) (rate(a[5m])) / ignoring (service) group_left sum(rate(b[5m]))", ">", (['a{service="s"}'], ["b"], False)),
        ("sum without (pod) (rate(a[5m])) / sum without (pod) (rate(b[5m]))", ">", (['a{service="s"}'], ['b{service="s"}'], False)),
        ("sum without (service) (rate(a[5m])) / sum(rate(b[5m]))", ">", (["a"], ["b"], False)),
    ],
)
def test_shares_have_two_parts(expr: str, op: str, expected: object) -> None:
    """What is counted above and below the line is found, with those labels of the alert that both have."""
    assert selected(expr, op, service="s") == expected


@pytest.mark.parametrize(
    "expr",
    [
        "a / b",
        "rate(a[5m])",
        "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))",
        "rate(a[5m] offset 1h) / rate(b[5m])",
        "max(rate(a[5m])) / sum(rate(b[5m]))",
        "sum(rate(a[5m])) / sum(b)",
        'service:errors:ratio{pod="p"}',
        'sum(job_code:h:rate5m{tier="1"}) / sum(job_code:h:rate5m)',
        "loop",
        "a keep_metric_names",
    ],
)
def test_other_expressions_have_none(expr: str) -> None:
    """What is no ratio of rates of counters gives nothing, a recording rule of itself included."""
    assert ratio(expr, ">", RECORDS) is None


def test_an_overwritten_label_narrows_nothing() -> None:
    """Where the rule sets the very label that the counters are summed by, they cannot be told apart."""
    found = ratio("service:errors:ratio", ">", RECORDS)
    assert found is not None
    assert narrowed(found.whole[0].as_attributes(), {"service": "s"}, ("service",)) is None


def test_hostile_labels_stay_inside_their_quotes() -> None:
    """A label value is escaped, a name that PromQL's plain syntax cannot write is quoted."""
    assert text_of("a", [("x", "=", 'q"} or up{y="\\'), ("dotted.name", "=", "1")]) == 'a{x="q\\"} or up{y=\\"\\\\","dotted.name"="1"}'
    assert text_of("http.requests", []) == '{__name__="http.requests"}'


def test_only_what_fired_is_asked_for() -> None:
    """Each set of labels that fired is one selector; the failed ones are among all of them and not asked for again."""
    document = {
        "data": {
            "groups": [
                {
                    "name": "g",
                    "interval": 5,
                    "rules": [
                        {"type": "recording", "name": "service:errors:ratio", "query": RECORDS["service:errors:ratio"].expr},
                        {"type": "alerting", "name": "Errors", "query": "service:errors:ratio > 0.05", "labels": {"severity": "critical"}},
                        {"type": "alerting", "name": "Quiet", "query": "sum(rate(a[5m])) / sum(rate(b[5m])) > 0.05"},
                    ],
                }
            ]
        }
    }
    rules = rules_of(document)
    fired = {"Errors": [{"alertname": "Errors", "alertstate": "firing", "severity": "critical", "service": name} for name in ("cart", "shop")]}

    assert [(s.text, s.part, s.alert) for s in selectors(rules, fired)] == [
        ('h_total{service="cart"}', "all", "Errors"),
        ('h_total{service="shop"}', "all", "Errors"),
    ]
    assert [r.ratios[0].whole[0].metric for r in rules.alerts if r.ratios] == ["h_total", "b"]
