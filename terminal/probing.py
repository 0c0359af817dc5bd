"""What `retroline sources` says of each source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..collectors.ask import Probe


def probe_lines(probes: Mapping[str, Probe], missing: Iterable[str]) -> Iterator[str]:
    """One line per source that was asked, then one per source that is not configured."""
    for name, probe in probes.items():
        state = "reachable" if probe.reachable else "NOT reachable"
        allowed = "permitted" if probe.permitted else "NOT permitted"
        yield f"{name}: {state}, {allowed}; {probe.detail}" + (f"; its clock: {probe.date}" if probe.date else "")
    for sentence in missing:
        yield sentence.replace(": ", ": not configured: ", 1)
