"""Compressed files are read like plain ones; a broken one up to where it breaks."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import packed as module
from retroline.collectors.packed import BROKEN, opened, readable, unpacked, written


def zstd(body: bytes, path: Path, step: int = 1 << 16) -> bytes:
    """`body` written in steps, as collected."""
    with written(path, zstd=True) as write:
        for start in range(0, len(body), step):
            write(body[start : start + step])
    return path.read_bytes()


@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=2000), form=st.sampled_from(["plain", "gzip", "zstd"]), size=st.integers(1, 500))
def test_every_form_is_read_alike(body: bytes, form: str, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whole, and in pieces of any size; what a plain file holds decides, not its name."""
    path = tmp_path_factory.mktemp("packed") / "a.log"
    body = b"x" + body
    path.write_bytes(gzip.compress(body) if form == "gzip" else zstd(body, path) if form == "zstd" else body)
    with opened(path) as file:
        assert b"".join(iter(lambda: file.read(size), b"")) == body
    with opened(path) as file:
        buffer = bytearray(size)
        assert file.readinto1(buffer) > 0
        assert body.startswith(bytes(buffer).rstrip(b"\0"))
    assert b"".join(readable(path)) == body


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_cut_file_is_read_to_its_last_flush(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte that was flushed comes out before the error, wherever the file is cut after that."""
    monkeypatch.setattr(module, "FLUSH", 10_000)
    lines = b"".join(b"2026-11-21T01:00:00.%09dZ line %d\n" % (i * 7919, i) for i in range(3000))
    path, packed = tmp_path / "a.log", tmp_path / "whole"
    if form == "gzip":
        whole, least = gzip.compress(lines), 0
    else:
        whole = zstd(lines, packed, 1000)
        with written(packed, zstd=True) as write:
            for start in range(0, 10_000, 1000):
                write(lines[start : start + 1000])
            flushed = packed.read_bytes()
        path.write_bytes(flushed)
        assert b"".join(readable(path)) == lines[:10_000]
        least = len(flushed)
    for cut in (least + 7, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:cut])
        found = b"".join(readable(path))
        assert lines.startswith(found)
        assert len(found) >= (10_000 if least else 0)
        with pytest.raises(BROKEN), opened(path) as file:
            file.read()


def test_bytes_changed_inside_break_the_file(tmp_path: Path) -> None:
    """No error of Arrow's own comes out."""
    path = tmp_path / "a"
    whole = bytearray(zstd(bytes(range(256)) * 400, path, 1000))
    whole[len(whole) // 2 :] = b"\xff" * (len(whole) - len(whole) // 2)
    path.write_bytes(whole)
    with pytest.raises(BROKEN), opened(path) as file:
        file.read()


def test_the_same_text_gives_the_same_file(tmp_path: Path) -> None:
    """However it arrives."""
    body = b"a line of text\n" * 300_000

    assert len({zstd(body, tmp_path / str(step), step) for step in (len(body), 1 << 20, 1 << 16, 99_991)}) == 1


def test_frames_may_follow_each_other(tmp_path: Path) -> None:
    """As `cat a.zst b.zst` and `cat a.gz b.gz` make them."""
    one, two = zstd(b"one\n", tmp_path / "1"), zstd(b"two\n", tmp_path / "2")
    for body in (one + two, gzip.compress(b"one\n") + gzip.compress(b"two\n")):
        (tmp_path / "both").write_bytes(body)
        assert b"".join(readable(tmp_path / "both")) == b"one\ntwo\n"


def test_names_lose_what_compression_added() -> None:
    """One suffix of the two."""
    assert [unpacked(name) for name in ("a.log.gz", "a.log.zst", "a.log", "zst")] == ["a.log", "a.log", "a.log", "zst"]
    assert pa.Codec.is_available("zstd")
