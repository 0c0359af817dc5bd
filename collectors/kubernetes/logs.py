"""Which container logs to ask for, and saving each: `logs/<namespace>/<pod>/<container>[.previous].log`.

The kubelet keeps the running instance of a container and one ended before it. While a container waits to be started again, the plain request and
`previous` give the same instance, so each is asked for once. Knowledge: Kubernetes API reference, "read log of the
specified Pod"; the kubelet's choice of instance as in kubelet_pods.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..ask import Ask
from ..errors import BadPayload, Denied, SourceError
from ..evidence import asked
from ..window import SECOND_NS, rfc3339
from . import Settings
from .client import Client, Unauthorised
from .fields import mapping, number, sequence, text
from .lists import denied, note
from .stamp import instant
from .stream import EXCUSES, Refused, Stream, has_stamp

BEFORE_S = 30
STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
HEAD = 65_536


@dataclass(frozen=True)
class Target:
    """One instance of one container. `instance` is its container id, "" where the status names none; the stamps are the status' own."""

    namespace: str
    pod: str
    container: str
    previous: bool = False
    instance: str = ""
    node: str = ""
    started_at: str = ""
    finished_at: str = ""

    @property
    def name(self) -> str:
        """For people: `namespace/pod/container`, and whether it is the previous instance."""
        return f"{self.namespace}/{self.pod}/{self.container}" + (" (previous instance)" if self.previous else "")

    @property
    def subject(self) -> str:
        """The column of that name."""
        return f"Pod/{self.pod}/{self.container}"


@dataclass(frozen=True)
class Lost:
    """`count` instances of a container that ended before the one kept: their logs no longer exist anywhere in the API."""

    target: Target
    count: int
    since: str
    until: str


def targets(pod: Mapping[str, Any]) -> Iterator[Target]:
    """Every instance of every container of a pod that the kubelet may still have, each once."""
    for status in (s for part in STATUSES for s in sequence(pod, "status", part) if isinstance(s, Mapping)):
        yield from _instances(pod, status)


def _instances(pod: Mapping[str, Any], status: Mapping[str, Any]) -> Iterator[Target]:
    namespace, name, node = text(pod, "metadata", "namespace"), text(pod, "metadata", "name"), text(pod, "spec", "nodeName")
    container = text(status, "name")
    if not node or not container:
        return

    def target(state: Mapping[str, Any], held: str, *, previous: bool) -> Target:
        return Target(namespace, name, container, previous, held, node, text(state, "startedAt"), text(state, "finishedAt"))

    running, ended = mapping(status, "state", "running"), mapping(status, "state", "terminated")
    before = mapping(status, "lastState", "terminated")
    last = text(before, "containerID")
    if running or ended:
        current = text(ended, "containerID") or text(status, "containerID")
        yield target(running or ended, current, previous=False)
        if (before and last != current) or (not before and (number(status, "restartCount") or 0) > 0):
            yield target(before, last, previous=True)
    else:
        yield target(before, last, previous=False)


def lost(pod: Mapping[str, Any]) -> Iterator[Lost]:
    """Instances that restarted so often that the kubelet has forgotten them."""
    for status in (s for part in STATUSES for s in sequence(pod, "status", part) if isinstance(s, Mapping)):
        kept = list(_instances(pod, status))
        missing = (number(status, "restartCount") or 0) + 1 - max(2, len(kept)) if kept else 0
        waiting = "running" not in mapping(status, "state") and "terminated" not in mapping(status, "state")
        missing += 1 if waiting and kept and (number(status, "restartCount") or 0) > 0 else 0
        first = min((t.started_at for t in kept if t.started_at), default="")
        if missing > 0 and first:
            yield Lost(kept[-1], missing, text(pod, "status", "startTime"), first)


def in_window(target: Target, ask: Ask) -> bool:
    """Whether the instance may have written in the window: not if it ended before or began after, by a margin."""
    since_s, until_s = ask.window.since_ns // SECOND_NS, -(-ask.window.until_ns // SECOND_NS)
    ended, began = instant(target.finished_at), instant(target.started_at)
    return not (ended is not None and ended < since_s - BEFORE_S) and not (began is not None and began > until_s + BEFORE_S)


