"""Logs as they lie on disk: plain, gzip or zstd, cut off, with lines of any length; all read alike, in bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import blocks, packed
from retroline.collectors.errors import BadPayload, Unreachable
from retroline.collectors.evidence import Evidence, Reply
from retroline.collectors.kubernetes import log_lines as reader
from retroline.collectors.packed import written
from retroline.collectors.recognise import recognise_file
from retroline.collectors.recognise_logs import Found

LINES = b"".join(b"2026-11-21T01:00:%02d.%09dZ line %d\n" % (i // 1000 % 60, i * 7919 % 10**9, i) for i in range(20_000))


def rows(path: Path) -> list[tuple[str | None, bytes, int, bool]]:
    found = []
    for raw in reader.log_lines(Reply("kubernetes", "log", path.name, path, about={"timestamps": "true"})):
        found += [(row["stamp"], row["text"], row["number"], row["truncated"]) for row in raw.batch.to_pylist()]
    return found


def packed_as(form: str, body: bytes, path: Path) -> Path:
    with written(path, zstd=form == "zstd") as write:
        write(gzip.compress(body) if form == "gzip" else body)
    return path


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_every_form_gives_the_same_lines(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several blocks, so that threads work ahead."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 50_000)
    found = rows(packed_as(form, LINES, tmp_path / "a.log"))

    assert [f"{stamp} ".encode() + text + b"\n" for stamp, text, _, _ in found] == LINES.splitlines(keepends=True)
    assert [number for _, _, number, _ in found] == list(range(1, 20_001))
    assert not any(truncated for *_, truncated in found)


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_cut_log_gives_its_lines_and_then_a_gap(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one had is marked as cut; then the reply is a bad payload, which names the file."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 50_000)
    path = packed_as(form, LINES, tmp_path / "cut.log")
    path.write_bytes(path.read_bytes()[:-5000])
    found = []
    with pytest.raises(BadPayload, match=r"cut\.log"):
        for raw in reader.log_lines(Reply("kubernetes", "log", "cut.log", path, about={"timestamps": "true"})):
            found += raw.batch.to_pylist()

    assert len(found) > 5000
    assert b"".join(f"{row['stamp']} ".encode() + row["text"] + b"\n" for row in found[:-1]) == b"".join(LINES.splitlines(keepends=True)[: len(found) - 1])
    assert [row["truncated"] for row in found].count(True) <= 1


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
def test_an_endless_line_is_several_in_bounded_memory(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of one number, marked as cut but for the last; what is held at a time does not grow with the line."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 16_384)
    monkeypatch.setattr(reader, "LONGEST_LINE", 65_536)
    line = b"2026-11-21T01:00:00.000000001Z " + b"abcdefgh" * 400_000
    path = packed_as(form, line + b"\n2026-11-21T01:00:01.000000001Z next\n", tmp_path / "a.log")
    sizes, marks = [], []
    tracemalloc.start()
    for raw in reader.log_lines(Reply("kubernetes", "log", "a.log", path, about={"timestamps": "true"})):
        marks += [(row["number"], row["truncated"]) for row in raw.batch.to_pylist()]
        sizes += [len(row["text"]) for row in raw.batch.to_pylist()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sum(sizes) == len(line) - 31 + 4
    assert marks == [(1, True)] * (len(marks) - 2) + [(1, False), (2, False)]
    assert peak < 3_000_000


def test_a_log_that_breaks_off_is_kept_compressed(tmp_path: Path) -> None:
    """What arrived is a whole zstd file, and its reply is marked; nothing is left of the temporary name."""

    def body() -> object:
        yield LINES[:100_000]
        raise Unreachable("the connection broke")

    evidence = Evidence(tmp_path, "run", "kubernetes", lambda: "2026-11-21T12:00:00Z")
    reply = evidence.save("logs/shop/web-1/app", "log", body(), suffix=".log.zst")

    assert (reply.complete, reply.reason) == (False, "the connection broke")
    assert reply.path.read_bytes()[:4] == packed.ZSTD
    assert reply.path.stat().st_size < 50_000
    assert reply.body() == LINES[:100_000]
    assert not list(tmp_path.rglob("*.part"))


def test_a_killed_run_leaves_what_had_arrived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the log still comes in, what lies on disk can be read up to the last flush."""
    monkeypatch.setattr(packed, "FLUSH", 10_000)
    seen: list[bytes] = []

    def body() -> object:
        for start in range(0, 100_000, 5000):
            yield LINES[start : start + 5000]
            (part,) = tmp_path.rglob("*.part")
            seen.append(b"".join(packed.readable(part)))

    Evidence(tmp_path, "run", "kubernetes", lambda: "").save("a", "log", body(), suffix=".log.zst")

    assert [len(text) for text in seen] == [n // 10_000 * 10_000 for n in range(5000, 105_000, 5000)]
    assert all(LINES.startswith(text) for text in seen)


@pytest.mark.parametrize(("form", "suffix"), [("plain", ""), ("gzip", ".gz"), ("zstd", ".zst")])
def test_saved_logs_are_recognised_in_every_form(form: str, suffix: str, tmp_path: Path) -> None:
    """By their content; the name tells whose it is, whatever compression added to it."""
    path = packed_as(form, LINES, tmp_path / f"web-1_app.log{suffix}")
    found = recognise_file(path, f"shop/{path.name}")

    assert isinstance(found, Found)
    assert (found.form, found.about["pod"], found.about["container"]) == ("log", "web-1", "app")


def test_blocks_in_flight_are_few() -> None:
    """What is read ahead is bounded by a few blocks, whatever the file's size."""
    assert blocks.AHEAD * reader.BLOCK_BYTES <= 16 << 20


@settings(max_examples=60, deadline=None)
@given(tags=st.lists(st.sampled_from("PPF"), min_size=1, max_size=30), size=st.integers(40, 400), batch=st.integers(1, 9))
def test_fragments_are_joined_across_blocks(tags: list[str], size: int, batch: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """However blocks and batches are cut: one line per record that ends, and one for fragments that nothing ends."""
    body = b"".join(b"2026-11-21T01:00:%02d.000000001Z stdout %s <%d>\n" % (i, tag.encode(), i) for i, tag in enumerate(tags))
    path = tmp_path_factory.mktemp("cri") / "a.log"
    path.write_bytes(b"2026-11-21T01:00:00.000000001Z stdout F begin\n" + body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK_BYTES", size)
        patch.setattr(reader, "BATCH_LINES", batch)
        found = rows(path)

    expected, text, first = [(b"begin", 1)], b"", 0
    for i, tag in enumerate(tags):
        first = first or i + 2
        text += b"<%d>" % i
        if tag == "F" or i == len(tags) - 1:
            expected.append((text, first))
            text, first = b"", 0
    assert [(text, number) for _, text, number, _ in found] == expected


def test_fragments_without_an_end_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that goes on for ever is cut like a line that does."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(reader, "LONGEST_LINE", 20_000)
    path = tmp_path / "a.log"
    path.write_bytes(b"2026-11-21T01:00:00.000000001Z stdout P %s\n" % (b"x" * 100) * 2000)
    found = rows(path)

    assert sum(len(text) for _, text, _, _ in found) == 200_000
    assert 15_000 < max(len(text) for _, text, _, _ in found) < 30_000
