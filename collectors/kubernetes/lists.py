"""Lists of the API, page by page, each page saved as its own reply `lists/<namespace>/<resource>/<n>`.

Knowledge: Kubernetes API concepts, "Retrieving large results sets in chunks" (`limit`, `continue`, 410 Expired and the token that it may offer for the
inconsistent rest) and "Fetch just the metadata" (PartialObjectMetadataList).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..ask import Ask
from ..errors import BadPayload, ConfigError, Denied, SourceError
from ..evidence import asked, decode_json
from . import Settings
from .client import JSON, Answer, Client, Cut, Unauthorised

METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MOST_PAGES = 10_000
CLUSTER = "_cluster"


@dataclass(frozen=True)
class Resource:
    """One kind of thing to list.

    `optional`: being refused it takes nothing essential away. `selected`: its labels are those of its pods, so that the
    selector applies. `bare`: metadata only. `fields`: a field selector.
    """

    plural: str
    api: str = "/api/v1"
    optional: bool = False
    selected: bool = False
    bare: bool = False
    fields: str = ""


EVENTS = Resource("events")
PODS = Resource("pods", selected=True)
# The API server copies the pod template's labels to ReplicaSets and ControllerRevisions only; other workloads carry
# labels of their own, which need not be those of their pods, and are listed whole.
WORKLOADS = (
    Resource("deployments", "/apis/apps/v1"),
    Resource("replicasets", "/apis/apps/v1", selected=True),
    Resource("statefulsets", "/apis/apps/v1"),
    Resource("daemonsets", "/apis/apps/v1"),
    Resource("controllerrevisions", "/apis/apps/v1", selected=True),
    Resource("jobs", "/apis/batch/v1"),
    Resource("cronjobs", "/apis/batch/v1", optional=True),
    Resource("configmaps", bare=True, optional=True),
    Resource("horizontalpodautoscalers", "/apis/autoscaling/v2", optional=True),
)
NODES = Resource("nodes", optional=True)
NODE_EVENTS = Resource("events", optional=True, fields="involvedObject.kind=Node")


@dataclass
class Listing:
    """What one list gave: `items` of all pages had, and what stopped it, if anything did. `absent`: the cluster has no such resource."""

    items: list[Mapping[str, Any]] = field(default_factory=list)
    problem: SourceError | None = None
    absent: bool = False


class _Expired(Exception):
    """410: the continue token is too old; `token` continues inconsistently, "" where none was offered."""

    def __init__(self, token: str) -> None:
        super().__init__(token)
        self.token = token


class _Absent(Exception):
    """The server has no such resource, or none in this form."""


def list_all(client: Client, resource: Resource, namespace: str, settings: Settings, ask: Ask) -> Listing:
    """Every page, saved; `namespace` "" for the cluster scope. A failure is noted and returned.

    Raises Unauthorised (no list would be answered), ConfigError for a selector that the server rejects.
    """
    listing = Listing()
    try:
        for page in _pages(client, resource, namespace, settings, ask):
            listing.items.extend(page)
    except _Absent:
        listing.absent = True
    except Unauthorised:
        raise
    except SourceError as error:
        listing.problem = error
        note(ask, error, _what(resource, namespace), ours=not (resource.optional and isinstance(error, Denied)))
    return listing


def note(ask: Ask, error: SourceError, what: str, *, ours: bool = True, since: str = "", until: str = "", subject: str = "") -> None:
    """Write a failure down with the word for its reason; an interrupted run has nothing to note."""
    if ask.cancelled.is_set():
        raise error
    reason = "timeout" if "time allowed" in str(error) else error.reason
    ask.evidence.failed(error, what, reason=reason, ours=ours, since=since, until=until, subject=subject)


def _what(resource: Resource, namespace: str) -> str:
    return f"{resource.plural} in namespace {namespace}" if namespace else resource.plural


def _pages(client: Client, resource: Resource, namespace: str, settings: Settings, ask: Ask) -> Iterator[list[Mapping[str, Any]]]:
    token, restarted, seen = "", False, {""}
    number, inconsistent = 1, False
    while number <= MOST_PAGES:
        page = _Page(client, resource, namespace, settings, ask, number, token, inconsistent, again=restarted)
        try:
            document = page.document()
        except _Expired as expired:
            if expired.token and not inconsistent:
                token, inconsistent = expired.token, True
            elif restarted or number == 1:
                raise BadPayload(f"the list of {_what(resource, namespace)} expired twice while it was read") from None
            else:
                token, number, restarted, seen = "", 1, True, {""}
            continue
        yield [item for item in document["items"] if isinstance(item, Mapping)]
        meta = document.get("metadata")
        token = str(meta.get("continue") or "") if isinstance(meta, Mapping) else ""
        if not token:
            return
        if token in seen:
            raise BadPayload(f"the list of {_what(resource, namespace)} goes in a circle: the server repeats a continue token")
        seen.add(token)
        number, inconsistent = number + 1, False


@dataclass(frozen=True)
class _Page:
    client: Client
    resource: Resource
    namespace: str
    settings: Settings
    ask: Ask
    number: int
    token: str
    inconsistent: bool
    again: bool

    @property
    def key(self) -> str:
        name = "events-of-nodes" if self.resource == NODE_EVENTS else self.resource.plural
        return f"lists/{self.namespace or CLUSTER}/{name}/{self.number}"

    def document(self) -> Mapping[str, Any]:
        """The page, from an interrupted run's evidence or from the server; what came is saved before anything is raised."""
        held = None if self.again or self.inconsistent else self.ask.evidence.held(self.key)
        if held:
            return _checked(held.body(), held.ref)
        within = f"/namespaces/{self.namespace}" if self.namespace else ""
        path, params = f"{self.resource.api}{within}/{self.resource.plural}", self._params()
        answer = self.client.get(path, params, self.ask, accept=METADATA if self.resource.bare else JSON)
        if answer.status != 200:
            raise self._refusal(answer)
        about = asked(f"{self.client.host}{path}", params) | {"namespace": self.namespace, "resource": self.resource.plural}
        if self.inconsistent:
            about["inconsistent"] = "true"
        return self._save(answer, about)

    def _params(self) -> dict[str, str]:
        params = {"limit": str(self.settings.request_limit)}
        if self.resource.selected and self.settings.selector:
            params["labelSelector"] = self.settings.selector
        if self.resource.fields:
            params["fieldSelector"] = self.resource.fields
        if self.token:
            params["continue"] = self.token
        return params

    def _save(self, answer: Answer, about: Mapping[str, str]) -> Mapping[str, Any]:
        what = f"the list of {_what(self.resource, self.namespace)}"
        body, document = answer.body, None
        problem: BadPayload | None = Cut(f"{what}: {answer.cut}") if answer.cut else None
        try:
            document = _checked(body, what)
        except BadPayload as error:
            problem = problem or error
        if self.resource.bare:
            body = _bare(document, body, what)
        kept = _broken(body, problem) if problem else body
        self.ask.evidence.save(self.key, "list", kept, about=about, asked_at=answer.asked_at, date=answer.date)
        if problem or document is None:
            raise problem or BadPayload(what)
        self.ask.progress(_what(self.resource, self.namespace), len(body), len(document["items"]))
        return document

    def _refusal(self, answer: Answer) -> Exception:
        """What an answer other than 200 means."""
        said = f" ({answer.status}: {answer.message})" if answer.message else f" ({answer.status})"
        if answer.status == 403:
            return Denied(denied("list", self.resource.plural, self.namespace, answer, self.client.context))
        if answer.status in (404, 406):
            return _Absent()
        if answer.status == 410:
            return _Expired(_offered(answer.body))
        if answer.status == 400 and self.settings.selector and self.resource.selected and not self.token:
            return ConfigError(f"the selector {self.settings.selector!r} is not accepted{said}")
        return BadPayload(f"the Kubernetes API did not accept the request for {_what(self.resource, self.namespace)}{said}")


