"""Tokens that hold digits, masked in a whole column at once: what the two patterns below replace, without looking at one line at a time.

A match reaches from the beginning of a run of signs that do not open a value to that run's last digit, and from each digit on to the next sign
that closes a value. Both are runs of bits: an addition carries a digit's bit to the end of its run, 64 signs at once and from word to word; the way
back to a run's beginning is the same on reversed bits. Where the order of signs could make two matches stand side by side, the few lines that
have it are left to the pattern itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.compiled import Compiled
from ..collectors.words import newlines

# What is made of a block stays in the cache, and is small enough for the allocator to keep it at hand.
BLOCK_BYTES = 1 << 18
# So few lines are left to the pattern: it takes less time than to make ready what follows.
FEW = 32
# Stands for a mask while a block is masked: no byte of valid UTF-8.
STAR = b"\xff"
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
DIGIT, INNER, FOLLOWS = 1, 2, 4
# Bits in words, a line's first byte lowest, or highest where runs are walked back.
WORD, FORTH, BACK = 64, np.dtype("<u8"), np.dtype(">u8")
# Bytes that the kernel may look at beyond a line's end.
SLACK = 80
KERNELS = Compiled(__package__, "masks_compiled")
WHITE = b"\t\n\f\r "

Bytes = npt.NDArray[np.uint8]
# Of np.uint64, which numpy's types lose at every shift by a plain number.
Words = npt.NDArray[Any]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Kind:
    """How one kind of text is masked: the pattern, what is put in its place, and the class of every byte."""

    pattern: str
    into: str
    classes: bytes


def kind(openers: bytes, closers: bytes, into: str) -> Kind:
    """Values begin behind one of `openers` and end before one of `closers`; white space is both."""
    classes = bytearray(256)
    for byte in range(256):
        classes[byte] = DIGIT * (byte in b"0123456789") | INNER * (byte not in WHITE + openers) | FOLLOWS * (byte not in WHITE + closers)
    return Kind(rf"[^\s{_escaped(openers)}]*[0-9][^\s{_escaped(closers)}]*", into, bytes(classes))


def _escaped(signs: bytes) -> str:
    return "".join(f"\\{sign}" for sign in signs.decode())


PLAIN = kind(b'=:."([{<', b'")]}', "*")
JSON = kind(b'",{}[]:=.', b'",}]', "0")


def digits_masked(texts: pa.Array, how: Kind) -> tuple[Codes, list[str]]:
    """The mask of every line: numbers into the distinct masks, in order of first appearance. `texts`: a string array without nulls."""
    if not len(texts):
        return np.empty(0, np.int32), []
    if compiled := KERNELS.module():
        return _walked(compiled, texts, how)
    if len(texts) < FEW:
        return _coded(pc.replace_substring_regex(texts, how.pattern, how.into))
    joined = pc.binary_join_element_wise(texts, "", "\n")
    _, bounds, data = joined.buffers()
    ends = np.frombuffer(bounds, np.int32)[joined.offset : joined.offset + len(joined) + 1]
    held = np.frombuffer(data, np.uint8)
    cuts = [int(ends[0])]
    while cuts[-1] < ends[-1]:
        cuts.append(int(ends[min(int(np.searchsorted(ends, cuts[-1] + BLOCK_BYTES)), len(texts))]))
    parts, doubtful = [], []
    room = _room(max((end - start for start, end in pairwise(cuts)), default=0))
    for start, end in pairwise(cuts):
        part, places = _block(held[start:end], how, room)
        parts.append(part)
        if places is not None:
            doubtful.append(np.searchsorted(ends, places + start, "right") - 1)
    masked = pa.concat_arrays(parts)
    held = np.frombuffer(masked.buffers()[1], np.uint8)[: len(masked)]
    found = newlines(held)
    if len(found) != len(texts):
        return _coded(pc.replace_substring_regex(texts, how.pattern, how.into))
    bounds = pa.py_buffer(np.concatenate([np.zeros(1, np.int32), found.astype(np.int32) + 1]))
    coded = pa.BinaryArray.from_buffers(pa.binary(), len(texts), [None, bounds, masked.buffers()[1]]).dictionary_encode()
    codes, masks = _shown(_numbers(coded), [mask[:-1] for mask in coded.dictionary.to_pylist()], how)
    return _corrected(texts, how, codes, masks, np.unique(np.concatenate(doubtful))) if doubtful else (codes, masks)


def _walked(kernels: Any, texts: pa.Array, how: Kind) -> tuple[Codes, list[str]]:
    """As `digits_masked`. The last lines, beyond whose end the kernel would look, are given to it with some room behind them."""
    _, bounds, data = texts.buffers()
    ends = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    size, longest = int(ends[-1] - ends[0]), int(np.diff(ends).max())
    codes, doubtful = np.empty(len(texts), np.int32), np.empty(len(texts), bool)
    out, stops = np.empty(size + SLACK, np.uint8), np.zeros(len(texts) + 1, np.int64)
    known = out, stops, np.full(2 << len(texts).bit_length(), -1, np.int32), np.empty(3 * (longest // WORD + 1), np.uint64)
    classes, count, cut = np.frombuffer(how.classes, np.uint8), 0, int(np.searchsorted(ends[1:], len(held) - SLACK, "right"))
    if cut:
        count = kernels.masked(held, ends[: cut + 1], classes, (codes[:cut], doubtful[:cut]), known, count)
    if cut < len(texts):
        rest = np.append(held[ends[cut] : ends[-1]], np.zeros(SLACK, np.uint8))
        count = kernels.masked(rest, ends[cut:] - ends[cut], classes, (codes[cut:], doubtful[cut:]), known, count)
    masks = [out[begin:end].tobytes() for begin, end in pairwise(stops[: count + 1].tolist())]
    codes, shown = _shown(codes, masks, how)
    return _corrected(texts, how, codes, shown, np.flatnonzero(doubtful)) if doubtful.any() else (codes, shown)


def _shown(codes: Codes, masks: list[bytes], how: Kind) -> tuple[Codes, list[str]]:
    """Masks as text; those of which STAR alone told one from the other are one."""
    shown = [mask.replace(STAR, how.into.encode()).decode() for mask in masks]
    return _distinct(codes, shown) if len(set(shown)) < len(shown) else (codes, shown)


@dataclass(frozen=True)
class Room:
    """Memory that is used again for block after block: to ask the system for it takes longer than to work in it."""

    text: bytearray
    flags: Bytes


def _room(size: int) -> Room:
    return Room(bytearray(size + WORD), np.empty(size + WORD, np.uint8))


def _block(block: Bytes, how: Kind, room: Room) -> tuple[pa.UInt8Array, npt.NDArray[np.int64] | None]:
    """Some lines with STAR for each match; and where matches may stand side by side."""
    size = len(block) + -len(block) % WORD
    room.text[: len(block)] = block.data
    room.text[len(block) : size] = b"\n" * (size - len(block))
    classes = np.frombuffer((room.text if 2 * size > len(room.text) else room.text[:size]).translate(how.classes), np.uint8)[:size]
    flags = room.flags[:size]
    np.bitwise_and(classes, INNER, out=flags)
    inner = np.packbits(flags, bitorder="big").view(BACK).astype(np.uint64)
    np.bitwise_and(classes, FOLLOWS, out=flags)
    follows = np.packbits(flags, bitorder="little").view(FORTH)
    np.bitwise_and(classes, DIGIT, out=flags)
    back = _reached(np.packbits(flags, bitorder="big").view(BACK).astype(np.uint64), inner, -1)
    before = np.frombuffer(back.astype(BACK).tobytes().translate(REVERSED), FORTH)
    masked = before | _reached(np.packbits(flags, bitorder="little").view(FORTH), follows, 1)
    again = masked << 1
    again[1:] |= masked[:-1] >> 63
    again &= masked
    doubtful = before & again & ~follows
    starred = _flags(masked, len(block))
    np.negative(starred, out=starred)
    np.bitwise_or(starred, block, out=starred)
    kept = pa.UInt8Array.from_buffers(pa.uint8(), len(block), [None, pa.py_buffer(starred)]).filter(
        pa.BooleanArray.from_buffers(pa.bool_(), len(block), [None, pa.py_buffer(~again)])
    )
    return kept, np.flatnonzero(_flags(doubtful, len(block))) if doubtful.any() else None


def _reached(digits: Words, runs: Words, step: int) -> Words:
    """The bits of each run from its first digit on; a run goes on in the word `step` further."""
    total: Words = (digits & runs) + runs
    carried = np.flatnonzero(total < runs) + step
    while True:
        carried = carried[(carried >= 0) & (carried < len(total))]
        if not len(carried):
            break
        total[carried] += 1
        carried = carried[total[carried] == 0] + step
    total ^= runs
    total |= digits
    total &= runs
    return total


def _flags(bits: Words, count: int) -> Bytes:
    return np.unpackbits(bits.view(np.uint8), count=count, bitorder="little")


def _corrected(texts: pa.Array, how: Kind, codes: Codes, masks: list[str], rows: npt.NDArray[np.int64]) -> tuple[Codes, list[str]]:
    """`codes` and `masks` with the mask of `rows` as the pattern itself makes it."""
    others, found = _coded(pc.replace_substring_regex(texts.take(pa.array(rows)), how.pattern, how.into))
    known = {mask: number for number, mask in enumerate(masks)}
    codes = codes.copy()
    codes[rows] = np.array([known.setdefault(mask, len(known)) for mask in found], np.int32)[others]
    return in_order(codes, list(known))


def in_order(codes: Codes, masks: list[str]) -> tuple[Codes, list[str]]:
    """`codes` renumbered in order of first appearance, and the masks in it that are used."""
    used, first = np.unique(codes, return_index=True)
    used = used[np.argsort(first)]
    places = np.zeros(len(masks), np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    return places[codes], [masks[number] for number in used.tolist()]


def _distinct(codes: Codes, masks: list[str]) -> tuple[Codes, list[str]]:
    """The same where what stood in a line already is no other than a mask."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(mask, len(known)) for mask in masks], np.int32)[codes], list(known)


def _coded(masked: pa.Array) -> tuple[Codes, list[str]]:
    coded = masked.dictionary_encode()
    return _numbers(coded), coded.dictionary.to_pylist()


def _numbers(coded: pa.Array) -> Codes:
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int32)
