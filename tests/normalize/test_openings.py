"""Layouts are ruled out by how their patterns begin, and only those that fit no line."""

from __future__ import annotations

import pyarrow as pa
import pytest
from retroline.normalize.layout import Layout, checked
from retroline.normalize.layouts import TABLE
from retroline.normalize.openings import fitting, opening_of
from retroline.normalize.stamp_reading import head


@pytest.mark.parametrize("layout", TABLE, ids=lambda layout: layout.name)
def test_layouts_are_sound_and_stay_for_their_samples(layout: Layout) -> None:
    """Each layout of the table could give an instant, and is among those that fit each of its samples."""
    assert checked(layout) is layout
    for sample in layout.samples:
        assert layout in fitting(TABLE, pa.array([head(sample.text.encode())], pa.large_binary()))


def test_what_fits_nothing_is_ruled_out() -> None:
    """Lines without stamps leave no layout."""
    assert fitting(TABLE, pa.array([b"nothing to see", b""], pa.large_binary())) == ()


def test_openings_are_cut_between_whole_parts() -> None:
    """A beginning ends where a part at the top ends; side by side alternatives have none."""
    assert opening_of("^a(?P<year>[0-9]{4})" + "x" * 400).startswith("^a(?:[0-9]{4})xx")
    assert opening_of("^a" + "(b[)]|c)*" * 40).endswith("c)*")
    assert opening_of("^a|b") == "^"
