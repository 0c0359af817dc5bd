"""The archive: add, list, find, replace; DuckDB and pandas read it as it lies there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from retroline.collectors.errors import ConfigError
from retroline.collectors.window import Window, rfc3339
from retroline.normalize.tables import LINES, SAMPLES
from retroline.timeline import archive
from retroline.timeline.build import Built
from retroline.timeline.durations import durations
from retroline.timeline.folder import _write_tables
from retroline.timeline.identity import named
from retroline.timeline.listing import listing
from retroline.timeline.milestones import Milestone
from retroline.timeline.people import People
from retroline.timeline.rows import Row
from retroline.timeline.story import Scope
from retroline.timeline.timeline import TABLES, Timeline, load

SECOND = 1_000_000_000
T2026 = 1_795_224_000 * SECOND
T2025 = T2026 - 365 * 86_400 * SECOND


def incident(folder: Path, name: str, at_ns: int = T2026, titles: tuple[str, ...] = ("one",)) -> Timeline:
    folder.mkdir()
    rows = named(Row("note", at_ns + i, t, "people", "people", t, labels={"k": "v"}) for i, t in enumerate(titles))
    marks = [Milestone("impact", at_ns, at_ns, at_ns, "test", ("a",)), Milestone("detected", at_ns + 30 * SECOND, None, None, "test", ("b",))]
    window = Window(at_ns, at_ns + 3600 * SECOND)
    built = Built(People(name, window), Scope(frozenset({"sh\x1bop"}), ""), rows, marks, durations(marks), [], SAMPLES.empty_table(), {}, [], {})
    _write_tables(folder, built)
    pq.write_table(
        pa.Table.from_pylist([{"at": at_ns, "text": "a line", "correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}], LINES),
        folder / "lines.parquet",
    )
    return load(folder)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An archive of two incidents in two years."""
    place = tmp_path / "archive"
    archive.add(place, incident(tmp_path / "a", "20261121T0119Z", titles=("one", "two")))
    archive.add(place, incident(tmp_path / "b", "checkout-42", T2025))
    return place


def files(place: Path) -> list[str]:
    return sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())


def test_every_table_is_a_dataset(store: Path) -> None:
    """Each table lies under its own folder, by year and incident, and no temporary file is left."""
    assert files(store) == sorted(f"{t}/{p}/part.parquet" for t in TABLES for p in ("year=2025/incident=checkout-42", "year=2026/incident=20261121T0119Z"))


def test_incidents_are_listed_oldest_first(store: Path) -> None:
    """Entries carry id, year and a timeline that can be opened."""
    found = list(archive.entries(store))

    assert [(e.id, e.year, len(e.timeline.events)) for e in found] == [("checkout-42", 2025, 1), ("20261121T0119Z", 2026, 2)]


def test_the_list_has_durations_and_no_control_signs(store: Path) -> None:
    """The listing has one line per incident with its durations; unknown is a dash."""
    head, first, second = (line.split() for line in listing(archive.entries(store)).splitlines())

    assert head[0] == "INCIDENT"
    assert first == ["checkout-42", rfc3339(T2025, 0), "1", "h", "sh", "op", "30", "s", "–", "–", "–"]
    assert second[0] == "20261121T0119Z"


def test_an_incident_is_found_by_its_id(store: Path) -> None:
    """The archived timeline is the one that was added."""
    assert list(archive.find(store, "20261121T0119Z").events["title"]) == ["one", "two"]


@pytest.mark.parametrize("wrong", ["nothing", "../a", ""])
def test_an_unknown_id_is_named(store: Path, wrong: str) -> None:
    """An id that is not there is a ConfigError that says what is."""
    with pytest.raises(ConfigError, match="it holds 20261121T0119Z, checkout-42"):
        archive.find(store, wrong)


