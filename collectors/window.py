"""The window of an incident, as instants in UTC.

Collectors use it to decide what to *fetch*; what is *in the window* is decided in `normalize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Window:
    """Half-open `[since_ns, until_ns)`, nanoseconds since 1970-01-01T00:00:00Z."""

    since_ns: int
    until_ns: int

    def widened(self, margin_ns: int) -> Window:
        """The same window with `margin_ns` added on both sides, for fetching."""
        return Window(self.since_ns - margin_ns, self.until_ns + margin_ns)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.until_ns - self.since_ns) / SECOND_NS


def rfc3339(at_ns: int, digits: int = 9) -> str:
    """`at_ns` as RFC 3339 text in UTC with `digits` decimals (0 to 9), cut, never rounded."""
    seconds, fraction = divmod(at_ns, SECOND_NS)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}"[: 20 + digits].rstrip(".") + "Z"


def rfc3339_short(at_ns: int) -> str:
    """`at_ns` as RFC 3339 text in UTC, no trailing zeros in the fraction."""
    whole, _, fraction = rfc3339(at_ns)[:-1].partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
