"""All sources at once: one that fails harms no other, deadlines hold, an interrupted run is taken up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from retroline.collectors import run, session
from retroline.collectors.ask import Ask, Probe
from retroline.collectors.errors import ConfigError, Denied, Unreachable
from retroline.collectors.evidence import Index, indexes
from retroline.collectors.run import Outcome, collect_all, probe_all
from retroline.collectors.session import folder_session
from retroline.collectors.window import Window, rfc3339

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 3600 * SECOND)
AFTER = WINDOW.until_ns + 60 * SECOND
RUN = "20261121T012000Z-20261121T022000Z"
Fetch = Callable[[Any, Ask], None]


@dataclass
class Fakes:
    """Sources by name, each a `fetch`; `asked` counts how often."""

    fetches: dict[str, Fetch] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def collector(self, name: str) -> Any:
        def fetch(settings: Any, ask: Ask) -> None:
            self.asked.append(name)
            self.fetches[name](settings, ask)

        def probe(settings: Any, ask: Ask) -> Probe:
            self.fetches[name](settings, ask)
            return Probe(reachable=True, permitted=True, detail="well")

        return SimpleNamespace(fetch=fetch, probe=probe)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """Sources that stand in for the real ones."""
    made = Fakes()
    monkeypatch.setattr(run, "collector", made.collector)
    monkeypatch.setattr(run, "GRACE_S", 0.2)
    return made


def saves(*keys: str) -> Fetch:
    def fetch(settings: Any, ask: Ask) -> None:
        for key in keys:
            if not ask.evidence.held(key):
                ask.evidence.save(key, "list", f'"{key}"'.encode())

    return fetch


def fails(error: Exception, *keys: str) -> Fetch:
    def fetch(settings: Any, ask: Ask) -> None:
        saves(*keys)(settings, ask)
        raise error

    return fetch


def collected(root: Path, *names: str, timeout_s: float = 5.0, now_ns: int = AFTER, **options: Any) -> dict[str, Outcome]:
    found = collect_all(dict.fromkeys(names), WINDOW, root, RUN, now_ns=now_ns, timeout_s=timeout_s, **options)
    return {o.source: o for o in found}


def held(root: Path) -> dict[str, Index]:
    return {i.source: i for i in indexes(root)}


def test_one_source_that_fails_harms_no_other(tmp_path: Path, fakes: Fakes) -> None:
    """A refusal, an answer nobody foresaw and a hanging server each cost only their own source, and keep what they had."""
    done = threading.Event()
    fakes.fetches = {
        "down": fails(Unreachable("down: nobody there"), "first"),
        "odd": fails(KeyError("metadata"), "first"),
        "slow": lambda settings, ask: (saves("first")(settings, ask), done.wait(20))[0],
        "well": saves("a", "b"),
    }
    begun = time.monotonic()

    outcomes = collected(tmp_path, "down", "odd", "slow", "well", timeout_s=0.3)
    done.set()
    found = held(tmp_path)

    assert time.monotonic() - begun < 5
    assert [o.source for o in outcomes.values() if o.hanging] == ["slow"]
    assert [(o.source, type(o.error).__name__) for o in outcomes.values()] == [
        ("down", "Unreachable"),
        ("odd", "BadPayload"),
        ("slow", "Unreachable"),
        ("well", "NoneType"),
    ]
    assert {name: len(i.replies) for name, i in found.items()} == {"down": 1, "odd": 1, "slow": 1, "well": 2}
    assert {name: i.finished for name, i in found.items()} == {"down": False, "odd": False, "slow": False, "well": True}
    assert {name: [(f.reason, f.ours) for f in i.failures] for name, i in found.items()} == {
        "down": [("unreachable", True)],
        "odd": [("bad_payload", True)],
        "slow": [("timeout", True)],
        "well": [],
    }
    assert "KeyError" in found["odd"].failures[0].text


def test_a_source_that_notices_its_deadline_says_timeout(tmp_path: Path, fakes: Fakes) -> None:
    """A source whose time is over ends by itself, and the reason in the evidence is the timeout."""

    def fetch(settings: Any, ask: Ask) -> None:
        while True:
            time.sleep(min(0.01, ask.remaining_s()))

    fakes.fetches = {"slow": fetch}

    outcomes = collected(tmp_path, "slow", timeout_s=0.1)

    assert "time allowed" in str(outcomes["slow"].error)
    assert [f.reason for f in held(tmp_path)["slow"].failures] == ["timeout"]


def test_a_failure_in_part_is_no_failure_of_the_source(tmp_path: Path, fakes: Fakes) -> None:
    """A source that notes what it missed and ends has been asked everything."""
    fakes.fetches = {"one": lambda settings, ask: ask.evidence.failed(Denied("no logs"), "logs")}

    outcomes = collected(tmp_path, "one")

    assert outcomes["one"].error is None
    assert held(tmp_path)["one"].finished


@pytest.mark.parametrize(
    ("error", "said"), [(ConfigError("no such file"), "no such file"), (OSError(28, "No space left on device"), "one: cannot write evidence: No space left")]
)
def test_what_the_user_must_mend_is_raised_when_the_others_have_ended(tmp_path: Path, fakes: Fakes, error: Exception, said: str) -> None:
    """A ConfigError of one source, or a full disk, ends the command after the others' evidence is whole."""
    fakes.fetches = {"one": fails(error), "two": saves("a")}

    with pytest.raises(ConfigError, match=said):
        collected(tmp_path, "one", "two")

    assert held(tmp_path)["two"].finished


