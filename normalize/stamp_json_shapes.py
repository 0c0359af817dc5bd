"""Shapes of JSON lines: the same bytes up to the value of the time key, a stamp in it, and no key further on that would go before it.

What `stamp_json_columns` asks of a record is asked of the one that the shape is made of; lines that begin with the same bytes share it.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .automata import END_OF_LINE
from .automata_walk import COLOUR_BYTES, DEAD, Lines
from .epochs import unit_ns
from .keyed import KEYS, PLAIN, RANK, UNIT_OF_KEY
from .stamp_json_columns import GAP, MEMBER, NUMBER, spelled
from .stamp_shapes import Endings, Prover, Shape, masks_of, shape_of
from .words import Places, places_of

LONGEST = 160
PIECE = 1 << 19
SHARED, LONGEST_COLOUR = 3, 24
BRACKET = ord("[")
BLANKS, ASIDE = " \t\r\n", "_.- \t\r\n"
COLON, QUOTE = ord(":"), ord('"')
LETTER, IN_COLOUR = (np.isin(np.arange(256), np.frombuffer(text, np.uint8)) for text in (string.ascii_letters.encode(), b"0123456789;"))
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
    rest = better(rank)
    if name == "epoch":
        return _count(record, start, end, said, rest)
    return _text(prover, record, (start, end), said, rest) if group == "text" else None


def _count(record: bytes, start: int, end: int, said: str, rest: tuple[Endings, ...]) -> Shape | None:
    match = COUNT.fullmatch(record[start:end])
    if match is None or unit_ns(int(match[1])) is None:
        return None
    spans = {"epoch": (start, start + len(match[1]))}
    if match[2]:
        spans["fraction"] = (end - len(match[2]), end)
    return Shape(None, said, -1, -1, -1, spans, "", end + 1, False, masks_of(record[: end + 1], spans, []), 0, None, DEAD, rest)


def _text(prover: Prover, record: bytes, value: tuple[int, int], said: str, rest: tuple[Endings, ...]) -> Shape | None:
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


@lru_cache(maxsize=len(KEYS))
def better(rank: int) -> tuple[Endings, ...]:
    """How keys end that go before the one of this rank, however they are spelled: kinds of bytes by their distance from the colon.

    The first of the tuple is true of all of them, the others each of the keys of one length.
    """
    keys = KEYS[:rank]
    lengths = sorted({len(key) for key in keys})
    groups = [_endings([key for key in keys if len(key) == length], length + 2) for length in lengths]
    return (_endings(list(keys), SHARED), *groups) if rank else ()


def _endings(keys: list[str], reach: int) -> Endings:
    found = []
    for distance in range(1, reach + 1):
        letters = {key[::-1][i] for key in keys for i in range(min(distance - 1, len(key)))}
        kinds = np.zeros(256, bool)
        kinds[[ord(one) for letter in letters | {'"', *(ASIDE if distance > 1 else BLANKS)} for one in (letter.lower(), letter.upper())]] = True
        found.append(kinds)
    return tuple(found)


def with_key(lines: Lines, endings: tuple[Endings, ...]) -> npt.NDArray[np.bool_]:
    """Which lines may have one of these keys: something before a colon ends like it, or like a colour that stands in it."""
    first, last = int(lines.starts[0]), int(lines.ends[-1])
    hits: list[Places] = []
    for begin in range(first, last, PIECE):
        at = places_of(lines.data[begin : min(begin + PIECE, last)], COLON) + begin
        quoted = lines.data[at - 1] == QUOTE
        others = _ending(lines.data, at[~quoted], endings[0], hits)
        at = np.concatenate([others, _ending(lines.data, at[quoted], endings[0], hits, 2)])
        for group in endings[1:]:
            hits.append(_ending(lines.data, at, group, hits))
    found = np.zeros(len(lines.starts) + 1, bool)
    if hits:
        found[np.searchsorted(lines.starts, np.concatenate(hits), "right") - 1] = True
    return found[:-1]


def _ending(data: npt.NDArray[np.uint8], at: Places, endings: Endings, coloured: list[Places], begin: int = 1) -> Places:
    for distance, kinds in enumerate(endings[begin - 1 :], begin):
        if not len(at):
            break
        byte = data[at - distance]
        letters = np.flatnonzero(LETTER[byte])
        ends = letters[_colour_ends(data, at[letters] - distance)]
        fits = kinds[byte]
        if len(ends):
            coloured.append(at[ends])
            fits[ends] = False
        at = at[fits]
    return at


def _colour_ends(data: npt.NDArray[np.uint8], at: Places) -> npt.NDArray[np.bool_]:
    """Whether a colour may end with the letters `at`: a bracket, then nothing but digits and semicolons before each."""
    found = np.zeros(len(at), bool)
    going = np.arange(len(at))
    for distance in range(1, LONGEST_COLOUR):
        byte = data[at[going] - distance]
        found[going[byte == BRACKET]] = True
        going = going[IN_COLOUR[byte]]
        if not len(going):
            break
    found[going] = True
    return found
