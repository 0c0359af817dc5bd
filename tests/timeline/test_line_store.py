"""Log lines of many streams in one sorted file: order, ties, doubles of overlapping streams."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.normalize.tables import LINES
from retroline.timeline import line_file, line_held, line_merge, line_waiting, line_words
from retroline.timeline.line_store import LineStore

WEB = ("shop", "web-1", "app")
Lines = list[tuple[int, str]]


def batch(lines: Lines, container: tuple[str, ...] = WEB) -> pa.RecordBatch:
    """Lines as `normal_lines` gives them."""
    numbers = {"correction_ns": 0, "before_ns": 0, "after_ns": 1, "truncated": False}
    rows = [{"at": at, "text": text, "namespace": container[0] or None, "pod": container[1], "container": container[2], **numbers} for at, text in lines]
    return pa.RecordBatch.from_pylist(rows, schema=LINES)


def written(folder: Path, parts: list[tuple[tuple[str, str, str], str, Lines]]) -> tuple[Lines, int]:
    """The lines of the file and how many doubles were left out; `parts` are (container, stream, lines)."""
    store = LineStore(folder)
    for container, stream, lines in parts:
        store.add(container, stream, batch(lines, container))
    doubles = store.write(folder / "lines.parquet")
    table = pq.read_table(folder / "lines.parquet")
    assert table.schema == LINES
    assert sorted(p.name for p in folder.iterdir()) == ["lines.parquet"]
    return list(zip(table["at"].cast(pa.int64()).to_pylist(), table["text"].to_pylist(), strict=True)), doubles


def test_lines_are_in_order_of_time(tmp_path: Path) -> None:
    """Streams that come one after the other, each out of order, end up sorted."""
    found, doubles = written(tmp_path, [(WEB, "a", [(5, "e"), (1, "a")]), (("shop", "web-2", "app"), "b", [(3, "c"), (2, "b"), (4, "d")])])

    assert found == [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]
    assert doubles == 0


def test_ties_keep_their_order(tmp_path: Path) -> None:
    """Lines of one instant stay in the order of streams and of lines in them."""
    found, _ = written(tmp_path, [(WEB, "a", [(1, "z"), (1, "y")]), (("shop", "web-2", "app"), "b", [(1, "x"), (1, "w")])])

    assert [text for _, text in found] == ["z", "y", "x", "w"]


def test_nothing_is_an_empty_file(tmp_path: Path) -> None:
    """Without lines the file has the table's columns and no rows."""
    assert written(tmp_path, [(WEB, "a", [])]) == ([], 0)


def test_overlapping_streams_of_one_container_count_once(tmp_path: Path) -> None:
    """A log saved during and after has its common part once."""
    during, after = [(1, "a"), (2, "b"), (3, "c")], [(2, "b"), (3, "c"), (4, "d")]

    found, doubles = written(tmp_path, [(WEB, "after", after), (WEB, "during", during)])

    assert found == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert doubles == 2


def test_a_line_that_repeats_within_a_stream_stays(tmp_path: Path) -> None:
    """The same text at the same instant counts as often as the stream that has it most."""
    once, thrice = [(1, "tick")], [(1, "tick")] * 3

    found, doubles = written(tmp_path, [(WEB, "a", once), (WEB, "b", thrice), (WEB, "c", once)])

    assert found == [(1, "tick")] * 3
    assert doubles == 2


def test_one_stream_alone_loses_nothing(tmp_path: Path) -> None:
    """Repetitions in batches of one stream are no doubles."""
    found, doubles = written(tmp_path, [(WEB, "a", [(1, "tick")]), (WEB, "a", [(1, "tick")])])

    assert (found, doubles) == ([(1, "tick")] * 2, 0)


@pytest.mark.parametrize("other", [("shop", "web-2", "app"), ("shop", "web-1", "proxy"), ("mail", "web-1", "app")])
def test_streams_of_other_containers_are_never_joined(tmp_path: Path, other: tuple[str, str, str]) -> None:
    """Equal lines of another pod, container or namespace are lines of their own."""
    found, doubles = written(tmp_path, [(WEB, "a", [(1, "tick")]), (other, "b", [(1, "tick")])])

    assert (len(found), doubles) == (2, 0)


def test_streams_of_nobody_are_never_joined(tmp_path: Path) -> None:
    """Logs that do not say whose they are might be of different containers."""
    nobody = ("", "", "")

    assert written(tmp_path, [(nobody, "a", [(1, "tick")]), (nobody, "b", [(1, "tick")])]) == ([(1, "tick")] * 2, 0)


