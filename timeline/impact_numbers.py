"""Impact in numbers: how much was asked of a service from impact to recovery, and how much of it failed, from raw counters.

The counters are those behind the share that an alert of the incident compares with a limit (`context.rule`, `ratios`), narrowed to the
labels that the alert fired with. Blank, with the reason, wherever a milestone or a part of the counters is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..collectors.evidence import Failure
from ..collectors.prometheus.selectors import Matcher, narrowed, text_of
from ..collectors.window import SECOND_NS, rfc3339_short
from .counting import Count, Seen, Stretch, total
from .identity import Named
from .limits import fits
from .rows import Given, Series
from .story import Milestone, Scope, severity

NAMES = ("requests", "failed", "share")
LIMIT_LABELS = frozenset({"series", "op", "threshold", "role", "rate_window_s", "alert", "true_earliest_ns", "true_best_ns", "true_latest_ns"})
Ratio = Mapping[str, Any]
Selector = tuple[str, tuple[Matcher, ...]]


@dataclass(frozen=True)
class Numbers:
    """`requests`, `failed` and `share` (0 to 1) with the queries that ask the same; None is unknown, and `why` says why.

    `counted` is the metric where it does not count requests; `slow`: failed are those slower than a bound.
    """

    requests: Count | None = None
    failed: Count | None = None
    share: Count | None = None
    alert: str = ""
    counted: str = ""
    slow: bool = False
    queries: tuple[str, str] = ("", "")
    why: str = ""

    def told(self) -> dict[str, Any]:
        """As JSON-ready values, for the tables' metadata."""
        return asdict(self)


NOT_COUNTED = Numbers()


@dataclass(frozen=True)
class Measure:
    """What is counted: the counters of a part and of the whole, of one alert; `good`: the part is what went well."""

    alert: str
    part: Sequence[Selector]
    whole: Sequence[Selector]
    good: bool


class _Blank(Exception):
    """There are no numbers, for the reason given."""


def impact_numbers(given: Given, rows: Sequence[Named], chosen: Scope, marks: Iterable[Milestone], failures: Iterable[Failure] = ()) -> Numbers:
    """The numbers of one incident; `rows` and `marks` on the time of the counters' own clock, which is the reference of all."""
    known = {m.name: m for m in marks}
    missing = [name for name in ("impact", "recovered") if name not in known]
    if missing:
        return Numbers(why=f"{' and '.join(missing)} unknown")
    begin, end = known["impact"], known["recovered"]
    if end.best_ns <= begin.best_ns:
        return Numbers(why="recovered does not lie after impact")
    alert = ""
    try:
        alert, ratio, labels, overwritten = _measure(given, rows, chosen, begin, end)
        part, whole = (_wanted(ratio[name], labels, overwritten) for name in ("part", "whole"))
        return _numbers(given.series, Measure(alert, part, whole, bool(ratio["good"])), _stretch(begin, end), failures)
    except _Blank as blank:
        return Numbers(alert=alert, why=str(blank))


def _stretch(begin: Milestone, end: Milestone) -> Stretch:
    return Stretch((begin.earliest_ns, begin.best_ns, begin.latest_ns), (end.earliest_ns, end.best_ns, end.latest_ns))


def _measure(given: Given, rows: Sequence[Named], chosen: Scope, begin: Milestone, end: Milestone) -> tuple[str, Ratio, list[dict[str, str]], set[str]]:
    """The alert whose share is the measure, its counters, the labels of its runs in the incident, and those that its rule sets."""
    rules = [r for r in given.of("context.rule") if r.attributes.get("ratios")]
    ratios = {str(r.attributes["alert"]): (r.attributes["ratios"][0], set(r.attributes.get("labels") or {})) for r in reversed(rules)}
    ours = [n for n in rows if n.row.milestone_ok and chosen.holds(n) and n.row.at_ns <= (end.latest_ns or end.best_ns)]
    runs = [n for n in ours if _alert(n) in ratios]
    if not runs:
        raise _Blank("no alert of the incident is known to compare a share of counters with a limit")
    shown = {n.event_id: _alert(n) for n in runs}
    first = min(runs, key=lambda n: (n.event_id not in begin.event_ids, -severity(n.row.severity), n.row.at_ns, n.event_id))
    alert = shown[first.event_id]
    mine = [n for n in runs if shown[n.event_id] == alert]
    fired = [n for n in mine if n.row.kind == "alert.firing"] or mine
    labels = [{k: v for k, v in n.row.labels.items() if n.row.kind == "alert.firing" or k not in LIMIT_LABELS} for n in fired]
    return alert, ratios[alert][0], labels, ratios[alert][1]


def _alert(named: Named) -> str:
    """The alert that fired, or whose limit was crossed; "" for other rows."""
    row = named.row
    if row.kind == "alert.firing":
        return row.subject or ""
    return row.labels.get("alert", "") if row.kind == "metric.onset" else ""


