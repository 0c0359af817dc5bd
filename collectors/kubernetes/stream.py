"""One container's log as a stream of whole lines.

It is cut at the window's end and at a number of bytes, and taken up again when the connection breaks. The API has no end time: reading stops at
the first line whose stamp is past the window by a margin. A broken stream is asked for again from the second of the last whole line; the lines of
that second which were had already are counted off, and the last of them must be the same. Knowledge: Kubernetes API reference,
"read log of the specified Pod": `sinceTime` is cut to whole seconds and includes them; `timestamps` begins each line with the runtime's stamp;
an error of the runtime is appended to the log without one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from ..ask import Ask
from ..errors import SourceError, TooExpensive
from ..window import SECOND_NS
from .client import BACKOFF_S, TRIES, Answer, Client, Cut
from .stamp import second, stamped

AFTER_S = 5
FLUSH = 1024 * 1024
SECOND_DIGITS = 19
MOST_UNCOUNTED = 16
EXCUSES = (b"unable to retrieve container logs", b"failed to try resolving symlinks", b"failed to open log file", b"rpc error:")


class Bound(TooExpensive):
    """Our own limit on bytes was reached."""

    reason = "bound"


class Refused(SourceError):
    """The answer was not 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


class Stream:
    """One log request and what has been had of it. `last_stamp`: of the last line had, as received; `problem`: why it ended early."""

    def __init__(self, client: Client, path: str, params: Mapping[str, str], ask: Ask, *, limit: int, name: str) -> None:
        self.path, self.params, self.last_stamp, self.date, self.content_type = path, dict(params), "", "", ""
        self.problem: SourceError | None = None
        self.name, self._client, self._ask, self._limit = name, client, ask, limit
        self._until_s = -(-ask.window.until_ns // SECOND_NS) + AFTER_S
        self._sent, self._over, self._held = 0, False, b""
        self._last, self._second, self._count, self._skip, self._recent = b"", b"", 0, 0, list[bytes]()

    def blocks(self) -> Generator[bytes]:
        """Blocks of whole lines; only a line of more than FLUSH bytes, and the last one, may come in parts.

        Raises Refused when the first answer is not 200, Bound, Cut, TimedOut, Unreachable. What came is given first.
        """
        for attempt in range(TRIES):
            try:
                yield from self._once()
                return
            except Cut:
                if attempt == TRIES - 1 or not self._rewind():
                    if self._held:
                        yield self._held
                    raise
            except SourceError:
                if self._held:
                    yield self._held
                raise
            self._ask.cancelled.wait(min(BACKOFF_S * 2**attempt, self._ask.remaining_s()))

    def _once(self) -> Iterator[bytes]:
        """One request, to the end of its answer."""
        params = self.params | ({"sinceTime": self._resume_from()} if self._skip else {})
        response = self._client.send(self.path, params, self._ask, accept="*/*")
        if response.status != 200:
            answer = Answer(response.status, self._client.clean(b"".join(self._client.chunks(response, self._ask))), "", "")
            raise Cut(f"logs of {self.name}: the connection broke, and then: {answer.message or answer.status}") if self._sent else Refused(answer)
        self.date, self.content_type = response.headers.get("Date", ""), response.headers.get("Content-Type", "")
        self._held = b""
        chunks = self._client.chunks(response, self._ask)
        try:
            for chunk in chunks:
                yield from self._lines(chunk)
                if self._over:
                    return
        finally:
            chunks.close()
        if self._skip:
            raise Cut(f"logs of {self.name}: the connection broke, and the log has been rotated since")
        if self._held:
            held, self._held = self._held, b""
            if self._sent and held.startswith(EXCUSES):
                raise Cut(f"logs of {self.name} break off: {held[:300].decode('utf-8', 'replace').strip()}")
            yield from self._give(held)

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """Give the whole lines of what is held and `chunk`, hold the rest."""
        end = chunk.rfind(b"\n") + 1
        if not end and len(self._held) + len(chunk) < FLUSH:
            self._held += chunk
            return
        block = self._held + (chunk[:end] if end else chunk)
        self._held = chunk[end:] if end else b""
        block = self._unseen(block) if self._skip else block
        if block:
            yield from self._give(block)

    def _give(self, block: bytes) -> Iterator[bytes]:
        block = self._before_end(block)
        room = self._limit - self._sent
        full = len(block) > room
        if full:
            block = block[: block.rfind(b"\n", 0, room) + 1] or block[:room]
        if block:
            self._remember(block)
            self._ask.progress(f"logs of {self.name}", len(block), 0)
            yield block
        if full:
            self._held = b""
            raise Bound(f"logs of {self.name} go on past the limit of {_size(self._limit)} per container; the rest was not read")

    def _before_end(self, block: bytes) -> bytes:
        """`block` up to the first line past the window; lines are looked at one by one only where the last one is past it or has no stamp."""
        at = second(block[block.rfind(b"\n", 0, -1) + 1 :][:64])
        if at is not None and at <= self._until_s:
            return block
        start = 0
        while start < len(block):
            at = second(block[start : start + 64])
            if at is not None and at > self._until_s:
                self._over, self._held = True, b""
                return block[:start]
            start = (block.find(b"\n", start) + 1) or len(block)
        return block

    def _remember(self, block: bytes) -> None:
        """Keep what is needed to take the stream up again after `block`."""
        self._sent += len(block)
        last = block[block.rfind(b"\n", 0, -1) + 1 :]
        stamp = stamped(last)
        whole = block.endswith(b"\n")
        if stamp is None or not whole:
            self._last = b""
            self.last_stamp = stamp.decode() if stamp else self.last_stamp
            return
        if stamp[:SECOND_DIGITS] != self._second:
            self._count, self._recent = 0, []
        self._last, self._second, self.last_stamp = last, stamp[:SECOND_DIGITS], stamp.decode()
        self._recent.append(block)
        if len(self._recent) > MOST_UNCOUNTED:
            self._count_recent()

    def _count_recent(self) -> None:
        """Add the lines of the last second in blocks that were not looked through yet; it is rarely asked for."""
        self._count += sum(block.count(b"\n" + self._second) + block.startswith(self._second) for block in self._recent)
        self._recent = []

    def _rewind(self) -> bool:
        """Get ready to ask again; False where it cannot be known which lines were had."""
        if self._sent and not self._last:
            return False
        self._count_recent()
        self._skip = self._count if self._sent else 0
        return True

    def _resume_from(self) -> str:
        zone = "Z" if self.last_stamp.endswith("Z") else self.last_stamp[-6:]
        return self._second.decode() + zone

    def _unseen(self, block: bytes) -> bytes:
        """`block` without the lines that were had before the connection broke."""
        start = 0
        while self._skip and start < len(block):
            end = (block.find(b"\n", start) + 1) or len(block)
            self._skip -= 1
            if not self._skip and block[start:end] != self._last:
                self._last = b""
                raise Cut(f"logs of {self.name}: the connection broke, and the log has been rotated since")
            start = end
        return block[start:]


def has_stamp(head: bytes) -> bool:
    """Whether any line of `head` begins with the runtime's stamp."""
    return stamped(head) is not None or any(stamped(line) is not None for line in head[:65_536].split(b"\n")[1:])


def _size(n: int) -> str:
    return f"{n >> 20} MiB" if n >= 1 << 20 else f"{n} bytes"
