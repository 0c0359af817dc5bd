"""Bodies are taken as they arrive: in chunks of any size, in pieces of any size, whole lines where there are any."""

from __future__ import annotations

import gzip
import http.client
import io
from collections.abc import Iterable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.kubernetes import bodies as module
from retroline.collectors.kubernetes.bodies import Body, Chunked, Plain, body_of
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ProtocolError

CHUNKED = {"Transfer-Encoding": "chunked"}
LINES = b"".join(b"2026-11-21T12:00:%02d.000000000Z line %d\n" % (i % 60, i) for i in range(20_000))


class Wire(io.RawIOBase):
    """A connection that gives these pieces, one by each read, and then ends or raises."""

    def __init__(self, pieces: Iterable[bytes], error: OSError | None = None) -> None:
        self.pieces, self.error = [piece for piece in pieces if piece], error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.pieces:
            if self.error:
                raise self.error
            return 0
        given, rest = self.pieces[0][: len(buffer)], self.pieces[0][len(buffer) :]
        self.pieces[:1] = [rest] if rest else []
        buffer[: len(given)] = given
        return len(given)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self, 8192)


def response(pieces: Iterable[bytes], headers: dict[str, str], error: OSError | None = None, *, ahead: bool = False) -> HTTPResponse:
    """The library's response whose body these pieces are; `ahead`: the first arrives together with the head."""
    head = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    first, *others = [*pieces, b""]
    arriving = [head.encode() + first, *others] if ahead else [head.encode(), first, *others]
    low = http.client.HTTPResponse(cast("Any", Wire(arriving, error)), method="GET")
    low.begin()
    return HTTPResponse(body=cast("Any", low), headers=headers, preload_content=False, original_response=low)


def chunked(body: bytes, sizes: Sequence[int], extension: bytes = b"") -> bytes:
    """`body` in chunks of these sizes, over and over."""
    wire, start, number = b"", 0, 0
    while start < len(body):
        part = body[start : start + sizes[number % len(sizes)]]
        wire += b"%x%s\r\n%s\r\n" % (len(part), extension, part)
        start, number = start + len(part), number + 1
    return wire + b"0\r\n\r\n"


def pieces(wire: bytes, size: int) -> list[bytes]:
    return [wire[start : start + size] for start in range(0, len(wire), size)]


def taken(body: Body) -> list[bytes]:
    """As whoever takes it does: what is full, and the rest, before an error too."""
    blocks: list[bytes] = []
    try:
        while body.more():
            if body.full:
                blocks.append(body.take())
    except (HTTPError, OSError) as error:
        return [*blocks, body.rest(), repr(error).encode()]
    rest = body.rest()
    return [*blocks, rest] if rest else blocks


def test_chunks_are_taken_apart_beneath_the_library() -> None:
    """Only where nothing else is between the connection and the text."""
    assert isinstance(body_of(response([], CHUNKED)), Chunked)
    assert isinstance(body_of(response([], CHUNKED | {"Content-Encoding": "gzip"})), Plain)
    assert isinstance(body_of(response([], {"Content-Length": "9"})), Plain)


@pytest.mark.parametrize("size", [160, 4096, 32_768, 1 << 20])
@pytest.mark.parametrize("piece", [100_000, 1 << 20])
def test_blocks_are_whole_lines(size: int, piece: int) -> None:
    """Large ones, but for the last, however large the chunks are."""
    blocks = taken(body_of(response(pieces(chunked(LINES, [size]), piece), CHUNKED)))

    assert b"".join(blocks) == LINES
    assert all(block.endswith(b"\n") for block in blocks)
    assert min(map(len, blocks[:-1])) > 60_000
    assert max(map(len, blocks)) < 2 * module.BUFFER


