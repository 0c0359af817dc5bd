"""Layouts that count since an epoch, and records whose own stamp stands deep inside."""

from __future__ import annotations

from .fragments import ANY_ZONE, END, FRACTION, NAME, OFFSET, TIME
from .layout import Layout, Sample

ISO_DATE = "(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"

COUNTED: tuple[Layout, ...] = (
    Layout(
        "mysql-slow",
        r"^(?:#|/|T|SET )(?:[^\n]*\n)*?SET timestamp=(?P<epoch_s>[0-9]{9,10}(?:\.[0-9]{1,9})?);",
        (Sample("# User@Host: app[app] @ db [10.0.0.4]\n# Query_time: 2.1  Lock_time: 0.0\nSET timestamp=1795168800;\nselect 1;", "2026-11-20T10:00:00Z"),),
        "MySQL, MariaDB and Percona slow query log: the statement's start",
    ),
    Layout(
        "mysql-slow-time",
        "^# Time: " + ISO_DATE + "T" + TIME + OFFSET + "?" + END,
        (Sample("# Time: 2026-11-20T10:00:00.250000Z\n# User@Host: app[app] @ db []", "2026-11-20T10:00:00.25Z"),),
        "MySQL 5.7 and later, slow query log",
    ),
    Layout(
        "mysql-slow-time-short",
        "^# Time: (?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2}) {1,2}" + TIME + END,
        (Sample("# Time: 261120  9:05:07\n# User@Host: app[app] @ db []", "2026-11-20T09:05:07Z"),),
        "MySQL to 5.6 and MariaDB, slow query log",
    ),
    Layout(
        "auditd",
        r"^(?:node=[^ \n]+ )?type=[^ \n]+ msg=audit\((?P<epoch_s>[0-9]{1,10}\.[0-9]{3}):[0-9]+\)",
        (Sample("type=SYSCALL msg=audit(1795168800.125:4711): arch=c000003e syscall=59", "2026-11-20T10:00:00.125Z"),),
        "Linux audit daemon",
    ),
    Layout(
        "kernel-audit",
        r"^(?:\[ *[0-9]+\.[0-9]+\] )?audit: type=[0-9]+ audit\((?P<epoch_s>[0-9]{1,10}\.[0-9]{3}):[0-9]+\)",
        (Sample('[   12.500000] audit: type=1400 audit(1795168800.125:17): apparmor="STATUS"', "2026-11-20T10:00:00.125Z"),),
        "Linux kernel ring buffer without auditd",
    ),
    Layout(
        "cef-utc",
        r"^(?:(?:[^| \n]* ){0,9}CEF:)?[01]\|(?:[^|\n]*\|){6}[^\n]*?[A-Za-z]*[uU]tc[tT]ime=" + ISO_DATE + "T" + TIME + OFFSET + END,
        (Sample("CEF:0|Acme|Gate|2.1|7|Login|3|src=10.0.0.4 ACMEutcTime=2026-11-20T10:00:00.125Z msg=hello", "2026-11-20T10:00:00.125Z"),),
        "CEF with a UTC time of the device among its extensions",
    ),
    Layout(
        "cef-count",
        r"^(?:(?:[^| \n]* ){0,9}CEF:)?[01]\|(?:[^|\n]*\|){6}(?:[^\n]* )?rt=(?P<epoch_ms>[0-9]{13})(?:[^0-9]|$)",
        (Sample("Nov 20 11:00:02 gw CEF:0|Acme|Gate|2.1|7|Login|3|src=10.0.0.4 rt=1795168800125 act=deny", "2026-11-20T10:00:00.125Z"),),
        "CEF, `rt` in milliseconds",
    ),
    Layout(
        "cef-text",
        r"^(?:(?:[^| \n]* ){0,9}CEF:)?[01]\|(?:[^|\n]*\|){6}(?:[^\n]* )?rt="
        + NAME
        + " (?P<day>[0-9]{1,2}) (?P<year>[0-9]{4}) "
        + TIME
        + "(?:"
        + ANY_ZONE
        + ")?"
        + END,
        (Sample("CEF:0|Acme|Gate|2.1|7|Login|3|rt=Nov 20 2026 10:00:00.125 UTC src=10.0.0.4", "2026-11-20T10:00:00.125Z"),),
        "CEF, `rt` as text",
    ),
    Layout(
        "windows-event-xml",
        r"^<Event [^\n]*?<TimeCreated SystemTime=[\"']" + ISO_DATE + "T" + TIME + OFFSET + "[\"']",
        (Sample("<Event xmlns='urn:e'><System><TimeCreated SystemTime='2026-11-20T10:00:00.1234567Z'/></System></Event>", "2026-11-20T10:00:00.1234567Z"),),
        "Windows event log as XML",
    ),
    Layout(
        "journal-export",
        r"^(?:[A-Z_0-9]+=[^\n]*\n)*?__REALTIME_TIMESTAMP=(?P<epoch_us>[0-9]{15,16})(?:\n|$)",
        (Sample("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795168800123456\nMESSAGE=hello", "2026-11-20T10:00:00.123456Z"),),
        "journalctl -o export",
    ),
    Layout(
        "vpc-flow",
        r"^[2-8] [0-9]{12} eni-[0-9a-f]+ (?:[^ ]+ ){7}(?P<epoch_s>[0-9]{10}) [0-9]{10} (?:ACCEPT|REJECT|-) ",
        (Sample("2 123456789012 eni-0a1b 10.0.0.4 10.0.0.5 443 49152 6 8 4000 1795168800 1795168860 ACCEPT OK", "2026-11-20T10:00:00Z"),),
        "AWS VPC flow logs: the window's start",
    ),
    Layout(
        "epoch-request",
        r"^(?P<epoch_s>[0-9]{10})\.[0-9]+\.[0-9]+ \[",
        (Sample("1795168800.4711.0 [20/Nov/2026 11:00:00] root - 10.0.0.4 global start.cgi", "2026-11-20T10:00:00Z"),),
        "Webmin actions, whose id begins with the time",
    ),
    Layout(
        "epoch-fraction",
        r"^\[?\"?(?P<epoch_s>[0-9]{10}\.[0-9]{3,9})\"?(?:\]? |\t|,|\]|: )",
        (
            Sample("1795168800.125    231 10.0.0.4 TCP_MISS/200 4512 GET http://example.com/ - DIRECT/10.0.0.9 text/html", "2026-11-20T10:00:00.125Z"),
            Sample("1795168800.123456\tCx1\t10.0.0.4\t49152\t10.0.0.5\t53", "2026-11-20T10:00:00.123456Z"),
        ),
        "Squid, Zeek, Redis MONITOR, journalctl -o short-unix",
    ),
    Layout(
        "epoch-exponent",
        r"^(?P<epoch>[0-9]\.[0-9]{4,20}e\+(?:09|[0-9]{2}))(?:[ \t])",
        (Sample("1.7951688001234567e+09\tinfo\tserver/main.go:42\tstarted", "2026-11-20T10:00:00.1234567Z"),),
        "zap's console encoder",
    ),
    Layout(
        "epoch-bracket",
        r"^\[(?P<epoch>[0-9]{10}|[0-9]{13})\] [A-Z]",
        (Sample("[1795168800] SERVICE ALERT: web;HTTP;CRITICAL;HARD;3;refused", "2026-11-20T10:00:00Z"),),
        "Nagios, Icinga 1, Naemon",
    ),
    Layout(
        "epoch-near",
        r"^(?P<epoch_near>[0-9]{10}|[0-9]{13})(?:[ \t,|;]|: )",
        (Sample("1795168800 10.0.0.4 query", "2026-11-20T10:00:00Z", "UTC", "2026-11-20T09:30:00Z", "2026-11-20T10:30:00Z"),),
        "a bare count, taken only where the window or the runtime's stamp says the same day",
    ),
    Layout(
        "cluster-node",
        r"^(?:-|[A-Z_]+) (?P<epoch_s>[0-9]{10}) [0-9]{4}\.[0-9]{2}\.[0-9]{2} ",
        (Sample("- 1795168800 2026.11.20 n17 Nov 20 10:00:00 n17/n17 crond[4]: hello", "2026-11-20T10:00:00Z"),),
        "supercomputer console logs",
    ),
    Layout(
        "logfmt-count",
        r"^(?:[A-Za-z0-9_.@/-]+=(?:\"(?:[^\"\\]|\\.)*\"|[^ \"]*) +)*?(?:ts|time|t|timestamp|@timestamp|_ts|epoch)=\"?(?P<epoch>[0-9]{10}(?:\.[0-9]{1,9})?"
        r"|[0-9]{13}(?:\.[0-9]{1,6})?|[0-9]{16}|[0-9]{19}|[0-9]\.[0-9]{4,20}e\+[0-9]{2})\"?(?: |\t|\n|,|$)",
        (Sample("level=info ts=1795168800.125 caller=main.go:42 msg=started", "2026-11-20T10:00:00.125Z"),),
        "logfmt with a count",
    ),
    Layout(
        "tai64n",
        r"^@(?P<tai64n>4[0-9a-f]{23})(?:[^0-9a-f]|$)",
        (Sample("@400000006b001a2a07735940 starting service", "2026-11-20T10:00:00.125Z"),),
        "multilog, svlogd -t",
    ),
    Layout(
        "key-time",
        r"^(?:<[0-9]{1,3}>)?(?:[a-z_]+=[^ ]+ )*?date="
        + ISO_DATE
        + r" time="
        + "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
        + FRACTION
        + r"[^\n]*? (?:tz|timezone)=\"?(?P<zone>[+-][0-9]{2}:?[0-9]{2}|[A-Z]{3,5})\"?(?: |$)",
        (
            Sample('date=2026-11-20 time=11:00:00 devname="gw" logid=1 tz="+0100" type="traffic"', "2026-11-20T10:00:00Z"),
            Sample('<30>device="FW" date=2026-11-20 time=11:00:00 timezone="CET" log_id=1', "2026-11-20T10:00:00Z"),
        ),
        "FortiOS and Sophos with a zone",
    ),
    Layout(
        "key-time-local",
        r"^(?:<[0-9]{1,3}>)?(?:[a-z_]+=[^ ]+ )*?date=" + ISO_DATE + r" time=" + TIME + END,
        (Sample('date=2026-11-20 time=10:00:00 devname="gw" logid=1 type="traffic"', "2026-11-20T10:00:00Z"),),
        "FortiOS and kin",
    ),
)
