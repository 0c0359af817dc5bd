"""Log lines of a node whose clock is corrected: on corrected time, counted once, and nothing done where no clock is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.evidence import Evidence
from retroline.collectors.window import Window, rfc3339, rfc3339_short
from retroline.normalize.stamp_settings import StampSettings
from retroline.timeline import log_gaps, log_rows
from retroline.timeline.corrected_lines import correct_lines
from retroline.timeline.evidence import Read, read_evidence
from retroline.timeline.line_clocks import as_received, with_clocks
from retroline.timeline.line_store import LineStore
from retroline.timeline.rows import NODE, Given, Row, Stream, Witness

SECOND = 1_000_000_000
T0 = 1_795_224_000 * SECOND
WINDOW = Window(T0, T0 + 600 * SECOND)
CLOCK = f"{NODE}/worker-1"
Cluster = Callable[..., Given]
Logs = dict[str, list[tuple[int, str]]]


def pod(name: str, node: str, uid: str = "", began: str = "2026-11-21T00:00:00Z") -> dict[str, Any]:
    status = {"name": "app", "restartCount": 0, "containerID": f"c://{name}", "state": {"running": {"startedAt": began}}}
    meta = {"name": name, "namespace": "shop", "uid": uid or f"uid-{name}", "creationTimestamp": "2026-11-21T00:00:00Z"}
    return {"kind": "Pod", "metadata": meta, "spec": {"nodeName": node}, "status": {"containerStatuses": [status]}}


def written(folder: Path, logs: Logs, nodes: dict[str, str]) -> tuple[Read, Given, Path]:
    """What a first reading of these logs gives: instants and texts by pod, pods by node."""
    evidence = Evidence(folder / "evidence", "run", "kubernetes", lambda: "2026-11-21T02:00:00Z")
    objects = {"kind": "List", "apiVersion": "v1", "items": [pod(name, node) for name, node in nodes.items()]}
    evidence.save("pods", "list", json.dumps(objects).encode())
    for name, lines in logs.items():
        body = "".join(f"{rfc3339(at)} {text}\n" for at, text in lines).encode()
        evidence.save(f"logs/shop/{name}/app", "log", body, suffix=".log", about={"namespace": "shop", "pod": name, "container": "app", "timestamps": "true"})
    store = LineStore(folder)
    read = read_evidence(folder / "evidence", WINDOW, store)
    store.write(folder / "lines.parquet")
    return read, Given(WINDOW, read.facts, read.series, with_clocks(read.streams, read.facts), store.templates), folder / "lines.parquet"


def table(lines: Path) -> list[tuple[int, str, str, int, int, int]]:
    """(instant, pod, text, correction, before, after) of every line written."""
    found = pq.read_table(lines)
    at = found["at"].cast(pa.int64()).to_pylist()
    return list(zip(at, *(found[c].to_pylist() for c in ("pod", "text", "correction_ns", "before_ns", "after_ns")), strict=True))


def test_lines_of_a_corrected_node_move(tmp_path: Path) -> None:
    """They are put in order anew with those of other nodes, carry the correction and its error, and may cross both ends of the window."""
    ahead = 5 * SECOND
    logs = {
        "a-0": [(T0 + 1 * SECOND, "before the window"), (T0 + 9 * SECOND, "a"), (WINDOW.until_ns + 1 * SECOND, "inside after all")],
        "b-0": [(T0 + 7 * SECOND, "b"), (WINDOW.until_ns, "too late")],
    }
    read, given, lines = written(tmp_path, logs, {"a-0": "worker-1", "b-0": "worker-2"})
    assert [text for _, _, text, *_ in table(lines)] == ["before the window", "b", "a"]

    again = correct_lines(read, given, {CLOCK: (-ahead, 3)}, lines)

    assert again is not None
    assert table(lines) == [
        (T0 + 4 * SECOND, "a-0", "a", -ahead, 3, 4),
        (T0 + 7 * SECOND, "b-0", "b", 0, 0, 1),
        (WINDOW.until_ns - 4 * SECOND, "a-0", "inside after all", -ahead, 3, 4),
    ]
    assert read.tallies["kubernetes", "log"].counts == {"kept": 3, "outside": 2}
    assert [(s.pod, s.clock, s.moved_ns, s.first_ns) for s in again[0].streams] == [
        ("a-0", CLOCK, -ahead, T0 - 4 * SECOND),
        ("b-0", f"{NODE}/worker-2", 0, T0 + 7 * SECOND),
    ]


def test_what_programs_say_of_the_time_moves_with_their_node(tmp_path: Path) -> None:
    """A program reads the clock of its node: how long a line took to the runtime is the same after the correction, as are lines that say nothing."""
    said = [(T0 + 9 * SECOND, f"{rfc3339(T0 + 8 * SECOND, 0)} a"), (T0 + 9 * SECOND, "b")]
    read, given, lines = written(tmp_path, {"a-0": said}, {"a-0": "worker-1"})

    correct_lines(read, given, {CLOCK: (-5 * SECOND, 3)}, lines)

    assert pq.read_table(lines)["app_at"].cast(pa.int64()).to_pylist() == [T0 + 3 * SECOND, None]


def test_stamps_are_read_again_in_their_zone(tmp_path: Path) -> None:
    """The second reading knows the zone of stamps that name none, too."""
    read, given, lines = written(tmp_path, {"a-0": [(T0 + 9 * SECOND, f"{rfc3339(T0 + 3608 * SECOND, 0)[:-1]} a")]}, {"a-0": "worker-1"})

    correct_lines(read, given, {CLOCK: (-5 * SECOND, 3)}, lines, stamps=StampSettings("+01:00"))

    assert pq.read_table(lines)["app_at"].cast(pa.int64()).to_pylist() == [T0 + 3 * SECOND]


@pytest.mark.parametrize("corrections", [{}, {"pagerduty": (SECOND, 1)}, {f"{NODE}/worker-9": (SECOND, 1)}])
def test_without_a_corrected_node_nothing_is_done(tmp_path: Path, corrections: dict[str, tuple[int, int]]) -> None:
    """The table stays the very file that was written, unread."""
    read, given, lines = written(tmp_path, {"a-0": [(T0, "a")]}, {"a-0": "worker-1"})
    lines.write_bytes(b"not touched")

    assert correct_lines(read, given, corrections, lines) is None
    assert lines.read_bytes() == b"not touched"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a-0", "b-0", "c-0"]), st.integers(-20, 620)), min_size=1, max_size=30), st.integers(-30, 30), st.integers(0, 9))
def test_order_and_counts_are_kept(tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, int]], seconds: int, error: int) -> None:
    """Lines stay in order of time and in the order of their log, none is lost or made, and what is of other nodes stays where it was."""
    logs: Logs = {}
    for number, (name, second) in enumerate(sorted(said, key=lambda one: one[1])):
        logs.setdefault(name, []).append((T0 + second * SECOND, f"line {number:03}"))
    read, given_, lines = written(tmp_path_factory.mktemp("logs"), logs, {"a-0": "worker-1", "b-0": "worker-2", "c-0": "worker-1"})
    others = [line for line in table(lines) if line[1] == "b-0"]

    again = correct_lines(read, given_, {CLOCK: (seconds * SECOND, error)}, lines)
    found = table(lines)

    assert (again is None) == (set(logs) == {"b-0"})
    assert [at for at, *_ in found] == sorted(at for at, *_ in found)
    assert [line for line in found if line[1] == "b-0"] == others
    for name in logs:
        mine = [(at, text) for at, of, text, *_ in found if of == name]
        shift = 0 if name == "b-0" else seconds * SECOND
        assert mine == [(at + shift, text) for at, text in logs[name] if T0 <= at + shift < WINDOW.until_ns]
    counts = read.tallies["kubernetes", "log"].counts
    assert (counts["kept"], counts.total()) == (len(found), len(said))
    assert not again or sum(t.count for t in again[0].templates) == len(found)


def test_whose_clock_stamped_a_log(cluster: Cluster) -> None:
    """What the answer says counts, then the pod's one node; a name that ran on two nodes, or is unknown, is of no node that is known."""

    def stream(name: str, namespace: str = "shop", clock: str = NODE) -> Stream:
        return Stream(namespace, name, "app", "", T0, T0, 1, "log", clock)

    given = cluster(pod("a-0", "worker-1"), pod("db-0", "worker-1", "one"), pod("db-0", "worker-2", "two"))
    streams = [stream("a-0"), stream("a-0", ""), stream("db-0"), stream("db-0", clock=f"{NODE}/worker-2"), stream("b-0"), stream("a-0", clock="")]

    assert [s.clock for s in with_clocks(streams, given.facts)] == [CLOCK, CLOCK, NODE, f"{NODE}/worker-2", NODE, ""]


