"""Who touched an object, from its `metadata.managedFields`: the API server's own word, to the second, on who changed which fields last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..normalize.stamps import instant_ns
from .rows import Fact, Witness

SECOND_NS = 1_000_000_000
NEAR_NS = 10 * SECOND_NS
MACHINES = frozenset({"kube-controller-manager", "kubelet", "kube-scheduler", "kube-apiserver"})


@dataclass(frozen=True)
class Touch:
    """One manager's last change: `fields` as the reader names them, `keys` of data; `at_ns` None where the server gave no time."""

    manager: str
    at_ns: int | None
    fields: frozenset[str]
    keys: tuple[str, ...]
    subresource: str
    fact: Fact
    witness: Witness


def touches(states: Iterable[Fact]) -> list[Touch]:
    """All changes by people and pipelines in some answers about one object, each once, in order of time, unknown times last."""
    found: dict[tuple[str, int | None, frozenset[str], int | None], Touch] = {}
    for fact in states:
        for entry in fact.attributes.get("managed") or ():
            fields = frozenset(entry["fields"])
            if entry["subresource"] == "status" or (entry["manager"] in MACHINES and entry["subresource"] != "scale"):
                continue
            at_ns = instant_ns(entry["time"])
            ref = f"{fact.ref.rstrip('/')}/metadata/managedFields/{entry['index']}"
            witness = Witness(fact.source, "kubernetes/apiserver", at_ns, entry["time"], fact.native_id, ref)
            touch = Touch(entry["manager"], at_ns, fields, tuple(entry["keys"]), entry["subresource"], fact, witness)
            found.setdefault((touch.manager, at_ns, fields, fact.collected_ns if at_ns is None else None), touch)
    return sorted(found.values(), key=lambda t: (t.at_ns is None, t.at_ns or 0, t.manager))


def nearest(found: Iterable[Touch], at_ns: int, *fields: str, within_ns: int = NEAR_NS) -> Touch | None:
    """The touch of all `fields` nearest to `at_ns`, if it is near; of two in one second the one that touched less."""
    near = [t for t in found if t.at_ns is not None and t.fields.issuperset(fields) and abs(t.at_ns - at_ns) <= within_ns]
    return min(near, key=lambda t: (abs((t.at_ns or 0) - at_ns), len(t.fields), t.manager), default=None)


def nearest_of(found: Iterable[Touch], at_ns: int, others_ns: Iterable[int]) -> list[Touch]:
    """The touches that are no nearer to an act at one of `others_ns` than to the one at `at_ns`: the last write before two acts is of one of them."""
    acts_ns = list(others_ns)
    return [t for t in found if t.at_ns is not None and all(abs(t.at_ns - at_ns) <= abs(t.at_ns - other) for other in acts_ns)]
