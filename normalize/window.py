"""What is in the window: the one place that decides it. Windows are half-open, `[since, until)`."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ..collectors.window import Window
from .stamps import Nanoseconds

Place = Literal["before", "inside", "holds", "after"]


def inside(at_ns: Nanoseconds, window: Window) -> npt.NDArray[np.bool_]:
    """Which instants lie in the window."""
    return (at_ns >= window.since_ns) & (at_ns < window.until_ns)


def place(at_ns: int, until_ns: int | None, window: Window) -> Place:
    """Where a row lies; `holds` is an interval that began before the window and reaches into it."""
    if at_ns >= window.until_ns:
        return "after"
    if at_ns >= window.since_ns:
        return "inside"
    if until_ns is not None and until_ns >= window.since_ns:
        return "holds"
    return "before"
