"""Kubernetes: pods, their logs, events, workloads and who changed them.

`fetch` and `probe` import the official client when they are called; `read` and `recognise` never do. Knowledge: Kubernetes API reference
v1.36 (core/v1 Pod, Event and "read log of the specified Pod"; apps/v1; batch/v1; meta/v1 ListMeta), documentation
"Organizing Cluster Access Using kubeconfig Files".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..ask import Ask, Probe
from ..evidence import Reply
from ..raw import Raw
from . import reader

NAME = "kubernetes"


@dataclass(frozen=True)
class Settings:
    """What to ask of which cluster.

    `kubeconfig`: one path or several, divided as in $KUBECONFIG; None: `~/.kube/config`, else the pod's own service account.
    `namespaces`: empty means the context's, else "default". `selector`: a label selector for pods.
    `log_limit_bytes`: at most so much of each container instance's log. `request_limit`: objects asked for at once.
    """

    kubeconfig: str | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    selector: str = ""
    log_limit_bytes: int = 256 * 1024 * 1024
    request_limit: int = 500


def fetch(settings: Settings, ask: Ask) -> None:
    """Save lists and logs of the window; see `fetcher.fetch`."""
    from .fetcher import fetch as run

    run(settings, ask)


def read(reply: Reply) -> Iterator[Raw]:
    """Turn one saved list or log into raw batches; see `reader.read`."""
    return reader.read(reply)


def recognise(document: Any, name: str) -> str | None:
    """The form of a saved document if it is a Kubernetes object or list, else None; see `reader.recognise`."""
    return reader.recognise(document, name)


def probe(settings: Settings, ask: Ask) -> Probe:
    """Whether the API answers and lets us list pods and read logs; see `fetcher.probe`."""
    from .fetcher import probe as run

    return run(settings, ask)
