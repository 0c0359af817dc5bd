"""What every source owes: each runs over its own folder below `fixtures/`, and all of them over the shipped incident.

A new source gets all of this by a line in `COLLECTORS` and a folder of saved answers with its name.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from retroline.collectors import files
from retroline.collectors.ask import Ask
from retroline.collectors.evidence import Evidence, Failure, Reply, indexes
from retroline.collectors.raw import FACTS, LINES, SAMPLES, Raw
from retroline.collectors.registry import COLLECTORS, collector
from retroline.collectors.window import Window
from retroline.normalize.stamps import NONE_NS, UNIT_NS, instants
from retroline.normalize.tables import KINDS

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
SOURCES = [name for name in COLLECTORS if name != files.NAME]
FOLDERS = [*SOURCES, "incident-c"]
NO_ANSWERS = {"cassettes"}
SCHEMAS = {"facts": FACTS, "lines": LINES, "samples": SAMPLES}
ABOUT = {
    "facts": set[str](),
    "lines": {"namespace", "pod", "container", "instance", "clock", "ref", "stamps"},
    "samples": {"name", "query", "step_s", "clock", "layout", "ref"},
}
ZERO_TIME = "0001-01-01T00:00:00Z"
KEEP = TemporaryDirectory(prefix="retroline-conformance-")


def answers(folder: str) -> list[str]:
    """Paths below a fixture folder that are saved answers: no documentation, no cassettes."""
    top = FIXTURES / folder
    paths = (path.relative_to(top) for path in sorted(top.rglob("*")) if path.is_file() and path.suffix not in files.DOCUMENTATION)
    return [path.as_posix() for path in paths if not NO_ANSWERS & set(path.parts)]


CASES = [pytest.param(folder, name, id=f"{folder}/{name}") for folder in FOLDERS for name in answers(folder)]
every_answer = pytest.mark.parametrize(("folder", "name"), CASES)


@cache
def collected(folder: str) -> tuple[dict[str, Reply], dict[str, Failure]]:
    """Replies and notes of `--from fixtures/FOLDER`, by path."""
    root = Path(KEEP.name) / folder
    ask = Ask(Window(0, 1), Evidence(root, "r1", files.NAME, lambda: "2026-11-21T01:30:00Z"), time.monotonic() + 600, 0)
    files.fetch(files.Settings(str(FIXTURES / folder)), ask)
    (index,) = indexes(root)
    return {reply.about["file"]: reply for reply in index.replies}, {failure.what: failure for failure in index.failures}


@cache
def read(folder: str, name: str) -> tuple[Raw, ...]:
    return tuple(files.read(collected(folder)[0][name]))


@pytest.fixture(autouse=True, scope="module")
def _read_anew(kernels: None) -> None:
    """What was read on numpy is read once more with compiled kernels."""
    collected.cache_clear()
    read.cache_clear()


def known(folder: str, name: str) -> bool:
    """Whether the file holds evidence; a saved error answer is noted instead, which another test asks for."""
    return name in collected(folder)[0]


def facts(raws: tuple[Raw, ...]) -> list[dict[str, Any]]:
    return [row for raw in raws if raw.table == "facts" for row in raw.batch.to_pylist()]


def serialised(raws: Iterator[Raw] | tuple[Raw, ...]) -> list[tuple[str, str, bytes]]:
    """Batches as bytes, with what is said about them."""
    made: list[tuple[str, str, bytes]] = []
    for raw in raws:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, raw.batch.schema) as writer:
            writer.write_batch(raw.batch)
        made.append((raw.table, json.dumps(dict(raw.about), sort_keys=True), sink.getvalue()))
    return made


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_has_a_folder_of_saved_answers(source: str) -> None:
    """Every source shows real answers, and where they come from."""
    assert answers(source)
    assert list((FIXTURES / source).rglob("ORIGIN.md"))


@every_answer
def test_a_file_is_known_to_exactly_one_source(folder: str, name: str) -> None:
    """A saved answer is recognised, by its own source and by no other, or is a saved error answer and noted as such."""
    replies, failures = collected(folder)
    if name in failures:
        assert failures[name].reason == "error_answer"
        return
    reply = replies[name]
    if reply.form == "log":
        assert reply.about["reader"] == "kubernetes"
        return
    with reply.open() as file:
        first = next(line for line in file if line.strip())
    try:
        document = json.loads(first)
    except ValueError:
        document = reply.json()

    who = [source for source in COLLECTORS if collector(source).recognise(document, Path(name).name)]

    assert who == [reply.about["reader"]]
    assert folder in (*who, "incident-c")


@every_answer
def test_batches_have_the_declared_schema(folder: str, name: str) -> None:
    """Every batch is valid, has its table's columns, no null where none may be, and says what holds for all its rows."""
    for raw in read(folder, name) if known(folder, name) else ():
        assert SCHEMAS[raw.table] == raw.batch.schema
        raw.batch.validate(full=True)
        assert [field.name for field in raw.batch.schema if not field.nullable and raw.batch.column(field.name).null_count] == []
        assert ABOUT[raw.table] <= raw.about.keys()
        assert all(isinstance(text, str) for pair in raw.about.items() for text in pair)


