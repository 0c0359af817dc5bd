"""Templates: lines that differ only in variables are one group, whatever their order and however they are cut."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
import retroline
from hypothesis import given
from hypothesis import strategies as st
from retroline.collectors.errors import ConfigError
from retroline.normalize import templates as module
from retroline.normalize.templates import grouped, merged_templates, template_id

LABELLED = Path(__file__).resolve().parents[2] / "benchmarks" / "labelled_logs.py"

LINES = [
    "GET /api/v1/orders/12 200 3ms user=anna",
    "GET /api/v1/orders/13 503 4ms user=paul",
    '{"ts": "2026-11-21T01:21:12Z", "level": "info", "msg": "order placed", "amount": 66.47, "items": [1, 2]}',
    '{"ts": "2026-11-21T01:21:13Z", "level": "info", "msg": "order placed", "amount": -6, "items": [3]}',
    '{"ts": "2026-11-21T01:21:13Z", "level": "error", "msg": "order lost", "amount": 0.1, "items": []}',
    'I1121 01:25:33.128775       1 httplog.go:132] "HTTP" verb="GET" URI="/price?sku=3"',
    'I1121 01:25:34.128775       1 httplog.go:132] "HTTP" verb="PUT" URI="/"',
    'I1121 01:25:34.128775       1 httplog.go:132] "Watch closed" verb="PUT"',
    "KeyError: 'currency'",
    "KeyError: 'price'",
    "",
    *(f"session opened for account {name}" for name in ("ann", "bob", "cid", "dan", "eve", "fay")),
]


@pytest.fixture(scope="module")
def labelled() -> ModuleType:
    """The generator of labelled lines."""
    spec = importlib.util.spec_from_file_location("labelled_logs", LABELLED)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def partition(lines: Sequence[object], groups: Sequence[int]) -> set[frozenset[object]]:
    """The sets of equal group."""
    found: dict[int, set[object]] = {}
    for line, group in zip(lines, groups, strict=True):
        found.setdefault(int(group), set()).add(line)
    return {frozenset(members) for members in found.values()}


def test_groups_and_templates() -> None:
    """Values, paths, keys of JSON and words with many variants are variables; messages and exceptions are not."""
    groups, names = grouped(LINES)

    assert groups.dtype == np.int32
    assert groups.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 7, *[8] * 6]
    assert names == [
        "GET * user=*",
        "info order placed {amount, items, level, msg, ts}",
        "error order lost {amount, items, level, msg, ts}",
        '* httplog.go:*] "HTTP" verb=* URI=*',
        '* httplog.go:*] "Watch closed" verb=*',
        "KeyError: 'currency'",
        "KeyError: 'price'",
        "",
        "session opened for account *",
    ]


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("PacketResponder 1 for block blk_-38 terminating", "PacketResponder * for block * terminating"),
        ("BLOCK* ask 10.0.0.1:50 to delete blk_1 blk_2 blk_3", "BLOCK* ask * to delete *"),
        ("free 4.0 KB of 2 GB", "free * of *"),
        ("sent 1190 bytes (1.16 KB) in 3 s", "sent * bytes in *"),
        ("icache prefetch depth....................0", "icache prefetch depth....................*"),
        ("Failed password for invalid user anna from 10.0.0.1 port 3 ssh2", "Failed password for invalid user * from * port *"),
        ("authentication failure; logname= uid=0 tty= rhost=host.example.com", "authentication failure; logname=* uid=* tty=* rhost=*"),
        ("connect from mail.example.org[10.0.0.1]", "connect from *"),
        ("session opened at Sat Jun 18 02:08:10 2005 by cron", "session opened at * by cron"),
        ("job Transitioned from NEW to FAIL_ABORT", "job Transitioned from * to *"),
        ("allDrawn= false, moved = true", "allDrawn=*, moved=*"),
        ("wake lock=7, source=Source{10, Set(1, 2)}, holder=none", "wake lock=* source=*, holder=*"),
        ("leader elected: true", "leader elected: true"),
        ("scraped service.instance.id=web http.request.method=get", "scraped service.instance.id=* http.request.method=*"),
        ("pool.max.idle-connections : 8", "pool.max.idle-connections : *"),
        ("started org.example.shop.Cart with 3 items", "started * with * items"),
        ("\x1b[31mERROR\x1b[0m cannot open C:\\a\\b.txt", "ERROR cannot open *"),
        ("java.net.ConnectException: Connection refused", "java.net.ConnectException: Connection refused"),
        ('10.0.0.1 - - [1/Nov/2026:01:20:58 +0000] "GET /a HTTP/1.1" 503 46 "-" "probe"', "* GET *"),
    ],
)
def test_one_template(line: str, template: str) -> None:
    """What varies in a line is `*`, the rest stays readable."""
    assert grouped([line])[1] == [template]


@given(st.permutations(LINES), st.integers(1, 20))
def test_order_and_chunks_change_nothing(lines: list[str], chunk: int) -> None:
    """The same lines give the same groups with the same names in any order and any chunks."""
    groups, names = grouped(LINES)
    whole = module.CHUNK
    module.CHUNK = chunk
    try:
        again, others = grouped(lines)
    finally:
        module.CHUNK = whole

    assert partition(lines, again.tolist()) == partition(LINES, groups.tolist())
    assert sorted(others) == sorted(names)
    assert {line: others[g] for line, g in zip(lines, again, strict=True)} == {line: names[g] for line, g in zip(LINES, groups, strict=True)}


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.from_regex(r"[\[{(\"'a-z=*./ 0-9:\\,]{0,40}")))
def test_any_text_is_taken(lines: list[str]) -> None:
    """Every text has a group, equal texts have equal groups, and nothing fails."""
    groups, names = grouped(lines)

    assert len(groups) == len(lines)
    assert set(groups.tolist()) == set(range(len(names)))
    assert len({(line, group) for line, group in zip(lines, groups.tolist(), strict=True)}) == len(set(lines))


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(LINES[:4]),
        pa.array(["x", *LINES[:4]]).slice(1),
        pa.array(LINES[:4], pa.large_string()),
        pa.chunked_array([LINES[:1], LINES[1:4]]),
        pa.array([line.encode() for line in LINES[:4]]),
        pa.array(LINES[:4]).dictionary_encode(),
        [line.encode() for line in LINES[:4]],
        tuple(LINES[:4]),
    ],
)
def test_texts_of_any_shape(texts: object) -> None:
    """Arrow columns of text or bytes and plain sequences are the same."""
    assert grouped(texts)[0].tolist() == [0, 0, 1, 1]


def test_none_and_broken_bytes() -> None:
    """None is an empty line; bytes that are no UTF-8 and lone surrogates are taken."""
    assert grouped([None, "", b"\xff 1", b"\xff 2", "\ud800 1"])[0].tolist() == [0, 0, 1, 1, 2]
    assert grouped([])[0].tolist() == []


def test_the_door() -> None:
    """`retroline.templates` gives one number per line."""
    assert list(retroline.templates(LINES[:5])) == [0, 0, 1, 1, 2]


def test_long_lines_are_cut_for_masking() -> None:
    """A line of megabytes costs no more than its first part."""
    assert grouped(["start " + "word " * 1_000_000, "start " + "word " * 1_000_001])[0].tolist() == [0, 0]


def test_words_that_tell_are_kept() -> None:
    """Levels and methods are never variables, however many there are."""
    lines = [f"{word} the request of somebody" for word in ("GET", "PUT", "POST", "HEAD", "PATCH", "DELETE")]

    assert len(grouped(lines)[1]) == 6


def test_an_id_depends_on_the_template_alone() -> None:
    """The id is 31 bits of the text's hash; the first is written down so that it stays."""
    assert template_id("GET * user=*") == 1_985_818_913
    assert 0 <= template_id("\ud800") < 2**31


