"""Columns of plain UTC stamps are read like each stamp alone."""

from __future__ import annotations

import pyarrow as pa
import pytest
from retroline.normalize.stamps import NONE_NS, instant_ns, instants

PLAIN = [
    "2026-11-21T01:20:00Z",
    "2026-11-21T01:20:00.1Z",
    "2026-11-21T01:20:60.123456789Z",
    "2026-11-21T01:20:61Z",
    "2026-02-30T01:20:00Z",
    "2026-02-28T24:20:00Z",
    "2026-02-28T23:60:00.5Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "1969-12-31T23:59:59.999999999Z",
]
ODD = [
    None,
    "",
    "2026-11-21T01:20:00.Z",
    "2026-11-21t01:20:00z",
    "2026-11-21 01:20:00Z",
    "2026-11-21T01:20:00,5Z",
    "2026-11-21T01:20:00.1234567891Z",
    "2026-11-21T01:20:00+01:00",
    "2026-11-21T01:20:0xZ",
    "2026-11-21T01:20:00.12a4Z",
    "2026-11-21T01:20:00.1\n",
    "2026-11-21T01:20:00x1Z",
    "2026/11/21T01:20:00Z",
    "2026-11-21T01:20:00ZZ0Z",
]


@pytest.mark.parametrize("odd", [[], *([one] for one in ODD)], ids=str)
def test_a_column_is_its_stamps(odd: list[str | None]) -> None:
    """Alone, sliced or with an odd one among them: each has the instant that it has by itself."""
    texts = [*PLAIN, *odd, *PLAIN[::-1]]
    expected = [NONE_NS if (at := instant_ns(text)) is None else at for text in texts]

    assert instants(pa.array(texts, pa.string()), "rfc3339").tolist() == expected
    assert instants(pa.array(["x", *texts], pa.string())[1:], "rfc3339").tolist() == expected
