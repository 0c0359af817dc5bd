"""Transport and authentication for Prometheus' HTTP API, in our words for errors. Knowledge: "HTTP API", "Format overview".

prometheus-api-client's PrometheusConnect holds URL, headers, authentication and the session; the requests are made on that
session, because its own calls drop `warnings`, round times to seconds and lose the server's error text. It is given no retries:
retrying here heeds the deadline, Ctrl-C and `Retry-After`, and leaves a query that timed out alone.

Errors: Denied (401, 403), TooExpensive (422 for too many samples or a dialect's limit, 503 `timeout`, too many points), NotFound
(404, an Unreachable), Unreachable (no answer in time, 429 or 5xx after retries), Refused (other 4xx), Broken (HTML, cut, a redirect
elsewhere); the last two are BadPayload.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from ..ask import Ask
from ..errors import BadPayload, ConfigError, Denied, SourceError, TooExpensive, Unreachable, public_url

if TYPE_CHECKING:
    from . import Settings

TRIES = 4
BACKOFF_S = 0.5
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
CONNECT_S = 10.0
SILENCE_S = 125.0
LONGEST_URL = 6000
REDIRECTS = 5
CHUNK = 1 << 18
MOST_BYTES = 512 * 2**20
TOO_MUCH = ("too many samples", "too many points", "maximum resolution", "exceeded", "-search.max", "max-samples", "limit", "too large", "too long")


class NotFound(Unreachable):
    """404: nothing of this API lives there."""


class Broken(BadPayload):
    """A 200 that cannot be used; `body` is what arrived of it."""

    def __init__(self, text: str, body: bytes = b"") -> None:
        super().__init__(text)
        self.body = body


class Refused(BadPayload):
    """A 4xx that no retry mends: the server does not understand, or does not offer, what was asked."""


@dataclass(frozen=True)
class Answer:
    """A 200 as received, decompressed; `asked_at` is RFC 3339 on our clock, `date` the server's header."""

    body: bytes
    asked_at: str
    date: str


class _Again(Exception):
    """This try failed, the next may not: `error` stands when there is no next one."""

    def __init__(self, error: SourceError, wait_s: float | None = None, tries: int = TRIES) -> None:
        super().__init__(str(error))
        self.error, self.wait_s, self.tries = error, wait_s, tries


class _Bearer(AuthBase):
    """A bearer token; as an auth object it is not replaced by what a .netrc says."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """One Prometheus. `get` is all it can do; use it as a context manager."""

    def __init__(self, settings: Settings, ask: Ask) -> None:
        self._ask = ask
        self.shown = public_url(settings.url)
        if urlsplit(settings.url).scheme not in ("http", "https") or not urlsplit(settings.url).hostname:
            raise ConfigError(f"Prometheus: {self.shown!r} is not a URL such as https://prometheus.example.com/prefix (PROMETHEUS_URL)")
        self._session = requests.Session()
        self._connect = PrometheusConnect(
            url=_plain_url(settings.url), headers=_headers(settings), auth=_auth(settings), session=self._session, retry=Retry(0, read=False)
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connect.close()

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Ask `path` (such as `/api/v1/query`), by form where the query is too long for a URL; retried where that may help."""
        for again in range(TRIES):
            try:
                return self._try(path, params)
            except _Again as failed:
                wait_s = BACKOFF_S * 2**again if failed.wait_s is None else failed.wait_s
                if again + 1 >= failed.tries or wait_s >= self._left(failed.error):
                    raise failed.error from None
                self._ask.cancelled.wait(wait_s)
        raise AssertionError("unreachable")

    def _left(self, error: SourceError) -> float:
        """Seconds left; with none, `error` says more than that the time is over."""
        try:
            return self._ask.remaining_s()
        except Unreachable:
            if self._ask.cancelled.is_set():
                raise
            raise error from None

    def _try(self, path: str, params: Mapping[str, str]) -> Answer:
        asked_at = self._ask.evidence.now()
        try:
            response = self._send(path, params)
        except requests.exceptions.Timeout:
            raise Unreachable(f"Prometheus at {self.shown} did not answer {path} in time") from None
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise _Again(Unreachable(f"Prometheus at {self.shown} cannot be reached ({_cause(error)})")) from None
        except (requests.exceptions.RequestException, UnicodeError) as error:
            raise ConfigError(f"Prometheus at {self.shown}: the request cannot be made ({type(error).__name__})") from None
        with response:
            body = self._body(response, path)
            self._judge(response, body, path)
        return Answer(body, asked_at, response.headers.get("Date", ""))

    def _send(self, path: str, params: Mapping[str, str]) -> requests.Response:
        url = self._connect.url + path
        long = len(urlencode(params)) > LONGEST_URL
        for _ in range(REDIRECTS):
            left = self._ask.remaining_s()
            response = self._session.request(
                "POST" if long else "GET",
                url,
                params=None if long else dict(params),
                data=dict(params) if long else None,
                headers=self._connect.headers,
                auth=self._connect.auth,
                timeout=(min(CONNECT_S, left), min(SILENCE_S, max(left / 2, 1.0), left)),
                stream=True,
                allow_redirects=False,
            )
            if not response.is_redirect:
                return response
            response.close()
            url, params = self._redirected(url, response.headers["Location"]), {} if "?" in response.headers["Location"] else params
        raise Broken(f"Prometheus at {self.shown} redirects in a circle")

    def _redirected(self, url: str, location: str) -> str:
        """Where to go on; secrets are sent to no other host."""
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        upgraded = here.scheme == "http" and there.scheme == "https" and here.hostname == there.hostname
        if (here.scheme, here.netloc.rpartition("@")[2]) != (there.scheme, there.netloc) and not upgraded:
            raise Broken(f"Prometheus at {self.shown} redirects to {public_url(target)} (a log-in page?): use the final address, or authenticate")
        return target

    def _body(self, response: requests.Response, path: str) -> bytes:
        parts, size = [], 0
        try:
            for part in response.iter_content(CHUNK):
                parts.append(part)
                size += len(part)
                self._ask.remaining_s()
                if size > MOST_BYTES:
                    raise TooExpensive(f"Prometheus at {self.shown}: the answer to {path} is larger than {MOST_BYTES >> 20} MiB")
        except requests.exceptions.RequestException as error:
            had = b"".join([*parts, *_rest(response)])
            broken = Broken(f"Prometheus at {self.shown}: the answer to {path} was cut off after {len(had)} bytes ({_cause(error)})", had)
            raise _Again(broken, tries=2) from None
        return b"".join(parts)

    def _judge(self, response: requests.Response, body: bytes, path: str) -> None:
        """Raise for all that is not a JSON object with status 200."""
        status, said = response.status_code, _said(body)
        if status == 200:
            fault = _fault(body)
            if fault:
                raise Broken(f"Prometheus at {self.shown}: the answer to {path} {fault}", body)
            return
        text = f"Prometheus at {self.shown} answers {path} with {status}" + (f": {said.text}" if said.text else f" {response.reason or ''}".rstrip())
        if status in (401, 403):
            raise Denied(f"{text}; set PROMETHEUS_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD" + (" (or PROMETHEUS_ORG_ID)" if status == 401 else ""))
        if status == 404:
            raise NotFound(f"{text}; is the path prefix of the URL right?")
        if _too_expensive(status, said):
            raise TooExpensive(text)
        if status in AGAIN:
            raise _Again(Unreachable(text), _retry_after(response.headers))
        raise Refused(text) if status < 500 else Unreachable(text)


