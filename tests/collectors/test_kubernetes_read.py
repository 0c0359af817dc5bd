"""Kubernetes' saved answers: forms, events of both APIs, container instances, who touched what; and logs, byte for byte."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors import kubernetes
from retroline.collectors.errors import BadPayload
from retroline.collectors.evidence import Reply
from retroline.collectors.kubernetes import log_lines as log_reader

pytestmark = pytest.mark.usefixtures("kernels")

FIXTURES = Path(__file__).parents[2] / "fixtures" / "kubernetes"


def facts(document: Any, tmp_path: Path, form: str = "list") -> list[dict[str, Any]]:
    path = tmp_path / "reply.json"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    rows = [row for raw in kubernetes.read(Reply("kubernetes", form, "reply.json", path)) for row in raw.batch.to_pylist()]
    return [{**row, "attributes": json.loads(row["attributes"] or "{}")} for row in rows]


def lines(body: bytes, tmp_path: Path, **about: str) -> list[tuple[str, str | None, bytes, int, bool]]:
    """(pod, stamp, text, number, truncated) of every line."""
    path = tmp_path / "reply.log"
    path.write_bytes(body)
    found = []
    for raw in kubernetes.read(Reply("kubernetes", "log", "reply.log", path, about=about)):
        assert raw.table == "lines"
        found += [(raw.about["pod"], r["stamp"], r["text"], r["number"], r["truncated"]) for r in raw.batch.to_pylist()]
    return found


def event(**fields: Any) -> dict[str, Any]:
    return {
        "kind": "Event",
        "metadata": {"name": "web.1", "namespace": "shop", "uid": "u-1", "creationTimestamp": "2026-11-21T01:00:00Z"},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "p-1", "fieldPath": "spec.containers{app}"},
        "reason": "Started",
        "message": "Container started",
        "source": {"component": "kubelet", "host": "node-7"},
        "type": "Normal",
        "firstTimestamp": "2026-11-21T01:00:00Z",
        "lastTimestamp": "2026-11-21T01:05:00Z",
        "count": 2,
        **fields,
    }


def as_list(*items: Any, kind: str = "List") -> dict[str, Any]:
    return {"kind": kind, "apiVersion": "v1", "metadata": {}, "items": list(items)}


@pytest.mark.parametrize(
    ("document", "form"),
    [
        ({"kind": "PodList", "apiVersion": "v1", "items": []}, "list"),
        ({"kind": "EventList", "apiVersion": "events.k8s.io/v1", "items": []}, "list"),
        ({"kind": "List", "apiVersion": "v1", "items": []}, "list"),
        ({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": []}, "list"),
        ({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "web"}}, "list"),
        ({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}, "version"),
        ({"status": "success", "data": {"resultType": "matrix"}}, None),
        ({"kind": "Config", "apiVersion": "v1", "clusters": []}, None),
        ([{"fingerprint": "ab"}], None),
        ("text", None),
    ],
)
def test_recognises_by_content(document: Any, form: str | None) -> None:
    """API lists, kubectl's lists, single objects and versions are ours, other JSON is not."""
    assert kubernetes.recognise(document, "x.json") == form


def test_event_is_an_interval_with_a_count(tmp_path: Path) -> None:
    """A repeated event keeps both ends, its count, its container and the clock of the node that stamped it."""
    (fact,) = facts(as_list(event()), tmp_path)

    assert fact["kind"] == "k8s.event"
    assert (fact["stamp"], fact["until_stamp"], fact["count"]) == ("2026-11-21T01:00:00Z", "2026-11-21T01:05:00Z", 2)
    assert (fact["clock"], fact["subject"], fact["thread"]) == ("kubernetes/node/node-7", "Pod/web-1/app", "k8s-event:u-1")
    assert fact["ref"] == "reply.json#/items/0"


def test_both_event_apis_give_one_thread(tmp_path: Path) -> None:
    """The events.k8s.io view of an event has the thread, time, count and clock of the core one."""
    old = event()
    new = {
        "metadata": old["metadata"],
        "regarding": old["involvedObject"],
        "note": old["message"],
        "reason": "Started",
        "type": "Normal",
        "eventTime": None,
        "deprecatedFirstTimestamp": old["firstTimestamp"],
        "deprecatedLastTimestamp": old["lastTimestamp"],
        "deprecatedCount": 2,
        "deprecatedSource": old["source"],
        "reportingController": "kubelet",
    }

    same = ("kind", "thread", "edge", "stamp", "until_stamp", "count", "clock", "title", "subject")
    one, two = facts(as_list(old, kind="EventList"), tmp_path), facts(as_list(new, kind="EventList"), tmp_path)

    assert [one[0][k] for k in same] == [two[0][k] for k in same]


