"""Labelled logs on disk are read as they are published, and scored."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TSV = "E1\tuser 7 left\nE1\tuser 8 left\nE2\t  disk\tfull\n"
CSV = 'LineId,Content,EventId,EventTemplate\n1,"say ""hi"", 7",E1,"say ""hi"", <*>"\n2,over,E2,over\n'


@pytest.fixture
def grouping(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, found as the script finds it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("grouping")


def test_both_forms_are_read(grouping: ModuleType, tmp_path: Path) -> None:
    """Lines stay as they are, blanks, tabs and quotes included; sets are named by their files."""
    (tmp_path / "Deep").mkdir()
    (tmp_path / "Deep" / "Shop_2k.log_structured.csv").write_text(CSV)
    (tmp_path / "Disk.tsv").write_text(TSV)
    (tmp_path / "empty.tsv").write_text("")
    csv, tsv = grouping.labelled_files(tmp_path)

    assert (csv.name, csv.lines, csv.labels) == ("Shop", ('say "hi", 7', "over"), ("E1", "E2"))
    assert (tsv.name, tsv.lines, tsv.labels) == ("Disk", ("user 7 left", "user 8 left", "  disk\tfull"), ("E1", "E1", "E2"))


def test_the_table(grouping: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each set has a row with its size and its score, and the last row is the mean."""
    (tmp_path / "Disk.tsv").write_text(TSV)
    monkeypatch.setattr("sys.argv", ["labelled_logs.py", "--labelled", str(tmp_path)])
    monkeypatch.setattr(grouping, "drain3_groups", lambda lines, masks: None if masks else [0] * len(lines))
    grouping.main()

    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [["Disk", "3", "2", "1.000", "0.000"], ["mean", "1.000", "0.000"]]


def test_nothing_to_measure(grouping: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without labelled logs is wrong usage."""
    monkeypatch.setattr("sys.argv", ["labelled_logs.py", "--labelled", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        grouping.main()

    assert ended.value.code == 2
