"""Many sentences of one kind as few: what a report says of things that failed in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST = 5
MOST_NAMED = 12


def folded(texts: Iterable[str]) -> list[str]:
    """`texts` in their order, doubles left out; those that differ in a single word are one, with the words (MOST_NAMED at most) in its place.

    >>> folded(["not allowed to list jobs", "not allowed to list pods"])
    ['not allowed to list jobs, pods']
    """
    groups: list[list[list[str]]] = []
    for text in dict.fromkeys(texts):
        words = text.split(" ")
        home = next((g for g in groups if _place(g[0], words) is not None and (len(g) == 1 or _place(g[0], words) == _place(g[0], g[1]))), None)
        if home is None:
            groups.append([words])
        else:
            home.append(words)
    return [_joined(group) for group in groups]


def capped(sentences: Sequence[str], kind: str) -> list[str]:
    """At most MOST of `sentences`, the last one saying how many more there are; `kind` names what they have in common."""
    if len(sentences) <= MOST:
        return list(sentences)
    return [*sentences[: MOST - 1], f"and {len(sentences) - MOST + 1} more of this kind ({kind}); the table coverage lists them"]


def _place(one: Sequence[str], other: Sequence[str]) -> int | None:
    """Where two sentences differ, None unless it is in exactly one word."""
    if len(one) != len(other):
        return None
    places = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return places[0] if len(places) == 1 else None


def _joined(group: Sequence[list[str]]) -> str:
    if len(group) == 1:
        return " ".join(group[0])
    at = _place(group[0], group[1]) or 0
    ends = [words[at][-1] if words[at][-1:] in (",", ":", ";") else "" for words in group]
    end = ends[0] if len(set(ends)) == 1 else ""
    named = [words[at].removesuffix(end) for words in group]
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    listed = ", ".join([*named[:MOST_NAMED], *more]) + end
    return " ".join([*group[0][:at], listed, *group[0][at + 1 :]])
