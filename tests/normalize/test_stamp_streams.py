"""Tests of streams read by their shapes: equal to the one-by-one reading, whatever the batches, and proven rather than guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize import automata_walk, stamp_openings, stamp_streams
from retroline.normalize.automata import Program, UnknownSyntaxError
from retroline.normalize.keyed import BARELY_BEGUN, OPENING
from retroline.normalize.layout import configured_layouts
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_columns import InnerStamps
from retroline.normalize.stamp_openings import Narrowed
from retroline.normalize.stamp_reading import head, proven, read_stamp
from retroline.normalize.stamp_shapes import BEGUN, Prover
from retroline.normalize.stamp_streams import StampStream, prover_of
from retroline.normalize.stamps import NONE_NS

pytestmark = pytest.mark.usefixtures("kernels")
SINCE, UNTIL = 1_795_167_000_000_000_000, 1_795_170_600_000_000_000
SAMPLES = [sample.text for layout in layouts() for sample in layout.samples if "\n" not in sample.text]
SHAPES = (
    "{t:%Y-%m-%d %H:%M:%S},{ms:03d} {w} x",
    "{t:%Y-%m-%d %H:%M:%S} {w}",
    "{t:%Y-%m-%dT%H:%M:%S}.{us:06d}Z {w} x",
    "[{t:%Y-%m-%d %H:%M:%S}] {w}",
    "{t:%Y-%m-%d %H:%M:%S} CET {w}",
    "{t:%Y/%m/%d %H:%M:%S} [error] 7#7: {w}",
    "I{t:%m%d %H:%M:%S}.{us:06d} {n:7d} main{n}.go:{us}] {w}",
    "<{n}>{t:%b} {t.day:2d} {t:%H:%M:%S} {w}[{n}]: x",
    '10.0.{n}.{ms} - {w} [{t:%d/%b/%Y:%H:%M:%S} +0200] "GET / HTTP/1.1" 200',
    '{w} [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /" 200',
    "[{t:%a %b %d %H:%M:%S}.{us:06d} {t:%Y}] [core:error] {w}",
    "{t:%d.%m.%Y %H:%M:%S} {w}",
    "{t:%d/%m/%Y %H:%M:%S} {w}",
    "{t:%d-%b-%Y %H:%M:%S}.{ms:03d} {w} [main] x",
    "17:M {t:%d %b %Y %H:%M:%S}.{ms:03d} * {w}",
    "level={w} ts={t:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z msg=x",
    '{{"ts":"{t:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z","level":"{w}","msg":"x"}}',
    '{{"level":"{w}","time":"{t:%Y-%m-%dT%H:%M:%S}Z","timestamp":{n}}}',
    '{{"ts":"{t:%Y-%m-%dT%H:%M:%S}.{ms:03d}Z","msg":"{w}","{w}":"2026-11-20T10:00:00Z"}}',
    '{{"level":"info","ts":{s}.{us:06d},"msg":"{w}"}}',
    '{{"ts": {s}{ms:03d}, "msg": "{w}"}}',
    '{{"a":{{"b":"{w}"}},"@timestamp":"{t:%Y-%m-%d %H:%M:%S}","msg":"x"}}',
    '{{"timestamp":"{t:%d %b %Y %H:%M:%S}","msg":"{w}"}}',
    "{w}",
    "",
)
BEGUN_BYTES = re.compile(BEGUN.encode())
WORDS = (
    "INFO", "IST", "PM", "AM x", "+0100 x", "Z", "WAT up", "app", "ann", "-", "a|b", "CEF:0|A|B|1|2|3|4|rt=1795168800125 x", "[20/Nov/2026:11:00:00 +0100] x",
    "\x1b[31mPM\x1b[0m", "\\x1b[0m +0100", "10.0.0.4", "2026-11-20 10:00:00", "2026 x", "20/11/2026 10:00:00 x", "host app: {", 'x {"a": 1}', "é", "#033[0mPM",
    "[Europe/Paris] x", "9", "1795168800.125 ", "x" * 70, '"q" ', "Started", "    at x", "[1\x1b[0m2/Nov/2026:10:00:00 +0000]", "00",
    "time", "Time", "_time", "@timestamp", "t_i-m.e", "timeout", "@t", 'a","time":"2026-11-20 11:00:00', '\\"time\\": 7', '"', "TS",
    '","t\x1b[0mime":1795168800,"', "\\u0074ime", "t\\u0069me",
)  # fmt: skip
moments = st.datetimes(datetime(2026, 11, 20, 8), datetime(2026, 11, 20, 23), timezones=st.just(UTC))  # noqa: DTZ001 - drawn without a zone, which is given after


def line(shape: str, at: datetime, word: str, number: int) -> str:
    """A line of this shape written at `at`."""
    return shape.format(t=at, ms=at.microsecond // 1000, us=at.microsecond, w=word, n=number, s=int(at.timestamp()))


def rows(found: InnerStamps) -> list[tuple[int, str, int, int] | None]:
    """What each line gave, null as None."""
    return [
        None if at == NONE_NS else (int(at), found.names[layout], int(before), int(after))
        for at, layout, before, after in zip(found.at_ns, found.layout, found.before_ns, found.after_ns, strict=True)
    ]


def one(text: bytes, runtime: int | None = None, **said: Any) -> tuple[int, str, int, int] | None:
    """What the one-by-one reading gives."""
    found = read_stamp(text, runtime_ns=runtime, **(said or {"since": SINCE, "until": UNTIL}))
    return found and (found.at_ns, found.format, found.before_ns, found.after_ns)


@settings(max_examples=200, deadline=None)
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    ats=st.lists(moments, min_size=1, max_size=6),
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
    size=st.integers(1, 40),
    runtime=st.booleans(),
    dirt=st.lists(st.one_of(st.sampled_from([s.encode() for s in SAMPLES]), st.binary(max_size=60)), max_size=5),
)
def test_streams_equal_one_by_one(*, shapes: list[str], ats: list[datetime], words: list[str], size: int, runtime: bool, dirt: list[bytes]) -> None:
    """Shapes, and whatever stands before and after their stamps, give what each line's own reading gives, in any batches."""
    texts = [line(shape, at, word, 7 * i % 1000).encode() for i, word in enumerate(words) for shape in shapes for at in ats] + dirt
    stamps = np.array([SINCE + 10**9 * i for i in range(len(texts))]) if runtime else None
    stream = StampStream() if runtime else StampStream(since_ns=SINCE, until_ns=UNTIL)
    found = []
    with patch.object(stamp_streams, "FEW", 0):
        for i in range(0, len(texts), size):
            found += rows(stream.read(pa.array(texts[i : i + size], pa.binary()), None if stamps is None else stamps[i : i + size]))

    assert found == [one(text, int(stamps[i]), since=None) if stamps is not None else one(text) for i, text in enumerate(texts)]


