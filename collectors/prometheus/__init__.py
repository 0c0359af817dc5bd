"""Prometheus and what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics): alert history and the series behind the alerts.

`fetch` asks for the raw history of ALERTS, the rules, the series that the rules of those alerts compare with a limit, and
configured queries; `read` needs no network. Knowledge: Prometheus documentation "HTTP API" and "Alerting rules" (2.42 to 3.14).
Everything is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..ask import Ask, Probe
    from ..evidence import Reply
    from ..raw import Raw

NAME = "prometheus"


@dataclass(frozen=True)
class Query:
    """A range query of the user's own. With `op` (one of > >= < <= == !=) and `threshold` its crossings become rows."""

    name: str
    expr: str
    threshold: float | None = None
    op: str | None = None


@dataclass(frozen=True)
class Settings:
    """Where, as whom and what to ask.

    `url` may hold a path prefix (Mimir: `/prometheus`). `token` is sent as bearer, `user` and `password` as basic, `org_id` as
    X-Scope-OrgID; `headers` are sent as they are. `step_s` None: the rules' own interval. `alerts` False: configured queries only.
    `margin_s` is asked in addition before the window, so that what already held can be told from what began.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    org_id: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    queries: tuple[Query, ...] = ()
    step_s: float | None = None
    alerts: bool = True
    margin_s: float = 300


def fetch(settings: Settings, ask: Ask) -> None:
    """See `fetcher.fetch`."""
    from .fetcher import fetch as run

    run(settings, ask)


def read(reply: Reply) -> Iterator[Raw]:
    """See `reader.read`."""
    from .reader import read as run

    return run(reply)


def recognise(document: Any, name: str) -> str | None:
    """See `reader.recognise`."""
    from .reader import recognise as run

    return run(document, name)


def probe(settings: Settings, ask: Ask) -> Probe:
    """See `fetcher.probe`."""
    from .fetcher import probe as run

    return run(settings, ask)
