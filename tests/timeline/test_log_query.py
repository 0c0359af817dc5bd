"""Lines read back from Parquet by template, severity, pattern, time and pod; the table of templates; the command."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from retroline.collectors.errors import ConfigError
from retroline.normalize.tables import LINES
from retroline.terminal.logs import around, log_lines
from retroline.timeline import line_file, log_query
from retroline.timeline.line_store import LineStore
from retroline.timeline.log_query import Query, lines, table

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
TEXTS = [
    "INFO served 1",
    "ERROR cannot pay 7",
    "WARN slow 3\x1b[2J",
    "INFO served 2",
    "Traceback (most recent call last):",
    "  File x",
    "KeyError: 'a'",
    "served \u202eno",
]
PREFIX = len("2026-11-21T01:20:00.000000000Z  web-1/app  error    ")
OPTIONS = {"severity": None, "template": None, "grep": None, "around": None, "seconds": 30.0, "pod": None, "limit": None, "templates": False}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight lines, one a second, in row groups of two."""
    monkeypatch.setattr(line_file, "ROWS_A_GROUP", 2)
    numbers = {"correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}
    rows = [{"at": T0 + i * SECOND, "text": text, **numbers} for i, text in enumerate(TEXTS)]
    store = LineStore(tmp_path)
    for i, row in enumerate(rows):
        store.add(("shop", f"web-{i % 2}", "app"), "a", pa.RecordBatch.from_pylist([row], schema=LINES))
    store.write(tmp_path / "lines.parquet")
    return tmp_path / "lines.parquet"


def told(path: Path, **wanted: object) -> list[str]:
    """The texts found."""
    return [line[PREFIX:] for line in lines(path, Query(**wanted))]


def test_a_line_is_shown_safely(path: Path) -> None:
    """Instant, container, severity and text, and nothing that a terminal would act on."""
    shown = list(lines(path, Query()))

    assert shown[1] == "2026-11-21T01:20:01.000000000Z  web-1/app  error    ERROR cannot pay 7"
    assert "\x1b" not in "".join(shown) and "\u202e" not in "".join(shown)
    assert len(shown) == 8


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"severity": "error"}, [1, 4, 5, 6]),
        ({"severity": "warning"}, [1, 2, 4, 5, 6]),
        ({"grep": "^(INFO|WARN) "}, [0, 2, 3]),
        ({"template": "SERVED *"}, [0, 3]),
        ({"template": "keyerror"}, [4, 5, 6]),
        ({"since_ns": T0 + 3 * SECOND, "until_ns": T0 + 5 * SECOND}, [3, 4]),
        ({"pod": "web-1"}, [1, 3, 5, 7]),
        ({"pod": "web-1", "severity": "error", "grep": "pay"}, [1]),
        ({"template": "99999"}, []),
        ({"pod": "other"}, []),
    ],
)
def test_what_is_wanted_is_found(path: Path, wanted: dict[str, object], found: list[int]) -> None:
    """Each condition keeps its lines, all together keep what fits all."""
    assert told(path, **wanted) == [log_query.plain(TEXTS[i]) for i in found]


def test_colours_are_left_out() -> None:
    """Whole sequences go, also those whose first sign was replaced; brackets that are text stay."""
    assert log_query.plain("\ufffd[31mERROR\ufffd[0m [31m no \x1b[1;32m7\x1b[0m") == "ERROR [31m no 7"


def test_a_limit_says_what_it_left_out(path: Path) -> None:
    """The first lines, then how many more there are."""
    assert [line.split("  ")[-1] for line in lines(path, Query(), 3)][-2:] == ["WARN slow 3", "… 5 more lines"]


