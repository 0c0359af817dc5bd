"""Which row of a written timeline is which milestone, told from its words, for timelines that mark none.

The rules, in the order in which they are tried; the first row in time that fits is taken unless said otherwise:

- *detected*: an alert, a page, words of noticing by the team, or the declaration, whichever comes first; else a report from outside.
- *onset*: words of harm before detection, or the first report from outside; where the detecting row is the first to tell of harm,
  the last change before it, for harm has begun by then and hardly before the change; without a change that row, if it tells of harm.
- *acknowledged*: somebody says that they have it, joins or investigates.
- *resolved*: the incident is declared over; else the last return to normal; else the last act that helped.
- *mitigated*: after the last relapse, the first return to normal before it is declared over; else the first sign of recovery; else
  the last act that helped; else the resolving row, where it tells of a return or an act itself.

A row that denies ("no alert", "still failing", "no effect") counts for no milestone that it would deny.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

Told = Sequence[tuple[int, str]]


def _words(forms: str) -> re.Pattern[str]:
    """Whole words and phrases, written one after the other with ` | ` or a line's end between them."""
    alternatives = (form.strip() for line in forms.strip().splitlines() for form in line.split(" | "))
    return re.compile(rf"(?<![\w-])(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


NOT_NOTICED = _words(r"""
    no (?:\w+ )?(?:alerts?|pages?) | without (?:an? )?(?:alerts?|pages?) | unnoticed | not (?:detected|noticed|alerted|paged) | wrong channel
""")
NOTICED = _words(r"""
    (?:[\w-]+-)?alert(?:s|ed|ing)? | alarms? | pages? | paged | pinged | pagerduty | escalated
    detected | detection | notic(?:ed?|es) | spott(?:ed|s) | observed? | confirmed
    (?:team|on-?call) (?:is |was )?(?:told|informed|notified|contacted) | monitor(?:s|ing)? (?:shows?|fires?|fails?)
""")
REPORTED = _words(r"""
    (?:customers?|users?|support|clients?|community)(?: \w+)? (?:reports?|reported|reporting|complain\w*|tickets?|sees?)
    first (?:\w+ )?reports? | reports? (?:from|by|of) | reported | complaints? | issue opened | tickets? (?:opened|arrives?|filed) | support reports?
""")
DECLARED = _words(r"""
    incident (?:is |was )?(?:declared|opened|created|started|raised) | declared | declares
""")
HARM = _words(r"""
    fail(?:s|ed|ing|ures?)? | errors? | 5xx | 50\d'?s? | down | outage | unavailable | unreachable | broken | breaks? | stuck | faults?
    time-?outs? | tim(?:es?|ed|ing) out | degrad(?:es|ed|ation|ing) | crash(?:es|ed|ing)? | dies? | died | deaths? | loss | no response
    0 ?% | no new | cannot | can't | unable | rejected | refused | drop(?:s|ped)? to | (?:impact|incident) (?:begins|starts)
""")
CHANGED = _words(r"""
    (?:[\w-]+)?deploy(?:s|ed|ment|ments)?(?: \w+)? | releas(?:e|ed|es) | promoted | rolled out | roll-?out | rolls out | merged | uploaded
    pushed | enabled | rotated | migration | upgrade[sd]? | config change | change (?:made|applied) | goes live | went live
""")
HELD = _words(r"""
    acknowledge(?:s|d|ment)? | acked | acks? | joins? | joined | responders? | investigat\w+ | on it | takes? (?:over|charge) | looking into | triage
""")
OVER = _words(r"""
    resolved | resolves | all[- ]clear | closed | incident (?:is )?over | incident end(?:s|ed) | stood down | fully (?:restored|recovered|operational)
""")
NORMAL = _words(r"""
    repaired | mitigated | stable | stabili[sz]e[sd]? | normal | baseline | recovered | restored | online | healthy | heals? | healed
    back (?:up|to normal|online) | (?:is|site|service) back | working again | fix (?:is )?confirmed | fix verified
""")
RECOVERING = _words(r"""
    recovering | recovers? | recovery | improv(?:es|ed|ing) | errors? (?:fall|falls|drop|drops) | subsid(?:es|ed|ing)
""")
HELPED = _words(r"""
    rolled back | roll-?back (?:is )?(?:complete|completed|done|finished) | reverted | switched off | turned off | disabled | restarted | reset
    fixed | removed | deleted | replaced | scaled up | increased | expanded | killed | redeployed | patched | failed over | unblocked | renewed
    fix (?:in production|deployed|applied|live|released)
""")
IN_VAIN = _words(r"""
    no effect | no help | without effect | not help(?:ing)? | go(?:es)? on | again | still | continues? | fails? | failed | failing
    not (?:yet )?\w+ | partial(?:ly)? | exhausted | worse | attempt(?:s|ed)? | decision | planned | about to
""")


def roles_from_words(told: Told) -> dict[str, int]:
    """Role → place in `told`, for the roles that the words show. `told`: instant and text of each row, in order of time."""
    resolved = _resolved(told)
    detected = _detected(told)
    places = {
        "onset": _onset(told, resolved if detected is None else detected),
        "detected": detected,
        "acknowledged": _first(told, HELD),
        "mitigated": _mitigated(told, resolved),
        "resolved": resolved,
    }
    return {role: place for role, place in places.items() if place is not None}


def _detected(told: Told) -> int | None:
    noticed = [place for place in (_first(told, NOTICED, NOT_NOTICED), _first(told, DECLARED)) if place is not None]
    return min(noticed) if noticed else _first(told, REPORTED, NOT_NOTICED)


def _onset(told: Told, known: int | None) -> int | None:
    """`known`: the row by which the harm was known."""
    signs = [place for place in (_first(told, HARM, OVER), _first(told, REPORTED)) if place is not None]
    sign = min(signs, default=None)
    if sign is not None and (known is None or sign < known or REPORTED.search(told[sign][1])):
        return sign if known is None or told[sign][0] <= told[known][0] else _last(told[:known], CHANGED)
    changed = _last(told[:known], CHANGED)
    return sign if changed is None and sign == known else changed


def _resolved(told: Told) -> int | None:
    choices = (_first(told, OVER, IN_VAIN), _last(told, NORMAL, IN_VAIN), _last(told, HELPED, IN_VAIN))
    return next((place for place in choices if place is not None), None)


def _mitigated(told: Told, resolved: int | None) -> int | None:
    """Of the rows between the last relapse and the resolving row, the first that tells of a return; see the module."""
    before = told[:resolved]
    relapse = _last(before, IN_VAIN, NORMAL)
    since = 0 if relapse is None else relapse + 1
    for choose, words in ((_first, NORMAL), (_first, RECOVERING), (_last, HELPED)):
        place = choose(before[since:], words, IN_VAIN)
        if place is not None:
            return since + place
    itself = resolved is not None and any(words.search(told[resolved][1]) for words in (NORMAL, RECOVERING, HELPED))
    return resolved if itself else None


def _first(told: Told, words: re.Pattern[str], but: re.Pattern[str] | None = None) -> int | None:
    return next(_places(told, range(len(told)), words, but), None)


def _last(told: Told, words: re.Pattern[str], but: re.Pattern[str] | None = None) -> int | None:
    return next(_places(told, range(len(told) - 1, -1, -1), words, but), None)


def _places(told: Told, order: Iterable[int], words: re.Pattern[str], but: re.Pattern[str] | None) -> Iterator[int]:
    """Places of the rows that have one of the words and deny it by none."""
    return (place for place in order if words.search(told[place][1]) and not (but and but.search(told[place][1])))
