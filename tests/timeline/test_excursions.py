"""Series that cross their limits."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.evidence import Reply
from retroline.collectors.prometheus import read
from retroline.collectors.window import Window, rfc3339_short
from retroline.normalize.samples import normal_samples
from retroline.timeline.excursions import rows
from retroline.timeline.rows import Fact, Given, Row, Series

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
S = 1_000_000_000
WINDOW = Window(100 * S, 1000 * S)
OTHER = Series("other", "other", {}, np.array([0, 5 * S]), np.array([0.0, 0.0]), 5 * S, "o.json")


def series(values: list[float], start: int = 50, step: int = 5, **labels: str) -> Series:
    at = np.array([(start + i * step) * S for i in range(len(values))], np.int64)
    return Series("errors", "q", labels or {"service": "shop"}, at, np.array(values, float), step * S, "r.json")


def side(**more: Any) -> Fact:
    told = {"name": "errors", "query": "q", "op": ">", "threshold": 0.05, "rate_window_s": 0.0, "rule": "High", "role": "alert_expression", **more}
    return Fact("prometheus", "context.series", "prometheus", "r.json", "r.json", attributes=told)


def found(one: Series, *facts: Fact, window: Window = WINDOW, others: tuple[Series, ...] = (OTHER,)) -> list[Row]:
    return rows(Given(window, facts or (side(),), (one, *others)))


def short(listed: list[Row]) -> list[tuple[str, int, str, bool]]:
    return [(row.kind, row.at_ns // S, row.edge, row.milestone_ok) for row in listed]


LOW, HIGH = [0.0] * 20, [0.3] * 20


def test_onset_and_recovery() -> None:
    """The first true sample is the onset, the first false one that holds is the recovery."""
    onset, recovery = found(series(LOW + HIGH + LOW))

    assert short([onset, recovery]) == [("metric.onset", 150, "0", True), ("metric.recovery", 250, "0", True)]
    assert onset.thread == recovery.thread == 'excursion:High:{"service":"shop"}:>0.05'
    assert onset.title == "errors{service=shop} 0.3 > 0.05 (crosses 0.05)"
    assert (onset.value, onset.service, onset.before_ns, onset.after_ns, onset.at_source) == (0.3, "shop", 5 * S, 1, "150")
    assert onset.labels["alert"] == "High"
    assert onset.witnesses[0].ref == "r.json"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("service:errors:ratio_rate5m", "crosses 5 %"),
        ("sum(rate(failed_total[5m])) / sum(rate(all_total[5m]))", "crosses 5 %"),
        ("cpu_percent", "crosses 5 %"),
        ("histogram_quantile(0.99, sum by (le) (rate(request_duration_seconds_bucket[2m])))", "crosses 0.05"),
        ("latency:percentile99", "crosses 0.05"),
        ("cgroup_shared_bytes", "crosses 0.05"),
    ],
)
def test_only_a_share_is_told_as_per_cent(query: str, words: str) -> None:
    """A limit below one is a percentage where the expression says that it is a share, not where seconds are compared."""
    assert words in found(replace(series(LOW + HIGH), query=query), side(query=query))[0].title


def test_short_dip_is_no_recovery() -> None:
    """A return of less than 30 s is part of the excursion."""
    assert short(found(series(LOW + HIGH + [0.0] * 5 + HIGH + LOW))) == [("metric.onset", 150, "0", True), ("metric.recovery", 375, "0", True)]


def test_relapse_is_a_second_pair() -> None:
    """After a return that held, the next crossing is an onset again, with the next number."""
    listed = found(series(LOW + HIGH + [0.0] * 8 + HIGH + LOW))

    assert [(row.kind.split(".")[1], row.edge) for row in listed] == [("onset", "0"), ("recovery", "0"), ("onset", "1"), ("recovery", "1")]
    assert len({row.thread for row in listed}) == 1


def test_two_steps_where_steps_are_long() -> None:
    """With a step of a minute a return must hold for two minutes."""
    assert len(found(series([0, 0, 1, 1, 0, 0, 1, 1], step=60))) == 1
    assert len(found(series([0, 0, 1, 1, 0, 0, 0, 1], step=60))) == 3


def test_return_at_the_end_of_data_is_unknown() -> None:
    """A return that no later sample confirms gives no recovery."""
    assert [row.kind for row in found(series(LOW + HIGH + [0.0] * 4))] == ["metric.onset"]


def test_unknown_changes_nothing() -> None:
    """NaN is neither beyond nor within the limit, and neither is absence."""
    nan = float("nan")
    whole = found(series(LOW + HIGH + [nan] * 20 + HIGH + LOW))
    assert [row.kind for row in whole] == ["metric.onset", "metric.recovery"]

    gappy = series(LOW + HIGH)
    assert [row.kind for row in found(replace(gappy, at_ns=np.concatenate([gappy.at_ns[:30], gappy.at_ns[30:] + 200 * S])))] == ["metric.onset"]


def test_already_beyond() -> None:
    """What was beyond the limit when the window opened is one row at its start, with its true begin, and no milestone."""
    listed = found(series([0.0] * 4 + HIGH + LOW))

    assert short(listed) == [("metric.onset", 100, "0", False), ("metric.recovery", 170, "0", True)]
    assert listed[0].title.startswith("already beyond: errors{service=shop} 0.3")
    assert listed[0].at_source == "1970-01-01T00:01:10Z"


def test_background_is_no_milestone() -> None:
    """What is beyond its limit from the first to the last sample is background."""
    assert short(found(series([1.0] * 300, start=0))) == [("metric.onset", 100, "0", False)]


def test_beginning_unseen() -> None:
    """When nothing at all is known from before, a series that is beyond its limit at once may have been so for long."""
    assert short(found(series(HIGH + LOW, start=200), others=())) == [("metric.onset", 200, "0", False), ("metric.recovery", 300, "0", False)]


def test_series_that_appears_beyond_the_limit() -> None:
    """A series that did not exist before, as an error counter before the first error, crosses by appearing."""
    assert short(found(series(HIGH + LOW, start=200))) == [("metric.onset", 200, "0", True), ("metric.recovery", 300, "0", True)]


def test_never_crossing_or_unknown() -> None:
    """No row for a series within its limit, without any known sample, or without a limit."""
    assert found(series(LOW)) == []
    assert found(series([float("nan")] * 9)) == []
    assert found(series(LOW + HIGH), side(query="another")) == []
    assert found(series(LOW + HIGH), side(threshold=None)) == []


def test_outside_the_window() -> None:
    """Excursions before and after the window give no rows; one that ends after it gives no recovery."""
    values = [0.0] * 2 + [1.0] * 2 + [0.0] * 10 + [1.0] * 3 + [0.0] * 10
    one = series(values, start=0)
    assert found(one, window=Window(40 * S, 70 * S)) == []
    assert short(found(one, window=Window(40 * S, 75 * S))) == [("metric.onset", 70, "0", True)]


@pytest.mark.parametrize(
    ("op", "values"), [("<", [9, 9, 1, 1]), ("<=", [9, 9, 5, 5]), ("==", [9, 9, 5, 5]), ("!=", [5, 5, 9, 9]), (">=", [1, 1, 5, 5]), (">", [5, 5, 6, 6])]
)
def test_operators(op: str, values: list[float]) -> None:
    """Every comparison of PromQL is understood."""
    assert short(found(series([*values, *[values[0]] * 9], start=95), side(op=op, threshold=5)))[0] == ("metric.onset", 105, "0", True)


def test_guards_are_no_milestones() -> None:
    """What holds an alert back is shown, but tells nothing about harm."""
    assert not any(row.milestone_ok for row in found(series(LOW + HIGH + LOW), side(guard=True)))


def test_two_limits_of_one_series() -> None:
    """A warning and a critical limit on one series are two threads."""
    assert len({row.thread for row in found(series(LOW + HIGH + LOW), side(), side(rule="Higher", threshold=0.2))}) == 2


def test_same_series_twice_counts_once() -> None:
    """Of two copies of a series the finer one is taken."""
    coarse = replace(series([0.0] * 10 + [0.3] * 10 + [0.0] * 10, step=10), ref="coarse.json")
    listed = found(coarse, others=(OTHER, series(LOW + HIGH + LOW)))

    assert [row.ref for row in listed] == ["r.json", "r.json"]


def rule(alert: str, *sides: dict[str, Any], **labels: str) -> Fact:
    told = {"alert": alert, "sides": list(sides), "labels": labels}
    return Fact("prometheus", "context.rule", "prometheus", "rules.json", "rules.json", attributes=told)


RECORDED = {
    "series": 'a:b{x="1",y=~"z.*"}',
    "op": ">",
    "threshold": 0.05,
    "rate_window_s": 30.0,
    "metric": "a:b",
    "matchers": [["x", "=", "1"], ["y", "=~", "z.*"]],
}


def test_saved_series_by_name_and_labels() -> None:
    """A saved answer without its query finds its limit by metric name and matchers."""
    one = replace(series(LOW + HIGH + LOW, x="1", y="zed", __name__="a:b"), name="my-file", query="")

    assert [row.labels["alert"] for row in found(one, rule("High", RECORDED, severity="critical", service="shop"))] == ["High", "High"]
    assert {(row.severity, row.service) for row in found(one, rule("High", RECORDED, severity="critical", service="shop"))} == {("critical", "shop")}
    assert found(replace(one, labels={**one.labels, "x": "2"}), rule("High", RECORDED)) == []


def test_saved_series_by_the_alerts_name() -> None:
    """A saved answer named after an alert takes its limit, if it is the only one."""
    one = replace(series(LOW + HIGH + LOW), name="High", query="")
    expression = {"series": "a / b", "op": ">", "threshold": 0.05, "rate_window_s": 0.0}

    assert "(crosses 5 %)" in found(one, rule("High", expression))[0].title
    assert found(one, rule("High", expression, {**expression, "series": "c"})) == []


def test_sides_alike_are_told_apart() -> None:
    """Two sides of one alert with the same limit have threads of their own."""
    sides = [{"series": name, "op": ">", "threshold": 0.05, "rate_window_s": 0.0} for name in ("q", "p")]
    other = replace(series(LOW + HIGH + LOW), query="p", name="errors-2")

    assert len({row.thread for row in found(series(LOW + HIGH + LOW), rule("High", *sides), others=(OTHER, other))}) == 2


def test_rate_windows_are_taken_off() -> None:
    """A rate crosses its limit after the true begin and returns long after the true end: the true instants lie in the bounds."""
    window, begin, end, top = 60.0, 301.0, 500.0, 0.5
    at = np.arange(50, 900, 5.0)
    share = (np.clip(at, begin, end) - np.clip(at - window, begin, end)) / window
    onset, recovery = found(replace(series([0.0] * len(at)), values=share * top), side(rate_window_s=window))

    for row, truth in ((onset, begin), (recovery, end)):
        earliest, best, latest = (int(row.labels[f"true_{word}_ns"]) / S for word in ("earliest", "best", "latest"))
        assert earliest <= truth <= latest == row.at_ns / S
        assert abs(best - truth) <= 5
    assert recovery.at_ns / S - end > 45


def test_gauges_lie_within_the_gap() -> None:
    """Without a rate window the true instant lies between two samples."""
    onset, _ = found(series(LOW + HIGH + LOW))

    assert [int(onset.labels[f"true_{word}_ns"]) for word in ("earliest", "best", "latest")] == [145 * S, 147_500_000_000, 150 * S]


def test_pods_leave_the_service_open() -> None:
    """A pod's series is not its exporter's: the workload is found from the pod's name later on."""
    assert found(series(LOW + HIGH, pod="web-1", job="kube-state-metrics"))[0].service is None
    assert found(series(LOW + HIGH, job="api"))[0].service == "api"
    assert found(series(LOW + HIGH, job="api", app="web"))[0].service == "web"


