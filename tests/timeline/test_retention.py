"""Until when the rest can still be had: known or documented, and only of sources that were asked over the network."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest
from retroline.collectors.evidence import Reply
from retroline.collectors.window import SECOND_NS, Window
from retroline.normalize.stamps import instant_ns
from retroline.timeline.evidence import Read
from retroline.timeline.retention import retention_text, still_had
from retroline.timeline.rows import Fact

SINCE = instant_ns("2026-11-21T01:20:00Z") or 0
WINDOW = Window(SINCE, SINCE + 1800 * SECOND_NS)
LOGS = "pod logs while the pod lives, of each container also those before its last restart"


def read(*sources: str, received: str = "2026-11-21T02:00:00Z", kept: dict[str, Any] | None = None, **about: str) -> Read:
    replies = {s: Reply(s, "list", s, Path(s), about=about, received_at=received) for s in sources}
    facts = [Fact("prometheus", "context.retention", "prometheus", "p", "p", attributes=kept)] if kept else []
    return Read(facts, set(), [], pa.table({}), [], [], replies, dict.fromkeys(sources, True), {})


def test_every_live_source_has_one_line() -> None:
    """Each source that was asked is one sentence, with an instant where one follows from the window."""
    found = still_had(read("alertmanager", "kubernetes", "pagerduty", "prometheus", kept={"seconds": 1_296_000.0, "text": "15d or 10GiB"}), WINDOW)

    assert found == (
        "alertmanager: silences for 5 days after their end by default, all of the window until 2026-11-26 01:20:00 UTC; alerts only while they fire.",
        f"kubernetes: events for 1 h by default, the window's last until 2026-11-21 02:50:00 UTC; {LOGS}.",
        "pagerduty: incidents, at most 6 months in one query.",
        "prometheus: keeps samples for 15 d: the window can be asked again until 2026-12-06 01:20:00 UTC, sooner where 10GiB are full before.",
    )


def test_what_was_too_late_already_is_not_offered() -> None:
    """An instant that had passed when the source last answered is not told."""
    late = read("alertmanager", "kubernetes", "prometheus", received="2026-12-24T00:00:00Z", kept={"seconds": 1_296_000.0, "text": "15d"})

    assert still_had(late, WINDOW) == ("alertmanager: alerts only while they fire.", f"kubernetes: {LOGS}.")


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (None, ()),
        ({"seconds": 0.0, "text": "10GiB"}, ("prometheus: samples as long as its retention (10GiB) lets it; until when is not known.",)),
        ({"seconds": 1e12, "text": "31709y"}, ("prometheus: samples as long as its retention (31709y) lets it; until when is not known.",)),
    ],
)
def test_an_unknown_retention_gives_no_instant(kept: dict[str, Any] | None, said: tuple[str, ...]) -> None:
    """Prometheus' retention is told only as the server said it."""
    assert still_had(read("prometheus", kept=kept), WINDOW) == said


def test_saved_files_offer_nothing() -> None:
    """Neither files that were collected with `--from` nor the alert log of an Alertmanager that was not asked give a line."""
    assert still_had(read("files", reader="kubernetes"), WINDOW) == ()
    assert still_had(read("alertmanager", file="webhook.jsonl"), WINDOW) == ()


def test_a_source_that_never_answered_is_told() -> None:
    """What a source that was down could still give is told too."""
    nobody = Read([], set(), [], pa.table({}), [], [], {}, {"kubernetes": False}, {})

    assert "the window's last until 2026-11-21 02:50:00 UTC" in still_had(nobody, WINDOW)[0]


def test_the_list_is_harmless() -> None:
    """Text from outside cannot leave its line; without live sources there is no list."""
    told: Any = SimpleNamespace(told={"still": '["prometheus: <b>\\n| x"]'})

    assert retention_text(told) == "Still to be had:\n\n- prometheus: &lt;b&gt; \\| x"
    assert retention_text(cast("Any", SimpleNamespace(told={}))) == ""