@pytest.mark.parametrize("shape", SHAPES)
def test_most_lines_are_settled_by_shape(shape: str) -> None:
    """A stream of one format is hardly ever read one by one, also where each line has a minute of its own."""
    start = datetime(2026, 11, 20, 8, tzinfo=UTC)
    texts = [line(shape, start + timedelta(seconds=61 * i, microseconds=1001 * i), "INFO", i % 256).encode() for i in range(600)]
    stream = StampStream(since_ns=SINCE, until_ns=UNTIL)
    slow: list[int] = []
    many, single = stream._slowly, stream._stamp
    whole = patch.object(stream, "_slowly", lambda lines, rows, runtime: slow.append(len(rows)) or many(lines, rows, runtime))
    single = patch.object(stream, "_stamp", lambda *given, read=single: slow.append(1) or read(*given))
    with patch.object(stamp_streams, "FEW", 0), whole, single:
        found = rows(stream.read(pa.array(texts, pa.binary())))

    assert found == [one(text) for text in texts]
    assert sum(slow) <= 60 or "{w}" not in shape or shape.startswith("level") or '"a":' in shape or "timestamp" in shape


def test_half_a_day_is_not_lost() -> None:
    """A shape learnt from a line without AM or PM does not read one that has them."""
    texts = [b"2026-11-20 10:00:00 INFO x"] * 3 + [b"2026-11-20 10:00:00 PM x", b"2026-11-20 10:00:00 +0100 x", b"2026-11-20 10:00:00 CET"]
    stream = StampStream()
    with patch.object(stamp_streams, "FEW", 0):
        stream.read(pa.array(texts[:3]))
        found = rows(stream.read(pa.array(texts)))

    assert found == [one(text, since=None) for text in texts]
    assert found[3] is not None and found[0] is not None and found[3][0] - found[0][0] == 43_200_000_000_000


