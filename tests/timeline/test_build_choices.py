"""How an incident is built, as `incident.toml` keeps it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors.errors import ConfigError
from retroline.normalize.stamp_settings import AS_SHIPPED, StampSettings
from retroline.timeline.build_choices import set_build, stamps_for
from retroline.timeline.people import FILE, read_people
from retroline.timeline.toml_text import put_tables

FRAME = '[window]\nsince = "2026-11-21T01:00:00Z"\nuntil = "2026-11-21T02:00:00Z"   # as told\n'
NOTE = '\n[[note]]   # ours\nat = "2026-11-21T01:22:00Z"\ntext = """\n[[not.a.table]]"""\n'
LAYOUT = """
[[stamps.layout]]
name = "x"
pattern = "^x (?P<epoch_s>[0-9]+)"
sample = "x 1795168800"
expected = "2026-11-20T10:00:00Z"

# mine
"""
MILL = {"name": "mill", "pattern": "^mill (?P<epoch_s>[0-9]+)", "sample": "mill 1795168800", "expected": "2026-11-20T10:00:00Z"}
OTHER = MILL | {"name": "other", "pattern": "^other (?P<epoch_s>[0-9]+)", "sample": "other 1795168800"}


def written(folder: Path, text: str = FRAME) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def test_an_older_incident_is_read_as_shipped(tmp_path: Path) -> None:
    """A folder that says nothing of stamps has UTC and the shipped layouts, and nothing is written into it unasked."""
    folder = written(tmp_path)

    assert set_build(folder, None, None, {}) == []
    assert read_people(folder).stamps == AS_SHIPPED
    assert (folder / FILE).read_text("utf-8") == FRAME


@pytest.mark.parametrize("held", ["", '\n[stamps] # held\nzone = "UTC" # by me\n', LAYOUT])
@pytest.mark.parametrize("said", [{"zone": "Europe/Berlin"}, {"layout": [MILL, OTHER]}, {"zone": "+02:00", "layout": [MILL]}, {"layout": []}])
def test_what_is_said_is_kept(tmp_path: Path, held: str, said: Mapping[str, Any]) -> None:
    """What the configuration says takes the place of what the folder said; what it does not say, and all else, stays."""
    folder = written(tmp_path, FRAME + held + NOTE)
    before = tomllib.loads((folder / FILE).read_text("utf-8"))
    expected = stamps_for(folder, said)

    told = set_build(folder, None, None, said)

    text = (folder / FILE).read_text("utf-8")
    after = tomllib.loads(text)
    assert read_people(folder).stamps == expected
    assert {k: v for k, v in after.items() if k != "stamps"} == {k: v for k, v in before.items() if k != "stamps"}
    assert {k: v for k, v in {**before.get("stamps", {}), **said}.items() if v} == {k: v for k, v in after.get("stamps", {}).items() if v}
    assert [*(remark for remark in ("# as told", "# ours", "# mine") if remark in FRAME + held + NOTE and remark not in text)] == []
    assert len(told) == sum(key in before.get("stamps", {}) for key in said)
    assert set_build(folder, None, None, said) == [] and (folder / FILE).read_text("utf-8") == text


def test_a_change_is_told(tmp_path: Path) -> None:
    """Whoever wrote a zone into the folder learns that the configuration replaced it."""
    folder = written(tmp_path, f'{FRAME}\n[stamps]\nzone = "UTC"\n')

    (told,) = set_build(folder, None, None, {"zone": "Asia/Tokyo"})

    assert told == f'{folder / FILE}: stamps.zone is now "Asia/Tokyo", it was "UTC"'


@pytest.mark.parametrize("held", ['stamps = { zone = "UTC" }\n' + FRAME, FRAME + '\n[stamps]\nzone = """UTC"""\n', 'stamps.zone = "UTC"\n' + FRAME])
def test_what_cannot_be_edited_is_said(tmp_path: Path, held: str) -> None:
    """A table written in a way that has no place to edit is left as it is."""
    folder = written(tmp_path, held)

    with pytest.raises(ConfigError, match="cannot be edited in place"):
        set_build(folder, None, None, {"zone": "Asia/Tokyo"})

    assert (folder / FILE).read_text("utf-8") == held


def test_settings_before_there_is_an_incident(tmp_path: Path) -> None:
    """A folder that is none yet is read as the configuration says; one that is, as it says where the configuration does not."""
    assert stamps_for(tmp_path, {"zone": "Asia/Tokyo"}) == StampSettings("Asia/Tokyo")
    assert stamps_for(written(tmp_path, f'{FRAME}\n[stamps]\nzone = "UTC"\n'), {"zone": "Asia/Tokyo"}).zone == "Asia/Tokyo"
    assert stamps_for(written(tmp_path, f'{FRAME}\n[stamps]\nzone = "+01:00"\n'), {}).zone == "+01:00"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("stamps = 3", r"stamps must be a table, written \[stamps\]"),
        ("[stamps]\nzones = 'UTC'", "there is no stamps.zones; known are zone, layout"),
        ("[stamps]\nzone = 2", "stamps.zone must be text"),
        ("[stamps]\nzone = 'Mars/Olympus'", "there is no zone 'Mars/Olympus': write UTC"),
        ("[stamps]\nlayout = 'x'", r"written \[\[stamps.layout\]\]"),
        ("[[stamps.layout]]\nname = 'x'", "lacks pattern, sample, expected"),
        ("[[stamps.layout]]\nname = 'x'\npattern = '^x (?P<epoch_s>[0-9]+)'\nsample = 'x 7'\nexpected = '1970-01-01T00:00:08Z'", "its sample 'x 7' gives"),
        ("[[stamps.layout]]\nname = 'x'\npattern = '^x (?P<epoch_s>[0-9]+)'\nsample = 'x 7'\nexpected = 'noon'", "'noon' is no instant"),
        ("[[stamps.layout]]\nname = 'x'\npattern = '^x (?P<epoch_s>[0-9]+)'\nsample = 'x 7'\nexpected = 7\nzone = 'Mars'", "there is no zone 'Mars'"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, table: str, sentence: str) -> None:
    """A wrong zone or layout in `incident.toml` is one sentence that names the file."""
    folder = written(tmp_path, f"{table}\n{FRAME}")

    with pytest.raises(ConfigError, match=sentence) as raised:
        read_people(folder)

    assert str(raised.value).startswith(f"{folder / FILE}: ")


def test_no_layouts_leave_the_text() -> None:
    """Where there were none and are to be none, only what stands at the end is tidied."""
    assert put_tables(f"{FRAME}{NOTE}\n\n", "stamps.layout", []) == f"{FRAME}{NOTE}"
