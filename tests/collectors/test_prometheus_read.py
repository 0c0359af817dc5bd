"""Prometheus' answers to raw samples and facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors.errors import BadPayload
from retroline.collectors.evidence import Reply
from retroline.collectors.prometheus import read, recognise
from retroline.collectors.prometheus.reader import global_config
from retroline.collectors.prometheus.samples import spacing
from retroline.collectors.raw import Raw

FOLDER = Path(__file__).resolve().parent.parent.parent / "fixtures" / "prometheus"


def saved(name: str, about: dict[str, str] | None = None, form: str = "") -> Reply:
    found = form or recognise(json.loads((FOLDER / name).read_text()), name)
    assert found
    return Reply("prometheus", found, name, FOLDER / name, about=about or {})


def made(tmp_path: Path, document: Any, form: str, **about: str) -> Reply:
    path = tmp_path / "made.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return Reply("prometheus", form, "made.json", path, about=about, asked_at="A", received_at="B", date="D")


def samples(reply: Reply) -> list[dict[str, Any]]:
    return [row for raw in read(reply) if raw.table == "samples" for row in raw.batch.to_pylist()]


def facts(reply: Reply) -> list[dict[str, Any]]:
    rows = [row for raw in read(reply) if raw.table == "facts" for row in raw.batch.to_pylist()]
    return [{**row, "attributes": json.loads(row["attributes"])} if row["attributes"] else row for row in rows]


def about(reply: Reply) -> dict[str, str]:
    raw: Raw = next(iter(read(reply)))
    return dict(raw.about)


def matrix(*series: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": "matrix", "result": list(series)}, **more}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("rules.json", "rules"),
        ("alerts.json", "alerts"),
        ("config.json", "config"),
        ("buildinfo.json", "buildinfo"),
        ("runtimeinfo.json", "runtimeinfo"),
        ("targets.json", "targets"),
        ("error_ratio_recorded.json", "query_range"),
        ("empty.json", "query_range"),
        ("counter-raw.json", "query"),
        ("victoriametrics-ALERTS.json", "query"),
        ("scalar-time.json", "query"),
        ("string.json", "query"),
        ("timestamp-of-up.json", "query"),
        ("victoriametrics-rules.json", "rules"),
    ],
)
def test_recognise(name: str, form: str) -> None:
    """A saved answer is known by its content; samples that lie on no common grid are raw ones."""
    assert recognise(json.loads((FOLDER / name).read_text()), name) == form


@pytest.mark.parametrize(
    "document", [None, [], {}, {"status": "success"}, {"status": "success", "data": []}, {"data": {"groups": []}}, {"status": "x", "data": {"alerts": []}}]
)
def test_strangers_are_left_alone(document: Any) -> None:
    """What is not Prometheus' is not recognised."""
    assert recognise(document, "x.json") is None


def test_times_stay_text() -> None:
    """A fractional time and a long value come out as they stand in the body."""
    rows = samples(saved("error_ratio-step-2.5.json"))

    text = (FOLDER / "error_ratio-step-2.5.json").read_text()
    assert len(rows) > 3
    assert any("." in row["stamp"] for row in rows)
    assert all(f'[{row["stamp"]},"{row["value"]}"]' in text for row in rows)


def test_grid_of_a_saved_file() -> None:
    """A saved range answer carries its file's name and the step that its points show."""
    told = about(saved("error_ratio_recorded.json"))

    assert told == {"name": "error_ratio_recorded", "query": "", "step_s": "5", "clock": "prometheus", "layout": "epoch_s", "ref": "error_ratio_recorded.json"}
    assert about(saved("error_ratio-step-2.5.json"))["step_s"] == "2.5"


def test_raw_alerts() -> None:
    """A raw ALERTS history is named so, has no step, and keeps VictoriaMetrics' stale markers as samples."""
    reply = saved("victoriametrics-ALERTS.json")

    assert about(reply)["name"] == "ALERTS"
    assert about(reply)["step_s"] == ""
    assert {row["value"] for row in samples(reply)} == {"1", "NaN"}
    assert json.loads(samples(reply)[0]["labels"])["__name__"] == "ALERTS"


@pytest.mark.parametrize(("name", "value"), [("scalar-time.json", "1795220492"), ("scalar-inf.json", "+Inf"), ("string.json", "just a string")])
def test_scalars(name: str, value: str) -> None:
    """Scalars and strings are one sample without labels."""
    assert samples(saved(name)) == [{"stamp": "1795220492", "value": value, "labels": "{}"}]


