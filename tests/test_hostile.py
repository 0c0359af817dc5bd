"""Saved answers as no documentation describes them: whatever stands where a text or a list was due, the rest is read and nothing crashes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors.files import Settings
from retroline.collectors.run import collect_all
from retroline.collectors.window import Window
from retroline.timeline.export import accounting, records
from retroline.timeline.folder import build_folder
from retroline.timeline.people import People, write_people
from retroline.timeline.timeline import Timeline

T0 = 1_795_223_400
WINDOW = Window(T0 * 10**9, (T0 + 600) * 10**9)
AT = "2026-11-21T01:10:00Z"
ODD: dict[str, Any] = {
    "nothing": None,
    "a list": [1, "a", None],
    "an object": {"a": None},
    "a number": -1,
    "an endless number": 1e308,
    "true": True,
    "half a character": "\ud800",
    "a word": "soon",
    "markup": "| <b>x</b> `\n# \x1b[31m",
    "the first year": "0001-01-01T00:00:00Z",
    "the last year": "9999-12-31T23:59:59Z",
    "nineteen digits": "9223372036854775808",
    "an unquoted infinity": float("inf"),
}
COUNT = "kube_pod_container_status_restarts_total"
EVENT = {
    "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "shop", "uid": "u"}, "reason": "Failed", "message": "no", "type": "Warning",
    "involvedObject": {"kind": "Pod", "name": "web-1"}, "firstTimestamp": AT, "lastTimestamp": AT, "count": 2, "source": {"component": "kubelet"},
}  # fmt: skip
STATE = {"terminated": {"startedAt": AT, "finishedAt": AT, "reason": "OOMKilled", "exitCode": 137, "containerID": "c"}}
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop", "uid": "p", "creationTimestamp": AT},
    "spec": {"nodeName": "n", "containers": [{"name": "app", "image": "i"}]}, "status": {"containerStatuses": [{"name": "app", "lastState": STATE}]},
}  # fmt: skip
AM_ALERT = {
    "labels": {"alertname": "Slow"}, "annotations": {"summary": "s"}, "startsAt": AT, "endsAt": AT, "updatedAt": AT, "fingerprint": "f",
    "receivers": [{"name": "r"}], "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
}  # fmt: skip
HOOK = {"status": "firing", "labels": {"alertname": "Slow"}, "annotations": {"summary": "s"}, "startsAt": AT, "endsAt": AT, "fingerprint": "f"}
ENTRY = {"id": "R1", "type": "acknowledge_log_entry", "created_at": AT, "incident": {"id": "P1"}, "agent": {"type": "user_reference", "summary": "A"}}
INCIDENT = {"id": "P1", "type": "incident", "incident_number": 1, "title": "t", "created_at": AT, "status": "resolved", "service": {"id": "S", "summary": "s"}}
SERIES = {"metric": {"__name__": COUNT, "pod": "web-1", "container": "app"}, "values": [[T0, "1"], [T0 + 5, "2"]]}
# Each kind of saved answer around its items, and one item as documented.
KINDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "events": (lambda items: {"kind": "List", "apiVersion": "v1", "items": items}, EVENT),
    "pods": (lambda items: {"kind": "List", "apiVersion": "v1", "items": items}, POD),
    "alertmanager": (lambda items: items, AM_ALERT),
    "groups": (lambda items: [{"labels": {}, "receiver": {"name": "r"}, "alerts": items}], AM_ALERT),
    "webhook": (lambda items: {"version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "alerts": items}, HOOK),
    "entries": (lambda items: {"log_entries": items}, ENTRY),
    "incidents": (lambda items: {"incidents": items}, INCIDENT),
    "series": (lambda items: {"status": "success", "data": {"resultType": "matrix", "result": items}}, SERIES),
    "rules": (
        lambda items: {"status": "success", "data": {"groups": items}},
        {
            "name": "g",
            "interval": 5,
            "rules": [{"type": "alerting", "name": "Slow", "query": "a > 1", "duration": 5, "keepFiringFor": 0, "labels": {}, "annotations": {}, "alerts": []}],
        },
    ),
    "prometheus": (
        lambda items: {"status": "success", "data": {"alerts": items}},
        {"labels": {"alertname": "Slow"}, "annotations": {}, "state": "firing", "activeAt": AT, "value": "1"},
    ),
}


def built(folder: Path, saved: dict[str, Any]) -> Timeline:
    """The timeline of saved documents."""
    (folder / "in").mkdir(parents=True)
    for name, document in saved.items():
        (folder / "in" / name).write_bytes(json.dumps(document).encode())
    collect_all({"files": Settings(str(folder / "in"))}, WINDOW, folder / "evidence", "from-x", now_ns=time.time_ns(), timeout_s=60)
    write_people(folder, People("x", WINDOW))
    return build_folder(folder)


def spoiled(item: Any, odd: Any) -> list[Any]:
    """Copies of `item`, in each of which one part, however deep, is `odd`."""
    found = []
    for key, value in item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ():
        for inside in (odd, *spoiled(value, odd)):
            copy = item.copy()
            copy[key] = inside
            found.append(copy)
    return found


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("odd", ODD)
def test_every_part_of_an_answer_may_be_anything(tmp_path: Path, what: str, odd: str) -> None:
    """With any part of any item replaced, the good item beside is read, every record is accounted for, and the report can be written."""
    wrap, item = KINDS[what]
    plain = built(tmp_path / "plain", {"a.json": wrap([item])})
    timeline = built(tmp_path / "odd", {"a.json": wrap([*spoiled(item, ODD[odd]), item])})
    sums = accounting(records(timeline.table("coverage")))

    assert all(s["received"] == s["kept"] + s["folded"] + s["outside"] + s["unreadable"] for s in sums.values())
    assert {e["kind"] for e in records(plain.table("events"))} <= {e["kind"] for e in records(timeline.table("events"))}
    assert not [c["detail"] for c in records(timeline.table("coverage")) if c["ours"]]
    assert timeline.to_json().startswith("{")
    assert "\x1b" not in timeline.to_markdown(everything=True)


@pytest.mark.parametrize("digits", ["1" * 5000, "\u00b2", "--5", "\u0663"])
def test_numbers_in_words_may_be_any(tmp_path: Path, digits: str) -> None:
    """Sizes, counts and revisions of thousands of digits, or of signs that only look like digits, do not end the build."""
    said = {
        "ScalingReplicaSet": f"Scaled up replica set web-1 from {digits} to {digits}",
        "SuccessfulRescale": f"New size: {digits}; reason: All metrics below target",
        "SuccessfulCreate": f"create Pod web-{digits} in StatefulSet web successful",
    }
    kinds = {"ScalingReplicaSet": "Deployment", "SuccessfulRescale": "HorizontalPodAutoscaler", "SuccessfulCreate": "StatefulSet"}
    events = [
        {**EVENT, "metadata": {"name": reason, "namespace": "shop", "uid": reason}, "reason": reason, "message": message, "count": digits,
         "involvedObject": {"kind": kinds[reason], "name": "web", "namespace": "shop"}, "source": {"component": "deployment-controller"}}
        for reason, message in said.items()
    ]  # fmt: skip
    state = {"terminated": {**STATE["terminated"], "exitCode": digits, "signal": digits}}
    pod = {**POD, "status": {"containerStatuses": [{"name": "app", "restartCount": digits, "lastState": state}]}}
    event = {"alertResolved": {"alert": {"fingerprint": digits, "labels": {"alertname": "Slow"}, "startsAt": AT}}}
    lines = {"events.json": {"kind": "List", "apiVersion": "v1", "items": [*events, pod]}, "recorder.json": {"@timestamp": AT, "data": event}}
    timeline = built(tmp_path, lines)

    assert records(timeline.table("events"))
    assert not [c["detail"] for c in records(timeline.table("coverage")) if c["ours"]]
