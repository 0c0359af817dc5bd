"""What a source is given to collect with, and what it must offer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import Unreachable
from .evidence import Evidence, Reply
from .raw import Raw
from .window import Window


@dataclass(frozen=True)
class Ask:
    """One source's commission: the window, where evidence goes, and when to stop.

    `deadline` is on `time.monotonic()`; `now_ns` is the wall clock when the run began, the only present a
    collector knows; `progress(what, n_bytes, n_items)` adds to the live display.
    """

    window: Window
    evidence: Evidence
    deadline: float
    now_ns: int
    progress: Callable[[str, int, int], None] = lambda what, n_bytes, n_items: None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def remaining_s(self, most: float = float("inf")) -> float:
        """Seconds left, at most `most`. Raises Unreachable when there are none or the run was cancelled."""
        if self.cancelled.is_set():
            raise Unreachable("interrupted")
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Unreachable("the time allowed for this source is over")
        return min(left, most)

    def patience_s(self, most: float) -> float:
        """Seconds that one silence may last: half of those left, so that a question that hangs leaves time for the others."""
        left = self.remaining_s()
        return min(most, max(left / 2, 1.0), left)


@dataclass(frozen=True)
class Probe:
    """What `retroline sources` tells of one source: is it there, may we read it, what does its clock say."""

    reachable: bool
    permitted: bool
    detail: str
    date: str = ""


class Collector(Protocol):
    """A source: one module (or folder) with these names. See CONTRIBUTING.md for a walk through a real one."""

    NAME: str
    Settings: type[Any]

    def fetch(self, settings: Any, ask: Ask) -> None:
        """Ask for everything in the window and save it; the only function that touches a network.

        What fails in part is noted by `ask.evidence.failed`; what fails as a whole raises SourceError.
        """

    def read(self, reply: Reply) -> Iterator[Raw]:
        """Turn one saved reply into raw batches; no network, no clock. Raises BadPayload."""

    def recognise(self, document: Any, name: str) -> str | None:
        """The form of a saved JSON document (file name `name`) if it is one of this source's, else None."""

    def probe(self, settings: Any, ask: Ask) -> Probe:
        """Ask the cheapest question that shows whether `fetch` would work."""
