"""What was there when the window opened and ended in it.

Its beginning is no milestone, but it is no background either: background was true before and stays true after.
"""

from __future__ import annotations

from collections.abc import Iterable

from .identity import Named

ALREADY = "already "


def alert_threads(page: Named) -> set[str]:
    """Threads of the alert runs that a page's row is about."""
    return {page.row.about, *page.row.labels.get("alert_threads", "").split()} - {""}


def carried(rows: Iterable[Named]) -> frozenset[str]:
    """Threads of alert runs that fired when the window opened, ended in it and were told to somebody, and of the pages about them.

    Told: a page is about the run, or its end was notified; a silenced alert that ends is nobody's news.
    """
    listed = list(rows)
    open_before = {n.row.thread for n in listed if n.row.kind == "alert.firing" and n.row.title.startswith(ALREADY)}
    pages = [n for n in listed if n.row.kind == "page.triggered"]
    told = {thread for page in pages for thread in alert_threads(page)}
    told |= {n.row.thread for n in listed if n.row.kind == "alert.notified" and n.row.labels.get("status") == "resolved"}
    runs = {n.row.thread for n in listed if n.row.kind == "alert.resolved"} & open_before & told
    return frozenset(runs | {page.row.thread for page in pages if alert_threads(page) & runs})
