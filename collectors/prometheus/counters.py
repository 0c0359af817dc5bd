"""Raw counters behind the shares that alerts compare with a limit: what it takes to say how many failed.

Only those of alerts that fired, narrowed to the labels that they fired with. Knowledge: Prometheus documentation "HTTP API", "Functions".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import Denied, TooExpensive
from ..evidence import Reply
from ..window import Window
from .ratios import Ratio
from .rules import Rules
from .selectors import Matcher, narrowed, text_of
from .slices import Slice, ask_slices, duration, seconds, step_for
from .verdict import NotFound, Refused

if TYPE_CHECKING:
    from .fetcher import Job

ROLE = "counter"
MOST_SAMPLES = 1_000_000
MOST_SELECTORS = 20
Fired = Mapping[str, Iterable[Mapping[str, str]]]


@dataclass(frozen=True)
class Selector:
    """One counter selector of an alert's share; `part` is "failed" (the numerator, also where that counts what went well) or "all"."""

    metric: str
    matchers: tuple[Matcher, ...]
    part: str
    alert: str

    @property
    def text(self) -> str:
        """As PromQL."""
        return text_of(self.metric, self.matchers)

    def within(self, other: Selector) -> bool:
        """Whether all its series are among those of `other`."""
        return self.metric == other.metric and set(self.matchers) >= set(other.matchers)

    def about(self) -> dict[str, str]:
        """What its reader must know beside the parameters."""
        return {"name": self.metric, "role": ROLE, "part": self.part, "alert": self.alert}


def fired_in(replies: Iterable[Reply], window: Window) -> dict[str, list[dict[str, str]]]:
    """Labels of the alerts that fired in the window, by name, from raw samples of ALERTS."""
    since, until = window.since_ns / 1e9, window.until_ns / 1e9
    found: dict[str, list[dict[str, str]]] = {}
    for reply in replies:
        for series in reply.json().get("data", {}).get("result", ()):
            labels = series.get("metric", {})
            inside = any(since <= float(at) < until for at, *_ in series.get("values", ()))
            if inside and labels.get("alertstate") == "firing" and labels not in found.setdefault(str(labels.get("alertname")), []):
                found[str(labels.get("alertname"))].append(labels)
    return found


def selectors(rules: Rules, fired: Fired) -> list[Selector]:
    """What to ask for, none that another one holds."""
    found = dict.fromkeys(
        one for rule in rules.alerts for labels in fired.get(rule.alert, ()) for ratio in rule.ratios for one in _of(rule.alert, ratio, labels, rule.labels)
    )
    return [one for one in found if not any(one.within(other) and (one.metric, set(one.matchers)) != (other.metric, set(other.matchers)) for other in found)]


def _of(alert: str, ratio: Ratio, labels: Mapping[str, str], overwritten: Mapping[str, str]) -> Iterator[Selector]:
    for part, counters in (("all", ratio.whole), ("failed", ratio.part)):
        for counter in counters:
            matchers = narrowed(counter.as_attributes(), labels, overwritten)
            if matchers is not None:
                yield Selector(counter.metric, matchers, part, alert)


def collect(job: Job, rules: Rules, interval_s: float) -> None:
    """Save the counters of every alert that fired; what is too large, or not to be had this way, is noted and left."""
    fired: dict[str, list[dict[str, str]]] = {}
    job.part("labels of the alerts that fired", lambda: fired.update(fired_in(job.replies.get("ALERTS", ()), job.ask.window)))
    wanted: dict[str, Selector] = {}
    for one in selectors(rules, fired):
        wanted.setdefault(one.text, one)
    for number, one in enumerate(wanted.values()):
        if number == MOST_SELECTORS:
            text = f"{len(wanted) - MOST_SELECTORS} more counters were not asked for"
            job.ask.evidence.failed(text, f"counters behind {one.alert}", reason="too_expensive", ours=False)
            return
        job.part(f"counters behind {one.alert}", partial(_ask, job, one, interval_s), spared=(TooExpensive, Refused, NotFound, Denied))


def _ask(job: Job, one: Selector, interval_s: float) -> None:
    """Raw samples, in one answer; where range selectors are refused, points at the rules' interval."""
    span, key = job.span, f"counters/{one.metric}-{hashlib.sha256(one.text.encode()).hexdigest()[:8]}"
    query = f"{one.text}[{duration(span.end_ms - span.start_ms)}]"
    raw = f"{key}/{span.start_ms}-{span.end_ms}"
    if job.ask.evidence.held(raw):
        return
    try:
        bounded(job, query, span)
        job.one(raw, "query", "/api/v1/query", {"query": query, "time": seconds(span.end_ms)}, one.about())
    except Refused:
        _range(job, one, key, interval_s)


def bounded(job: Job, query: str, span: Slice, most: int = MOST_SAMPLES) -> None:
    """Raise TooExpensive where the answer would hold too many samples."""
    answer = job.client.get("/api/v1/query", {"query": f"sum(count_over_time({query}))", "time": seconds(span.end_ms)})
    samples = _number(answer.body)
    if samples > most:
        raise TooExpensive(f"{samples:.0f} samples are too many to collect (at most {most})")


def _number(body: bytes) -> float:
    try:
        value: Any = json.loads(body)["data"]["result"][0]["value"][1]
        return float(value)
    except (ValueError, LookupError, TypeError):
        return 0.0


def _range(job: Job, one: Selector, key: str, interval_s: float) -> None:
    step_ms = step_for(round(interval_s * 1000), job.span.end_ms - job.span.start_ms)

    def ask_one(piece: Slice) -> None:
        params = {"query": one.text, "start": seconds(piece.start_ms), "end": seconds(piece.end_ms), "step": seconds(step_ms)}
        job.one(f"{key}/{piece.start_ms}-{piece.end_ms}-{step_ms}", "query_range", "/api/v1/query_range", params, one.about())

    ask_slices(job.span, step_ms, ask_one)
