"""The notebook that ships runs from top to bottom on the shipped incident."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of the notebook runs; it shows the milestones, a picture, and exports three files."""
    folder = tmp_path / "incident"
    saved = str(ROOT / "fixtures" / "incident-c")
    subprocess.run([sys.executable, "-m", "retroline", "collect", "--from", saved, "--out", str(folder), "--format", "none"], check=True)
    monkeypatch.setenv("RETROLINE_INCIDENT", str(folder))
    notebook = nbformat.read(ROOT / "fixtures" / "analysis.ipynb", as_version=4)

    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()

    outputs = [str(cell.get("outputs", "")) for cell in notebook.cells]
    assert any("mitigation_started" in text for text in outputs)
    assert any("image/png" in text for text in outputs)
    assert "events.csv" in outputs[-1]
    assert "KeyError" in outputs[7]
