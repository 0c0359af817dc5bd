"""Tests of compiled kernels of stamps: what they are asked is what those on numpy are asked, and they give the same; that goes for their parts too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.normalize import automata_lines, stamp_json_keys, stamp_packed, stamp_streams
from retroline.normalize.automata import Program
from retroline.normalize.automata_lines import HEAD_BYTES, REACH
from retroline.normalize.automata_tables import LANDMARKS
from retroline.normalize.automata_walk import Walker
from retroline.normalize.stamp_columns import InnerStamps
from retroline.normalize.stamp_reading import read_stamp
from retroline.normalize.stamp_streams import StampStream, lines_of
from retroline.normalize.stamps import NONE_NS

pytest.importorskip("numba")

SINCE, UNTIL = 1_795_160_000_000_000_000, 1_795_180_000_000_000_000
PATTERNS = (r"^a[0-9]{2}[^\[]*\[x=[a-c] ", r"^ab?(?:c|d)+$", r"^.*\|rt=[0-9]+", r"^[a-z]+ \{", r"^.* z")
TEXTS = st.one_of(
    st.lists(st.sampled_from(["a", "12", "b", "c", "[", "[x=b ", "|rt=7", "{", " z", "\x1b[0m", "\\", "x" * 60, "\n"]), max_size=12).map("".join),
    st.text("abcd[x= ", max_size=90),
)


def both(found: Callable[[], Any]) -> list[Any]:
    """What is found without compiled kernels, and with them."""
    answers = []
    for how in ("never", "always"):
        with compiled.loaded(how):
            answers.append(found())
    return answers


@settings(deadline=None)  # the first example compiles
@given(st.lists(TEXTS, min_size=1, max_size=12), st.sets(st.sampled_from(PATTERNS), min_size=1))
def test_walks(texts: list[str], patterns: set[str]) -> None:
    """Where one walk proves that nothing fits, no pattern does; and the compiled one proves all that the other does."""
    lines = lines_of(pa.array([text.encode() for text in texts], pa.binary()))

    def walked() -> list[bool]:
        program = Program()
        entries = [program.add(pattern, loose=True) for pattern in sorted(patterns)]
        walker = Walker(program)
        start = walker.state(pc for entry in entries for pc in program.closure(entry))
        every = np.arange(len(texts))
        free = walker.walk(lines, every, lines.starts, np.full(len(texts), start, np.int32))
        if module := automata_lines.KERNELS.module():
            mended = stamp_streams.MENDED[lines.data[np.minimum(lines.starts, len(lines.data) - 1)]] & (lines.ends > lines.starts)
            assert walker.tables.left(module, lines, every, start, stamp_streams.MENDED).tolist() == every[~free | mended].tolist()
        return free.tolist()

    import re

    plain, fast = both(walked)
    fits = [any(re.search(pattern.encode(), re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", text.encode())) for pattern in patterns) for text in texts]
    assert not any(free and fit for free, fit in zip(fast, fits, strict=True))
    assert not [text for text, one, other in zip(texts, plain, fast, strict=True) if one and not other]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=20), st.integers(0, 800))
def test_parts_of_a_buffer(sizes: list[int], behind: int) -> None:
    """Every row comes once, and REACH bytes may be looked at behind it."""
    text = bytes(i % 251 for i in range(sum(sizes) + behind))
    bounds = np.cumsum([0, *sizes])
    lines = stamp_streams.Lines(np.frombuffer(text or b"\0", np.uint8), bounds[:-1], bounds[1:])
    seen = []
    for data, shift, first, last in lines.parts(np.arange(len(sizes))):
        for row in range(first, last):
            start, end = bounds[row] - shift, bounds[row + 1] - shift
            assert start >= 0 and end + REACH <= len(data) and data[start:end].tobytes() == text[bounds[row] : bounds[row + 1]]
            seen.append(row)
    assert seen == list(range(len(sizes)))


def test_a_long_last_line() -> None:
    """Of a line as long as a file only the head is looked at, and only that is copied."""
    text = b"2026-11-20 10:00:00 " + b"x" * (3 * HEAD_BYTES)
    lines = lines_of(pa.array([b"2026-11-20 10:00:00 x", text], pa.binary()))

    assert sum(len(data) for data, shift, _, _ in lines.parts(np.arange(2)) if shift) <= HEAD_BYTES + 2 * REACH


def read(texts: list[bytes], size: int, runtime: Any = None, **said: Any) -> tuple[list[Any], list[str]]:
    """Instants and layouts of lines read in batches."""
    stream, at, names = StampStream(**said), [], []
    with patch.object(stamp_streams, "FEW", 0):
        for i in range(0, len(texts), size):  # in batches whose stamps of the runtime may lie apart
            found: InnerStamps = stream.read(pa.array(texts[i : i + size], pa.binary()), None if runtime is None else np.repeat(runtime[i : i + size], 2)[::2])
            at += [None if one == NONE_NS else one for one in found.at_ns.tolist()]
            names += ["" if one < 0 else found.names[one] for one in found.layout.tolist()]
    return at, names


DATES = ("%Y-%m-%d %H:%M:%S x", "I%m%d %H:%M:%S.000000 1 a.go:1] x", '10.0.0.1 - - [%d/%b/%Y:%H:%M:%S +0100] "GET', "<134>%b %d %H:%M:%S n a[1]: x")


@pytest.mark.parametrize("zone", ["UTC", "+05:30", "Europe/Paris"])
@pytest.mark.parametrize("form", DATES)
def test_many_dates(form: str, zone: str) -> None:
    """Logs in which each line has a date of its own, more than are settled at once; clocks are put back and forward on some; and some are none."""
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    texts = [(begin + timedelta(hours=11 * i, seconds=7 * i)).strftime(form).encode() for i in range(700)]
    texts += [text.replace(b"10:", b"24:").replace(b"Mar", b"Mor").replace(b"-03-1", b"-13-1") for text in texts[:300]]
    runtime = np.array([(1_772_323_200 + 11 * 3600 * (i % 700)) * 10**9 for i in range(len(texts))])
    for stamps in (None, runtime):
        said = {"zone": zone} if stamps is not None else {"zone": zone, "since_ns": 1_772_323_200 * 10**9, "until_ns": 1_798_000_000 * 10**9}
        plain, fast = both(lambda stamps=stamps, said=said: read(texts, 400, stamps, **said))
        assert plain == fast
        one = [read_stamp(texts[i], zone=zone, runtime_ns=int(runtime[i])) for i in range(0, len(texts), 37)]
        assert stamps is None or fast[0][::37] == [found and found.at_ns for found in one]


def test_more_signatures_than_are_kept() -> None:
    """Sides that are all different are told apart by ever less, and in the end read otherwise; the answers stay."""
    words = ["".join(chr(97 + i // 26**k % 26) for k in range(4)) for i in range(3000)]
    texts = [f'10.0.0.{i % 256} - {word} [20/Nov/2026:10:00:{i % 60:02d} +0000] "GET'.encode() for i, word in enumerate(words)]
    texts += [f'10.{"-" * (i % 7)}.{"+" * (i // 7 % 7)}.{"~" * (i // 49)} [20/Nov/2026:10:00:00 +0000] "GET'.encode() for i in range(1000)]
    plain, fast = both(lambda: read(texts, 500))

    assert plain == fast
    assert fast[0][::50] == [found and found.at_ns for found in map(read_stamp, texts[::50])]


def test_unfinished_walks_prove_nothing() -> None:
    """Where steps of the automaton stay unknown, lines are read otherwise; the answers stay."""
    texts = [f"I1120 10:00:00.000000 {i} a{i}.go:{i}] {'CEF:0|' if i % 3 else '['}{i}".encode() for i in range(300)]
    said = {"since_ns": SINCE, "until_ns": UNTIL}
    right = read(texts, 50, **said)
    with patch.object(stamp_packed, "ROUNDS", 1), patch("retroline.normalize.automata_tables.ROUNDS", 1):
        plain, fast = both(lambda: read(texts, 50, **said))

    assert plain == fast == right
    assert LANDMARKS == b"[|{"  # as automata_compiled has them


def test_kernels_are_there() -> None:
    """All that is compiled can be had where numba is."""
    with compiled.loaded("always"):
        assert all(one.module() is not None for one in (stamp_packed.KERNELS, automata_lines.KERNELS, stamp_json_keys.KERNELS))


@pytest.mark.parametrize("name", ["klog", "nginx", "json"])
def test_threads_share_a_stream(name: str) -> None:
    """Threads that read with one stream while it learns find what one finds."""
    forms = {
        "klog": "I1120 10:{m:02d}:{s:02d}.{n:06d} {n} {w}{s}.go:{n}] {w}|{n} [x",
        "nginx": '10.{s}.{n}.1 {w} {w} [20/Nov/2026:10:{m:02d}:{s:02d} +0000] "GET | CEF:{n}',
        "json": '{{"ts":"2026-11-20T10:{m:02d}:{s:02d}.{n:03d}Z","{w}":"a","time{s}":7}}',
    }
    texts = [forms[name].format(m=i % 60, s=i * 7 % 60, n=i % 997, w="abcdefghij"[: i % 10]).encode() for i in range(6000)]
    batches = [pa.array(texts[i : i + 300], pa.binary()) for i in range(0, len(texts), 300)]
    right = [found and found.at_ns for found in (read_stamp(text, since=SINCE, until=UNTIL) for text in texts)]
    with compiled.loaded("always"), patch.object(stamp_streams, "FEW", 0), ThreadPoolExecutor(8) as pool:
        stream = StampStream(since_ns=SINCE, until_ns=UNTIL)
        found = [None if at == NONE_NS else at for one in pool.map(stream.read, batches) for at in one.at_ns.tolist()]

    assert found == right
