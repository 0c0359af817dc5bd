"""Layouts whose stamp stands behind a header (level, number, bracket, host, key), and times of day without a date."""

from __future__ import annotations

from .fragments import END, FRACTION, HEADER, LETTERS, OFFSET
from .layout import Layout, Sample
from .layouts_dated import AT, MS, SLASHED, STAMP, near

PAIRS = r"^(?:[A-Za-z0-9_.@/-]+=(?:\"(?:[^\"\\]|\\.)*\"|[^ \"]*) +)*?(?:ts|time|t|timestamp|@timestamp|_ts|datetime|date)=\"?"

BEHIND: tuple[Layout, ...] = (
    Layout(
        "behind-iso-offset",
        HEADER + STAMP + OFFSET + END,
        (
            Sample("I, [2026-11-20T10:00:00.125000Z #1]  INFO -- : started", MS),
            Sample("INFO[2026-11-20T10:00:00Z] started", AT),
            Sample("web-1  | 2026-11-20T10:00:00.125Z started", MS),
        ),
        "Ruby's logger, logrus, docker compose: RFC 3339 behind a level, a number or a bracket",
    ),
    Layout("behind-iso-letters", HEADER + STAMP + LETTERS + END, (Sample("[4711] 2026-11-20 11:00:00 CET started", AT),), "the same with a zone's letters"),
    Layout(
        "behind-iso",
        HEADER + STAMP + END,
        (
            Sample(' [BACK][2026-11-20 10:00:00] 10.0.0.4 - "GET / HTTP/1.1" 200', AT),
            Sample("ERROR    2026-11-20T10:00:00 - refused", AT),
            Sample("10:00:00 1|app  | 2026-11-20 10:00:00: ready", AT),
        ),
        "level, number, bracket or host before a local time",
    ),
    Layout(
        "behind-slashes",
        HEADER + SLASHED + END,
        (Sample("[7] 2026/11/20 10:00:00.125000 [INF] ready", MS), Sample("[GIN] 2026/11/20 - 10:00:00 | 200 | 1ms", AT)),
        "NATS, gin",
    ),
    Layout(
        "behind-word",
        "^(?:http|https|h2|grpcs|ws|wss|tls|[A-Za-z]+:) " + STAMP + OFFSET + END,
        (Sample("https 2026-11-20T10:00:00.125000Z app/web/1 10.0.0.4:49152", MS),),
        "AWS load balancers",
    ),
    Layout(
        "logfmt",
        PAIRS + STAMP + OFFSET + r"(?:[ \"\n\t,]|$)",
        (
            Sample('time="2026-11-20T11:00:00+01:00" level=info msg=started', AT),
            Sample("level=info logger=db t=2026-11-20T10:00:00.125Z msg=started", MS),
        ),
        "logfmt: Go's log/slog, logrus, Grafana, Loki, Prometheus, Traefik",
    ),
    Layout("logfmt-local", PAIRS + STAMP + r"(?:[ \"\n\t,]|$)", (Sample('level=info time="2026-11-20 10:00:00" msg=started', AT),), "logfmt without a zone"),
    Layout(
        "time-of-day",
        r"^[ \t]*[\[(]?(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})" + FRACTION + r"(?:[ \t|\]),]|: |$)",
        (
            near("10:00:00.125 INFO  - started", MS),
            near("[10:00:00 INF] started"),
        ),
        "logback, JBoss, Serilog, tcpdump: no date at all",
    ),
)
