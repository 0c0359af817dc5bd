"""Saved Kubernetes answers as raw facts and lines; no network. See the API reference for the kinds and "Read log of the specified Pod"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import BadPayload
from ..evidence import Reply
from ..raw import Raw, facts
from .fields import mapping, sequence, text
from .log_lines import log_lines
from .objects import READERS, item_facts

NAME = "kubernetes"
GROUPS = ("apps/", "batch/", "events.k8s.io/", "autoscaling/", "meta.k8s.io/", "argoproj.io/")
BATCH = 2_000


def recognise(document: Any, name: str) -> str | None:  # noqa: ARG001 - a collector's face
    """`list` for lists, single objects and refusals (`Status`) of the API, `version` for its version, else None."""
    if not isinstance(document, Mapping):
        return None
    if "gitVersion" in document and "major" in document:
        return "version"
    kind, api = text(document, "kind"), text(document, "apiVersion")
    if not kind or not (api == "v1" or "/" in api):
        return None
    known = (
        kind in READERS or kind.endswith("List") or kind == "Status" or (bool(text(document, "metadata", "name")) and (api == "v1" or api.startswith(GROUPS)))
    )
    return "list" if known else None


def read(reply: Reply) -> Iterator[Raw]:
    """Raw batches of one reply of form `list`, `log` or `version`. Raises BadPayload where it is none."""
    if reply.form == "log":
        yield from log_lines(reply)
    elif reply.form == "version":
        yield from _version(reply)
    elif reply.form == "list":
        yield from _lists(reply)
    else:
        raise BadPayload(f"{reply.ref}: kubernetes has no reader for the form {reply.form!r}")


def _version(reply: Reply) -> Iterator[Raw]:
    version = text(reply.json(), "gitVersion")
    yield from facts([{"kind": "context.version", "title": version, "ref": reply.ref, "attributes": {"version": version}}], NAME)


def _lists(reply: Reply) -> Iterator[Raw]:
    batch: list[dict[str, Any]] = []
    for document, at in _documents(reply):
        for row in _document_rows(document, at, reply):
            batch.append(row)
            if len(batch) >= BATCH:
                yield from facts(batch, NAME)
                batch = []
    yield from facts(batch, NAME)


def _documents(reply: Reply) -> Iterator[tuple[Any, str]]:
    """The one JSON document, or one per line (with the line's number); a bad line gives its text as a string."""
    try:
        yield reply.json(), ""
    except BadPayload:
        lines = reply.body().splitlines()
        parsed = [_json_line(line) for line in lines]
        if len([p for p in parsed if isinstance(p, Mapping)]) < 2:
            raise
        yield from ((document, f"line {i}") for i, document in enumerate(parsed, 1) if document is not None)


def _json_line(line: bytes) -> Any:
    if not line.strip():
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return "broken"


def _document_rows(document: Any, at: str, reply: Reply) -> Iterator[dict[str, Any]]:
    ref = f"{reply.ref}#{at}"
    if not isinstance(document, Mapping):
        if not at:
            raise BadPayload(f"{reply.ref}: a Kubernetes list was due, found JSON of another shape")
        yield {"kind": "unreadable", "title": "the line is no JSON object", "ref": ref}
        return
    kind = text(document, "kind")
    if kind == "Status":
        yield {
            "kind": "context.warning",
            "title": text(document, "message") or "the API refused",
            "ref": ref,
            "attributes": {"text": text(document, "message")},
        }
    elif "items" in document or kind.endswith("List"):
        of = kind.removesuffix("List").removeprefix("PartialObjectMetadata") or _asked(reply.about)
        for i, item in enumerate(sequence(document, "items")):
            yield from item_facts(item, f"{ref}/items/{i}", of)
    elif mapping(document, "metadata") and kind:
        yield from item_facts(document, f"{ref}/" if not at else ref, kind)
    else:
        raise BadPayload(f"{reply.ref}: neither a Kubernetes list nor an object")


def _asked(about: Mapping[str, str]) -> str:
    """The kind that was asked for, where the answer is a list of metadata: by the last part of the URL's path."""
    plural = about.get("url", about.get("path", "")).rstrip("/").rpartition("/")[2]
    return {"configmaps": "ConfigMap", "secrets": "Secret"}.get(plural, "")
