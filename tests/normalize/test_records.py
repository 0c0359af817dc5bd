"""Records of several lines: traces of four languages, kept together in batches of any size, never across other lines."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.normalize.masks import masked
from retroline.normalize.records import Open, may_throw, records
from retroline.normalize.severity import ERROR, FATAL, severities

PYTHON = """\
=INFO starting
=ERROR cannot price cart
 Traceback (most recent call last):
   File "/app/checkout.py", line 94, in do_POST
     amount = cache.convert(item)
              ^^^^^^^^^^^^^^^^^^^
!KeyError: 'currency'
=INFO order placed
=Traceback (most recent call last):
   File "/app/checkout.py", line 94, in do_POST
!ValueError: one
=Traceback (most recent call last):
   File "/app/checkout.py", line 94, in do_POST
!ValueError: two

 During handling of the above exception, another exception occurred:

 Traceback (most recent call last):
   File "/app/checkout.py", line 94, in do_POST
!app.errors.PriceError
=INFO order placed"""
JAVA = """\
=2026-11-21 ERROR [main] cannot start
!java.lang.IllegalStateException: pool closed
 \tat com.example.Pool.get(Pool.java:12)
 \t... 12 more
 Caused by: java.net.ConnectException: Connection refused
 \tat java.net.Socket.connect(Socket.java:1)
=Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
 \tat com.example.Main.main(Main.java:3)
=2026-11-21 INFO [main] next"""
GO = """\
=I1121 01:25:33.128775       1 main.go:12] listening
=panic: runtime error: index out of range [3] with length 3

 goroutine 1 [running]:
 main.(*Cart).total(0xc000012345, 0x3)
 \t/app/cart.go:31 +0x1d
 main.main()
 \t/app/main.go:8 +0x85
 created by net/http.(*Server).Serve in goroutine 1
 \t/usr/local/go/src/net/http/server.go:3285 +0x4b4

 goroutine 18 [chan receive]:
 net/http.(*conn).serve(0xc0000a, {0x7f, 0xc00})
 \t/usr/local/go/src/net/http/server.go:3285 +0x4b4
 exit status 2
=main.go says hello (again)
=run.this(now)"""
NODE = """\
=TypeError: Cannot read properties of undefined (reading 'id')
     at handler (/app/index.js:12:3)
     at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
=listening on 8080
={
   "pretty": "printed"
 }
=done"""
TRACES = {"python": PYTHON, "java": JAVA, "go": GO, "node": NODE}


def read(text: str) -> tuple[list[str], list[bool], list[bool]]:
    """Lines, which continue a record, which name one; the first sign of each line says it (none: a blank line that continues)."""
    lines = text.split("\n")
    return [line[1:] for line in lines], [line[:1] != "=" for line in lines], [line[:1] == "!" for line in lines]


def found(lines: list[str], sizes: list[int]) -> tuple[list[bool], list[bool]]:
    """What `records` says of `lines` in batches of `sizes`, over and over."""
    codes = severities(lines)
    grave = (codes == ERROR) | (codes == FATAL)
    open_, continues, names, at, turn = Open(), [], [], 0, 0
    while at < len(lines):
        size = sizes[turn % len(sizes)]
        batch = records(pa.array(["x", *lines[at : at + size]]).slice(1), grave[at : at + size], open_)
        continues += batch.continues.tolist()
        names += batch.names.tolist()
        open_, at, turn = batch.open, at + size, turn + 1
    return continues, names


@pytest.mark.parametrize("language", TRACES)
def test_a_trace_is_one_record(language: str) -> None:
    """All lines of a trace continue the record that it belongs to; nothing else does."""
    lines, continues, names = read(TRACES[language])

    assert found(lines, [len(lines)]) == (continues, names)


@given(st.permutations([PYTHON, JAVA, GO, NODE]), st.lists(st.integers(1, 7), min_size=1))
def test_batches_change_nothing(texts: list[str], sizes: list[int]) -> None:
    """Records are the same in batches of any size, whichever trace follows which."""
    lines, continues, names = read("\n".join(texts))

    assert found(lines, sizes) == (continues, names)


@given(
    st.lists(st.sampled_from([line[1:] for text in TRACES.values() for line in text.split("\n")] + ["", " x", "ERROR x", "a.b(c)"])),
    st.lists(st.integers(1, 5), min_size=1),
)
def test_any_mixture_is_the_same_in_batches(lines: list[str], sizes: list[int]) -> None:
    """However lines are mixed up, batches change nothing, and a stream begins with a record."""
    assert found(lines, sizes) == found(lines, [max(1, len(lines))])
    assert not lines or not found(lines, sizes)[0][0]


def test_a_traceback_after_a_harmless_line_stands_alone() -> None:
    """What was logged in peace before a traceback is not part of it."""
    assert found(["INFO fine", "Traceback (most recent call last):", "  File", "KeyError: 1"], [9]) == ([False, False, True, True], [False, False, False, True])


def test_nothing_gives_nothing() -> None:
    """An empty batch has no records and changes nothing that stands open."""
    batch = records(pa.array([], pa.string()), np.zeros(0, bool), Open(any=True, traceback=True))

    assert len(batch.continues) == 0
    assert batch.open == Open(any=True, traceback=True)


@given(
    st.lists(
        st.sampled_from(
            ["ERROR no", "a.b.CError: x", "a1.b.CException", "java.lang.Error", "com.x9.Y: z", "Exception", "a.b", "", "org.é.Error", "{a.b.CError"]
        ),
        min_size=1,
    )
)
def test_masks_tell_which_lines_cannot_be_exceptions(lines: list[str]) -> None:
    """Looking only at lines whose mask leaves it open changes no record."""
    texts = pa.array(lines)
    codes, masks = masked(texts)
    grave = np.array([line.startswith("ERROR") for line in lines])

    found = records(texts, grave, Open(), np.array([may_throw(mask) for mask in masks])[codes])

    asked = records(texts, grave)
    assert (found.continues == asked.continues).all() and (found.names == asked.names).all() and found.open == asked.open
