"""Careful access to PagerDuty's objects: every field may be null, missing or of another type.

The documentation (page "Types") says that any field which is not required, boolean or an array may be null; published
answers go further. Nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

# RFC 3339 with a zone: what a stamp must look like before anyone downstream tries to read it.
STAMP = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:[Zz]|[+-]\d\d:?\d\d)$", re.ASCII)
NUMBERED = re.compile(r"^\[#(\d+)\]\s*(.*)$", re.DOTALL)
LABEL = re.compile(r"^\s*-\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s?(.*)$")


def obj(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at `path` below `value`, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def rows(value: Any) -> list[Any]:
    """`value` if it is an array, else nothing."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """A string or number as text; None for null, empty, and anything else."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def first(*values: Any) -> str | None:
    """The first of `values` that has text."""
    return next((t for t in map(text, values) if t), None)


def first_line(value: str | None) -> str:
    """The first line of `value` that is not blank, stripped."""
    return next((line.strip() for line in (value or "").splitlines() if line.strip()), "")


def stamp(value: Any) -> str | None:
    """`value` if it has the shape of a time with a zone."""
    return value if isinstance(value, str) and STAMP.match(value) else None


def order(value: Any) -> float:
    """Seconds since 1970 of a stamp, to compare stamps with each other; -inf where it is none."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return at.timestamp() if at is not None and at.tzinfo is not None else float("-inf")
    except (ValueError, OverflowError):
        return float("-inf")


def name(value: Any) -> str | None:
    """What a reference or object calls itself; an e-mail address is never taken for a name."""
    return first(obj(value).get("summary"), obj(value).get("name"))


def ident(value: Any) -> str | None:
    """The id of a reference or object."""
    return text(obj(value).get("id"))


def reference(value: Any) -> dict[str, str | None] | None:
    """`{id, summary}` of a reference; None where it holds neither."""
    found = {"id": ident(value), "summary": name(value)}
    return found if any(found.values()) else None


def kind_of_agent(agent: Any) -> str | None:
    """`user`, `service` or `integration` (whatever its make); other types as they are, without `_reference`."""
    kind = (text(obj(agent).get("type")) or "").removesuffix("_reference")
    return "integration" if kind.endswith("integration") else kind or None


def number_and_title(incident: Any) -> tuple[str | None, str | None]:
    """Number and title of an incident or of a reference to one, whose summary is `[#NUMBER] TITLE`."""
    value = obj(incident)
    summary = text(value.get("summary")) or ""
    match = NUMBERED.match(summary)
    number = first(value.get("incident_number"), match[1] if match else None)
    return number, first(value.get("title"), match[2] if match else summary)


def alert_labels(details: Any) -> list[dict[str, str]]:
    """The label sets of the alerts that Alertmanager's PagerDuty template writes into `details.firing`.

    The template prints for each alert `Labels:`, one ` - name = value` per label, then `Annotations:` and `Source:`.
    A template that passes a JSON array of alerts with `labels` is read too.
    """
    firing = details.get("firing") if isinstance(details, Mapping) else details
    if isinstance(firing, list):
        return [{str(k): str(v) for k, v in labels.items()} for labels in (obj(alert, "labels") for alert in firing) if labels]
    found: list[dict[str, str]] = []
    open_set = False
    for line in firing.splitlines() if isinstance(firing, str) else ():
        match = LABEL.match(line) if open_set else None
        if line.strip() == "Labels:":
            found.append({})
            open_set = True
        elif match:
            found[-1][match[1]] = match[2].strip()
        else:
            open_set = False
    return [labels for labels in found if labels]


def shared_labels(sets: list[dict[str, str]]) -> dict[str, str]:
    """The labels that all of `sets` agree on."""
    return {k: v for k, v in sets[0].items() if all(s.get(k) == v for s in sets)} if sets else {}


def present(**labels: Any) -> dict[str, str]:
    """`labels` as text, without the empty ones."""
    return {key: value for key, value in ((k, text(v)) for k, v in labels.items()) if value is not None}
