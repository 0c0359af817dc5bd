"""The identity of alerts: each run once, whoever reported it; on recorded incidents and on made-up edge cases."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from retroline.collectors import alertmanager
from retroline.collectors.alertmanager.fingerprint import fingerprint
from retroline.collectors.evidence import Reply
from retroline.collectors.window import Window, rfc3339_short
from retroline.normalize.facts import normal_facts
from retroline.normalize.stamps import instant_ns
from retroline.timeline import alerts
from retroline.timeline.alert_routes import group_keys
from retroline.timeline.facts import facts_of
from retroline.timeline.likelihood import JOINED_LABEL, SAME_LABEL
from retroline.timeline.rows import Fact, Given, Row, Series

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
S = 1_000_000_000
T0 = 1_800_000_000 * S
WINDOW = Window(T0, T0 + 3600 * S)
UP = {"alertname": "Slow", "service": "shop"}


def ns(text: str) -> int:
    at = instant_ns(text)
    assert at is not None
    return at


def series(path: str) -> list[Series]:
    """Raw samples of a saved answer, times exact."""
    result = json.loads((FIXTURES / path).read_text(), parse_float=str, parse_int=str)["data"]["result"]
    found = []
    for one in result:
        at = np.array([instant_ns(str(t), "epoch_s") for t, _ in one["values"]], np.int64)
        found.append(Series(Path(path).stem, Path(path).stem, one["metric"], at, np.array([float(v) for _, v in one["values"]]), None, path))
    return found


def told(form: str, path: str) -> list[Fact]:
    """Facts of a saved Alertmanager answer."""
    return facts_of(normal_facts(alertmanager.read(Reply("alertmanager", form, path, FIXTURES / path))), {})


def rule(name: str, interval_s: float = 5, for_s: float = 0, **labels: str) -> Fact:
    return Fact(
        "prometheus",
        "context.rule",
        "prometheus",
        f"rules#{name}",
        f"rules#{name}",
        attributes={"alert": name, "interval_s": interval_s, "for_s": for_s, "labels": labels},
    )


def external(**labels: str) -> Fact:
    return Fact("prometheus", "context.external_labels", "prometheus", "config", "config", attributes={"labels": labels})


def samples(labels: dict[str, str], state: str | None, seconds: Sequence[float], values: Sequence[float] | None = None, step_s: float | None = None) -> Series:
    """ALERTS (with a state) or ALERTS_FOR_STATE samples at `seconds` after T0."""
    name = "ALERTS" if state else "ALERTS_FOR_STATE"
    at = np.array([T0 + round(s * S) for s in seconds], np.int64)
    full = {"__name__": name, **labels, **({"alertstate": state} if state else {})}
    return Series(name, name, full, at, np.array(values if values is not None else [1.0] * len(seconds)), round(step_s * S) if step_s else None, f"{name}.json")


def other(until_s: float) -> Series:
    """Another metric, which shows that the data goes on."""
    at = np.array([T0 - 600 * S, T0 + round(until_s * S)], np.int64)
    return Series("up", "up", {"__name__": "up"}, at, np.ones(2), None, "up.json")


def webhook(start_s: float, status: str, end_s: float | None = None, at_s: float | None = None, labels: dict[str, str] | None = None, **more: Any) -> Fact:
    """One alert of a notification."""
    at = T0 + round(start_s * S)
    ref = f"webhook#{start_s}/{status}/{at_s}"
    attributes = {
        "status": status,
        "endsAt": rfc3339_short(T0 + round(end_s * S)) if end_s is not None else "0001-01-01T00:00:00Z",
        "received_at": rfc3339_short(T0 + round(at_s * S)) if at_s is not None else None,
        "receiver": "ops",
        "annotations": {"summary": "it is slow"},
        **more,
    }
    own = labels or UP
    return Fact(
        "alertmanager",
        "state.webhook_alert",
        "prometheus",
        ref,
        ref,
        at_ns=at,
        stamp=rfc3339_short(at),
        labels=own,
        native_id=fingerprint(own),
        attributes=attributes,
    )


def made(facts: Sequence[Fact] = (), given: Sequence[Series] = (), window: Window = WINDOW) -> list[Row]:
    return sorted(alerts.rows(Given(window, facts, given)), key=lambda r: (r.at_ns, r.kind, r.thread))


def brief(rows: Sequence[Row]) -> list[tuple[str, float]]:
    return [(r.kind.removeprefix("alert."), (r.at_ns - T0) / S) for r in rows]


INCIDENT_A = Window(ns("2026-11-21T00:14:42Z"), ns("2026-11-21T00:30:41Z"))
RULES_A = [
    *(rule(n, for_s=f) for n, f in (("HighErrorRate", 30), ("SlowRequests", 45), ("DBPoolExhausted", 30), ("WorkerQueueBacklog", 15))),
    *(rule(n, for_s=f) for n, f in (("CpuThrottlingHigh", 20), ("SyntheticProbeFailing", 15), ("TrafficDrop", 480), ("CertificateExpiringSoon", 0))),
    *(rule(n) for n in ("InstanceDown", "Watchdog")),
    external(cluster="prod-eu-1", replica="prometheus-0"),
]


def incident_a(*, prometheus: bool = True, alert_manager: bool = True) -> list[Row]:
    facts, given = [], []
    if prometheus:
        facts += RULES_A
        given = series("incident-a/ALERTS.json") + series("incident-a/ALERTS_FOR_STATE.json")
    if alert_manager:
        facts += told("history", "alertmanager/webhook.jsonl") + told("alerts", "alertmanager/alerts.json") + told("groups", "alertmanager/groups.json")
        facts += (
            told("silences", "alertmanager/silences.json")
            + told("silences", "alertmanager/silences-extended.json")
            + told("status", "alertmanager/status.json")
        )
    return made(facts, given, INCIDENT_A)


def edges(rows: Sequence[Row], name: str, kind: str) -> list[str]:
    return [rfc3339_short(r.at_ns)[11:] for r in rows if r.subject == name and r.kind == f"alert.{kind}"]


@pytest.mark.parametrize("alert_manager", [True, False])
def test_every_run_of_a_recorded_incident_is_one_thread(alert_manager: bool) -> None:
    """The flapping, restarting and silenced alerts of a real incident: each run's edges once, whether Alertmanager was seen or not."""
    rows = [r for r in incident_a(alert_manager=alert_manager) if r.subject != "ManualDrill"]
    counts = Counter(r.kind for r in rows)

    assert (counts["alert.pending"], counts["alert.firing"], counts["alert.resolved"]) == (11, 17, 15)
    assert edges(rows, "WorkerQueueBacklog", "firing") == ["00:20:40.692Z", "00:23:30.692Z"]
    assert edges(rows, "WorkerQueueBacklog", "resolved") == ["00:21:40.692Z", "00:24:20.692Z"]
    assert edges(rows, "InstanceDown", "firing") == ["00:17:29.4Z", "00:17:44.4Z", "00:18:09.4Z", "00:24:29.4Z", "00:24:44.4Z", "00:25:09.4Z"]
    assert edges(rows, "InstanceDown", "pending") == []
    assert edges(rows, "TrafficDrop", "pending") == ["00:14:42Z", "00:17:45.692Z", "00:18:10.692Z", "00:21:05.692Z"]
    assert edges(rows, "TrafficDrop", "firing") == edges(rows, "TrafficDrop", "resolved") == []
    assert edges(rows, "SyntheticProbeFailing", "firing") == ["00:20:10.692Z"]
    assert len({(r.kind, r.thread, r.edge) for r in rows if r.kind in ("alert.pending", "alert.firing", "alert.resolved")}) == 43