def test_an_interrupted_source_is_not_finished(tmp_path: Path, fakes: Fakes) -> None:
    """After Ctrl-C no source counts as asked, and its failure says that it was interrupted."""
    cancelled = threading.Event()

    def fetch(settings: Any, ask: Ask) -> None:
        saves("first")(settings, ask)
        cancelled.set()
        ask.remaining_s()

    fakes.fetches = {"one": fetch}

    collected(tmp_path, "one", cancelled=cancelled)

    assert [f.reason for f in held(tmp_path)["one"].failures] == ["interrupted"]
    assert not held(tmp_path)["one"].finished


def test_progress_names_the_source(tmp_path: Path, fakes: Fakes) -> None:
    """What a source tells of its progress arrives under its name."""
    told: list[tuple[str, str, int, int]] = []
    fakes.fetches = {"one": lambda settings, ask: ask.progress("pods", 10, 2)}

    collected(tmp_path, "one", progress=lambda *what: told.append(what))

    assert told == [("one", "pods", 10, 2)]


def test_nothing_to_ask_is_nothing_done(tmp_path: Path, fakes: Fakes) -> None:
    """Without sources there are no outcomes and no evidence."""
    assert collected(tmp_path) == {}
    assert list(indexes(tmp_path)) == []


def test_probes_answer_for_every_source(fakes: Fakes) -> None:
    """A probe that fails is an answer too: unreachable, or reachable but not permitted."""
    fakes.fetches = {"down": fails(Unreachable("nobody")), "shut": fails(Denied("not you")), "well": saves()}

    found = probe_all(dict.fromkeys(fakes.fetches), now_ns=AFTER)

    assert {n: (p.reachable, p.permitted) for n, p in found.items()} == {"down": (False, False), "shut": (True, False), "well": (True, True)}


@pytest.fixture
def again(tmp_path: Path, fakes: Fakes) -> Callable[..., tuple[str, list[str]]]:
    """`again(now_ns, fresh)`: collect what the session of the folder still asks; the run and the sources asked."""

    def collect(now_ns: int = AFTER, *, fresh: bool = False) -> tuple[str, list[str]]:
        fakes.asked.clear()
        plan = session.session(tmp_path, dict.fromkeys(sorted(fakes.fetches)), WINDOW, fresh=fresh)
        collect_all(plan.ask, WINDOW, tmp_path, plan.run, now_ns=now_ns, timeout_s=5)
        return plan.run, sorted(fakes.asked)

    return collect


def test_a_first_run_asks_everything(again: Callable[..., Any], fakes: Fakes) -> None:
    """A run is named after its window."""
    fakes.fetches = {"one": saves("a"), "two": saves("b")}

    assert again() == (RUN, ["one", "two"])


def test_a_settled_run_asks_nothing(again: Callable[..., Any], fakes: Fakes) -> None:
    """What was asked everything after the window had closed is not asked again."""
    fakes.fetches = {"one": saves("a"), "two": saves("b")}
    again()

    assert again() == (RUN, [])


def test_only_what_failed_is_asked_again(tmp_path: Path, again: Callable[..., Any], fakes: Fakes) -> None:
    """A source that was down is asked again in the same run; its failure is gone when it answers, replies it had are kept."""
    fakes.fetches = {"one": fails(Unreachable("down"), "a"), "two": saves("b")}
    again()
    first = held(tmp_path)["one"].replies
    fakes.fetches["one"] = saves("a", "c")

    assert again() == (RUN, ["one"])
    assert held(tmp_path)["one"].failures == ()
    assert held(tmp_path)["one"].replies[0] == first[0]
    assert len(held(tmp_path)["one"].replies) == 2


def test_what_a_source_had_forgotten_is_not_asked_again(again: Callable[..., Any], fakes: Fakes) -> None:
    """A gap that is not ours cannot be mended by asking again."""
    fakes.fetches = {"one": lambda settings, ask: ask.evidence.failed("rotated", "logs", reason="rotated", ours=False)}
    again()

    assert again() == (RUN, [])


def test_a_killed_run_goes_on(tmp_path: Path, again: Callable[..., Any], fakes: Fakes) -> None:
    """Without its last word a source is asked again, and what it has saved is not fetched twice."""
    fetched: list[str] = []

    def fetch(settings: Any, ask: Ask) -> None:
        for key in ("a", "b"):
            if not ask.evidence.held(key):
                fetched.append(key)
                ask.evidence.save(key, "list", b"{}")

    fakes.fetches = {"one": fetch}
    again()
    index = tmp_path / RUN / "one" / "index.jsonl"
    lines = index.read_text("utf-8").splitlines(keepends=True)
    index.write_text("".join(lines[:2]) + lines[2][:20], "utf-8")

    assert again() == (RUN, ["one"])
    assert fetched == ["a", "b", "b"]
    assert held(tmp_path)["one"].finished