def test_an_archive_that_is_not_there_is_told_from_an_empty_one(tmp_path: Path) -> None:
    """Listing or searching where nothing was ever added says how an archive begins; one without incidents holds none."""
    for look in (lambda: list(archive.entries(tmp_path / "none")), lambda: archive.find(tmp_path / "none", "x")):
        with pytest.raises(ConfigError, match=r"there is no archive at .*none"):
            look()
    (tmp_path / "bare" / "events").mkdir(parents=True)
    with pytest.raises(ConfigError, match="it holds none"):
        archive.find(tmp_path / "bare", "x")


def test_a_disk_that_fills_up_leaves_nothing_half_done(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a copy fails in the middle, what was archived before stays and no partial file is left."""
    before = files(store)

    def fill(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fill)
    with pytest.raises(ConfigError, match="No space left"):
        archive.add(store, incident(tmp_path / "c", "20261121T0119Z", titles=("three",)))

    assert files(store) == before


def test_adding_again_replaces(store: Path, tmp_path: Path) -> None:
    """A second add of an id takes the place of the first, also when it moved to another year."""
    before = files(store)

    archive.add(store, incident(tmp_path / "c", "20261121T0119Z", titles=("three",)))
    assert files(store) == before
    assert list(archive.find(store, "20261121T0119Z").events["title"]) == ["three"]

    archive.add(store, incident(tmp_path / "d", "20261121T0119Z", T2025, titles=("four",)))
    assert [(e.id, e.year) for e in archive.entries(store)] == [("20261121T0119Z", 2025), ("checkout-42", 2025)]


def test_adding_an_archived_timeline_again_keeps_it(store: Path) -> None:
    """An incident that is only in the archive may be added to it without harm."""
    archive.add(store, archive.find(store, "checkout-42"))

    assert len(archive.find(store, "checkout-42").events) == 1


def test_an_id_that_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    """An id with a slash is a ConfigError and writes nothing."""
    with pytest.raises(ConfigError, match="cannot name a folder"):
        archive.add(tmp_path / "archive", incident(tmp_path / "a", "../../up"))

    assert not (tmp_path / "archive").exists()


def test_an_archive_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A file where the archive should be is a ConfigError."""
    (tmp_path / "archive").write_text("")

    with pytest.raises(ConfigError, match="cannot write to the archive"):
        archive.add(tmp_path / "archive", incident(tmp_path / "a", "x"))


def test_duckdb_reads_it(store: Path) -> None:
    """DuckDB sees year and incident as columns, times as UTC, and can join the tables."""
    with duckdb.connect() as base:
        for name in ("events", "durations"):
            base.register(name, base.read_parquet(f"{store}/{name}/*/*/*.parquet", hive_partitioning=True))
        found = base.sql("""
            SELECT incident, year, count(*), min(epoch_ns(events.at)), any_value(best_s)
            FROM events JOIN durations USING (incident, year)
            WHERE name = 'TTD' AND profile = 'impact' GROUP BY ALL ORDER BY year""").fetchall()

    assert found == [("checkout-42", 2025, 1, T2025, 30.0), ("20261121T0119Z", 2026, 2, T2026, 30.0)]


@pytest.mark.parametrize("table", TABLES)
def test_pandas_reads_it(store: Path, table: str) -> None:
    """Each table is one frame in pandas, with the partitions as columns."""
    frame = pd.read_parquet(store / table)

    assert {"year", "incident"} <= set(frame.columns)
    assert table in ("samples", "coverage") or set(frame["incident"].astype(str)) == {"checkout-42", "20261121T0119Z"}


def test_an_incident_that_is_not_whole_is_not_archived(tmp_path: Path) -> None:
    """Where a table is missing nothing is written, and the table is named."""
    timeline = incident(tmp_path / "a", "20261121T0119Z")
    timeline.places["lines"].unlink()

    with pytest.raises(ConfigError, match=r"lines\.parquet is missing: run retroline build"):
        archive.add(tmp_path / "archive", timeline)

    assert not (tmp_path / "archive").exists()
