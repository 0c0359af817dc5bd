"""Transport and authentication for Prometheus' HTTP API, in our words for errors. Knowledge: "HTTP API", "Format overview".

prometheus-api-client's PrometheusConnect holds URL, headers, authentication and the session; the requests are made on that
session, because its own calls drop `warnings`, round times to seconds and lose the server's error text. It is given no retries:
retrying here heeds the deadline, Ctrl-C and `Retry-After`, and leaves a query that timed out alone.

Errors: those of `verdict`; Unreachable where nothing answers in time; ConfigError for an impossible URL or secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from ..ask import Ask
from ..errors import ConfigError, SourceError, TooExpensive, Unreachable, public_url
from .verdict import TRIES, Again, Asked, Broken, judge

if TYPE_CHECKING:
    from . import Settings

BACKOFF_S = 0.5
SHORTEST_SECRET = 6
CONNECT_S = 10.0
SILENCE_S = 125.0
LONGEST_URL = 6000
REDIRECTS = 5
CHUNK = 1 << 18
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Answer:
    """A 200 as received, decompressed; `asked_at` is RFC 3339 on our clock, `date` the server's header."""

    body: bytes
    asked_at: str
    date: str


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
        self._headers = settings.headers
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
            except Again as failed:
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
            raise Again(Unreachable(f"Prometheus at {self.shown} cannot be reached ({_cause(error)})")) from None
        except (requests.exceptions.RequestException, UnicodeError) as error:
            raise ConfigError(f"Prometheus at {self.shown}: the request cannot be made ({type(error).__name__})") from None
        with response:
            body = self._body(response, path)
            if response.status_code >= 400:
                body = self._clean(body, response)
            judge(Asked(self.shown, path), response.status_code, response.reason or "", response.headers, body)
        return Answer(body, asked_at, response.headers.get("Date", ""))

    def _clean(self, body: bytes, response: requests.Response) -> bytes:
        """An error's body without our credentials, should the server repeat them."""
        held = [str(response.request.headers.get("Authorization", "")), *(value for _, value in self._headers)]
        for secret in {word for value in held for word in value.split() if len(word) > SHORTEST_SECRET}:
            body = body.replace(secret.encode("utf-8", "surrogateescape"), b"***")
        return body

    def _send(self, path: str, params: Mapping[str, str]) -> requests.Response:
        url = self._connect.url + path
        long = len(urlencode(params)) > LONGEST_URL
        for _ in range(REDIRECTS):
            silence_s = self._ask.patience_s(SILENCE_S)
            response = self._session.request(
                "POST" if long else "GET",
                url,
                params=None if long else dict(params),
                data=dict(params) if long else None,
                headers=self._connect.headers,
                auth=self._connect.auth,
                timeout=(min(CONNECT_S, silence_s), silence_s),
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
            raise Again(broken, tries=2) from None
        return b"".join(parts)


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
