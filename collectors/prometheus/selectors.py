"""Counters of a share (`ratios.Counter.as_attributes`) narrowed to the labels of one alert, as PromQL text and as matchers. No parser."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

OWN = frozenset({"__name__", "alertname", "alertstate"})
PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
Matcher = tuple[str, str, str]


def narrowed(counter: Mapping[str, Any], labels: Mapping[str, str], overwritten: Collection[str]) -> tuple[Matcher, ...] | None:
    """The matchers of `counter` for an alert with `labels`; None where a rule has overwritten a label that would be needed.

    `overwritten`: labels that the alerting rule sets.
    """
    kept = counter["kept"]
    names, lost = set(kept["names"]), {*overwritten, *counter["fixed"]}
    if kept["but"]:
        telling = sorted(labels.keys() - names - lost - OWN)
    elif names & lost:
        return None
    else:
        telling = sorted(names)
    own = [(str(name), str(op), str(value)) for name, op, value in counter["matchers"]]
    return tuple(dict.fromkeys([*own, *((name, "=", labels.get(name, "")) for name in telling)]))


def text_of(metric: str, matchers: Iterable[Matcher]) -> str:
    """A selector as PromQL writes it."""
    inside = [f"{name if PLAIN.fullmatch(name) else _quoted(name)}{op}{_quoted(value)}" for name, op, value in matchers]
    if not METRIC.fullmatch(metric):
        metric, inside = "", [f"__name__={_quoted(metric)}", *inside]
    return metric + (f"{{{','.join(inside)}}}" if inside else "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
