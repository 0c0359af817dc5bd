"""Layouts with the month's English name: access logs, syslog, asctime, RFC 5322 and their kin; then stamps behind a header."""

from __future__ import annotations

from .fragments import ANY_ZONE, CLOCK, END, FRACTION, HALF, HOURS, LEAD, LETTERS, LOOSE_DAY, NAME, OFFSET, REGION, TIME, WEEKDAY, YEAR
from .layout import Layout, Sample
from .layouts_behind import BEHIND
from .layouts_dated import AT, MS, near

CLF = "(?P<day>[0-9]{1,2})/" + NAME + "/" + YEAR + "[: ]" + TIME
DASHED = "(?P<day>[0-9]{1,2})-" + NAME + "-(?P<year>[0-9]{4}|[0-9]{2})"
SYSLOG = NAME + " {1,2}" + LOOSE_DAY
ASCTIME = WEEKDAY + NAME + " {1,2}" + LOOSE_DAY + " " + TIME
CISCO = r"^(?:<[0-9]{1,3}>)?(?:[0-9]+: )?(?:[A-Za-z0-9._-]+: )?(?:[0-9]+: )?[*.]?"

NAMED: tuple[Layout, ...] = (
    Layout(
        "clf",
        r"^(?:[^\"\n]|\"[0-9a-fA-F.:, -]*\")*?\[" + CLF + OFFSET + r"\]",
        (
            Sample('10.0.0.4 - - [20/Nov/2026:11:00:00 +0100] "GET / HTTP/1.1" 200 17', AT),
            Sample('example.com 10.0.0.4, 10.0.0.9 - ann [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 17', AT),
            Sample("[20/Nov/2026:10:00:00.125 +0000] 200 - GET https example.com", MS),
        ),
        "Apache, nginx, Traefik, Envoy, Varnish, S3, Tomcat access logs",
    ),
    Layout(
        "cisco-zone",
        CISCO + SYSLOG + " (?:(?P<year>[0-9]{4}) )?" + TIME + LETTERS + "[: ]",
        (near("<189>117: gw1: *Nov 20 10:00:00.125 UTC: %SYS-5-CONFIG_I: changed", MS),),
        "Cisco IOS with a zone",
    ),
    Layout(
        "java-util",
        LEAD
        + WEEKDAY
        + "?"
        + SYSLOG
        + ",? (?P<year>[0-9]{4}),? (?:at |@ )?"
        + HOURS
        + "(?::(?P<second>[0-9]{2}))?"
        + FRACTION
        + HALF
        + "(?:"
        + LETTERS
        + ")?"
        + END,
        (
            Sample("Nov 20, 2026 10:00:00 AM org.example.Main start\nINFO: started", AT),
            Sample("Friday, November 20, 2026 10:00:00 AM started", AT),
            Sample("####<Nov 20, 2026 11:00:00,125 AM CET> <Notice> <Server>", MS),
        ),
        "java.util.logging (two lines), WebLogic, Jenkins",
    ),
    Layout(
        "syslog-year",
        CISCO + r"\[?" + WEEKDAY + "?" + SYSLOG + ",? (?P<year>[0-9]{4}),? " + TIME + "(?:" + ANY_ZONE + ")?" + END,
        (
            Sample("<166>Nov 20 2026 10:00:00: %ASA-6-302013: built", AT),
            Sample("Nov 20, 2026 10:00:00.125 [0x1] INFO - started", MS),
        ),
        "Cisco ASA, Junos, Plex",
    ),
    Layout(
        "month-name-at",
        LEAD + SYSLOG + ",? (?P<year>[0-9]{4}),? (?:at|@) " + TIME + END,
        (Sample("Nov 20, 2026 @ 10:00:00.125 started", MS),),
        "Kibana's way to show times",
    ),
    Layout("syslog-year-last", LEAD + SYSLOG + " " + TIME + " (?P<year>[12][0-9]{3}) ", (Sample("Nov 20 10:00:00 2026 host app: started", AT),), "appliances"),
    Layout(
        "syslog-year-first",
        LEAD + YEAR + "[ -]" + NAME + "[ -]{1,2}(?P<day>[0-9]{1,2})[ T]{1,2}" + TIME + "(?:" + ANY_ZONE + ")?" + END,
        (Sample("2026 Nov 20 10:00:00.125 host %ETHPORT-5-UP: up", MS),),
        "Cisco NX-OS and others",
    ),
    Layout(
        "syslog-offset",
        CISCO + SYSLOG + " " + TIME + r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})" + END,
        (near("Nov 20 11:00:00+01:00 host app: started"),),
        "syslog with an offset",
    ),
    Layout(
        "syslog",
        LEAD + "[*.]?" + SYSLOG + " {1,2}" + TIME + END,
        (
            near("<34>Nov 20 10:00:00 host su: failed"),
            Sample("Dec 31 23:59:59 host cron[7]: tick", "2026-12-31T23:59:59Z", "UTC", "2026-12-31T23:30:00Z", "2027-01-01T00:30:00Z"),
            near("[Nov 20 10:00:00] NOTICE[17]: registered"),
            near("Nov 20 10:00:00.125 host app: started", MS),
        ),
        "RFC 3164: syslog, journalctl, Postfix, sshd, Asterisk, iptables",
    ),
    Layout(
        "clf-local",
        r"^[^\"\n]*?\[" + CLF + r"\]",
        (
            Sample("10.0.0.4:49152 [20/Nov/2026:10:00:00.125] web~ app/a1 0/0/1/2/3 200 17", MS),
            Sample('10.0.0.4 - - [20/Nov/2026 10:00:00] "GET / HTTP/1.1" 200 -', AT),
        ),
        "HAProxy, Python's http.server, Django",
    ),
    Layout(
        "asctime-letters",
        LEAD + ASCTIME + LETTERS + " (?P<year>[0-9]{4})" + END,
        (Sample("Fri Nov 20 11:00:00 CET 2026 started", AT),),
        "date(1), java.util.Date, MySQL's safe wrapper",
    ),
    Layout(
        "asctime-offset",
        LEAD + ASCTIME + r"(?P<zone> [+-][0-9]{4}) (?P<year>[0-9]{4})" + END,
        (Sample("Fri Nov 20 11:00:00 +0100 2026 started", AT),),
        "Ruby's Time, OpenLDAP",
    ),
    Layout("asctime-zone", LEAD + ASCTIME + " (?P<year>[0-9]{4})" + LETTERS + END, (Sample("Fri Nov 20 11:00:00 2026 CET started", AT),), "osquery"),
    Layout(
        "asctime",
        r"^(?:[^\"\n]*?\[|[ \t]*)" + ASCTIME + " (?P<year>[0-9]{4})" + END,
        (
            Sample("[Fri Nov 20 10:00:00.125000 2026] [core:error] [pid 7] refused", MS),
            Sample("Fri Nov 20 10:00:00 2026 [pid 7] CONNECT: Client", AT),
            Sample("[pid: 7|app: 0|req: 1/1] 10.0.0.4 () {30 vars} [Fri Nov 20 10:00:00 2026] GET / => generated", AT),
            Sample("Fri Nov  6 10:00:00 2026 : Info: ready", "2026-11-06T10:00:00Z"),
        ),
        "Apache error log, uwsgi, vsftpd, FreeRADIUS, OpenVPN, Oracle",
    ),
    Layout(
        "asctime-no-year", LEAD + ASCTIME + END, (near("Fri Nov 20 10:00:00.125 [conn1] ready", MS),), "asctime cut short: early MongoDB, PostgreSQL on Windows"
    ),
    Layout(
        "rfc5322",
        LEAD + WEEKDAY + "(?P<day>[0-9]{1,2})[ -]" + NAME + "[ -](?P<year>[0-9]{4}) " + TIME + "(?:" + ANY_ZONE + ")" + END,
        (
            Sample("Fri, 20 Nov 2026 11:00:00 +0100 delivered", AT),
            Sample("Fri, 20 Nov 2026 10:00:00 GMT started", AT),
        ),
        "RFC 5322 and HTTP dates",
    ),
    Layout(
        "journal-full",
        LEAD + WEEKDAY + r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2}) " + TIME + "(?:" + ANY_ZONE + ")" + END,
        (Sample("Fri 2026-11-20 11:00:00 CET host app[7]: started", AT),),
        "journalctl -o short-full",
    ),
    Layout(
        "dashed-region",
        LEAD + DASHED + "[ :T]{1,2}" + TIME + REGION,
        (Sample("[20-Nov-2026 11:00:00 Europe/Berlin] PHP Warning:  no", AT),),
        "PHP errors with a region",
    ),
    Layout(
        "dashed-zone",
        LEAD + DASHED + "[ :T]{1,2}" + TIME + "(?:" + ANY_ZONE + ")" + END,
        (Sample("[20-Nov-2026 10:00:00 UTC] PHP Warning:  no", AT),),
        "PHP errors, BIND with a zone",
    ),
    Layout(
        "dashed",
        LEAD + DASHED + "[ :T]{1,2}" + TIME + END,
        (
            Sample("20-Nov-2026 10:00:00.125 INFO [main] started", MS),
            Sample("[20-Nov-2026 10:00:00] NOTICE: ready", AT),
            Sample("20-NOV-2026 10:00:00 * (CONNECT_DATA=(SID=x)) * establish * x * 0", AT),
        ),
        "Tomcat, BIND, PHP-FPM, Oracle listener",
    ),
    Layout(
        "dashed-dots",
        LEAD + DASHED + r" (?P<hour>[0-9]{1,2})\.(?P<minute>[0-9]{2})\.(?P<second>[0-9]{2})" + FRACTION + HALF + END,
        (Sample("20-NOV-26 10.00.00.125000 AM started", MS),),
        "Oracle's default text",
    ),
    Layout(
        "erlang",
        "^=[A-Z]+ REPORT==== " + DASHED + "::" + TIME + " ===",
        (Sample("=INFO REPORT==== 20-Nov-2026::10:00:00 ===\nstarted", AT),),
        "Erlang's error logger, early RabbitMQ",
    ),
    Layout(
        "day-name-zone",
        LEAD + "(?P<day>[0-9]{1,2})[ /]?" + NAME + ",?[ /]?(?P<year>[0-9]{4})(?:[ :;T]|, )" + TIME + "(?:" + ANY_ZONE + ")" + END,
        (Sample("20 Nov 2026 11:00:00 +0100 started", AT), Sample("20/Nov/2026:11:00:00 +0100 started", AT)),
        "day first, with a zone",
    ),
    Layout(
        "day-name",
        r"^[ \t]*(?:[0-9]+:[A-Z] |\[[0-9]+\] )?[\[(<|\"']?(?P<day>[0-9]{1,2})[ /]?" + NAME + ",?[ /]?(?P<year>[0-9]{4})(?:[ :;T]|, )" + TIME + END,
        (
            Sample("17:M 20 Nov 2026 10:00:00.125 * Ready to accept connections", MS),
            Sample("20/Nov/2026 10:00:00 started", AT),
            Sample("20Nov2026;10:00:00;gw;accept", AT),
        ),
        "Redis 5 and later, log4j's DATE layout",
    ),
    Layout(
        "day-name-no-year",
        r"^(?:(?:[0-9]+:[A-Z]|\[[0-9]+\]) |\[)?(?P<day>[0-9]{1,2}) " + NAME + " " + TIME + r"(?:[ \]]|: )",
        (
            near("17:M 20 Nov 10:00:00.125 * Ready to accept connections", MS),
            near("[17] 20 Nov 10:00:00.125 # Server started", MS),
        ),
        "Redis to 4 and others",
    ),
    Layout(
        "routeros",
        "^" + NAME + "/(?P<day>[0-9]{2})(?:/(?P<year>[0-9]{4}))? " + CLOCK + END,
        (Sample("nov/20/2026 10:00:00 system,info logged in", AT), near("nov/20 10:00:00 system,info logged in")),
        "MikroTik RouterOS",
    ),
    *BEHIND,
)