def test_too_many_states_prove_nothing() -> None:
    """Where an automaton would grow without bound lines are read one by one, and give the same."""
    texts = [f"{word} [{i}] host-{i}: 2026-11-20 10:00:{i % 60:02d} {word}".encode() for i, word in enumerate(WORDS * 4)]
    stream = StampStream(since_ns=SINCE, until_ns=UNTIL)
    table = stream._table
    with patch.object(automata_walk, "MOST_STATES", 40), patch.object(stamp_streams, "FEW", 0):
        stream._prover = Prover(table)
        found = rows(stream.read(pa.array(texts, pa.binary())))

    assert found == [one(text) for text in texts]


def test_own_layouts_come_first() -> None:
    """A configured layout stands above the table in streams too, and one that no automaton knows is read all the same."""
    for pattern in (r"^mill (?P<day>[0-9]+)\.(?P<month>[0-9]+)\.(?P<year>[0-9]+)/(?P<hour>[0-9]+)h(?P<minute>[0-9]+)", r"^mill (?P<day>\d+)\b\.(?P<month>\d+)"
                    r"\.(?P<year>\d+)/(?P<hour>\d+)h(?P<minute>\d+)"):  # fmt: skip
        (own,) = configured_layouts([{"name": "mill", "pattern": pattern, "sample": "mill 20.11.2026/10h00", "expected": "2026-11-20T10:00:00Z"}])
        stream = StampStream(extra=[own])
        with patch.object(stamp_streams, "FEW", 0):
            found = rows(stream.read(pa.array(["mill 20.11.2026/10h05 x", "2026-11-20 10:00:00 x"])))

        assert found == [(1_795_169_100_000_000_000, "mill", 0, 60 * 10**9), one(b"2026-11-20 10:00:00 x", since=None)]


def test_automata_know_every_layout() -> None:
    """Each pattern's automaton accepts its samples, and does not know what it was not made for."""
    program = Program()
    for layout in layouts():
        entry = program.add(layout.pattern)
        for sample in layout.samples:
            states = set(program.closure(entry))
            for symbol in (*head(sample.text.encode()), 256):
                if 0 in states:
                    break
                states = {t for pc in states if program.bits[pc] >> symbol & 1 for t in program.closure(program.then[pc][0])}
            assert 0 in states, sample.text
    for pattern in ("a", "^(?=a)", "^a\\b", "^é+", "^(a", "^*"):
        with pytest.raises(UnknownSyntaxError):
            program.add(pattern)


def test_broken_letters_in_a_time_key() -> None:
    """A JSON value that is no UTF-8, or is in other letters, is read like the line alone."""
    texts = [b'{"ts":"2026-11-20T10:00:00Z","msg":"x"}', b'{"ts":"2026-11-20T\xff10:00:00Z"}', '{"ts":"2026年11月20日 10:00:07"}'.encode()] * 3
    stream = StampStream(since_ns=SINCE, until_ns=UNTIL)

    assert rows(stream.read(pa.array(texts, pa.binary()))) == [one(text) for text in texts]


LOGS = {
    "klog": "I1120 10:{m:02d}:{s:02d}.{n:06d}  {n:6d} file{s}.go:{n}] {w} {n}",
    "python": "2026-11-20 10:{m:02d}:{s:02d},{s:03d} {w} worker.{n}: x",
    "nginx": '10.{s}.{n}.1 - {w} [20/Nov/2026:10:{m:02d}:{s:02d} +0000] "GET /{n} HTTP/1.1" 200 17',
    "syslog": "<{p}>Nov 20 10:{m:02d}:{s:02d} node{s} {w}[{n}]: [{n}] x",
    "json": '{{"ts":"2026-11-20T10:{m:02d}:{s:02d}.{s:03d}Z","level":"{w}","msg":"no: {n} \\"time\\": x","{w}":{n}}}',
}


