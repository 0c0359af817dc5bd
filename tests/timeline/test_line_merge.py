"""Batches of lines in one order of time: sorted, ties as they came, in bounded pieces, from memory or from a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.timeline import line_held, line_merge, line_waiting
from retroline.timeline.line_held import WAITING, Places
from retroline.timeline.line_merge import merged
from retroline.timeline.line_waiting import Source, Waiting

batches = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=9), max_size=9)


def source(at: list[int]) -> Source:
    return Source(0, 0, "", 1, (0, 0, 1), len(at), 10 * len(at), min(at), max(at), at == sorted(at))


def batch(number: int, at: list[int]) -> pa.RecordBatch:
    rows = [{"at": ns, "text": f"{number} {i}", "truncated": False} for i, ns in enumerate(at)]
    return pa.RecordBatch.from_pylist(rows, schema=WAITING)


def standing(batch: pa.RecordBatch, path: Path, number: int) -> Places:
    """The texts of a batch put at the end of a file, some other bytes before each, and where they stand."""
    begins = []
    with path.open("ab") as file:
        for text in batch.column("text").to_pylist():
            file.write(b"\0" * (1 + number % 5))
            begins.append(file.tell())
            file.write(text.encode())
    return Places(path, np.array(begins, np.int64))


@settings(deadline=None)
@given(batches, st.integers(1, 12), st.sampled_from([-1, 300, 600, 1 << 20]), st.sampled_from([0, 2, 8]), st.sampled_from([1, 10**18]), st.booleans())
def test_pieces_are_the_stable_order_of_all(times: list[list[int]], rows: int, held: int, few: int, step: int, stands: bool) -> None:  # noqa: PLR0917 - what differs
    """As if everything had been sorted at once; an instant is in one piece; every line is traced to its batch and row.

    So it is whether they wait in memory, as texts or as places of texts, or in files.
    """
    times = [[step * ns for ns in at] for at in times]
    everything = [(ns, f"{number} {i}") for number, at in enumerate(times) for i, ns in enumerate(at)]
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_merge, "FEW", few)
        patch.setattr(line_held, "HELD_BYTES", held)
        patch.setattr(line_waiting, "ROWS_AT_ONCE", 9)
        waiting = Waiting(Path(folder, "part"))
        for number, at in enumerate(times):
            one = batch(number, at)
            waiting.put(one, places=standing(one, Path(file.name), number) if stands and number % 3 else None)
        pieces = list(merged([source(at) for at in times], waiting.end(), rows))
        found = [list(zip(piece.at.tolist(), piece.column("text").to_pylist(), strict=True)) for piece in pieces]
        origins = ["{} {}".format(*piece.origin(i)) for piece in pieces for i in range(len(piece.at))]
        waiting.close()
        assert not list(Path(folder).iterdir())

    told = [line for piece in found for line in piece]
    assert told == sorted(everything, key=lambda line: line[0])
    assert origins == [text for _, text in told]
    assert len({ns for piece in found for ns in {ns for ns, _ in piece}}) == sum(len({ns for ns, _ in piece}) for piece in found)


def test_sorted_sources_make_pieces_of_bounded_size() -> None:
    """Streams that run side by side are never in memory whole."""
    times = [[100 * i + j for j in range(100)] for i in range(20) for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        waiting = Waiting(Path(folder, "part"))
        for number, at in enumerate(times):
            waiting.put(batch(number, at))

        sizes = [len(piece.at) for piece in merged([source(at) for at in times], waiting.end(), 200)]

    assert sum(sizes) == 6000
    assert max(sizes) <= 500
