"""One Kubernetes API: requests with deadlines, retries and errors in our words. Safe to share between threads.

The official client gives addresses, certificates, credentials and the connection pool. Every request goes through `Client.raw`, since
the generated methods know no `sinceTime`, turn log bytes into text differently from release to release, and reject events
without `eventTime`. Knowledge: Kubernetes API reference and API concepts ("Retrieving large results sets in chunks"),
urllib3 documentation (its timeouts bound each read, not a whole answer), RFC 9110 (`Retry-After`).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError, LocationValueError, NameResolutionError, NewConnectionError, ReadTimeoutError, SSLError
from urllib3.exceptions import TimeoutError as Late

from ..ask import Ask
from ..errors import BadPayload, ConfigError, Denied, SourceError, Unreachable, public_url
from .bodies import body_of
from .kubeconfig import connect

JSON = "application/json"
TRIES = 3
BACKOFF_S = 0.5
LONGEST_WAIT_S = 30.0
CONNECT_S = 10.0
SILENCE_S = 20.0
LIVE_S = 0.5
BUSY = 65_536
SHORTEST_SECRET = 6


class Unauthorised(Denied):
    """401: nothing that these credentials ask will be answered."""


class Cut(BadPayload):
    """The connection ended before the answer did."""

    reason = "cut"


class NoAnswer(Unreachable):
    """Nothing at all came back: refused, no such name, silence."""


class TimedOut(NoAnswer):
    """The server took the request and fell silent."""

    reason = "timeout"


@dataclass(frozen=True)
class Answer:
    """A whole answer but for 401, 429 and 5xx; `cut` is set where the body broke off, `asked_at` is RFC 3339 on our clock."""

    status: int
    body: bytes
    date: str
    asked_at: str
    cut: Cut | None = None

    @property
    def message(self) -> str:
        """What a `Status` object says, on one line, at most 300 characters; "" for anything else."""
        return status_message(self.body)


class Client:
    """The API of one context. Raises ConfigError when there is no usable configuration."""

    def __init__(self, kubeconfig: str | None, context: str | None) -> None:
        self._api, self.context, self.namespace = connect(kubeconfig, context)
        self.host = public_url(self._api.configuration.host)
        self._auth = threading.Lock()
        self._secrets: set[bytes] = set()

    def close(self) -> None:
        """Close every connection."""
        self._api.rest_client.pool_manager.clear()

    def raw(
        self, method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str], *, silence_s: float, body: bytes | None = None
    ) -> BaseHTTPResponse:
        """Send one request; the response's body is unread. Beside `bodies`, the one place that knows the library's insides."""
        configuration = self._api.configuration
        with self._auth:  # may renew an expiring token
            credentials = {s["key"]: s["value"] for s in configuration.auth_settings().values() if s["in"] == "header" and s["value"]}
            self._secrets |= {
                word.encode("utf-8", "surrogateescape") for value in credentials.values() for word in value.split() if len(word) > SHORTEST_SECRET
            }
        url = configuration.host.rstrip("/") + path + ("?" + urlencode(params) if params else "")
        timeout = Timeout(connect=min(CONNECT_S, silence_s), read=silence_s)
        sent = {"User-Agent": "retroline", **headers, **credentials}
        response: BaseHTTPResponse = self._api.rest_client.pool_manager.request(
            method, url, headers=sent, body=body, preload_content=False, timeout=timeout, retries=False, redirect=False
        )
        return response

    def send(self, path: str, params: Mapping[str, str], ask: Ask, *, accept: str = JSON, method: str = "GET", body: bytes | None = None) -> BaseHTTPResponse:
        """The response, body unread, after up to TRIES tries on refused connections, 429 and 5xx.

        Raises Unauthorised, Unreachable (TimedOut when silent), BadPayload for a redirection, ConfigError for an impossible address or token.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"} | ({"Content-Type": JSON} if body else {})
        for attempt in range(TRIES):
            problem, wait_s = SourceError(""), 0.0
            try:
                response = self.raw(method, path, params, headers, silence_s=ask.patience_s(SILENCE_S), body=body)
            except (HTTPError, OSError, ValueError) as error:
                problem = self._unreachable(error)
            else:
                if not self._is_busy(response):
                    return response
                problem, wait_s = self._busy(response), _wait_s(response)
            if attempt == TRIES - 1:
                break
            self._pause(max(wait_s, BACKOFF_S * 2**attempt), problem, ask)
        raise problem

    def get(self, path: str, params: Mapping[str, str], ask: Ask, *, accept: str = JSON, method: str = "GET", body: bytes | None = None) -> Answer:
        """The whole answer; asked again when it breaks off, and marked `cut` when it always does. Raises as `send` and `chunks`."""
        for attempt in range(TRIES):
            asked_at = ask.evidence.now()
            response = self.send(path, params, ask, accept=accept, method=method, body=body)
            parts: list[bytes] = []
            cut = None
            try:
                parts.extend(self.chunks(response, ask))
            except Cut as error:
                cut = error
            if cut is None or attempt == TRIES - 1:
                break
            self._pause(BACKOFF_S * 2**attempt, cut, ask)
        body = b"".join(parts)
        return Answer(response.status, body if response.status == 200 else self.clean(body), response.headers.get("Date", ""), asked_at, cut)

    def clean(self, body: bytes) -> bytes:
        """An error's body without our credentials, should the server repeat them."""
        for secret in self._secrets.copy():
            body = body.replace(secret, b"***")
        return body

    def chunks(self, response: BaseHTTPResponse, ask: Ask) -> Generator[bytes]:
        """The body as it arrives, small pieces put together, if it can be up to the end of a line.

        Raises Cut, TimedOut after a silence, Unreachable past the deadline. Always closes. What came before an error is given first.
        """
        body, size, due = body_of(response), 0, time.monotonic() + LIVE_S
        try:
            while body.more():
                ask.remaining_s()
                if body.full or time.monotonic() > due:
                    block = body.take()
                    size, due = size + len(block), time.monotonic() + LIVE_S
                    yield block
            if rest := body.rest():
                yield rest
        except (HTTPError, OSError, SourceError) as error:
            if rest := body.rest():
                yield rest
            if isinstance(error, SourceError):
                raise
            raise self._broken(error, size + len(rest)) from error
        finally:
            response.close()

    def _broken(self, error: Exception, size: int) -> SourceError:
        """What it means that a body did not end well."""
        if isinstance(error, ReadTimeoutError | TimeoutError):
            return TimedOut(f"the Kubernetes API at {self.host} fell silent after {size} bytes of an answer")
        return Cut(f"the answer of the Kubernetes API at {self.host} was cut off after {size} bytes")

    def _is_busy(self, response: BaseHTTPResponse) -> bool:
        """Whether trying again may help; raises for answers that end every hope."""
        status = response.status
        if status == 401:
            response.close()
            refused = f"the Kubernetes API at {self.host} does not accept the credentials of context {self.context!r} (401)"
            raise Unauthorised(f"{refused}: log in again or renew the token")
        if 300 <= status < 400:
            response.close()
            raise BadPayload(f"the Kubernetes API at {self.host} redirects elsewhere ({status}; a log-in page?): is the server's address right?")
        return status == 429 or status >= 500

    def _busy(self, response: BaseHTTPResponse) -> Unreachable:
        try:
            said = status_message(self.clean(response.read(BUSY)))
        except (HTTPError, OSError):
            said = ""
        response.close()
        return Unreachable(f"the Kubernetes API at {self.host} answered {response.status}{': ' if said else ''}{said} ({TRIES} tries)")

    def _unreachable(self, error: Exception) -> SourceError:
        """What a failed connection means; raises at once where another try cannot help."""
        if isinstance(error, LocationValueError):
            raise ConfigError(f"context {self.context!r} names no usable server address: {self.host}") from error
        if isinstance(error, UnicodeError) or type(error) is ValueError:
            raise ConfigError(f"the credentials of context {self.context!r} hold characters that HTTP cannot carry") from None
        if isinstance(error, Late) and not isinstance(error, NewConnectionError):
            raise TimedOut(f"the Kubernetes API at {self.host} did not answer in time: is it up, and context {self.context!r} the right one?") from error
        return NoAnswer(f"the Kubernetes API at {self.host} cannot be reached ({_why(error)}): is it up, and context {self.context!r} the right one?")

    def _pause(self, wait_s: float, problem: SourceError, ask: Ask) -> None:
        if wait_s > min(LONGEST_WAIT_S, ask.remaining_s()):
            raise problem
        ask.cancelled.wait(wait_s)


def status_message(body: bytes) -> str:
    """The `message` of a `Status` object on one line; "" for anything else."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    message = document.get("message") if isinstance(document, dict) else None
    return " ".join(message.split())[:300] if isinstance(message, str) else ""


def _wait_s(response: Any) -> float:
    """Seconds that `Retry-After` asks for, a number or a date against the answer's own `Date`; 0 without."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return max(0.0, until.total_seconds())


def _why(error: Exception) -> str:
    if isinstance(error, SSLError):
        return f"its certificate is not accepted: {' '.join(str(error).split())[:160]}"
    if isinstance(error, NameResolutionError):
        return "its name is not known"
    if isinstance(error, NewConnectionError):
        return "no connection" if "refused" not in str(error) else "connection refused"
    return "the connection broke"
