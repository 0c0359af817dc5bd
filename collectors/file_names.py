"""Any text as the name of one file."""

from __future__ import annotations

import hashlib
import re

UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
LONGEST_NAME = 120


def safe_name(text: str) -> str:
    """`text` as one file name that can neither leave its folder nor clash with a different text."""
    name = UNSAFE.sub(lambda m: "".join(f"%{b:02X}" for b in m[0].encode("utf-8", "surrogatepass")), text)
    if not name.strip("."):
        name = name.replace(".", "%2E") or "%"
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 17]}~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return name
