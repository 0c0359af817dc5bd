"""How the nodes' clocks stood: raw samples of what node_exporter says of them.

Knowledge: node_exporter, collectors "timex" and "time"; Linux manual adjtimex(2). Where no node_exporter is scraped, the answers are empty.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..errors import Denied, TooExpensive
from .counters import bounded
from .slices import duration, seconds
from .verdict import NotFound, Refused

if TYPE_CHECKING:
    from .fetcher import Job

METRICS = ("node_time_seconds", "node_timex_offset_seconds", "node_timex_maxerror_seconds", "node_timex_sync_status")
MOST_SAMPLES = 250_000


def collect(job: Job) -> None:
    """Save the raw samples of each metric over the window; what is refused, or too large, is noted as nobody's failure."""
    for metric in METRICS:
        job.part(f"raw samples of {metric}", partial(_ask, job, metric), spared=(TooExpensive, Refused, NotFound, Denied))


def _ask(job: Job, metric: str) -> None:
    span = job.span
    key, query = f"raw/{metric}/{span.start_ms}-{span.end_ms}", f"{metric}[{duration(span.end_ms - span.start_ms)}]"
    if job.ask.evidence.held(key):
        return
    bounded(job, query, span, MOST_SAMPLES)
    job.one(key, "query", "/api/v1/query", {"query": query, "time": seconds(span.end_ms)}, {"name": metric})
