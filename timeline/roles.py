"""People as roles: the report is quoted, so names appear only when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PIPELINE = re.compile(r"(^|[^a-z])(ci|cd|bot|pipeline|deploy|argo|flux|jenkins|github|gitlab|spinnaker|tekton|helm)([^a-z]|$)", re.IGNORECASE)
TOOL = re.compile(r"^(kubectl|kube-|kubelet|default-scheduler|.*-controller$|.*-scheduler$|before-first-apply|k9s|lens|Mozilla)", re.IGNORECASE)
PERSON_KINDS = ("alert.silenced", "alert.unsilenced", "note", "decision", "comms.published", "page.acknowledged")


@dataclass(frozen=True)
class Roles:
    """Who is who: name → role. Built from all events, so that a name is replaced wherever it stands."""

    roles: Mapping[str, str]
    shown: bool = False

    def actor(self, event: Mapping[str, Any]) -> str:
        """The actor of one event, as a role unless names are shown."""
        name = event["actor"] or ""
        if self.shown:
            return str(name)
        return self.roles.get(name) or self._alias(name) or role(event)

    def _alias(self, name: str) -> str | None:
        """The role of a known person under another spelling of the name."""
        words = _words(name)
        return next((r for n, r in self.roles.items() if len(words) > 1 and _words(n) == words), None)

    def text(self, words: str | None) -> str:
        """`words` with every known person's name replaced by the role."""
        found = words or ""
        if self.shown:
            return found
        for name in sorted(self.roles, key=len, reverse=True):
            found = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", self.roles[name].replace("\\", r"\\"), found)
        return found


def roles_of(events: Iterable[Mapping[str, Any]], *, names: bool = False) -> Roles:
    """Roles of every person who acts in `events`; the lowest on-call level seen for a name counts."""
    found: dict[str, str] = {}
    for event in events:
        name = event["actor"]
        if not name or not _person(event):
            continue
        level = event["labels"].get("level")
        if level:
            found[name] = (
                min(f"on-call engineer, level {level}", found.get(name, "~"))
                if found.get(name, "~").startswith("on-call")
                else f"on-call engineer, level {level}"
            )
        else:
            found.setdefault(name, "engineer")
    return Roles({name: _best(name, found) for name in found}, names)


def _best(name: str, found: Mapping[str, str]) -> str:
    """The most telling role that any spelling of the name has."""
    same = [r for n, r in found.items() if _words(n) == _words(name)]
    return min(same, key=lambda r: (not r.startswith("on-call"), r))


def _words(name: str) -> list[str]:
    """The words of a name whatever its spelling: `priya.raman` is Priya Raman."""
    return sorted(re.findall(r"\w+", name.lower()))


def role(event: Mapping[str, Any]) -> str:
    """The role of an actor that is no known person: pipelines and tools by what they are, the rest by their own name."""
    name = str(event["actor"] or "")
    if not name:
        return ""
    if event["kind"].startswith("change."):
        if PIPELINE.search(name):
            return "deploy pipeline"
        return f"operator ({name})" if TOOL.match(name) and name.startswith("kubectl") else name
    return name


def _person(event: Mapping[str, Any]) -> bool:
    agent = event["labels"].get("agent_type")
    if agent:
        return bool(agent == "user")
    return event["kind"] in PERSON_KINDS and not TOOL.match(event["actor"]) and not PIPELINE.search(event["actor"])
