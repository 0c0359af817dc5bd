"""People as roles: the report is quoted, so names appear only when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

PIPELINE = re.compile(
    r"(^|[^a-z])(ci|cd|bot|pipeline|deploy|argo(?:cd)?|flux(?:cd)?|kustomize|jenkins|github|gitlab|spinnaker|tekton|helm)([^a-z]|$)", re.IGNORECASE
)
TOOL = re.compile(r"^(kubectl|kube-|kubelet|default-scheduler|.*-controller$|.*-scheduler$|before-first-apply|k9s|lens|Mozilla)", re.IGNORECASE)
# First names that are words of English as well: in a note "Mark as resolved" is no person.
WORDS = re.compile(
    "April|Art|August|Bill|Chase|Dawn|Dean|Drew|Eve|Faith|Frank|Gene|Grace|Grant|Guy|Hope|Jack|Joy|June|Mark|Max|May|Miles|Pat|Penny|Ray|Rob|Rose|Sue|"
    "Summer|Will"
)
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
        spoken = {**self._first_names(), **self.roles}
        for name in sorted(spoken, key=len, reverse=True):
            found = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", spoken[name].replace("\\", r"\\"), found)
        return found

    def _first_names(self) -> dict[str, str]:
        """First name → role, of people whose first name is no word; "engineer" where it may be one or the other."""
        firsts: dict[str, set[str]] = {}
        for name, known in self.roles.items():
            first, _, rest = name.partition(" ")
            if rest and len(first) > 2 and first.istitle() and not WORDS.fullmatch(first):
                firsts.setdefault(first, set()).add(known)
        return {first: known.pop() if len(known) == 1 else "engineer" for first, known in firsts.items()}


def roles_of(events: Iterable[Mapping[str, Any]], *, names: bool = False, aside: Set[str] = frozenset()) -> Roles:
    """Roles of every person who acts in `events`; the lowest on-call level seen for a name counts.

    Where pages of several pager services belong to the incident (their rows are not in `aside`), the role says of which one.
    """
    listed = [e for e in events if e["actor"] and _person(e)]
    teams = {e["subject"] for e in listed if e["labels"].get("level") and e["subject"] and e["event_id"] not in aside}
    levels: dict[str, tuple[str, str]] = {}
    for event in listed:
        level, team = event["labels"].get("level"), event["subject"] if event["subject"] in teams else ""
        if level:
            lowest, known = levels.get(event["actor"], (level, ""))
            levels[event["actor"]] = min(lowest, level), known or team
    found = {e["actor"]: "engineer" for e in listed}
    for name, (level, team) in levels.items():
        found[name] = f"on-call engineer, level {level}" + (f" ({team})" if team and len(teams) > 1 else "")
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
