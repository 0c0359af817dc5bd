"""What `retroline sources` says of each source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..collectors.ask import Probe


def probe_lines(probes: Mapping[str, Probe], missing: Iterable[str], wrong: Mapping[str, str]) -> Iterator[str]:
    """One line per source that was asked, then one per source that is configured wrongly or not at all."""
    for name, probe in probes.items():
        allowed = ", permitted" if probe.permitted else ", NOT permitted"
        state = f"reachable{allowed}" if probe.reachable else "NOT reachable"
        yield f"{name}: {state}; {probe.detail}" + (f"; its clock: {probe.date}" if probe.date else "")
    for name, sentence in wrong.items():
        yield f"{name}: configured wrongly: {sentence}"
    for sentence in missing:
        yield sentence.replace(": ", ": not configured: ", 1)
