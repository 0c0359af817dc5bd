"""Pods that are no longer listed but that events still name: their logs went with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import mapping, text
from .stamp import instant

MADE = re.compile(r"(?:Created|created|create|Deleted|deleted|delete) [Pp]od:? (\S+)")
BEGINNINGS = frozenset({"Scheduled", "SuccessfulCreate", "FailedScheduling"})
ENDS = frozenset({"Killing", "SuccessfulDelete", "Evicted", "Preempted", "TaintManagerEviction"})


@dataclass
class GonePod:
    """One vanished pod. `since`, `until`: the first and last stamp that any event gives for it, "" where its beginning or end was not reported."""

    namespace: str
    name: str
    since: str = ""
    until: str = ""
    seen: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def last(self) -> int:
        """Whole second of the last mention."""
        return max(at for at, _, _ in self.seen)

    @property
    def born(self) -> int | None:
        """Whole second of its beginning, None where no event tells of it."""
        return min((at for at, _, reason in self.seen if reason in BEGINNINGS), default=None)


def gone_pods(events: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]) -> list[GonePod]:
    """The pods that `events` name and `pods` lack, by name; events without any stamp are passed over."""
    listed = {(text(p, "metadata", "namespace"), text(p, "metadata", "name")) for p in pods}
    found: dict[tuple[str, str], GonePod] = {}
    for event in events:
        for key in _pods_named(event):
            if key not in listed:
                found.setdefault(key, GonePod(*key)).seen.extend(_mentions(event))
    gone = [found[key] for key in sorted(found) if found[key].seen]
    for pod in gone:
        pod.seen.sort()
        pod.since = next((stamp for _, stamp, reason in pod.seen if reason in BEGINNINGS), "")
        pod.until = next((stamp for _, stamp, reason in reversed(pod.seen) if reason in ENDS), "")
    return gone


def relevant(pod: GonePod, since_s: int, until_s: int) -> bool:
    """Whether it may have lived in the window: mentioned since its beginning, and not born after its end."""
    return pod.last >= since_s and not (pod.born is not None and pod.born >= until_s)


def _pods_named(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    involved = mapping(event, "involvedObject")
    namespace = text(involved, "namespace") or text(event, "metadata", "namespace")
    if text(involved, "kind") == "Pod":
        yield namespace, text(involved, "name")
    elif text(event, "reason") in ("SuccessfulCreate", "SuccessfulDelete"):
        made = MADE.search(text(event, "message"))
        if made:
            yield namespace, made[1]


def _mentions(event: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    first = text(event, "firstTimestamp") or text(event, "eventTime") or text(event, "metadata", "creationTimestamp")
    last = text(event, "series", "lastObservedTime") or text(event, "lastTimestamp") or first
    for stamp in {first, last}:
        at = instant(stamp)
        if at is not None:
            yield at, stamp, text(event, "reason")
