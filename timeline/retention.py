"""Until when the sources of a live run can still be asked for the window: what they say themselves, else their documented defaults.

Knowledge: Kubernetes documentation "kube-apiserver" (`--event-ttl`, 1 h) and "kubectl logs" (`--previous`); Prometheus documentation "HTTP API",
"Runtime Information"; Alertmanager's flag `--data.retention` (120 h, silences and the notification log); PagerDuty REST API "List incidents".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..collectors.evidence import Reply
from ..collectors.window import SECOND_NS, Window
from ..normalize.stamps import instant_ns
from .coverage import EVENT_TTL_NS
from .evidence import Read
from .rows import Fact
from .text import cell, clock_time, span

if TYPE_CHECKING:
    from .timeline import Timeline

SILENCES_NS = 120 * 3600 * SECOND_NS
MOST_S = 200 * 366 * 86_400


def still_had(read: Read, window: Window) -> tuple[str, ...]:
    """One sentence for each source that was asked over the network, none for saved files."""
    live = _live(read.sources, read.replies.values())
    told = {
        "kubernetes": _kubernetes(window, live.get("kubernetes")),
        "prometheus": _prometheus(window, live.get("prometheus"), [f for f in read.facts if f.kind == "context.retention" and f.source == "prometheus"]),
        "alertmanager": _alertmanager(window, live.get("alertmanager")),
        "pagerduty": "incidents, at most 6 months in one query",
    }
    return tuple(f"{source}: {told[source]}." for source in sorted(live) if told.get(source))


def _live(sources: Iterable[str], replies: Iterable[Reply]) -> dict[str, int | None]:
    """Sources that were asked, and when they last answered: None for one that never did."""
    answers: dict[str, list[Reply]] = {source: [] for source in sources if source != "files"}
    for reply in replies:
        if reply.source in answers:
            answers[reply.source].append(reply)
    network = {source: [r for r in mine if not r.about.get("file")] for source, mine in answers.items()}
    return {source: _last(network[source]) for source, mine in answers.items() if network[source] or not mine}


def _last(replies: Iterable[Reply]) -> int | None:
    return max((at for r in replies if (at := instant_ns(r.received_at or None)) is not None), default=None)


def _kubernetes(window: Window, asked_ns: int | None) -> str:
    logs = "pod logs while the pod lives, of each container also those before its last restart"
    gone_ns = window.until_ns + EVENT_TTL_NS
    return logs if _past(gone_ns, asked_ns) else f"events for 1 h by default, the window's last until {_time(gone_ns)}; {logs}"


def _prometheus(window: Window, asked_ns: int | None, known: list[Fact]) -> str:
    """Only what the server said: other backends have other defaults."""
    if not known:
        return ""
    last = max(known, key=lambda f: (f.collected_ns or 0, f.ref))
    kept_s, text = float(last.attributes.get("seconds") or 0), str(last.attributes.get("text") or "")
    if not 0 < kept_s <= MOST_S:
        return f"samples as long as its retention ({text}) lets it; until when is not known"
    until_ns = window.since_ns + round(kept_s) * SECOND_NS
    size = text.partition(" or ")[2]
    sooner = f", sooner where {size} are full before" if size else ""
    return "" if _past(until_ns, asked_ns) else f"keeps samples for {span(kept_s)}: the window can be asked again until {_time(until_ns)}{sooner}"


def _alertmanager(window: Window, asked_ns: int | None) -> str:
    alerts = "alerts only while they fire"
    until_ns = window.since_ns + SILENCES_NS
    return alerts if _past(until_ns, asked_ns) else f"silences for 5 days after their end by default, all of the window until {_time(until_ns)}; {alerts}"


def _past(until_ns: int, asked_ns: int | None) -> bool:
    """Whether it was too late already when the source last answered."""
    return asked_ns is not None and until_ns <= asked_ns


def _time(at_ns: int) -> str:
    return f"{clock_time(at_ns, dated=True)} UTC"


def retention_text(timeline: Timeline) -> str:
    """The list under what could not be seen; "" where every source is a saved file."""
    sentences = json.loads(timeline.told.get("still") or "[]")
    return "\n".join(["Still to be had:", "", *(f"- {cell(text, 300)}" for text in sentences)]) if sentences else ""
