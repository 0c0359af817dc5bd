"""The revisions of a workload: ReplicaSets or ControllerRevisions, each known from one or several answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .rows import Fact


@dataclass
class Revision:
    """One template. `facts`: its object in every answer, earliest first; `numbers`: the revision numbers it has borne, in order."""

    name: str
    facts: list[Fact] = field(default_factory=list)

    @property
    def born_ns(self) -> int | None:
        """When its object was made, which is its first use only."""
        return next((f.at_ns for f in self.facts if f.at_ns is not None), None)

    @property
    def numbers(self) -> list[int]:
        """Every revision number it has borne; more than one means that it was used again."""
        held = {n for f in self.facts for n in (f.attributes.get("revision_history") or []) if n > 0}
        return sorted(held | {f.attributes["revision"] for f in self.facts if f.attributes.get("revision")})

    @property
    def latest(self) -> Fact | None:
        """Its object in the last answer."""
        return self.facts[-1] if self.facts else None

    def images(self) -> Mapping[str, str]:
        """Container name → image."""
        return dict(self.latest.attributes.get("images") or {}) if self.latest else {}

    def restarted_at(self) -> str:
        """The annotation that `kubectl rollout restart` writes, "" without."""
        return str(self.latest.attributes.get("restartedAt") or "") if self.latest else ""

    def cause(self, number: int | None) -> str:
        """The change-cause it bore under that revision number; a later number's cause would be another act's."""
        causes = [f.attributes.get("change_cause") or "" for f in self.facts if number is None or f.attributes.get("revision") == number]
        return causes[-1] if causes else ""


def by_name(facts: Sequence[Fact]) -> dict[str, Revision]:
    """Revisions by their objects' names."""
    found: dict[str, Revision] = {}
    for fact in sorted(facts, key=lambda f: (f.collected_ns or 0, f.attributes.get("revision") or 0, f.ref)):
        name = str(fact.attributes.get("name"))
        found.setdefault(name, Revision(name)).facts.append(fact)
    return found


def image_words(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, str, str]:
    """What changed in words ("app v2.8.0 → v2.8.1"), and both sides for labels; all images when nothing came before."""
    if not after:
        return "", "", ""
    if not before:
        return ", ".join(f"{name} {tag(image)}" for name, image in after.items()), "", ", ".join(after.values())
    changed = {name for name in {**before, **after} if before.get(name) != after.get(name)}
    words = [_change(name, before.get(name), after.get(name)) for name in {**before, **after} if name in changed]
    sides = [", ".join(side[name] for name in side if name in changed) for side in (before, after)]
    return ", ".join(words), sides[0], sides[1]


def tag(image: str) -> str:
    """An image's tag, or its digest's beginning, or its name where it has neither."""
    name, _, digest = image.partition("@sha256:")
    _, colon, found = name.rpartition("/")[2].partition(":")
    return found if colon else digest[:12] or name


def _change(name: str, before: str | None, after: str | None) -> str:
    if not before or not after:
        return f"{name} {tag(after)} added" if after else f"{name} removed"
    same_name = before.partition("@")[0].rpartition("/")[2].partition(":")[0] == after.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return f"{name} {tag(before)} → {tag(after)}" if same_name and tag(before) != tag(after) else f"{name} {before} → {after}"
