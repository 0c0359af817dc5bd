"""Texts that wait as places in their evidence: what is written is the same as if they had waited themselves."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from retroline.collectors import compiled
from retroline.collectors.evidence import Evidence, indexes
from retroline.collectors.kubernetes import log_lines
from retroline.collectors.window import Window, rfc3339
from retroline.timeline import line_held
from retroline.timeline.evidence import batches, read_evidence
from retroline.timeline.line_store import KERNELS, LineStore

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0 + 5 * SECOND, T0 + 600 * SECOND)
LINES, PODS = 9_000, 3
SAID = ("INFO served in 17 ms", "ERROR no answer: caf\u00e9", "", "  at Shop.java:7", "2026-11-21T01:20:30.5Z own stamp", "WARN slow \x1b[31m path")
COLOURED = 3_000


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of some pods, one of them packed, one saved twice; some lines are shown otherwise than they were received."""
    folder, rng = tmp_path_factory.mktemp("places"), random.Random(7)  # noqa: S311 - no secret
    saved = Evidence(folder / "evidence", "run", "kubernetes", lambda: "2026-11-21T02:00:00Z")
    for pod in range(PODS):
        body = "".join(
            f"{rfc3339(T0 + i * SECOND // 20 + rng.randrange(9))} {rng.choice(SAID[: -1 if i > COLOURED else None])}\n" for i in range(LINES)
        ).encode()
        about = {"namespace": "shop", "pod": f"web-{pod}", "container": "app", "timestamps": "true"}
        for copy in range(1 + (pod == 1)):
            saved.save(f"logs/shop/web-{pod}/{copy}/app", "log", body, suffix=".log.zst" if pod == 2 else ".log", about=about)
    return folder / "evidence"


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each log is many batches."""
    monkeypatch.setattr(log_lines, "BLOCK_BYTES", 20_000)


def written(evidence: Path, place: Path) -> tuple[bytes, list[Path]]:
    """What is written of the lines, and which files held them meanwhile."""
    store = LineStore(place)
    read_evidence(evidence, WINDOW, store)
    store._waiting.end()
    held = sorted(place.glob(".lines*"))
    store.write(place / "lines.parquet")
    assert sorted(place.iterdir()) == [place / "lines.parquet"]
    return (place / "lines.parquet").read_bytes(), held


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("held_bytes", [-1, 500_000, 1 << 20, 2 << 20])
def test_nothing_else_is_written(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_bytes: int) -> None:
    """However much is held in memory, and whether some of it waits as places."""
    (tmp_path / "all").mkdir()
    whole, none = written(evidence, tmp_path / "all")
    monkeypatch.setattr(line_held, "HELD_BYTES", held_bytes)
    (tmp_path / "few").mkdir()

    found, files = written(evidence, tmp_path / "few")

    assert not none
    assert len(files) == 1 + (KERNELS.module() is not None) or held_bytes > 1 << 20
    assert found == whole


def test_places_are_followed_without_kernels(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where kernels read, and those that write cannot be had."""
    (tmp_path / "all").mkdir()
    whole, _ = written(evidence, tmp_path / "all")
    (tmp_path / "few").mkdir()
    store = LineStore(tmp_path / "few")
    monkeypatch.setattr(line_held, "HELD_BYTES", -1)
    pytest.importorskip("numba")

    with compiled.loaded("always"):
        read_evidence(evidence, WINDOW, store)
    store.write(tmp_path / "few" / "lines.parquet")

    assert (tmp_path / "few" / "lines.parquet").read_bytes() == whole


def test_batches_that_were_read_before_the_evidence_was_moved(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their texts are looked for where the evidence is now."""
    (tmp_path / "all").mkdir()
    whole, _ = written(evidence, tmp_path / "all")
    (tmp_path / "few").mkdir()
    pytest.importorskip("numba")
    shutil.copytree(evidence, tmp_path / "before")
    store = LineStore(tmp_path / "few")
    monkeypatch.setattr(line_held, "HELD_BYTES", -1)

    with compiled.loaded("always"):
        kept = {reply.ref: list(batches(reply)) for index in indexes(tmp_path / "before") for reply in index.replies}
        (tmp_path / "before").rename(tmp_path / "now")
        read_evidence(tmp_path / "now", WINDOW, store, kept)
        store.write(tmp_path / "few" / "lines.parquet")

    assert (tmp_path / "few" / "lines.parquet").read_bytes() == whole


@pytest.mark.parametrize("size", [0, 100_000])
def test_evidence_that_became_shorter_is_told(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Nothing is looked for beyond a file's end."""
    pytest.importorskip("numba")
    copied = tmp_path / "evidence"
    shutil.copytree(evidence, copied)
    monkeypatch.setattr(line_held, "HELD_BYTES", -1)
    store = LineStore(tmp_path)
    with compiled.loaded("always"):
        read_evidence(copied, WINDOW, store)
    for log in copied.rglob("*.log"):
        os.truncate(log, size)

    with pytest.raises(OSError, match="shorter"):
        store.write(tmp_path / "lines.parquet")
    store.close()


def test_evidence_that_is_gone_is_told(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was to be looked at once more and is not there raises OSError, and leaves nothing behind that looks whole."""
    pytest.importorskip("numba")
    moved = tmp_path / "evidence"
    moved.symlink_to(evidence)
    monkeypatch.setattr(line_held, "HELD_BYTES", -1)
    store = LineStore(tmp_path)
    with compiled.loaded("always"):
        read_evidence(moved, WINDOW, store)
    moved.unlink()

    with pytest.raises(FileNotFoundError):
        store.write(tmp_path / "lines.parquet")
    store.close()
