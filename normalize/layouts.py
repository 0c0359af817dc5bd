"""The table of layouts, most telling first: the first that fits a record and gives a valid instant is the record's.

What stands further down never overrides what stands above, so the order is part of each layout. Samples are made up.
"""

from __future__ import annotations

from .layout import Layout, Sample
from .layouts_counts import COUNTED
from .layouts_dated import DATED
from .layouts_named import NAMED

TABLE: tuple[Layout, ...] = (*COUNTED, *DATED, *NAMED)


def layouts() -> tuple[Layout, ...]:
    """Every layout of the table. The tests check the shape and the samples of each, so a pattern is compiled only when it is tried."""
    return TABLE


__all__ = ["TABLE", "Layout", "Sample", "layouts"]