def test_merging_depends_on_no_order() -> None:
    """Masks given in any order are merged alike."""
    masks = [f"{a} said {b} to everybody" for a in ["one", "two", "three", "four", "five", "six"] for b in ["yes", "no", "maybe", "never", "always", "often"]]
    shuffled = random.Random(1).sample(masks, len(masks))  # noqa: S311 - repeatable, no secret

    assert merged_templates(masks) == merged_templates(shuffled)
    assert set(merged_templates(masks).values()) == {"* said * to everybody"} | {f"* said {word} to everybody" for word in ("no",)}


def test_labelled_lines_are_grouped(labelled: ModuleType) -> None:
    """Lines made in the manner of sixteen systems go back to the templates that they were made from."""
    scores = {}
    for system in labelled.SYSTEMS:
        lines, labels = zip(*labelled.corpus(system, 600), strict=True)
        scores[system] = labelled.grouping_accuracy(grouped(lines)[0].tolist(), list(labels))

    assert sum(scores.values()) / len(scores) > 0.93, scores
    assert len(scores) == 16


def test_accuracy_is_strict(labelled: ModuleType) -> None:
    """A group counts only if it holds exactly the lines of one label."""
    assert labelled.grouping_accuracy([0, 0, 1, 2], [7, 7, 8, 8]) == 0.5


def test_drain3_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """`by="drain3"` gives its clusters, numbered from 0; without it, or by anything else, the error says what to do."""
    lines = ["user 7 left", "disk full", "user 8 left"]

    assert retroline.templates(lines, by="drain3").tolist() == [0, 1, 0]
    with pytest.raises(ConfigError, match="masks or by drain3"):
        retroline.templates(lines, by="words")
    monkeypatch.setitem(sys.modules, "drain3", None)
    with pytest.raises(ConfigError, match="pip install drain3"):
        retroline.templates(lines, by="drain3")
