"""Raw samples to numbers: exact times, values as float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.raw import Raw
from .stamps import Nanoseconds, instants


def normal_samples(raw: Raw) -> tuple[Nanoseconds, npt.NDArray[np.float64], pa.DictionaryArray]:
    """Instants (NONE_NS where unreadable), values (NaN for a histogram or an unreadable value) and labels of a batch."""
    at = instants(raw.batch.column("stamp"), raw.about.get("layout", "epoch_s"))
    return at, values(raw.batch.column("value")), raw.batch.column("labels")


def values(texts: pa.Array) -> npt.NDArray[np.float64]:
    """Prometheus' value texts as float64: "NaN", "+Inf", "-Inf" and exponents included, null is NaN."""
    plain = pc.utf8_ltrim(texts, "+")
    try:
        numbers = plain.cast(pa.float64())
    except pa.ArrowInvalid:
        numbers = pa.array([_value(t) for t in plain.to_pylist()], pa.float64())
    return np.asarray(pc.fill_null(numbers, float("nan")).to_numpy(zero_copy_only=False), np.float64)


def _value(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
