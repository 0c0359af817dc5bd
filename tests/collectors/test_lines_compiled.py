"""The compiled kernels of lines give what those on numpy give."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import compiled
from retroline.collectors.blocks import BOM, Block
from retroline.collectors.evidence import Reply
from retroline.collectors.kubernetes import log_format, log_lines
from retroline.collectors.window import Window
from retroline.collectors.words import newlines
from retroline.normalize.lines import normal_lines

SAID = (
    "\n",
    "\r\n",
    " ",
    "Z",
    "z",
    "+05:30",
    "-0800",
    "+9",
    ".",
    ".5",
    ".123456789",
    ".1234567890",
    " stdout F ",
    " stderr P ",
    " stdout F:x ",
    "x",
    "ä",
    "\0",
)
FRAGMENTS = st.sampled_from([*SAID, *3 * ["2026-11-21T01:20:00"], "2026-11-21t01:20:60", "2026-11-2xT01:20:00"])
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join).map(str.encode)


def _data(text: bytes) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text + b"\n" * 64, np.uint8)


def _both(kernel):
    found = []
    for how in ("never", "always"):
        with compiled.loaded(how):
            found.append(kernel())
    return found


@settings(deadline=None)  # the first example compiles
@given(st.one_of(TEXTS, st.binary(max_size=300), st.lists(st.sampled_from([b"\n", b"a" * 63, b"b" * 64, b"\n" * 70]), max_size=9).map(b"".join)))
def test_newlines(text: bytes) -> None:
    """Every line feed is found, wherever it stands."""
    plain, fast = _both(lambda: newlines(_data(text)[: len(text)]).tolist())
    assert plain == fast == [i for i, byte in enumerate(text) if byte == 10]


@settings(deadline=None)  # the first example compiles
@given(st.one_of(TEXTS, st.lists(st.sampled_from(b"\t\n ~a\x7f\x1f\x80"), max_size=200).map(bytes)), st.booleans(), st.booleans())
def test_parts(text: bytes, runtime: bool, cri: bool) -> None:
    """Stamps, tags and texts of a block are those that regular expressions and Arrow find."""
    layout, block = log_format.Layout(prefixed=False, runtime=runtime, cri=cri), Block(_data(text), len(text), whole=True)
    with compiled.loaded("always"):
        fast = log_lines.KERNELS.module().taken(block, layout)
    plain = log_format.taken(log_format.split(block.data, block.size), layout)

    if fast is None:
        assert cri and b":" in text
    else:
        assert (fast.stamps.to_pylist(), fast.texts.to_pylist()) == (plain.stamps.to_pylist(), plain.texts.to_pylist())
        assert not cri or fast.partial.tolist() == plain.partial.tolist()
        assert fast.strange == len(re.findall(rb"[^\t\n -~]", text))


def test_numba_is_there() -> None:
    """The kernels can be had where the tests run."""
    pytest.importorskip("numba")
    with compiled.loaded("always"):
        assert compiled.Compiled("retroline.collectors", "lines_compiled").module() is not None


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["", "true", "false"]), st.integers(1, 90))
def test_whole_logs(tmp_path_factory: pytest.TempPathFactory, text: bytes, asked: str, size: int) -> None:
    """A log read in blocks of any size has the same lines, numbers and streams, and is shown alike."""
    path = tmp_path_factory.getbasetemp() / "a.log"
    path.write_bytes(b"2026-11-21T01:20:00.123456789Z stdout F x\n" + text)

    def read() -> list[object]:
        with patch.object(log_lines, "BLOCK_BYTES", size):
            raws = list(log_lines.log_lines(Reply("kubernetes", "log", "a.log", path, about={"timestamps": asked})))
        shown = [text for raw in raws for text in normal_lines(raw, Window(0, 1 << 62))[0].column("text").to_pylist()]
        return [*(row for raw in raws for row in raw.batch.to_pylist()), *shown]

    plain, fast = _both(read)
    assert plain == fast


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["", "true", "false"]), st.integers(1, 90), st.sampled_from([b"", BOM]), st.booleans())
def test_places(tmp_path_factory: pytest.TempPathFactory, text: bytes, asked: str, size: int, mark: bytes, packed: bool) -> None:
    """What is told of where a text stands in a file is true; of a packed one nothing is, nor of lines that were put together."""
    body = mark + b"2026-11-21T01:20:00.123456789Z stdout F x\n" + text
    path = tmp_path_factory.getbasetemp() / "b.log"
    path.write_bytes(gzip.compress(body) if packed else body)

    with compiled.loaded("always"), patch.object(log_lines, "BLOCK_BYTES", size):
        raws = list(log_lines.log_lines(Reply("kubernetes", "log", "b.log", path, about={"timestamps": asked})))

    told = [(raw, raw.begins.tolist()) for raw in raws if raw.begins is not None]
    assert not (packed and told)
    for raw, begins in told:
        texts = raw.batch.column("text").to_pylist()
        assert [body[begin:][: len(text)] for begin, text in zip(begins, texts, strict=True)] == texts


def test_most_lines_have_places(tmp_path: Path) -> None:
    """Those of a log as kubelets give it, once it is known to be one, do."""
    path = tmp_path / "a.log"
    path.write_bytes(b"".join(b"2026-11-21T01:20:00.%09dZ line %d\n" % (i, i) for i in range(30_000)))

    with compiled.loaded("always"):
        raws = list(log_lines.log_lines(Reply("kubernetes", "log", "a.log", path, about={"timestamps": "true"})))

    assert sum(raw.batch.num_rows for raw in raws) == 30_000
    assert sum(raw.batch.num_rows for raw in raws if raw.begins is not None) > 20_000