def test_ids_do_not_depend_on_the_witnesses() -> None:
    """Threads are the same with Prometheus alone and with Alertmanager beside it."""
    both = {(r.kind, r.thread, r.edge) for r in incident_a() if r.kind in ("alert.pending", "alert.firing", "alert.resolved") and r.subject != "ManualDrill"}

    assert both == {(r.kind, r.thread, r.edge) for r in incident_a(alert_manager=False)}


def test_all_systems_witness_one_firing_edge() -> None:
    """Prometheus speaks first, then the webhook, then the API; the row has the annotation's words and Alertmanager's fingerprint."""
    (row,) = [r for r in incident_a() if r.subject == "HighErrorRate" and r.kind == "alert.firing"]

    assert [(w.source, w.ref.partition("#")[0]) for w in row.witnesses] == [
        ("prometheus", "incident-a/ALERTS.json"),
        ("alertmanager", "alertmanager/webhook.jsonl"),
        ("alertmanager", "alertmanager/alerts.json"),
    ]
    assert {w.at_ns for w in row.witnesses} == {ns("2026-11-21T00:20:00.692Z")}
    assert [w.at_source for w in row.witnesses] == ["1795220400.692", "2026-11-21T00:20:00.692Z", "2026-11-21T00:20:00.692Z"]
    assert row.title == "HighErrorRate firing: checkout: 10% of requests fail"
    assert (row.service, row.severity, row.source) == ("checkout", "critical", "prometheus")
    assert row.labels["fingerprint"] == row.witnesses[1].native_id
    assert row.labels["cluster"] == "prod-eu-1"
    assert row.folds


