"""Facts from dicts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from retroline.collectors.raw import FACTS, clean_text, facts


def only(row: dict[str, Any]) -> dict[str, Any]:
    (raw,) = facts([row], "pagerduty")
    assert raw.table == "facts"
    assert raw.batch.schema == FACTS
    (made,) = raw.batch.to_pylist()
    return dict(made)


def test_absent_columns_take_their_defaults() -> None:
    """A fact needs a kind and a ref; the rest is null or the documented default."""
    made = only({"kind": "note", "ref": "a#/0"})

    expected = {
        "source": "pagerduty",
        "kind": "note",
        "layout": "rfc3339",
        "resolution_ns": 1_000_000_000,
        "clock": "pagerduty",
        "ref": "a#/0",
        "record": "a#/0",
    }
    assert {name: value for name, value in made.items() if value is not None} == expected


def test_given_columns_are_kept() -> None:
    """Defaults never replace what the reader says, and no reader can speak for another source."""
    made = only({"kind": "note", "ref": "a#/0", "record": "a#/1", "layout": "epoch_ms", "resolution_ns": 1, "clock": "node/x", "source": "kubernetes"})

    assert (made["record"], made["layout"], made["resolution_ns"], made["clock"], made["source"]) == ("a#/1", "epoch_ms", 1, "node/x", "pagerduty")


def test_labels_and_attributes_do_not_depend_on_the_order_received() -> None:
    """Labels are sorted pairs of text, attributes JSON with sorted keys, other scripts unescaped."""
    made = only({"kind": "note", "ref": "a", "labels": {"b": 1, "a": "ü"}, "attributes": {"z": None, "a": ["ü"]}})

    assert made["labels"] == [("a", "ü"), ("b", "1")]
    assert made["attributes"] == '{"a": ["ü"], "z": null}'
    assert json.loads(made["attributes"]) == {"a": ["ü"], "z": None}


def test_a_column_that_does_not_exist_is_refused() -> None:
    """A misspelt column is a bug to hear of, not data to lose."""
    with pytest.raises(TypeError, match="titel"):
        list(facts([{"kind": "note", "ref": "a", "titel": "x"}], "pagerduty"))


def test_no_rows_make_no_batch() -> None:
    """A reply without facts gives nothing, rather than an empty batch."""
    assert list(facts([], "pagerduty")) == []


@settings(deadline=None)
@given(st.text(st.characters()))
def test_any_text_can_be_written(text: str) -> None:
    """Lone surrogates are replaced, all other text is kept as it is."""
    cleaned = clean_text(text)

    assert cleaned.encode() is not None
    assert (cleaned == text) or any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def test_lone_surrogates_do_not_break_a_batch() -> None:
    """JSON may hold half a surrogate pair in any text column."""
    columns = ("title", "body", "service", "subject", "actor", "thread", "edge", "native_id", "url", "stamp", "until_stamp", "severity")

    made = only({"kind": "note", "ref": "a", **dict.fromkeys(columns, "x\ud800y")})

    assert {made[name] for name in columns} == {"x?y"}


@pytest.mark.parametrize("column", ["labels", "attributes"])
def test_lone_surrogates_in_maps_do_not_break_a_batch(column: str) -> None:
    """Nor may they in labels and attributes."""
    made = only({"kind": "note", "ref": "a", column: {"a": "x\ud800y"}})

    assert "x?y" in str(made[column])
