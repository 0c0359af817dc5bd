"""The API's own stamps, compared to decide what to fetch. What is in the window is decided elsewhere."""

from __future__ import annotations

import re
from datetime import datetime

STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
LONGEST = 36


def second(text: bytes) -> int | None:
    """Whole second since 1970-01-01T00:00:00Z of the RFC 3339 stamp that `text` begins with; None where it begins with none."""
    found = STAMP.match(text[:LONGEST])
    if not found:
        return None
    try:
        return int(datetime.fromisoformat((found[1] + found[2]).decode()).timestamp() // 1)
    except ValueError:
        return None


def stamped(line: bytes) -> bytes | None:
    """The stamp that a log line begins with (followed by a space), as received; None where there is none."""
    found = STAMP.match(line[:LONGEST])
    return found[0] if found and line[found.end() : found.end() + 1] in (b" ", b"\n", b"") else None


def instant(text: object) -> int | None:
    """`second` of a value out of JSON."""
    return second(text.encode("utf-8", "replace")) if isinstance(text, str) else None
