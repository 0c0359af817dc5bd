"""Shapes of JSON lines: the same bytes up to the value of the time key, a stamp in it, and no key further on that would go before it.

What `stamp_json_columns` asks of a record is asked of the one that the shape is made of; lines that begin with the same bytes share it.
"""

from __future__ import annotations

import re

from .automata import END_OF_LINE
from .automata_lines import COLOUR_BYTES
from .automata_tables import DEAD
from .epochs import unit_ns
from .keyed import KEYS, PLAIN, RANK, UNIT_OF_KEY
from .stamp_json_columns import GAP, MEMBER, NUMBER, spelled
from .stamp_shapes import Prover, Shape, masks_of, shape_of

LONGEST = 160
COUNT = re.compile(rb"([0-9]{9,19})(?:\.([0-9]{1,9}))?")


def json_shape_of(prover: Prover, record: bytes, said: str) -> Shape | None:
    """The shape of a record whose reading was called `said`, "json KEY: LAYOUT"; None where it has none that could be proven."""
    key, _, name = said.removeprefix("json ").rpartition(": ")
    rank = RANK.get(key.lower().translate(PLAIN))
    if rank is None or not key.isascii() or any(mark in key for mark in '"\\') or KEYS[rank] in UNIT_OF_KEY:
        return None
    pattern = rf'^\{{(?:{MEMBER})*?{GAP}"{re.escape(key)}"{GAP}:{GAP}(?:"(?P<text>[^"\\\x00-\x1f]+)"|(?P<number>{NUMBER}))[,}}]'
    match = re.match(pattern.encode(), record)
    if match is None or match.end() > LONGEST or any(b in record[: match.end()] for b in COLOUR_BYTES):
        return None
    group = "text" if match["text"] else "number"
    start, end = match.span(group)
    if len(re.findall(spelled(KEYS[rank]).encode(), record[:start])) != 1:
        return None
    rest = KEYS[:rank]
    if name == "epoch":
        return _count(record, start, end, said, rest)
    return _text(prover, record, (start, end), said, rest) if group == "text" else None


def _count(record: bytes, start: int, end: int, said: str, rest: tuple[str, ...]) -> Shape | None:
    match = COUNT.fullmatch(record[start:end])
    if match is None or unit_ns(int(match[1])) is None:
        return None
    spans = {"epoch": (start, start + len(match[1]))}
    if match[2]:
        spans["fraction"] = (end - len(match[2]), end)
    return Shape(None, said, -1, -1, -1, spans, "", end + 1, False, masks_of(record[: end + 1], spans, []), 0, None, DEAD, rest)


def _text(prover: Prover, record: bytes, value: tuple[int, int], said: str, rest: tuple[str, ...]) -> Shape | None:
    start, end = value
    name = said.rpartition(": ")[2]
    place = next((i for i, layout in enumerate(prover.table) if layout.name == name), None)
    inner = None if place is None else shape_of(prover, place, record[start:end])
    if inner is None or inner.sides is not None or "name" in inner.spans:
        return None
    if not (inner.end == end - start and prover.walker.step(inner.tail, 1 << END_OF_LINE) == DEAD):
        return None
    spans = {name: (s + start, e + start) for name, (s, e) in inner.spans.items()}
    return Shape(inner.layout, said, -1, -1, -1, spans, inner.zone, end + 1, False, masks_of(record[: end + 1], spans, []), 0, None, DEAD, rest)
