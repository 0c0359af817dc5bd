"""Bytes as a saved reply, and what must hold of the facts that any reader makes of one."""

from __future__ import annotations

import atexit
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
from retroline.collectors.evidence import Reply
from retroline.collectors.raw import FACTS, LINES, SAMPLES, Raw, clean_text
from retroline.normalize.facts import normal_facts
from retroline.normalize.tables import KINDS

SCHEMAS = {"facts": FACTS, "lines": LINES, "samples": SAMPLES}
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own below it
RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))", re.ASCII)
FURTHEST_NS = 2**63 - 1 - 86_400 * 10**9


class Room:
    """A folder of our own, in memory where there is such a place; one file at a time lies in it."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="retroline-fuzz-", dir=MEMORY if MEMORY.is_dir() else None))
        atexit.register(shutil.rmtree, self.path, ignore_errors=True)

    def file(self, data: bytes, name: str = "saved") -> Path:
        """The file `name` below the folder, which holds `data`."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def clear(self) -> None:
        """Remove what lies in it."""
        for path in self.path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def reply(room: Room, data: bytes, source: str, form: str, **about: str) -> Reply:
    """`data` as a saved reply of `form`."""
    return Reply(source, form, "r/s/saved.json", room.file(data), about=about)


def slow_ns(text: str | None) -> int | None:
    """RFC 3339 text in nanoseconds since 1970, read by `datetime` and whole numbers alone."""
    match = RFC3339.fullmatch(text or "")
    if match is None:
        return None
    try:
        minute = datetime(*(int(match[i]) for i in range(1, 6)), tzinfo=UTC)
    except ValueError:
        return None
    start = (minute - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400 + minute.hour * 3600 + minute.minute * 60
    east, west = int(match[9] or 0), int(match[10] or 0)
    if int(match[6]) > 60 or east > 23 or west > 59 or abs(start * 10**9) >= FURTHEST_NS:
        return None
    offset = (east * 3600 + west * 60) * (-1 if match[8] == "-" else 1)
    return (start - offset + int(match[6])) * 10**9 + int((match[7] or "").ljust(9, "0")[:9])


def texts(document: Any) -> Iterator[str]:
    """Every text and number of a document, keys too, and those of JSON inside its texts."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        else:
            yield clean_text(str(one))
            if isinstance(one, str) and one[:1] in ("{", "["):
                try:
                    waiting.append(json.loads(one.encode("utf-8", "replace")))
                except (ValueError, RecursionError):
                    continue


def documents(body: bytes) -> list[Any]:
    """The JSON document that `body` is, or those of its lines."""
    try:
        return [json.loads(body)]
    except (ValueError, RecursionError):
        found = []
    for line in re.split(rb"[\r\n\x0b\x0c\x1c-\x1e\x85]", body):
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    return found


def check_batches(raws: list[Raw]) -> None:
    """Every batch is valid and has its table's columns, no null where none may be."""
    for raw in raws:
        assert SCHEMAS[raw.table] == raw.batch.schema
        raw.batch.validate(full=True)
        assert [f.name for f in raw.batch.schema if not f.nullable and raw.batch.column(f.name).null_count] == []


def check_facts(raws: list[Raw], body: bytes, ref: str) -> list[dict[str, Any]]:
    """Facts are well formed, and none has a stamp that does not stand in the document, nor an instant that its stamp does not say."""
    check_batches(raws)
    held = set(texts(documents(body)))
    table = normal_facts(raws)
    rows: list[dict[str, Any]] = table.to_pylist()
    for fact in rows:
        assert fact["kind"] in KINDS or fact["kind"].split(".")[0] in ("state", "context", "unreadable")
        assert fact["ref"].split("#")[0] == fact["record"].split("#")[0] == ref
        assert fact["resolution_ns"] >= 1
        assert fact["attributes"] is None or isinstance(json.loads(fact["attributes"]), dict)
        for stamp, at in (("stamp", "at_ns"), ("until_stamp", "until_ns")):
            assert fact[stamp] is None or fact[stamp] in held, f"the document holds no {fact[stamp]!r}"
            assert fact[at] is None or fact[stamp] is not None
            if fact["layout"] == "rfc3339":
                assert fact[at] == slow_ns(fact[stamp]), fact[stamp]
    assert pa.types.is_int64(table["at_ns"].type)
    return rows
