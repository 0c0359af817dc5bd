"""What to ask a Prometheus for: first the alerts' history, then the series that their rules compare with a limit.

Order, the most telling first: the server's own now, rules and alerts; raw samples of ALERTS and ALERTS_FOR_STATE; the sides of the rules of
every alert that was pending or firing in the window; configured queries; counters behind the alerts that fired; container restarts as
kube-state-metrics counts them; the clocks of the nodes.
Knowledge: Prometheus documentation "HTTP API", "Alerting rules"; kube-state-metrics documentation "Pod metrics".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ..ask import Ask, Probe
from ..errors import Denied, SourceError, TooExpensive, Unreachable
from ..evidence import Reply
from . import counters, node_clocks
from .client import Answer, Client
from .promql import duration_s
from .reader import global_config
from .rules import Rules, rules_of
from .slices import Slice, ask_slices, duration, seconds, step_for
from .verdict import Broken, NotFound, Refused
from .wanted import Wanted, behind_alerts, configured

if TYPE_CHECKING:
    from . import Settings

AFTER_S = 120
DEFAULT_STEP_S = 15.0
GIVE_UP_AFTER = 3
CONTEXT = {
    "config": "/api/v1/status/config",
    "buildinfo": "/api/v1/status/buildinfo",
    "rules": "/api/v1/rules",
    "alerts": "/api/v1/alerts",
    "runtimeinfo": "/api/v1/status/runtimeinfo",
}
WHAT = {"config": "configuration", "buildinfo": "version", "rules": "alerting rules", "alerts": "alerts active now", "runtimeinfo": "retention"}
STATUS = ("config", "buildinfo", "runtimeinfo")
ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
RESTARTS = ("kube_pod_container_status_restarts_total", "kube_pod_container_status_last_terminated_reason")
VERSIONS = ("build_info",)


@dataclass
class Job:
    """One run of `fetch`: what is given, and how often in a row nothing answered."""

    settings: Settings
    ask: Ask
    client: Client
    silent: int = 0
    replies: dict[str, list[Reply]] = field(default_factory=dict)

    @property
    def span(self) -> Slice:
        """What is asked for: the window, a margin before it, a little after it, nothing of the future.

        Where our clock stands before the window, the clock is wrong rather than the window: then it bounds nothing.
        """
        start = self.ask.window.since_ns // 1_000_000 - int(self.settings.margin_s * 1000)
        until = -(-self.ask.window.until_ns // 1_000_000) + AFTER_S * 1000
        now = self.ask.now_ns // 1_000_000
        return Slice(start, until if self.ask.now_ns <= self.ask.window.since_ns else min(until, now))

    def one(self, key: str, form: str, path: str, params: Mapping[str, str], about: Mapping[str, str] | None = None) -> Reply:
        """One answer, from an interrupted run's evidence or from the server. A broken one is kept, marked, and raised."""
        held = self.ask.evidence.held(key)
        if held:
            return held
        told = {**params, **(about or {})}
        try:
            answer = self.client.get(path, params)
        except Broken as error:
            if error.body:
                self.ask.evidence.save(key, form, _marked(error), about=told)
            raise
        return self._saved(key, form, answer, told)

    def _saved(self, key: str, form: str, answer: Answer, about: Mapping[str, str]) -> Reply:
        reply = self.ask.evidence.save(key, form, answer.body, about=about, asked_at=answer.asked_at, date=answer.date)
        self.ask.progress(about.get("name") or form, len(answer.body), 1)
        for text in _partial(answer.body):
            name = about.get("name") or form
            self.ask.evidence.failed(f"Prometheus warns that {name} may be partial: {text}", f"parts of {name}", reason="cut", ours=False)
        return reply

    def part(self, what: str, call: Callable[[], object], *, spared: tuple[type[SourceError], ...] = (), quiet: bool = False) -> None:
        """Run `call`; note its failure as `what`, one of `spared` as not ours, or not at all if `quiet`.

        Raises Unreachable when nothing answers any more.
        """
        self.ask.remaining_s()
        try:
            call()
        except SourceError as error:
            self.silent = self.silent + 1 if type(error) is Unreachable else 0
            ours = not isinstance(error, spared)
            if ours or not quiet:
                self.ask.evidence.failed(error, what, ours=ours)
            if self.silent >= GIVE_UP_AFTER:
                raise
        else:
            self.silent = 0


def _partial(body: bytes) -> list[str]:
    """Warnings that stand beside the data, as a store that did not answer (Thanos); not what is said about the expression itself."""
    if b'"warnings"' not in body[:4096] and b'"warnings"' not in body[-65536:]:
        return []
    try:
        told = json.loads(body).get("warnings") or []
    except (ValueError, RecursionError):
        return []
    texts = [" ".join(str(text).split())[:300] for text in told] if isinstance(told, list) else []
    return [text for text in texts if not text.startswith("PromQL ")]


def _marked(error: Broken) -> Iterable[bytes]:
    yield error.body
    raise error


def fetch(settings: Settings, ask: Ask) -> None:
    """Ask for everything in the window and save it. Raises Unreachable, Denied or BadPayload where not even the time can be had."""
    with Client(settings, ask) as client:
        job = Job(settings, ask, client)
        job.one("now", "now", "/api/v1/query", {"query": "time()"}, {"name": "now"})
        rules, interval_s = _context(job)
        wanted = configured(settings.queries, rules)
        if settings.alerts:
            seen = _alert_history(job, interval_s)
            _note_unknown(job, seen, rules)
            wanted = behind_alerts(rules, seen, wanted)
        for series in wanted:
            job.part(f"series {series.name}", partial(_range, job, series, interval_s))
        if settings.alerts:
            counters.collect(job, rules, interval_s)
        for metric in (*RESTARTS, *VERSIONS) if settings.alerts else ():
            job.part(f"raw samples of {metric}", partial(_raw, job, metric, halving=False), spared=(TooExpensive, Refused))
        if settings.alerts:
            node_clocks.collect(job)


