"""Tests of `retroline stamps FILE`."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from retroline.cli import cli
from retroline.collectors.errors import ConfigError

LINES = b'2026-11-20 11:00:00,125 INFO ready\n    at Main.run\n{"ts":1795168800}\nNov 20 10:00:00 h a: \x1b]0;title\x07 \xff\n'


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["stamps", *args], catch_exceptions=False)


def test_each_line_with_its_instant_or_why_not(tmp_path: Path) -> None:
    """Every line is shown with number, instant, layout and zone, or with the reason, and is harmless for a terminal."""
    path = tmp_path / "app.log"
    path.write_bytes(LINES)

    shown = run(str(path), "--zone", "Europe/Paris").stdout.splitlines()

    assert shown[1].split()[:5] == ["1", "2026-11-20T10:00:00.125Z", "iso", "Europe/Paris", "2026-11-20"]
    assert "no layout fits" in shown[2]
    assert "2026-11-20T10:00:00Z" in shown[3] and "json ts: epoch" in shown[3]
    assert "syslog fits, but gives no valid or no complete time" in shown[4]
    assert "\x1b" not in "".join(shown) and "\x07" not in "".join(shown)


def test_the_window_settles_the_year(tmp_path: Path) -> None:
    """With --since and --until a line without a year has an instant; a compressed file is read as well."""
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(LINES))

    settled = run(str(path), "--since", "2026-11-20T09:00:00Z", "--until", "2026-11-20T11:00:00Z")
    shown = settled.stdout.splitlines()

    assert "2026-11-20T10:00:00Z" in shown[4] and " syslog " in shown[4]
    assert settled.stderr == ""
    assert run(str(path)).stderr == "1 of 4 lines may lack a year or a date: --since and --until settle it\n"


def test_configured_layouts(tmp_path: Path) -> None:
    """Layouts and the zone of retroline.toml are used; what cannot be read or used is one sentence."""
    path, config = tmp_path / "mill.log", tmp_path / "r.toml"
    path.write_text("mill 20.11.2026/11h00 turning\n")
    table = "[[stamps.layout]]\nname = 'mill'\npattern = '^mill (?P<day>[0-9]+)[.](?P<month>[0-9]+)[.](?P<year>[0-9]+)/(?P<hour>[0-9]+)h(?P<minute>[0-9]+)'\n"
    config.write_text("[stamps]\nzone = '+01:00'\n" + table + "sample = 'mill 20.11.2026/10h00'\nexpected = '2026-11-20T10:00:00Z'\n")

    assert "2026-11-20T10:00:00Z" in run(str(path), "--config", str(config)).stdout.splitlines()[1]
    config.write_text(table)
    with pytest.raises(ConfigError, match="lacks sample, expected"):
        run(str(path), "--config", str(config))
    with pytest.raises(ConfigError, match="cannot read"):
        run(str(tmp_path / "none.log"))


@pytest.mark.parametrize(
    "pattern", ["^(?=m)mill (?P<epoch_s>[0-9]+)", "^mill (?P<epoch_s>[0-9]++)", "^(mill|x) (?P<epoch_s>[0-9]+)", "^[[]?mill (?P<epoch_s>[0-9]+)"]
)
def test_a_pattern_that_is_read_in_two_ways_is_refused(tmp_path: Path, pattern: str) -> None:
    """What only one of the two engines takes, or would take in another way, is said before a line is read."""
    path, config = tmp_path / "mill.log", tmp_path / "r.toml"
    path.write_text("mill 1795223400 turning\n")
    config.write_text(f"[[stamps.layout]]\nname = 'mill'\npattern = '{pattern}'\nsample = 'mill 1'\nexpected = '1970-01-01T00:00:01Z'\n")

    with pytest.raises(ConfigError, match="does not compile"):
        run(str(path), "--config", str(config))


def test_long_lines_are_passed_over(tmp_path: Path) -> None:
    """A line of megabytes is one line of the listing, and the next is read."""
    path = tmp_path / "long.log"
    path.write_bytes(b"2026-11-20 10:00:00 " + b"x" * 3_000_000 + b"\n2026-11-20 10:00:01 y\n")

    shown = run(str(path)).stdout.splitlines()

    assert len(shown) == 3 and len(shown[1]) < 300 and "10:00:01Z" in shown[2]
