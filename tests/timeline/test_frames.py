"""pandas is loaded when a frame is wanted: what pyarrow does before and after."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEFORE = """
import sys
import pyarrow as pa
from retroline.timeline.frames import frames, without_pandas

without_pandas()
assert pa.array([1, 2]).to_numpy().tolist() == [1, 2] and pa.scalar("a").as_py() == "a"
assert "pandas" not in sys.modules
"""
AFTER = {
    "as ever, once asked for": "pd = frames()\nassert pa.array(pd.Series(['a', float('nan')]), pa.string()).to_pylist() == ['a', None]",
    "when a frame is asked for": "assert pa.table({'a': pa.array([1])}).to_pandas()['a'].tolist() == [1]",
    "by others": "import pandas as pd\nassert pa.Table.from_pandas(pd.DataFrame({'a': [1]}))['a'].to_pylist() == [1]",
    "twice": "frames()\nwithout_pandas()\nassert pa.array(frames().Series([None, 1.0])).to_pylist() == [None, 1.0]",
}


@pytest.mark.parametrize("code", AFTER.values(), ids=AFTER.keys())
def test_pyarrow_works_without_pandas_and_finds_it_later(code: str) -> None:
    """Conversions before load no pandas; frames are made as ever afterwards, however pandas came in."""
    done = subprocess.run([sys.executable, "-c", BEFORE + code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
