"""How the nodes' clocks stood: raw samples of what node_exporter says of them, and how long it took to ask.

Knowledge: node_exporter, collectors "timex" and "time"; Linux manual adjtimex(2); Prometheus documentation "Jobs and instances". Where no
node_exporter is scraped, the answers are empty.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Denied, TooExpensive
from ..evidence import Reply
from .counters import bounded
from .selectors import text_of
from .slices import duration, seconds
from .verdict import NotFound, Refused

if TYPE_CHECKING:
    from .fetcher import Job

TIME, TOOK = "node_time_seconds", "scrape_duration_seconds"
METRICS = (TIME, "node_timex_offset_seconds", "node_timex_maxerror_seconds", "node_timex_sync_status")
MOST_SAMPLES = 250_000


def collect(job: Job) -> None:
    """Save the raw samples of each metric over the window; what is refused, or too large, is noted as nobody's failure.

    A node's time was read between its sample's stamp and the end of the scrape: how long the scrapes of those jobs took is asked for too.
    """
    jobs: set[str] = set()
    for metric in METRICS:
        _part(job, metric, metric, jobs if metric == TIME else None)
    if jobs:
        _part(job, TOOK, text_of(TOOK, [("job", "=~", "|".join(re.escape(name) for name in sorted(jobs)))]))


def _part(job: Job, metric: str, selector: str, jobs: set[str] | None = None) -> None:
    job.part(f"raw samples of {metric}", partial(_ask, job, metric, selector, jobs), spared=(TooExpensive, Refused, NotFound, Denied))


def _ask(job: Job, metric: str, selector: str, jobs: set[str] | None) -> None:
    """Save the samples of `selector`, unless they are held; the scrape jobs of its series are added to `jobs`."""
    span = job.span
    key, query = f"raw/{metric}/{span.start_ms}-{span.end_ms}", f"{selector}[{duration(span.end_ms - span.start_ms)}]"
    if not job.ask.evidence.held(key):
        bounded(job, query, span, MOST_SAMPLES)
    reply = job.one(key, "query", "/api/v1/query", {"query": query, "time": seconds(span.end_ms)}, {"name": metric})
    if jobs is not None:
        jobs.update(_jobs(reply))


def _jobs(reply: Reply) -> list[str]:
    """The scrape jobs of the series in an answer."""
    found = (series.get("metric", {}).get("job") for series in reply.json().get("data", {}).get("result", ()))
    return [str(name) for name in found if name]
