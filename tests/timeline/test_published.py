"""Published definitions: each from our milestones, blank with its publisher's reason, described as computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from retroline import load
from retroline.cli import cli
from retroline.collectors.errors import ConfigError
from retroline.timeline.milestones import NAMES, Milestone
from retroline.timeline.published import FIRST, LAST, PUBLISHED, chosen, durations_text, published
from retroline.timeline.timeline import Timeline

ROOT = Path(__file__).parents[2]
SECOND = 1_000_000_000


def mark(name: str, at_s: int) -> Milestone:
    return Milestone(name, at_s * SECOND, at_s * SECOND, at_s * SECOND, "test", (f"id-{name}",))


def ack(at_s: int, actor: str, agent_type: str = "user") -> dict[str, Any]:
    return {"event_id": f"ack-{at_s}", "kind": "page.acknowledged", "actor": actor, "at_ns": at_s * SECOND, "after_ns": SECOND, "agent_type": agent_type}


def change(kind: str) -> dict[str, Any]:
    return {"event_id": "id-change", "kind": kind, "actor": None, "at_ns": 0, "after_ns": 1, "agent_type": "user"}


STORY = [
    mark(n, 10 * i)
    for i, n in enumerate(("change", "impact", "detected", "paged", "acknowledged", "engaged", "notified_public", "mitigated", "recovered", "resolved"))
]
ACKS = [ack(40, "Ada"), ack(45, "Ada"), ack(50, "Bo"), ack(60, "a workflow", "service")]


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """The shipped incident."""
    place = tmp_path_factory.mktemp("published") / "x"
    with pytest.raises(SystemExit):
        cli.main(["collect", "--from", str(ROOT / "fixtures" / "incident-c"), "--out", str(place), "--format", "none"], standalone_mode=False)
    return load(place)


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("firehydrant", {"MTTD": 10, "MTTA": 30, "MTTM": 70, "MTTR": 80}),
        ("datadog", {"Customer Impact Duration": 70, "Time to Detect": 10, "Time to Repair": 60, "Time to Resolve": None}),
        ("azure", {"TTD": 10, "TTE": 30, "TTF": 30, "TTM": 70, "TTN": 50}),
        ("pagerduty", {"seconds_to_first_ack": 10, "seconds_to_mobilize": 20, "seconds_to_engage": 10, "seconds_to_resolve": 60}),
        ("dora", {"failed deployment recovery time": 80, "time to restore": 70}),
    ],
)
def test_each_publisher_measures_between_its_own_ends(profile: str, expected: dict[str, float | None]) -> None:
    """Every published duration is the time between the milestones that its definition names."""
    assert {d.name: d.best_s for d in published(STORY, ACKS) if d.profile == profile} == expected


def test_engagement_needs_two_people() -> None:
    """With one person who acknowledged, twice even, nobody else was mobilised: blank, and the reason is said."""
    found = {d.name: d for d in published(STORY, ACKS[:2])}

    assert [(found[n].best_s, found[n].why) for n in ("seconds_to_mobilize", "seconds_to_engage")] == [
        (None, "only one person acknowledged, so it is not defined")
    ] * 2
    assert found["seconds_to_first_ack"].best_s == 10


@pytest.mark.parametrize(("kind", "best"), [("change.deployed", 80), ("change.reported", 80), ("change.scaled", None), ("change.configured", None)])
def test_only_a_deployment_can_have_failed(kind: str, best: float | None) -> None:
    """DORA's recovery time is blank where the change was no deployment."""
    (found,) = [d for d in published(STORY, [change(kind)]) if d.name == "failed deployment recovery time"]

    assert (found.best_s, bool(found.why)) == (best, best is None)


def test_without_milestones_all_is_blank_with_its_reason() -> None:
    """Nothing known: every published duration is null and says why."""
    assert [d for d in published([]) if d.best_s is not None or not d.why] == []


def test_pairs_are_milestones() -> None:
    """Every end of every definition is one of our milestones, or a responder."""
    ends = {end for profile in PUBLISHED.values() for d in profile.values() if d.pair for end in d.pair}

    assert ends <= {*NAMES, FIRST, LAST}
    assert [d for profile in PUBLISHED.values() for d in profile.values() if (d.pair is None) != bool(d.why)] == []


def test_the_shipped_incident_side_by_side(timeline: Timeline) -> None:
    """All profiles of the shipped incident stand in one table: value with bounds, formula, evidence or the reason for a blank."""
    text = durations_text(timeline, ["all"])
    (found,) = [line for line in text.splitlines() if line.startswith("| azure | TTD ")]

    assert found.startswith("| azure | TTD | 30 s (19–54) | impact → detected | `")
    assert "| datadog | Time to Resolve | – | – | no source says when the incident was declared |" in text
    assert "| pagerduty | seconds_to_first_ack | 38 s | paged → acknowledged | `" in text


def test_profiles_are_chosen_by_name(timeline: Timeline) -> None:
    """Named profiles come in the order asked for, none named means ours, and a name that is none is refused with the names that are."""
    assert list(dict.fromkeys(d["profile"] for d in chosen(timeline, ["dora,impact", "azure"]))) == ["dora", "impact", "azure"]
    assert {d["profile"] for d in chosen(timeline)} == {"impact", "alert", "change"}
    with pytest.raises(ConfigError, match="no profile 'x'; the profiles are impact, alert, change, firehydrant"):
        chosen(timeline, ["x"])


def test_notebooks_name_a_published_profile(timeline: Timeline) -> None:
    """`durations("azure")` is a frame like that of a stored profile."""
    frame = timeline.durations("azure")

    assert list(frame["name"]) == ["TTD", "TTE", "TTF", "TTM", "TTN"]
    assert list(frame.columns) == list(timeline.durations("impact").columns)


def test_the_command(timeline: Timeline) -> None:
    """`retroline durations` prints the table of the profiles named."""
    result = CliRunner().invoke(cli, ["durations", str(timeline.places["events"].parent), "--profiles", "dora"])

    assert result.exit_code == 0
    assert result.stdout == durations_text(timeline, ["dora"])
    assert "impact | TTD" not in result.stdout


def table() -> Iterator[str]:
    """One row per published duration, as computed."""
    yield from ("| Profile | Duration | What its publisher measures | Ours |", "|---|---|---|---|")
    for profile, defined in PUBLISHED.items():
        for name, d in defined.items():
            yield f"| `{profile}` | {name} | {d.meaning} | " + (f"`{d.pair[0]}` → `{d.pair[1]}` |" if d.pair else f"blank: {d.why} |")


def test_published_definitions_are_described_as_computed(golden: Callable[[str, str], None]) -> None:
    """docs/definitions.md has the published definitions that the code computes with."""
    path = "docs/definitions.md"
    head, _, rest = (ROOT / path).read_text("utf-8").partition("<!-- published -->\n")

    golden(path, head + "<!-- published -->\n" + "".join(f"{line}\n" for line in table()) + "<!-- /published -->" + rest.partition("<!-- /published -->")[2])
