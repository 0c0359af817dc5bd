"""Compressed files: gzip and zstd are told by their first bytes; what of a broken one can be read is read.

Logs are written as zstd (RFC 8878), a frame for every FLUSH bytes: whoever is killed leaves a file that can be read up to the last one.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
SUFFIXES = (".gz", ".zst")
# What reading a broken file raises.
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
CHUNK, FLUSH = 256 << 10, 512 << 10
LEVEL = 1
STEPS = (1 << 30, 4096, 1)


def opened(path: Path) -> io.BufferedIOBase:
    """The file's bytes, unpacked where it is gzip or zstd. Reading raises one of BROKEN where it breaks off."""
    file = path.open("rb")
    head = file.peek(len(ZSTD))
    if not head.startswith((GZIP, ZSTD)):
        return file
    file.close()
    return io.BufferedReader(_Zstd(path), CHUNK) if head.startswith(ZSTD) else gzip.open(path)


def is_plain(file: io.BufferedIOBase) -> bool:
    """Whether an opened file gives its bytes as they stand in it."""
    return isinstance(getattr(file, "raw", None), io.FileIO)


def breaks(path: Path) -> str:
    """What is wrong with a compressed file, wherever it is; "" if nothing, or if it is not compressed."""
    try:
        with opened(path) as file:
            if not is_plain(file):
                while file.read(CHUNK):
                    pass
    except BROKEN as error:
        return f"the compressed file is broken: {error}"
    return ""


def readable(path: Path, most: int | None = None) -> Iterator[bytes]:
    """What can be unpacked, about `most` bytes, up to where the file breaks."""
    given = 0
    with opened(path) as file:
        try:
            while (most is None or given < most) and (chunk := file.read1(CHUNK)):
                given += len(chunk)
                yield chunk
        except BROKEN:
            return


def unpacked(name: str) -> str:
    """A file's name without the suffix that tells how it is compressed."""
    return name.removesuffix(SUFFIXES[0]).removesuffix(SUFFIXES[1])


@contextmanager
def written(path: Path, *, zstd: bool) -> Iterator[Callable[[bytes], object]]:
    """A new file's `write`; `zstd`: what is written is compressed, and reaches the file by FLUSH bytes."""
    with path.open("wb") as file:
        if not zstd:
            yield file.write
            return
        frames = _Frames(file)
        try:
            yield frames.write
        finally:
            frames.end()


class _Frames:
    """Text as zstd frames of FLUSH bytes each, however it comes; of nothing, one empty frame."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._codec = file, pa.Codec("zstd", compression_level=LEVEL)
        self._text = memoryview(bytearray(FLUSH))
        self._size, self._count = 0, 0

    def write(self, chunk: bytes) -> None:
        """Add to the text."""
        start = 0
        while start < len(chunk):
            part = chunk[start : start + len(self._text) - self._size]
            self._text[self._size : self._size + len(part)] = part
            self._size, start = self._size + len(part), start + len(part)
            if self._size == len(self._text):
                self._flush()

    def end(self) -> None:
        """Write what is left."""
        if self._size or not self._count:
            self._flush()

    def _flush(self) -> None:
        self._file.write(self._codec.compress(self._text[: self._size], asbytes=True))
        self._file.flush()
        self._size, self._count = 0, self._count + 1


class _Zstd(io.RawIOBase):
    """A zstd file's text. Arrow drops what it could unpack in the call that fails, so a broken file is read again up to there, in steps of `STEPS` bytes."""

    def __init__(self, path: Path) -> None:
        self._path, self._given, self._steps = path, 0, list(STEPS)
        self._stream = self._begun()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while True:
            try:
                count = int(self._stream.readinto(view[: self._steps[0]]))
            except OSError as error:
                if len(self._steps) == 1:
                    raise EOFError(str(error)) from error
                self._steps.pop(0)
                self._stream.close()
                self._stream = self._begun()
            else:
                self._given += count
                return count

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _begun(self) -> pa.CompressedInputStream:
        """The stream, at what has not been given yet."""
        stream = pa.CompressedInputStream(pa.OSFile(str(self._path)), "zstd")
        left = self._given
        while left:
            left -= len(stream.read(min(left, CHUNK)))
        return stream