@settings(max_examples=200, deadline=None)
@given(
    body=st.lists(st.sampled_from([b"\n", b"\r\n", b"0\r\n\r\n", b"5\r\n", b"line", b"\xff" * 30]), max_size=60).map(b"".join),
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    piece=st.integers(1, 80),
    buffer=st.integers(20, 120),
    form=st.tuples(st.sampled_from([b"", b";a=b", b" ;"]), st.booleans()),
)
def test_any_chunks_give_the_body(body: bytes, sizes: list[int], piece: int, buffer: int, form: tuple[bytes, bool]) -> None:
    """As the library reads them, and a newline ends every block that has one; what is left is rightly after the last newline."""
    extension, ahead = form
    wire = pieces(chunked(body, sizes, extension), piece)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BUFFER", buffer)
        patch.setattr(module, "FULL", buffer - 5)
        blocks = taken(body_of(response(wire, CHUNKED, ahead=ahead)))

    assert b"".join(blocks) == body == b"".join(response(wire, CHUNKED).stream())
    assert all(block.endswith(b"\n") for block in blocks[:-1] if b"\n" in block)


@settings(max_examples=200, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5), piece=st.integers(1, 80), data=st.data())
def test_a_body_that_ends_early(sizes: list[int], piece: int, data: st.DataObject) -> None:
    """Wherever the connection ends, what came is given, and then the error."""
    wire = chunked(LINES[:300], sizes)
    cut = data.draw(st.integers(0, len(wire) - len(b"0\r\n\r\n")))
    *blocks, error = taken(body_of(response(pieces(wire[:cut], piece), CHUNKED)))

    assert LINES.startswith(b"".join(blocks))
    assert error.startswith(b"ProtocolError")
    assert len(b"".join(blocks)) >= cut - 6 * (cut // min(sizes) + 1)


@pytest.mark.parametrize(
    "wire",
    [
        b"<html>\r\n",
        b"-5\r\nabcde\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n",
        b"1" * 5000,
        b"\r\n" * 20,
        b"f" * 16 + b"\r\n",
    ],
)
def test_what_is_no_chunk(wire: bytes) -> None:
    """An error, not a guess."""
    body = body_of(response([wire], CHUNKED))
    with pytest.raises(ProtocolError):
        while body.more():
            pass


def test_the_connection_is_given_back_at_a_clean_end() -> None:
    """Only there: with trailers, or the last empty line yet to come, the next answer would begin with them."""
    clean, trailers, late = (response([wire], CHUNKED) for wire in (b"1\r\na\r\n0\r\n\r\n", b"1\r\na\r\n0\r\nA: b\r\n\r\n", b"1\r\na\r\n0\r\n"))

    assert [taken(body_of(one)) for one in (clean, trailers, late)] == [[b"a"]] * 3
    assert [one.closed for one in (clean, trailers, late)] == [True, False, False]


def test_silence_and_what_came_before_it() -> None:
    """The connection's own error comes out, after what arrived."""
    for ahead in (True, False):
        blocks = taken(body_of(response([b"9\r\nabc\nd"], CHUNKED, TimeoutError("timed out"), ahead=ahead)))

        assert blocks == [b"abc\nd", b"TimeoutError('timed out')"]


def test_what_came_with_the_head_is_there_at_once() -> None:
    """Without waiting for anything else."""
    body = body_of(response([b"4\r\nabc\n\r\n"], CHUNKED, TimeoutError("timed out"), ahead=True))

    assert (body.more(), body.take()) == (True, b"abc\n")


@pytest.mark.parametrize("headers", [{"Content-Length": str(len(LINES))}, {}])
def test_bodies_without_chunks(headers: dict[str, str]) -> None:
    """Of known length, or up to the end of the connection."""
    blocks = taken(body_of(response(pieces(LINES, 7000), headers)))

    assert b"".join(blocks) == LINES
    assert all(block.endswith(b"\n") for block in blocks)


def test_compressed_bodies() -> None:
    """The library unpacks them."""
    packed = gzip.compress(LINES)
    blocks = taken(body_of(response([chunked(packed, [1000])], CHUNKED | {"Content-Encoding": "gzip"})))

    assert b"".join(blocks) == LINES
    assert all(block.endswith(b"\n") for block in blocks)
