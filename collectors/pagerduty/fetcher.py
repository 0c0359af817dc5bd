"""What to ask PagerDuty for an incident window, and in which order.

1. `/incidents` opened in the window or up to a day before; 2. `/log_entries` of the whole account in the window, which name the incidents
that were opened earlier; 3. incidents still open, of any age; 4. for each incident that touches the window its log entries (the
whole history if it was opened within a week), alerts and notes; 5. `/change_events`.

Source of knowledge: PagerDuty REST API v2. Times are sent in UTC with `Z` and `time_zone=UTC` is asked for wherever it
exists, since the account's zone applies otherwise. One question at a time: the rate limit holds for all of a key's requests
together, so that a wait must hold for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..ask import Ask, Probe
from ..errors import ConfigError, Denied, SourceError, Unreachable
from ..http import Http
from ..window import SECOND_NS, Window
from . import Settings
from .fields import ident, number_and_title, order
from .listing import Lister, Listing, Params

VARIABLE = "PAGERDUTY_TOKEN"
MARGIN_S = 5 * 60
LOOK_BACK_S = 24 * 3600
WHOLE_HISTORY_S = 7 * 24 * 3600
ACCEPT = "application/vnd.pagerduty+json;version=2"
EU = "https://api.eu.pagerduty.com"
UTC_ZONE: Params = {"time_zone": "UTC"}
CHANNELS: Params = {**UTC_ZONE, "include[]": ["channels"]}


def fetch(settings: Settings, ask: Ask) -> None:
    """Save everything that PagerDuty has on the window, five minutes wider on both sides.

    What fails in part is noted; raises SourceError where the token is refused, nothing answers, or the time is over.
    """
    with _http(settings, ask) as http:
        _Visit(settings, ask, Lister(http, ask)).everything()


def probe(settings: Settings, ask: Ask) -> Probe:
    """Ask for one incident."""
    try:
        with _http(settings, ask) as http:
            answer, _ = http.get_json("/incidents", {"limit": 1, **UTC_ZONE}, what="incidents")
    except Denied as error:
        return Probe(True, False, str(_refused(error, settings)))
    except SourceError as error:
        return Probe(False, False, str(error))
    return Probe(True, True, "incidents can be read", answer.date)


def _http(settings: Settings, ask: Ask) -> Http:
    token = (settings.token or "").strip()
    if not token:
        raise ConfigError("PagerDuty needs a token: set PAGERDUTY_TOKEN or PAGERDUTY_TOKEN_FILE")
    bearer = settings.oauth or token.startswith("Bearer ")
    credentials = f"Bearer {token.removeprefix('Bearer ').strip()}" if bearer else f"Token token={token}"
    return Http(settings.url, ask, headers={"Accept": ACCEPT, "Authorization": credentials}, secret_hint=VARIABLE)


def _refused(error: SourceError, settings: Settings) -> SourceError:
    """A 401 in words that tell of its second cause: the other region."""
    if not _is_401(error):
        return error
    host = urlsplit(settings.url).netloc.rpartition("@")[2]
    return Denied(f"{VARIABLE} refused by {host}; a wrong region also answers 401: EU accounts use {EU}")


def _is_401(error: SourceError) -> bool:
    return isinstance(error, Denied) and "(401" in str(error)


class _Visit:
    """One run of `fetch`: what was found, what failed."""

    def __init__(self, settings: Settings, ask: Ask, lister: Lister) -> None:
        self._settings, self._ask, self._lister = settings, ask, lister
        self._window = ask.window.widened(MARGIN_S * SECOND_NS)
        self._since_s, self._until_s = self._window.since_ns / SECOND_NS, self._window.until_ns / SECOND_NS
        self._incidents: dict[str, Mapping[str, Any]] = {}
        self._named: set[str] = set()
        self._log_complete = False
        self._answered = False
        self._failures: list[tuple[SourceError, str, str]] = []

    def everything(self) -> None:
        """All five steps; failures are noted at the end, unless nothing was answered at all."""
        try:
            self._part("incidents", self._opened)
            self._log_complete = self._part("log entries", self._log)
            self._part("open incidents", self._still_open)
            for key in sorted({*self._incidents, *self._named}):
                if self._touches(key):
                    self._details(key)
            self._part("change events", self._changes)
        finally:
            if self._answered:
                for error, what, subject in self._failures:
                    self._ask.evidence.failed(error, what, subject=subject)
        if not self._answered and self._failures:
            raise self._failures[0][0]

    def _part(self, what: str, step: Any, subject: str = "") -> bool:
        """Run one step; True if it ended well. Raises when going on is useless: refused token, time over, nobody there."""
        try:
            step()
            self._answered = True
        except SourceError as error:
            if _is_401(error):
                raise _refused(error, self._settings) from error
            self._failures.append((error, what, subject))
            self._ask.remaining_s()
            if not self._answered and sum(isinstance(e, Unreachable) for e, _, _ in self._failures) > 1:
                raise self._failures[0][0] from error
            return False
        return True

    def _filters(self) -> dict[str, list[str]]:
        services = list(self._settings.service_ids)
        return {**({"service_ids[]": services} if services else {}), **self._teams()}

    def _teams(self) -> dict[str, list[str]]:
        teams = list(self._settings.team_ids)
        return {"team_ids[]": teams} if teams else {}

    def _opened(self) -> None:
        earlier = Window(self._window.since_ns - LOOK_BACK_S * SECOND_NS, self._window.until_ns)
        listing = Listing("incidents", "/incidents", "incidents", "incidents", {**UTC_ZONE, **self._filters()})
        self._keep(self._lister.between(listing, earlier))

    def _still_open(self) -> None:
        params = {**UTC_ZONE, **self._filters(), "date_range": "all", "statuses[]": ["triggered", "acknowledged"]}
        self._keep(self._lister.items(Listing("incidents", "/incidents", "open-incidents", "open incidents", params)))

    def _keep(self, incidents: Iterator[Mapping[str, Any]]) -> None:
        for incident in incidents:
            self._answered = True
            self._incidents.setdefault(ident(incident) or "", incident)
        self._incidents.pop("", None)

    def _log(self) -> None:
        """Of the account's log, with `service_ids` set, only the incidents it names are kept: it can't be asked for a service's alone."""
        services = self._settings.service_ids
        listing = Listing("log_entries", "/log_entries", "log-entries", "log entries", {**CHANNELS, **self._teams()}, saved=not services)
        for entry in self._lister.between(listing, self._window):
            self._answered = True
            incident = ident(entry.get("incident"))
            if incident and (not services or ident(entry.get("service")) in services):
                self._named.add(incident)

    def _changes(self) -> None:
        """Change events can be asked for by team, or for one service after the other."""
        for service in self._settings.service_ids or ("",):
            path = f"/services/{service}/change_events" if service else "/change_events"
            listing = Listing("change_events", path, f"change-events/{service}" if service else "change-events", "change events", self._teams())
            for _ in self._lister.between(listing, self._window):
                self._answered = True

    def _touches(self, key: str) -> bool:
        """Whether the incident was open, or written to, in the window. Of one opened long ago, only the latter counts."""
        incident = self._incidents.get(key)
        if incident is None or key in self._named:
            return True
        opened = order(incident.get("created_at"))
        ended = order(incident.get("resolved_at") or incident.get("last_status_change_at")) if incident.get("status") == "resolved" else self._until_s
        quiet = self._log_complete and opened < self._since_s - WHOLE_HISTORY_S
        return opened < self._until_s and ended >= self._since_s and not quiet

    def _details(self, key: str) -> None:
        incident = self._incidents.get(key, {})
        number = number_and_title(incident)[0]
        subject = f"incident #{number}" if number else f"incident {key}"
        path = f"/incidents/{key}"
        if not incident:
            self._part(subject, lambda: self._one(key, path, subject), subject)
        self._part(f"log entries of {subject}", lambda: self._history(key, path, subject), subject)
        for name, paged in (("alerts", True), ("notes", False)):
            listing = Listing(name, f"{path}/{name}", f"incident/{key}/{name}", f"{name} of {subject}", about={"incident": key}, paged=paged)
            self._part(listing.what, lambda listing=listing: deque(self._lister.items(listing), 0), subject)

    def _one(self, key: str, path: str, subject: str) -> None:
        self._incidents[key] = self._lister.one("incident", path, f"incident/{key}/incident", subject)

    def _history(self, key: str, path: str, subject: str) -> None:
        what = f"log entries of {subject}"
        listing = Listing("log_entries", f"{path}/log_entries", f"incident/{key}/log-entries", what, CHANNELS, {"incident": key})
        opened = order(self._incidents.get(key, {}).get("created_at"))
        if self._since_s - WHOLE_HISTORY_S <= opened < self._until_s:
            begin = Window(int(opened) * SECOND_NS, self._window.until_ns)
            deque(self._lister.items(listing, begin), 0)
        else:
            deque(self._lister.between(listing, self._window), 0)
