"""Archived incidents by time: the answer is that of opening every one of them, whatever the catalogue holds."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import retroline
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.errors import ConfigError
from retroline.normalize.tables import EVENTS
from retroline.timeline import catalogue
from retroline.timeline.catalogue import CATALOGUE, between

HOUR_NS = 3_600_000_000_000
T2026 = 1_795_224_000_000_000_000


def put(archive: Path, name: str, since_ns: int, until_ns: int, year: int = 2026) -> Path:
    """An incident of which only the events are there."""
    path = archive / "events" / f"year={year}" / f"incident={name}" / "part.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"retroline.id": name, "retroline.since_ns": str(since_ns), "retroline.until_ns": str(until_ns)}
    part = path.with_suffix(".new")
    pq.write_table(EVENTS.empty_table().replace_schema_metadata(told), part)
    part.replace(path)
    return path


def ids(archive: Path, since_ns: int | None = None, until_ns: int | None = None) -> list[str]:
    return [entry.id for entry in between(archive, since_ns, until_ns)]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five incidents of an hour each, one every second hour; the third is named out of order, the last in the year after."""
    for i, name in enumerate(("a", "b", "0", "d", "e")):
        put(tmp_path, name, T2026 + 2 * i * HOUR_NS, T2026 + (2 * i + 1) * HOUR_NS, 2027 if name == "e" else 2026)
    return tmp_path


def test_incidents_come_by_their_start(archive: Path) -> None:
    """Without ends all are there, oldest first, whatever their names; each opens its own tables."""
    found = between(archive)

    assert [(entry.id, entry.year) for entry in found] == [("a", 2026), ("b", 2026), ("0", 2026), ("d", 2026), ("e", 2027)]
    assert found[2].timeline.window.since_ns == T2026 + 4 * HOUR_NS
    assert found[2].timeline.places["lines"] == archive / "lines" / "year=2026" / "incident=0" / "part.parquet"


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five incidents of an hour each, one every second hour."""
    archive = tmp_path_factory.mktemp("hourly")
    for i in range(5):
        put(archive, str(i), T2026 + 2 * i * HOUR_NS, T2026 + (2 * i + 1) * HOUR_NS)
    return archive


@given(st.integers(-2, 12), st.integers(-2, 12))
def test_windows_are_half_open(hourly: Path, first: int, last: int) -> None:
    """An incident is in [since, until) if some instant of its own window is."""
    right = [str(i) for i in range(5) if 2 * i < last and 2 * i + 1 > first]

    assert ids(hourly, T2026 + first * HOUR_NS, T2026 + last * HOUR_NS) == (right if first < last else [])


def test_the_notebooks_door(archive: Path) -> None:
    """`retroline.archived` gives timelines; its instants are text or datetimes, and need a zone."""
    at = datetime.fromtimestamp(T2026 / 1e9, UTC)
    since, until = at + timedelta(hours=2), at + timedelta(hours=5)

    assert [timeline.id for timeline in retroline.archived(archive, since, until)] == ["b", "0"]
    assert [timeline.id for timeline in retroline.archived(str(archive), until=until.isoformat())] == ["a", "b", "0"]
    assert len(retroline.archived(archive)) == 5
    with pytest.raises(ConfigError, match="no instant with a zone"):
        retroline.archived(archive, "2026-11-21T01:20:00")


def test_a_second_question_opens_nothing_else(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once noted, windows are known without reading a file."""
    assert ids(archive, T2026, T2026 + HOUR_NS) == ["a"]

    monkeypatch.setattr(catalogue.pq, "read_metadata", lambda path: pytest.fail(f"{path} was read"))
    assert ids(archive, T2026 + 2 * HOUR_NS, T2026 + 5 * HOUR_NS) == ["b", "0"]


def test_what_changed_behind_its_back_is_seen(archive: Path) -> None:
    """An incident that was replaced, moved to another time, removed or added by any means is told as it is now."""
    assert ids(archive) == ["a", "b", "0", "d", "e"]

    old = put(archive, "x", T2026, T2026 + HOUR_NS).stat()
    shutil.rmtree(archive / "events" / "year=2026" / "incident=b")
    moved = put(archive, "a", T2026 + 40 * HOUR_NS, T2026 + 41 * HOUR_NS)
    os.utime(moved, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert ids(archive) == ["x", "0", "d", "e", "a"]
    assert ids(archive, T2026 + 40 * HOUR_NS) == ["a"]


@pytest.mark.parametrize("held", [b"", b"[]", b"{", b'{"year=2026/incident=a": 7}', b'{"a": [[1, 2, 3], [4, 5]]}', b"\xff" * 9])
def test_a_broken_catalogue_is_written_anew(archive: Path, held: bytes) -> None:
    """Whatever the file holds, the answer is right, and the file is as it should be afterwards."""
    ids(archive)
    good = (archive / CATALOGUE).read_bytes()
    (archive / CATALOGUE).write_bytes(held)

    assert ids(archive, T2026 + 6 * HOUR_NS) == ["d", "e"]
    assert json.loads((archive / CATALOGUE).read_bytes()) == json.loads(good)
    assert [p.name for p in archive.iterdir()] in (["events", CATALOGUE], [CATALOGUE, "events"])


def test_a_catalogue_that_cannot_be_written_is_done_without(archive: Path) -> None:
    """Where its place is taken by a folder, the question is answered and nothing is left lying about."""
    (archive / CATALOGUE).mkdir()

    assert ids(archive, T2026 + 6 * HOUR_NS) == ["d", "e"]
    assert sorted(p.name for p in archive.iterdir()) == [CATALOGUE, "events"]


def test_what_is_no_incident_is_left_out_or_said(archive: Path) -> None:
    """Folders without a file are no incidents; a file that is not ours, or none, is named."""
    (archive / "events" / "year=2026" / "incident=half").mkdir()
    (archive / "events" / "year=2026" / "notes.txt").write_text("hello")
    assert ids(archive) == ["a", "b", "0", "d", "e"]

    strange = archive / "events" / "year=2026" / "incident=half" / "part.parquet"
    pq.write_table(pa.table({"a": pa.array([1])}), strange)
    with pytest.raises(ConfigError, match="was not written by retroline"):
        ids(archive)
    strange.write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match="cannot be read"):
        ids(archive)
    with pytest.raises(ConfigError, match="there is no archive"):
        ids(archive / "none")