def test_notifications_fold_their_repeats() -> None:
    """One row per run, state and receiver; a repeat counts; what was inhibited is told late, what was silenced later still."""
    rows = [r for r in incident_a() if r.kind == "alert.notified"]
    by = {(r.subject, r.labels["status"]): r for r in rows if r.subject not in ("InstanceDown", "WorkerQueueBacklog")}

    assert (by["HighErrorRate", "firing"].count, by["HighErrorRate", "resolved"].count) == (2, 1)
    assert rfc3339_short(by["SyntheticProbeFailing", "firing"].at_ns) == "2026-11-21T00:24:40.719Z"
    assert rfc3339_short(by["CpuThrottlingHigh", "resolved"].at_ns) == "2026-11-21T00:27:20.696Z"
    assert len([r for r in rows if r.subject == "InstanceDown"]) == 4
    assert by["HighErrorRate", "firing"].after_ns == 1_000_000


def test_what_was_always_on_is_no_milestone() -> None:
    """A watchdog is one row at the window's start with its true start; an alert silenced over its whole run stays in the background."""
    rows = incident_a()
    watchdog = [r for r in rows if r.subject == "Watchdog" and r.kind != "alert.notified"]
    certificate = [r for r in rows if r.subject == "CertificateExpiringSoon"]

    assert [(r.kind, r.at_ns, r.at_source, r.milestone_ok) for r in watchdog] == [("alert.firing", INCIDENT_A.since_ns, "2026-11-21T00:14:24.4Z", False)]
    assert watchdog[0].title.startswith("already firing: Watchdog")
    assert [r.kind for r in certificate] == ["alert.firing", "alert.resolved", "alert.firing", "alert.resolved", "alert.firing"]
    assert not any(r.milestone_ok for r in certificate)
    assert all(r.milestone_ok for r in rows if r.subject == "CpuThrottlingHigh")


def test_alertmanager_alone() -> None:
    """Without Prometheus the webhook's starts and ends stand, and an alert still active has no end."""
    rows = incident_a(prometheus=False)

    assert edges(rows, "HighErrorRate", "firing") == ["00:20:00.692Z"]
    assert edges(rows, "HighErrorRate", "resolved") == ["00:24:40.692Z"]
    assert edges(rows, "WorkerQueueBacklog", "resolved") == ["00:21:40.692Z", "00:24:20.692Z"]
    assert edges(rows, "CertificateExpiringSoon", "resolved") == edges(rows, "Watchdog", "resolved") == []
    assert edges(rows, "ManualDrill", "firing") == ["00:27:32.042869209Z"]
    assert not any(r.kind == "alert.pending" for r in rows)


def test_a_silence_from_start_to_end() -> None:
    """A silence seen at two moments is one: its start, its extension by the later comment, and its early end, about the alert it muted."""
    rows = [r for r in incident_a() if r.thread == "silence:d554d65d-b4e0-4af2-a329-45c319f235f5"]
    (cpu,) = [r for r in incident_a() if r.subject == "CpuThrottlingHigh" and r.kind == "alert.firing"]

    assert [(r.kind, rfc3339_short(r.at_ns)[11:]) for r in rows] == [
        ("alert.silenced", "00:21:37.044Z"),
        ("alert.silenced", "00:23:52.035Z"),
        ("alert.unsilenced", "00:26:52.433Z"),
    ]
    assert {r.about for r in rows} == {cpu.thread}
    assert (rows[0].actor, rows[2].actor) == ("maria.okafor", None)
    assert rows[1].title.endswith("now until 2026-11-21T00:31:37Z")