def test_nan_and_infinity_stay_text() -> None:
    """Values that are no numbers in JSON come out as written."""
    assert "NaN" in {row["value"] for row in samples(saved("cache-hits-nan.json"))}
    assert "+Inf" in {row["value"] for row in samples(saved("reconcile-age-inf.json"))}


def test_native_histograms(tmp_path: Path) -> None:
    """A native histogram is a sample without a value, not a lost one."""
    point = {"count": "3", "sum": "1.5", "buckets": [[0, "0.5", "1", "3"]]}
    reply = made(tmp_path, matrix({"metric": {"a": "b"}, "histograms": [[1.5, point]], "values": [[1, "2"]]}), "query_range", name="h", query="h", step="1")

    assert [(row["stamp"], row["value"]) for row in samples(reply)] == [("1", "2"), ("1.5", None)]


def test_bad_points_cost_only_themselves(tmp_path: Path) -> None:
    """A point of another shape is one unreadable fact with its place; the others are read."""
    values = [[1, "2"], [2], "x", [4, "5"], [None, "1"]]
    reply = made(tmp_path, matrix({"metric": {}, "values": values}, "no series"), "query_range", name="n", query="q", step="1")

    assert [row["stamp"] for row in samples(reply)] == ["1", "4"]
    bad = [row["ref"] for row in facts(reply) if row["kind"] == "unreadable"]
    assert bad == [f"made.json#/data/result/{at}" for at in ("0/values/1", "0/values/2", "0/values/4", "1")]


