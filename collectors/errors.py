"""What can go wrong, named by what the caller can do about it.

    RetrolineError
    ├── ConfigError        the user mends it: a flag, the environment, a file (exit 2)
    └── SourceError        one source failed: a gap in the report (exit 3), the run goes on
        ├── Unreachable    nothing answered, or too late, or the server is overloaded: try again later
        ├── Denied         credentials or permissions are missing: ask for them
        ├── TooExpensive   the server refused the amount: narrow the question
        └── BadPayload     an answer came, but it is not what the API promises

Messages never carry credentials: pass URLs through `public_url` first.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


class RetrolineError(Exception):
    """Root of every error that retroline raises on purpose; its text is one sentence for the user."""


class ConfigError(RetrolineError):
    """The command line, the environment or a file asks for something impossible."""


class SourceError(RetrolineError):
    """One source could not answer. `reason` is a word for tables: the class name in lower case."""

    reason = "failed"


class Unreachable(SourceError):
    """No usable answer in time: refused connection, timeout, 429 or 5xx after retries."""

    reason = "unreachable"


class Denied(SourceError):
    """The server knows the question and refuses it to us: 401 or 403."""

    reason = "denied"


class TooExpensive(SourceError):
    """The server refuses the amount asked for: too many samples, points or rows."""

    reason = "too_expensive"


class BadPayload(SourceError):
    """The answer is cut, is not JSON where JSON was due, or has another shape."""

    reason = "bad_payload"


def public_url(url: str) -> str:
    """`url` without user name, password, query and fragment, fit for messages and evidence."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