def test_a_row_of_a_line_is_on_its_clock() -> None:
    """Before rows are corrected it has the stamp as received, so that it is moved to its line's instant once; where it could be of two clocks it stays."""
    labels = {"namespace": "shop", "pod": "a-0", "container": "app"}
    row = Row("log.burst", T0, "t", "kubernetes", NODE, "t", until_ns=T0 + 5, labels=labels, witnesses=(Witness("kubernetes", NODE, T0, "", None, "r"),))
    moved = Stream("shop", "a-0", "app", "", T0 - 9, T0 + 9, 3, "log", CLOCK, -40)
    other = Stream("shop", "a-0", "app", "", T0 + 20, T0 + 30, 3, "older", f"{NODE}/worker-2")

    found = as_received(row, [moved, other])

    assert (found.clock, found.at_ns, found.until_ns, found.at_source) == (CLOCK, T0 + 40, T0 + 45, rfc3339_short(T0 + 40))
    assert (found.witnesses[0].clock, found.witnesses[0].at_ns) == (CLOCK, T0 + 40)
    assert as_received(row, []) == as_received(row, [moved, Stream("shop", "a-0", "app", "", T0, T0, 1, "b", f"{NODE}/worker-2")]) == row


def test_rules_over_lines_see_the_corrected_ones(tmp_path: Path) -> None:
    """A first error is where its line is once it is corrected, and what the row says of other lines is on the same time."""
    said = [(T0 + second * SECOND, "INFO fine") for second in range(0, 500, 5)] + [(T0 + 505 * SECOND, "ERROR broken"), (T0 + 515 * SECOND, "ERROR broken")]
    read, first, lines = written(tmp_path, {"a-0": said}, {"a-0": "worker-1"})

    again = correct_lines(read, first, {CLOCK: (-5 * SECOND, 3)}, lines)
    assert again is not None
    (row,) = log_rows.rows(again[0])

    assert (row.kind, row.clock, row.at_ns) == ("log.first_seen", CLOCK, T0 + 505 * SECOND)
    assert row.body is not None
    assert row.body.startswith(f"2 in the window, the last at {rfc3339(T0 + 510 * SECOND, 0)}")


