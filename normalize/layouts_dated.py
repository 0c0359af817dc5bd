"""Layouts with a numeric date: ISO 8601 and its kin, month or day first, compact digits, dates that leave out the year."""

from __future__ import annotations

from .fragments import ANY_ZONE, CLOCK, DAY, END, FRACTION, HALF, HEADER, HOURS, LEAD, LETTERS, MONTH, OFFSET, REGION, SEPARATOR, SHORT_YEAR, TIME, YEAR
from .layout import Layout, Sample

ISO = YEAR + "-" + MONTH + "-" + DAY
STAMP = ISO + SEPARATOR + TIME
SLASHED = "(?P<year>[0-9]{4})/(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})" + SEPARATOR + TIME
DOTTED = "(?P<year>[0-9]{4})\\.(?P<month>[0-9]{1,2})\\.(?P<day>[0-9]{1,2})" + SEPARATOR + TIME
SHORT_DATE = "(?P<one>[0-9]{1,2})/(?P<two>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})"
ORDERS = SHORT_DATE + SEPARATOR
DASHED = "(?P<one>[0-9]{2})-(?P<two>[0-9]{2})-(?P<year>[0-9]{4})" + SEPARATOR + TIME
GERMAN = "(?P<day>[0-9]{1,2})\\.(?P<month>[0-9]{1,2})\\.(?P<year>[0-9]{4}|[0-9]{2})" + SEPARATOR + TIME
AT = "2026-11-20T10:00:00Z"
MS = "2026-11-20T10:00:00.125Z"
DAY_WINDOW = ("2026-11-20T09:30:00Z", "2026-11-20T10:30:00Z")


def near(text: str, expected: str = AT) -> Sample:
    """A sample that needs its window."""
    return Sample(text, expected, "UTC", *DAY_WINDOW)


