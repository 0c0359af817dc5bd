"""A stream of bytes in blocks of whole lines, read into buffers that are used again: memory stays bounded however long stream and lines are."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from .compiled import saw

# Bytes that may be looked at beyond a block's end; what they hold means nothing.
SLACK = 64
BOM = b"\xef\xbb\xbf"
# Blocks that are made while one is looked at.
AHEAD = 1
# Most files are small: a first block for which little memory is made ready.
FIRST = 1 << 18
BROKEN = (EOFError, OSError, zlib.error)

Made = TypeVar("Made")


class Source(Protocol):
    """What is read from."""

    def readinto1(self, buffer: memoryview, /) -> int:
        """Read at most what there is room for, and less rather than wait; 0 at the end."""


@dataclass(frozen=True)
class Block:
    """Some lines: the first `size` bytes of `data`, which goes on for SLACK bytes. `whole` is False where the last line lacks its end.

    `place` is where in all that was read it begins.
    """

    data: npt.NDArray[np.uint8]
    size: int
    whole: bool
    place: int = 0


def blocks(file: Source, size: int, longest: int) -> Iterator[Block]:
    """The lines of `file` in blocks of about `size` bytes, the first ones smaller; a byte order mark at its beginning is left out.

    A line of more than `longest` bytes comes in parts, each a block that is not whole. A block is valid while the AHEAD that follow it are made,
    and no longer. Where reading raises one of BROKEN, what had been read is given first.
    """
    ring = deque(bytearray() for _ in range(AHEAD + 1))
    rest, place, error = _begin(file)
    step = min(size, FIRST)
    while True:
        ring.rotate()
        filled, cut = len(rest), 0
        _room(ring, filled, 0)[:filled] = rest
        ended = False
        while not ended and not cut and filled < longest:
            until = min(filled + step, longest)
            filled, error = (filled, error) if error else _fill(file, _room(ring, until, filled), filled, until)
            ended = filled < until
            cut = filled if ended else ring[0].rfind(b"\n", 0, filled) + 1
        cut = cut or filled
        if cut:
            saw(cut)
            yield Block(np.frombuffer(ring[0], np.uint8), cut, ring[0][cut - 1] == ord("\n"), place)
            place += cut
        if error:
            raise error
        if ended:
            return
        rest = bytes(memoryview(ring[0])[cut:filled])
        step = min(2 * step, size)


def ahead(given: Iterator[Made]) -> Iterator[Made]:
    """The same, each got ready in a thread while the one before is looked at; a stream of one starts no thread. What `given` raises comes in its turn.

    One thread and no more: numpy on two blocks side by side takes both cores and gains nothing, while reading and unpacking leave the interpreter alone.
    """
    first = next(given, None)
    if first is None:
        return
    yield first
    one = next(given, None)
    if one is None:
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        while one is not None:
            following = pool.submit(next, given, None)
            yield one
            one = following.result()


def _begin(file: Source) -> tuple[bytes, int, Exception | None]:
    """The first three bytes unless they are a byte order mark, and where they begin."""
    head = bytearray(len(BOM))
    filled, error = _fill(file, head, 0, len(head))
    rest = bytes(head[:filled]).removeprefix(BOM)
    return rest, filled - len(rest), error


def _room(ring: deque[bytearray], size: int, filled: int) -> bytearray:
    """The first buffer of the ring, with its first `filled` bytes in a longer one where `size` bytes and the slack do not fit."""
    if len(ring[0]) < size + SLACK:
        longer = bytearray(size + size // 8 + SLACK)
        longer[:filled] = memoryview(ring[0])[:filled]
        ring[0] = longer
    return ring[0]


def _fill(file: Source, buffer: bytearray, filled: int, until: int) -> tuple[int, Exception | None]:
    """Read up to `until` or the end; how far it came, and what stopped it."""
    view = memoryview(buffer)
    try:
        while filled < until and (count := file.readinto1(view[filled:until])):
            filled += count
    except BROKEN as error:
        return filled, error
    return filled, None
