"""The evidence folder: what is written, what survives a kill, what a name can do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.errors import BadPayload, ConfigError, Denied, Unreachable
from retroline.collectors.evidence import Evidence, Reply, asked, decode_json, indexes
from retroline.collectors.file_names import LONGEST_NAME, safe_name

NOW = "2026-11-21T01:27:06Z"
TEXTS = st.text(st.characters(), max_size=200)


def evidence(root: Path, source: str = "prometheus", run: str = "r1") -> Evidence:
    return Evidence(root, run, source, lambda: NOW)


def index(root: Path) -> Path:
    return root / "r1" / "prometheus" / "index.jsonl"


def test_a_saved_reply_is_found_with_all_that_was_said_of_it(tmp_path: Path) -> None:
    """What save returns is what a later reading of the folder gives, body and circumstances."""
    saved = evidence(tmp_path).save("query/up", "query", b'{"a": 1}', status=206, about={"query": "up"}, asked_at="t0", date="Sat")

    (found,) = indexes(tmp_path)

    assert found.replies == (saved,)
    assert (found.run, found.source, found.finished) == ("r1", "prometheus", False)
    assert saved == Reply("prometheus", "query", "r1/prometheus/query/up.json", saved.path, 206, {"query": "up"}, "t0", NOW, "Sat", True, "")
    assert saved.json() == {"a": 1}


def test_a_body_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """While a body is being written its name does not exist, and a writer that dies leaves neither body nor index line."""
    kept = evidence(tmp_path)
    path = tmp_path / "r1" / "prometheus" / "log"

    def chunks() -> Iterator[bytes]:
        yield b"first"
        assert not path.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.save("log", "log", chunks(), suffix="")

    assert not path.exists()
    assert evidence(tmp_path).held("log") is None
    assert evidence(tmp_path).save("log", "log", b"again", suffix="").body() == b"again"


def test_a_body_without_its_index_line_is_asked_for_again(tmp_path: Path) -> None:
    """A run killed between body and index line, or within the line, resumes with what the index proves."""
    first = evidence(tmp_path)
    first.save("a", "query", b"1")
    first.save("b", "query", b"2")
    lines = index(tmp_path).read_text().splitlines(keepends=True)
    index(tmp_path).write_text(lines[0] + lines[1][: len(lines[1]) // 2])

    resumed = evidence(tmp_path)

    assert resumed.held("b") is None
    held = resumed.held("a")
    assert held is not None
    assert held.body() == b"1"


def test_an_index_line_without_its_body_is_asked_for_again(tmp_path: Path) -> None:
    """A reply whose file was removed is neither held nor listed, and its loss is told."""
    evidence(tmp_path).save("a", "query", b"1").path.unlink()

    (found,) = indexes(tmp_path)

    assert evidence(tmp_path).held("a") is None
    assert found.replies == ()
    assert [(f.what, f.reason, f.ours) for f in found.failures] == [("r1/prometheus/a.json", "missing", True)]


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "null",
        '"a"',
        '{"type": "reply"}',
        '{"type": "failure", "x": 1}',
        '{"type": "reply", "key": "x", "source": "s", "form": "f", "ref": "../../x"}',
        '{"type": "reply", "key": "x", "source": "s", "form": "f", "ref": "x", "about": {"a": 1}}',
        '{"type": "reply", "key": "x", "source": [], "form": "f", "ref": "x"}',
        f'{{"type": "reply", "key": "x", "source": "s", "form": "f", "ref": "{"x" * 300}"}}',
        '{"type": "failure", "source": "s", "what": [], "reason": "r", "text": "t"}',
    ],
)
def test_an_index_that_someone_changed_is_named(tmp_path: Path, line: str) -> None:
    """A line that no collection wrote, or that leads out of the folder, is an error with file and number, not a crash."""
    evidence(tmp_path).save("a", "query", b"1")
    with index(tmp_path).open("a") as file:
        file.write(f"{line}\n")

    with pytest.raises(ConfigError, match=r"index\.jsonl: line 2 is none that retroline wrote"):
        list(indexes(tmp_path))
    with pytest.raises(ConfigError, match=r"index\.jsonl: line 2 is none that retroline wrote"):
        evidence(tmp_path)


@pytest.mark.parametrize("line", [b"\xff\xfe", b"[" * 100_000])
def test_a_line_that_is_no_json_is_passed_over(tmp_path: Path, line: bytes) -> None:
    """Bytes that are no text, or brackets without end, do not stop a run that goes on."""
    evidence(tmp_path).save("a", "query", b"1")
    with index(tmp_path).open("ab") as file:
        file.write(line + b"\n")

    assert [reply.form for found in indexes(tmp_path) for reply in found.replies] == ["query"]
    assert evidence(tmp_path).held("a") is not None


def test_a_run_continues_after_a_line_cut_by_a_kill(tmp_path: Path) -> None:
    """What is saved after a cut index line is found again."""
    evidence(tmp_path).save("a", "query", b"1")
    with index(tmp_path).open("a") as file:
        file.write('{"type": "reply", "key": "b", "for')

    evidence(tmp_path).save("c", "query", b"3")

    assert [reply.body() for reply in next(indexes(tmp_path)).replies] == [b"1", b"3"]


def test_an_incomplete_body_is_kept_and_marked(tmp_path: Path) -> None:
    """What arrived before the source broke off stays, with the reason, and is asked for again by the next run."""

    def chunks() -> Iterator[bytes]:
        yield b"one\n"
        raise Unreachable("the connection ended")

    reply = evidence(tmp_path).save("log", "log", chunks(), suffix=".log")

    assert (reply.complete, reply.reason, reply.body()) == (False, "the connection ended", b"one\n")
    assert evidence(tmp_path).held("log") is None
    assert next(indexes(tmp_path)).replies == (reply,)


def test_a_key_saved_twice_counts_once(tmp_path: Path) -> None:
    """The later word on a key is the one that holds."""
    kept = evidence(tmp_path)
    kept.save("a", "query", b"1")
    kept.save("a", "query", b"2")

    assert [reply.body() for reply in next(indexes(tmp_path)).replies] == [b"2"]


def test_failures_are_void_once_the_source_is_asked_again(tmp_path: Path) -> None:
    """A second attempt starts with a clean slate, and finishing is noted."""
    kept = evidence(tmp_path)
    kept.failed(Denied("no"), "logs", since="a", until="b", subject="Pod/x")
    (first,) = next(indexes(tmp_path)).failures
    kept.started()
    kept.failed("gone", "web-1", reason="gone", ours=False)
    kept.finished()

    again = next(indexes(tmp_path))

    assert (first.reason, first.text, first.since, first.until, first.subject, first.ours) == ("denied", "no", "a", "b", "Pod/x", True)
    assert [(failure.what, failure.reason, failure.ours) for failure in again.failures] == [("web-1", "gone", False)]
    assert again.finished


def test_packed_bodies_are_read_as_if_they_were_plain(tmp_path: Path) -> None:
    """Gzip is recognised by its first bytes, whatever the file is called."""
    reply = evidence(tmp_path).save("a", "query", gzip.compress(b"[1]"))

    assert reply.json() == [1]
    with reply.open() as file:
        assert file.readline() == b"[1]"


PACKED = gzip.compress(bytes(range(256)) * 4)


@pytest.mark.parametrize(
    "body",
    [
        PACKED[:-9],
        PACKED[:12],
        PACKED[:-8] + bytes(8),
        PACKED[:20] + b"\xff" * 40 + PACKED[60:],
    ],
)
def test_a_broken_gzip_is_a_bad_payload(tmp_path: Path, body: bytes) -> None:
    """A packed body that ends too early, has other bytes in its middle, or another sum, says so."""
    reply = evidence(tmp_path).save("a", "query", body)

    with pytest.raises(BadPayload, match="compressed file is broken"):
        reply.body()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b" \n", "the answer is empty"),
        (b"<!DOCTYPE html><p>", "HTML where JSON was due"),
        (b'{"a": [1, 2', "the JSON breaks off"),
        (b'{"a": "b', "the JSON breaks off"),
        (b"pong", "not JSON"),
        (b"[" * 100_000, "JSON"),
        (b"\xff{}", "not JSON"),
    ],
)
def test_what_is_no_json_is_named(body: bytes, found: str) -> None:
    """The sentence says what was found where JSON was due."""
    with pytest.raises(BadPayload, match=f"rules: .*{found}"):
        decode_json(body, "rules")


def test_credentials_never_reach_the_evidence() -> None:
    """A URL with a password and a query is kept without either."""
    assert asked("https://me:secret@prom.example.test:9090/p?token=x#f", {"step": 5}) == {"url": "https://prom.example.test:9090/p", "step": "5"}


@settings(deadline=None)
@given(TEXTS)
def test_a_safe_name_is_one_plain_file_name(text: str) -> None:
    """No text leaves its folder, hides behind a reserved name, or grows too long."""
    name = safe_name(text)

    assert name not in ("", ".", "..")
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>|\0\n ')
    assert len(name) <= LONGEST_NAME


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_safe_names_of_different_texts_differ(one: str, other: str) -> None:
    """Two keys never share a file."""
    assert (safe_name(one) == safe_name(other)) == (one == other)


@pytest.mark.parametrize("pair", [("", "%"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("x" * 121, "x" * 122), (".", "%2E")])
def test_safe_names_of_look_alikes_differ(pair: tuple[str, str]) -> None:
    """What one text is escaped to is escaped again when it is itself the text."""
    assert safe_name(pair[0]) != safe_name(pair[1])


@pytest.mark.parametrize("key", ["../../../outside", "/etc/passwd", "a/../../../b", "./.", "a\\..\\b", "\ud800"])
def test_no_key_leaves_the_source_folder(tmp_path: Path, key: str) -> None:
    """Whatever a pod or a file is called, its evidence lies below its source."""
    root = tmp_path / "evidence"

    reply = evidence(root).save(key, "log", b"x", suffix="")

    assert reply.path.resolve().is_relative_to((root / "r1" / "prometheus").resolve())
    assert [path for path in tmp_path.iterdir() if path != root] == []
    assert json.loads(index(root).read_text())["key"] == key
    assert next(indexes(root)).replies == (reply,)
