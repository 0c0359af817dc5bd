"""Stamps and tags of log lines told from words are those that the regular expressions find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.blocks import SLACK
from retroline.collectors.evidence import Reply
from retroline.collectors.kubernetes import log_format, log_heads
from retroline.collectors.kubernetes import log_lines as log_reader
from retroline.collectors.kubernetes.log_format import CRI, HEAD_BYTES, RUNTIME, Lines
from retroline.collectors.kubernetes.log_heads import UNKNOWN, stamp_sizes, tag_sizes

DATES = st.sampled_from(["2026-11-21T01:20:", "2026-11-21T01:21:", "0000-00-00T99:99:", "2026-11-21t01:20:", "2026-11-21 01:20:", "2026/11/21T01:20:"])
DECIMALS = st.sampled_from(["", ".", ",5", ".5Z"]) | st.integers(0, 10).map(lambda n: "." + "1234567890"[:n])
ZONES = st.sampled_from(["Z", "z", "+02:00", "-09:30", "+0200", "+2:00", "", "Zulu", "+02:0x", "Z:"])
REST = st.sampled_from([" text", "", " ", "\t", " stdout F x", " stderr P half", " stdout F", " stdout P:x y", " stdin F x", "\r", "é"])
STAMPED = st.builds("{}{:02}{}{}{}".format, DATES, st.integers(0, 61), DECIMALS, ZONES, REST).map(str.encode)
LINE = STAMPED | st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")) | st.sampled_from([b"", b"  at x", b"2026-11-21T01:20:00.12"])


def lines_of(body: bytes) -> Lines:
    """As a block holds them: other bytes follow, here such as would go on with a stamp."""
    data = np.frombuffer(body + (b"3456789Z stdout F x" * 4)[:SLACK], np.uint8)
    return log_format.split(data, len(body))


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=8).map(b"\n".join))
def test_a_told_stamp_is_the_expressions(body: bytes) -> None:
    """Where words tell a stamp's length the expression finds the same; where they do not, it may find one."""
    lines = lines_of(body)
    sizes = stamp_sizes(lines.data, lines.starts, lines.ends)
    told = sizes != UNKNOWN

    assert sizes[told].tolist() == log_format.lengths(lines.heads(HEAD_BYTES), RUNTIME, "stamp")[told].tolist()


@pytest.mark.parametrize("decimals", ["", *("." + "123456789"[:n] for n in range(1, 10))])
@pytest.mark.parametrize("zone", ["Z", "+02:00", "-03:30"])
def test_the_usual_forms_are_told(decimals: str, zone: str) -> None:
    """What the API and kubelets write needs no expression, alone and among others."""
    stamp = f"2026-11-21T01:20:59{decimals}{zone}".encode()
    lines = lines_of(b"\n".join((stamp + b" text", b"2026-11-21T01:20:00.123456789Z text", stamp + b" ")))

    assert stamp_sizes(lines.data, lines.starts, lines.ends).tolist() == [len(stamp), 30, len(stamp)]


@settings(deadline=None)
@given(st.lists(REST.map(lambda rest: rest.encode()[1:]), min_size=1, max_size=8).map(b"\n".join))
def test_a_told_tag_is_the_expressions(body: bytes) -> None:
    """Streams and tags likewise; only P says that the line goes on."""
    lines = lines_of(body)
    sizes, partial = tag_sizes(lines.data, lines.starts, lines.ends)
    told = sizes != UNKNOWN
    heads = lines.heads(HEAD_BYTES)

    assert sizes[told].tolist() == log_format.lengths(heads, CRI, "tags")[told].tolist()
    assert [bool(p) for p in partial] == [bool(t) and head[7:8] == b"P" for t, head in zip(told, heads.to_pylist(), strict=True)]


@settings(max_examples=150, deadline=None)
@given(body=st.lists(LINE, max_size=30).map(b"\n".join), timestamps=st.sampled_from(["true", "false", ""]), size=st.integers(20, 400))
def test_words_and_expressions_read_the_same_log(body: bytes, timestamps: str, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Batch by batch, in blocks of any size, with the words and without."""
    path = tmp_path_factory.mktemp("log") / "a.log"
    path.write_bytes(body)
    reply = Reply("kubernetes", "log", "a.log", path, about={"timestamps": timestamps})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_reader, "BLOCK_BYTES", size)
        fast = [raw.batch for raw in log_reader.log_lines(reply)]
        patch.setattr(log_format, "stamp_sizes", lambda data, starts, ends: np.full(len(starts), UNKNOWN))
        patch.setattr(log_format, "tag_sizes", lambda data, starts, ends: (np.full(len(starts), UNKNOWN), np.zeros(len(starts), bool)))
        slow = [raw.batch for raw in log_reader.log_lines(reply)]

    assert [batch.to_pylist() for batch in fast] == [batch.to_pylist() for batch in slow]
    for batch in fast:
        batch.validate(full=True)


def test_many_short_lines_come_in_several_batches(tmp_path: Path) -> None:
    """So that memory does not grow with the number of lines in a block; numbers go on."""
    path = tmp_path / "a.log"
    path.write_bytes(b"\n" * 150_000)
    found = [raw.batch for raw in log_reader.log_lines(Reply("kubernetes", "log", "a.log", path))]

    assert max(batch.num_rows for batch in found) <= log_reader.BATCH_LINES
    assert pa.Table.from_batches(found).column("number").to_pylist() == list(range(1, 150_001))


def test_reach_is_within_the_slack() -> None:
    """What is looked at beyond a line's beginning lies in the block or in what follows it."""
    assert log_heads.REACH <= SLACK
