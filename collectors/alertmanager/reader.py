"""Alertmanager's saved answers as facts. No network, no clock.

Facts and their `attributes`:

`state.am_alert`    an alert that was active when asked; `stamp` is startsAt. {endsAt, updatedAt, state, silencedBy, inhibitedBy,
                    receivers, annotations, generatorURL, group_labels?}. endsAt is a promise that is renewed, never an end.
`alert.silenced`    a silence's start; `alert.unsilenced` its end, once expired. {id, matcher_sets, state, startsAt, endsAt, updatedAt}
`context.am_route`  the configuration. {original}
`context.receiver`  a receiver's name. {name}
`unreadable`        an item of another shape.

and those of `history`. API times have three decimals, webhook times as many as needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadPayload
from ..evidence import Reply
from ..raw import Raw, facts
from .fingerprint import fingerprint
from .history import history, is_history
from .silences import is_silence, silence_facts

Row = dict[str, Any]
MS_NS = 1_000_000
SOURCE = "alertmanager"


def read(reply: Reply) -> Iterator[Raw]:
    """See `collectors.ask.Collector.read`; BadPayload where the top level has another shape than the form's."""
    if reply.form == "history":
        yield from history(reply)
        return
    document = reply.json()
    if reply.form in ("status", "config"):
        yield from facts(_status(document, reply.ref), SOURCE)
        return
    if not isinstance(document, list):
        raise BadPayload(f"{reply.ref}: a list of {reply.form} was due")
    readers = {"alerts": _alert, "groups": _group, "silences": _silence, "receivers": _receiver}
    if reply.form not in readers:
        raise BadPayload(f"{reply.ref}: Alertmanager has no form {reply.form!r}")
    rows = [row for i, item in enumerate(document) for row in readers[reply.form](item, f"{reply.ref}#/{i}")]
    yield from facts(rows, SOURCE)


def recognise(document: Any, name: str) -> str | None:
    """The form of a saved answer, by its keys; an empty list by its file's name."""
    if isinstance(document, dict):
        if is_history(document):
            return "history"
        return "status" if isinstance(document.get("config"), dict) and "original" in document["config"] else None
    if not isinstance(document, list):
        return None
    if not document:
        return _by_name(name.lower())
    return _by_item(document[0])


def _by_name(name: str) -> str | None:
    """For an empty answer. The order matters: `alerts-groups.json` has groups."""
    return next((form for word, form in {"silence": "silences", "group": "groups", "receiver": "receivers", "alert": "alerts"}.items() if word in name), None)


def _by_item(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    if is_history(item):
        return "history"
    if is_silence(item):
        return "silences"
    if "labels" in item and "startsAt" in item:
        return "alerts"
    if "labels" in item and "alerts" in item:
        return "groups"
    return "receivers" if set(item) == {"name"} else None


def _status(document: Any, ref: str) -> Iterator[Row]:
    config = document.get("config") if isinstance(document, dict) else None
    original = config.get("original") if isinstance(config, dict) else None
    if not isinstance(original, str):
        raise BadPayload(f"{ref}: a status with the configuration was due")
    yield {"kind": "context.am_route", "ref": f"{ref}#/config/original", "attributes": {"original": original}}


def _receiver(item: Any, ref: str) -> Iterator[Row]:
    if isinstance(item, dict) and "name" in item:
        yield {"kind": "context.receiver", "ref": ref, "attributes": {"name": str(item["name"])}}
    else:
        yield unreadable("no receiver", ref)


def _silence(item: Any, ref: str) -> Iterator[Row]:
    if is_silence(item):
        yield from silence_facts(item, ref)
    else:
        yield unreadable("no silence", ref)


def _group(item: Any, ref: str) -> Iterator[Row]:
    inner = item.get("alerts") if isinstance(item, dict) else None
    if not isinstance(inner, list):
        yield unreadable("no alert group", ref)
        return
    for i, one in enumerate(inner):
        yield from _alert(one, f"{ref}/alerts/{i}", mapping(item.get("labels")))


def _alert(item: Any, ref: str, group_labels: Mapping[str, str] | None = None) -> Iterator[Row]:
    labels = mapping(item.get("labels")) if isinstance(item, dict) else {}
    if not labels or not isinstance(item.get("startsAt"), str):
        yield unreadable("no alert: labels or startsAt are missing", ref)
        return
    status = item.get("status") if isinstance(item.get("status"), dict) else {}
    attributes = {k: item.get(k) for k in ("endsAt", "updatedAt", "generatorURL")}
    attributes |= {k: status.get(k) for k in ("state", "silencedBy", "inhibitedBy")}
    attributes["annotations"] = mapping(item.get("annotations"))
    attributes["receivers"] = [str(r["name"]) for r in _listed(item.get("receivers")) if isinstance(r, dict) and "name" in r]
    if group_labels is not None:
        attributes["group_labels"] = group_labels
    yield {
        "kind": "state.am_alert",
        "stamp": None if item["startsAt"].startswith("0001-01-01T") else item["startsAt"],
        "resolution_ns": MS_NS,
        "clock": clock_of(item),
        "subject": labels.get("alertname"),
        "labels": labels,
        "native_id": str(item.get("fingerprint") or fingerprint(labels)),
        "url": item.get("generatorURL") or None,
        "ref": ref,
        "attributes": attributes,
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def clock_of(alert: Mapping[str, Any]) -> str:
    """Who stamped startsAt: the rule engine that sent the alert, else Alertmanager itself."""
    return "prometheus" if alert.get("generatorURL") else SOURCE


def mapping(value: Any) -> dict[str, str]:
    """A JSON object as text to text; {} for anything else."""
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def unreadable(why: str, ref: str) -> Row:
    """The fact of a record that could not be understood."""
    return {"kind": "unreadable", "title": why, "ref": ref}