def denied(verb: str, resource: str, namespace: str, answer: Answer, context: str) -> str:
    """One sentence: the verb, the resource and the namespace that a role has to grant."""
    where = f"in namespace {namespace}" if namespace else "at the cluster scope"
    nobody = f" (context {context!r} gave no credentials)" if "system:anonymous" in answer.message else ""
    return f"not allowed to {verb} {resource} {where}{nobody}"


def _checked(body: bytes, what: str) -> Mapping[str, Any]:
    document = decode_json(body, what)
    if not isinstance(document, Mapping) or not isinstance(document.get("items"), list):
        raise BadPayload(f"{what}: a list with items was due, other JSON came")
    return document


def _bare(document: Mapping[str, Any] | None, body: bytes, what: str) -> bytes:
    """`body` without the copy of the contents that kubectl leaves in an annotation; contents themselves are refused."""
    if document is None or document.get("kind") != "PartialObjectMetadataList":
        raise BadPayload(f"{what}: metadata alone was asked for, something else came and was not kept")
    found = False
    for item in document["items"]:
        meta = item.get("metadata") if isinstance(item, dict) else None
        annotations = meta.get("annotations") if isinstance(meta, dict) else None
        if isinstance(annotations, dict):
            found = annotations.pop(LAST_APPLIED, None) is not None or found
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") if found else body


def _broken(body: bytes, error: SourceError) -> Iterator[bytes]:
    yield body
    raise error


def _offered(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"].get("continue") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
