"""What logs add to the timeline: errors that were never said before, bursts, regular words that cease.

first seen   a template of severity error or worse whose first record comes after a quiet part at the window's start (a tenth
             of the window, 30 s to 5 min) in which it was never said.
burst        a run of 10 s buckets far above the template's own baseline, the lower quartile of its buckets while its
             container was heard: errors and warnings from 20 records and 3 times the baseline, others from 200 and 10 times.
stopped      a template that was said in nine of ten buckets for two minutes or more and then not for a minute or more, while
             the pod that said it last went on to log.

At most MOST_ROWS rows in all, at most MOST_OF_KIND of a kind and container: by severity, then by factor (what was never or seldom said
before comes first), then by count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..collectors.window import SECOND_NS, rfc3339_short
from .line_clocks import as_received
from .log_messages import message
from .log_templates import BUCKET_NS
from .rows import Given, Row, Template, Witness
from .text import span

MOST_ROWS = 10
MOST_OF_KIND = 2
GRAVITY = {"fatal": 0, "error": 1, "warning": 2, None: 3, "info": 4, "debug": 5}
HEADLESS = "Traceback (most recent call last)"
LEAST_QUIET_NS, MOST_QUIET_NS = 30 * SECOND_NS, 300 * SECOND_NS
GRAVE_COUNT, GRAVE_FACTOR = 20, 3.0
PLAIN_COUNT, PLAIN_FACTOR = 200, 10.0
GAP_BUCKETS = 2
REGULAR_BUCKETS = 12
SILENCE_NS = 60 * SECOND_NS

Heard = Mapping[tuple[str, str, str], tuple[int, int]]


@dataclass(frozen=True)
class Burst:
    """The buckets [start, end) of a burst, its records, and those of as many buckets of the baseline."""

    start_ns: int
    end_ns: int
    count: int
    baseline: float

    @property
    def factor(self) -> float | None:
        """How many times its baseline, None where there is none."""
        return self.count / (self.baseline * (self.end_ns - self.start_ns) / BUCKET_NS) if self.baseline else None


def rows(given: Given) -> list[Row]:
    """At most MOST_ROWS rows."""
    heard = _heard(given)
    ranked = sorted((row for template in given.templates for row in _rows(template, given, heard)), key=_rank)
    taken: Counter[tuple[str, str | None]] = Counter()
    chosen = []
    for row in ranked:
        taken[row.kind, row.subject] += 1
        if taken[row.kind, row.subject] <= MOST_OF_KIND:
            chosen.append(row)
    received = (as_received(row, given.streams) for row in chosen[:MOST_ROWS])
    return sorted(received, key=lambda row: (row.at_ns, row.kind, row.thread))


def _rows(template: Template, given: Given, heard: Heard) -> Iterator[Row]:
    if template.text.startswith(HEADLESS):
        return
    from_ns = heard[_place(template)][0]
    if _is_new(template, given):
        title = f"first {template.severity} in {_where(template)}: {message(template.text)}"
        body = f"{template.count} in the window, the last at {rfc3339_short(template.last_ns)}"
        if from_ns >= given.window.since_ns + LEAST_QUIET_NS:
            body += f"; no earlier log of {_where(template)} than of {rfc3339_short(from_ns)} is held"
        yield _row(template, "log.first_seen", template.first_ns, title, f"{body}; template: {template.template}", count=1)
    if burst := _burst(template, heard[_place(template)]):
        yield _burst_row(template, burst)
    if _has_stopped(template, given):
        title = f"{_where(template)} stops saying: {message(template.text)}"
        rate = span((template.last_ns - template.first_ns) / SECOND_NS / max(template.count - 1, 1))
        yield _row(template, "log.stopped", template.last_ns, title, f"{template.count} in the window, one every {rate}; template: {template.template}")


def _burst_row(template: Template, burst: Burst) -> Row:
    start_ns = max(burst.start_ns, template.first_ns)
    until_ns = min(burst.end_ns, template.last_ns + 1)
    often = f"{burst.factor:.3g}× as often as otherwise" if burst.factor else "hardly ever otherwise"
    title = f"burst in {_where(template)}: {message(template.text)} ({often})"
    # Where the burst begins with the template, the instant is known; else only its bucket is.
    exact = start_ns == template.first_ns
    return _row(
        template,
        "log.burst",
        start_ns,
        title,
        f"template: {template.template}",
        until_ns=until_ns,
        after_ns=1 if exact else BUCKET_NS,
        count=burst.count,
        value=burst.factor,
        edge=rfc3339_short(burst.start_ns),
    )


def _is_new(template: Template, given: Given) -> bool:
    window = given.window
    quiet_ns = min(max((window.until_ns - window.since_ns) // 10, LEAST_QUIET_NS), MOST_QUIET_NS)
    return template.severity in ("fatal", "error") and template.first_ns >= window.since_ns + quiet_ns


def _burst(template: Template, heard: tuple[int, int]) -> Burst | None:
    """The run of buckets with the most records above the baseline, if it is one; `heard` is when the container logged at all."""
    grave = template.severity in ("fatal", "error", "warning")
    least, factor = (GRAVE_COUNT, GRAVE_FACTOR) if grave else (PLAIN_COUNT, PLAIN_FACTOR)
    if template.count < least:
        return None
    first, last = heard[0] // BUCKET_NS, heard[1] // BUCKET_NS
    counts = np.zeros(last - first + 1, np.int64)
    counts[template.bucket_ns // BUCKET_NS - first] = template.counts
    baseline = float(np.quantile(counts, 0.25))
    hot = counts > max(baseline * factor, baseline + 4 * baseline**0.5, 1)
    runs = list(_runs(hot))
    if not runs:
        return None
    start, end = max(runs, key=lambda run: (int(counts[run[0] : run[1]].sum()), -run[0]))
    count = int(counts[start:end].sum())
    whole = end - start == len(counts)
    if whole or count < least or count < factor * baseline * (end - start):
        return None
    others = np.concatenate([counts[:start], counts[end:]])
    return Burst((first + start) * BUCKET_NS, (first + end) * BUCKET_NS, count, float(others.mean()) if baseline else 0.0)


def _runs(hot: np.ndarray) -> Iterator[tuple[int, int]]:
    """[start, end) of the runs of set buckets; gaps of up to GAP_BUCKETS do not end a run."""
    places = np.flatnonzero(hot)
    if not len(places):
        return
    cuts = np.flatnonzero(np.diff(places) > GAP_BUCKETS + 1)
    starts, ends = np.concatenate([[0], cuts + 1]), np.append(cuts, len(places) - 1)
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(places[a]), int(places[b]) + 1


def _has_stopped(template: Template, given: Given) -> bool:
    """Whether it was regular, of no gravity, and then silent while the pod that said it last went on."""
    spanned = (template.last_ns - template.first_ns) // BUCKET_NS + 1
    if template.severity in ("fatal", "error") or spanned < REGULAR_BUCKETS or len(template.bucket_ns) < 0.9 * spanned:
        return False
    quiet_until = max((s.last_ns or 0 for s in given.streams if (s.pod, s.container) == (template.last_pod, template.container)), default=0)
    silence_ns = min(quiet_until, given.window.until_ns) - template.last_ns
    return silence_ns >= max(SILENCE_NS, 10 * (template.last_ns - template.first_ns) // max(template.count - 1, 1))


def _heard(given: Given) -> Heard:
    """When each container was heard first and last, by any template."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for template in given.templates:
        first, last = found.get(_place(template), (template.first_ns, template.last_ns))
        found[_place(template)] = (min(first, template.first_ns), max(last, template.last_ns))
    return found


