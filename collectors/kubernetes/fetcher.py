"""Everything that one run asks of a Kubernetes API: what is forgotten first is fetched first.

Events go after an hour and logs rotate within minutes, so events and pods are listed first, logs stream while the workloads are listed, and the cluster's
nodes come last. Knowledge: Kubernetes API reference (the lists, SelfSubjectAccessReview, `/version`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from ..ask import Ask, Probe
from ..errors import BadPayload, Denied, SourceError
from ..evidence import asked
from ..window import SECOND_NS
from . import Settings
from .client import Client, NoAnswer
from .fields import mapping, text
from .gone import gone_pods, relevant
from .kubeconfig import POOL
from .lists import EVENTS, NODE_EVENTS, NODES, PODS, WORKLOADS, Listing, Resource, list_all, note
from .logs import collect, in_window, lost, targets
from .stamp import instant

# Logs at a time: most of it is waiting for kubelets. One more connection is the lists'.
WORKERS = POOL - 1
NODE_NAMESPACE = "default"


@dataclass
class _Run:
    """One run's client and what came so far."""

    client: Client
    settings: Settings
    ask: Ask
    problems: list[SourceError] = field(default_factory=list)
    answered: bool = False

    def list(self, resource: Resource, namespace: str = "") -> Listing:
        listing = list_all(self.client, resource, namespace, self.settings, self.ask)
        if listing.problem:
            self.problems.append(listing.problem)
        self.answered = self.answered or not (listing.problem or listing.absent)
        return listing


def fetch(settings: Settings, ask: Ask) -> None:
    """Save version, lists and logs; note what is missing.

    Raises ConfigError (kubeconfig, context, selector), Denied (401, or nothing may be listed), Unreachable or BadPayload (nothing came at all).
    """
    with closing(Client(settings.kubeconfig, settings.context)) as client:
        run = _Run(client, settings, ask)
        namespaces = tuple(dict.fromkeys(settings.namespaces or (client.namespace,)))
        _version(run)
        found = {}
        for namespace in namespaces:
            found[namespace] = run.list(EVENTS, namespace), run.list(PODS, namespace)
            _stop_if_down(run)
        _logs_and_workloads(run, namespaces, [pod for _, pods in found.values() for pod in pods.items])
        for namespace, (events, pods) in found.items():
            _gone(run, events, pods)
            if not (events.items or pods.items or events.problem or pods.problem):
                _check_exists(run, namespace)
        if not run.answered:
            raise _whole(run.problems, namespaces)


def _version(run: _Run) -> None:
    if run.ask.evidence.held("version"):
        return
    try:
        answer = run.client.get("/version", {}, run.ask)
    except (Denied, BadPayload, NoAnswer):
        raise
    except SourceError as error:
        note(run.ask, error, "version of the cluster")
        run.problems.append(error)
        return
    if answer.status == 200 and not answer.cut and answer.body.lstrip()[:1] == b"{":
        about = asked(f"{run.client.host}/version")
        run.ask.evidence.save("version", "version", answer.body, about=about, asked_at=answer.asked_at, date=answer.date)


def _stop_if_down(run: _Run) -> None:
    """Raise when nothing at all has come yet and the reason is not one of permission."""
    broken = [p for p in run.problems if not isinstance(p, Denied)]
    if broken and not run.answered:
        raise broken[0]


def _logs_and_workloads(run: _Run, namespaces: Sequence[str], pods: Sequence[Mapping[str, Any]]) -> None:
    """Logs in threads, the other lists meanwhile in this one."""
    refused: set[str] = set()
    wanted = [target for pod in pods for target in targets(pod) if in_window(target, run.ask)]
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="logs") as pool:
        futures = [pool.submit(collect, run.client, target, run.settings, run.ask, refused) for target in wanted]
        try:
            for namespace in namespaces:
                for resource in WORKLOADS:
                    run.list(resource, namespace)
            run.list(NODES)
            if NODE_NAMESPACE not in namespaces:
                run.list(NODE_EVENTS, NODE_NAMESPACE)
            for future in futures:
                future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    for pod in pods:
        _forgotten(run, pod)


def _forgotten(run: _Run, pod: Mapping[str, Any]) -> None:
    """Note instances of its containers that restarted out of the kubelet's memory within the window."""
    since_s, until_s = _seconds(run)
    for loss in lost(pod):
        began, ended = instant(loss.since), instant(loss.until)
        if (ended is None or ended >= since_s) and (began is None or began < until_s):
            name = f"{loss.target.namespace}/{loss.target.pod}/{loss.target.container}"
            said = f"{name} restarted so often that the logs of {loss.count} earlier instance{'s' if loss.count > 1 else ''} no longer exist"
            since = loss.since if began is not None and began > since_s else ""
            until = loss.until if ended is not None and ended < until_s else ""
            run.ask.evidence.failed(said, f"earlier logs of {name}", reason="gone", since=since, until=until, ours=False, subject=loss.target.subject)


