"""What logs add to the timeline: first errors, bursts, words that cease; never more than ten rows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.window import Window
from retroline.normalize.tables import LINES
from retroline.timeline.line_store import LineStore
from retroline.timeline.line_words import Words
from retroline.timeline.log_messages import message
from retroline.timeline.log_rows import MOST_ROWS, rows
from retroline.timeline.rows import Given, Row, Stream, Template

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 600 * SECOND)
APP = ("shop", "web-7c9d8f6b5-x2k4q", "app")
TRACE = ["ERROR cannot price cart 7", "Traceback (most recent call last):", '  File "a.py", line 1, in f', "    f()", "KeyError: 'currency'"]

Timed = list[tuple[float, str]]


def batch(lines: Timed, container: tuple[str, str, str]) -> pa.RecordBatch:
    numbers = {"correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}
    named = {"namespace": container[0], "pod": container[1], "container": container[2]}
    return pa.RecordBatch.from_pylist([{"at": T0 + int(at * SECOND), "text": text, **named, **numbers} for at, text in lines], schema=LINES)


def stored(folder: Path, streams: dict[tuple[str, str, str], Timed], size: int = 1_000) -> tuple[list[Template], pa.Table]:
    """The templates and the written table of some streams, added in batches of `size`."""
    store = LineStore(folder)
    for container, lines in streams.items():
        for start in range(0, len(lines), size):
            store.add(container, "/".join(container), batch(lines[start : start + size], container), "evidence/log", range_of(start, lines, size))
    store.write(folder / "lines.parquet")
    return store.templates, pq.read_table(folder / "lines.parquet")


def range_of(start: int, lines: Timed, size: int) -> Any:
    return pa.array(range(start + 1, min(start + size, len(lines)) + 1)).to_numpy()


def found(folder: Path, streams: dict[tuple[str, str, str], Timed]) -> list[Row]:
    """The rule's rows."""
    templates, _ = stored(folder, streams)
    logs = [Stream(*container, "", T0, T0 + int(max(at for at, _ in lines) * SECOND), len(lines), "evidence/log") for container, lines in streams.items()]
    return rows(Given(WINDOW, (), (), logs, templates))


def every(seconds: float, text: str, start: float = 0, end: float = 600) -> Timed:
    """A regular line; `{}` in it is a number."""
    return [(at, text.format(n)) for n, at in enumerate(step(start, end, seconds))]


def step(start: float, end: float, seconds: float) -> Iterable[float]:
    return itertools.takewhile(lambda at: at < end, itertools.count(start, seconds))


def trace(at: float) -> Timed:
    return [(at, text) for text in TRACE]


def test_the_first_error_is_told_by_its_exception(tmp_path: Path) -> None:
    """A traceback is one record, titled by its last line, with the workload, the place in the evidence and the instant."""
    (row,) = found(tmp_path, {APP: sorted([*every(5, "INFO ok {}"), *trace(301), *trace(420)], key=lambda line: line[0])})

    assert (row.kind, row.severity, row.at_ns, row.count) == ("log.first_seen", "error", T0 + 301 * SECOND, 1)
    assert row.title == "first error in web/app: KeyError: 'currency'"
    assert row.body == "2 in the window, the last at 2026-11-21T01:27:00Z; template: KeyError: 'currency'"
    assert (row.service, row.subject, row.source, row.ref) == ("web", "web/app", "kubernetes", "evidence/log#line 66")
    assert row.labels["pod"] == APP[1] and row.labels["container"] == "app" and row.thread.startswith("log:web/app:")
    assert [w.ref for w in row.witnesses] == [row.ref]


def test_an_error_that_was_always_there_is_no_news(tmp_path: Path) -> None:
    """What was said in the quiet part at the start is not first seen; nor is a warning."""
    assert found(tmp_path, {APP: [*every(30, "ERROR no {} today"), (300, "WARN odd")]}) == []


def test_what_is_held_of_the_time_before_is_said(tmp_path: Path) -> None:
    """Where the container's log begins later than the window, the row says so."""
    (row,) = found(tmp_path, {APP: [(200, "INFO starting"), (210, "ERROR no")]})

    assert "no earlier log of web/app than of 2026-11-21T01:23:20Z is held" in (row.body or "")


def test_a_burst_has_start_end_and_factor(tmp_path: Path) -> None:
    """A template that is said far more often than it usually is, is a burst of known extent and factor."""
    lines = [*every(10, "ERROR slow answer {}"), *every(0.5, "ERROR slow answer {}", 300, 360)]
    (row,) = found(tmp_path, {APP: sorted(lines)})

    assert (row.kind, row.at_ns, row.until_ns, row.after_ns) == ("log.burst", T0 + 300 * SECOND, T0 + 360 * SECOND, 10 * SECOND)
    assert (row.count, row.value) == (126, 21.0)
    assert row.title == "burst in web/app: slow answer 0 (21× as often as otherwise)"


def test_a_burst_out_of_nothing(tmp_path: Path) -> None:
    """What was never said before has no factor, and begins and ends when it was first and last said."""
    rows_ = found(tmp_path, {APP: sorted([*every(5, "INFO ok {}"), *every(0.5, "ERROR broken {}", 301, 331)])})

    assert [(r.kind, r.at_ns, r.value) for r in rows_] == [("log.burst", T0 + 301 * SECOND, None), ("log.first_seen", T0 + 301 * SECOND, None)]
    assert rows_[0].until_ns == T0 + int(330.5 * SECOND) + 1


