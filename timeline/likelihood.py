"""Joins that no common key proves: how likely each is, why, and from where on two rows are one. All numbers are here.

A likelihood is a judgement in hundredths of how often such a join would be right, not a measured frequency; `why` is for the reader.
From `JOINED` on the rows are one, and it says how likely and why; below, both stay and each names the other, down to `SAID`.
Where several things fit as well, the likelihood is divided among them. Joins by a key (fingerprints, group keys, uids, revision
numbers) are exact and have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..collectors.window import SECOND_NS
from .text import cell, span

MS_NS = 1_000_000
JOINED = 0.8
SAID = 0.3

# Of rows that carry it: how likely their join is ("at 0.9: why"); of rows that stay two: the other one, then the same words.
JOINED_LABEL = "likely_joined"
SAME_LABEL = "likely_same"
WORDS = "(?s)at [01][.][0-9]{1,2}: .*"
OTHER = r"(?s)(?P<id>[0-9a-f]{16}) of (?P<time>\S+) (?P<words>at [01][.][0-9]{1,2}: .*)"

# Later rows of a page or an alert run carry the label too; the report does not repeat it.
FOLLOW_UPS = (
    "page.notified", "page.acknowledged", "page.escalated", "page.resolved", "page.changed", "alert.pending", "alert.notified", "alert.resolved",
    "note",
)  # fmt: skip

# Longest distance in seconds, and how likely a change report tells of that act of the same service.
# One service gets one version once; pipelines report a minute before or after, long ones when all is over.
SAME_VERSION = ((60, 0.97), (300, 0.9), (1800, 0.5))
# The same numbers of replicas, or the same configuration or key of it, are rarely set twice, but may be set back.
SAME_DETAIL = ((60, 0.95), (300, 0.6))
# Both speak of a release (a scaling, a restart); two of a kind within a minute are rare.
SAME_ACT = ((60, 0.85), (300, 0.5))
# The report says not, or not clearly, what was done.
SAME_SERVICE = ((60, 0.5),)
# What contradicts: another version, other numbers, another kind of act, another namespace.
CONTRADICTED = 0.1

# A report of an act that another, nearer report is joined with: often the end of what that one began, which is another moment.
SECOND_REPORT = 0.6
# Something else that fits counts when it is no more than this much further away.
AS_NEAR_NS = 10 * SECOND_NS

# The page's labels hold all of the alert's and others that no known external label explains.
PAGE_LABELS = 0.95
# A page whose group or labels are those of an alert that had ended: held back or delivered late.
PAGE_AFTER_END = 0.9
# A page of an alert's group or labels, stamped up to two minutes before the alert fired: no page is, so its clock is behind.
PAGE_BEFORE_START = 0.9
# Alertmanager's alert with labels dropped on the way: name and common labels agree, both start in the same millisecond, no other run does.
RELABELLED = 0.95
# Alertmanager's alert has labels that no known external label explains, and starts within the run: another Prometheus may have the same alert.
MORE_LABELS = 0.85
# Name and common labels agree, but the starts only lie within one evaluation, or several runs start together.
RELABELLED_NEAR = 0.6

# A saved note that does not name its incident, and log entries of the same words within two seconds: exact where there is one, divided among several.
SAME_WORDS = 0.97
# A manager's last write of an object's template, 2 to 10 s from the new revision: a slow controller, or another write that made none.
WRITTEN = 0.9
# A metric that names a pod without its uid, where several pods bore the name: the one that existed then.
POD_NAME = 0.9
# A start told by an event, and a restart counted by the metric at the next scrape, where the events before are lost: there may have been two.
NEXT_SCRAPE = 0.9


@dataclass(frozen=True)
class Likelihood:
    """How likely two things are one, 0 to 1, and the reason in a few words."""

    value: float
    why: str

    @property
    def joins(self) -> bool:
        """Whether the two become one row."""
        return self.value >= JOINED

    @property
    def words(self) -> str:
        """As labels carry it: `at 0.9: same service and version, 12 s apart`."""
        return f"at {self.value:.2f}".rstrip("0") + f": {self.why}"

    def among(self, rivals: int) -> Likelihood:
        """The same where `rivals` other things fit as well."""
        if not rivals:
            return self
        return Likelihood(self.value / (1 + rivals), f"{self.why}, {rivals} other{'s fit' if rivals > 1 else ' fits'} as well")

    def at_most(self, value: float, why: str) -> Likelihood:
        """No more than `value`, for the further reason `why`."""
        return Likelihood(min(self.value, value), f"{self.why}; {why}")


def by_distance(steps: tuple[tuple[int, float], ...], distance_ns: int, why: str) -> Likelihood | None:
    """The likelihood of the first step that reaches `distance_ns`, None beyond the last."""
    value = next((p for most_s, p in steps if distance_ns <= most_s * SECOND_NS), None)
    return None if value is None else Likelihood(value, f"{why}, {apart(distance_ns)}")


def relabelled(sampled: Mapping[str, str], told: Mapping[str, str], distance_ns: int) -> Likelihood | None:
    """How likely Alertmanager's alert with the labels `told` is Prometheus' run with `sampled`; None where labels or start prove it."""
    if not sampled.items() <= told.items():
        return Likelihood(RELABELLED, "same name, common labels and start; Alertmanager lacks labels")
    if len(told) > len(sampled) and distance_ns >= MS_NS:
        return Likelihood(MORE_LABELS, f"same labels, Alertmanager has more; starts {apart(distance_ns)}")
    return None


def apart(distance_ns: int) -> str:
    """`12 s apart`; stamps are no better than a second."""
    return f"{span(distance_ns / SECOND_NS)} apart" if distance_ns >= SECOND_NS else "same second"


def joined_words(events: Iterable[Mapping[str, Any]]) -> str:
    """What the report adds to the sources of a line: ` (joined at 0.9: …)`, "" where all joins are exact."""
    told = (e["labels"].get(JOINED_LABEL, "") for e in events if e["kind"] not in FOLLOW_UPS)
    words = next((w for w in told if w and re.fullmatch(WORDS, w)), "")
    return f" (joined {cell(words, 300)})" if words else ""


def same_words(event: Mapping[str, Any], *, dated: bool) -> str:
    """What the report adds to the title of a row that may be the same as another: ` (perhaps the same as 01:20:55, at 0.5: …)`."""
    told = event["labels"].get(SAME_LABEL)
    match = re.fullmatch(OTHER, told) if told else None
    if match is None:
        return ""
    time = match["time"][:19].replace("T", " ") if dated else match["time"][11:19]
    return f" (perhaps the same as {cell(time)}, {cell(match['words'], 300)})"