def _gone(run: _Run, events: Listing, pods: Listing) -> None:
    """Note the logs of pods that events name and the API no longer has."""
    if pods.problem:
        return
    since_s, until_s = _seconds(run)
    stems = _stems(pods.items)
    for pod in gone_pods(events.items, pods.items):
        chosen = not run.settings.selector or pod.name.startswith(stems)
        if chosen and relevant(pod, since_s, until_s):
            since = pod.since if (instant(pod.since) or 0) > since_s else ""
            until = pod.until if (instant(pod.until) or until_s) < until_s else ""
            what = f"logs of pod {pod.namespace}/{pod.name}"
            said = f"pod {pod.namespace}/{pod.name} no longer exists, and its logs are gone with it"
            run.ask.evidence.failed(said, what, reason="gone", since=since, until=until, ours=False, subject=f"Pod/{pod.name}")


def _stems(pods: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the names of selected pods' siblings begin with: the workload's name, without the hashes that a Deployment's pods carry."""
    stems = set()
    for pod in pods:
        stem = text(pod, "metadata", "generateName") or text(pod, "metadata", "name").rpartition("-")[0] + "-"
        template = text(pod, "metadata", "labels", "pod-template-hash")
        stems.add(stem.removesuffix(f"{template}-") if template else stem)
    return tuple(stems - {"-", ""})


def _check_exists(run: _Run, namespace: str) -> None:
    """Say so when an empty namespace does not exist: the API lists it as empty all the same."""
    try:
        answer = run.client.get(f"/api/v1/namespaces/{namespace}", {}, run.ask)
    except SourceError as error:
        note(run.ask, error, f"namespace {namespace}", ours=False)
        return
    if answer.status == 404:
        run.ask.evidence.failed(
            f"there is no namespace {namespace} in context {run.client.context!r}: is the name right?", f"namespace {namespace}", reason="gone"
        )


def _whole(problems: Sequence[SourceError], namespaces: Sequence[str]) -> SourceError:
    if problems and all(isinstance(p, Denied) for p in problems):
        return Denied(f"not allowed to list anything in {', '.join(namespaces)}: the role needs list on pods and events and get on pods/log")
    return next((p for p in problems if not isinstance(p, Denied)), BadPayload("the server has none of the resources of a Kubernetes API"))


def _seconds(run: _Run) -> tuple[int, int]:
    return run.ask.window.since_ns // SECOND_NS, -(-run.ask.window.until_ns // SECOND_NS)


def probe(settings: Settings, ask: Ask) -> Probe:
    """Ask for the version, then whether these credentials may list pods and events and get logs. Raises ConfigError."""
    with closing(Client(settings.kubeconfig, settings.context)) as client:
        namespaces = settings.namespaces or (client.namespace,)
        try:
            answer = client.get("/version", {}, ask)
            missing = [m for namespace in namespaces for m in _missing(client, namespace, ask)]
        except Denied as error:
            return Probe(True, False, str(error))
        except SourceError as error:
            return Probe(False, False, str(error))
    version = _json(answer.body).get("gitVersion") if answer.status == 200 else None
    if answer.status == 200 and not version:
        return Probe(False, False, f"what answers at {client.host} is no Kubernetes API", answer.date)
    detail = f"Kubernetes {version or '(version not told)'} at {client.host}, context {client.context}, namespace {', '.join(namespaces)}"
    return Probe(True, not missing, detail if not missing else f"{detail}: not allowed to {'; '.join(missing)}", answer.date)


def _missing(client: Client, namespace: str, ask: Ask) -> list[str]:
    """The permissions that `fetch` needs most and these credentials lack; asked of the server, which needs no permission itself."""
    wanted = (("list", "pods", ""), ("list", "events", ""), ("get", "pods", "log"))
    missing = []
    for verb, resource, part in wanted:
        asking = {"namespace": namespace, "verb": verb, "resource": resource, "subresource": part}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asking}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = client.get(path, {}, ask, method="POST", body=json.dumps(review).encode())
        allowed = mapping(_json(answer.body), "status").get("allowed")
        if answer.status not in (200, 201) and not part:
            allowed = client.get(f"/api/v1/namespaces/{namespace}/{resource}", {"limit": "1"}, ask).status == 200
        if not allowed:
            missing.append(f"{verb} {resource}{'/' if part else ''}{part} in namespace {namespace}")
    return missing


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}
