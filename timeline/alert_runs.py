"""One value per run of each alert, whoever reported it: Prometheus' samples joined with Alertmanager's words.

Labels join: those of Prometheus are a part of those of Alertmanager, which has external labels too; where relabelling dropped
some, what both have must agree and the start be the same millisecond. Time joins: startsAt is the first firing evaluation.
Alertmanager may keep an old startsAt over a quick re-fire, so ends join on their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..collectors.alertmanager.fingerprint import fingerprint
from ..normalize.stamps import instant_ns
from .alert_samples import MS_NS, SECOND_NS, Rule, Run, external_pairs, own_labels, rule_of, rules, sampled_runs
from .likelihood import Likelihood, relabelled
from .rows import Fact, Given

# Alertmanager repeats a notification every 4 h unless told otherwise; what it has not named for longer may be over.
REPEAT_NS = 5 * 3600 * SECOND_NS
WORDS = ("state.webhook_alert", "state.recorder_alert", "state.am_alert")


@dataclass(frozen=True)
class Told:
    """One notification of one alert: when, which state, to whom."""

    at_ns: int
    stamp: str
    status: str
    receiver: str
    fact: Fact


@dataclass
class Story:
    """What Alertmanager says of one startsAt of one set of labels; `end_ns` is None unless it was told as resolved."""

    labels: dict[str, str]
    start_ns: int
    facts: list[Fact] = field(default_factory=list)
    ends: list[tuple[int, Fact]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @property
    def end_ns(self) -> int | None:
        """The last end told."""
        return max((at for at, _ in self.ends), default=None)

    def alive(self, at_ns: int) -> bool:
        """Whether it may still have been firing at `at_ns`: it ended later, was seen active, or was notified of not long before."""
        if self.end_ns is not None:
            return self.end_ns >= at_ns
        return may_go_on(self.facts, at_ns)


@dataclass
class Alert:
    """One run of one alert. `labels` name it, `shown` has every label anyone gave it; `run` is None without Prometheus.

    `pending`, `firing`, `resolved` are Alertmanager's and Prometheus' further words on the edges, each fact once; `likely`, how
    likely Alertmanager's are about it where labels were dropped.
    """

    labels: dict[str, str]
    run: Run | None
    firing_ns: int | None
    end_ns: int | None = None
    shown: dict[str, str] = field(default_factory=dict)
    pending: list[Fact] = field(default_factory=list)
    firing: list[Fact] = field(default_factory=list)
    resolved: list[tuple[int, Fact]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    adopted: bool = False
    likely: Likelihood | None = None

    @property
    def start_ns(self) -> int:
        """When it fired, else when it became pending."""
        if self.firing_ns is not None:
            return self.firing_ns
        return self.run.pending_ns if self.run and self.run.pending_ns is not None else self.run.first_ns if self.run else 0

    @property
    def last_ns(self) -> int | None:
        """When it ended, None while it went on at the end of what is known."""
        return self.end_ns if self.end_ns is not None or self.run is None else self.run.end_ns

    @property
    def thread(self) -> str:
        """The canonical key: fingerprint of the labels that name the alert, start in milliseconds."""
        return f"alert:{fingerprint(self.labels)}@{self.start_ns // MS_NS}"

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels.get("alertname") or "alert"

    @property
    def words(self) -> list[Fact]:
        """Every fact about it, doubles removed."""
        return list({f.ref: f for f in (*self.firing, *(f for _, f in self.resolved), *(t.fact for t in self.told), *self.pending)}.values())

    def annotation(self, name: str) -> str | None:
        """An annotation, from the first firing word that has it."""
        firing = [f for f in self.words if f.attributes.get("status") != "resolved"]
        return next((str(a[name]) for f in (*firing, *self.words) if (a := f.attributes.get("annotations") or {}).get(name)), None)

    def alive(self, at_ns: int) -> bool:
        """Whether it may have been firing at `at_ns`: its samples or its end say so, or Alertmanager named it not long before."""
        return self.last_ns is not None or self.run is not None or may_go_on(self.firing, at_ns)

    def holds(self, at_ns: int, slack_ns: int = 0) -> bool:
        """Whether it fires at `at_ns`, give or take."""
        end = self.last_ns
        begun = self.firing_ns is not None and self.firing_ns - slack_ns <= at_ns
        return begun and (at_ns <= end + slack_ns if end is not None else self.alive(at_ns))


def may_go_on(facts: Iterable[Fact], at_ns: int) -> bool:
    """Whether Alertmanager's words on an alert that it never called resolved reach near `at_ns`."""
    return any(max(_heard(f), f.at_ns or 0, (f.collected_ns or 0) * (f.kind == "state.am_alert")) >= at_ns - REPEAT_NS for f in facts)