def test_a_new_source_joins_a_settled_run(again: Callable[..., Any], fakes: Fakes) -> None:
    """A source configured later is asked alone."""
    fakes.fetches = {"one": saves("a")}
    again()
    fakes.fetches["two"] = saves("b")

    assert again() == (RUN, ["two"])


def test_a_window_that_was_open_is_asked_anew(tmp_path: Path, again: Callable[..., Any], fakes: Fakes) -> None:
    """Answers from before the window's end may be incomplete: a new run begins beside, and both are kept."""
    fakes.fetches = {"one": saves("a")}
    again(now_ns=WINDOW.until_ns - 60 * SECOND)

    assert again() == (f"{RUN}-2", ["one"])
    assert again() == (f"{RUN}-2", [])
    assert [i.run for i in indexes(tmp_path)] == [RUN, f"{RUN}-2"]


def test_fresh_asks_everything_in_a_new_run(again: Callable[..., Any], fakes: Fakes) -> None:
    """`fresh` leaves the old run alone."""
    fakes.fetches = {"one": saves("a")}
    again()

    assert again(fresh=True) == (f"{RUN}-2", ["one"])
    assert again() == (f"{RUN}-2", [])


def test_another_window_is_another_run(tmp_path: Path, again: Callable[..., Any], fakes: Fakes) -> None:
    """Runs of one window are not taken for those of another."""
    fakes.fetches = {"one": saves("a")}
    again()
    wider = Window(WINDOW.since_ns, WINDOW.until_ns + 3600 * SECOND)

    plan = session.session(tmp_path, {"one": None}, wider)

    assert (plan.run, dict(plan.ask)) == (f"20261121T012000Z-{rfc3339(wider.until_ns, 0).replace('-', '').replace(':', '')}", {"one": None})


def test_the_same_folder_has_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved files are one run however their folder is written."""
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)

    assert folder_session(Path("a")) == folder_session(tmp_path / "a" / ".." / "a") != folder_session(tmp_path)


@dataclass(frozen=True)
class Wanted:
    """Settings of a source that stands in for a real one."""

    namespaces: tuple[str, ...] = ()
    url: str = "http://user:word@host/prefix"
    token: str | None = None


def test_other_questions_are_asked_beside_the_settled_ones(tmp_path: Path, fakes: Fakes) -> None:
    """A settled window is asked again by the source whose settings have changed, in a run of its own, and only by it."""
    fakes.fetches = {"one": saves("a"), "two": saves("b")}

    def collect(**settings: Any) -> tuple[str, list[str]]:
        fakes.asked.clear()
        plan = session.session(tmp_path, settings, WINDOW)
        collect_all(plan.ask, WINDOW, tmp_path, plan.run, now_ns=AFTER, timeout_s=5)
        return plan.run, sorted(fakes.asked)

    assert collect(one=Wanted(("shop",)), two=Wanted()) == (RUN, ["one", "two"])
    assert collect(one=Wanted(("other",)), two=Wanted()) == (f"{RUN}-2", ["one"])
    assert collect(one=Wanted(("other",)), two=Wanted()) == (f"{RUN}-2", [])
    assert [(i.run, i.source) for i in indexes(tmp_path)] == [(RUN, "one"), (RUN, "two"), (f"{RUN}-2", "one")]


def test_a_fingerprint_knows_no_secrets() -> None:
    """What is asked changes the fingerprint, with which credentials does not."""
    plain = session.fingerprint(Wanted())

    assert session.fingerprint(Wanted(token="s3cret", url="http://other:password@host/prefix")) == plain
    assert session.fingerprint(Wanted(("shop",))) != plain
    assert session.fingerprint(Wanted(url="http://elsewhere/prefix")) != plain
    assert session.fingerprint(None) == session.fingerprint(Wanted) == ""


def test_a_later_run_mends_what_an_earlier_one_missed(tmp_path: Path, again: Callable[..., Any], fakes: Fakes) -> None:
    """What a source failed to give is void once a later run asked it again; what it had forgotten by then stays known."""

    def fetch(settings: Any, ask: Ask) -> None:
        ask.evidence.failed("rotated", "logs", reason="rotated", ours=False)
        ask.evidence.failed(Unreachable("down"), "lists")

    fakes.fetches = {"one": fetch}
    again()
    fakes.fetches = {"one": saves("a")}
    again(fresh=True)

    assert [[f.what for f in i.failures] for i in indexes(tmp_path)] == [["logs"], []]


def test_a_source_stopped_in_the_middle_says_so(tmp_path: Path, fakes: Fakes) -> None:
    """Evidence that a killed run left behind is never taken for all there was."""
    fakes.fetches = {"one": saves("a")}
    collected(tmp_path, "one")
    index = tmp_path / RUN / "one" / "index.jsonl"
    index.write_text("".join(index.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")

    (failure,) = held(tmp_path)["one"].failures

    assert (failure.what, failure.reason, failure.ours) == ("everything it was still to be asked", "interrupted", True)
