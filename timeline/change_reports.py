"""What a change report says of itself, and how likely it tells of an act of the cluster.

A change event is free text: a title, and details under names of the sender's choice (PagerDuty REST API v2, ChangeEvent). Read are
the version it says the service has now, the kind of act, sizes and names; what it does not say proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..collectors.window import SECOND_NS
from .likelihood import CONTRADICTED, SAME_ACT, SAME_DETAIL, SAME_SERVICE, SAME_VERSION, Likelihood, by_distance
from .revisions import tag
from .rows import Row

# Details that name what runs now; the first ones say a version and nothing else.
VERSION_KEYS = ("version", "app_version", "tag", "image_tag", "image")
OTHER_KEYS = ("build", "release", "revision", "commit", "sha", "git_sha", "digest")
# Of a text from outside no more than this is read, in signs.
LONGEST = 500
ARROW = r"(?P<before>[\w.+-]+)\s*(?:→|->|=>)\s*(?P<after>[\w.+-]+)"
WORD = r"[\w.+-]*\w"
HEX = r"[0-9a-f]{7,64}"
DOTTED = r"\d+\.\d[\w.]*"
UNFINISHED = r"(?:rc|alpha|beta|pre|dev|snapshot)[\d.]*"
# How much later the clock of an act may be than that of what shows it.
CLOCKS_NS = 5 * SECOND_NS
RELEASES = ("deployed", "rolled back")
# The first that a report's title has.
ACTS = (
    ("rolled back", r"\b(?:roll(?:ed|ing|s)?[ -]?back|revert\w*|undo)\b"),
    ("restarted", r"\b(?:restart\w*|bounc\w+|recycl\w+)\b"),
    ("scaled", r"\b(?:scal(?:e|ed|es|ing)|replicas?|resiz\w+)\b"),
    ("configured", r"\b(?:config\w*|settings?|flags?|toggl\w+|parameters?)\b"),
    ("deployed", r"\b(?:deploy\w*|releas\w+|roll(?:ed|ing|s)?[ -]?out|upgrad\w+|promot\w+|ship\w*|build|version)\b"),
)


def tells_of(report: Row, act: Row) -> Likelihood | None:
    """How likely `report` tells of `act`, a change of the same service; None where nothing speaks for it."""
    if not report.service or report.service != act.service:
        return None
    distance_ns = abs(act.at_ns - report.at_ns)
    place = report.labels.get("namespace")
    if place and act.labels.get("namespace", place) != place:
        return Likelihood(CONTRADICTED, "same service in another namespace")
    done, said = act_of(act), said_act(report)
    return _compared(report, act, done, said, distance_ns) or _of_act(done, said, distance_ns)


def shows(sight: Row, act: Row) -> Likelihood | None:
    """How likely a new version in a service's own metric (`sight`) is what `act` brought, a rollout or a report of one; None where it is not."""
    late_ns = sight.at_ns - act.at_ns
    place = act.labels.get("namespace")
    if sight.service != act.service or late_ns < -CLOCKS_NS or (place and sight.labels.get("namespace", place) != place):
        return None
    if act.kind == "change.reported":
        known = said_act(act) in (*RELEASES, "")
        version = same_version(act, replace(sight, labels={"image_to": f"{sight.service}:{sight.labels['version']}"}))
    else:
        known = act_of(act) in RELEASES
        version = same_version(sight, act)
    if not known or version is False:
        return None
    return by_distance(SAME_VERSION if version else SAME_ACT, max(late_ns, 0), "same service and version" if version else "same service, no version to compare")


def _compared(report: Row, act: Row, done: str, said: str, distance_ns: int) -> Likelihood | None:
    """By what both name beside the service; None where there is nothing to compare."""
    if done in RELEASES:
        version = same_version(report, act)
        what = None if version is None else "version" if version else ""
    else:
        what = _same_detail(report, act) if said == done else None
    if not what:
        return None if what is None else Likelihood(CONTRADICTED, "another version or size")
    near = by_distance(SAME_VERSION if done in RELEASES else SAME_DETAIL, distance_ns, f"same service and {what}")
    return near or Likelihood(CONTRADICTED, "too far apart")


