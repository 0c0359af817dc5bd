"""`incident.toml`: the frame that retroline writes, what people add, and what may be wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from retroline.collectors.errors import ConfigError
from retroline.collectors.window import Window
from retroline.normalize.stamps import instant_ns
from retroline.timeline.milestones import Milestone
from retroline.timeline.people import FILE, People, read_people, said_rows, with_people, write_people

WRITTEN = """\
# kept by hand
[incident]
id = "one"
service = "shop"   # ours

[window]
since = "2026-11-21T01:00:00Z"
until = "2026-11-21T02:00:00Z"   # as told on the phone

[[milestone]]
name = "mitigated"
at = "2026-11-21T01:24:57Z"
by = "Ada Example"

[[note]]
at = 2026-11-21T02:22:00+01:00
text = '''
called the payment provider
since = "long"'''

[[note]]
at = "2026-11-21T01:23:00.5Z"
text = "stop the rollout"
kind = "decision"
by = "Ada Example"

[durations]
time_to_rollback = ["detected", "mitigation_started"]
"""


def ns(text: str) -> int:
    at = instant_ns(text)
    assert at is not None
    return at


WINDOW = Window(ns("2026-11-21T01:00:00Z"), ns("2026-11-21T02:00:00Z"))


def written(folder: Path, text: str = WRITTEN) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def test_what_people_wrote_is_read(tmp_path: Path) -> None:
    """Frame, milestones, notes and own pairs come back as written."""
    people = read_people(written(tmp_path))

    assert (people.id, people.service, people.window) == ("one", "shop", WINDOW)
    assert people.milestones[0]["at_ns"] == ns("2026-11-21T01:24:57Z")
    assert [(n["kind"], n["at_ns"]) for n in people.notes] == [("note", ns("2026-11-21T01:22:00Z")), ("decision", ns("2026-11-21T01:23:00.5Z"))]
    assert people.own == {"time_to_rollback": ("detected", "mitigation_started")}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """A new file holds the whole frame."""
    people = People("x", WINDOW, "shop", ("payments",), ("files",), own={"mine": ("change", "resolved")})

    write_people(tmp_path, people)

    assert read_people(tmp_path) == people


def test_a_new_window_keeps_what_people_wrote(tmp_path: Path) -> None:
    """Asking for another window changes the two times and nothing else: comments, notes and order stay."""
    expected = WRITTEN.replace("01:00:00Z", "00:30:00Z").replace("02:00:00Z", "02:30:00.000000001Z")

    write_people(written(tmp_path), People("one", Window(ns("2026-11-21T00:30:00Z"), ns("2026-11-21T02:30:00Z") + 1)))

    assert (tmp_path / FILE).read_text("utf-8") == expected


def test_the_same_window_changes_nothing(tmp_path: Path) -> None:
    """Collecting again leaves the file byte for byte as it is."""
    write_people(written(tmp_path), People("one", WINDOW, "shop"))

    assert (tmp_path / FILE).read_text("utf-8") == WRITTEN


@pytest.mark.parametrize("since", ["2026-11-21T01:00:00Z", "2026-11-21 01:00:00+00:00", "'2026-11-21T01:00:00Z'"])
def test_a_window_in_other_toml_is_updated_too(tmp_path: Path, since: str) -> None:
    """Times written without quotes or in single quotes are brought up to date as well."""
    folder = written(tmp_path, f"[window]\nsince = {since} # hm\nuntil = 2026-11-21T02:00:00Z")

    write_people(folder, People("one", Window(WINDOW.since_ns - 1, WINDOW.until_ns + 1)))

    assert read_people(folder).window == Window(WINDOW.since_ns - 1, WINDOW.until_ns + 1)
    assert "# hm" in (folder / FILE).read_text("utf-8")


def test_a_window_that_cannot_be_edited_is_said(tmp_path: Path) -> None:
    """Where the window is written in a way that cannot be changed in place, the file stays and one sentence says so."""
    text = 'window = { since = "2026-11-21T01:00:00Z", until = "2026-11-21T02:00:00Z" }\n'

    with pytest.raises(ConfigError, match="its window is not the one asked for"):
        write_people(written(tmp_path, text), People("one", Window(WINDOW.since_ns, WINDOW.until_ns + 1)))

    assert (tmp_path / FILE).read_text("utf-8") == text


@pytest.mark.parametrize(
    "text",
    [WRITTEN, WRITTEN.replace('service = "shop"   # ours\n', ""), "[ incident ] # frame\n[window]\nsince=2026-11-21T01:00:00Z\nuntil=2026-11-21T02:00:00Z\n"],
)
def test_a_service_asked_for_is_written_down(tmp_path: Path, text: str) -> None:
    """`--service` on a later run takes the place of the one in the file."""
    write_people(written(tmp_path, text), People("one", WINDOW, 'pay"ments'))

    assert read_people(tmp_path).service == 'pay"ments'


def test_a_persons_word_wins_and_is_marked() -> None:
    """A stated milestone takes the place of the inferred one, with its author in the method and no rows as evidence."""
    inferred = Milestone("resolved", 5, 5, 6, "last page", ("abc",))
    people = People("x", WINDOW, milestones=({"name": "resolved", "at_ns": 9, "by": "Ada"}, {"name": "identified", "at_ns": 3}))

    found = {m.name: m for m in with_people([inferred], people)}

    assert (found["resolved"].best_ns, found["resolved"].method, found["resolved"].event_ids) == (9, "stated by Ada in incident.toml", ())
    assert found["identified"].method == "stated by a person in incident.toml"
    assert list(found) == ["identified", "resolved"]


@pytest.mark.parametrize(("stated", "best"), [({"detected_human": 3}, 3), ({"detected_human": 30}, 9), ({"detected_human": 3, "detected": 7}, 7)])
def test_detected_follows_what_people_say_of_its_parts(stated: dict[str, int], best: int) -> None:
    """The earlier of machine and human counts, with people's word in, unless somebody speaks of `detected` itself."""
    inferred = [Milestone(name, 9, 9, 10, "alert", ("abc",)) for name in ("detected_machine", "detected")]
    people = People("x", WINDOW, milestones=tuple({"name": name, "at_ns": at} for name, at in stated.items()))

    found = {m.name: m.best_ns for m in with_people(inferred, people)}

    assert found["detected"] == best