def _place(template: Template) -> tuple[str, str, str]:
    return template.namespace, template.workload, template.container


def _where(template: Template) -> str:
    return "/".join(name for name in (template.workload, template.container) if name) or "the log"


def _rank(row: Row) -> tuple[object, ...]:
    """Smaller is more worth telling."""
    factor = float("inf") if row.value is None else row.value
    return GRAVITY[row.severity], -factor, -int(row.labels["count"]), row.at_ns, row.kind, row.thread


def _row(template: Template, kind: str, at_ns: int, title: str, body: str, **more: object) -> Row:
    pod = template.last_pod if kind == "log.stopped" else template.first_pod
    labels = {"namespace": template.namespace, "pod": pod, "container": template.container, "template_id": str(template.id), "count": str(template.count)}
    values: dict[str, object] = {
        "kind": kind,
        "at_ns": at_ns,
        "title": title,
        "source": "kubernetes",
        "clock": "kubernetes/node",
        "thread": f"log:{template.workload}/{template.container}:{template.id:08x}",
        "edge": template.severity or "",
        "at_source": rfc3339_short(at_ns),
        "severity": template.severity,
        "body": body,
        "service": template.workload,
        "subject": _where(template),
        "labels": {key: value for key, value in labels.items() if value},
        "ref": template.ref,
        "witnesses": (Witness("kubernetes", "kubernetes/node", at_ns, rfc3339_short(at_ns), None, template.ref),),
    }
    return Row(**{**values, **more})  # type: ignore[arg-type]  # columns of many types in one dict
