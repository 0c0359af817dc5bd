"""Which rows are one row: merging, precedence, ids that neither order nor a second collection changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.timeline.identity import PRECEDENCE, SAME_NS, Named, event_id, named
from retroline.timeline.rows import Row, Witness

T0 = 1_795_224_000_000_000_000
SECOND = 1_000_000_000


def row(source: str = "prometheus", at_ns: int = T0, **changes: object) -> Row:
    ref = str(changes.pop("ref", f"run/{source}/a.json#/{at_ns}"))
    word = Witness(source, source, at_ns, str(at_ns), f"{source}-id", ref)
    made = Row(kind="alert.firing", at_ns=at_ns, title=f"by {source}", source=source, clock=source, thread="alert:x", edge="1", ref=ref, witnesses=(word,))
    return replace(made, **changes)


def test_one_fact_from_four_sources_is_one_row() -> None:
    """The same edge told by all four systems is one row at the time of the first in precedence, with four witnesses."""
    told = [row(s, T0 + i * SECOND // 2) for i, s in enumerate(reversed(PRECEDENCE))]

    (one,) = named(told)

    assert (one.row.source, one.row.at_ns, one.row.title) == ("prometheus", T0 + 3 * SECOND // 2, "by prometheus")
    assert [w.source for w in one.row.witnesses] == ["prometheus", "kubernetes", "alertmanager", "pagerduty"]
    assert [w.at_ns for w in one.row.witnesses] == [T0 + 3 * SECOND // 2, T0 + SECOND, T0 + SECOND // 2, T0]


@pytest.mark.parametrize(("first", "second"), [(a, b) for i, a in enumerate(PRECEDENCE) for b in PRECEDENCE[i + 1 :]])
def test_the_maker_of_a_fact_speaks_before_those_who_heard_of_it(first: str, second: str) -> None:
    """Prometheus goes before Kubernetes, Alertmanager and PagerDuty, in this order, whichever stamp is earlier."""
    (one,) = named([row(second, T0), row(first, T0 + SECOND)])

    assert (one.row.source, one.row.at_ns) == (first, T0 + SECOND)


def test_a_source_from_elsewhere_speaks_last() -> None:
    """A source that is not shipped is a witness behind the four."""
    (one,) = named([row("other", T0), row("pagerduty", T0 + SECOND)])

    assert [w.source for w in one.row.witnesses] == ["pagerduty", "other"]


def test_what_the_first_leaves_blank_the_others_fill_in() -> None:
    """Blank columns come from further witnesses, counts and ends are the larger ones, labels are joined with the first's word."""
    first = row(body=None, count=3, until_ns=T0 + 5, labels={"a": "first"}, folds=("f1",))
    second = row("alertmanager", body="more", actor="someone", count=7, until_ns=T0 + 9, labels={"a": "second", "b": "2"}, about="thread", folds=("f1", "f2"))

    (one,) = named([second, first])

    assert (one.row.body, one.row.actor, one.row.about) == ("more", "someone", "thread")
    assert (one.row.count, one.row.until_ns) == (7, T0 + 9)
    assert one.row.labels == {"a": "first", "b": "2"}
    assert one.row.folds == ("f1", "f2")


def test_background_stays_background_when_merged() -> None:
    """A merged row may carry a milestone only if every part may."""
    (one,) = named([row(), row("alertmanager", milestone_ok=False)])

    assert not one.row.milestone_ok


def test_two_flaps_stay_two_rows() -> None:
    """Edges of one key that are further apart than one fact can be keep rows and ids of their own."""
    found = named([row(at_ns=T0 + SAME_NS + 1), row()])

    assert [n.row.at_ns for n in found] == [T0, T0 + SAME_NS + 1]
    assert [n.event_id for n in found] == [event_id("alert.firing", "alert:x", "1", 0), event_id("alert.firing", "alert:x", "1", 1)]


def test_a_coarse_clock_is_given_its_own_width() -> None:
    """Two stamps further apart than two seconds are one fact where one of the clocks cannot tell them apart."""
    found = named([row("alertmanager", T0, after_ns=15 * SECOND), row("prometheus", T0 + 10 * SECOND)])

    assert len(found) == 1


@pytest.mark.parametrize("change", [{"kind": "alert.resolved"}, {"thread": "alert:y"}, {"edge": "2"}])
def test_other_kinds_threads_and_edges_are_other_rows(change: dict[str, Any]) -> None:
    """Rows at one instant with another kind, thread or edge are never merged."""
    found = named([row(), row("alertmanager", **change)])

    assert len({n.event_id for n in found}) == 2


def test_a_row_without_witnesses_is_its_own() -> None:
    """A row that names no witness gets itself as the only one."""
    (one,) = named([row(witnesses=(), ref="a#1")])

    assert [(w.source, w.at_ns, w.ref) for w in one.row.witnesses] == [("prometheus", T0, "a#1")]


def test_keys_that_would_run_together_have_ids_of_their_own() -> None:
    """A thread that ends as an edge begins is not mistaken for it."""
    ids = {event_id("note", "a", "bc", 0), event_id("note", "ab", "c", 0), event_id("note", "a", "b", 0), event_id("note", "", "abc", 0)}

    assert len(ids) == 4
    assert all(len(i) == 16 and int(i, 16) >= 0 for i in ids)


rows = st.lists(
    st.builds(
        lambda source, kind, thread, edge, at, after, n: row(source, T0 + at, kind=kind, thread=thread, edge=edge, after_ns=after, ref=f"{source}#{at}:{n}"),
        st.sampled_from([*PRECEDENCE, "other"]),
        st.sampled_from(["alert.firing", "alert.resolved"]),
        st.sampled_from(["a", "b", "\x00", "|"]) | st.text(max_size=3),
        st.sampled_from(["", "1"]),
        st.integers(0, 20 * SECOND),
        st.sampled_from([1, 1_000_000, SECOND]),
        st.integers(0, 999_999),
    ),
    max_size=12,
    unique_by=lambda r: r.ref,
)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_input_changes_nothing(made: list[Row], random: object) -> None:
    """Rows in any order give the same rows, witnesses and ids."""
    shuffled = list(made)
    random.shuffle(shuffled)

    assert named(shuffled) == named(made)


@given(rows)
def test_collecting_twice_changes_no_id(made: list[Row]) -> None:
    """Every row told again under another ref becomes a further witness: same ids, same instants."""
    again = [replace(r, ref=f"again/{r.ref}", witnesses=tuple(replace(w, ref=f"again/{w.ref}") for w in r.witnesses)) for r in made]

    once, twice = named(made), named([*made, *again])

    assert [(n.event_id, n.row.at_ns) for n in twice] == [(n.event_id, n.row.at_ns) for n in once]
    assert [len(n.row.witnesses) for n in twice] == [2 * len(n.row.witnesses) for n in once]


@given(rows)
def test_no_witness_is_lost(made: list[Row]) -> None:
    """Every row that went in is a witness of exactly one row that comes out."""
    words = [w.ref for n in named(made) for w in n.row.witnesses]

    assert sorted(words) == sorted(r.ref for r in made)


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40), st.text(max_size=5))
def test_hostile_text_in_a_thread_still_names_a_row(thread: str, edge: str) -> None:
    """Any text, lone surrogates and control characters included, gives an id of 16 hex digits."""
    (one,) = named([row(thread=thread, edge=edge)])

    assert isinstance(one, Named)
    assert len(one.event_id) == 16
