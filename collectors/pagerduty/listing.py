"""Lists of PagerDuty's API, page by page, each answer saved as it comes.

Source of knowledge: PagerDuty developer documentation, "Pagination" (classic: `limit` up to 100, `offset`, `more`; offset + limit
may not pass 10,000) and the `since`/`until` parameters of its OpenAPI document (at most six months for incidents).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ask import Ask
from ..errors import BadPayload
from ..evidence import asked
from ..http import Http
from ..window import SECOND_NS, Window, rfc3339

Params = Mapping[str, str | int | Sequence[str]]

LIMIT = 100
BOUND = 10_000
LONGEST_S = 180 * 86_400


class _TooMany(Exception):
    """More items than paging can reach."""


@dataclass(frozen=True)
class Listing:
    """One list: `name` is its key in the answer and its form, `key` its place in the evidence, `what` its name in words.

    `paged` is False for notes, which come in one answer. `saved` is False where the items only lead to others.
    """

    name: str
    path: str
    key: str
    what: str
    params: Params = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    paged: bool = True
    saved: bool = True


class Lister:
    """Asks one server for listings."""

    def __init__(self, http: Http, ask: Ask) -> None:
        self.http, self._ask, self._evidence = http, ask, ask.evidence

    def items(self, listing: Listing, otherwise: Window | None = None) -> Iterator[Mapping[str, Any]]:
        """All objects of a listing, asked for without a window; if paging can't reach them all, those in `otherwise`.

        Without `otherwise`, what is out of reach is noted as a failure. Raises SourceError.
        """
        try:
            yield from self._pages(listing)
        except _TooMany:
            if otherwise is None:
                self._bound(listing)
            else:
                yield from self.between(listing, otherwise)

    def between(self, listing: Listing, window: Window) -> Iterator[Mapping[str, Any]]:
        """All objects of a listing in `window`; an object may come twice. Raises SourceError.

        A stretch with more than paging can reach is halved until it is one second long; what is then still out of reach is noted.
        """
        since, until = window.since_ns // SECOND_NS, -(-window.until_ns // SECOND_NS)
        stretches = [(s, min(s + LONGEST_S, until)) for s in range(since, until, LONGEST_S)]
        while stretches:
            since, until = stretches.pop(0)
            begin, end = rfc3339(since * SECOND_NS, 0), rfc3339(until * SECOND_NS, 0)
            piece = replace(listing, key=f"{listing.key}/{begin}_{end}", params={**listing.params, "since": begin, "until": end})
            try:
                yield from self._pages(piece)
            except _TooMany:
                middle = (since + until) // 2
                if middle == since:
                    self._bound(piece, begin, end)
                else:
                    stretches[:0] = [(since, middle), (middle, until)]

    def one(self, name: str, path: str, key: str, what: str) -> Mapping[str, Any]:
        """The single object `name`, saved. Raises SourceError."""
        document = self._document(Listing(name, path, key, what), {}, key)
        if not isinstance(document.get(name), Mapping):
            raise self._other_shape(what, name)
        found: Mapping[str, Any] = document[name]
        return found

    def _pages(self, listing: Listing) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            paging: Params = {"limit": LIMIT, "offset": offset, **({} if offset else {"total": "true"})} if listing.paged else {}
            document = self._document(listing, paging, f"{listing.key}/{offset}")
            found = document[listing.name]
            yield from (item for item in found if isinstance(item, Mapping))
            total = document.get("total")
            if isinstance(total, int) and total > BOUND:
                raise _TooMany
            if not document.get("more") or not listing.paged:
                return
            if not found:
                raise BadPayload(f"{self.http.host}, {listing.what}: more was promised, nothing came")
            offset += len(found)
            if offset + LIMIT > BOUND:
                raise _TooMany

    def _document(self, listing: Listing, paging: Params, key: str) -> Mapping[str, Any]:
        """One answer, from an interrupted run's evidence if it is there; its list is known to be one."""
        held = self._evidence.held(key) if listing.saved else None
        if held:
            document: Mapping[str, Any] = held.json()
            return document
        params = {**listing.params, **paging}
        answer, fresh = self.http.get_json(listing.path, params, what=listing.what)
        items = fresh.get(listing.name)
        if not isinstance(items, (list, Mapping)) or (listing.name.endswith("s") and not isinstance(items, list)):
            raise self._other_shape(listing.what, listing.name)
        if listing.saved:
            about = asked(f"{self.http.base_url}{listing.path}", params) | dict(listing.about)
            self._evidence.save(key, listing.name, answer.body, about=about, asked_at=answer.asked_at, date=answer.date)
        self._ask.progress(listing.what, len(answer.body), len(items) if isinstance(items, list) else 1)
        found: Mapping[str, Any] = fresh
        return found

    def _other_shape(self, what: str, name: str) -> BadPayload:
        return BadPayload(f"{self.http.host}, {what}: JSON came, but without `{name}` as the API describes it")

    def _bound(self, listing: Listing, since: str = "", until: str = "") -> None:
        text = f"PagerDuty shows no more than {BOUND:,} {listing.what}" + (f" between {since} and {until}" if since else "")
        self._evidence.failed(text, listing.what, reason="bound", since=since, until=until)