def collect(client: Client, target: Target, settings: Settings, ask: Ask, refused: set[str]) -> None:
    """Save the part of one log that lies in the window, with a margin; what is missing is noted.

    `refused` collects the namespaces whose logs are denied, for which nothing more is asked. Raises Unauthorised.
    """
    key = f"logs/{target.namespace}/{target.pod}/{target.container}{'.previous' if target.previous else ''}"
    if target.namespace in refused or ask.evidence.held(key):
        return
    since = rfc3339(ask.window.since_ns - BEFORE_S * SECOND_NS, 0)
    path = f"/api/v1/namespaces/{target.namespace}/pods/{target.pod}/log"
    stream = Stream(client, path, _params(target, since), ask, limit=settings.log_limit_bytes, name=target.name)
    asked_at = ask.evidence.now()
    with closing(stream.blocks()) as blocks:
        try:
            head = _head(blocks)
            _check(head, stream.content_type, target)
        except Refused as refusal:
            _refusal(refusal, client, target, ask, refused)
        except Unauthorised:
            raise
        except SourceError as error:
            note(ask, error, f"logs of {target.name}", subject=target.subject, ours=not isinstance(error, NoLog))
        else:
            about = asked(f"{client.host}{stream.path}", stream.params) | _about(target)
            ask.evidence.save(key, "log", _body(head, blocks, stream), suffix=".log.zst", about=about, asked_at=asked_at, date=stream.date)
            ask.progress(f"logs of {target.name}", 0, 1)
            if stream.problem:
                note(ask, stream.problem, f"logs of {target.name}", since=stream.last_stamp, subject=target.subject)


class NoLog(SourceError):
    """The runtime no longer has this log; the API says so with status 200 and a sentence for a body."""

    reason = "gone"


def _params(target: Target, since: str) -> dict[str, str]:
    params = {"container": target.container, "timestamps": "true", "sinceTime": since}
    return params | {"previous": "true"} if target.previous else params


def _about(target: Target) -> dict[str, str]:
    return {
        "namespace": target.namespace,
        "pod": target.pod,
        "container": target.container,
        "previous": "true" if target.previous else "false",
        "instance": target.instance,
        "node": target.node,
        "started_at": target.started_at,
        "finished_at": target.finished_at,
    }


def _head(blocks: Iterator[bytes]) -> bytes:
    """The beginning up to the first stamped line, all of a short body without any."""
    head = b""
    for block in blocks:
        head += block
        if has_stamp(head) or len(head) > HEAD:
            break
    return head


def _check(head: bytes, content_type: str, target: Target) -> None:
    """Raise where the body is no log: an error in the log's place, or a page of some proxy."""
    if not head or has_stamp(head):
        return
    said = " ".join(head[:300].decode("utf-8", "replace").split())
    if "html" in content_type or head.lstrip()[:1] == b"<":
        raise BadPayload(f"logs of {target.name}: the answer is HTML where a log was due (a proxy or a log-in page?)")
    if "json" in content_type:
        raise BadPayload(f"logs of {target.name}: the answer is JSON where a log was due: {said}")
    if head.startswith(EXCUSES) or (len(head) < 1024 and head.rstrip(b"\n").count(b"\n") == 0):
        raise NoLog(f"logs of {target.name} no longer exist on the node: {said}")


def _body(head: bytes, blocks: Iterator[bytes], stream: Stream) -> Iterator[bytes]:
    yield head
    try:
        yield from blocks
    except SourceError as error:
        stream.problem = error if str(error).startswith("logs of") else type(error)(f"logs of {stream.name}: {error}")
        raise stream.problem from error


def _refusal(refusal: Refused, client: Client, target: Target, ask: Ask, refused: set[str]) -> None:
    """Note what an answer other than 200 means; a container without a log (yet) needs no note."""
    answer = refusal.answer
    if answer.status == 403:
        refused.add(target.namespace)
        note(ask, Denied(denied("get", "pods/log", target.namespace, answer, client.context)), f"logs in namespace {target.namespace}")
    elif answer.status == 404:
        text = f"pod {target.namespace}/{target.pod} vanished while it was asked for, and its logs with it"
        ask.evidence.failed(text, f"logs of pod {target.namespace}/{target.pod}", reason="gone", ours=False, subject=f"Pod/{target.pod}")
    elif answer.status != 204 and not (answer.status == 400 and ("waiting to start" in answer.message or "not found" in answer.message)):
        said = answer.message or "no reason given"
        error = BadPayload(f"logs of {target.name}: the request was not accepted ({answer.status}: {said})")
        note(ask, error, f"logs of {target.name}", subject=target.subject)
