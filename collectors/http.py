"""HTTP for the JSON sources (Alertmanager, PagerDuty): one door, with deadlines, retries and errors in our words.

Import it only where a network is touched: it pulls in httpx. Knowledge: RFC 9110 (statuses, `Retry-After`), the httpx
documentation (its timeouts bound each read, not a whole answer), PagerDuty REST API "Rate limits" (`ratelimit-reset`).

Errors: ConfigError for an impossible URL or secret; Denied (401, 403); NotFound (404, an Unreachable); Refused (other
4xx, a BadPayload with its `status`); Unreachable (nothing answered, too late, 429 or 5xx after retries); BadPayload (cut
off, broken compression, HTML or other JSON than promised); TooExpensive (larger than `MOST_BYTES`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import httpx

from .ask import Ask
from .errors import BadPayload, ConfigError, Denied, SourceError, TooExpensive, Unreachable, public_url
from .evidence import decode_json

Params = Mapping[str, str | int | Sequence[str]]

RETRIES = 3
THROTTLED = 10
BACKOFF_S = 0.5
REDIRECTS = 5
MOST_BYTES = 256 * 1024 * 1024


class NotFound(Unreachable):
    """404: the base URL is wrong, or the object is gone."""


class Refused(BadPayload):
    """A 4xx that no retry mends; `status` says which."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class _Again(Exception):
    """This attempt failed, the next may not: `error` is raised when there is no next one."""

    def __init__(self, error: SourceError, wait_s: float | None = None, *, throttled: bool = False) -> None:
        super().__init__(str(error))
        self.error, self.wait_s, self.throttled = error, wait_s, throttled


@dataclass(frozen=True)
class Answer:
    """A 2xx as received, decompressed. `headers` have lower-case names; `asked_at` is RFC 3339 on our clock."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    asked_at: str = ""

    @property
    def date(self) -> str:
        """The server's `Date` header, "" if it sent none."""
        return self.headers.get("date", "")


