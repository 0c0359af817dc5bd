"""What could not be seen: gap rows, and one coverage row per source and part with where its records went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..collectors.evidence import Failure
from ..collectors.window import SECOND_NS, Window, rfc3339_short
from ..normalize.stamps import instant_ns
from .evidence import Part, Read, Tally
from .rows import Row
from .sample_holes import sample_holes

# kube-apiserver keeps events this long unless told otherwise (--event-ttl, default 1h).
EVENT_TTL_NS = 3600 * SECOND_NS
# What hides nothing of the incident.
NO_GAPS = ("unrecognised", "outside", "assumed", "left out")


def gap_rows(read: Read, window: Window, told: str = "") -> list[Row]:
    """One row per failure, over the stretch it hides; equal failures of several moments are one row.

    A log that is gone with its pod is left to the rule that tells such logs by workload, if `told` (what its rows say) names the pod.
    """
    failures = dict.fromkeys((*read.failures, *_derived(read, window)))
    return [_gap(f, window) for f in failures if f.reason not in NO_GAPS and not (f.reason == "gone" and _pod(f) and _pod(f) in told)]


def _pod(failure: Failure) -> str:
    kind, _, name = failure.subject.partition("/")
    return name.partition("/")[0] if kind == "Pod" else ""


def coverage_rows(read: Read, window: Window) -> list[dict[str, object]]:
    """Rows of `normalize.tables.COVERAGE`: parts that gave records first, then everything that was not had."""
    rows = [_part(part, tally, window) for part, tally in sorted(read.tallies.items())]
    failures = sorted({*read.failures, *_derived(read, window)}, key=lambda f: (f.source, f.what, f.reason, f.text))
    return [*rows, *(_lost(failure, window) for failure in failures)]


def _derived(read: Read, window: Window) -> Iterator[Failure]:
    """What the evidence shows to be missing although nobody said so."""
    yield from _expired(read, window)
    yield from _unsampled(read, window)
    yield from _still_open(read, window)


def _expired(read: Read, window: Window) -> Iterable[Failure]:
    """Events older than their time to live when they were asked for, unless an older one proves that they were kept."""
    asked = [instant_ns(r.received_at) for r in read.replies.values() if r.source == "kubernetes" and r.form == "list" and "events" in r.ref]
    known = [f.until_ns or f.at_ns for f in read.facts if f.kind == "k8s.event" and f.at_ns is not None]
    asked_ns = min((a for a in asked if a is not None), default=None)
    if asked_ns is None:
        return
    kept_since = min((at for at in known if at is not None), default=asked_ns)
    lost_until = min(asked_ns - EVENT_TTL_NS, kept_since)
    if lost_until > window.since_ns:
        text = f"Kubernetes keeps events for 1 h by default: none from before {rfc3339_short(lost_until - lost_until % SECOND_NS)} are left"
        yield Failure("kubernetes", "events", "expired", text, until=rfc3339_short(lost_until), ours=False)


def _unsampled(read: Read, window: Window) -> Iterable[Failure]:
    """Stretches of which Prometheus has no sample, though it has before and after."""
    for first, last in sample_holes(read.series, window):
        ends = [rfc3339_short(at - at % SECOND_NS) for at in (first, last)]
        text = f"no series has a sample between {ends[0]} and {ends[1]}: Prometheus was restarted, or nothing was scraped"
        yield Failure(
            "prometheus", f"everything from {ends[0][11:19]} to {ends[1][11:19]}", "no samples", text, rfc3339_short(first), rfc3339_short(last), ours=False
        )


def _still_open(read: Read, window: Window) -> Iterable[Failure]:
    """Sources whose last answer came before the window had closed: the rest of it they could not know."""
    last: dict[str, int] = {}
    for reply in read.replies.values():
        at = instant_ns(reply.received_at)
        if at is not None and reply.source != "files":
            last[reply.source] = max(at, last.get(reply.source, at))
    for source, at in sorted(last.items()):
        if at < window.until_ns:
            when = rfc3339_short(max(at, window.since_ns) // SECOND_NS * SECOND_NS)
            text = f"collected at {when}, before the window had closed: collect again after it"
            yield Failure(source, "the end of the window", "open", text, since=when, ours=False)


def _stretch(failure: Failure, window: Window) -> tuple[int, int]:
    since, until = instant_ns(failure.since or None), instant_ns(failure.until or None)
    begin = window.since_ns if since is None else min(max(since, window.since_ns), window.until_ns - 1)
    end = window.until_ns if until is None else max(min(until, window.until_ns), begin)
    return begin, end


def _gap(failure: Failure, window: Window) -> Row:
    begin, end = _stretch(failure, window)
    return Row(
        kind="gap",
        at_ns=begin,
        until_ns=end,
        title=f"not seen: {failure.what} ({failure.reason})",
        body=failure.text,
        source=failure.source,
        clock="retroline",
        thread=f"gap:{failure.source}:{failure.what}:{failure.reason}",
        severity="warning" if failure.ours else "info",
        subject=failure.subject or None,
        labels={"reason": failure.reason, "ours": str(failure.ours).lower()},
        milestone_ok=False,
    )


def _part(part: Part, tally: Tally, window: Window) -> dict[str, object]:
    counts: Counter[str] = tally.counts
    return {
        "source": part[0],
        "part": part[1],
        "since": window.since_ns,
        "until": window.until_ns,
        "covered_since": tally.first_ns,
        "covered_until": tally.last_ns,
        "received": sum(counts.values()),
        **{outcome: counts[outcome] for outcome in ("kept", "folded", "outside", "unreadable")},
        "reason": None,
        "detail": None,
        "ours": False,
    }


def _lost(failure: Failure, window: Window) -> dict[str, object]:
    begin, end = _stretch(failure, window)
    none = dict.fromkeys(("received", "kept", "folded", "outside", "unreadable"), 0)
    return {
        "source": failure.source,
        "part": failure.what,
        "since": begin,
        "until": end,
        "covered_since": None,
        "covered_until": None,
        **none,
        "reason": failure.reason,
        "detail": failure.text,
        "ours": failure.ours,
    }
