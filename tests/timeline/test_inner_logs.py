"""Saved logs without the runtime's stamps: read by what their programs wrote, whatever the format."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas
import pytest
import retroline
from click.testing import CliRunner, Result
from retroline.cli import cli
from retroline.collectors.errors import ConfigError

LOGS = {
    "klog": "I1120 10:00:00.125000       1 main.go:42] started\ngoroutine 1 [running]:\nW1120 10:00:02.500000       1 main.go:43] slow\n",
    "python": "2026-11-20 10:00:00,125 INFO shop: started\n  more of it\n2026-11-20 10:00:02,500 WARNING shop: slow\n",
    "nginx": '10.0.0.4 - ann [20/Nov/2026:11:00:00 +0100] "GET / HTTP/1.1" 200 17\nno time here\n'
    '10.0.0.4 - - [20/Nov/2026:10:00:02 +0000] "GET /a HTTP/1.1" 503 1\n',
    "json": '{"level":"info","ts":1795168800.125,"msg":"started"}\n{"msg":"no time"}\n{"level":"warn","ts":1795168802.5,"msg":"slow"}\n',
    "syslog": "<34>Nov 20 10:00:00 node7 app: started\n\tat x\n<34>Nov 20 10:00:02 node7 app: slow\n",
}
AT = 1_795_168_800_000_000_000
SECONDS, WIDTH_NS = {"nginx", "syslog"}, {"klog": 1_000, "json": 100_000_000}
ZONED = {"nginx", "json"}


@pytest.mark.parametrize("name", LOGS)
def test_lines_have_their_own_instants(name: str, tmp_path: Path) -> None:
    """Each line is where its program says, as exactly as it says; a line that says nothing is where the line before is."""
    saved, incident = tmp_path / "saved", tmp_path / "incident"
    saved.mkdir()
    (saved / f"{name}.log").write_text(LOGS[name], "utf-8")
    window = ("--since", "2026-11-20T09:30:00Z", "--until", "2026-11-20T10:30:00Z")

    ran = CliRunner().invoke(cli, ["collect", "--from", str(saved), "--out", str(incident), *window])

    assert ran.exit_code == 0, ran.output
    lines = retroline.load(str(incident)).lines.reset_index()
    first, last, width_ns = (AT, AT + 2 * 10**9, 10**9) if name in SECONDS else (AT + 125_000_000, AT + 2_500_000_000, WIDTH_NS.get(name, 1_000_000))
    assert [at.value for at in lines["at"]] == [first, first, last]
    assert lines["text"].tolist() == LOGS[name].splitlines()
    assert lines["after_ns"].tolist()[:2] == [width_ns] * 2
    assert ("read as UTC" in ran.output) == (name not in ZONED)


MILL = """
[[stamps.layout]]
name = "mill"
pattern = '^mill (?P<day>[0-9]+)[.](?P<month>[0-9]+)[.](?P<year>[0-9]{4}) (?P<hour>[0-9]+)h(?P<minute>[0-9]{2})'
sample = "mill 20.11.2026 10h05 turning"
expected = 2026-11-20T10:05:00Z
"""
BERLIN = f'[stamps]\nzone = "Europe/Berlin"\n{MILL}'
SAVED = {
    "shop.log": "2026-10-25 01:59:59,500 INFO shop: last of summer\n2026-10-25 02:30:00,000 INFO shop: one of two\n  more of it\n"
    "2026-10-25 03:00:00,125 INFO shop: winter\n",
    "mill.log": "mill 25.10.2026 04h05 turning\nno time here\nmill 25.10.2026 04h06 turning\n",
    "both.log": "2026-10-25T03:07:00.250000000Z 2026-10-25 04:07:00,125 INFO shop: on its node\n2026-10-25T03:08:00.250000000Z mill 25.10.2026 04h08 turning\n",
}
HOUR_NS = 3_600 * 10**9


def collected(folder: Path, config: str, *args: str, saved: Mapping[str, str] = SAVED) -> Result:
    (folder / "saved").mkdir(exist_ok=True)
    for name, text in saved.items():
        (folder / "saved" / name).write_text(text, "utf-8")
    (folder / "retroline.toml").write_text(config, "utf-8")
    paths = ("--from", str(folder / "saved"), "--config", str(folder / "retroline.toml"), "--out", str(folder / "incident"))
    return CliRunner().invoke(cli, ["collect", *paths, *args])


def lines(folder: Path) -> list[tuple[str, str | None, int, str]]:
    """Instant, the program's own, how much later it may have been, text."""
    frame = retroline.load(str(folder)).lines.reset_index()
    rows = zip(frame["at"], frame["app_at"], frame["after_ns"], frame["text"], strict=True)
    return [(f"{at:%H:%M:%S.%f}"[:12], None if app is pandas.NaT else f"{app:%H:%M:%S.%f}"[:12], after, text) for at, app, after, text in rows]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_logs_in_local_time(tmp_path: Path) -> None:
    """Lines without a zone are in the configured one, which is said; an hour that comes twice is an interval; own layouts count; so for the second clock."""
    ran = collected(tmp_path, BERLIN)

    assert ran.exit_code == 0, ran.output
    assert lines(tmp_path / "incident") == [
        ("23:59:59.500", "23:59:59.500", 10**6, "2026-10-25 01:59:59,500 INFO shop: last of summer"),
        ("00:30:00.000", "00:30:00.000", HOUR_NS + 10**6, "2026-10-25 02:30:00,000 INFO shop: one of two"),
        ("00:30:00.000", None, HOUR_NS + 10**6, "  more of it"),
        ("02:00:00.125", "02:00:00.125", 10**6, "2026-10-25 03:00:00,125 INFO shop: winter"),
        ("03:05:00.000", "03:05:00.000", 60 * 10**9, "mill 25.10.2026 04h05 turning"),
        ("03:05:00.000", None, 60 * 10**9, "no time here"),
        ("03:06:00.000", "03:06:00.000", 60 * 10**9, "mill 25.10.2026 04h06 turning"),
        ("03:07:00.250", "03:07:00.125", 1, "2026-10-25 04:07:00,125 INFO shop: on its node"),
        ("03:08:00.250", "03:08:00.000", 1, "mill 25.10.2026 04h08 turning"),
    ]
    coverage = retroline.load(str(tmp_path / "incident")).coverage
    assert [text for text in coverage["detail"] if isinstance(text, str)] == [
        f"{name}.log: lines that name no zone were read as Europe/Berlin" for name in ("mill", "shop")
    ]