class Http:
    """One server, asked with GET within `ask`'s deadline; a context manager, safe to share between threads.

    `base_url` may carry a path prefix, which paths are joined to, and a user name with password, which become `auth`. `secret_hint`
    names the variables to look at when the server refuses. `timeout_s` bounds each silence, never the whole answer.
    """

    def __init__(
        self,
        base_url: str,
        ask: Ask,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        secret_hint: str = "",
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = _split(base_url)
        if auth is None and parts.username:
            auth = (unquote(parts.username), unquote(parts.password or ""))
        self.base_url = public_url(base_url).rstrip("/")
        self.host = parts.netloc.rpartition("@")[2]
        self._ask, self._hint, self._timeout_s = ask, secret_hint, timeout_s
        self._secrets = [s for s in [*(auth or ())[1:], *(word for v in (headers or {}).values() for word in v.replace("=", " ").split())] if len(s) > 5]
        try:
            self._client = httpx.Client(headers=dict(headers or {}), auth=auth, timeout=timeout_s, transport=transport)
        except UnicodeEncodeError:
            raise ConfigError(f"the credentials for {self.host} hold characters that HTTP cannot carry{self._see()}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, params: Params | None = None, *, what: str) -> Answer:
        """The answer to one question; `what` names it in error messages ("the silences")."""
        tries = throttled = 0
        while True:
            try:
                return self._attempt(path, params, what)
            except _Again as again:
                tries, throttled = tries + (not again.throttled), throttled + again.throttled
                if tries > RETRIES or throttled > THROTTLED:
                    raise again.error from None
                self._wait(again, BACKOFF_S * 2 ** (tries + throttled - 1))

    def get_json(self, path: str, params: Params | None = None, *, what: str, expect: type = dict) -> tuple[Answer, Any]:
        """The answer and its JSON, whose top level must be an `expect`; BadPayload otherwise."""
        answer = self.get(path, params, what=what)
        document = decode_json(answer.body, f"{self.host}, {what}")
        if not isinstance(document, expect):
            raise BadPayload(f"{self.host}, {what}: {_json_name(expect)} was due as JSON, {_json_name(type(document))} came")
        return answer, document

    def _attempt(self, path: str, params: Params | None, what: str) -> Answer:
        timeout_s = self._ask.patience_s(self._timeout_s)
        asked_at, begun = self._ask.evidence.now(), time.monotonic()
        try:
            request = self._client.build_request("GET", f"{self.base_url}/{path.lstrip('/')}", params=_params(params), timeout=timeout_s)
            response = self._send(request, what)
        except httpx.TimeoutException:
            raise Unreachable(f"{self.host} gave no answer to {what} within {_seconds(time.monotonic() - begun)} s") from None
        except httpx.LocalProtocolError:
            raise ConfigError(f"the credentials for {self.host} hold characters that HTTP cannot carry{self._see()}") from None
        except httpx.TransportError as error:
            raise _Again(Unreachable(f"{self.host} could not be asked for {what}: {self._clean(str(error)) or type(error).__name__}")) from None
        try:
            body = self._body(response, what)
        finally:
            response.close()
        self._judge(response, body, what)
        return Answer(response.status_code, body, {k.lower(): v for k, v in response.headers.items()}, asked_at)

    def _send(self, request: httpx.Request, what: str) -> httpx.Response:
        """The response with its body unread; redirects are followed on the same host only, never away from https."""
        first = request.url
        for _ in range(REDIRECTS):
            response = self._client.send(request, stream=True)
            to = response.next_request
            if to is None:
                return response
            response.close()
            if to.url.host != first.host or to.url.scheme not in (first.scheme, "https"):
                raise BadPayload(f"{self.host} sent us to {to.url.host} instead of {what} (a log-in page?): is the base URL right?")
            request = to
        raise BadPayload(f"{self.host} redirects in a circle instead of giving {what}")

    def _body(self, response: httpx.Response, what: str) -> bytes:
        parts: list[bytes] = []
        size, begun = 0, time.monotonic()
        try:
            for chunk in response.iter_bytes():
                self._ask.remaining_s()
                parts.append(chunk)
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooExpensive(f"{self.host}: {what} is larger than {MOST_BYTES >> 20} MiB")
        except httpx.DecodingError:
            raise BadPayload(f"{self.host}, {what}: the answer's compression is broken") from None
        except httpx.TimeoutException:
            raise Unreachable(f"{self.host}, {what}: the answer stopped after {size} bytes, nothing for {_seconds(time.monotonic() - begun)} s") from None
        except httpx.TransportError:
            raise _Again(BadPayload(f"{self.host}, {what}: the answer was cut off after {size} bytes")) from None
        return b"".join(parts)

    def _judge(self, response: httpx.Response, body: bytes, what: str) -> None:
        """Raise unless the status is 2xx."""
        status = response.status_code
        if 200 <= status < 300:
            return
        said = self._clean(server_message(body))
        said = f": {said}" if said else ""
        if status in (401, 403):
            raise Denied(f"{self.host} refused {what} ({status}{said}){self._see()}")
        if status == 404:
            raise NotFound(f"{self.host} did not find {what} below {self.base_url} (404{said}): is the base URL right?")
        if status == 429:
            raise _Again(Unreachable(f"{self.host} allows no more requests for now (429), {what} is missing"), _wait_s(response), throttled=True)
        if status >= 500:
            raise _Again(Unreachable(f"{self.host} failed on {what} ({status}{said})"), _wait_s(response))
        raise Refused(f"{self.host} did not accept the request for {what} ({status}{said})", status)

    def _wait(self, again: _Again, backoff_s: float) -> None:
        wait_s = backoff_s if again.wait_s is None else again.wait_s
        if wait_s >= self._ask.remaining_s():
            raise type(again.error)(f"{again.error}; the next try, in {_seconds(wait_s)} s, would be past the time allowed") from None
        self._ask.cancelled.wait(wait_s)

    def _see(self) -> str:
        return f"; see {self._hint}" if self._hint else ""

    def _clean(self, text: str) -> str:
        """`text` without our secrets, should the server repeat them."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def server_message(body: bytes) -> str:
    """What an error body says, on one line, at most 200 characters; "" for HTML or nothing."""
    text = body[:65_536].decode("utf-8", "replace").strip()
    if text[:1] in ('"', "{"):
        with suppress(BadPayload):
            text = _said(decode_json(body, ""))
    return "" if text.startswith("<") else " ".join(text.split())[:200]


def _said(document: Any) -> str:
    """The message in the shapes `"text"`, `{error: text}`, `{message: text}`, `{error: {message, errors: [text]}}`."""
    if not isinstance(document, dict):
        return str(document)
    inner = document.get("error", document)
    if not isinstance(inner, dict):
        return str(inner)
    details = inner.get("errors")
    more = details if isinstance(details, list) else []
    return ": ".join(str(t) for t in [inner.get("message", ""), *more] if t)


def _wait_s(response: httpx.Response) -> float | None:
    """Seconds to wait that the server asks for: `Retry-After` (seconds, or a date against its `Date`), else `ratelimit-reset`."""
    for name in ("retry-after", "ratelimit-reset"):
        text = response.headers.get(name, "").strip()
        if text.isdecimal():
            return float(text)
        try:
            until = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("date", ""))
        except (TypeError, ValueError, OverflowError):
            continue
        return max(0.0, until.total_seconds())
    return None


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{public_url(url) if '@' not in url else 'the address given'} is no URL to ask: write it as https://host[:port][/prefix]")
    return parts


def _params(params: Params | None) -> dict[str, Any] | None:
    return {k: v if isinstance(v, str | int) else list(v) for k, v in params.items()} if params else None


def _json_name(kind: type) -> str:
    return {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean"}.get(kind, "null")


def _seconds(s: float) -> str:
    return f"{s:.1f}".removesuffix(".0")
