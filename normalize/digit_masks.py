"""Tokens that hold digits, masked in a whole column at once: what the two patterns below replace, without looking at one line at a time.

A match reaches from the beginning of a run of signs that do not open a value to that run's last digit, and from each digit on to the next sign
that closes a value. Both are runs of bits: an addition carries a digit's bit to the end of its run, so one addition of very long
numbers does it for all lines of a block; the way back to a run's beginning is the same on reversed bits. Where the order of signs could make two
matches stand side by side, the few lines that have it are left to the pattern itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BLOCK_BYTES = 1 << 20
# Stands for a mask while a block is masked: no byte of valid UTF-8.
STAR = b"\xff"
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
DIGIT, INNER, FOLLOWS = 1, 2, 4
WHITE = b"\t\n\f\r "

Bytes = npt.NDArray[np.uint8]
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
    joined = pc.binary_join_element_wise(texts, "", "\n")
    _, bounds, data = joined.buffers()
    ends = np.frombuffer(bounds, np.int32)[joined.offset : joined.offset + len(joined) + 1]
    held = np.frombuffer(data, np.uint8)
    cuts = [int(ends[0])]
    while cuts[-1] < ends[-1]:
        cuts.append(int(ends[min(int(np.searchsorted(ends, cuts[-1] + BLOCK_BYTES)), len(texts))]))
    parts, doubtful = [], []
    for start, end in pairwise(cuts):
        part, places = _block(held[start:end], how)
        parts.append(part)
        if places is not None:
            doubtful.append(np.searchsorted(ends, places + start, "right") - 1)
    masked = pa.concat_arrays(parts)
    held = np.frombuffer(masked.buffers()[1], np.uint8)[: len(masked)]
    newlines = np.flatnonzero(held == ord("\n"))
    if len(newlines) != len(texts):
        return _coded(pc.replace_substring_regex(texts, how.pattern, how.into))
    bounds = pa.py_buffer(np.concatenate([np.zeros(1, np.int32), newlines.astype(np.int32) + 1]))
    coded = pa.BinaryArray.from_buffers(pa.binary(), len(texts), [None, bounds, masked.buffers()[1]]).dictionary_encode()
    codes = _numbers(coded)
    masks = [mask[:-1].replace(STAR, how.into.encode()).decode() for mask in coded.dictionary.to_pylist()]
    return _corrected(texts, how, codes, masks, np.unique(np.concatenate(doubtful))) if doubtful else (codes, masks)


def _block(block: Bytes, how: Kind) -> tuple[pa.UInt8Array, npt.NDArray[np.int64] | None]:
    """Some lines with STAR for each match; and where matches may stand side by side."""
    classes = np.frombuffer(block.tobytes().translate(how.classes), np.uint8)
    digits = np.packbits(classes & DIGIT, bitorder="little").tobytes()
    inner = np.packbits(classes & INNER, bitorder="big").tobytes()
    follows = int.from_bytes(np.packbits(classes & FOLLOWS, bitorder="little").tobytes(), "little")
    digit, digit_back, inner_back = int.from_bytes(digits, "little"), int.from_bytes(digits.translate(REVERSED), "big"), int.from_bytes(inner, "big")
    before_back = ((((digit_back & inner_back) + inner_back) ^ inner_back) | digit_back) & inner_back
    after = ((((digit & follows) + follows) ^ follows) | digit) & follows
    size = len(digits)
    before = int.from_bytes(before_back.to_bytes(size, "big").translate(REVERSED), "little")
    masked = before | after
    again = masked & (masked << 1)
    doubtful = before & again & ~follows
    keep = pa.py_buffer((again ^ ((1 << len(block)) - 1)).to_bytes(size, "little"))
    starred = _flags(masked, size, len(block))
    np.negative(starred, out=starred)
    np.bitwise_or(starred, block, out=starred)
    kept = pa.UInt8Array.from_buffers(pa.uint8(), len(block), [None, pa.py_buffer(starred)]).filter(
        pa.BooleanArray.from_buffers(pa.bool_(), len(block), [None, keep])
    )
    return kept, np.flatnonzero(_flags(doubtful, size, len(block))) if doubtful else None


def _flags(bits: int, size: int, count: int) -> Bytes:
    return np.unpackbits(np.frombuffer(bits.to_bytes(size, "little"), np.uint8), count=count, bitorder="little")


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


def _coded(masked: pa.Array) -> tuple[Codes, list[str]]:
    coded = masked.dictionary_encode()
    return _numbers(coded), coded.dictionary.to_pylist()


def _numbers(coded: pa.Array) -> Codes:
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int32)
