"""Which pod: names and uids as facts give them, and what an event says it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .rows import Fact, Given
from .scalings import involved

FIELD_PATH = re.compile(r"\{(.+)\}$")


@dataclass(frozen=True)
class Pods:
    """Uids by (namespace, name), the latest pod of a name."""

    uids: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, given: Given) -> Pods:
        """All pods that a status or an event names."""
        found: dict[tuple[str, str], tuple[int, str]] = {}
        for fact in given.of("state.pod", "k8s.event"):
            a = fact.attributes
            namespace, name, uid = event_pod(fact) if fact.kind == "k8s.event" else (a["namespace"], a["name"], a["uid"])
            if name and uid:
                found[namespace, name] = max(found.get((namespace, name), (0, "")), (fact.at_ns or 0, uid))
        return cls({key: uid for key, (_, uid) in found.items()})

    def uid(self, namespace: str, name: str, said: str = "") -> str:
        """The pod's uid: as `said`, else as known by name, else its namespace and name."""
        return said or self.uids.get((namespace, name)) or f"{namespace}/{name}"


def event_pod(fact: Fact) -> tuple[str, str, str]:
    """Namespace, name and uid of the pod that an event is about; blank where it is about something else."""
    namespace, kind, name, uid = involved(fact)
    return (namespace, name, uid) if kind == "Pod" else ("", "", "")


def container_of(fact: Fact) -> str:
    """The container that an event's field path names, "" without."""
    match = FIELD_PATH.search((fact.attributes.get("involved") or {}).get("fieldPath", ""))
    return match[1] if match else ""
