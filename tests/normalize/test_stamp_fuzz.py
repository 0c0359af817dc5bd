"""No crash, no hang and no invented time, whatever a line holds."""

from __future__ import annotations

import random
import time
import uuid

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_columns import inner_stamps
from retroline.normalize.stamp_reading import Stamp, explain, read_stamp
from retroline.normalize.stamps import NONE_NS

FIRST_NS, LAST_NS = 0, 7_258_118_400_000_000_000
SAMPLES = [sample.text for layout in layouts() for sample in layout.samples]
ids = st.one_of(
    st.uuids().map(str),
    st.integers(0, 10**24).map(str),
    st.integers(0, 2**128).map(lambda n: f"{n:x}"),
    st.ip_addresses().map(str),
    st.tuples(*[st.integers(0, 3000)] * 3).map(lambda v: ".".join(map(str, v))),
    st.tuples(*[st.integers(0, 99)] * 4).map(lambda v: f"v{v[0]}.{v[1]}.{v[2]}-{v[3]}"),
    st.integers(0, 10**12).map(lambda n: f"0x{n:x}"),
    st.floats(0, 1e6).map(str),
)
words = st.sampled_from(["order", "took", "ms", "user=", "id:", "[", "]", "-", "GET", "at", "INFO", "", "from", "(", ")", ","])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(words, ids), min_size=1, max_size=8).map(" ".join))
def test_identifiers_are_no_times(text: str) -> None:
    """Numbers, hex ids, UUIDs, addresses and versions never read as a time, bare decimals of an epoch's shape aside."""
    found = read_stamp(text)

    assert found is None or found.format in ("epoch-fraction", "digits", "time-of-day"), (text, found)


def test_random_identifiers_in_bulk() -> None:
    """A hundred thousand lines that begin with an identifier have no time."""
    chance = random.Random(7)  # noqa: S311 - repeatable, no secret
    makers = (
        lambda: str(uuid.UUID(int=chance.getrandbits(128))),
        lambda: f"{chance.getrandbits(64):016x}",
        lambda: str(chance.randrange(10 ** chance.randrange(1, 20))),
        lambda: ".".join(str(chance.randrange(256)) for _ in range(4)),
        lambda: f"{chance.randrange(40)}.{chance.randrange(40)}.{chance.randrange(3000)}",
        lambda: f"{chance.randrange(3000)}-{chance.randrange(99)}-{chance.randrange(99)}",
        lambda: f"{chance.randrange(99)}:{chance.randrange(99)}",
    )
    texts = [f"{chance.choice(makers)()} {chance.choice(makers)()} done" for _ in range(100_000)]
    found = inner_stamps(pa.array(texts))
    read = [(texts[i], found.names[found.layout[i]]) for i in range(len(texts)) if found.at_ns[i] != NONE_NS]

    assert read == []


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda s: s.encode("utf-8", "replace"))), st.sampled_from(["UTC", "Europe/Paris", "-09:30"])
)
def test_any_bytes(record: bytes, zone: str) -> None:
    """Any bytes give a stamp in range or a reason."""
    found = explain(record, zone=zone, since=0, until=LAST_NS)

    assert not isinstance(found, Stamp) or FIRST_NS - 86_400 * 10**9 <= found.at_ns <= LAST_NS + 86_400 * 10**9


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_broken_samples(sample: str, data: st.DataObject) -> None:
    """A sample with a piece cut out, doubled or replaced gives a stamp in range or a reason."""
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, min(len(sample), start + 6)))
    piece = data.draw(st.sampled_from(["", "0", "99", "-", ":", "2026", "\n", "[", '"', sample[start:end] * 2, "\u0662", "\x00"]))
    found = explain(sample[:start] + piece + sample[end:], since="2026-11-20T09:30:00Z", until="2026-11-20T10:30:00Z")

    assert not isinstance(found, Stamp) or (found.at_ns + found.before_ns >= FIRST_NS and found.at_ns <= LAST_NS)


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "- ",
        "[a] ",
        "a=b ",
        'a="\\',
        "1- ",
        "info ",
        "a| ",
        "[",
        '"',
        "{",
        '{"a":',
        "Nov ",
        "12:",
        "1.",
        "#\n",
        "a:b\t",
        " ",
        "(",
        "0",
        "x CEF:",
        "\\u001b[",
        "<34>",
        "A=1\n",
        "2026-11-20 ",
    ],
)
def test_hostile_lines_are_quick(piece: str) -> None:
    """Repeating what patterns look for does not make a line slow."""
    text = (piece * (20_000 // len(piece) + 1)).encode()
    start = time.monotonic()
    read_stamp(text)
    inner_stamps(pa.array([text] * 3, pa.binary()))

    assert time.monotonic() - start < 2