def test_a_gap_ends_at_the_corrected_line(cluster: Cluster) -> None:
    """The container's start is on its node's clock like its lines, so both move; a log that begins with its container has no gap however wrong the clock."""
    ahead = 90 * SECOND
    began = T0 + ahead
    moved = Stream("shop", "a-0", "app", "c://a-0", began - ahead + 1, T0 + 3600 * SECOND, 9000, "log", CLOCK, -ahead)
    late = Stream("shop", "a-0", "app", "c://a-0", T0 + 300 * SECOND, T0 + 3600 * SECOND, 9000, "log", CLOCK, -ahead)
    about = pod("a-0", "worker-1", began=rfc3339(began, 0))

    (gap,) = log_gaps.rows(cluster(about, streams=[late]))

    assert log_gaps.rows(cluster(about, streams=[moved])) == []
    assert (gap.at_ns, gap.until_ns) == (T0, T0 + 300 * SECOND)


def test_pods_that_are_gone_lived_on_corrected_time(cluster: Cluster) -> None:
    """What their node's kubelet said of them moves like the lines of that node."""
    involved = {"kind": "Pod", "namespace": "shop", "name": "b-1", "uid": "u", "fieldPath": "spec.containers{app}"}
    meta = {"name": "b-1.1", "namespace": "shop", "uid": "e"}
    stamps = {"firstTimestamp": rfc3339(T0 + 190 * SECOND, 0), "lastTimestamp": rfc3339(T0 + 390 * SECOND, 0), "count": 9}
    event = {
        "kind": "Event",
        "metadata": meta,
        "involvedObject": involved,
        "reason": "Unhealthy",
        "source": {"component": "kubelet", "host": "worker-1"},
        **stamps,
    }
    moved = Stream("shop", "a-0", "app", "c://a-0", T0, T0 + 3600 * SECOND, 9000, "log", CLOCK, -90 * SECOND)

    (gap,) = log_gaps.rows(cluster(pod("a-0", "worker-1", began="2026-11-21T05:00:00Z"), event, streams=[moved]))

    assert (gap.title, gap.at_ns, gap.until_ns) == ("logs of b-1 are gone with the pod", T0 + 100 * SECOND, T0 + 301 * SECOND)
