"""Layouts whose stamp stands behind a header (level, number, bracket, host, key), and times of day without a date."""

from __future__ import annotations

from .fragments import ANY_ZONE, END, FRACTION, HEADER, LETTERS, LEVEL, NAME, OFFSET, TIME, YEAR
from .layout import Layout, Sample
from .layouts_dated import AT, GERMAN, MS, SLASHED, STAMP, near

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
        HEADER + SLASHED + "(?:" + ANY_ZONE + ")?" + END,
        (Sample("[7] 2026/11/20 10:00:00.125000 [INF] ready", MS), Sample("[GIN] 2026/11/20 - 10:00:00 | 200 | 1ms", AT)),
        "NATS, gin",
    ),
    Layout(
        "behind-dots",
        HEADER + GERMAN + "(?:" + ANY_ZONE + ")?" + END,
        (Sample("[INFO ] [20.11.2026 10:00:00] started", AT),),
        "day, month and year with dots behind a level",
    ),
    Layout(
        "rails",
        r"^Started [A-Z]+ \"[^\"]*\" for [^ ]+ at " + STAMP + OFFSET + END,
        (Sample('Started GET "/" for 10.0.0.4 at 2026-11-20 11:00:00 +0100', AT),),
        "Ruby on Rails",
    ),
    Layout(
        "ltsv",
        r"^(?:[A-Za-z0-9_-]+:[^\t\n]*\t)*?(?:time|timestamp|ts):" + STAMP + OFFSET + END,
        (Sample("host:10.0.0.4\ttime:2026-11-20T11:00:00+01:00\tstatus:200", AT),),
        "labelled tab-separated values",
    ),
    Layout(
        "ltsv-clf",
        r"^(?:[A-Za-z0-9_-]+:[^\t\n]*\t)*?time:\[(?P<day>[0-9]{2})/" + NAME + "/" + YEAR + ":" + TIME + OFFSET + r"\]",
        (Sample("time:[20/Nov/2026:11:00:00 +0100]\thost:10.0.0.4", AT),),
        "labelled tab-separated values of an access log",
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
    Layout(
        "logfmt-letters",
        PAIRS + STAMP + LETTERS + r"(?:[ \"\n\t,]|$)",
        (Sample('id=fw time="2026-11-20 10:00:00 UTC" pri=6', AT),),
        "logfmt with a zone's letters",
    ),
    Layout("logfmt-local", PAIRS + STAMP + r"(?:[ \"\n\t,]|$)", (Sample('level=info time="2026-11-20 10:00:00" msg=started', AT),), "logfmt without a zone"),
    Layout(
        "behind-time-of-day",
        r"^\[?" + LEVEL + r"\]?[ :]+\[?(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})" + FRACTION + r"(?:[ \t|\]),]|: |$)",
        (near("WARN  10:00:00,125 refused", MS),),
        "a level before a time of day",
    ),
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
