"""The body of one answer, taken as it arrives: as the library reads it, or, where it comes in chunks, taken apart here.

A log comes in chunks of at most 32 KiB, often one for each line, and the library reads each by several calls. Here one call reads what the connection
has, and the chunks are found in the buffer. Neither way waits for more than one read of the connection, which its timeout bounds: whoever takes a body can
look at the clock between two. Knowledge: RFC 9112, 7.1 "Chunked Transfer Coding"; the documentation of urllib3 and http.client.
"""

from __future__ import annotations

import re
from io import BufferedReader
from typing import Protocol

from urllib3 import BaseHTTPResponse, HTTPResponse
from urllib3.exceptions import ProtocolError

# What a processor's near caches hold, and C libraries give from memory in use; more at a time is slower.
BUFFER = 96 << 10
FULL = BUFFER - (16 << 10)
# More than FIRST and NEXT can match.
LONGEST_HEAD = 4096
# What stands before a chunk: its size and extensions that nobody needs; before all but the first, the end of the one before.
FIRST = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]{0,40}(?:;[^\r\n]{0,4000})?\r\n")
NEXT = re.compile(rb"\r\n" + FIRST.pattern)


class Body(Protocol):
    """What is left of an answer's body."""

    @property
    def full(self) -> bool:
        """Whether it is time to take."""

    def more(self) -> bool:
        """Wait once for more; False at the end. Raises what the library and the connection raise."""

    def take(self) -> bytes:
        """What has arrived; what follows its last newline is left for later, if there is a newline."""

    def rest(self) -> bytes:
        """All that has arrived and was not taken."""


def body_of(response: BaseHTTPResponse) -> Body:
    """The unread body of a response."""
    if isinstance(response, HTTPResponse) and response.chunked and not response.headers.get("Content-Encoding"):
        file = getattr(response._fp, "fp", None)  # noqa: SLF001 - nothing public leads to the bytes of the connection
        if isinstance(file, BufferedReader):
            return Chunked(response, file)
    return Plain(response)


class Plain:
    """A body as the library gives it: of known length, or up to the end of the connection, or compressed."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response, self._parts, self._size = response, list[bytes](), 0

    @property
    def full(self) -> bool:  # noqa: D102 - as in Body
        return self._size >= FULL

    def more(self) -> bool:  # noqa: D102 - as in Body
        piece = self._response.read1(BUFFER)
        self._parts.append(piece)
        self._size += len(piece)
        return bool(piece)

    def take(self) -> bytes:  # noqa: D102 - as in Body
        whole = self.rest()
        end = whole.rfind(b"\n") + 1 or len(whole)
        self._parts, self._size = [whole[end:]], len(whole) - end
        return whole[:end]

    def rest(self) -> bytes:  # noqa: D102 - as in Body
        whole = b"".join(self._parts)
        self._parts, self._size = [], 0
        return whole


class Chunked:
    """A body in chunks, read from the connection's file beneath the library."""

    def __init__(self, response: HTTPResponse, file: BufferedReader) -> None:
        self._response, self._file = response, file
        self._ahead: int | None = None
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)
        # Of the buffer, the bytes up to `filled` have arrived and those up to `at` are taken apart; `left` of the chunk there are still to come.
        self._filled, self._at, self._left, self._pattern, self._ended = 0, 0, 0, FIRST, False
        self._kept, self._spans = b"", list[tuple[int, int]]()

    @property
    def full(self) -> bool:  # noqa: D102 - as in Body
        return self._filled >= FULL

    def more(self) -> bool:  # noqa: D102 - as in Body
        if self._ended:
            return False
        if self.full:
            self._kept = self.rest()
        count = self._receive(self._view[self._filled :])
        if not count:
            raise ProtocolError("the connection ended before the last chunk")
        self._filled += count
        self._take_apart()
        return True

    def take(self) -> bytes:  # noqa: D102 - as in Body
        after = self._after_last_newline()
        given = self.rest()
        self._kept = after
        return given

    def rest(self) -> bytes:  # noqa: D102 - as in Body
        given = b"".join([self._kept, *[self._view[start:end] for start, end in self._spans]])
        left = self._view[self._at : self._filled].tobytes()
        self._view[: len(left)] = left
        self._filled, self._at, self._kept, self._spans = len(left), 0, b"", []
        return given

    def _receive(self, room: memoryview) -> int:
        """One read of the connection; at first, what was read ahead together with the answer's head. 0 at the end."""
        if self._ahead is None:
            self._ahead = len(self._file.peek())
        if self._ahead:
            count = self._file.readinto1(room[: self._ahead])
            self._ahead -= count
            return count
        return self._file.raw.readinto(room) or 0

    def _take_apart(self) -> None:
        """Find the parts of chunks in what has arrived; at the last one, give the connection back."""
        at, filled, left, pattern = self._at, self._filled, self._left, self._pattern
        while at < filled:
            if left:
                end = min(at + left, filled)
                self._spans.append((at, end))
                left -= end - at
                at = end
            elif head := pattern.match(self._buffer, at, filled):
                at, left, pattern = head.end(), int(head[1], 16), NEXT
                if not left:
                    self._end(at)
                    break
            elif filled - at > LONGEST_HEAD or self._buffer.find(b"\n", at + 2, filled) >= 0:
                raise ProtocolError("what came is no chunk")
            else:
                break
        self._at, self._left, self._pattern = at, left, pattern

    def _end(self, at: int) -> None:
        """The connection may be asked again if nothing but the empty line of no trailers is left on it."""
        self._ended = True
        if self._view[at : self._filled].tobytes() == b"\r\n":
            self._response._fp.close()  # type: ignore[union-attr]  # noqa: SLF001 - says that the body was read, as reading it would
            self._response.release_conn()

    def _after_last_newline(self) -> bytes:
        """Take it off the spans; nothing where there is no newline."""
        for number in range(len(self._spans) - 1, -1, -1):
            start, end = self._spans[number]
            newline = self._buffer.rfind(b"\n", start, end) + 1
            if newline:
                after = b"".join(self._view[start:end] for start, end in ((newline, end), *self._spans[number + 1 :]))
                self._spans[number:] = [(start, newline)]
                return after
        return b""