def test_large_answers_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Series are gathered into batches; every sample keeps its own labels."""
    monkeypatch.setattr("retroline.collectors.prometheus.samples.BATCH", 10)
    reply = made(
        tmp_path, matrix(*({"metric": {"n": str(i)}, "values": [[t, str(i)] for t in range(4)]} for i in range(7))), "query_range", step="1", query="q"
    )

    rows = samples(reply)
    assert len(rows) == 28
    assert all(json.loads(row["labels"]) == {"n": row["value"]} for row in rows)
    assert len([raw for raw in read(reply) if raw.table == "samples"]) == 3


def test_series_context(tmp_path: Path) -> None:
    """Each threshold of a series asked for is a fact of its own; warnings and infos come along."""
    asked = [
        {"rule": "A", "role": "alert_expression", "op": ">", "threshold": 0.05, "rate_window_s": 30.0, "guard": False},
        {"rule": "B", "op": ">", "threshold": 0.2},
    ]
    reply = made(
        tmp_path,
        matrix(warnings=["w"], infos=["i"]),
        "query_range",
        name="n",
        query="q",
        step="5",
        start="1",
        end="9",
        role="configured",
        sides=json.dumps(asked),
    )

    first, second, *told = facts(reply)
    assert first["kind"] == "context.series"
    assert first["attributes"] == {"name": "n", "query": "q", "start": "1", "end": "9", "step_s": "5", **asked[0]}
    assert (second["attributes"]["rule"], second["attributes"]["role"], second["attributes"]["threshold"]) == ("B", "configured", 0.2)
    assert [(f["kind"], f["attributes"]) for f in told] == [
        ("context.warning", {"text": "w", "level": "warning"}),
        ("context.warning", {"text": "i", "level": "info"}),
    ]


def test_rules() -> None:
    """Rules tell their times, their sides with rate windows through recording rules, and what records come from."""
    told = [f["attributes"] for f in facts(saved("rules.json")) if f["kind"] == "context.rule"]
    high = next(rule for rule in told if rule["alert"] == "HighErrorRate")

    assert (high["for_s"], high["interval_s"], high["labels"]["severity"]) == (30.0, 5.0, "critical")
    assert [(s["series"], s["op"], s["threshold"], s["rate_window_s"]) for s in high["sides"]] == [
        ('service:http_errors:ratio_rate30s{service="checkout"}', ">", 0.05, 30.0)
    ]
    assert len(told) == 10
    assert next(rule for rule in told if rule["alert"] == "Watchdog")["sides"] == []
    records = [f["attributes"]["record"] for f in facts(saved("rules.json")) if f["kind"] == "context.record"]
    assert records == ["service:http_errors:ratio_rate30s", "service:http_request_duration_seconds:p99_30s"]


def test_unparsed_rule_is_told(tmp_path: Path) -> None:
    """A rule in another dialect is kept, with the reason and without sides."""
    rule = {"name": "M", "query": "x keep_metric_names > 1", "type": "alerting", "duration": 1}
    reply = made(tmp_path, {"status": "success", "data": {"groups": [{"name": "g", "rules": [rule, "x", {"name": 3}]}, None]}}, "rules")

    (fact,) = facts(reply)
    assert fact["attributes"]["sides"] == []
    assert fact["attributes"]["unparsed"]


def test_alerts_now() -> None:
    """Active alerts carry activeAt to the nanosecond."""
    rows = [f for f in facts(saved("alerts.json")) if f["kind"] == "state.alert_now"]

    assert len(rows) >= 4
    assert all(row["resolution_ns"] == 1 and row["stamp"].count(".") == 1 for row in rows)
    assert {row["attributes"]["state"] for row in rows} <= {"pending", "firing"}


def test_config() -> None:
    """External labels and intervals come from the global block."""
    (fact,) = facts(saved("config.json"))

    assert fact["attributes"] == {"labels": {"cluster": "prod-eu-1", "replica": "prometheus-0"}, "scrape_interval": "5s", "evaluation_interval": "5s"}


@pytest.mark.parametrize("text", ["", "scrape_configs: []", "global:\n  a: [", "global: 3", "global:\n  - 1\n"])
def test_odd_configs(text: str) -> None:
    """A configuration without a readable global block tells nothing."""
    assert global_config(text) == {}


def test_config_values_stay_text() -> None:
    """A label that looks like a number or a truth value stays what it was."""
    assert global_config('global:\n  external_labels:\n    shard: "01"\n    on: yes\nrule_files:\n- x')["external_labels"] == {"shard": "01", "on": "yes"}


def test_now(tmp_path: Path) -> None:
    """The server's own now comes with when it was asked, as scalar and as VictoriaMetrics' vector."""
    for data in ({"resultType": "scalar", "result": [5.25, "5.25"]}, {"resultType": "vector", "result": [{"metric": {}, "value": [5, "5.25"]}]}):
        (fact,) = facts(made(tmp_path, {"status": "success", "data": data}, "now"))
        assert fact["attributes"] == {"now": "5.25", "asked_at": "A", "received_at": "B", "date": "D"}


@pytest.mark.parametrize(
    ("form", "document"),
    [
        ("query_range", '{"status":"success","data":{"resu'),
        ("query", "<html>"),
        ("query", ""),
        ("query_range", "[]"),
        ("query_range", {"status": "error", "errorType": "execution", "error": "too many samples"}),
        ("query", {"status": "success", "data": {"resultType": "tensor", "result": []}}),
        ("rules", {"status": "success", "data": []}),
        ("rules", {"status": "error", "error": "no"}),
        ("now", {"status": "success", "data": {"resultType": "vector", "result": []}}),
        ("poem", {"status": "success", "data": {}}),
    ],
)
def test_bad_payloads(tmp_path: Path, form: str, document: Any) -> None:
    """A body that is not what the API promises is a BadPayload that names the file."""
    with pytest.raises(BadPayload, match=r"made\.json"):
        list(read(made(tmp_path, document, form)))


@pytest.mark.parametrize("stamp", ["1e300", "Infinity", "NaN", "-5", "x"])
def test_a_stamp_beyond_all_years_is_no_grid(tmp_path: Path, stamp: str) -> None:
    """Points at impossible times tell no step, and the others are read."""
    reply = made(tmp_path, matrix({"metric": {"a": "b"}, "values": [[stamp, "1"], ["1795223400", "2"]]}), "query_range", name="h", query="h")

    assert spacing(matrix({"metric": {}, "values": [[stamp, "1"], ["1795223400", "2"]]})["data"]) == ""
    assert "2" in [row["value"] for row in samples(reply)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15d", 1_296_000.0), ("15d or 10GiB", 1_296_000.0), ("1w2d", 777_600.0), ("10GiB", 0.0), ("", None), (None, None)],
)
def test_retention(tmp_path: Path, text: str | None, seconds: float | None) -> None:
    """How long a server keeps samples is told in seconds, 0 where only a size bounds it; nothing where it does not say."""
    path = tmp_path / "runtimeinfo.json"
    path.write_text(json.dumps({"status": "success", "data": {"storageRetention": text, "GOGC": ""}}))
    reply = Reply("prometheus", "runtimeinfo", "r/prometheus/runtimeinfo.json", path)
    told = [json.loads(f["attributes"]) for raw in read(reply) for f in raw.batch.to_pylist() if f["kind"] == "context.retention"]

    assert told == ([] if seconds is None else [{"seconds": seconds, "text": text}])
