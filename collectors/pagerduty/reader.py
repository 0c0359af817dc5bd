"""Saved PagerDuty answers as facts; no network.

Forms are the names of the API's lists (`log_entries`, `incidents`, …), `incident` and `log_entry` for single objects, and
`dataset`: one document with several lists, as people save them; in it a list may also be an object of lists by incident id.
A bare JSON array of objects of one type is read as the list they come from. Every item gives exactly one fact.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadPayload
from ..evidence import Reply
from ..raw import Raw, facts
from .entries import entry_fact
from .fields import ident, name, number_and_title, obj, rows, text
from .levels import Known, study
from .records import alert_fact, change_fact, context_fact, incident_fact, note_fact

READERS = {"incidents": incident_fact, "log_entries": entry_fact, "alerts": alert_fact, "notes": note_fact, "change_events": change_fact}
CONTEXTS = ("users", "services", "teams", "escalation_policies")
SINGLES = {"incident": "incidents", "log_entry": "log_entries", "alert": "alerts", "note": "notes", "change_event": "change_events"}
PAGING = {"limit", "offset", "more"}
INCIDENT_PATH = re.compile(r"/incidents/([A-Z0-9]+)(?:/|$)")
INCIDENT_IN_NAME = re.compile(r"(?<![A-Z0-9])(?=[A-Z0-9]*\d)([PQ](?:[A-Z0-9]{6}|[A-Z0-9]{13}))(?![A-Z0-9])")


def read(reply: Reply) -> Iterator[Raw]:
    """The facts of one answer, in its order. Raises BadPayload where none of the lists is in it."""
    document = reply.json()
    items = list(_items(document))
    if not items and not _has_list(document):
        raise BadPayload(f"{reply.ref}: no PagerDuty answer: {_instead(document)}")
    known = _known(items, _incident(reply))
    yield from facts((_fact(key, item, reply.ref + "#" + pointer, known, incident) for key, pointer, item, incident in items), "pagerduty")


def recognise(document: Any, name: str) -> str | None:
    """The form of a saved answer, by its keys and by the types of what is in them; None if it is not PagerDuty's.

    An empty `alerts` list is PagerDuty's if it comes with paging, or in a file named after an incident.
    """
    if isinstance(document, list):
        return _form_of_items(document)
    if not isinstance(document, Mapping):
        return None
    lists = [key for key in (*READERS, *CONTEXTS) if key in document and _is_ours(key, document[key])]
    if len([key for key in lists if key in READERS]) > 1:
        return "dataset"
    if lists:
        return lists[0]
    if document.get("alerts") == [] and (document.keys() >= PAGING or INCIDENT_IN_NAME.search(name)):
        return "alerts"
    return next((key for key in SINGLES if _is_ours(SINGLES[key], [document.get(key)]) and obj(document, key)), None)


def _form_of_items(items: list[Any]) -> str | None:
    for key in READERS:
        if items and isinstance(items[0], Mapping) and items[0].get("type") and _is_ours(key, items[:1]):
            return key
    return None


def _is_ours(key: str, value: Any) -> bool:
    """Whether `value` holds what PagerDuty's list `key` holds. Empty lists count only under names that hardly anyone else uses."""
    items = [item for _, item in _flat(value, key)]
    if not items:
        empty = isinstance(value, list) or (isinstance(value, Mapping) and all(isinstance(part, list) for part in value.values()))
        return empty and key in ("incidents", "log_entries", "change_events", "notes")
    item = obj(items[0])
    kind = str(item.get("type") or "").removesuffix("_reference")
    signs = {
        "incidents": kind == "incident" or "incident_number" in item,
        "log_entries": kind.endswith("_log_entry"),
        "alerts": kind == "alert" or "alert_key" in item,
        "notes": "content" in item and ("user" in item or "created_at" in item),
        "change_events": kind == "change_event" or ("summary" in item and "timestamp" in item),
        "escalation_policies": kind == "escalation_policy",
    }
    return signs.get(key, kind == key.removesuffix("s"))


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """(JSON pointer below the list's own, item) of a list, or of an object of lists by incident id."""
    if isinstance(value, list):
        yield from ((f"/{i}", item) for i, item in enumerate(value))
    elif isinstance(value, Mapping):
        for owner, part in value.items():
            inner, step = (part.get(key), f"/{key}") if isinstance(part, Mapping) else (part, "")
            yield from ((f"/{_escaped(owner)}{step}/{i}", item) for i, item in enumerate(rows(inner)))


def _items(document: Any) -> Iterator[tuple[str, str, Any, str]]:
    """(list name, JSON pointer, item, incident id if the place tells it) of every item of a document."""
    if isinstance(document, list):
        key = _form_of_items(document)
        yield from ((key, pointer, item, "") for pointer, item in _flat(document, key) if key) if key else ()
        return
    for key in (*READERS, *CONTEXTS):
        value = obj(document).get(key)
        for pointer, item in _flat(value, key):
            owner = pointer.split("/")[1] if isinstance(value, Mapping) else ""
            yield key, f"/{key}{pointer}", item, owner
    for single, key in SINGLES.items():
        if obj(document, single) and key not in document:
            yield key, f"/{single}", document[single], ""


def _has_list(document: Any) -> bool:
    known = (*READERS, *CONTEXTS)
    return (isinstance(document, list) and not document) or any(isinstance(obj(document).get(key), (list, Mapping)) for key in known)


def _known(items: list[tuple[str, str, Any, str]], incident: str) -> Known:
    """What the document tells beside each item: titles, urgencies and services by id, levels, repeated triggers."""
    known = Known(incident=incident)
    for key, _, item, _ in items:
        inner = item if key == "incidents" else obj(item).get("incident")
        found = ident(inner)
        if found and (title := number_and_title(inner)[1]):
            known.titles.setdefault(found, title)
        if found and (urgency := text(obj(inner).get("urgency"))):
            known.urgencies.setdefault(found, urgency)
        service = item if key == "services" else obj(item).get("service")
        called, what = ident(service), name(service)
        if called and what:
            known.services.setdefault(called, what)
    study((item for key, _, item, _ in items if key == "log_entries"), known)
    return known


def _fact(key: str, item: Any, ref: str, known: Known, incident: str) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        return {"kind": "unreadable", "title": f"{key}: an object was due, {json.dumps(item, default=str)[:60]} came", "ref": ref}
    if key in CONTEXTS:
        return {**context_fact(item, key), "ref": ref}
    at_hand = Known(incident, known.titles, known.urgencies, known.services, known.levels, known.reached, known.repeats) if incident else known
    return {**READERS[key](item, at_hand), "ref": ref}


def _incident(reply: Reply) -> str:
    """The incident that was asked for: by `about`, by the URL asked, or by an id in the file's name; else ""."""
    if reply.about.get("incident"):
        return reply.about["incident"]
    asked = INCIDENT_PATH.search(reply.about.get("path") or reply.about.get("url", ""))
    named = INCIDENT_IN_NAME.search(reply.ref)
    found = asked or named
    return found[1] if found else ""


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _instead(document: Any) -> str:
    if isinstance(document, Mapping):
        error = obj(document, "error").get("message") or document.get("error")
        return f"an error ({str(error)[:100]})" if error else f"an object with the keys {', '.join(map(str, list(document)[:5])) or '(none)'}"
    return f"JSON of another shape ({type(document).__name__})"
