"""Silences, from the API, amtool or the event recorder, as facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MS_NS = 1_000_000
ZERO = "0001-01-01T"
OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}
# Matcher.Type of the event recorder: (isEqual, isRegex)
TYPES = {"TYPE_EQUAL": (True, False), "TYPE_NOT_EQUAL": (False, False), "TYPE_REGEXP": (True, True), "TYPE_NOT_REGEXP": (False, True)}


def is_silence(item: Any) -> bool:
    """Whether `item` has a silence's keys."""
    return isinstance(item, dict) and isinstance(item.get("id"), str) and "startsAt" in item and ("matchers" in item or "matcherSets" in item)


def silence_facts(item: Mapping[str, Any], ref: str, record: str | None = None) -> Iterator[dict[str, Any]]:
    """One fact for the start, one for the end where the silence has expired. `item` is a silence as the API writes it."""
    sets = matcher_sets(item)
    named = " or ".join(",".join(f"{m['name']}{OPERATORS[m['isEqual'], m['isRegex']]}{m['value']}" for m in one) for one in sets)
    status = item.get("status")
    state = str(status.get("state", "")) if isinstance(status, dict) else ""
    start, end = (None if str(item.get(k) or ZERO).startswith(ZERO) else str(item[k]) for k in ("startsAt", "endsAt"))
    common = {
        "resolution_ns": MS_NS,
        "body": item.get("comment") or None,
        "actor": item.get("createdBy") or None,
        "subject": named,
        "thread": f"silence:{item['id']}",
        "native_id": item["id"],
        "record": record or ref,
        "attributes": {"id": item["id"], "matcher_sets": sets, "state": state, **{k: item.get(k) for k in ("startsAt", "endsAt", "updatedAt")}},
    }
    yield {
        "kind": "alert.silenced",
        "stamp": start,
        "until_stamp": end,
        "title": f"silence: {named}",
        "edge": "start",
        "ref": ref,
        **common,
    }
    if state == "expired" and end:
        yield {"kind": "alert.unsilenced", "stamp": end, "title": f"silence over: {named}", "edge": "end", "ref": f"{ref}/endsAt", **common}


def matcher_sets(item: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The silence's matchers, one list per alternative, each {name, value, isRegex, isEqual}."""
    raw = [item.get("matchers"), *(s.get("matchers") for s in item.get("matcherSets") or () if isinstance(s, dict))]
    found = [[_matcher(m) for m in one if isinstance(m, dict) and "name" in m] for one in raw if isinstance(one, list)]
    return [one for n, one in enumerate(found) if one and one not in found[:n]]


def _matcher(m: Mapping[str, Any]) -> dict[str, Any]:
    if "pattern" in m or "type" in m:
        equal, regex = TYPES.get(str(m.get("type")), (True, False))
        return {"name": str(m["name"]), "value": str(m.get("pattern", "")), "isEqual": equal, "isRegex": regex}
    return {"name": str(m["name"]), "value": str(m.get("value", "")), "isEqual": bool(m.get("isEqual", True)), "isRegex": bool(m.get("isRegex", False))}