@given(st.lists(st.sampled_from([0.0, 1.0, float("nan")]), min_size=1, max_size=60))
def test_pairs_alternate(values: list[float]) -> None:
    """Whatever the samples, onsets and recoveries alternate in time, lie in the window and share their numbers."""
    listed = found(series(values, start=90, step=20))

    assert [row.kind for row in listed] == ["metric.onset", "metric.recovery"] * (len(listed) // 2) + ["metric.onset"] * (len(listed) % 2)
    assert [row.edge for row in listed] == [str(i // 2) for i in range(len(listed))]
    assert all(a.at_ns < b.at_ns for a, b in pairwise(listed))
    assert all(WINDOW.since_ns <= row.at_ns < WINDOW.until_ns for row in listed)


def recorded(path: str, form: str, name: str) -> Series:
    """The only series of a saved answer."""
    (raw,) = (raw for raw in read(Reply("prometheus", form, path, FIXTURES / path)) if raw.table == "samples")
    at, values, labels = normal_samples(raw)
    step = raw.about["step_s"]
    return Series(name, "", json.loads(labels[0].as_py()), at, values, round(float(step) * S) if step else None, path)


def rules(path: str) -> list[Fact]:
    batches = [raw.batch for raw in read(Reply("prometheus", "rules", path, FIXTURES / path))]
    return [
        Fact("prometheus", row["kind"], "prometheus", row["ref"], row["record"], attributes=json.loads(row["attributes"]))
        for b in batches
        for row in b.to_pylist()
    ]


def test_recorded_incident() -> None:
    """The error ratio of a recorded incident crosses when it did, and the failed requests began and ended within the bounds given."""
    one = recorded("incident-c/prometheus/query_range/error_ratio.json", "query_range", "error_ratio")
    since = 1795223975 * S
    listed = rows(Given(Window(since, since + 451 * S), rules("incident-c/prometheus/rules.json"), (one,)))

    assert [row.kind for row in listed] == ["metric.onset", "metric.recovery"]
    assert all(row.milestone_ok and row.service == "checkout" and row.labels["alert"] == "HighErrorRate" for row in listed)
    for row, truth, tolerance in zip(listed, ("2026-11-21T01:21:06.929Z", "2026-11-21T01:24:57.438Z"), (5, 10), strict=True):
        bounds = [rfc3339_short(int(row.labels[f"true_{word}_ns"])) for word in ("earliest", "latest")]
        assert bounds[0] <= truth <= bounds[1]
        best = int(row.labels["true_best_ns"]) / S
        assert abs(best - np.datetime64(truth[:-1], "ms").astype(int) / 1000) <= tolerance


def test_recorded_ramp() -> None:
    """A slow climb with a part that helped is one excursion from the first crossing to the return after the rollback."""
    one = recorded("prometheus/error_ratio_recorded.json", "query_range", "ratio")
    listed = rows(Given(Window(1795220100 * S, 1795221000 * S), rules("prometheus/rules.json"), (one,)))

    assert [(row.kind, rfc3339_short(row.at_ns)) for row in listed] == [("metric.onset", "2026-11-21T00:19:32Z"), ("metric.recovery", "2026-11-21T00:24:42Z")]