def test_the_shipped_incident() -> None:
    """All runs of the shipped incident, joined with its notifications: three kills of pods are three threads, and the silenced one was told to nobody."""
    facts = [
        *told("history", "incident-c/alertmanager/webhook.jsonl"),
        *told("alerts", "incident-c/alertmanager/after/alerts.json"),
        external(cluster="prod-eu-2"),
    ]
    facts += [rule("HighErrorRate", for_s=20), rule("PodOOMKilled", for_s=20), rule("Watchdog"), rule("BackupTooOld"), rule("TargetDown", for_s=15)]
    given = series("incident-c/prometheus/query/ALERTS.json") + series("incident-c/prometheus/query/ALERTS_FOR_STATE.json")
    rows = made(facts, given, Window(ns("2026-11-21T01:19:35Z"), ns("2026-11-21T01:27:06Z")))

    assert edges(rows, "HighErrorRate", "pending") == ["01:21:19.152Z"]
    assert edges(rows, "HighErrorRate", "firing") == ["01:21:39.152Z"]
    assert edges(rows, "HighErrorRate", "resolved") == ["01:25:24.152Z"]
    assert edges(rows, "PodOOMKilled", "firing") == ["01:23:09.152Z", "01:23:14.152Z", "01:23:14.152Z"]
    assert edges(rows, "PodOOMKilled", "resolved") == ["01:24:44.152Z", "01:24:49.152Z", "01:24:49.152Z"]
    assert len({r.thread for r in rows if r.subject == "PodOOMKilled"}) == 3
    assert [(r.kind, r.milestone_ok) for r in rows if r.subject == "BackupTooOld"] == [("alert.firing", False)]
    assert all(len(r.witnesses) == 2 for r in rows if r.kind == "alert.resolved")


def test_a_resolved_edge_is_as_wide_as_the_evaluation_interval() -> None:
    """Samples alone place the end between the last one and the next evaluation; a webhook's endsAt makes it exact."""
    given = [samples(UP, "firing", [10, 15, 20]), other(3600)]
    alone = made([rule("Slow")], given)[-1]
    exact = made([rule("Slow"), webhook(10, "resolved", end_s=25, at_s=40)], given)[1]

    assert ((alone.at_ns - T0) / S, alone.before_ns, alone.after_ns) == (25, 5 * S, 1)
    assert (exact.kind, (exact.at_ns - T0) / S, exact.before_ns) == ("alert.resolved", 25, 0)
    assert [w.source for w in exact.witnesses] == ["prometheus", "alertmanager"]


def test_runs_are_cut_at_gaps_but_not_at_a_missed_evaluation() -> None:
    """Samples further apart than 1.5 intervals are two runs, unless ALERTS_FOR_STATE says that the condition held throughout."""
    seconds = [10, 15, 25, 30]
    began = T0 // S + 10

    two = made([rule("Slow")], [samples(UP, "firing", seconds), other(3600)])
    one = made([rule("Slow")], [samples(UP, "firing", seconds), samples(UP, None, seconds, [began] * 4), other(3600)])

    assert brief(two) == [("firing", 10), ("resolved", 20), ("firing", 25), ("resolved", 35)]
    assert brief(one) == [("firing", 10), ("resolved", 35)]


def test_stale_markers_end_a_run_exactly() -> None:
    """A sample of NaN, as VictoriaMetrics gives stale markers, is the evaluation that ended the run."""
    rows = made([rule("Slow")], [samples(UP, "firing", [10, 15, 19.5], [1, 1, float("nan")]), other(3600)])

    assert brief(rows) == [("firing", 10), ("resolved", 19.5)]
    assert rows[1].before_ns == 0


def test_a_run_at_the_end_of_the_data_has_not_ended() -> None:
    """Where everything stops together nobody can say that the alert resolved."""
    assert brief(made([rule("Slow")], [samples(UP, "firing", [10, 15, 20]), other(20)])) == [("firing", 10)]


