"""Which lines of JSON have one of some keys, found in all lines at once by the bytes that such a key begins with.

A quote, and after it a letter that a key begins with, or one that does not count in keys, or what an escape or a colour begins with: that is
looked for in passes over all bytes; the few places that are left are followed byte by byte to the end of the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

from ..collectors.compiled import Compiled
from .automata_lines import Lines
from .words import Places, set_places

PIECE = 1 << 18
REACH = 64
QUOTE, ESCAPE, NUMBER_SIGN, BACKSLASH = b'"\x1b#\\'
ASIDE, FOLLOWS = b"_.- ", b": \t\r\n\x1b#\\"
LETTER, BESIDE, OTHERWISE = 1, 2, 3
ESCAPED = np.isin(np.arange(256), [*b"x0u"])
ENDS_KEY = np.isin(np.arange(256), [*FOLLOWS])
# Bits that capitals, `@`, `_` and a backslash share, and others; those of small letters.
THREE_BITS, CAPITALS, SMALL = 0xE0, 0x40, 0x60
FEW = 4
Packed = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64]]
KERNELS = Compiled(__package__, "stamp_json_keys_compiled")


@dataclass(frozen=True)
class Keys:
    """Small letters that the keys begin with, what each byte means by its distance from the quote, and the keys by their lengths, folded."""

    begin: bytes
    kinds: tuple[npt.NDArray[np.uint8], ...]
    texts: dict[int, list[npt.NDArray[np.uint8]]]


@lru_cache(maxsize=64)
def keys_of(names: tuple[str, ...]) -> Keys:
    """These names, which are in small letters and without what does not count."""
    texts: dict[int, list[npt.NDArray[np.uint8]]] = {}
    for name in names:
        texts.setdefault(len(name), []).append(np.frombuffer(name.encode(), np.uint8) | np.uint8(0x20))
    kinds = []
    for distance in range(1, max(texts) + 1):
        kind = np.zeros(256, np.uint8)
        letters = {letter for name in names for letter in name[:distance]}
        kind[[ord(one) for letter in letters for one in (letter, letter.upper())]] = LETTER
        kind[[*ASIDE]] = BESIDE
        kind[[ESCAPE, NUMBER_SIGN, BACKSLASH]] = OTHERWISE
        kinds.append(kind)
    return Keys(bytes(sorted({ord(name[0]) for name in names if name[0].isalpha()})), tuple(kinds), texts)


def with_key(lines: Lines, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which lines may have one of the keys: all that have one, and those where escapes or colours stand in a key."""
    if compiled := KERNELS.module():
        return _by_lines(compiled, lines, names)
    keys = keys_of(names)
    first, last = int(lines.starts[0]), int(lines.ends[-1])
    last = min(last, len(lines.data) - 1)
    scratch = Scratch()
    begun = [one for begin in range(first, last, PIECE) for one in _begun(lines.data, begin, min(begin + PIECE, last), keys, scratch)]
    found = np.zeros(len(lines.starts) + 1, bool)
    if begun:
        hits = _followed(lines.data, np.concatenate(begun), keys)
        found[np.searchsorted(lines.starts, hits, "right") - 1] = True
    return found[:-1]


def _by_lines(compiled: ModuleType, lines: Lines, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(lines.starts), bool)
    for data, shift, first, last in lines.parts(np.arange(len(found))):
        compiled.with_key(data, shift, first, last, lines.starts, lines.ends, packed_keys(names), found)
    return found


@lru_cache(maxsize=64)
def packed_keys(names: tuple[str, ...]) -> Packed:
    """Masks and values of what may follow the quote of one of the keys, what bytes mean as in Keys, and the texts, with their bounds."""
    keys = keys_of(names)
    letters = [(0xFF, letter) for letter in keys.begin] if len(keys.begin) <= FEW else [(THREE_BITS, SMALL)]
    pairs = [(THREE_BITS, 0), (0xFC, ord(" ")), (0xFF, ord("-")), (0xFF, ord(".")), (THREE_BITS, CAPITALS), *letters]
    texts = [text for some in keys.texts.values() for text in some]
    bounds = np.cumsum([0, *map(len, texts)])
    return np.array(pairs, np.uint8).reshape(-1), np.concatenate(keys.kinds), np.concatenate(texts), bounds.astype(np.int64)


class Scratch:
    """Room for what is found of a piece's bytes, used again for the next piece."""

    def __init__(self) -> None:
        self.found, self.some, self.bits, self.eights = (
            np.empty(size, kind) for size, kind in ((PIECE, bool), (PIECE, bool), (PIECE, np.uint8), (PIECE // 8, bool))
        )


def _begun(data: npt.NDArray[np.uint8], begin: int, end: int, keys: Keys, scratch: Scratch) -> list[Places]:
    """Where quotes stand that a key may begin with, and some others."""
    size = end - begin
    after, found, some, bits = data[begin + 1 : end + 1], scratch.found[:size], scratch.some[:size], scratch.bits[:size]
    np.less_equal(after, NUMBER_SIGN, out=found)
    np.bitwise_and(after, THREE_BITS, out=bits)
    ranges, letters = ((CAPITALS, SMALL), b"-.") if len(keys.begin) > FEW else ((CAPITALS,), keys.begin + b"-.")
    for column, values in ((bits, ranges), (after, letters)):
        for value in values:
            np.equal(column, value, out=some)
            np.bitwise_or(found, some, out=found)
    np.equal(data[begin:end], QUOTE, out=some)
    np.bitwise_and(found, some, out=found)
    return [one + begin for one in set_places(scratch.found, size, scratch.eights)]


def _followed(data: npt.NDArray[np.uint8], at: Places, keys: Keys) -> Places:
    """The quotes that begin a key, or may do so."""
    hits, last = [], len(data) - 1
    plain = np.ones(len(at), bool)
    for distance in range(1, REACH + 1):
        if not len(at):
            break
        byte = data[np.minimum(at + distance, last)]
        closing = byte == QUOTE
        if distance > 1 and closing.any():
            hits.append(_closed(data, at[closing], distance - 1, plain[closing], keys))
        kind = keys.kinds[min(distance, len(keys.kinds)) - 1][byte]
        if kind.max() == OTHERWISE:
            odd = kind == OTHERWISE
            hits.append(at[odd & ((byte != BACKSLASH) | ESCAPED[data[np.minimum(at + distance + 1, last)]])])
            kind[odd] = 0
        on = np.flatnonzero(kind)
        at, plain = at[on], plain[on] & (kind[on] == LETTER)
    return np.concatenate([*hits, at])


def _closed(data: npt.NDArray[np.uint8], at: Places, length: int, plain: npt.NDArray[np.bool_], keys: Keys) -> Places:
    """Of quoted texts of one length those that are keys; where not all is letters it is not asked which."""
    after = ENDS_KEY[data[np.minimum(at + length + 2, len(data) - 1)]]
    same = ~plain
    if plain.any():
        text = data[at[:, None] + np.arange(1, length + 1)] | 0x20
        for key in keys.texts.get(length, ()):
            same |= (text == key).all(axis=1)
    return at[after & same]
