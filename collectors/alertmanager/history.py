"""Files that keep what Alertmanager said: webhook bodies and event recorder lines, one JSON object per line, mixed as they come.

`state.webhook_alert`   one alert of a notification; `stamp` is startsAt. {status, endsAt, received_at, group_key, group_labels, receiver,
                        external_url, annotations, reason, generatorURL}. `received_at` is the receiver's own, null where the body is bare.
`state.recorder_alert`  what the event recorder says of an alert; `stamp` is startsAt, null where the line only has its labels. {happening:
                        created|grouped|resolved|notification|silenced|inhibited, at, status, endsAt, group_key, group_labels, receiver,
                        integration, reason, annotations}
`state.recorder_process` start and end of Alertmanager. {happening, at}
`alert.silenced`, `alert.unsilenced`, `context.warning`, `unreadable`: as elsewhere.

The recorder writes protobuf's JSON: 64-bit numbers are strings, empty fields are absent, fingerprints decimal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadPayload
from ..evidence import Reply
from ..packed import BROKEN
from ..raw import Raw, facts
from .fingerprint import fingerprint
from .silences import is_silence, silence_facts

Row = dict[str, Any]
SOURCE = "alertmanager"
BATCH_LINES = 5_000
WHOLE_BYTES = 64 << 20
ZERO = "0001-01-01T"
HAPPENINGS = {
    "alertCreated": "created",
    "alertGrouped": "grouped",
    "alertResolved": "resolved",
    "notification": "notification",
    "silenceMutedAlert": "silenced",
    "inhibitionMutedAlert": "inhibited",
}
PROCESS = {"alertmanagerStartupEvent": "started", "alertmanagerShutdownEvent": "stopped"}
SILENCES = ("silenceCreated", "silenceUpdated")


def is_history(document: Any) -> bool:
    """Whether `document` is a webhook body, an envelope around one, or a recorder line."""
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("data"), dict) and ("@timestamp" in document or set(document["data"]) & {*HAPPENINGS, *PROCESS, *SILENCES}):
        return True
    body = _body(document)
    return body is not None and isinstance(body.get("alerts"), list) and ("groupKey" in body or "groupLabels" in body)


def history(reply: Reply) -> Iterator[Raw]:
    """Facts of a history file. A line that is no JSON, or JSON of another kind, is an `unreadable` fact of its own.

    Raises BadPayload where a compressed file breaks off, after what could be read.
    """
    rows: list[Row] = []
    broken = ""
    try:
        for number, pointer, document in _documents(reply):
            where = f"{reply.ref}#line {number}" if number else f"{reply.ref}#{pointer}"
            rows.extend(_rows(document, where))
            if number and number % BATCH_LINES == 0:
                yield from facts(rows, SOURCE)
                rows = []
    except BROKEN as error:
        broken = f"{reply.ref}: the compressed file is broken: {error}"
    yield from facts(rows, SOURCE)
    if broken:
        raise BadPayload(broken)


def _documents(reply: Reply) -> Iterator[tuple[int, str, Any]]:
    """(line number, "", document) of JSON lines, or (0, JSON pointer, document) of one document that spans lines."""
    with reply.open() as file:
        first = next((line for line in file if line.strip()), b"")
        if not isinstance(_parsed(first), dict):
            whole = _parsed(first + file.read(WHOLE_BYTES))
            if isinstance(whole, list):
                yield from ((0, f"/{i}", one) for i, one in enumerate(whole))
                return
            if isinstance(whole, dict):
                yield 0, "", whole
                return
    with reply.open() as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, "", _parsed(line)


def _parsed(text: bytes) -> Any:
    """The JSON value, or the error's text wrapped in a ValueError instance."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return ValueError(str(error))


def _rows(document: Any, where: str) -> Iterator[Row]:
    if isinstance(document, ValueError):
        yield {"kind": "unreadable", "title": f"not JSON: {document}", "ref": where}
    elif not is_history(document):
        yield {"kind": "unreadable", "title": "neither a webhook body nor an event recorder line", "ref": where}
    elif isinstance(document.get("data"), dict):
        yield from _recorded(document, where)
    else:
        yield from _notified(document, where)