def test_an_outage_of_the_server_hides_the_end() -> None:
    """Where every metric pauses after a run's last sample, the end lies anywhere up to their return."""
    at = np.array([T0 + s * S for s in (*range(0, 21, 5), *range(300, 401, 5))], np.int64)
    pulse = Series("up", "up", {"__name__": "up"}, at, np.ones(len(at)), None, "up.json")

    rows = made([rule("Slow")], [samples(UP, "firing", [10, 15, 20]), samples({**UP, "service": "b"}, "firing", [310, 315]), pulse])

    assert brief(rows) == [("firing", 10), ("resolved", 300), ("firing", 310), ("resolved", 320)]
    assert [r.before_ns for r in rows if r.kind == "alert.resolved"] == [280 * S, 5 * S]


def test_pending_is_exact_by_the_evaluations_phase() -> None:
    """ALERTS_FOR_STATE's whole seconds and the samples' phase give the start of pending to the millisecond, also before the data begins."""
    late = [samples(UP, "firing", [42.25, 47.25]), samples(UP, None, [42.25, 47.25], [T0 // S + 2] * 2), other(3600)]

    rows = made([rule("Slow", for_s=20)], late)

    assert brief(rows)[:2] == [("pending", 2.25), ("firing", 22.25)]


def test_a_stepped_series_is_as_good_as_its_step() -> None:
    """Alerts from a range query begin within one step before the point that shows them."""
    rows = made([rule("Slow")], [samples(UP, "pending", [30], step_s=30), samples(UP, "firing", [60, 90], step_s=30), other(3600)])

    assert [(k, s) for k, s in brief(rows)] == [("pending", 30), ("firing", 60), ("resolved", 120)]
    assert [r.before_ns for r in rows] == [30 * S, 30 * S, 30 * S]


def active(at_s: float, state: str = "firing") -> Fact:
    """An item of Prometheus' list of active alerts."""
    return Fact(
        "prometheus",
        "state.alert_now",
        "prometheus",
        "now#0",
        "now#0",
        at_ns=T0 + round(at_s * S),
        labels=UP,
        attributes={"state": state},
        collected_ns=T0 + 900 * S,
    )


def test_exact_words_sharpen_stepped_samples() -> None:
    """Where a step hides them, pending begins at activeAt, firing at startsAt, and the end is endsAt."""
    given = [samples(UP, "pending", [30], step_s=30), samples(UP, "firing", [60, 90], step_s=30), other(3600)]

    rows = made([rule("Slow", for_s=40), active(11.5), webhook(51.5, "firing", at_s=53), webhook(51.5, "resolved", end_s=101.5, at_s=110)], given)

    assert brief(rows) == [("pending", 11.5), ("firing", 51.5), ("notified", 53), ("resolved", 101.5), ("notified", 110)]
    assert {r.before_ns for r in rows} == {0}


def test_samples_with_external_labels_join_without_knowing_them() -> None:
    """A remote store keeps external labels on ALERTS; Prometheus' own list lacks them and is still the same alert."""
    stored = samples({**UP, "cluster": "eu", "replica": "p-0"}, "firing", [10, 15, 20])

    rows = made([rule("Slow"), active(10), webhook(10, "firing", at_s=12, labels={**UP, "cluster": "eu"})], [stored, other(3600)])

    assert brief(rows) == [("firing", 10), ("notified", 12), ("resolved", 25)]
    assert [w.source for w in rows[0].witnesses] == ["prometheus", "prometheus", "alertmanager"]


def test_samples_that_begin_with_the_window_prove_no_edge() -> None:
    """An alert that is there at the first sample, at the window's start, held already: it is no milestone."""
    rows = made([rule("Slow")], [samples(UP, "firing", [2, 7, 12]), replace(other(3600), at_ns=np.array([T0 + 2 * S, T0 + 3600 * S], np.int64))])

    assert [(r.kind, r.at_ns, r.milestone_ok) for r in rows] == [("alert.firing", T0, False), ("alert.resolved", T0 + 17 * S, False)]
    assert rows[0].title.startswith("already firing: Slow")


def test_replicas_are_one_alert() -> None:
    """Two replicas of Prometheus that saw the same alert at their own evaluations are one run from the first to the last."""
    a = samples({**UP, "replica": "a"}, "firing", [10, 15, 20])
    b = samples({**UP, "replica": "b"}, "firing", [12, 17, 22])

    rows = made([rule("Slow")], [a, b, other(3600)])

    assert brief(rows) == [("firing", 10), ("resolved", 27)]
    assert "replica" not in rows[0].labels


def test_a_refire_that_alertmanager_merged() -> None:
    """When Alertmanager keeps the old startsAt over a quick re-fire, start and end join the runs they belong to."""
    given = [samples(UP, "firing", [10, 15, 60, 65]), other(3600)]

    rows = made([rule("Slow"), webhook(10, "firing", at_s=12), webhook(10, "firing", at_s=62), webhook(10, "resolved", end_s=70, at_s=80)], given)

    assert brief(rows) == [("firing", 10), ("notified", 12), ("resolved", 20), ("firing", 60), ("notified", 62), ("resolved", 70), ("notified", 80)]
    assert [r.thread == rows[0].thread for r in rows] == [True, True, True, False, False, False, False]
    assert [len(r.witnesses) for r in rows if r.kind == "alert.resolved"] == [1, 2]


def test_labels_dropped_on_the_way_still_join() -> None:
    """Where relabelling dropped a label, the same millisecond of one alert is enough; where two alerts fit, nothing is guessed."""
    one = samples({**UP, "instance": "a"}, "firing", [10, 15])
    two = samples({**UP, "instance": "b"}, "firing", [10, 15])
    word = webhook(10, "firing", at_s=12, labels={**UP, "cluster": "eu"})

    joined = made([rule("Slow"), word], [one, other(3600)])
    apart = made([rule("Slow"), word], [one, two, other(3600)])

    assert {r.thread for r in joined} == {joined[0].thread}
    assert {r.labels[JOINED_LABEL] for r in joined} == {"at 0.95: same name, common labels and start; Alertmanager lacks labels"}
    assert len({r.thread for r in apart}) == 3
    (told,) = [r for r in apart if SAME_LABEL in r.labels]
    assert (told.kind, told.source) == ("alert.firing", "alertmanager")
    assert told.labels[SAME_LABEL].endswith("at 0.3: same name and common labels, same start, 1 other fits as well")


@pytest.mark.parametrize(("start_s", "labels", "perhaps"), [(12, {}, True), (16, {}, False), (12, {"service": "cart"}, False)])
def test_labels_dropped_and_another_start(start_s: float, labels: dict[str, str], perhaps: bool) -> None:
    """Labels dropped and starts that are less than an evaluation apart: two runs, and Alertmanager's says which it may be."""
    word = webhook(start_s, "firing", at_s=20, labels={**UP, **labels})

    rows = made([rule("Slow"), word], [samples({**UP, "instance": "a"}, "firing", [10, 15]), other(3600)])

    told = [r.labels[SAME_LABEL] for r in rows if SAME_LABEL in r.labels]
    assert len({r.thread for r in rows}) == 2
    assert [t.rpartition("\x00")[2] for t in told] == (["at 0.6: same name and common labels, 2 s apart"] if perhaps else [])


@pytest.mark.parametrize(
    ("start_s", "known", "mark"), [(10, False, ""), (11, True, ""), (11, False, "at 0.85: same labels, Alertmanager has more; starts 1 s apart")]
)
def test_labels_that_nothing_explains(start_s: float, known: bool, mark: str) -> None:
    """Labels that Alertmanager has beside Prometheus' are exact with the start or as known external labels; else only likely."""
    word = webhook(start_s, "firing", at_s=12, labels={**UP, "cluster": "eu"})

    rows = made([rule("Slow"), word, *([external(cluster="eu")] if known else [])], [samples(UP, "firing", [10, 15]), other(3600)])

    assert len({r.thread for r in rows}) == 1
    assert {r.labels.get(JOINED_LABEL, "") for r in rows} == {mark}


def test_the_start_that_the_data_missed_comes_from_alertmanager() -> None:
    """A run that was there when the samples begin takes startsAt as its start."""
    early = replace(other(3600), at_ns=np.array([T0 + 600 * S, T0 + 3600 * S], np.int64))

    rows = made(
        [webhook(-7200, "firing", at_s=-7100), webhook(-7200, "resolved", end_s=705, at_s=710)], [samples(UP, "firing", list(range(600, 701, 5))), early]
    )

    assert brief(rows) == [("notified", -7100), ("firing", 0), ("resolved", 705), ("notified", 710)]
    assert (rows[1].title, rows[1].at_source) == ("already firing: Slow: it is slow", rfc3339_short(T0 - 7200 * S))
    assert len({r.thread for r in rows}) == 1


def test_an_old_alert_that_was_never_told_to_have_ended_is_not_alive_forever() -> None:
    """A receiver without resolved notifications leaves old runs open: they stay where they were, unless they were named not long before."""
    old = made([webhook(-90 * 86400, "firing", at_s=-90 * 86400 + 10)])
    named = made([webhook(-90 * 86400, "firing", at_s=-7200)])

    assert brief(old)[0] == ("firing", -90 * 86400)
    assert [(r.title, r.at_ns) for r in named if r.kind == "alert.firing"] == [("already firing: Slow: it is slow", T0)]


def test_the_present_alone() -> None:
    """Without samples, Prometheus' list of what is active gives pending at activeAt and firing after `for`."""
    fact = Fact(
        "prometheus",
        "state.alert_now",
        "prometheus",
        "now#0",
        "now#0",
        at_ns=T0 + 100 * S,
        labels=UP,
        attributes={"state": "firing"},
        collected_ns=T0 + 900 * S,
    )

    assert brief(made([rule("Slow", for_s=60), fact])) == [("pending", 100), ("firing", 160)]
    assert brief(made([rule("Slow", for_s=60), replace(fact, attributes={"state": "pending"})])) == [("pending", 100)]


def test_a_recorder_line_and_a_webhook_are_one_notification() -> None:
    """The event recorder and the receiver both tell of a notification: one row, counted once."""
    recorded = webhook(10, "firing", labels=UP)
    attributes = {"happening": "notification", "at": rfc3339_short(T0 + 12 * S), "status": "firing", "receiver": "ops"}
    recorded = replace(recorded, kind="state.recorder_alert", ref="recorder#line 1", record="recorder#line 1", attributes=attributes)

    rows = [r for r in made([webhook(10, "firing", at_s=12.1), recorded]) if r.kind == "alert.notified"]

    assert [(r.count, len(r.folds)) for r in rows] == [(1, 1)]


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (
            {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"},
            [
                '{}/{severity="critical"}:{alertname="HighErrorRate", service="checkout"}',
                '{}/{severity=~"critical|warning|info"}:{alertname="HighErrorRate", service="checkout"}',
            ],
        ),
        ({"alertname": "Watchdog", "severity": "none"}, ['{}/{alertname="Watchdog"}:{alertname="Watchdog"}']),
        ({"alertname": "Odd", "severity": "none"}, ['{}:{alertname="Odd"}']),
    ],
)
def test_group_keys_from_the_route_tree(labels: dict[str, str], keys: list[str]) -> None:
    """The configuration that Alertmanager prints gives the keys of the groups that an alert is put into."""
    original = json.loads((FIXTURES / "alertmanager/status.json").read_text())["config"]["original"]

    assert group_keys(original, labels) == keys


def test_routes_nest_inherit_and_may_be_unreadable() -> None:
    """Old-style matchers, nesting and inherited grouping are followed; without a route, or with a broken pattern, there is no key."""
    text = """route:
  receiver: a
  group_by: ['...']
  routes:
  - receiver: b
    match:
      team: x
    match_re:
      env: pr.*
    routes:
    - receiver: c
      group_by: [severity]
      matchers:
      - "severity=\\"page\\""
receivers: []
"""
    labels = {"team": "x", "env": "prod", "severity": "low"}

    assert group_keys(text, labels) == ['{}/{env=~"pr.*",team="x"}:{env="prod", severity="low", team="x"}']
    assert group_keys("receivers: []", labels) == []
    assert group_keys(text.replace("pr.*", "pr(*"), labels) == []


def test_order_of_input_does_not_matter() -> None:
    """Facts and series in another order give the same rows."""
    facts = [*RULES_A, *told("history", "alertmanager/webhook.jsonl"), *told("silences", "alertmanager/silences.json")]
    given = series("incident-a/ALERTS.json") + series("incident-a/ALERTS_FOR_STATE.json")

    assert made(facts, given, INCIDENT_A) == made(facts[::-1], given[::-1], INCIDENT_A)