def test_even_talk_is_no_burst(tmp_path: Path) -> None:
    """A regular template, and one whose rate wavers, are no bursts."""
    r = random.Random(1)  # noqa: S311 - repeatable, no secret
    wavering = sorted((r.uniform(0, 600), f"ERROR {n} lost") for n in range(600))

    assert found(tmp_path, {APP: sorted([*every(1, "WARN queue {} long"), *wavering])}) == []


def test_more_traffic_is_a_burst_only_when_it_is_much_more(tmp_path: Path) -> None:
    """Harmless lines need ten times their baseline."""
    lines = [*every(1, "INFO served {}"), *every(0.2, "INFO served {}", 300, 360)]

    assert found(tmp_path, {APP: sorted(lines)}) == []


def test_a_heartbeat_that_stops_while_its_pod_lives(tmp_path: Path) -> None:
    """Regular words that cease are told at their last time, unless the pod itself fell silent."""
    beats = every(5, "INFO heartbeat {}", 0, 300)
    (row,) = found(tmp_path, {APP: sorted([*beats, *every(7, "INFO served {}")])})

    assert (row.kind, row.at_ns, row.title) == ("log.stopped", T0 + 295 * SECOND, "web/app stops saying: heartbeat 0")
    other = ("shop", "web-7c9d8f6b5-b2b2b", "app")
    assert found(tmp_path, {APP: beats, other: every(7, "INFO served {}")}) == []


def test_no_more_than_ten(tmp_path: Path) -> None:
    """However many errors there are, ten rows at most, two of a kind for one container, the gravest and most frequent first."""
    streams = {
        ("shop", f"{name}-0", "app"): sorted(
            [
                (1, "INFO up"),
                *((100 + n, f"ERROR {word} broke") for n, word in enumerate(["ab", "cd", "ef", "gh"])),
                *[(200.0, "FATAL lost everything")] * copies,
            ]
        )
        for copies, name in enumerate(["web", "api", "cart", "auth", "mail", "queue", "search", "store"])
    }
    told = found(tmp_path, streams)

    assert len(told) == MOST_ROWS
    assert sum(r.severity == "fatal" for r in told) == 7
    assert max(sum(r.subject == s for r in told) for s in {r.subject for r in told}) <= 2


@given(st.lists(st.sampled_from([*TRACE, "INFO fine", "", " x", '{"level":"warn","msg":"x 1"}']), min_size=1), st.integers(1, 6), st.integers(1, 6))
def test_batches_change_no_key(lines: list[str], one: int, other: int) -> None:
    """Mask, severity and the naming line of every record are the same in batches of any size."""

    def keys(size: int) -> list[tuple[str, int]]:
        words = Words()
        for start in range(0, len(lines), size):
            words.add("a", pa.array(lines[start : start + size]))
            words.add("b", pa.array(["INFO other", "ERROR other"]))
        words.end()
        masks = list(words.masks)
        return [(masks[key >> 4], key & 15) for part in words.keys[::2] for key in part.tolist()]

    assert keys(one) == keys(other)
    assert keys(one)[0][1] & 1 or any(key & 1 for _, key in keys(one))


def test_lines_have_severity_and_template_of_their_record(tmp_path: Path) -> None:
    """All lines of a traceback have the exception's template and the error's severity, in whatever order streams and batches come."""
    streams = {APP: [(1, "INFO ok 1"), *trace(2), (3, "INFO ok 2")], ("shop", "db-0", "db"): [(1.5, "LOG:  checkpoint"), (2.5, "INFO ok 3")]}
    templates, table = stored(tmp_path, streams)
    again, other = stored(tmp_path, dict(reversed(streams.items())), size=2)

    assert table["severity"].to_pylist() == ["info", "info", *["error"] * 5, "info", "info"]
    ids = table["template_id"].to_pylist()
    assert len(set(ids[2:7])) == 1 and ids[0] == ids[7] == ids[8] != ids[2]
    assert other.equals(table)
    assert [(t.template, t.count, t.id, t.ref, t.text) for t in again] == [(t.template, t.count, t.id, t.ref, t.text) for t in templates]


def test_doubles_count_once(tmp_path: Path) -> None:
    """Lines that were saved twice are counted once."""
    store = LineStore(tmp_path)
    for stream in ("during", "after"):
        store.add(APP, stream, batch([(1, "ERROR no"), (2, "ERROR no")], APP), stream)
    store.write(tmp_path / "lines.parquet")

    assert [(t.count, t.workload) for t in store.templates] == [(2, "web")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-11-21 02:20:04,415 ERROR [payments] gateway call failed", "[payments] gateway call failed"),
        ('E1121 01:25:33.128775       1 reflector.go:879] "Watch closed" shard="b"', '"Watch closed" shard="b"'),
        ('{"ts": "x", "level": "error", "msg": "unhandled exception", "error": "KeyError(1)"}', "unhandled exception: KeyError(1)"),
        ('{"ts": "x", "a": 1}', '{"a": 1}'),
        ("2026/11/21 01:20:58 [error] 31#31: *12 connect() failed", "connect() failed"),
        ('1.2.3.4 - - [21/Nov/2026:01:20:58 +0000] "GET /a?b=1 HTTP/1.1" 503 46 "-" "probe"', "GET /a answered 503"),
        ('time="x" level=error msg="no route to \\"b\\"" a=1', 'no route to \\"b\\"'),
        ("1:M 21 Nov 2026 01:25:31.355 # WARNING: 3 clients wait", "3 clients wait"),
        ("KeyError: 'currency'", "KeyError: 'currency'"),
        ("bad \x1b[31m\u202e word", "bad word"),
        ("ERROR", "ERROR"),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_messages(line: str, said: str) -> None:
    """A title has the message without stamp, level and place in the code, and nothing that acts on a terminal."""
    assert message(line) == said
