"""The window of saved files that were given none."""

from __future__ import annotations

from pathlib import Path

import pytest
from retroline.collectors.errors import ConfigError
from retroline.collectors.evidence import Evidence
from retroline.normalize.stamps import instant_ns
from retroline.timeline.extent import extent

FIRST, LAST = "2026-11-21T01:19:00.500Z", "2026-11-21T01:40:00Z"
LOGS = {
    "stamped by the runtime": "2026-11-21T01:19:00.500000000Z up\n2026-11-21T01:20:00.000000000Z more\n2026-11-21T01:40:00.000000000Z down\n",
    "stamped by the program": "2026-11-21T01:19:00.5Z up\n  and more\n2026-11-21T01:40:00Z down\n",
    "stamped by Python": "2026-11-21 01:19:00,500 INFO up\n2026-11-21 01:40:00,000 INFO down\n",
}


def saved(folder: Path, log: str) -> Path:
    Evidence(folder, "run", "files", lambda: "2026-11-21T02:00:00Z").save("app.log", "log", log.encode(), suffix="", about={"reader": "kubernetes"})
    return folder


@pytest.mark.parametrize("log", LOGS)
def test_logs_tell_their_extent(tmp_path: Path, log: str) -> None:
    """It goes from the first to just after the last stamp, whoever wrote the stamps."""
    found, _ = extent(saved(tmp_path, LOGS[log]))

    assert (found.since_ns, found.until_ns) == (instant_ns(FIRST), (instant_ns(LAST) or 0) + 1)


def test_stamps_without_a_day_tell_none(tmp_path: Path) -> None:
    """A log whose stamps lack the year says nothing by itself: the window has to be given."""
    with pytest.raises(ConfigError, match="give --since and --until"):
        extent(saved(tmp_path, "I1121 01:19:00.500000       1 main.go:12] up\n"))
