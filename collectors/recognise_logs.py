"""Container logs among saved files: is a text one, and whose is it.

`kubectl logs --timestamps` begins lines with an RFC 3339 stamp, `--prefix` with `[pod/POD/CONTAINER] `; without either, stamps
inside the lines or the path tell a log. Error texts that the API answers in a log's place are no logs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .log_paths import log_path, says_log

STAMP = rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:[Zz]|[+-]\d\d:?\d\d)"
PREFIX = re.compile(rb"\[pod/([a-z0-9.-]+)/([a-z0-9.-]+)\] ")
STAMPED = re.compile(STAMP + rb"(?: |$)")
# What programs write: a date and a time not far from the line's beginning, klog's letter, a time of day beside a level, a count.
MONTH = rb"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
DATE = (
    rb"(?:\d{4}[-/.:]\d\d[-/.:]\d\d|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d\d)|\d{1,2}[-/ ]?" + MONTH + rb"(?:[-/ ,]{0,2}(?:\d{4}|\d\d))?"
    rb"|" + MONTH + rb"[ /]{1,2}\d{1,2}(?:[ ,/]{1,2}\d{4})?|\d{8}|\d{6}|\d\d[-/.]\d\d)"
)
CLOCK = rb"\d{1,2}:\d\d:\d\d(?!\d)"
LEVEL = rb"(?:trace|trc|debug|dbg|info|inf|warn|wrn|warning|error|err|fatal|critical)\b"
INNER = re.compile(
    STAMP + rb"|^.{0,60}?(?<![\d.])" + DATE + rb"(?:[T _,:@-]{1,3}| time=)" + CLOCK + rb"|^[IWEF]\d{4}(?:\d{4})? " + CLOCK +
    rb"|^\[?" + CLOCK + rb"(?:[.,]\d{1,9})?\]? \[?" + LEVEL + rb"|^\[?" + LEVEL + rb"\]? +\[?" + CLOCK +
    rb"|^(?:\[\d{10}\] |\d{10}\.\d{3,9}\s|@4000000[0-9a-f]{17} )|\b(?:ts|time|msg=audit\()=?\"?\d{10}"
    rb"|\"(?:@timestamp|timestamp|time|ts)\" ?: ?\d{10}",
    re.IGNORECASE,
)  # fmt: skip
YAML = re.compile(rb"(?:---\s+)?(?:apiVersion|kind|items|metadata):")
PACKED = (b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
# `amtool alert query` for people, and `kubectl cluster-info dump`.
ALERTS_TABLE = re.compile(rb"Alertname\s+Starts At")
DUMPED = re.compile(rb"==== START logs for container ([a-z0-9-]+) of pod ([a-z0-9-]+)/([a-z0-9.-]+) ====")


@dataclass(frozen=True)
class Found:
    """A file that the source `reader` can read as `form`; `body` is set where it is only a part of the file."""

    reader: str
    form: str
    about: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    date: str = ""
    broken: str = ""


@dataclass(frozen=True)
class Passed:
    """A file that is left out, and why; `ours` as in `evidence.Failure`."""

    reason: str
    text: str
    ours: bool = False


def recognise_text(head: bytes, relative: str) -> Found | Passed:
    """What text that is no JSON is, told by its beginning: a container's log or nothing we know."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"unable to retrieve container logs"):
        return Passed("error_answer", f"{relative}: a saved error answer: {_shown(start)}")
    known = _no_log(head, start)
    if known and not any(PREFIX.match(line) or STAMPED.match(line) for line in start.splitlines()[:1]):
        return Passed("unrecognised", f"{relative}: {known}")
    lines = [line for line in head.splitlines()[:200] if line.strip()]
    if says_log(relative) or _looks_like_log(lines):
        return as_log(head, relative)
    return Passed("unrecognised", f"{relative}: {'not recognised' if head else 'empty'}")


def _no_log(head: bytes, start: bytes) -> str:
    """What a text is that is certainly no log, else ""."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16 text; save it again as UTF-8"
    if head.startswith(PACKED):
        return "an archive; unpack it into the folder"
    if start.startswith(b"HTTP/"):
        return "an answer with its headers; save the body alone, with `curl` but without `-i`"
    if start[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "HTML or XML where an answer was due (a proxy or a log-in page?)"
    if ALERTS_TABLE.match(start):
        return "a table of alerts; save it again with `-o json`"
    return "YAML; save it again with `-o json`" if YAML.match(start) else ""


def _looks_like_log(lines: list[bytes]) -> bool:
    """Stamps or prefixes at the start of some line, or stamps inside a fifth of them."""
    if any(PREFIX.match(line) or STAMPED.match(line) for line in lines[:50]):
        return True
    stamped = sum(INNER.search(line) is not None for line in lines)
    return stamped > 0 and stamped * 5 >= len(lines) and not any(b"\0" in line for line in lines)


def _shown(text: bytes) -> str:
    return (text.splitlines() or [b""])[0][:200].decode("utf-8", "replace")


def as_log(head: bytes, relative: str) -> Found:
    """A container's log; the prefixes of its lines say whose, else its path."""
    about = log_path(relative)
    dumped = DUMPED.match(head)
    if dumped:
        several = len(DUMPED.findall(head)) > 1
        container, namespace, pod = (b"" if several else dumped[1], dumped[2], dumped[3])
        about |= {"namespace": namespace.decode(), "pod": pod.decode(), "container": container.decode()}
    prefixes = {match.groups() for match in map(PREFIX.match, head.splitlines()) if match}
    if prefixes:
        pod, container = next(iter(prefixes)) if len(prefixes) == 1 else (b"", b"")
        about = {**about, "pod": pod.decode(), "container": container.decode(), "instance": "", "prefixed": "true"}
    return Found("kubernetes", "log", about)