def test_notes_are_rows(tmp_path: Path) -> None:
    """Every note is a row of its kind by its author; the whole text is the body."""
    rows = said_rows(read_people(written(tmp_path)))

    assert [(r.kind, r.title, r.actor, r.service) for r in rows] == [
        ("note", "called the payment provider", None, "shop"),
        ("decision", "stop the rollout", "Ada Example", "shop"),
    ]
    assert len({(r.thread, r.edge) for r in rows}) == 2


FRAME = "[window]\nsince = 2026-11-21T01:00:00Z\nuntil = 2026-11-21T02:00:00Z\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[window\n", "line 1"),
        ("", "window.since"),
        ("[window]\nsince = 2026-11-21T01:00:00Z\n", "window.until"),
        ("[window]\nsince = '2026-11-21T01:00:00'\nuntil = 2026-11-21T02:00:00Z\n", "window.since must be a time with a zone"),
        ("[window]\nsince = 2026-11-21T01:00:00\nuntil = 2026-11-21T02:00:00Z\n", "window.since must be a time with a zone"),
        ("[window]\nsince = 2026-11-21T02:00:00Z\nuntil = 2026-11-21T02:00:00Z\n", "window.since is not before window.until"),
        ("window = 5\n", "window must be a table"),
        ("incident = 'x'\n" + FRAME, "incident must be a table"),
        ("[incident]\nid = 5\n" + FRAME, "incident.id"),
        ("[incident]\nservice = ['a']\n" + FRAME, "incident.service"),
        ("[incident]\ndepends_on = 'payments'\n" + FRAME, "incident.depends_on must be a list"),
        ("[incident]\ndepends_on = [1]\n" + FRAME, "incident.depends_on must be text"),
        ("milestone = 5\n" + FRAME, r"write \[\[milestone\]\]"),
        ("milestone = [5]\n" + FRAME, r"write \[\[milestone\]\]"),
        (FRAME + "[[milestone]]\nname = 'won'\nat = 2026-11-21T01:00:00Z\n", "milestone 1: name must be one of change"),
        (FRAME + "[[milestone]]\nname = ['won']\nat = 2026-11-21T01:00:00Z\n", "milestone 1: name must be one of change"),
        (FRAME + "[[milestone]]\nname = 'impact'\n", "milestone 1: at must be a time"),
        (FRAME + "[[milestone]]\nname = 'impact'\nat = 01:00:00\n", "milestone 1: at must be a time"),
        (FRAME + "[[note]]\nat = 2026-11-21T01:00:00Z\n[[note]]\nat = 'noon'\n", "note 2: at must be a time"),
        (FRAME + "[[note]]\nat = 2026-11-21T01:00:00Z\nkind = 'rumour'\n", "note 1: kind must be one of note, decision"),
        (FRAME + "[[note]]\nat = 2026-11-21T01:00:00Z\nby = 5\n", "note 1: by must be text"),
        (FRAME + "[durations]\nmine = 'change'\n", "durations.mine"),
        (FRAME + "[durations]\nmine = ['change']\n", "durations.mine"),
        (FRAME + "[durations]\nmine = ['change', 'won']\n", "durations.mine"),
        (FRAME + "[durations]\nmine = [['change'], {a = 1}]\n", "durations.mine"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    """A broken file is a ConfigError with the line or the key at fault."""
    with pytest.raises(ConfigError, match=named) as caught:
        read_people(written(tmp_path, text))

    assert str(tmp_path / FILE) in str(caught.value)


def test_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    """A file in another encoding is a ConfigError."""
    (tmp_path / FILE).write_bytes(b"[incident]\nid = '\xff'\n")

    with pytest.raises(ConfigError, match=FILE):
        read_people(tmp_path)


def test_no_file_and_no_permission_are_named(tmp_path: Path) -> None:
    """A folder without the file, and a file that cannot be read, are ConfigErrors."""
    with pytest.raises(ConfigError, match="is no incident folder"):
        read_people(tmp_path)

    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigError, match=FILE):
        read_people(tmp_path)


@pytest.mark.parametrize("text", ["a = " + "1" * 5000, "a = " + "[" * 100_000])
def test_what_no_parser_takes_is_named(tmp_path: Path, text: str) -> None:
    """A number of thousands of digits and lists without end are errors with the file's name."""
    with pytest.raises(ConfigError, match=FILE):
        read_people(written(tmp_path, text))
