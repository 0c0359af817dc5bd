"""How far each clock stands from the reference, as an interval, from everything that bounds it.

Every sight of two clocks is one inequality: the reading of `ahead` minus that of `behind` at one instant is at most `most_ns`. What
happened before something else on another clock, what was asked and answered, one fact stamped by two systems: all take this form. The
tightest way through the inequalities from the reference to a clock is its upper bound, the way back its lower one; that intersects all
intervals. Inequalities that go round in a circle and sum to less than nothing contradict each other: they are reported with what
they rest on, and none of them is used. Some inequalities are assumptions (how long the quickest delivery took): they sharpen an
estimate, but they never prove that a clock is off, and they give way where they contradict what is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

QUARTER_NS = 900_000_000_000
# Whose clock is taken as right, the first that was seen.
REFERENCES = ("prometheus", "utc", "retroline", "alertmanager", "kubernetes/apiserver")


@dataclass(frozen=True)
class Bound:
    """`ahead` reads at most `most_ns` more than `behind`. `why` is a phrase for people, `refs` what shows it; `assumed` if it is likely only."""

    ahead: str
    behind: str
    most_ns: int
    why: str
    refs: tuple[str, ...] = ()
    assumed: bool = False


@dataclass(frozen=True)
class Offset:
    """What `clock` reads minus what `against` reads, in [low_ns, high_ns]; None: not bounded on that side.

    `why` are the bounds' phrases; `certain` is whether 0 lies outside without any assumption.
    """

    clock: str
    against: str
    low_ns: int | None
    high_ns: int | None
    why: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    certain: bool = False

    @property
    def zone_ns(self) -> int | None:
        """The whole number of quarters of an hour that lies in the interval, if it tells a zone error: one, and not none."""
        if self.low_ns is None or self.high_ns is None or self.high_ns - self.low_ns >= QUARTER_NS:
            return None
        nearest = self.high_ns // QUARTER_NS * QUARTER_NS
        return nearest if nearest and nearest >= self.low_ns else None

    @property
    def best_ns(self) -> int | None:
        """The best estimate: the zone error, else the middle; None where a side is open."""
        if self.low_ns is None or self.high_ns is None:
            return None
        return self.zone_ns if self.zone_ns is not None else (self.low_ns + self.high_ns) // 2

    @property
    def error_ns(self) -> int | None:
        """How far the best estimate can be off."""
        best = self.best_ns
        return None if best is None or self.low_ns is None or self.high_ns is None else max(self.high_ns - best, best - self.low_ns)

    @property
    def proven(self) -> bool:
        """Whether the clock is off by more than its own error bound, for certain or by a zone."""
        best, error = self.best_ns, self.error_ns
        return best is not None and error is not None and abs(best) > error and (self.certain or self.zone_ns is not None)


@dataclass(frozen=True)
class Contradiction:
    """Bounds that cannot all hold; `by_ns` is by how much they miss."""

    bounds: tuple[Bound, ...]
    by_ns: int


def offsets(bounds: Iterable[Bound]) -> tuple[list[Offset], list[Contradiction]]:
    """The interval of every clock but the reference, by name; and what contradicts itself."""
    known, contradictions = list(bounds), list[Contradiction]()
    tight = _tightest(known)
    while circle := _circle(tight):
        assumed = [b for b in circle if b.assumed]
        if not assumed:
            contradictions.append(Contradiction(tuple(circle), -sum(b.most_ns for b in circle)))
        pairs = {(b.ahead, b.behind) for b in circle}
        known = [b for b in known if b not in assumed and (assumed or (b.ahead, b.behind) not in pairs)]
        tight = _tightest(known)
    clocks = sorted({c for b in tight for c in (b.ahead, b.behind)})
    reference = next((r for r in REFERENCES if r in clocks), clocks[0] if clocks else "")
    sides = _sides(tight, reference)
    certain = _sides(_tightest(b for b in known if not b.assumed), reference)
    return [_offset(c, reference, [s.get(c) for s in sides], [s.get(c) for s in certain]) for c in clocks if c != reference], contradictions


def _sides(bounds: Sequence[Bound], reference: str) -> tuple[dict[str, list[Bound]], dict[str, list[Bound]]]:
    """The tightest ways that bound each clock from above, and from below."""
    return _ways(bounds, reference), _ways([replace(b, ahead=b.behind, behind=b.ahead) for b in bounds], reference)


def _offset(clock: str, reference: str, sides: Sequence[Sequence[Bound] | None], certain: Sequence[Sequence[Bound] | None]) -> Offset:
    used = [b for side in sides for b in side or ()]
    high, low = (_sum(side) for side in sides)
    return Offset(
        clock,
        reference,
        None if low is None else -low,
        high,
        tuple(dict.fromkeys(b.why for b in used)),
        tuple(dict.fromkeys(r for b in used for r in b.refs)),
        any(one is not None and one < 0 for one in map(_sum, certain)),
    )


def _sum(side: Sequence[Bound] | None) -> int | None:
    return None if side is None else sum(b.most_ns for b in side)


def _tightest(bounds: Iterable[Bound]) -> list[Bound]:
    """One bound per ordered pair of clocks, the least."""
    best: dict[tuple[str, str], Bound] = {}
    for b in sorted(bounds, key=lambda b: (b.ahead, b.behind, b.most_ns, b.why, b.refs)):
        if b.ahead != b.behind:
            best.setdefault((b.ahead, b.behind), b)
    return list(best.values())


def _ways(bounds: Sequence[Bound], start: str) -> dict[str, list[Bound]]:
    """Clock → the bounds on the tightest way to it from `start` (Bellman and Ford; there are no negative circles)."""
    least, last = {start: 0}, dict[str, Bound]()
    for _ in range(len({b.ahead for b in bounds}) + 1):
        for b in bounds:
            if b.behind in least and least[b.behind] + b.most_ns < least.get(b.ahead, 2**63):
                least[b.ahead], last[b.ahead] = least[b.behind] + b.most_ns, b
    return {clock: _back(clock, start, last) for clock in least}


def _back(clock: str, start: str, last: Mapping[str, Bound]) -> list[Bound]:
    way: list[Bound] = []
    while clock != start:
        way.append(last[clock])
        clock = last[clock].behind
    return way[::-1]


def _circle(bounds: Sequence[Bound]) -> list[Bound]:
    """The bounds of one negative circle, empty where there is none."""
    clocks = {c for b in bounds for c in (b.ahead, b.behind)}
    least, last = dict.fromkeys(clocks, 0), dict[str, Bound]()
    changed = ""
    for _ in range(len(clocks) + 1):
        changed = ""
        for b in bounds:
            if least[b.behind] + b.most_ns < least[b.ahead]:
                least[b.ahead], last[b.ahead], changed = least[b.behind] + b.most_ns, b, b.ahead
    if not changed:
        return []
    for _ in clocks:
        changed = last[changed].behind
    circle, at = [last[changed]], last[changed].behind
    while at != changed:
        circle.append(last[at])
        at = last[at].behind
    return circle