def test_row_groups_out_of_range_are_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time range reads only the row groups that reach into it."""
    read: list[int] = []
    whole = log_query.pq.ParquetFile.read_row_group
    monkeypatch.setattr(log_query.pq.ParquetFile, "read_row_group", lambda self, i, **more: read.append(i) or whole(self, i, **more))

    assert len(told(path, since_ns=T0 + 4 * SECOND, until_ns=T0 + 5 * SECOND)) == 1
    assert read == [2]


def test_the_table_of_templates(path: Path) -> None:
    """Lines per workload, template and severity, the most frequent first; ids find them again."""
    head, first, *rest = table(path, Query())
    number = first.split("  ")[-2].strip()

    assert head.split() == ["lines", "severity", "first", "last", "workload", "id", "template"]
    assert first.split()[:2] == ["3", "error"] and first.split()[4] == "web/app" and first.endswith("  KeyError: 'a'")
    assert len(rest) == 4
    assert len(told(path, template=number)) == 3


def test_templates_are_told_per_workload(tmp_path: Path) -> None:
    """Pods of one workload count together, workloads and namespaces apart; the namespace is told where there are several."""
    numbers = {"correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}
    store = LineStore(tmp_path)
    for i, place in enumerate(
        [("shop", "web-7c9d8f6b5-x2k4q", "app"), ("shop", "web-7c9d8f6b5-abcde", "app"), ("shop", "db-0", ""), ("canary", "web-0", "app")]
    ):
        store.add(place, str(i), pa.RecordBatch.from_pylist([{"at": T0 + i * SECOND, "text": f"INFO served {i}", **numbers}], schema=LINES))
    store.write(tmp_path / "lines.parquet")

    shown = [line.split() for line in table(tmp_path / "lines.parquet", Query())]

    assert [(row[0], row[4]) for row in shown[1:]] == [("2", "shop/web/app"), ("1", "canary/web/app"), ("1", "shop/db")]
    assert [line.split()[4] for line in table(tmp_path / "lines.parquet", Query(pod="web-7"))] == ["workload", "web/app"]


@pytest.mark.parametrize("wanted", [{"grep": "("}, {"template": "nothing like it"}])
def test_what_cannot_be_looked_for_is_an_error(path: Path, wanted: dict[str, str]) -> None:
    """A broken pattern and words of no template are named."""
    with pytest.raises(ConfigError, match=r"RE2|no template"):
        told(path, **wanted)


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    """What cannot be read is said."""
    with pytest.raises(ConfigError, match="cannot be read"):
        list(lines(tmp_path / "x.parquet", Query()))


def test_around_a_time_and_an_event(path: Path) -> None:
    """`--around` takes a time or an event's id, `--seconds` how near."""
    events = path.with_name("events.parquet")
    held = {"event_id": pa.array(["0123456789abcdef"]), "at": pa.array([T0 + 2 * SECOND]).cast(pa.timestamp("ns", "UTC"))}
    told = {"retroline.since_ns": str(T0), "retroline.until_ns": str(T0 + 30 * 3600 * SECOND)}
    log_query.pq.write_table(pa.table(held).replace_schema_metadata(told), events)

    def near(text: str) -> list[bytes]:
        return list(log_lines({"lines": path, "events": events}, {**OPTIONS, "around": text, "seconds": 1.0}, 0, print))

    assert near("0123456789abcdef") == near("2026-11-21T01:20:02Z")
    assert len(near("0123456789abcdef")) == 3
    assert near("0123456789abcdef")[0].startswith(b"2026-11-21T01:20:01.000000000Z  web-1/app  error    ERROR cannot pay 7")
    assert near("2026-11-21 01:20:02") == near("2026-11-21 01:20:02.000000000") == near("2026-11-21T01:20:02Z")
    with pytest.raises(ConfigError, match="no event"):
        near("f" * 16)


@pytest.mark.parametrize(
    ("text", "until", "expected"),
    [
        ("01:20", 3600, T0),
        ("01:19", 3600, T0 - 60 * SECOND),
        ("01:20:30.5", 3600, T0 + 30_500_000_000),
        ("00:10", 24 * 3600, T0 + (22 * 60 + 50) * 60 * SECOND),
        ("2026-11-22 02:00", 30 * 3600, T0 + (24 * 60 + 40) * 60 * SECOND),
        ("02:00", 30 * 3600, "is there on several days: write the day before it"),
        ("00:10", 3600, "is not in the incident's window, 2026-11-21T01:20:00Z to 2026-11-21T02:20:00Z"),
        ("2026-11-23 01:20", 3600, "is not in"),
        ("01:61", 3600, "is not in"),
        ("2026-11-21T01:20:00", 3600, "has no zone"),
    ],
)
def test_a_time_as_the_report_shows_it(tmp_path: Path, text: str, until: int, expected: int | str) -> None:
    """A time of day is the one in the incident's window, where there is one; with a day it is that day's."""
    events = tmp_path / "events.parquet"
    told = {"retroline.since_ns": str(T0), "retroline.until_ns": str(T0 + until * SECOND)}
    log_query.pq.write_table(pa.table({"event_id": pa.array([], pa.string())}).replace_schema_metadata(told), events)

    if isinstance(expected, int):
        assert around(events, text, 0) == expected
    else:
        with pytest.raises(ConfigError, match=expected):
            around(events, text, 0)
