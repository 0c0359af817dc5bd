"""Raw samples to numbers: exact times, values as float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..collectors.raw import Raw
from .epoch_columns import plain_counts
from .stamps import UNIT_NS, Nanoseconds, instants


def normal_samples(raw: Raw) -> tuple[Nanoseconds, npt.NDArray[np.float64], pa.DictionaryArray]:
    """Instants (NONE_NS where unreadable), values (NaN for a histogram or an unreadable value) and labels of a batch."""
    return sample_times(raw), values(raw.batch.column("value")), raw.batch.column("labels")


def sample_times(raw: Raw) -> Nanoseconds:
    """Instants of a batch of samples, NONE_NS where unreadable."""
    stamps, layout = raw.batch.column("stamp"), raw.about.get("layout", "epoch_s")
    plain = plain_counts(stamps, UNIT_NS[layout]) if layout in UNIT_NS else None
    return instants(stamps, layout) if plain is None else plain


def values(texts: pa.Array) -> npt.NDArray[np.float64]:
    """Prometheus' value texts as float64: "NaN", "+Inf", "-Inf" and exponents included, null is NaN."""
    numbers = _cast(texts)
    if numbers is None:
        twice_signed = pc.any(pc.or_(pc.starts_with(texts, "++"), pc.starts_with(texts, "+-"))).as_py()
        numbers = None if twice_signed else _cast(pc.utf8_ltrim(texts, "+"))
        if numbers is None:
            numbers = pa.array([_value(t) for t in texts.to_pylist()], pa.float64())
    if numbers.null_count:
        numbers = pc.fill_null(numbers, float("nan"))
    return np.frombuffer(numbers.buffers()[1], np.float64)[numbers.offset : numbers.offset + len(numbers)]


def _cast(texts: pa.Array) -> pa.Array | None:
    """As Arrow reads numbers; it knows "NaN" and "Inf", but no plus sign. None where it cannot read one of them."""
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None


def _value(text: str | None) -> float | None:
    try:
        return None if text is None or "_" in text or not text.isascii() else float(text)
    except ValueError:
        return None
