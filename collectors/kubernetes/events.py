"""Event objects as facts (Kubernetes API reference, core/v1 Event and events.k8s.io/v1 Event).

Both versions show the same objects under other names. Recorders of the old kind fill first and last time (1 s) and a count,
those of the new kind `eventTime` and a series (1 µs). A repeated event is an interval with a count, not a list of instants. After
ten similar events the recorder folds the next ones into one object that keeps only the last text: its first time gives
a fact without that text, its last time a second fact (`edge` "last") with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .fields import mapping, number, text

COMBINED = "(combined from similar events): "
FIELD_PATH = re.compile(r"^spec\.(?:initC|ephemeralC|c)ontainers\{(.+)\}$")
SECOND_NS, MICROSECOND_NS = 1_000_000_000, 1_000


def event_facts(item: Mapping[str, Any], ref: str) -> Iterator[dict[str, Any]]:
    """One fact per Event, two for a combined one that was repeated. `attributes`: reason, type, message (without the
    prefix of combined events), combined, involved {kind, namespace, name, uid, fieldPath}, component, host, count, first, last.
    """
    first, last, resolution_ns = _times(item)
    component, host = _reporter(item)
    message = text(item, "message") or text(item, "note")
    combined = message.startswith(COMBINED)
    reason = text(item, "reason") or "Event"
    count = number(item, "series", "count") or number(item, "count") or number(item, "deprecatedCount") or 1
    involved = {k: text(mapping(item, "involvedObject") or mapping(item, "regarding"), k) for k in ("kind", "namespace", "name", "uid", "fieldPath")}
    message = message.removeprefix(COMBINED)
    attributes = {
        "reason": reason, "type": text(item, "type"), "message": message, "combined": combined, "involved": involved,
        "component": component, "host": host, "count": count, "first": first, "last": last,
    }  # fmt: skip
    whole = {
        "kind": "k8s.event",
        "stamp": first or None,
        "until_stamp": last if last != first else None,
        "resolution_ns": resolution_ns,
        "clock": _clock(component, host),
        "severity": "warning" if text(item, "type") == "Warning" else "info",
        "title": _title(reason, message),
        "body": message or None,
        "actor": component or None,
        "thread": f"k8s-event:{text(item, 'metadata', 'uid') or ref}",
        "edge": "",
        "count": count,
        "native_id": text(item, "metadata", "uid") or None,
        "ref": ref,
        "record": ref,
        "attributes": attributes,
        **_about(involved, reason),
    }
    if not combined or count == 1:
        yield whole
        return
    yield {**whole, "title": f"{reason}: {count} similar events", "attributes": {**attributes, "message": ""}}
    yield {**whole, "stamp": last or None, "until_stamp": None, "edge": "last", "count": 1, "ref": f"{ref}/message"}


def container_of(field_path: str) -> str:
    """The container that an event's `fieldPath` names, "" for the whole object."""
    match = FIELD_PATH.match(field_path)
    return match[1] if match else ""


def _about(involved: Mapping[str, str], reason: str) -> dict[str, Any]:
    container = container_of(involved["fieldPath"])
    labels = {"namespace": involved["namespace"], "reason": reason, "kind": involved["kind"], "name": involved["name"], "container": container}
    subject = "/".join(part for part in (involved["kind"], involved["name"], container) if part)
    return {"subject": subject or None, "labels": {k: v for k, v in labels.items() if v}}


def _title(reason: str, message: str) -> str:
    line = message.strip().partition("\n")[0]
    return f"{reason}: {line}" if line else reason


def _times(item: Mapping[str, Any]) -> tuple[str, str, int]:
    """First and last time as received, and the resolution of the first."""
    old_first = text(item, "firstTimestamp") or text(item, "deprecatedFirstTimestamp")
    old_last = text(item, "lastTimestamp") or text(item, "deprecatedLastTimestamp")
    new, made = text(item, "eventTime"), text(item, "metadata", "creationTimestamp")
    first = old_first or new or old_last or made
    last = text(item, "series", "lastObservedTime") or old_last or new or first
    return first, last, MICROSECOND_NS if first == new and new else SECOND_NS


def _reporter(item: Mapping[str, Any]) -> tuple[str, str]:
    """Component and host that reported; combined events name the component in `source` alone."""
    source = mapping(item, "source") or mapping(item, "deprecatedSource")
    component = text(source, "component") or text(item, "reportingComponent") or text(item, "reportingController")
    return component, text(source, "host") or (text(item, "reportingInstance") if component == "kubelet" else "")


def _clock(component: str, host: str) -> str:
    if component == "kubelet":
        return f"kubernetes/node/{host}" if host else "kubernetes/node"
    return f"kubernetes/{component}" if component else "kubernetes/apiserver"