def test_a_build_elsewhere_is_the_same(tmp_path: Path) -> None:
    """The folder alone gives the same timeline, byte for byte, and keeps what it says when it is collected again without a configuration."""
    collected(tmp_path, BERLIN)
    held = files(tmp_path / "incident")
    moved = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "incident", moved)
    for table in moved.glob("*.parquet"):
        table.unlink()

    assert CliRunner().invoke(cli, ["build", str(moved)]).exit_code == 0
    assert files(moved) == held
    assert collected(tmp_path, "").exit_code == 0
    assert lines(tmp_path / "incident") == lines(moved)
    assert held["incident.toml"] == (tmp_path / "incident" / "incident.toml").read_bytes()


def test_another_zone_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """What is said last counts, the command line more than the configuration, and whoever collects is told."""
    collected(tmp_path, BERLIN)

    again = collected(tmp_path, '[stamps]\nzone = "UTC"\n', "--zone", "+01:00")

    assert 'incident.toml: stamps.zone is now "+01:00", it was "Europe/Berlin"' in again.stderr
    assert lines(tmp_path / "incident")[0][0] == "00:59:59.500"
    assert CliRunner().invoke(cli, ["build", str(tmp_path / "incident"), "--zone", "UTC"]).exit_code == 0
    assert lines(tmp_path / "incident")[0][0] == "01:59:59.500"


def test_an_incident_that_says_nothing_of_stamps(tmp_path: Path) -> None:
    """Its lines are read as UTC by the shipped layouts, and no line of `incident.toml` is new."""
    saved = {"shop.log": SAVED["shop.log"]}

    ran = collected(tmp_path, "", saved=saved)

    assert "shop.log: lines that name no zone were read as UTC (collect --zone says otherwise)" in ran.output
    assert [row[0] for row in lines(tmp_path / "incident")] == ["01:59:59.500", "02:30:00.000", "02:30:00.000", "03:00:00.125"]
    assert "stamps" not in (tmp_path / "incident" / "incident.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("config", "args", "sentence"),
    [
        ('[stamps]\nzone = "Mars/Olympus"\n', (), "retroline.toml: there is no zone 'Mars/Olympus': write UTC"),
        (MILL.replace("2026-11-20T10:05:00Z", "2026-11-20T10:06:00Z"), (), "retroline.toml: stamp layout 'mill': its sample"),
        (MILL.replace("[.]", "[", 1), (), "retroline.toml: stamp layout 'mill': its pattern does not compile"),
        ("", ("--zone", "CEST/x"), "--zone: there is no zone 'CEST/x'"),
    ],
)
def test_what_cannot_be_used_is_said_first(tmp_path: Path, config: str, args: tuple[str, ...], sentence: str) -> None:
    """A wrong zone or layout is one sentence, before anything is collected."""
    ran = collected(tmp_path, config, *args)

    assert isinstance(ran.exception, ConfigError) and sentence in str(ran.exception)
    assert not (tmp_path / "incident").exists()


def test_a_wrong_zone_ends_the_command(tmp_path: Path) -> None:
    """The command line says it in one sentence and exits with 2; so does a build whose folder says it."""
    collected(tmp_path, BERLIN)
    said = tmp_path / "incident" / "incident.toml"
    said.write_text(said.read_text("utf-8").replace("Europe/Berlin", "Europe/Atlantis"), "utf-8")

    ran = subprocess.run([sys.executable, "-m", "retroline", "build", str(tmp_path / "incident")], check=False, capture_output=True, text=True)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.endswith("incident.toml: there is no zone 'Europe/Atlantis': write UTC, an offset such as +02:00, or a name such as Europe/Paris\n")
