"""What a saved file is, told by its content; the path helps only where a log does not say whose it is.

Known are: one JSON document that a source recognises; JSON lines of alerts' history; a recorded exchange, that is
`{"request": {"path", "query", …}, "response": {"status", "headers", "body", …}}` with the body as text; and container logs
as `kubectl logs` prints them, with or without `--timestamps` and `--prefix`. Any of them may be gzip or zstd.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import BadPayload
from .evidence import Reply, decode_json
from .log_paths import says_log
from .packed import BROKEN, readable, unpacked
from .recognise_logs import Found, Passed, as_log, recognise_text
from .registry import COLLECTORS, collector, each

LARGEST_DOCUMENT = 64 * 2**20
HEAD = 256 * 2**10
SAMPLE = 20
LINE_FORMS = ("history", "list")
# What `journalctl -o json` writes into every record.
JOURNAL = {"__REALTIME_TIMESTAMP", "MESSAGE"}
JSON_INSIDE = re.compile(rb"\s*(\{|\[\s*[\[{\"])|\xff\xfe|\xfe\xff|\xef\xbb\xbf")
LOG_PATH = re.compile(r"/namespaces/(?P<namespace>[a-z0-9-]+)/pods/(?P<pod>[a-z0-9.-]+)/log")


def recognise_file(path: Path, relative: str) -> Found | Passed:
    """What the file at `path` is. `relative` is its path below the folder given, with `/`. Raises OSError."""
    file = Reply("files", "", relative, path)
    try:
        with file.open() as stream:
            head = stream.read(HEAD)
            if not _json_starts(head) or (len(head) == HEAD and head[:1] == b"[" and not JSON_INSIDE.match(head)):
                return recognise_text(head, relative)
            objects = _objects(head)
            if len(objects) > 1:
                return _lines(head, objects, relative)
            body = head + stream.read(max(LARGEST_DOCUMENT - len(head), 0) + 1)
    except BROKEN as error:
        return _broken(path, relative, error)
    if len(body) > LARGEST_DOCUMENT:
        return Passed("bound", f"{relative}: JSON of more than {LARGEST_DOCUMENT >> 20} MiB is not read", ours=True)
    return _json(body, objects, relative)


def _content(body: bytes, relative: str) -> Found | Passed:
    """A whole body: a JSON document, JSON lines, or text."""
    head = body[:HEAD]
    if not _json_starts(head):
        return recognise_text(head, relative)
    objects = _objects(head)
    return _lines(head, objects, relative) if len(objects) > 1 else _json(body, objects, relative)


def _json(body: bytes, objects: list[dict[str, Any]], relative: str) -> Found | Passed:
    """A whole body that begins like JSON; of `objects`, those that stand on a line, there is at most one."""
    head = body[:HEAD]
    try:
        one_line = bool(objects) and len(body) <= HEAD and b"\n" not in body.rstrip(b" \t\r\n")
        document = objects[0] if one_line else decode_json(body, relative)
    except BadPayload as error:
        if objects:
            return _lines(head, objects, relative)
        found = None if JSON_INSIDE.match(head) else recognise_text(head, relative)
        return found if isinstance(found, Found) else Passed(error.reason, str(error), ours=True)
    found = _document(document, relative)
    if isinstance(found, Passed) and found.reason == "unrecognised" and objects and says_log(relative):
        return as_log(head, relative)
    return found


def _document(document: Any, relative: str) -> Found | Passed:
    name = PurePosixPath(relative).name
    if _is_exchange(document):
        return _exchange(document, relative)
    refused = _error_answer(document)
    if refused is not None:
        return Passed("error_answer", f"{relative}: a saved error answer: {refused}")
    for reader in each():
        form = collector(reader).recognise(document, name)
        if form:
            return Found(reader, form, _plural(document, name))
    return Passed("unrecognised", f"{relative}: JSON, but no answer that a source knows")


def _plural(document: Any, name: str) -> dict[str, str]:
    """For a list of bare metadata, which does not say of what: the file's name, as the request's path would end."""
    bare = isinstance(document, Mapping) and document.get("kind") == "PartialObjectMetadataList"
    return {"path": name.partition(".")[0]} if bare else {}


def _is_exchange(document: Any) -> bool:
    if not isinstance(document, Mapping):
        return False
    request, response = document.get("request"), document.get("response")
    return isinstance(request, Mapping) and isinstance(response, Mapping) and isinstance(response.get("body"), str) and "status" in response


def _exchange(document: Mapping[str, Any], relative: str) -> Found | Passed:
    """The body of a recorded exchange, with what was asked as `about`."""
    response = document["response"]
    try:
        body = base64.b64decode(response["body"], validate=True) if response.get("body_encoding") == "base64" else response["body"].encode()
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    except (*BROKEN, binascii.Error, UnicodeEncodeError) as error:
        return Passed("bad_payload", f"{relative}: the recorded body is broken: {error}", ours=True)
    if response["status"] != 200:
        return Passed("error_answer", f"{relative}: a saved error answer with status {response['status']}: {response['body'][:200].strip()}")
    found = _content(plain, relative)
    if isinstance(found, Passed):
        return found
    date = dict(_pairs(response.get("headers"))).get("Date", "")
    return Found(found.reader, found.form, {**found.about, **_asked(document["request"])}, plain, date)


def _asked(request: Mapping[str, Any]) -> dict[str, str]:
    """Path and parameters of a request; whose log, where it asked for one."""
    path = request["path"] if isinstance(request.get("path"), str) else ""
    log = LOG_PATH.search(path)
    return {"path": path, **(log.groupdict() if log else {}), **dict(_pairs(request.get("query")))}


def _pairs(given: Any) -> Iterator[tuple[str, str]]:
    """Pairs of text, from an object or from a list of pairs; anything else is left out."""
    for pair in given.items() if isinstance(given, Mapping) else given if isinstance(given, list) else ():
        if isinstance(pair, (list, tuple)) and len(pair) == 2:
            yield str(pair[0]), str(pair[1])


def _error_answer(document: Any) -> str | None:
    """The message of an error as the four APIs write it: Kubernetes' Status, Prometheus' error, PagerDuty's error."""
    if not isinstance(document, Mapping):
        return None
    if document.get("kind") == "Status" and document.get("apiVersion") == "v1":
        return str(document.get("message") or document.get("reason") or document.get("status"))
    if document.get("status") == "error" and "errorType" in document:
        return f"{document['errorType']}: {document.get('error')}"
    error = document.get("error")
    return str(error["message"]) if len(document) == 1 and isinstance(error, Mapping) and "message" in error else None


