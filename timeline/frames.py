"""pandas, loaded when a frame is wanted and not before: its import takes longer than a small incident's build.

pyarrow looks for pandas at its first conversion from Python values, to tell frames from other sequences, and looks again when it is asked for a frame
(`to_pandas`). Knowledge: pyarrow's source, `pandas-shim.pxi`; finders as in Python's reference, "The meta path".
"""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa


class _Hidden:
    """A finder that says there is no pandas."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        """Nothing but for pandas."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not wanted yet", name=name)


def without_pandas() -> None:
    """Let pyarrow's first look find no pandas, unless it is loaded already.

    For commands that make no frame, or few: till `frames` is called, pyarrow takes no Series and gives instants with nanoseconds only as integers.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _Hidden)
        try:
            pa.scalar(0)
        finally:
            sys.meta_path.remove(_Hidden)


def frames() -> Any:
    """pandas, which pyarrow knows of from now on too."""
    import pandas as pd

    pa.nulls(0).to_pandas()
    return pd
