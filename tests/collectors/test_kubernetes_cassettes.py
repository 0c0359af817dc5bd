"""The Kubernetes client over recorded answers of a real API: nothing here reaches a network."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import vcr
from retroline.collectors import kubernetes as k8s
from retroline.collectors.ask import Ask
from retroline.collectors.evidence import Evidence, Failure, indexes
from retroline.collectors.kubernetes.client import Client, Unauthorised
from retroline.collectors.kubernetes.lists import EVENTS, NODES, PODS, list_all
from retroline.collectors.kubernetes.logs import Target, collect
from retroline.collectors.window import SECOND_NS, Window

CASSETTES = Path(__file__).parents[2] / "fixtures" / "kubernetes" / "cassettes"
WINDOW = Window(1_795_221_900 * SECOND_NS, 1_795_222_500 * SECOND_NS)  # 2026-11-21T00:45:00Z to 00:55:00Z
CHOICE = ("continue", "container", "previous")


def same_question(ours: Any, recorded: Any) -> None:
    """The path and what chooses the answer are equal; how a client release writes its booleans, and what only narrows the answer, does not matter."""
    one, two = (urlsplit(request.uri) for request in (ours, recorded))
    assert one.path.rstrip("/") == two.path.rstrip("/")
    chosen, other = ({k: v.lower() for k, v in parse_qsl(url.query) if k in CHOICE} for url in (one, two))
    assert chosen == other


def tape(name: str) -> Any:
    player = vcr.VCR(record_mode="none", match_on=["method", "scheme", "host", "question"])
    player.register_matcher("question", same_question)
    return player.use_cassette(str(CASSETTES / name))


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    evidence = Evidence(tmp_path / "evidence", "run", "kubernetes", lambda: "2026-11-21T01:00:00Z")
    return Ask(WINDOW, evidence, time.monotonic() + 20, WINDOW.until_ns)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("NO_PROXY", "k8s.example.test")
    named = {"cluster": "c", "user": "u", "namespace": "shop"}
    clusters = [{"name": "c", "cluster": {"server": "https://k8s.example.test"}}]
    users = [{"name": "u", "user": {"token": "made-up-token"}}]
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps({"current-context": "c", "clusters": clusters, "users": users, "contexts": [{"name": "c", "context": named}]}))
    made = Client(str(path), None)
    yield made
    made.close()


def failures(ask: Ask, tmp_path: Path) -> list[Failure]:
    return [failure for index in indexes(tmp_path / "evidence") for failure in index.failures]


def test_pages_of_a_real_list(tmp_path: Path, client: Client, ask: Ask) -> None:
    """The server's own continue tokens lead through all pages, each saved byte for byte."""
    with tape("pods_paged.yaml") as cassette:
        listing = list_all(client, PODS, "shop", k8s.Settings(request_limit=5), ask)
        bodies = [response["body"]["string"] for request, response in cassette.data if request.path.endswith("/pods")]

    (index,) = indexes(tmp_path / "evidence")

    assert listing.problem is None
    assert [r.body() for r in index.replies] == bodies
    assert len(listing.items) == 8
    assert index.replies[0].date == "Sat, 21 Nov 2026 00:53:57 GMT"


def test_real_version(client: Client, ask: Ask) -> None:
    """The version is one small answer."""
    with tape("pods_paged.yaml"):
        answer = client.get("/version", {}, ask)

    assert json.loads(answer.body)["gitVersion"].startswith("v1.36")


def test_a_real_log(tmp_path: Path, client: Client, ask: Ask) -> None:
    """A log that ends in the window is saved as it came."""
    with tape("log.yaml") as cassette:
        collect(client, Target("shop", "checkout-dd4c76f8f-ftjkm", "app", instance="containerd://x"), k8s.Settings(), ask, set())
        ((_, response),) = cassette.data

    (index,) = indexes(tmp_path / "evidence")
    (reply,) = index.replies

    assert reply.body() == response["body"]["string"]
    assert (reply.complete, reply.form, index.failures) == (True, "log", ())


def test_real_refusals_of_lists(tmp_path: Path, client: Client, ask: Ask) -> None:
    """403 as a real server says it becomes verb, resource and namespace; 401 ends everything."""
    with tape("refusals.yaml"):
        list_all(client, EVENTS, "shop", k8s.Settings(), ask)
        list_all(client, NODES, "", k8s.Settings(), ask)
        with pytest.raises(Unauthorised, match=r"context 'c' \(401\)"):
            list_all(client, PODS, "shop", k8s.Settings(), ask)

    assert [(f.text, f.ours) for f in failures(ask, tmp_path)] == [
        ("not allowed to list events in namespace shop", True),
        ("not allowed to list nodes at the cluster scope", False),
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("shop", "no-such-pod-abc12", ""), ("gone", False, "pod shop/no-such-pod-abc12 vanished while it was asked for, and its logs with it")),
        (Target("shop", "checkout-dd4c76f8f-ftjkm", "app"), ("denied", True, "not allowed to get pods/log in namespace shop")),
        (Target("shop", "payments-5d7bbdc45f-7sd48", "", previous=True), None),
        (
            Target("shop", "checkout-dd4c76f8f-ftjkm", "sidecar"),
            (
                "bad_payload",
                True,
                "logs of shop/checkout-dd4c76f8f-ftjkm/sidecar: the request was not accepted "
                "(400: container sidecar is not valid for pod checkout-dd4c76f8f-ftjkm)",
            ),
        ),
    ],
    ids=["404", "403", "no-previous", "400"],
)
def test_real_refusals_of_logs(tmp_path: Path, client: Client, ask: Ask, target: Target, expected: tuple[str, bool, str] | None) -> None:
    """Each refusal of the log endpoint means what it means; a container that never restarted is no failure."""
    with tape("refusals.yaml"):
        collect(client, target, k8s.Settings(), ask, set())

    assert [(f.reason, f.ours, f.text) for f in failures(ask, tmp_path)] == ([expected] if expected else [])


def test_cassettes_hold_no_credentials() -> None:
    """No recorded request or answer carries a token, a cookie or a certificate."""
    text = "".join(path.read_text(encoding="utf-8") for path in CASSETTES.glob("*.yaml")).lower()

    assert not [word for word in ("authorization", "bearer", "cookie", "begin certificate", "redacted") if word in text]
