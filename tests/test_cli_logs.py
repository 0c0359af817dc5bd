"""`retroline logs` from outside: a tiny incident of one saved log."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from retroline.cli import cli
from retroline.collectors.errors import ConfigError
from retroline.terminal import options
from retroline.timeline import people

LOG = "".join(
    f"2026-11-21T01:{n // 60:02d}:{n % 60:02d}.000000001Z {text}\n" for n, text in enumerate(["INFO served 1"] * 90 + ["ERROR cannot pay 7", "INFO served 2"])
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built incident."""
    saved = tmp_path_factory.mktemp("saved")
    (saved / "logs" / "web-0").mkdir(parents=True)
    (saved / "logs" / "web-0" / "app.log").write_text(LOG, "utf-8")
    out = saved.parent / f"{saved.name}-out"
    result = CliRunner().invoke(cli, ["collect", "--from", str(saved), "--out", str(out), "--format", "none"])
    assert (out / "lines.parquet").is_file(), result.output
    return out


def asked(folder: Path, *options: str) -> list[str]:
    result = CliRunner().invoke(cli, ["logs", str(folder), *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.splitlines()


def test_lines(folder: Path) -> None:
    """Conditions combine; without any, all lines come."""
    assert len(asked(folder)) == 92
    assert [line[-18:] for line in asked(folder, "--severity", "error", "--grep", "pay", "--pod", "web")] == ["ERROR cannot pay 7"]
    assert len(asked(folder, "--around", "2026-11-21T01:01:30Z", "--seconds", "2")) == 4
    assert asked(folder, "--template", "served", "--limit", "2")[-1] == "… 89 more lines"


@pytest.mark.parametrize("wanted", [(), ("--templates",)])
def test_no_line(folder: Path, wanted: tuple[str, ...]) -> None:
    """That nothing fits is said beside the output, which stays empty or a table's head."""
    result = CliRunner().invoke(cli, ["logs", str(folder), "--grep", "nothing like it", *wanted])

    assert (result.exit_code, result.stderr, len(result.stdout.splitlines())) == (0, "no line fits\n", len(wanted))


def test_without_templates(folder: Path, tmp_path: Path) -> None:
    """`build --templates none` makes no templates, keeps to that, says so in report and coverage, and `logs` tells how to have them; lines are the same."""
    copied = shutil.copytree(folder, tmp_path / "copied")
    before = {path.name: path.read_bytes() for path in copied.glob("*.*")}
    build = ["build", str(copied), "--format", "none"]

    assert CliRunner().invoke(cli, [*build, "--templates", "none"]).exit_code == 0
    assert CliRunner().invoke(cli, build).exit_code == 0

    report = (copied / "timeline.md").read_text("utf-8")
    assert "templates of log lines were not looked for" in report
    assert "no event in this window; 92 records are kept, lines or samples" in report
    assert "left out" in pq.read_table(copied / "coverage.parquet")["reason"].to_pylist()
    assert len(asked(copied, "--severity", "error")) == 1
    for wanted in (["--templates"], ["--template", "served"]):
        result = CliRunner().invoke(cli, ["logs", str(copied), *wanted])
        assert isinstance(result.exception, ConfigError) and "--templates masks" in str(result.exception)
    assert CliRunner().invoke(cli, [*build, "--templates", "masks"]).exit_code == 0
    assert {path.name: path.read_bytes() for path in copied.glob("*.parquet")} == {name: held for name, held in before.items() if name.endswith(".parquet")}


def test_templates(folder: Path) -> None:
    """The table has the most frequent template first."""
    head, first, second = asked(folder, "--templates")

    assert first.split()[:2] == ["91", "info"] and first.endswith("INFO served *")
    assert second.endswith("ERROR cannot pay *")
    assert head.split()[0] == "lines"


def test_ways_to_templates() -> None:
    """The command offers what `incident.toml` takes."""
    assert options.TEMPLATES == people.TEMPLATES