@dataclass(frozen=True)
class _Said:
    kind: str = ""
    text: str = ""


def _said(body: bytes) -> _Said:
    """What the server says in an error body; only its own JSON, never a page's HTML."""
    try:
        told = json.loads(body[:65536])
    except (ValueError, RecursionError):
        return _Said()
    if not isinstance(told, dict):
        return _Said()
    return _Said(str(told.get("errorType") or ""), " ".join(str(told.get("error") or told.get("message") or "").split())[:300])


def _too_expensive(status: int, said: _Said) -> bool:
    much = any(word in said.text.lower() for word in TOO_MUCH) and "parse error" not in said.text
    return (status == 503 and said.kind == "timeout") or (status in (400, 413, 422) and (much or status == 413))


def _rest(response: requests.Response) -> Iterator[bytes]:
    """What had arrived and waits to be taken when the connection broke; the library hands out only full chunks."""
    try:
        for _ in range(CHUNK):
            one = response.raw.read(1, decode_content=True)
            if not one:
                return
            yield one
    except (HTTPError, OSError):
        return


def _fault(body: bytes) -> str:
    """What is wrong with the body of a 200, told by its ends; "" for what looks like a whole answer."""
    head, tail = body[:4096].lstrip(), body[-4096:].rstrip()
    if not head:
        return "is empty"
    if head[:1] == b"<":
        return "is HTML where JSON was due (a proxy or a log-in page?)"
    if head[:1] != b"{":
        return "is something else where JSON was due"
    if tail[-1:] != b"}":
        return "breaks off"
    if b'"status":"error"' in head[:200].replace(b" ", b""):
        return f"is an error: {_said(body).text}"
    return ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by RFC 9110 `Retry-After`; a date is measured from the server's own `Date`."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))).total_seconds())
    except (ValueError, TypeError):
        return None


def _plain_url(url: str) -> str:
    """Without a trailing slash, and without `/api/v1`, which people copy along."""
    return url.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].rstrip("/").removesuffix("/api/v1").rstrip("/")


def _headers(settings: Settings) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": "retroline", **dict(settings.headers)}
    if settings.org_id:
        headers["X-Scope-OrgID"] = settings.org_id
    for name, value in headers.items():
        if any(c in value for c in "\r\n") or not value.isprintable():
            raise ConfigError(f"Prometheus: the header {name} holds a character that no header may hold")
    return headers


def _auth(settings: Settings) -> AuthBase | None:
    if settings.token:
        if not (settings.token.isascii() and settings.token.isprintable()):
            raise ConfigError("Prometheus: PROMETHEUS_TOKEN holds a character that no token may hold (a line break?)")
        return _Bearer(settings.token)
    if settings.user is not None:
        return HTTPBasicAuth(settings.user.encode(), (settings.password or "").encode())
    return None


def _cause(error: BaseException) -> str:
    """The innermost reason in few words; never the URL, which may hold credentials."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or next((a for a in reversed(seen.args) if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException) or inner is seen:
            break
        seen = inner
    if "IncompleteRead" in str(seen):
        return "the connection ended early"
    return str(seen).rpartition(": ")[2].strip("()'\" ")[:120] or type(seen).__name__
