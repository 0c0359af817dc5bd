"""Bodies in chunks, as they come over a connection."""

from __future__ import annotations

import http.client
import io
from typing import Any, cast

from retroline.collectors.kubernetes.bodies import Chunked, body_of
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(io.RawIOBase):
    """A connection that gives at most `size` bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._left, self._size = io.BytesIO(HEAD + data), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._left.readinto(memoryview(buffer)[: self._size])

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(self, 64)


def chunks(data: bytes) -> None:
    """A body that has an end is what the library reads; of one that has none, what came is the begin of what another size of piece gives."""
    size, wire = (data[0] + 1 if data else 1), data[1:]
    whole, given = _taken(wire, size)
    if whole:
        assert given == b"".join(_response(wire, size).stream())
    assert _taken(wire, 1 << 16) == (whole, given)


def _taken(wire: bytes, size: int) -> tuple[bool, bytes]:
    body = body_of(_response(wire, size))
    assert isinstance(body, Chunked)
    given = b""
    try:
        while body.more():
            given += body.take()
    except ProtocolError:
        return False, given + body.rest()
    return True, given + body.rest()


def _response(wire: bytes, size: int) -> HTTPResponse:
    low = http.client.HTTPResponse(cast("Any", Wire(wire, size)), method="GET")
    low.begin()
    return HTTPResponse(body=cast("Any", low), headers=dict(low.headers), preload_content=False, original_response=low)
