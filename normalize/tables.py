"""The tables of an incident: their columns, and the closed list of event kinds.

A change here is a change of the schema: it goes into the CHANGELOG and, for `KINDS`, into the README.
"""

from __future__ import annotations

import pyarrow as pa

INSTANT = pa.timestamp("ns", "UTC")

KINDS = frozenset(
    {
        "alert.pending", "alert.firing", "alert.notified", "alert.silenced", "alert.unsilenced", "alert.resolved",
        "page.triggered", "page.notified", "page.acknowledged", "page.escalated", "page.resolved", "page.changed",
        "change.deployed", "change.rolled_back", "change.scaled", "change.configured", "change.reported",
        "workload.restarted", "workload.oom_killed", "workload.crash_looping", "workload.evicted", "workload.unhealthy",
        "node.condition", "k8s.event",
        "log.first_seen", "log.burst", "log.stopped",
        "metric.onset", "metric.recovery",
        "note", "decision", "comms.published", "gap",
    }
)  # fmt: skip

WITNESS = pa.struct(
    [
        pa.field("source", pa.string()),
        pa.field("clock", pa.string()),
        pa.field("at", INSTANT),
        pa.field("at_source", pa.string()),
        pa.field("native_id", pa.string()),
        pa.field("ref", pa.string()),
    ]
)

# One row per instant that someone may want to read. `at` is corrected UTC; the instant lies in
# [at - before_ns, at + after_ns); `at_source` is the stamp exactly as received.
EVENTS = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("at", INSTANT, nullable=False),
        pa.field("until", INSTANT),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("clock", pa.string(), nullable=False),
        pa.field("severity", pa.string()),
        pa.field("title", pa.string(), nullable=False),
        pa.field("body", pa.string()),
        pa.field("service", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("actor", pa.string()),
        pa.field("thread", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("labels", pa.map_(pa.string(), pa.string())),
        pa.field("at_source", pa.string()),
        pa.field("correction_ns", pa.int64(), nullable=False),
        pa.field("before_ns", pa.int64(), nullable=False),
        pa.field("after_ns", pa.int64(), nullable=False),
        pa.field("witnesses", pa.list_(WITNESS), nullable=False),
        pa.field("url", pa.string()),
        pa.field("ref", pa.string()),
        pa.field("collected_at", INSTANT),
    ]
)

# Every log line in the window, in order of `at`. `text` is shown text: valid UTF-8, control characters replaced.
LINES = pa.schema(
    [
        pa.field("at", INSTANT, nullable=False),
        pa.field("severity", pa.string()),
        pa.field("namespace", pa.string()),
        pa.field("pod", pa.string()),
        pa.field("container", pa.string()),
        pa.field("template_id", pa.int32()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("app_at", INSTANT),
        pa.field("correction_ns", pa.int64(), nullable=False),
        pa.field("before_ns", pa.int64(), nullable=False),
        pa.field("after_ns", pa.int64(), nullable=False),
        pa.field("truncated", pa.bool_(), nullable=False),
    ]
)

# Every metric point; `name` is the query's name, `labels` the series as JSON text with sorted keys.
SAMPLES = pa.schema(
    [
        pa.field("at", INSTANT, nullable=False),
        pa.field("name", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("labels", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("value", pa.float64()),
    ]
)

MILESTONES = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("earliest", INSTANT),
        pa.field("best", INSTANT),
        pa.field("latest", INSTANT),
        pa.field("method", pa.string(), nullable=False),
        pa.field("event_ids", pa.list_(pa.string()), nullable=False),
    ]
)

# Unknown is null, never 0; `why` says why a duration is blank or what it rests on.
DURATIONS = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("profile", pa.string(), nullable=False),
        pa.field("from", pa.string()),
        pa.field("to", pa.string()),
        pa.field("low_s", pa.float64()),
        pa.field("best_s", pa.float64()),
        pa.field("high_s", pa.float64()),
        pa.field("event_ids", pa.list_(pa.string()), nullable=False),
        pa.field("why", pa.string()),
    ]
)

# Per source and part: what was asked, what was covered, where every record went, and why coverage stops.
COVERAGE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
        pa.field("since", INSTANT),
        pa.field("until", INSTANT),
        pa.field("covered_since", INSTANT),
        pa.field("covered_until", INSTANT),
        pa.field("received", pa.int64(), nullable=False),
        pa.field("kept", pa.int64(), nullable=False),
        pa.field("folded", pa.int64(), nullable=False),
        pa.field("outside", pa.int64(), nullable=False),
        pa.field("unreadable", pa.int64(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("ours", pa.bool_(), nullable=False),
    ]
)