def _of_act(done: str, said: str, distance_ns: int) -> Likelihood | None:
    """By the kind of act alone; what says nothing of its kind is most often a release."""
    if said == done or (not said and done in RELEASES):
        return by_distance(SAME_ACT, distance_ns, f"same service, both {done}" if said else "same service, no version to compare")
    if not said or (said in RELEASES and done in RELEASES):
        return by_distance(SAME_SERVICE, distance_ns, "same service, the report does not say clearly what was done")
    return Likelihood(CONTRADICTED, f"one {said}, the other {done}")


def act_of(act: Row) -> str:
    """What the cluster shows was done, in the words of `ACTS`."""
    if act.kind == "change.deployed" and "restarted (rollout restart)" in act.title:
        return "restarted"
    return act.kind.removeprefix("change.").replace("_", " ")


def said_act(report: Row) -> str:
    """What the report says was done, "" where it does not."""
    if report.labels.get("rollback") == "true":
        return "rolled back"
    return next((name for name, words in ACTS if re.search(words, report.title[:LONGEST], re.IGNORECASE)), "")


def same_version(report: Row, act: Row) -> bool | None:
    """Whether the report names what the act brought; None where one of them names no version, or the report more than one."""
    after, before = (_tags(act.labels.get(name, "")) for name in ("image_to", "image_from"))
    plain, other = ([tag(report.labels[k]) for k in keys if report.labels.get(k)] for keys in (VERSION_KEYS, OTHER_KEYS))
    if any(alike(said, one) for said in (*plain, *other) for one in after):
        return True
    contradicts = any(_comparable(said, one) for said in plain for one in after)
    told = _told(report, after, before) if said_act(report) in (*RELEASES, "") else None
    return None if contradicts and told else False if contradicts else told


def _told(report: Row, after: Sequence[str], before: Sequence[str]) -> bool | None:
    """Whether the words name `after`; an arrow tells which of two versions is the new one."""
    arrow = re.search(ARROW, report.title[:LONGEST])
    if arrow and any(alike(arrow["after"], one) for one in after):
        return True
    if arrow and any(alike(arrow["before"], one) for one in after):
        return False
    words = {w for text in (report.title, *report.labels.values()) for w in re.findall(WORD, text[:LONGEST])}
    named = any(alike(w, one) for w in words for one in after)
    return True if named and not any(alike(w, one) for w in words for one in before) else None


def alike(said: str, image_tag: str) -> bool:
    """Whether two spellings are one version: with or without `v`, a commit in short or in full, a suffix that is no pre-release."""
    short, long = sorted((_plain(said[:LONGEST]), _plain(image_tag[:LONGEST])), key=len)
    if not short or not any(c.isdigit() for c in short):
        return False
    if short == long:
        return True
    if re.fullmatch(HEX, short) and any(p.startswith(short) for p in re.split(r"[-+_.]", long) if re.fullmatch(HEX, p)):
        return True
    head, *rest = re.split(r"[-+_]", long)
    return bool(re.fullmatch(DOTTED, short)) and head == short and not any(re.fullmatch(UNFINISHED, r) for r in rest)


def _plain(version: str) -> str:
    text = version.strip().lower()
    return text[1:] if re.match(r"v\d", text) else text


def _tags(images: str) -> list[str]:
    return [tag(image) for image in images.split(", ") if image]


def _comparable(said: str, image_tag: str) -> bool:
    """Whether both are versions of one kind, so that they contradict each other where they are not alike."""
    pair = [_plain(said), _plain(image_tag)]
    return all(re.match(DOTTED, p) for p in pair) or all(p.isdigit() for p in pair)


def _same_detail(report: Row, act: Row) -> str | None:
    """What else both name: the sizes of a scaling, a ConfigMap or a key of it; "" where sizes differ, None where there is nothing to compare."""
    text = " ".join(words[:LONGEST] for words in (report.title, *report.labels.values()))
    if act.kind == "change.scaled":
        arrow = re.search(ARROW, report.title[:LONGEST])
        to = act.labels.get("to")
        numbers = arrow["after"] if arrow else next(iter(re.findall(r"\bto (\d+)\b", report.title[:LONGEST])), None)
        if numbers is None or to is None or not numbers.isdigit():
            return None
        return "size" if numbers == to else ""
    return "configuration" if any(_names(text, name) for name in _config_names(act)) else None


def _config_names(act: Row) -> Iterable[str]:
    keys = act.title.partition(" changed: ")[2]
    return (n for n in (act.labels.get("name", ""), *keys.split(", ")) if len(n) > 2)


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None