@every_answer
def test_facts_are_well_formed(folder: str, name: str) -> None:
    """Kinds are known, refs begin with the evidence path, attributes are JSON objects, and the source speaks for itself."""
    for fact in facts(read(folder, name)) if known(folder, name) else ():
        reply = collected(folder)[0][name]

        assert fact["kind"] in KINDS or fact["kind"].split(".")[0] in ("state", "context") or fact["kind"] == "unreadable"
        assert fact["source"] == reply.about["reader"]
        assert fact["ref"].split("#")[0] == reply.ref
        assert fact["record"].split("#")[0] == reply.ref
        assert fact["attributes"] is None or isinstance(json.loads(fact["attributes"]), dict)
        assert fact["clock"]
        assert fact["resolution_ns"] >= 1
        assert not fact["kind"].startswith("context.") or fact["stamp"] is None


@every_answer
def test_an_identity_names_one_fact_of_a_record(folder: str, name: str) -> None:
    """Within a reply, record, kind, thread and edge together name one fact."""
    if known(folder, name):
        named = Counter(
            (fact["record"], fact["kind"], fact["thread"], fact["edge"]) for fact in facts(read(folder, name)) if not fact["kind"].startswith("context.")
        )

        assert [identity for identity, times in named.items() if times > 1] == []


@every_answer
def test_every_stamp_of_these_answers_can_be_read(folder: str, name: str) -> None:
    """A stamp is given with the layout it has; Go's zero time is given as no stamp."""
    for raw in read(folder, name) if known(folder, name) else ():
        if raw.table == "facts":
            for fact in raw.batch.to_pylist():
                assert fact["layout"] in ("rfc3339", *UNIT_NS)
                stamps = [fact[column] for column in ("stamp", "until_stamp") if fact[column] is not None]
                assert ZERO_TIME not in stamps
                assert NONE_NS not in instants(pa.array(stamps, pa.string()), fact["layout"]), stamps
        else:
            stamped = raw.batch.column("stamp").drop_null()
            assert NONE_NS not in instants(stamped, raw.about.get("layout", "rfc3339"))


def items(document: Any, form: str) -> Iterator[str]:
    """JSON pointers of the items that a saved list holds, by the shape of the API's lists."""
    lists: Mapping[str, Any] = document if isinstance(document, Mapping) else {"": document}
    for key, value in lists.items():
        head = f"/{key}" if key else ""
        if key in ("", "items", "incidents", "log_entries", "alerts", "notes", "change_events") and isinstance(value, list):
            for i, item in enumerate(value):
                inner = item.get("alerts") if form == "groups" else None
                yield from [f"{head}/{i}/alerts/{j}" for j in range(len(inner))] if inner is not None else [f"{head}/{i}"]
    if form in ("rules", "alerts") and "data" in lists:
        data = lists["data"]
        yield from (f"/data/groups/{i}/rules/{j}" for i, group in enumerate(data.get("groups", ())) for j in range(len(group["rules"])))
        yield from (f"/data/alerts/{i}" for i in range(len(data.get("alerts", ()))))


def points(data: Any) -> int:
    """How many points an answer of Prometheus holds; a scalar or string is one."""
    if data["resultType"] in ("scalar", "string"):
        return 1
    return sum(len(series.get("values", ())) + len(series.get("histograms", ())) + len({"value", "histogram"} & series.keys()) for series in data["result"])