@pytest.mark.parametrize("name", LOGS)
def test_damaged_streams(name: str) -> None:
    """A long log with some lines cut short, coloured, with broken letters, a byte order mark or of another kind gives what each line gives alone."""
    random = np.random.default_rng(3)
    texts = []
    for i in range(12_000):
        words = ("INFO", "ERROR", "PM", "time", "ann", "-", "a|b", "IST")
        text = LOGS[name].format(m=i // 200, s=i % 60, n=int(random.integers(1_000_000)), w=words[int(random.integers(8))], p=130 + i % 6).encode()
        at = int(random.integers(len(text) + 1))
        odd = (
            text[: i % 40],
            b"\tat x",
            b"\xff\xfe " + text,
            text[:at] + b"\x1b[31m" + text[at:],
            b"\xef\xbb\xbf" + text,
            b"\xef\xbb\xbf" * 2 + text,
            b"",
            b"\r" + text,
        )
        texts.append(odd[i // 50 % len(odd)] if i % 50 == 0 else text)
    stream = StampStream(since_ns=SINCE, until_ns=UNTIL)
    found = [row for i in range(0, len(texts), 1500) for row in rows(stream.read(pa.array(texts[i : i + 1500], pa.binary())))]

    assert [(i, found[i]) for i in range(len(texts)) if i % 50 == 0 or i % 13 == 0] == [
        (i, one(texts[i])) for i in range(len(texts)) if i % 50 == 0 or i % 13 == 0
    ]


def test_sides_longer_than_those_before() -> None:
    """What stands beside a stamp may go on for longer than in the lines that the shape was learnt from: nothing is overlooked behind it."""
    names = ["a.go", "a" * 24 + ".go", "a" * 25 + ".go", "a" * 60 + ".go", "[".join("abc")]
    tails = ["x", "CEF:0|A|B|1|2|3|4|rt=1795168800125 x"]
    klog = [f"I1120 10:00:00.000{i:03d}       1 {name}:{i}] {tail}" for i, name in enumerate(names * 3) for tail in tails]
    sites = ["10.0.0.1 - - [", f"10.0.0.1 - {'a' * 19} [", f"10.0.0.1 - {'a' * 20} [", f"10.0.0.1 - {'a' * 21} [", f"10.0.0.1 - {'a' * 50} ["]
    clf = [f'{site}20/Nov/2026:10:00:0{i % 10} +0000] "GET {tail}' for i, site in enumerate(sites * 3) for tail in tails]
    for texts in (klog, clf):
        stream = StampStream(since_ns=SINCE, until_ns=UNTIL)
        with patch.object(stamp_streams, "FEW", 0):
            found = [row for text in texts for row in rows(stream.read(pa.array([text, text])))]
        assert found[::2] == found[1::2] == [one(text.encode()) for text in texts]


@given(st.text('{[ "\\\\ab:,}\n1', max_size=14))
def test_barely_begun_json(text: str) -> None:
    """What begins as JSON and holds no value yet is told from the rest."""
    begun = BEGUN_BYTES.match(text.encode()) is not None

    assert begun == (OPENING.match(text) is not None and BARELY_BEGUN.match(text) is None)


def test_layouts_are_ruled_out_by_openings() -> None:
    """No layout that fits is among those that a text's beginning rules out; most are ruled out, and none once too many ways were new."""
    table = proven(())
    prover = prover_of(table)
    assert prover is not None
    could, counts = Narrowed(prover), []
    for text in [*SAMPLES, *(text[:at] + "\xff" + text[at:] for text in SAMPLES for at in (3, 12))]:
        left = could(text.encode())
        counts.append(len(left))
        assert not [layout.name for layout in table if layout not in left and layout.expression.search(text.encode())], text
    assert np.median(counts) < len(table) / 3
    with patch.object(stamp_openings, "MOST_STEPS", 0):
        assert list(Narrowed(prover)(b"I1120")) == list(table)