def test_event_time_of_the_new_recorder_is_exact_to_the_microsecond(tmp_path: Path) -> None:
    """`eventTime` is taken where first and last times are null, with its resolution."""
    (fact,) = facts(as_list(event(firstTimestamp=None, lastTimestamp=None, eventTime="2026-11-21T01:00:00.123456Z", count=None)), tmp_path)

    assert (fact["stamp"], fact["until_stamp"], fact["resolution_ns"], fact["count"]) == ("2026-11-21T01:00:00.123456Z", None, 1000, 1)


def test_text_of_a_combined_event_belongs_to_its_last_time(tmp_path: Path) -> None:
    """A combined event gives a fact without that text at its first time and one with it at its last, both of one record."""
    message = "(combined from similar events): Scaled down replica set web-1 from 5 to 3"
    first, last = facts(as_list(event(reason="ScalingReplicaSet", message=message, count=10)), tmp_path)

    assert (first["stamp"], first["edge"], first["count"], first["attributes"]["message"]) == ("2026-11-21T01:00:00Z", "", 10, "")
    assert (last["stamp"], last["edge"], last["count"]) == ("2026-11-21T01:05:00Z", "last", 1)
    assert last["title"] == "ScalingReplicaSet: Scaled down replica set web-1 from 5 to 3"
    assert first["record"] == last["record"] == "reply.json#/items/0"
    assert first["ref"] != last["ref"]


def test_instances_of_a_container_are_numbered(tmp_path: Path) -> None:
    """The running instance bears the restart count, the ended one before it one less; a pod waiting in back-off keeps its number."""
    running = {
        "name": "app",
        "restartCount": 2,
        "containerID": "containerd://b",
        "state": {"running": {"startedAt": "2026-11-21T01:02:00Z"}},
        "lastState": {
            "terminated": {"reason": "OOMKilled", "exitCode": 137, "startedAt": "x", "finishedAt": "2026-11-21T01:01:00Z", "containerID": "containerd://a"}
        },
    }
    waiting = {
        **running,
        "name": "loop",
        "containerID": "containerd://a",
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    }
    pod = {"kind": "Pod", "metadata": {"name": "web-1", "uid": "p"}, "spec": {"nodeName": "n"}, "status": {"containerStatuses": [running, waiting]}}

    found = {(f["kind"], f["attributes"]["container"]): f for f in facts(as_list(pod), tmp_path) if f["kind"] != "state.pod"}

    assert found["state.container_start", "app"]["attributes"]["restart"] == 2
    assert found["state.container_end", "app"]["attributes"]["restart"] == 1
    assert found["state.container_end", "loop"]["attributes"]["restart"] == 2
    assert found["state.container_end", "app"]["stamp"] == "2026-11-21T01:01:00Z"
    assert found["state.container_end", "app"]["clock"] == "kubernetes/node/n"
    assert found["state.container_waiting", "loop"]["stamp"] is None


def test_data_of_configmaps_and_secrets_never_passes(tmp_path: Path) -> None:
    """Neither data nor the annotation that repeats it comes out of a saved file that holds them."""
    meta = {"name": "c", "namespace": "shop", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}
    for kind in ("ConfigMap", "Secret"):
        document = {
            "kind": kind,
            "apiVersion": "v1",
            "metadata": meta,
            "data": {"password": "hunter2"},
            "stringData": {"x": "hunter2"},
            "binaryData": {"y": "hunter2"},
        }
        found = facts(document, tmp_path)

        assert len(found) == 1
        assert "hunter2" not in json.dumps(found)


def test_managers_tell_who_touched_what(tmp_path: Path) -> None:
    """Recorded field managers come out as manager, time (null where the server gave none) and the fields they own."""
    document = json.loads((FIXTURES / "incident-a" / "after" / "deployments.json").read_text("utf-8"))
    found = {f["attributes"]["name"]: f["attributes"] for f in facts(document, tmp_path)}

    by_manager = {m["manager"]: m for m in found["payments"]["managed"]}
    assert (by_manager["kubectl"]["subresource"], by_manager["kubectl"]["time"], by_manager["kubectl"]["fields"]) == ("scale", None, ["replicas"])
    assert by_manager["kubectl-rollout"]["fields"] == ["restartedAt", "template"]
    assert by_manager["kubectl-rollout"]["time"] == "2026-11-21T00:49:23Z"
    assert found["payments"]["configmaps"] == ["payments-config"]


