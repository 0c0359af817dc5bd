"""Which layouts of the table any of some lines could fit, told by RE2 from how the patterns begin.

A line that a pattern fits also fits the pattern's beginning, and few beginnings are distinct; so most layouts are ruled out without
their pattern ever being compiled.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .layout import Layout

LONGEST = 180
MOST_LINES = 16_384
TOKEN = re.compile(r"\\x[0-9a-fA-F]{2}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
NAME = re.compile(r"\?P<[a-z0-9_]+>")
QUANTIFIERS = frozenset("?*+{")


def fitting(table: tuple[Layout, ...], lines: pa.Array) -> tuple[Layout, ...]:
    """The layouts, in their order, without those that certainly fit none of `lines` (binary); of many lines all of them."""
    if len(lines) > MOST_LINES:
        return table
    begun = {opening: _any(lines, opening) for opening in dict.fromkeys(opening_of(layout.pattern) for layout in table)}
    return tuple(layout for layout in table if begun[opening_of(layout.pattern)] and _any(lines, layout.pattern))


def _any(lines: pa.Array, pattern: str) -> bool:
    return bool(np.asarray(pc.match_substring_regex(lines, pattern).to_numpy(zero_copy_only=False), bool).any())


@lru_cache(maxsize=512)
def opening_of(pattern: str) -> str:
    """A pattern's first parts, whole and without names, as far as they are short; only `^` where alternatives stand side by side."""
    depth, end, plain = 0, 1, NAME.sub("?:", pattern)
    last = max(LONGEST, plain.rfind("|"))
    for match in TOKEN.finditer(plain):
        part, start = match[0], match.start()
        if start > last:
            break
        if depth == 0 and part == "|":
            return "^"
        if depth == 0 and part[0] not in QUANTIFIERS and start <= LONGEST:
            end = max(end, start)
        depth += {"(": 1, ")": -1, "{": 1, "}": -1}.get(part, 0)
    return plain[:end]
