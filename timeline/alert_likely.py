"""Runs of Prometheus and Alertmanager whose labels differ on both sides: joined where they are likely one, else each names the other.

Relabelling on the way to Alertmanager (Prometheus, `alert_relabel_configs`) may drop labels, so that a fingerprint proves nothing.
What is left is the name, the labels that both have, and the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .alert_runs import WORDS, Alert
from .identity import pointer
from .likelihood import MS_NS, RELABELLED_NEAR, SAID, SAME_LABEL, Likelihood, apart
from .rows import Row


def perhaps(rows: Iterable[Row], alerts: Sequence[Alert]) -> list[Row]:
    """`rows` of `alerts`, those of Alertmanager's runs pointing at the run of Prometheus that they may be."""
    lone = [a for a in alerts if a.run and a.firing_ns is not None and not any(f.kind in WORDS for f in a.firing)]
    by_name: dict[str, list[Alert]] = {}
    for alert in lone:
        by_name.setdefault(alert.name, []).append(alert)
    told = {a.thread: p for a in alerts if not a.run and (p := _pointer(a, by_name.get(a.name, [])))}
    return [replace(r, labels={**r.labels, SAME_LABEL: told[r.thread]}) if r.kind == "alert.firing" and r.thread in told else r for r in rows]


def _pointer(alert: Alert, others: Sequence[Alert]) -> str:
    near = [(abs(o.start_ns - alert.start_ns), o.start_ns, o) for o in others if o.run and agree(o.labels, alert.labels)]
    fitting = sorted((n for n in near if n[2].run and n[0] <= n[2].run.interval_ns), key=lambda n: n[:2])
    if not fitting:
        return ""
    far_ns, _, other = fitting[0]
    distance = apart(far_ns) if far_ns >= MS_NS else "same start"
    belief = Likelihood(RELABELLED_NEAR, f"same name and common labels, {distance}").among(len(fitting) - 1)
    return pointer("alert.firing", other.thread, "firing", other.start_ns, belief) if belief.value >= SAID else ""


def agree(some: Mapping[str, str], others: Mapping[str, str]) -> bool:
    """Whether two sets of labels have one beside the name in common and contradict each other nowhere."""
    common = some.keys() & others.keys() - {"alertname"}
    return bool(common) and all(some[k] == others[k] for k in common)