def test_metadata_lists_name_configmaps(tmp_path: Path) -> None:
    """A list of metadata that holds data's field managers is one of ConfigMaps, with the keys that changed and when."""
    document = json.loads((FIXTURES / "incident-a" / "after" / "configmaps.json").read_text("utf-8"))
    found = [f for f in facts(document, tmp_path) if f["attributes"]["name"] == "payments-config"]

    assert [f["kind"] for f in found] == ["state.configmap"]
    assert {(m["manager"], m["time"], tuple(m["keys"])) for m in found[0]["attributes"]["managed"]} >= {
        ("kubectl-patch", "2026-11-21T00:49:16Z", ("payments.properties",))
    }


def test_every_item_is_a_record(tmp_path: Path) -> None:
    """Items of unknown kinds count as objects, items that are none as unreadable; good ones beside them are kept."""
    document = as_list({"kind": "Service", "metadata": {"name": "web"}}, 7, {"kind": "Pod"}, event())
    found = facts(document, tmp_path)

    assert [f["kind"] for f in found] == ["state.object", "unreadable", "unreadable", "k8s.event"]
    assert len({f["record"] for f in found}) == 4


def test_json_lines_keep_the_good_ones(tmp_path: Path) -> None:
    """Objects one per line are read; a broken line is one unreadable fact with its number."""
    body = b"\n".join([json.dumps(event()).encode(), b'{"kind": "Ev', json.dumps(event()).encode()])
    found = facts(body, tmp_path)

    assert [(f["kind"], f["ref"]) for f in found] == [
        ("k8s.event", "reply.json#line 1"),
        ("unreadable", "reply.json#line 2"),
        ("k8s.event", "reply.json#line 3"),
    ]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"kind":"PodList","items":[{"meta', b"[1, 2]", b"{}"])
def test_other_bodies_are_bad_payloads(body: bytes, tmp_path: Path) -> None:
    """What is no list raises BadPayload that names the file."""
    with pytest.raises(BadPayload, match=r"reply\.json"):
        facts(body, tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["Pod", "Event", "Deployment", "ReplicaSet", "ControllerRevision", "Job", "ConfigMap", "Node"]),
    parts=st.lists(JSON, min_size=3, max_size=3),
)
def test_dirt_inside_objects_never_raises(kind: str, parts: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands in metadata, spec and status, the item is one record."""
    meta = {"name": "x", "annotations": parts[0], "managedFields": parts[1], "ownerReferences": parts[2], "creationTimestamp": parts[0]}
    item = {"kind": kind, "metadata": meta, "spec": parts[0], "status": parts[1], "involvedObject": parts[2], "message": parts[0], "data": parts[2]}

    assert {f["record"] for f in facts(as_list(item), tmp_path_factory.mktemp("dirt"))} == {"reply.json#/items/0"}


def test_version(tmp_path: Path) -> None:
    """The server's version is context, not a record."""
    (fact,) = facts({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}, tmp_path, "version")

    assert (fact["kind"], fact["title"]) == ("context.version", "v1.36.3")


def test_recorded_awkward_lines_come_through_byte_for_byte(tmp_path: Path) -> None:
    """Lone CR, NUL, colours, broken UTF-8, BOM and odd line separators stay; stamps leave; the last line is marked as cut."""
    body = (FIXTURES / "quirks" / "lines-ended" / "lines.log").read_bytes()
    found = lines(body, tmp_path, pod="lines-ended", timestamps="true")

    assert [f"{s} ".encode() + t for _, s, t, _, _ in found] == body.split(b"\n")
    assert [n for *_, n, _ in found] == list(range(1, len(found) + 1))
    assert [cut for *_, cut in found] == [False] * (len(found) - 1) + [True]
    texts = [t for _, _, t, _, _ in found]
    assert b"progress 10%\rprogress 50%\rprogress 100%" in texts
    assert b"invalid utf-8: \xff\xfe\x8a and NUL: \x00 end" in texts


def test_stamps_of_every_length_and_zone(tmp_path: Path) -> None:
    """0 to 9 decimals, Z or an offset; a line without a stamp is kept whole and has none."""
    stamps = ["2026-11-21T01:00:00Z", "2026-11-21T01:00:00.5+05:30", "2026-11-21T01:00:00.123456789Z", "2026-11-21t01:00:00.12z"]
    body = "".join(f"{s} text {i}\n" for i, s in enumerate(stamps)) + "  continued\n2026-11-21T01:00:00.1Z\n"
    found = lines(body.encode(), tmp_path)

    assert [(s, t) for _, s, t, _, _ in found] == [
        *((s, f"text {i}".encode()) for i, s in enumerate(stamps)),
        (None, b"  continued"),
        ("2026-11-21T01:00:00.1Z", b""),
    ]


def test_prefixes_divide_a_file_into_streams(tmp_path: Path) -> None:
    """`[pod/NAME/CONTAINER]` names each line's stream; a line without belongs to the line before it."""
    body = (
        b"[pod/web-1/app] 2026-11-21T01:00:00.000000001Z one\n"
        b"[pod/web-2/app] 2026-11-21T01:00:00.000000002Z two\n"
        b"  of two\n"
        b"[pod/web-1/app] 2026-11-21T01:00:00.000000003Z three\n"
    )
    found = lines(body, tmp_path)

    assert {(p, s, t, n) for p, s, t, n, _ in found} == {
        ("web-1", "2026-11-21T01:00:00.000000001Z", b"one", 1),
        ("web-2", "2026-11-21T01:00:00.000000002Z", b"two", 2),
        ("web-2", None, b"  of two", 3),
        ("web-1", "2026-11-21T01:00:00.000000003Z", b"three", 4),
    }


def test_node_files_lose_stream_and_tag_and_join_fragments(tmp_path: Path) -> None:
    """Raw CRI records are recognised; fragments tagged P become one line with the first one's stamp."""
    body = (
        b"2026-11-21T01:00:00.1Z stdout F whole\n"
        b"2026-11-21T01:00:00.2Z stdout P half \n"
        b"2026-11-21T01:00:00.3Z stdout F and half\n"
        b"2026-11-21T01:00:00.4Z stderr F end\n"
    )
    found = lines(body, tmp_path)

    assert [(s, t) for _, s, t, _, _ in found] == [
        ("2026-11-21T01:00:00.1Z", b"whole"),
        ("2026-11-21T01:00:00.2Z", b"half and half"),
        ("2026-11-21T01:00:00.4Z", b"end"),
    ]


def test_inner_stamps_stay_in_the_text(tmp_path: Path) -> None:
    """What a program wrote is no stamp of the runtime: the lines are whole, and their batch says that they have inner stamps alone."""
    body = (
        b'{"level":"error","seen":"2020-01-01T00:00:00Z","ts":"2026-11-21T01:00:00.123Z","msg":"a"}\n'
        b"2026-11-21T01:00:01+0000 INFO b\n"
        b"Traceback (most recent call last):\n"
        b"[WARN] 2026-11-21T01:00:02Z c\n"
    )
    found = lines(body, tmp_path)

    assert [s for _, s, _, _, _ in found] == [None] * 4
    assert [t for _, _, t, _, _ in found] == body.splitlines()
    (raw,) = kubernetes.read(Reply("kubernetes", "log", "a.log", tmp_path / "a.log")) if (tmp_path / "a.log").write_bytes(body) else ()
    assert raw.about["stamps"] == "inner"


def test_crlf_bom_and_empty_files(tmp_path: Path) -> None:
    """CR before LF and a BOM at the file's start go; an empty log is one empty batch that names its stream."""
    assert [t for _, _, t, _, _ in lines(b"\xef\xbb\xbf2026-11-21T01:00:00.123456789Z a\r\n2026-11-21T01:00:01.123456789Z b\r\n", tmp_path)] == [b"a", b"b"]
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    (raw,) = kubernetes.read(Reply("kubernetes", "log", "empty.log", path, about={"pod": "web-1", "node": "n1"}))
    assert (raw.batch.num_rows, raw.about["pod"], raw.about["clock"]) == (0, "web-1", "kubernetes/node/n1")


def test_refusal_in_a_logs_place_is_a_warning(tmp_path: Path) -> None:
    """The text that kubelets answer with status 200 gives no line but a warning."""
    (fact,) = facts(b"unable to retrieve container logs for containerd://354a2a2b", tmp_path, "log")

    assert fact["kind"] == "context.warning"
    assert "354a2a2b" in fact["title"]


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300), size=st.integers(1, 40))
def test_blocks_lose_and_change_nothing(body: bytes, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """However the file is cut into blocks, its lines are those between line feeds."""
    body = b"x" + body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_reader, "BLOCK_BYTES", size)
        found = lines(body, tmp_path_factory.mktemp("log"), timestamps="false")

    expected = [line.removesuffix(b"\r") if i < body.count(b"\n") else line for i, line in enumerate(body.split(b"\n"))]
    assert [t for _, _, t, _, _ in found] == (expected if expected[-1] else expected[:-1])


def test_a_broken_gzip_file_keeps_what_was_read(tmp_path: Path) -> None:
    """Lines before the break come out, then BadPayload names the file."""
    path = tmp_path / "cut.log.gz"
    path.write_bytes(gzip.compress(b"".join(b"2026-11-21T01:00:00.%09dZ line %d\n" % (i, i * i * 7919) for i in range(200_000)))[:-200])
    rows = 0
    with pytest.raises(BadPayload, match=r"cut\.log\.gz"):
        for raw in kubernetes.read(Reply("kubernetes", "log", "cut.log.gz", path)):
            rows += raw.batch.num_rows

    assert rows > 1000
