"""Tests of whole files read by inner stamps, in blocks and threads: what each line alone gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
from retroline.collectors.blocks import blocks
from retroline.normalize.stamp_reading import read_stamp
from retroline.normalize.stamp_streams import StampStream
from retroline.normalize.stamped_blocks import stamped
from retroline.normalize.stamps import NONE_NS

SINCE, UNTIL = 1_795_167_000_000_000_000, 1_795_182_600_000_000_000
SHAPES = {
    "klog": "I1120 10:{m:02d}:{s:02d}.{n:06d}  {n:6d} file{s}.go:{n}] {w} {n}",
    "python": "2026-11-20 10:{m:02d}:{s:02d},{s:03d} {w} worker.{n}: x",
    "nginx": '10.{s}.{n}.1 - {w} [20/Nov/2026:10:{m:02d}:{s:02d} +0000] "GET /{n} HTTP/1.1" 200 17',
    "syslog": "<{p}>Nov 20 10:{m:02d}:{s:02d} node{s} {w}[{n}]: [{n}] x",
    "json": '{{"ts":"2026-11-20T10:{m:02d}:{s:02d}.{s:03d}Z","level":"{w}","msg":"no: {n} \\"time\\": x","{w}":{n}}}',
}
WORDS = ("INFO", "ERROR", "PM", "time", "ann", "-", "a|b", "IST")


@pytest.mark.parametrize("name", SHAPES)
def test_files_in_blocks(name: str) -> None:
    """Threads that learn from one stream give every line what it gives alone, dirt and continuations included."""
    random = np.random.default_rng(3)
    texts = []
    for i in range(12_000):
        text = SHAPES[name].format(m=i // 200, s=i % 60, n=int(random.integers(1_000_000)), w=WORDS[int(random.integers(len(WORDS)))], p=130 + i % 6)
        texts.append((text.encode(), text[: i % 40].encode(), b"\tat x", b"\xff\xfe " + text.encode())[0 if i % 50 else 1 + i // 50 % 3])
    file = io.BufferedReader(io.BytesIO(b"\n".join(texts)))  # type: ignore[arg-type]
    found, messages = [], []
    for part in stamped(blocks(file, 1 << 17, 1 << 20), StampStream(since_ns=SINCE, until_ns=UNTIL)):
        stamps = part.stamps
        messages += part.messages.to_pylist()
        found += [None if at == NONE_NS else (int(at), stamps.names[layout]) for at, layout in zip(stamps.at_ns, stamps.layout, strict=True)]

    assert messages == texts
    for text, given in list(zip(texts, found, strict=True))[:: 7 if name != "json" else 11]:
        expected = read_stamp(text, since=SINCE, until=UNTIL)
        assert given == (expected and (expected.at_ns, expected.format)), text