def _lines(head: bytes, objects: list[dict[str, Any]], relative: str) -> Found | Passed:
    """JSON lines: alerts' history or API objects, else a container's log in JSON unless the name says that it is data.

    What the path calls a log is nothing that a source of another package would have saved.
    """
    path = PurePosixPath(unpacked(relative))
    for reader in COLLECTORS if says_log(relative) else each():
        form = next(filter(None, (collector(reader).recognise(one, path.name) for one in objects)), None)
        if form in LINE_FORMS:
            return Found(reader, form)
    if any(one.keys() >= JOURNAL for one in objects):
        return as_log(head, relative)
    if path.suffix in (".json", ".jsonl", ".ndjson") and not says_log(relative):
        return Passed("unrecognised", f"{relative}: JSON lines, but of no kind that a source knows; a log is read if its name ends in .log")
    return recognise_text(head, relative)


def _objects(head: bytes) -> list[dict[str, Any]]:
    """The JSON objects that stand each on a line of its own among the first lines, if the text begins with an object."""
    found = []
    if head[:1] == b"{":
        for line in head.split(b"\n", SAMPLE)[:SAMPLE]:
            with suppress(ValueError, RecursionError):
                found.append(json.loads(line) if line[:1] == b"{" else None)
    return [one for one in found if isinstance(one, dict)]


def _json_starts(head: bytes) -> bool:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "ignore").lstrip()[:1] in ("{", "[")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _broken(path: Path, relative: str, error: Exception) -> Found | Passed:
    """A broken gzip or zstd file: the readable beginning of a log or history is kept, of a document there is nothing to keep."""
    broken = f"{relative}: the compressed file is broken: {error}"
    head = b"".join(readable(path, HEAD))[:HEAD]
    objects = _objects(head)
    if _json_starts(head) and len(objects) < 2:
        found: Found | Passed = Passed("bad_payload", broken, ours=True)
    else:
        found = _lines(head, objects, relative) if objects else recognise_text(head, relative)
    return replace(found, broken=broken) if isinstance(found, Found) and head else Passed("bad_payload", broken, ours=True)