def _wanted(counters: Sequence[Mapping[str, Any]], labels: Sequence[Mapping[str, str]], overwritten: set[str]) -> list[Selector]:
    """Selectors of one part, for every set of labels."""
    found: dict[Selector, None] = {}
    for counter in counters:
        for one in labels:
            matchers = narrowed(counter, one, overwritten)
            if matchers is None:
                raise _Blank(f"a rule sets labels that {counter['metric']} would be told apart by")
            found[str(counter["metric"]), matchers] = None
    return list(found)


def _numbers(series: Sequence[Series], measure: Measure, stretch: Stretch, failures: Iterable[Failure]) -> Numbers:
    part, whole = ({_key(s): s for s in _best(series, wanted)} for wanted in (measure.part, measure.whole))
    _heed(failures, measure, {s.ref for s in (*part.values(), *whole.values())})
    _demand_cover(part, whole, stretch)
    requests, bad, rest = _counts(part, whole, stretch, good=measure.good)
    if bad.best > requests.best:
        raise _Blank("more failed than were counted: the two counters do not count the same")
    return Numbers(
        requests=requests,
        failed=bad,
        share=_share(bad, rest),
        alert=measure.alert,
        counted=_counted(measure.whole),
        slow=all(name.endswith("_bucket") for name, _ in measure.part),
        queries=_queries(measure, stretch),
    )


def _counts(part: Mapping[str, Series], whole: Mapping[str, Series], stretch: Stretch, *, good: bool) -> tuple[Count, Count, Count]:
    """All, failed, and the rest; where the part's counters are among the whole's, the others are counted by themselves."""
    known = [*whole.values(), *(s for key, s in part.items() if key not in whole)]
    requests, counted = total(list(whole.values()), stretch, known), total(list(part.values()), stretch, known)
    among = part.keys() <= whole.keys()
    others = total([s for key, s in whole.items() if key not in part], stretch, known) if among else requests - counted
    return (requests, others, counted) if good else (requests, counted, others)


def _share(bad: Count, rest: Count) -> Count | None:
    """The share of the failed; with the most failed go the fewest others."""

    def of(one: float | None, other: float | None, unknown: float) -> float:
        if one is None or other is None:
            return unknown
        return one / (one + other) if one + other else unknown

    if bad.best + rest.best <= 0:
        return None
    best = bad.best / (bad.best + rest.best)
    return Count(min(best, of(bad.low, rest.high, 0.0)), best, max(best, of(bad.high, rest.low, 1.0)))


def _best(series: Sequence[Series], wanted: Sequence[Selector]) -> Iterator[Series]:
    """The counters that fit a selector, of one seen several times the raw samples, else the most."""
    found: dict[str, Series] = {}
    for s in series:
        if any(s.labels.get("__name__") == name and all(fits(s.labels.get(k, ""), op, v) for k, op, v in matchers) for name, matchers in wanted):
            held = found.get(_key(s))
            if held is None or (held.step_ns is None, len(held.at_ns)) < (s.step_ns is None, len(s.at_ns)):
                found[_key(s)] = s
    yield from (found[key] for key in sorted(found))


def _key(series: Series) -> str:
    return text_of("", [(k, "=", v) for k, v in sorted(series.labels.items())])


def _heed(failures: Iterable[Failure], measure: Measure, refs: set[str]) -> None:
    """Raise _Blank where a source gave the counters in part only, or not at all."""
    metrics = {name for name, _ in (*measure.part, *measure.whole)}
    about = {f"counters behind {measure.alert}", *(f"parts of {name}" for name in metrics), *refs}
    lost = [f for f in failures if f.what in about and f.source in ("prometheus", "files")]
    if lost:
        raise _Blank(f"the counters behind {measure.alert} were not had in full: {lost[0].text}")


def _demand_cover(part: Mapping[str, Series], whole: Mapping[str, Series], stretch: Stretch) -> None:
    """Raise _Blank where the counters were not read from before impact until after recovery."""
    for name, series in (("what failed", part), ("everything", whole)):
        if not series:
            raise _Blank(f"no counter of {name} was had")
    seen = Seen(whole.values())
    if seen.first_ns > stretch.begin[1] or seen.last_ns < stretch.end[1]:
        raise _Blank(f"the counters were read from {_at(seen.first_ns)} to {_at(seen.last_ns)} only")


def _at(ns: int) -> str:
    return rfc3339_short(ns // SECOND_NS * SECOND_NS)


def _counted(whole: Sequence[Selector]) -> str:
    """The metrics, unless all count requests: then nothing."""
    names = dict.fromkeys(name for name, _ in whole)
    return "" if all("request" in name or name.startswith("grpc_") for name in names) else ", ".join(names)


def _queries(measure: Measure, stretch: Stretch) -> tuple[str, str]:
    """PromQL that asks the same (its `increase` extrapolates a little): of all, and of the failed."""
    begin, end = stretch.begin[1], stretch.end[1]
    tail = f"[{max(1, round((end - begin) / SECOND_NS))}s] @ {end // 1_000_000 / 1000:.3f}"
    part, whole = (" + ".join(f"sum(increase({text_of(*one)}{tail}))" for one in wanted) for wanted in (measure.part, measure.whole))
    return whole, f"{whole} - ({part})" if measure.good else part
