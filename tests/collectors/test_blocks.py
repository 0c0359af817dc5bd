"""A stream in blocks: whole lines, in order, however long they are and wherever reading breaks off."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.blocks import SLACK, Block, ahead, blocks

LINES = st.lists(st.binary(max_size=9) | st.sampled_from([b"\n", b"\xef\xbb\xbf", b"\r\n", b"x" * 50]), max_size=30).map(b"".join)


class Slow(io.BytesIO):
    """Gives a few bytes at a time, and breaks off after `most`."""

    def __init__(self, body: bytes, step: int, most: int = 1 << 30) -> None:
        super().__init__(body)
        self.step, self.most = step, most

    def readinto1(self, buffer: memoryview, /) -> int:
        if self.tell() >= self.most:
            raise EOFError
        return self.readinto(buffer[: min(self.step, self.most - self.tell())])


def taken(block: Block) -> tuple[bytes, bool]:
    assert len(block.data) >= block.size + SLACK
    return block.data[: block.size].tobytes(), block.whole


@settings(deadline=None)
@given(LINES, st.integers(1, 40), st.integers(1, 20))
def test_blocks_are_the_stream(body: bytes, size: int, step: int) -> None:
    """Nothing is lost but a byte order mark at the beginning; every block but the last ends with a line, and says so."""
    found = [taken(block) for block in blocks(Slow(body, step), size, 1 << 20)]

    assert b"".join(text for text, _ in found) == body.removeprefix(b"\xef\xbb\xbf")
    assert all(text for text, _ in found)
    assert all(whole for _, whole in found[:-1])
    assert [whole for _, whole in found] == [text.endswith(b"\n") for text, _ in found]


@settings(deadline=None)
@given(LINES, st.integers(1, 40), st.integers(1, 20))
def test_blocks_know_their_place(body: bytes, size: int, step: int) -> None:
    """It is where in the stream, its byte order mark included, their bytes stand."""
    for block in blocks(Slow(body, step), size, 1 << 20):
        assert body[block.place :][: block.size] == taken(block)[0]


@pytest.mark.parametrize("size", [7, 100, 1000])
def test_an_endless_line_comes_in_parts(size: int) -> None:
    """Each has the length of the longest line, whatever the block's size; the next line begins a block of its own or follows."""
    body = b"first\n" + b"a" * 2500 + b"\nlast\n"
    found = [taken(block) for block in blocks(Slow(body, 33), size, 1000)]

    assert b"".join(text for text, _ in found) == body
    assert [text for text, whole in found if not whole] == [b"a" * 1000] * 2


def test_memory_is_bounded_by_the_longest_line() -> None:
    """However long a line is: the buffers do not grow with it."""

    class Endless(io.RawIOBase):
        left = 5 << 20

        def readinto1(self, buffer: memoryview, /) -> int:
            count = min(len(buffer), self.left)
            buffer[:count] = b"a" * count
            self.left -= count
            return count

    sizes = [len(block.data) for block in blocks(Endless(), 10_000, 100_000)]
    assert len(sizes) > 50
    assert max(sizes) < 130_000


@settings(deadline=None)
@given(LINES, st.integers(1, 20), st.integers(0, 60))
def test_what_was_read_before_a_break_is_given(body: bytes, step: int, most: int) -> None:
    """Then the error comes."""
    found: list[bytes] = []
    with pytest.raises(EOFError):
        for block in blocks(Slow(body + b"x", step, min(most, len(body))), 16, 1000):
            found.append(taken(block)[0])  # noqa: PERF401 - what came before the error counts

    assert b"".join(found) == body[:most].removeprefix(b"\xef\xbb\xbf")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=40).map(lambda numbers: b"".join(b"%d\n" % n for n in numbers)), st.booleans())
def test_reading_ahead_changes_neither_order_nor_bytes(body: bytes, broken: bool) -> None:
    """A block is whole while the next one is read; an error comes after what was read before it."""
    found: list[bytes] = []
    given = blocks(Slow(body, 5, len(body) if broken else 1 << 30), 16, 1000)
    try:
        for block in ahead(given):
            time.sleep(0.0001)
            found.append(taken(block)[0])
    except EOFError:
        assert broken
    else:
        assert not broken

    assert b"".join(found) == body


def test_reading_ahead_that_is_stopped_leaves_no_thread() -> None:
    """Closing ends the one thread; a stream of one block never starts it."""

    def given(count: int) -> Iterator[Block]:
        return blocks(io.BytesIO(b"line\n" * count), 16, 1000)

    before = threading.active_count()
    assert [taken(block) for block in ahead(given(1))] == [(b"line\n", True)]
    assert threading.active_count() == before
    many = ahead(given(100))
    next(many), next(many), next(many)
    assert threading.active_count() == before + 1
    many.close()
    assert threading.active_count() == before