def alert_runs(given: Given) -> list[Alert]:
    """Every run that anyone reported, sorted by start and labels."""
    external = external_pairs(given)
    alerts = [Alert(dict(run.labels), run, run.firing_ns, shown=dict(run.labels)) for run in sampled_runs(given)]
    known = rules(given)
    for fact in given.of("state.alert_now"):
        _now(fact, alerts, own_labels(fact.labels, external), known)
    by_name: dict[str | None, list[Alert]] = {}
    for alert in alerts:
        by_name.setdefault(alert.labels.get("alertname"), []).append(alert)
    for story in sorted(_stories(given, external), key=lambda s: (-s.start_ns, sorted(s.labels.items()))):
        same = _same_alert(story, by_name.get(story.labels.get("alertname"), []))
        _join(story, same, alerts)
    return sorted(alerts, key=lambda a: (a.start_ns, sorted(a.labels.items())))


def _now(fact: Fact, alerts: list[Alert], labels: dict[str, str], known: Mapping[str, Sequence[Fact]]) -> None:
    """Add Prometheus' own list of what is active; it makes a run only where the samples show none."""
    if fact.at_ns is None:
        return
    at, rule = fact.at_ns, rule_of(labels, known)
    alert = _active_since(at, labels, alerts)
    if alert:
        _sharpened(alert, at, rule)
        (alert.pending if alert.run and alert.run.pending_ns is not None else alert.firing).append(fact)
        return
    wait = -(-(rule.for_ns or 0) // (rule.interval_ns or SECOND_NS)) * (rule.interval_ns or SECOND_NS)
    fires = fact.attributes.get("state") == "firing"
    pending = at if rule.for_ns != 0 or not fires else None
    firing = at + wait if fires else None
    run = Run(labels, at, fact.collected_ns or at, rule.interval_ns or SECOND_NS, pending, firing_ns=firing, ref=fact.ref, clock=fact.clock)
    alert = Alert(labels, run, firing, shown=dict(labels))
    (alert.pending if pending is not None else alert.firing).append(fact)
    alerts.append(alert)


def _active_since(at: int, labels: dict[str, str], alerts: Sequence[Alert]) -> Alert | None:
    """The run whose condition was first true at `at`; samples may carry more labels than Prometheus' own list, or miss the start."""
    found = []
    for alert in alerts:
        run = alert.run
        if run is None or not labels.items() <= alert.labels.items():
            continue
        began = run.pending_ns if run.pending_ns is not None else run.firing_ns
        if began is not None and (abs(began - at) <= max(run.interval_ns, SECOND_NS) or (run.truncated and at <= run.first_ns)):
            found.append((len(alert.labels), abs(began - at), alert.start_ns, alert))
    return min(found, key=lambda f: f[:3])[3] if found else None


def _sharpened(alert: Alert, at: int, rule: Rule) -> None:
    """Take activeAt where the samples know the start of pending less well, or not at all."""
    run = alert.run
    if run is None:
        return
    if run.pending_ns is not None and (run.pending_before_ns or run.pending_after_ns > MS_NS or run.truncated):
        alert.run = replace(run, pending_ns=at, pending_before_ns=0, pending_after_ns=1, truncated=False)
    elif run.truncated and run.pending_ns is None and run.firing_ns is not None and rule.for_ns is not None:
        wait = -(-rule.for_ns // run.interval_ns) * run.interval_ns
        alert.firing_ns = min(run.firing_ns, at + wait)
        alert.run = replace(run, pending_ns=at if wait else None, pending_after_ns=1, firing_ns=alert.firing_ns, firing_before_ns=0, truncated=False)


def _stories(given: Given, external: frozenset[tuple[str, str]]) -> Iterable[Story]:
    found: dict[tuple[tuple[tuple[str, str], ...], int], Story] = {}
    for fact in sorted(given.of(*WORDS), key=lambda f: (WORDS.index(f.kind), _heard(f), f.ref)):
        if fact.at_ns is None or not fact.labels:
            continue
        labels = own_labels(fact.labels, external)
        key = (tuple(sorted(labels.items())), fact.at_ns // MS_NS)
        story = found.setdefault(key, Story(labels, fact.at_ns))
        story.facts.append(fact)
        status = str(fact.attributes.get("status") or "firing")
        end = instant_ns(fact.attributes.get("endsAt")) if status == "resolved" else None
        if end is not None and end >= fact.at_ns:
            story.ends.append((end, fact))
        story.told.extend(_told(fact, status))
    return found.values()


def _heard(fact: Fact) -> int:
    """When the word reached whoever kept it, as far as it says so."""
    return next((at for name in ("received_at", "at", "updatedAt") if (at := instant_ns(fact.attributes.get(name))) is not None), 0)


def _told(fact: Fact, status: str) -> Iterator[Told]:
    recorded = fact.kind == "state.recorder_alert"
    stamp = fact.attributes.get("at" if recorded else "received_at")
    if recorded and fact.attributes.get("happening") != "notification":
        return
    at = instant_ns(stamp) if fact.kind != "state.am_alert" else None
    if at is not None and status in ("firing", "resolved"):
        yield Told(at, str(stamp), status, str(fact.attributes.get("receiver") or ""), fact)


def _same_alert(story: Story, alerts: Sequence[Alert]) -> list[Alert]:
    """Runs of the alert that `story` is about: of the largest set of labels that is part of the story's."""
    mine = set(story.labels.items())
    fitting = [a for a in alerts if a.run and set(a.labels.items()) <= mine]
    if fitting:
        most = max((len(a.labels), sorted(a.labels.items())) for a in fitting)
        return [a for a in fitting if (len(a.labels), sorted(a.labels.items())) == most]
    agreeing = [a for a in alerts if a.run and a.firing_ns is not None and a.firing_ns // MS_NS == story.start_ns // MS_NS]
    agreeing = [a for a in agreeing if all(story.labels.get(k, v) == v for k, v in a.labels.items())]
    return agreeing if len(agreeing) == 1 else []


def _join(story: Story, same: list[Alert], alerts: list[Alert]) -> None:
    began = {id(a): a.firing_ns for a in same}
    alert = _started(story, same)
    if alert is None:
        alert = Alert(story.labels, None, story.start_ns, story.end_ns)
        alerts.append(alert)
    else:
        alert.likely = alert.likely or relabelled(alert.labels, story.labels, abs((began[id(alert)] or 0) - story.start_ns))
    alert.shown = {**story.facts[0].labels, **alert.shown}
    alert.firing.extend(story.facts)
    ended = _ended(story, same, alert)
    for at, fact in story.ends:
        ended.resolved.append((at, fact))
    for told in story.told:
        owner = ended if told.status == "resolved" else _told_of(told, same, alert)
        owner.told.append(told)


def _started(story: Story, same: Sequence[Alert]) -> Alert | None:
    """The run that began at startsAt, else the one it falls into, else the one whose start the data missed."""
    fired = [(a, a.run, a.firing_ns) for a in same if a.run and a.firing_ns is not None]
    near = [(abs(at - story.start_ns), at, a) for a, run, at in fired if abs(at - story.start_ns) <= run.interval_ns]
    if near:
        return _exact(min(near, key=lambda n: n[:2])[2], story)
    inside = [a for a, _, _ in fired if a.holds(story.start_ns)]
    if inside:
        return inside[0]
    for alert, run, at in sorted(fired, key=lambda f: f[2]):
        if run.truncated and not alert.adopted and story.start_ns <= at and story.alive(run.first_ns):
            alert.adopted, alert.firing_ns = True, story.start_ns
            alert.run = replace(run, firing_ns=story.start_ns)
            return alert
    return None


def _exact(alert: Alert, story: Story) -> Alert:
    """Where a range query's step hides the start, or the data missed it, startsAt tells it."""
    run = alert.run
    if run and run.firing_ns is not None and (run.firing_before_ns or run.truncated) and story.start_ns <= run.firing_ns:
        alert.firing_ns = story.start_ns
        alert.run = replace(run, firing_ns=story.start_ns, firing_before_ns=0)
    return alert


def _ended(story: Story, same: Sequence[Alert], alert: Alert) -> Alert:
    """The run that ended when the story did; it takes the end as its own where it agrees with its samples."""
    end = story.end_ns
    if end is None or alert.run is None:
        return alert
    near = [(abs(a.run.end_ns - end), a.start_ns, a) for a in same if a.run and a.run.end_ns is not None and abs(a.run.end_ns - end) <= 1.5 * a.run.interval_ns]
    ended = min(near, key=lambda n: n[:2])[2] if near else alert
    if near or (ended.run and ended.run.end_ns is None and end > ended.run.last_ns):
        ended.end_ns = end
    return ended


def _told_of(told: Told, same: Sequence[Alert], alert: Alert) -> Alert:
    """The run that a firing notification speaks of: of the same startsAt, or the later one that Alertmanager merged with it."""
    end = alert.last_ns
    if end is None or told.at_ns <= end:
        return alert
    later = [a for a in same if a is not alert and a.start_ns > alert.start_ns and a.holds(told.at_ns)]
    return later[0] if later else alert