def _body(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The webhook body: the document itself, or its `body` (an object, or its text)."""
    body = document.get("body", document)
    if isinstance(body, str):
        body = _parsed(body.encode("utf-8", "replace"))
    return body if isinstance(body, dict) else None


def _notified(document: Mapping[str, Any], where: str) -> Iterator[Row]:
    body = _body(document) or {}
    inside = "/body" if "body" in document else ""
    received = document.get("received_at")
    about = {
        "received_at": received if isinstance(received, str) else None,
        "group_key": body.get("groupKey"),
        "group_labels": _texts(body.get("groupLabels")),
        "receiver": body.get("receiver"),
        "external_url": body.get("externalURL"),
        "reason": body.get("notification_reason"),
    }
    if not body["alerts"]:
        yield {"kind": "unreadable", "title": "a notification without alerts", "ref": where}
    for i, alert in enumerate(body["alerts"]):
        ref = f"{where} {inside}/alerts/{i}" if "#line" in where else f"{where}{inside}/alerts/{i}"
        if not isinstance(alert, dict) or not _texts(alert.get("labels")):
            yield {"kind": "unreadable", "title": "an alert without labels", "ref": ref}
            continue
        attributes = {**about, "status": alert.get("status"), "endsAt": alert.get("endsAt"), "annotations": _texts(alert.get("annotations"))}
        name = str(alert.get("fingerprint") or fingerprint(_texts(alert["labels"])))
        yield {**_alert("state.webhook_alert", alert, name), "ref": ref, "attributes": attributes}
    cut = body.get("truncatedAlerts")
    if isinstance(cut, int) and cut > 0:
        yield {"kind": "context.warning", "ref": where, "attributes": {"text": f"a notification of {body.get('groupKey')} left out {cut} alerts (max_alerts)"}}


def _recorded(document: Mapping[str, Any], where: str) -> Iterator[Row]:
    data: dict[str, Any] = document["data"]
    at = document.get("@timestamp")
    name = next((n for n in data if n in HAPPENINGS or n in PROCESS or n in SILENCES), None)
    event = data.get(name) if name else None
    if name is None or not isinstance(event, dict):
        yield {"kind": "unreadable", "title": f"an event of an unknown kind: {', '.join(data) or 'none'}", "ref": where}
    elif name in PROCESS:
        yield {
            "kind": "state.recorder_process",
            "stamp": at if isinstance(at, str) else None,
            "resolution_ns": 1,
            "ref": where,
            "attributes": {"happening": PROCESS[name], "at": at},
        }
    elif name in SILENCES:
        yield from _silence(event.get("silence"), at, where)
    else:
        for i, (alert, status) in enumerate(_alerts(event, HAPPENINGS[name])):
            fact = _recorder_alert(alert, status, HAPPENINGS[name], event, at)
            yield {**fact, "thread": f"alertmanager:{fact['native_id']}", "edge": f"{HAPPENINGS[name]}:{i}", "ref": f"{where} alert {i}", "record": where}


def _silence(silence: Any, at: Any, where: str) -> Iterator[Row]:
    if not is_silence(silence):
        yield {"kind": "unreadable", "title": "a silence without id or matchers", "ref": where}
        return
    expired = silence.get("endsAt") is not None and silence.get("endsAt") == silence.get("updatedAt")
    yield from silence_facts({"updatedAt": at, **silence, "status": {"state": "expired" if expired else "active"}}, where)


def _alerts(event: Mapping[str, Any], happening: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every alert of a recorder event with its status; a grouped alert may have its own content in `details`."""
    groups: list[tuple[Any, str]]
    if happening in ("silenced", "inhibited"):
        groups = [([event.get("mutedAlert")], "muted")]
    elif happening == "notification":
        groups = [(event.get("firingAlerts"), "firing"), (event.get("resolvedAlerts"), "resolved")]
        if not any(g for g, _ in groups):
            groups = [(event.get("alerts"), "")]
    else:
        groups = [([event.get("alert")], "resolved" if happening == "resolved" else "firing")]
    found = 0
    for members, status in groups:
        for one in members if isinstance(members, list) else ():
            alert = one.get("details", one) if isinstance(one, dict) else None
            if isinstance(alert, dict):
                found += 1
                yield alert, status or ("resolved" if alert.get("resolved") else "firing")
    if not found:
        yield {}, ""


def _recorder_alert(alert: Mapping[str, Any], status: str, happening: str, event: Mapping[str, Any], at: Any) -> Row:
    group = event["groupInfo"] if isinstance(event.get("groupInfo"), dict) else {}
    integration = event["integration"] if isinstance(event.get("integration"), dict) else {}
    reason = str(event.get("reason") or "").removeprefix("NOTIFY_REASON_").lower().replace("_", " ")
    attributes = {
        "happening": happening,
        "at": at,
        "status": status,
        "endsAt": alert.get("endsAt"),
        "annotations": _texts(alert.get("annotations")),
        "group_key": group.get("groupKey"),
        "group_labels": _texts(group.get("groupLabels")),
        "receiver": group.get("receiverName"),
        "integration": integration.get("name"),
        "reason": reason or None,
    }
    return {**_alert("state.recorder_alert", alert, _hex(alert)), "clock": "prometheus", "attributes": attributes}


def _alert(kind: str, alert: Mapping[str, Any], native_id: str) -> Row:
    labels = _texts(alert.get("labels"))
    started = alert.get("startsAt")
    return {
        "kind": kind,
        "stamp": started if isinstance(started, str) and not started.startswith(ZERO) else None,
        "resolution_ns": 1,
        "clock": "prometheus" if alert.get("generatorURL") else SOURCE,
        "subject": labels.get("alertname") or alert.get("name"),
        "labels": labels,
        "native_id": native_id or None,
        "url": alert.get("generatorURL") or None,
    }


def _hex(alert: Mapping[str, Any]) -> str:
    """The recorder's decimal fingerprint as the API writes it; computed where it is absent."""
    text = str(alert.get("fingerprint", ""))
    if text.isdecimal() and len(text) <= 20 and int(text) < 1 << 64:
        return f"{int(text):016x}"
    labels = _texts(alert.get("labels"))
    return fingerprint(labels) if labels else ""


def _texts(value: Any) -> dict[str, str]:
    """Labels as a mapping: from an object, or from the recorder's first form `{labels: [{key, value}]}`."""
    if not isinstance(value, dict):
        return {}
    pairs = value.get("labels")
    if isinstance(pairs, list):
        return {str(p["key"]): str(p.get("value", "")) for p in pairs if isinstance(p, dict) and "key" in p}
    return {str(k): str(v) for k, v in value.items()}
