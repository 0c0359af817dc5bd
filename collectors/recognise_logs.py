"""Container logs among saved files: is a text one, and whose is it.

`kubectl logs --timestamps` begins lines with an RFC 3339 stamp, `--prefix` with `[pod/POD/CONTAINER] `; without either, stamps
inside the lines or the path tell a log. Error texts that the API answers in a log's place are no logs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .packed import unpacked

STAMP = rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:[Zz]|[+-]\d\d:?\d\d)"
PREFIX = re.compile(rb"\[pod/([a-z0-9.-]+)/([a-z0-9.-]+)\] ")
STAMPED = re.compile(STAMP + rb"(?: |$)")
# What programs write: RFC 3339 anywhere, klog, syslog, access logs, a local time, a count under a JSON record's usual key.
INNER = re.compile(
    STAMP + rb"|^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ |^(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d "
    rb"|^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{3,9})?[ \]]|\"(?:@timestamp|timestamp|time|ts)\" ?: ?\d{10}"
)
YAML = re.compile(rb"(?:---\s+)?(?:apiVersion|kind|items|metadata):")
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
PACKED = (b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
NODE_FILE = re.compile(r"(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_(?P<container>[a-z0-9-]+)-(?P<instance>[0-9a-f]{64})")
LOGS_ABOVE = {"logs", "log", "namespaces"}
NOT_A_POD = LOGS_ABOVE | {"during", "after", "before", "baseline", "kubernetes", "k8s", "previous", "current", "pods"}


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
    return "YAML; save it again with `-o json`" if YAML.match(start) else ""


def _looks_like_log(lines: list[bytes]) -> bool:
    """Stamps or prefixes at the start of some line, or stamps inside a fifth of them."""
    if any(PREFIX.match(line) or STAMPED.match(line) for line in lines[:50]):
        return True
    stamped = sum(INNER.search(line) is not None for line in lines)
    return stamped > 0 and stamped * 5 >= len(lines) and not any(b"\0" in line for line in lines)


def _shown(text: bytes) -> str:
    return (text.splitlines() or [b""])[0][:200].decode("utf-8", "replace")


def says_log(relative: str) -> bool:
    """Whether the path calls the file a log: its ending, or a folder `logs` above it."""
    path = PurePosixPath(unpacked(relative))
    return path.suffix == ".log" or "logs" in path.parts[:-1]


def as_log(head: bytes, relative: str) -> Found:
    """A container's log; the prefixes of its lines say whose, else its path."""
    about = log_path(relative)
    prefixes = {match.groups() for match in map(PREFIX.match, head.splitlines()) if match}
    if prefixes:
        pod, container = next(iter(prefixes)) if len(prefixes) == 1 else (b"", b"")
        about = {**about, "pod": pod.decode(), "container": container.decode(), "instance": "", "prefixed": "true"}
    return Found("kubernetes", "log", about)


def log_path(relative: str) -> dict[str, str]:
    """Namespace, pod, container, instance and previous as far as a log's path tells them, else "".

    `POD/CONTAINER.log`, `POD/CONTAINER.previous.log`, `POD_CONTAINER.log`, `POD.log`, and the node's own
    `POD_NAMESPACE_CONTAINER-ID.log`; a folder above the pods is their namespace where it lies in a folder `logs` or `namespaces`.
    """
    path = PurePosixPath(unpacked(relative))
    stem = path.name.removesuffix(path.suffix if path.suffix in (".log", ".txt") else "")
    said = stem.removesuffix(".previous").removesuffix("_previous")
    about = {"namespace": "", "pod": "", "container": "", "instance": "", "previous": "true" if said != stem else "false"}
    node_file = NODE_FILE.fullmatch(said)
    if node_file:
        return {**about, **node_file.groupdict()}
    above: list[str] = ["", "", *path.parts[:-1]]
    parent = above.pop()
    first, _, second = said.partition("_")
    if second:
        named = (first, second)
        above.append(parent)
    elif parent and parent not in NOT_A_POD:
        named = (parent, said)
    else:
        named = (said, "")
        above.append(parent)
    if all(NAME.fullmatch(name) or not name for name in named):
        about.update(pod=named[0], container=named[1])
        if above[-2] in LOGS_ABOVE and above[-1] not in NOT_A_POD and NAME.fullmatch(above[-1]):
            about["namespace"] = above[-1]
    return about
