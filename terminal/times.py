"""Times as people write them on a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..collectors.errors import ConfigError
from ..collectors.window import Window, rfc3339
from ..normalize.stamps import instant_ns

AGE = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h|d|w)$")
AGE_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST_AGE_S = 1_500_000_000
NO_SECONDS = re.compile(r"^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)([Zz]|[+-]\d\d:?\d\d)$")


def parse_time(text: str, now_ns: int, name: str) -> int:
    """`text` as an instant: ISO 8601 with a zone, `now`, or an age before now. Raises ConfigError that says how to write it."""
    stamp = text.strip()
    age = AGE.match(stamp)
    if stamp == "now":
        return now_ns
    if age and float(age[1]) * AGE_S[age[2]] < LONGEST_AGE_S:
        return now_ns - int(float(age[1]) * AGE_S[age[2]] * 1_000_000_000)
    at_ns = instant_ns(NO_SECONDS.sub(r"\1:00\2", stamp))
    if at_ns is None:
        zoneless = any(instant_ns(stamp + end) is not None for end in ("Z", ":00Z", "T00:00:00Z"))
        why = "has no zone" if zoneless else "is no time that retroline knows"
        raise ConfigError(f"{name} {text!r} {why}: write 2026-11-21T01:20:00Z, 2026-11-21T02:20:00+01:00, now, or an age such as 2h")
    return at_ns


def parse_window(options: Mapping[str, Any], now_ns: int) -> Window:
    """The window of `--since` and `--until`. Raises ConfigError where one is missing or they are the wrong way round."""
    since, until = options["since"], options["until"]
    if not since or not until:
        raise ConfigError(f"{'--since' if not since else '--until'} is missing: give --since and --until (with --from they are optional)")
    window = Window(parse_time(since, now_ns, "--since"), parse_time(until, now_ns, "--until"))
    if window.since_ns >= window.until_ns:
        raise ConfigError(f"--since {since} is not before --until {until}")
    return window


def incident_id(window: Window) -> str:
    """The window's start as `20261121T0119Z`."""
    return rfc3339(window.since_ns, 0).replace("-", "").replace(":", "")[:13] + "Z"
