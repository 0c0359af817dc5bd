"""The table of layouts, most telling first: the first that fits a record and gives a valid instant is the record's.

What stands further down never overrides what stands above, so the order is part of each layout. Samples are made up.
"""

from __future__ import annotations

from functools import lru_cache

from .layout import Layout, Sample, checked
from .layouts_counts import COUNTED
from .layouts_dated import DATED
from .layouts_named import NAMED

TABLE: tuple[Layout, ...] = (*COUNTED, *DATED, *NAMED)


@lru_cache(maxsize=1)
def layouts() -> tuple[Layout, ...]:
    """Every layout of the table, each checked for shape; their samples are checked when they are first read with."""
    return tuple(checked(layout) for layout in TABLE)


__all__ = ["TABLE", "Layout", "Sample", "layouts"]