@every_answer
def test_every_item_received_is_accounted_for(folder: str, name: str) -> None:
    """Each item of a list gives at least one fact, each line of a log a line, each point a sample: nothing is lost."""
    if not known(folder, name):
        return
    reply, raws = collected(folder)[0][name], read(folder, name)
    counts = Counter({raw.table: 0 for raw in raws})
    for raw in raws:
        counts[raw.table] += raw.batch.num_rows
    if reply.form == "log":
        with reply.open() as file:
            assert counts["lines"] == sum(1 for _ in file)
    elif reply.form == "history":
        with reply.open() as file:
            told = {" ".join(fact["ref"].split("#")[1].split()[:2]) for fact in facts(raws)}
            assert {f"line {n}" for n, line in enumerate(file, 1) if line.strip()} <= told
    elif reply.form in ("query", "query_range"):
        assert counts["samples"] == points(reply.json()["data"])
    else:
        told = {fact["ref"].partition("#")[2] for fact in facts(raws)}
        lost = [item for item in items(reply.json(), reply.form) if not any(ref == item or ref.startswith(f"{item}/") for ref in told)]
        assert lost == []


@every_answer
def test_lines_are_numbered_in_the_order_of_the_file(folder: str, name: str) -> None:
    """Numbers of one stream rise, none is given twice in a file, and a text holds no newline."""
    raws = [raw for raw in read(folder, name) if raw.table == "lines"] if known(folder, name) else []
    numbers = [number for raw in raws for number in raw.batch.column("number").to_pylist()]

    assert len(set(numbers)) == len(numbers)
    assert all(list(column) == sorted(column) for column in (raw.batch.column("number").to_pylist() for raw in raws))
    assert not any(b"\n" in text for raw in raws for text in raw.batch.column("text").to_pylist())


@every_answer
def test_reading_twice_gives_the_same_bytes(folder: str, name: str) -> None:
    """A reader has no memory and no clock."""
    if known(folder, name):
        assert serialised(read(folder, name)) == serialised(files.read(collected(folder)[0][name]))


@every_answer
def test_content_alone_is_enough(folder: str, name: str) -> None:
    """Without a word on what was asked, a reader still gives the same number of rows."""
    if known(folder, name):
        reply = collected(folder)[0][name]
        bare = replace(reply, about={"reader": reply.about["reader"]}, asked_at="", date="")

        rows = [
            Counter({table: sum(raw.batch.num_rows for raw in raws if raw.table == table) for table in ("lines", "samples")})
            for raws in (read(folder, name), tuple(files.read(bare)))
        ]

        assert rows[0] == rows[1]
        assert bool(facts(read(folder, name))) == bool(facts(tuple(files.read(bare))))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_order_of_reading_changes_nothing(folder: str) -> None:
    """Replies read in another order give the same batches."""
    replies = list(collected(folder)[0].values())
    replies.sort(key=lambda reply: hashlib.sha256(reply.ref.encode()).digest())

    for reply in replies:
        assert serialised(files.read(reply)) == serialised(read(folder, reply.about["file"]))


def turned(document: Any) -> Any:
    """The document with the items of its lists turned round."""
    if isinstance(document, list):
        return document[::-1]
    return {
        key: turned(value) if key in ("items", "log_entries", "incidents", "alerts", "notes", "change_events") and isinstance(value, list) else value
        for key, value in document.items()
    }


def nameless(raws: Iterator[Raw] | tuple[Raw, ...]) -> list[str]:
    """Facts without their places, sorted."""
    return sorted(json.dumps({key: value for key, value in fact.items() if key not in ("ref", "record")}, sort_keys=True) for fact in facts(tuple(raws)))


@every_answer
def test_the_order_within_a_list_changes_nothing(folder: str, name: str, tmp_path: Path) -> None:
    """The items of a list in another order give the same facts, but for their places."""
    if known(folder, name) and (reply := collected(folder)[0][name]).form not in ("log", "history"):
        path = tmp_path / "other"
        path.write_text(json.dumps(turned(reply.json())))

        assert nameless(read(folder, name)) == nameless(files.read(replace(reply, path=path)))
