"""What tests of rules start from: a cluster told in API objects, read and normalised as saved answers are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from retroline.collectors import kubernetes
from retroline.collectors.evidence import Reply
from retroline.collectors.raw import Raw
from retroline.collectors.window import Window
from retroline.normalize.facts import normal_facts
from retroline.normalize.stamps import instant_ns
from retroline.timeline.facts import facts_of
from retroline.timeline.rows import Given, Row

KUBERNETES = Path(__file__).parents[2] / "fixtures" / "kubernetes"
Cluster = Callable[..., Given]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    """`cluster(*items, since=, until=, **given)`: a Given of these API objects, all from one answer."""

    def make(*items: Mapping[str, Any], since: str = "2026-11-21T00:00:00Z", until: str = "2026-11-21T06:00:00Z", **given: Any) -> Given:
        path = tmp_path / "objects.json"
        path.write_text(json.dumps({"kind": "List", "apiVersion": "v1", "items": list(items)}), "utf-8")
        raws = kubernetes.read(Reply("kubernetes", "list", "objects.json", path))
        return Given(_window(since, until), facts_of(normal_facts(raws), {"objects.json": "2026-11-21T06:00:00Z"}), **given)

    return make


@pytest.fixture
def recorded() -> Cluster:
    """`recorded("during", "after", without=())`: the lists of these moments of the recorded incident."""

    def make(*moments: str, without: Iterable[str] = (), **given: Any) -> Given:
        raws: list[Raw] = []
        received: dict[str, str] = {}
        for moment, at in (("during", "2026-11-21T00:50:41Z"), ("after", "2026-11-21T00:53:45Z")):
            for path in sorted((KUBERNETES / "incident-a" / moment).glob("*.json")) if moment in moments else []:
                if path.stem not in set(without):
                    ref = f"{moment}/{path.name}"
                    received[ref] = at
                    raws += kubernetes.read(Reply("kubernetes", "list", ref, path))
        return Given(_window("2026-11-21T00:44:00Z", "2026-11-21T00:53:45Z"), facts_of(normal_facts(raws), received), **given)

    return make


@pytest.fixture
def told() -> Callable[..., list[tuple[str, str, str]]]:
    """`told(rows, "change.")`: (time, kind, title) of the rows of these kinds, in order of time."""

    def make(rows: Iterable[Row], *kinds: str) -> list[tuple[str, str, str]]:
        chosen = sorted((r for r in rows if r.kind.startswith(kinds or ("",))), key=lambda r: (r.at_ns, r.kind, r.title))
        return [(_clock(r.at_ns), r.kind, r.title) for r in chosen]

    return make


def _clock(at_ns: int) -> str:
    seconds = at_ns // 1_000_000_000 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _window(since: str, until: str) -> Window:
    since_ns, until_ns = instant_ns(since), instant_ns(until)
    assert since_ns is not None
    assert until_ns is not None
    return Window(since_ns, until_ns)
