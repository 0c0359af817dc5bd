"""Alertmanager: what is active now, silences, configuration; and history from files that receivers kept.

Its API forgets an alert in the second it resolves, so the past is read from `alert_log`: webhook bodies (version 4) as JSON
lines, bare or in an envelope, and the event recorder's JSON lines (0.33 and later). Knowledge: Alertmanager OpenAPI v2
(`/api/v2`, read at 0.25 to 0.34), "Webhook receiver" in its configuration reference, and the event recorder's protobuf
definitions (`eventrecorderpb.Event` of 0.33, `events.v2.Event` after it).

Forms: `alerts`, `groups`, `silences`, `status`, `receivers` (API, also `amtool … -o json`), `history` (JSON lines).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..ask import Ask, Probe
from .reader import read, recognise

__all__ = ["NAME", "Settings", "fetch", "probe", "read", "recognise"]

NAME = "alertmanager"


@dataclass(frozen=True)
class Settings:
    """`url` may carry a path prefix; None asks no server. `alert_log` are webhook or recorder files on this machine."""

    url: str | None = None
    user: str | None = None
    password: str | None = None
    token: str | None = None
    alert_log: tuple[str, ...] = ()


def fetch(settings: Settings, ask: Ask) -> None:
    """Copy the history files, then ask the API; see `collectors.ask.Collector`."""
    from .fetcher import fetch as run

    run(settings, ask)


def probe(settings: Settings, ask: Ask) -> Probe:
    """Whether the server answers `/api/v2/status` and the history files can be read."""
    from .fetcher import probe as run

    return run(settings, ask)