def test_a_log_that_does_not_name_its_namespace_joins_the_one_that_does(tmp_path: Path) -> None:
    """Where only one namespace is known for a pod, a saved log without namespace is of that pod."""
    assert written(tmp_path, [(WEB, "a", [(1, "tick")]), (("", "web-1", "app"), "b", [(1, "tick"), (2, "tock")])]) == ([(1, "tick"), (2, "tock")], 1)


def test_a_store_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """Closing without writing removes the waiting file."""
    store = LineStore(tmp_path)
    store.add(WEB, "a", batch([(1, "a")]))

    store.close()

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the waiting file is not lost in its thread."""
    monkeypatch.setattr(line_held, "HELD_BYTES", -1)
    store = LineStore(tmp_path / "missing")

    store.add(WEB, "a", batch([(1, "a")]))

    with pytest.raises(OSError, match="missing"):
        store.write(tmp_path / "lines.parquet")
    store.close()


@pytest.mark.parametrize("rows_at_once", [1, 1 << 14])
def test_what_programs_say_of_the_time_is_beside_the_runtimes_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int) -> None:
    """Each line's own stamp, completed by the runtime's, null where it has none; read together or not."""
    monkeypatch.setattr(line_waiting, "ROWS_AT_ONCE", rows_at_once)
    second = 1_000_000_000
    noon = 1_795_262_400 * second
    store = LineStore(tmp_path)
    store.add(WEB, "a", batch([(noon + 5, "2026-11-21T12:00:00.25Z INFO up"), (noon + second, "no stamp")]))
    store.add(("shop", "web-2", "app"), "b", batch([(noon + second, "I1121 11:59:59.000001       1 main.go:1] up")]))

    store.write(tmp_path / "lines.parquet")

    found = pq.read_table(tmp_path / "lines.parquet")["app_at"].cast(pa.int64()).to_pylist()
    assert found == [noon + second // 4, None, noon - second + 1_000]


def test_one_batch_has_one_correction(tmp_path: Path) -> None:
    """Lines that were corrected differently must come in batches of their own."""
    mixed = pa.Table.from_batches([batch([(1, "a")]), batch([(2, "b")])]).combine_chunks()
    moved = mixed.set_column(LINES.get_field_index("correction_ns"), LINES.field("correction_ns"), pa.array([0, 5]))

    with pytest.raises(ValueError, match="correction_ns"):
        LineStore(tmp_path).add(WEB, "a", moved.to_batches()[0])


def test_long_lines_are_never_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines are long, fewer are read, merged and written together; nothing is lost."""
    for module, name in ((line_waiting, "BYTES_AT_ONCE"), (line_words, "BYTES_AT_ONCE"), (line_merge, "PIECE_BYTES"), (line_file, "BYTES_A_GROUP")):
        monkeypatch.setattr(module, name, 1_000)
    lines = [[(at, "x" * 400 + str(at)) for at in range(start, 60, 3)] for start in range(3)]

    found, doubles = written(tmp_path, [(("shop", f"web-{i}", "app"), str(i), part[j : j + 5]) for i, part in enumerate(lines) for j in range(0, len(part), 5)])

    assert found == sorted(line for part in lines for line in part)
    assert doubles == 0


containers = st.sampled_from([WEB, ("shop", "web-2", "app")])
streams = st.lists(st.tuples(containers, st.sampled_from("ab"), st.lists(st.tuples(st.integers(0, 4), st.sampled_from("xy")), max_size=8)), max_size=8)


@settings(deadline=None)
@given(streams, st.sampled_from([-1, 200, 1 << 20]))
def test_many_batches(parts: list[tuple[tuple[str, str, str], str, Lines]], held_bytes: int) -> None:
    """In memory or on disk, in any number of batches, also beyond a row group: sorted, and per container each line as often as its fullest stream has it."""
    import tempfile

    held: dict[tuple[str, str, str], dict[str, Counter[tuple[int, str]]]] = {}
    for container, stream, lines in parts:
        held.setdefault(container, {}).setdefault(stream, Counter()).update(lines)
    expected: Counter[tuple[int, str]] = Counter()
    for of_streams in held.values():
        fullest: Counter[tuple[int, str]] = Counter()
        for counted in of_streams.values():
            fullest |= counted
        expected += fullest

    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_file, "ROWS_A_GROUP", 3)
        patch.setattr(line_merge, "ROWS", 2)
        patch.setattr(line_held, "HELD_BYTES", held_bytes)
        named = [(c, f"{c}{s}", lines) for c, s, lines in parts]
        found, doubles = written(Path(place), named)

    assert Counter(found) == expected
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert len(found) + doubles == sum(len(lines) for _, _, lines in parts)
