"""What is done to a good input to make a bad one: cut, doubled, flipped, swapped, and pieces that decoders trip over put in."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("cut", "cut end", "double", "flip", "swap", "put", "replace", "nest", "number", "lines")
PIECES = (
    *(b"", b"\0", b"\n", b"\r\n", b"\r", b"\t", b" ", b"\x0b", b"\x1b[31m", b"\x85", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\xd9\xa2"),
    *(b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"(", b")", b",", b":", b"|", b"`", b"<b>", b"&", b"%", b"=", b"_", b"/", b"~", b"#", b"\xc2\xb2", b"-" * 60),
    *(b"null", b"true", b"NaN", b"Infinity", b"-Infinity", b"-", b"--1", b"0", b"-0", b"00", b"1e400", b"1e-400", b"1_000", b"9223372036854775807"),
    *(b"9223372036854775808", b"1" * 400, b"1" * 5000, b"0." + b"9" * 60, b"\\ud800", b"\\u0000", b'"a":1,"a":2,', b"../../x", b"A" * 300),
    *(b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:60Z", b"2026-02-30T24:00:00Z", b"2026-11-21T01:20:00+23:59", b"1677-09-21T00:12:43Z"),
    *(b"2262-04-11T23:47:16Z", b" PM ", b".125", b" +0200", b" CET ", b"am"),
)


@dataclass(frozen=True)
class Change:
    """One change: `at` and `size` are shares of the input, 0 to 1; `piece` is what is put in."""

    kind: str
    at: float
    size: float
    piece: bytes = b""


def changed(data: bytes, changes: Iterable[Change], most: int = 1 << 16) -> bytes:
    """`data` with the changes made one after the other, at most `most` bytes."""
    for change in changes:
        data = _one(data, change)[:most]
    return data


def _one(data: bytes, change: Change) -> bytes:
    start = round(change.at * len(data))
    end = min(len(data), start + round(change.size**4 * len(data)) + 1)
    head, part, tail = data[:start], data[start:end], data[end:]
    if change.kind == "flip":
        return head + bytes(b ^ (1 << round(change.size * 7)) for b in part[:1]) + data[start + 1 :]
    made = {
        "cut": tail,
        "cut end": b"",
        "double": part * 2 + tail,
        "swap": tail[: len(part)] + part + tail[len(part) :],
        "put": change.piece + part + tail,
        "replace": change.piece + tail,
        "nest": change.piece * round(change.size**4 * 30_000) + part + tail,
    }
    if change.kind in made:
        return head + made[change.kind]
    return _number(data, start, change.piece) if change.kind == "number" else _lines(data, start, end)


def _number(data: bytes, start: int, piece: bytes) -> bytes:
    """The next run of digits becomes `piece`."""
    first = next((i for i in range(start, len(data)) if data[i : i + 1].isdigit()), len(data))
    last = next((i for i in range(first, len(data)) if not data[i : i + 1].isdigit()), len(data))
    return data[:first] + piece + data[last:]


def _lines(data: bytes, start: int, end: int) -> bytes:
    """The lines that lie there stand in the opposite order."""
    first, last = data.rfind(b"\n", 0, start) + 1, (data.find(b"\n", end) + 1) or len(data)
    return data[:first] + b"".join(data[first:last].splitlines(keepends=True)[::-1]) + data[last:]


def any_change(chance: random.Random) -> Change:
    """A change of any kind."""
    return Change(chance.choice(KINDS), chance.random(), chance.random(), chance.choice(PIECES))
