"""Many failures of one kind in few lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from retroline.timeline.sentences import MOST, capped, folded


def test_sentences_that_differ_in_one_word_are_one() -> None:
    """What was refused for several resources is one sentence that names them all."""
    told = [f"not allowed to list {name} in namespace shop" for name in ("jobs", "pods", "events")]

    assert folded([*told, "nothing answers"]) == ["not allowed to list jobs, pods, events in namespace shop", "nothing answers"]


def test_a_long_list_of_names_is_cut() -> None:
    """Of more names than fit in a sentence, how many more there are is said."""
    (told,) = folded(f"logs of pod-{n}: cut" for n in range(30))

    assert told.startswith("logs of pod-0, pod-1, ")
    assert told.endswith(", pod-11, 18 more: cut")


def test_only_the_same_word_is_folded() -> None:
    """Sentences that differ from the first in different places stay apart, and equal ones are said once."""
    told = ["logs of a: 1 byte", "logs of b: 1 byte", "logs of a: 2 byte", "logs of a: 1 byte"]

    assert folded(told) == ["logs of a, b: 1 byte", "logs of a: 2 byte"]


def test_many_of_a_kind_are_counted() -> None:
    """Of more sentences than fit the first are said, and how many more there are."""
    told = [f"the log of pod {n} and {n} was cut" for n in range(12)]

    assert capped(told, "cut")[: MOST - 1] == told[: MOST - 1]
    assert capped(told, "cut")[-1] == "and 8 more of this kind (cut); the table coverage lists them"
    assert capped(told[:MOST], "cut") == told[:MOST]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c:", "", "d,"]), max_size=4).map(" ".join), max_size=8))
def test_no_word_is_lost(texts: list[str]) -> None:
    """Whatever the sentences are, every word of them is still there."""
    said = " ".join(folded(texts))

    assert all(word.rstrip(":,") in said for text in texts for word in text.split())
