"""Asking Alertmanager. Every answer is saved as received, except that URLs inside its configuration lose their credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..ask import Ask, Probe
from ..errors import ConfigError, Denied, SourceError, Unreachable
from ..evidence import asked
from ..http import Answer, Http, NotFound
from ..window import rfc3339

if TYPE_CHECKING:
    from . import Settings

HINT = "ALERTMANAGER_USER and ALERTMANAGER_PASSWORD"
CHUNK = 1 << 20

# form: path below the base URL, parameters, name in messages, type of the JSON's top level
QUESTIONS: dict[str, tuple[str, dict[str, str], str, type]] = {
    "status": ("/api/v2/status", {}, "the status", dict),
    "alerts": ("/api/v2/alerts", {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}, "the alerts", list),
    "groups": ("/api/v2/alerts/groups", {"active": "true", "silenced": "true", "inhibited": "true"}, "the alert groups", list),
    "silences": ("/api/v2/silences", {}, "the silences", list),
    "receivers": ("/api/v2/receivers", {}, "the receivers", list),
}

USERINFO = re.compile(rb"(https?://)[^\s/@\\\"']+@")
QUERY = re.compile(rb"(https?://[^\s?\\\"']+\?)[^\s\\\"']+")


def fetch(settings: Settings, ask: Ask) -> None:
    """See `collectors.ask.Collector.fetch`; an unusable history file is a ConfigError."""
    for number, name in enumerate(settings.alert_log):
        _copy(number, Path(name), ask)
    if settings.url is None:
        return
    with _http(settings, ask) as http:
        _ask_all(http, ask)
    if not settings.alert_log:
        ask.evidence.failed(
            "Alertmanager forgets an alert when it resolves, and no file of notifications was given",
            "alerts that resolved before the collection",
            reason="gone",
            since=rfc3339(ask.window.since_ns),
            until=rfc3339(min(ask.window.until_ns, ask.now_ns)),
            ours=False,
        )


def probe(settings: Settings, ask: Ask) -> Probe:
    """Ask for the status; a history file that cannot be read counts as not permitted."""
    unread = [name for name in settings.alert_log if not Path(name).is_file()]
    if unread:
        return Probe(False, False, f"no such file: {', '.join(unread)}")
    if settings.url is None:
        return Probe(bool(settings.alert_log), True, f"{len(settings.alert_log)} history files")
    try:
        with _http(settings, ask) as http:
            answer, status = http.get_json("/api/v2/status", what="the status")
    except Denied as error:
        return Probe(True, False, str(error))
    except SourceError as error:
        return Probe(False, False, str(error))
    version = status.get("versionInfo")
    named = str(version.get("version", "")) if isinstance(version, dict) else ""
    return Probe(True, True, f"Alertmanager {named}".strip(), answer.date)


def _http(settings: Settings, ask: Ask) -> Http:
    headers = {"Accept": "application/json"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token}"
    auth = (settings.user, settings.password or "") if settings.user else None
    return Http(settings.url or "", ask, headers=headers, auth=auth, secret_hint=HINT)


def _ask_all(http: Http, ask: Ask) -> None:
    """Ask every question; one that fails leaves the others their chance, unless nothing answers at all.

    Raises the first error when no question was answered.
    """
    errors: dict[str, SourceError] = {}
    answered = 0
    for form, (path, params, what, expect) in QUESTIONS.items():
        if ask.evidence.held(form):
            answered += 1
            continue
        try:
            answer, document = http.get_json(path, params, what=what, expect=expect)
        except SourceError as error:
            errors[what.removeprefix("the ")] = error
            silent = isinstance(error, Unreachable) and not isinstance(error, NotFound)
            if not answered and (silent or isinstance(error, Denied)):
                raise
            continue
        answered += 1
        _save(form, answer, document, asked(f"{http.base_url}{path}", params), ask)
    if not answered:
        raise next(iter(errors.values()))
    for missed, failure in errors.items():
        ask.evidence.failed(failure, missed)


def _save(form: str, answer: Answer, document: Any, about: dict[str, str], ask: Ask) -> None:
    body = answer.body
    if form == "status":
        body = QUERY.sub(rb"\1***", USERINFO.sub(rb"\1***@", body))
    ask.evidence.save(form, form, body, status=answer.status, about=about, asked_at=answer.asked_at, date=answer.date)
    ask.progress(form, len(body), len(document) if isinstance(document, list) else 1)


def _copy(number: int, path: Path, ask: Ask) -> None:
    """Copy one history file into the evidence, byte for byte."""
    key = f"history/{number}-{path.name}"
    if ask.evidence.held(key):
        return
    try:
        with path.open("rb") as file:
            file.read(1)
            file.seek(0)
            reply = ask.evidence.save(key, "history", _chunks(file, ask), suffix="", about={"file": path.name})
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"the alert log {path} does not exist") from None
    except (PermissionError, IsADirectoryError) as error:
        if error.filename and Path(str(error.filename)) != path:
            raise
        raise ConfigError(f"the alert log {path} cannot be read: {error.strerror}") from None
    if not reply.complete:
        ask.evidence.failed(reply.reason, f"the rest of {path.name}", reason="cut")


def _chunks(file: Any, ask: Ask) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        ask.remaining_s()
        ask.progress("history", len(chunk), chunk.count(b"\n"))
        yield chunk
