"""PagerDuty over recorded HTTP: nothing here reaches a network."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
import vcr
from retroline.collectors import pagerduty
from retroline.collectors.ask import Ask
from retroline.collectors.errors import Denied
from retroline.collectors.evidence import Evidence, indexes
from retroline.collectors.window import SECOND_NS, Window

CASSETTES = Path(__file__).parents[2] / "fixtures" / "pagerduty" / "cassettes"
WINDOW = Window(1_795_223_975 * SECOND_NS, 1_795_224_426 * SECOND_NS)
GIVEN = pagerduty.Settings(token="made-up-key")


class Patience(threading.Event):
    """Waits for nothing, but remembers how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return False


def tape(name: str) -> Any:
    return vcr.use_cassette(str(CASSETTES / name), record_mode="none", filter_headers=["authorization"])


def ask(folder: Path, patience: Patience | None = None) -> Ask:
    evidence = Evidence(folder, "run", "pagerduty", lambda: "2026-11-21T02:00:00Z")
    return Ask(WINDOW, evidence, time.monotonic() + 20, WINDOW.until_ns, cancelled=patience or threading.Event())


def test_whole_visit(tmp_path: Path) -> None:
    """One visit saves each answer; read again they tell the incident, with the notes in the log and on their own."""
    with tape("fetch.yaml") as cassette:
        pagerduty.fetch(GIVEN, ask(tmp_path))

    (index,) = indexes(tmp_path)
    found = [row for reply in index.replies for raw in pagerduty.read(reply) for row in raw.batch.to_pylist()]
    keys = {(row["kind"], row["thread"], row["edge"]) for row in found}
    assert cassette.all_played
    assert index.failures == ()
    assert len(index.replies) == 10
    assert all(reply.date and reply.asked_at for reply in index.replies)
    assert {kind: len({k for k in keys if k[0] == kind}) for kind in sorted({k[0] for k in keys} - {"page.notified", "page.changed"})} == {
        "page.acknowledged": 2,
        "page.resolved": 1,
        "page.triggered": 2,
        "note": 3,
        "change.reported": 3,
        "state.page": 2,
        "state.page_alert": 1,
    }
    assert ("made-up-key" in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())) is False


def test_throttled(tmp_path: Path) -> None:
    """A 429 is waited for as long as `ratelimit-reset` says."""
    patience = Patience()

    with tape("throttled.yaml"):
        found = pagerduty.probe(GIVEN, ask(tmp_path, patience))

    assert (found.reachable, found.permitted) == (True, True)
    assert patience.waits == [1.0, 1.0]


def test_refused(tmp_path: Path) -> None:
    """A 401 names the host and tells of the other region."""
    with tape("refused.yaml"), pytest.raises(Denied, match=r"refused by api\.pagerduty\.com; .*api\.eu\.pagerduty\.com"):
        pagerduty.fetch(GIVEN, ask(tmp_path))


@pytest.mark.parametrize("path", sorted(CASSETTES.glob("*.yaml")), ids=lambda p: p.stem)
def test_no_secret_on_tape(path: Path) -> None:
    """No cassette holds a token, a header that carries one, or the address of the machine it was recorded on."""
    text = path.read_text(encoding="utf-8").lower()

    assert not [word for word in ("token=", "bearer ", "authorization", "u+", "127.0.0.1", "localhost") if word in text]