def _context(job: Job) -> tuple[Rules, float]:
    """Rules, and the seconds between evaluations where no rule says them; whatever of it can be had."""
    found: dict[str, object] = {}

    def take(form: str) -> None:
        found[form] = job.one(form, form, CONTEXT[form], {}).json()

    for form in CONTEXT if job.settings.alerts else STATUS:
        job.part(WHAT[form], partial(take, form), spared=(NotFound, Denied, Refused), quiet=form in STATUS)
    rules = rules_of(found.get("rules"))
    return rules, _evaluation_s(found.get("config")) or _interval_s(rules) or DEFAULT_STEP_S


def _interval_s(rules: Rules) -> float:
    return min((r.interval_s for r in rules.alerts if r.interval_s > 0), default=0.0)


def _evaluation_s(config: object) -> float:
    """The global evaluation interval, in seconds; 0 where it is not told."""
    data = config.get("data") if isinstance(config, dict) else None
    text = data.get("yaml") if isinstance(data, dict) else None
    told = global_config(text) if isinstance(text, str) else {}
    return duration_s(str(told.get("evaluation_interval") or told.get("scrape_interval") or ""))


def _alert_history(job: Job, interval_s: float) -> set[str]:
    """Raw samples of ALERTS and ALERTS_FOR_STATE; returns the names of the alerts that were active in the window."""
    for metric in ALERTS:
        job.part(f"history of alerts ({metric})", partial(_raw_or_range, job, metric, interval_s))
    seen: set[str] = set()
    for reply in job.replies.get("ALERTS", ()):
        job.part("names of the active alerts", partial(_note_active, seen, job, reply))
    return seen


def _note_active(seen: set[str], job: Job, reply: Reply) -> None:
    seen.update(_active(job, reply))


def _raw_or_range(job: Job, metric: str, interval_s: float) -> None:
    """Raw samples; where range selectors are refused, points at the rules' interval."""
    try:
        _raw(job, metric)
    except Refused:
        _range(job, Wanted(metric, metric, "alerts", step_s=interval_s), interval_s)


def _raw(job: Job, metric: str, *, halving: bool = True) -> None:
    """Every sample of `metric` with its own time, by an instant query with a range selector; an interval open on the left."""

    def ask_one(piece: Slice) -> None:
        first = piece.start_ms == job.span.start_ms
        query = f"{metric}[{duration(piece.end_ms - piece.start_ms + (0 if first else 1))}]"
        key = f"raw/{metric}/{piece.start_ms}-{piece.end_ms}"
        params = {"query": query, "time": seconds(piece.end_ms)}
        job.replies.setdefault(metric, []).append(job.one(key, "query", "/api/v1/query", params, {"name": metric}))

    if halving:
        ask_slices(job.span, 1, ask_one, most=job.span.points(1))
    else:
        ask_one(job.span)


def _range(job: Job, series: Wanted, interval_s: float) -> None:
    step_ms = round((job.settings.step_s or 0) * 1000) or step_for(round((series.step_s or interval_s) * 1000), job.span.end_ms - job.span.start_ms)

    def ask_one(piece: Slice) -> None:
        params = {"query": series.expr, "start": seconds(piece.start_ms), "end": seconds(piece.end_ms), "step": seconds(step_ms)}
        key = f"range/{series.name}/{piece.start_ms}-{piece.end_ms}-{step_ms}"
        job.replies.setdefault(series.name, []).append(job.one(key, "query_range", "/api/v1/query_range", params, series.about()))

    ask_slices(job.span, step_ms, ask_one)


def _active(job: Job, reply: Reply) -> set[str]:
    """Names of the alerts with a sample in the window, to decide what to ask for."""
    window = job.ask.window
    since, until = window.since_ns / 1e9, window.until_ns / 1e9
    found = set()
    for series in reply.json().get("data", {}).get("result", ()):
        name = series.get("metric", {}).get("alertname")
        if name and any(since <= float(at) < until for at, *_ in series.get("values", ())):
            found.add(name)
    return found


def _note_unknown(job: Job, seen: set[str], rules: Rules) -> None:
    """Alerts without a rule: gone since, or evaluated elsewhere; the series behind them cannot be asked for."""
    unknown = sorted(seen - {rule.alert for rule in rules.alerts})
    if unknown:
        text = f"no rule is known for {', '.join(unknown)}: the series behind it could not be asked for"
        job.ask.evidence.failed(text, "series behind alerts", reason="gone", ours=False)
    for rule in rules.alerts:
        if rule.alert in seen and rule.unparsed:
            text = f"the expression of {rule.alert} is not understood ({rule.unparsed}): its series was not asked for"
            job.ask.evidence.failed(text, f"series behind {rule.alert}", reason="bad_payload", ours=False)


def probe(settings: Settings, ask: Ask) -> Probe:
    """Ask for the time and the version."""
    try:
        with Client(settings, ask) as client:
            answer = client.get("/api/v1/query", {"query": "time()"})
            return Probe(True, True, f"{client.shown}{_version(client)}", answer.date)
    except Denied as error:
        return Probe(True, False, str(error))
    except SourceError as error:
        return Probe(not isinstance(error, Unreachable), False, str(error))


def _version(client: Client) -> str:
    try:
        version = json.loads(client.get("/api/v1/status/buildinfo", {}).body)["data"]["version"]
    except (SourceError, ValueError, LookupError, TypeError):
        return ""
    return f", version {version}"
