"""What an answer of Prometheus' HTTP API amounts to. Knowledge: Prometheus documentation "HTTP API", "Format overview"; RFC 9110.

Errors: Denied (401, 403), TooExpensive (too many samples or points; 503 `timeout`), NotFound (404, an Unreachable), Unreachable (429 or
5xx, wrapped in Again while another try may help), Refused (other 4xx) and Broken (HTML, cut, not JSON), both BadPayload.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ..errors import BadPayload, Denied, SourceError, TooExpensive, Unreachable

TRIES = 4
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
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


class Again(Exception):
    """This try failed, the next may not: `error` stands when there is no next one."""

    def __init__(self, error: SourceError, wait_s: float | None = None, tries: int = TRIES) -> None:
        super().__init__(str(error))
        self.error, self.wait_s, self.tries = error, wait_s, tries


@dataclass(frozen=True)
class Asked:
    """For messages: the server's URL without credentials, and the path asked."""

    shown: str
    path: str


def judge(what: Asked, status: int, reason: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise for all that is not a JSON object with status 200; `reason` is the status line's word."""
    if status == 200:
        fault = _fault(body)
        if fault:
            raise Broken(f"Prometheus at {what.shown}: the answer to {what.path} {fault}", body)
        return
    said = _said(body)
    text = f"Prometheus at {what.shown} answers {what.path} with {status}" + (f": {said.text}" if said.text else f" {reason}".rstrip())
    if status in (401, 403):
        raise Denied(f"{text}; set PROMETHEUS_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD" + (" (or PROMETHEUS_ORG_ID)" if status == 401 else ""))
    if status == 404:
        raise NotFound(f"{text}; is the path prefix of the URL right?")
    if _too_expensive(status, said):
        raise TooExpensive(text)
    if status in AGAIN:
        raise Again(Unreachable(text), _retry_after(headers))
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
    except (ValueError, TypeError, OverflowError):
        return None
