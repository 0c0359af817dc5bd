"""PagerDuty: who was paged when, who reacted, and what people wrote. REST API v2, OpenAPI document of 2026-08.

`fetch` asks for the incidents that touch the window with their log entries, alerts and notes, and for change events;
`read` needs no network. Everything is imported when it is used; no module here is called `fetch` or `read`, since importing
it would put it in the place of the function.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..ask import Ask, Probe
    from ..evidence import Reply
    from ..raw import Raw

NAME = "pagerduty"


@dataclass(frozen=True)
class Settings:
    """Where and as whom to ask. EU accounts live at https://api.eu.pagerduty.com.

    `token` is an API key; an OAuth token is written `Bearer …`, or marked by `oauth`. `service_ids` and `team_ids` (such as
    `PCHK0U7`) narrow the incidents; empty means all that the token may see.
    """

    url: str = "https://api.pagerduty.com"
    token: str | None = field(default=None, repr=False)
    service_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()
    oauth: bool = False


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