DATED: tuple[Layout, ...] = (
    Layout(
        "repeated",
        r"^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} \[" + ISO + "[ T]" + CLOCK + r"\.(?P<fraction>[0-9]+)\]",
        (Sample("2026/11/20 10:00:00 [2026-11-20 10:00:00.125000] [router:web] GET /", MS),),
        "Go's log package in front of a finer stamp of the same record",
    ),
    Layout(
        "iis",
        "^"
        + ISO
        + " "
        + CLOCK
        + r" (?:[A-Z]{3,10} /[^ ]* [^ ]+ [0-9]+ [^ ]+ [0-9a-f.:]+ |(?:W3SVC[0-9]+ )?(?:[A-Za-z0-9_-]+ )?[0-9a-f.:]+(?:%[0-9]+)? (?:[A-Z]{3,10} /"
        r"|[0-9]+ [0-9a-f.:]+(?:%[0-9]+)? [0-9]+ (?:HTTP/|- )))",
        (
            Sample("2026-11-20 10:00:00 10.0.0.4 GET /index.htm - 443 - 10.0.0.9 curl/8 200 0 0 31", AT, "+02:00"),
            Sample("2026-11-20 10:00:00 10.0.0.9 49152 10.0.0.4 80 HTTP/1.1 GET /a 503 - ConnLimit -", AT, "+02:00"),
        ),
        "Microsoft IIS, W3C extended log and HTTPERR, always UTC",
        zone="UTC",
    ),
    Layout(
        "w3c-tabs",
        "^" + ISO + "\t" + CLOCK + "\t[A-Z0-9-]+\t",
        (Sample("2026-11-20\t10:00:00\tFRA2-C1\t512\t10.0.0.4\tGET\texample.com\t/\t200", AT, "+02:00"),),
        "Amazon CloudFront, always UTC",
        zone="UTC",
    ),
    Layout(
        "iso-region",
        LEAD + STAMP + "(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?" + REGION,
        (Sample("2026-11-20T11:00:00.125+01:00[Europe/Paris] INFO main", MS),),
        "java.time.ZonedDateTime, PHP with a region",
    ),
    Layout(
        "iso-offset",
        LEAD + STAMP + OFFSET + END,
        (
            Sample("2026-11-20T10:00:00.125Z INFO started", MS),
            Sample("<34>1 2026-11-20T11:00:00.125+01:00 host app 1 - - hello", MS),
            Sample("2026-11-20T10:00:00.123456789Z stdout F hello", "2026-11-20T10:00:00.123456789Z"),
            Sample("[2026-11-20T11:00:00,125+0100] INFO started", MS),
            Sample("2026-11-20 10:00:00.125 +0000 UTC m=+0.001 started", MS),
        ),
        "RFC 3339, RFC 5424, CRI, kubectl, log4j, logback, Go time.String, Envoy, etcd, MongoDB 3 and many more",
    ),
    Layout(
        "iso-hours",
        LEAD + STAMP + r"(?P<zone> [+-][0-9]{2})(?: \[|,| UTC|: )",
        (Sample("2026-11-20 07:00:00.125 -03 [4711] LOG:  ready", MS),),
        "PostgreSQL in zones without letters",
    ),
    Layout(
        "iso-letters",
        LEAD + STAMP + LETTERS + END,
        (
            Sample("2026-11-20 11:00:00.125 CET [4711] LOG:  ready", MS),
            Sample("2026-11-20 10:00:00 IST [4711] LOG:  ready", "2026-11-20T04:30:00Z", "Asia/Kolkata"),
        ),
        "PostgreSQL and others that write a zone's letters",
    ),
    Layout(
        "iso-millis-colon",
        LEAD + ISO + SEPARATOR + CLOCK + ":(?P<fraction>[0-9]{3})" + END,
        (Sample("2026-11-20 10:00:00:125 [main] INFO started", MS),),
        "Java and C programs with a colon before the milliseconds",
    ),
    Layout(
        "iso",
        LEAD + STAMP + END,
        (
            Sample("2026-11-20 10:00:00,125 INFO started", MS),
            Sample("[2026-11-20 10:00:00] app.INFO: started", AT),
            Sample("2026-11-20  9:05:07 8 [Warning] refused", "2026-11-20T09:05:07Z"),
            Sample("2026-11-20_10:00:00.12500 started", MS),
            Sample("[2026-11-20, 10:00:00] started", AT),
        ),
        "Python logging, log4j, Kafka, MySQL, MariaDB, SQL Server, Serilog, NLog, Airflow, Spring, Exim, OpenVPN and many more",
    ),
    Layout("slashes-letters", LEAD + SLASHED + LETTERS + END, (Sample("2026/11/20 11:00:00 CET started", AT),), "Go, Perl and shell with a zone's letters"),
    Layout("slashes-offset", LEAD + SLASHED + OFFSET + END, (Sample("2026/11/20 11:00:00.125 +01:00 started", MS),), "TiDB, TiKV and others"),
    Layout(
        "slashes",
        LEAD + SLASHED + END,
        (
            Sample("2026/11/20 10:00:00 [error] 7#7: *1 open() failed", AT),
            Sample("2026/11/20 10:00:00.125000 server started", MS),
        ),
        "nginx error log, Go's log package, Samba, PAN-OS",
    ),
    Layout("dots", LEAD + DOTTED + "(?:" + ANY_ZONE + ")?" + END, (Sample("2026.11.20 10:00:00.125 started", MS),), "ClickHouse and others"),
    Layout(
        "db2",
        "^" + ISO + r"-(?P<hour>[0-9]{2})\.(?P<minute>[0-9]{2})\.(?P<second>[0-9]{2})\.(?P<fraction>[0-9]+)(?P<bias>[+-][0-9]{3})? ",
        (Sample("2026-11-20-11.00.00.125000+060 I42E417 LEVEL: Event", MS),),
        "IBM Db2 diagnostic log",
    ),
    Layout(
        "iso-dashes",
        LEAD + ISO + r"[T _](?P<hour>[0-9]{2})[.-](?P<minute>[0-9]{2})[.-](?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?(?:" + ANY_ZONE + ")?" + END,
        (Sample("2026-11-20_10-00-00 started", AT), Sample("2026-11-20 10.00.00.125 started", MS)),
        "programs that keep colons out of file names",
    ),
    Layout(
        "iso-minutes",
        LEAD + ISO + "[T ]" + HOURS + "(?:" + ANY_ZONE + r")?(?:[ \t\],;|)]|: |$)",
        (Sample("2026-11-20 10:00 started", AT), Sample("2026-11-20T11:00+01:00 started", AT)),
        "to the minute",
    ),
    Layout(
        "colons",
        LEAD + "(?P<year>[0-9]{4}):(?P<month>[0-9]{2}):(?P<day>[0-9]{2})[- ]" + TIME + "(?:" + ANY_ZONE + ")?" + END,
        (Sample("2026:11:20-10:00:00 gw httpd[7]: started", AT),),
        "Sophos UTM",
    ),
    Layout(
        "week-date",
        LEAD + "(?P<year>[0-9]{4})-W(?P<week>[0-9]{2})-(?P<weekday>[1-7])T" + TIME + OFFSET + "?" + END,
        (Sample("2026-W47-5T10:00:00Z started", AT),),
        "ISO 8601 week dates",
    ),
    Layout(
        "ordinal-date",
        LEAD + "(?P<year>[0-9]{4})-(?P<ordinal>[0-9]{3})[T ]" + TIME + OFFSET + "?" + END,
        (Sample("2026-324T10:00:00Z started", AT),),
        "ISO 8601 ordinal dates",
    ),
    Layout(
        "compact-offset",
        LEAD + YEAR + MONTH + DAY + "T(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2}):?(?P<second>[0-9]{2})" + FRACTION + OFFSET + END,
        (Sample("20261120T100000.125Z started", MS),),
        "ISO 8601 basic format",
    ),
    Layout(
        "compact-t",
        LEAD + YEAR + MONTH + DAY + "T(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2}):?(?P<second>[0-9]{2})" + FRACTION + END,
        (Sample("20261120T100000,125 started", MS),),
        "ISO 8601 basic format without a zone",
    ),
    Layout(
        "compact",
        LEAD + YEAR + MONTH + DAY + "[ _-]" + CLOCK + "(?:[.,:](?P<fraction>[0-9]+))?(?:" + ANY_ZONE + ")?" + END,
        (Sample("20261120 10:00:00.125 started", MS), Sample("20261120-10:00:00:125|started", MS)),
        "glog without letters, handsets",
    ),
    Layout(
        "digits",
        LEAD
        + YEAR
        + MONTH
        + DAY
        + "-?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?(?:"
        + OFFSET
        + "|[ \\t,|;\\]]|: )",
        (Sample("20261120100000 started", AT), Sample("20261120-100000.125 started", MS)),
        "fourteen digits at the start of a line",
    ),
    Layout("glog", "^[IWEF]" + YEAR + MONTH + DAY + " " + TIME + " ", (Sample("I20261120 10:00:00.125000  7 main.cc:42] started", MS),), "glog 0.5 and later"),
    Layout(
        "klog",
        r"^(?:\x1b?\[)?[IWEFD]" + MONTH + DAY + r" {1,2}" + CLOCK + r"\.(?P<fraction>[0-9]+)(?: +[0-9]+)? [^ ]+:[0-9]+\]",
        (near("I1120 10:00:00.125000       1 main.go:42] started", MS),),
        "klog and glog: Kubernetes components",
    ),
    Layout(
        "mysql-short",
        "^(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2}) {1,2}" + CLOCK + "(?:[ \\t]|$)",
        (Sample("261120  9:05:07 InnoDB: ready", "2026-11-20T09:05:07Z"),),
        "MySQL to 5.6, MariaDB",
    ),
    Layout(
        "hdfs",
        "^(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2}) (?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2}) [0-9]+ [A-Z]+ ",
        (Sample("261120 100000 17 INFO dfs.Node: ready", AT),),
        "early Hadoop",
    ),
    Layout(
        "spark",
        "^(?P<year>[0-9]{2})/(?P<month>[0-9]{2})/(?P<day>[0-9]{2}) " + TIME + r" (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) [A-Za-z_.$0-9]+:",
        (Sample("26/11/20 10:00:00 INFO Executor: ready", AT),),
        "Spark, Hadoop clients",
    ),
    Layout(
        "cjk",
        LEAD + "(?P<year>[0-9]{4})\u5e74(?P<month>[0-9]{1,2})\u6708(?P<day>[0-9]{1,2})\u65e5"
        "[ \\t]*(?P<hour>[0-9]{1,2})(?::|\u65f6|\u6642)(?P<minute>[0-9]{1,2})(?::|\u5206)(?P<second>[0-9]{1,2})" + FRACTION,
        (Sample("2026\u5e7411\u670820\u65e5 10\u65f600\u520607\u79d2 \u542f\u52a8", "2026-11-20T10:00:07Z"),),
        "Chinese and Japanese",
    ),
    Layout(
        "month-first",
        "^" + "(?P<month>[0-9]{2})/(?P<day>[0-9]{2})/(?P<year>[0-9]{4})-" + TIME + " +\\[",
        (Sample("11/20/2026-10:00:00.125000  [**] [1:2:3] scan [**]", MS),),
        "Suricata fast.log",
    ),
    Layout(
        "dhcp",
        "^[0-9]{1,2},(?P<month>[0-9]{2})/(?P<day>[0-9]{2})/(?P<year>[0-9]{2}),(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}),",
        (Sample("10,11/20/26,10:00:00,Assign,10.0.0.4,host,", AT),),
        "Windows DHCP server",
    ),
    Layout(
        "snort",
        "^(?P<month>[0-9]{2})/(?P<day>[0-9]{2})-(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})\\.(?P<fraction>[0-9]+) ",
        (near("11/20-10:00:00.125000  [**] [1:2:3] scan", MS),),
        "Snort",
    ),
    Layout(
        "two-orders-half",
        HEADER + ORDERS + HOURS + "(?::(?P<second>[0-9]{2}))?" + FRACTION + HALF + END,
        (
            Sample("11/20/2026 10:00:00 PM started", "2026-11-20T22:00:00Z"),
            Sample("[App] 7  - 11/20/2026, 10:00:00 AM     LOG [Main] started", AT),
            Sample("03/04/2026 10:00:00 AM started", "2026-03-04T10:00:00Z", "UTC", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z"),
        ),
        "Windows, .NET, Node in an English locale",
    ),
    Layout(
        "two-orders-colon",
        LEAD + ORDERS + CLOCK + ":(?P<fraction>[0-9]{3})(?:" + LETTERS + ")?" + END,
        (Sample("[11/20/26 11:00:00:125 CET] 0000001a SystemOut O ready", MS),),
        "WebSphere",
    ),
    Layout(
        "two-orders-letters",
        HEADER + ORDERS + TIME + LETTERS + END,
        (Sample("20/11/2026 11:00:00 CET started", AT),),
        "day or month first, with a zone's letters",
    ),
    Layout(
        "two-orders-offset", HEADER + ORDERS + TIME + OFFSET + END, (Sample("20/11/2026 11:00:00 +0100 started", AT),), "day or month first, with an offset"
    ),
    Layout(
        "two-orders", HEADER + ORDERS + TIME + END, (Sample("20/11/2026 10:00:00 started", AT), Sample("[20/11/2026 10:00:00.125] x", MS)), "day or month first"
    ),
    Layout("two-orders-dashed", LEAD + DASHED + END, (Sample("20-11-2026 10:00:00.125 started", MS),), "day or month first, with dashes"),
    Layout("day-dots-offset", LEAD + GERMAN + OFFSET + END, (Sample("20.11.2026 11:00:00 +01:00 started", AT),), "Central and Eastern Europe, with an offset"),
    Layout(
        "day-dots-letters", LEAD + GERMAN + LETTERS + END, (Sample("20.11.2026 11:00:00 CET started", AT),), "Central and Eastern Europe, with a zone's letters"
    ),
    Layout("day-dots", LEAD + GERMAN + END, (Sample("20.11.2026 10:00:00,125 started", MS),), "Central and Eastern Europe"),
    Layout(
        "logcat",
        "^" + MONTH + "-" + DAY + " " + CLOCK + "\\.(?P<fraction>[0-9]{3}) ",
        (near("11-20 10:00:00.125  1702  2395 D Main: ready", MS),),
        "Android logcat",
    ),
    Layout("month-day-dots", r"^\[" + MONTH + r"\." + DAY + " " + CLOCK + r"\] ", (near("[11.20 10:00:00] app.exe - started"),), "Proxifier"),
    Layout(
        "errpt",
        "^[0-9A-F]{8} +" + MONTH + DAY + "(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})" + SHORT_YEAR + " [PTIU] [HSOU] ",
        (Sample("A63BEB70   1120100026 P S SYSPROC        SOFTWARE PROGRAM", AT),),
        "AIX errpt",
    ),
)
