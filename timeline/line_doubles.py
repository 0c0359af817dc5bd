"""Lines that two streams of one container have in common: a log saved twice, or while it ran and after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def doubles(at: Numbers, owner: Numbers, stream: Numbers, shared: Flags, texts: Callable[[Numbers], pa.Array]) -> Flags:
    """Which lines are doubles, for lines in order of time, those of one instant in the order in which they came.

    `shared`: whether an owner has several streams. A line counts as often as the stream that repeats it most has it. `texts` gives the texts of
    some lines; it is asked only for those that share owner and instant with another.
    """
    double = np.zeros(len(at), bool)
    rows = np.flatnonzero(_tied(at) & shared[owner])
    if not len(rows):
        return double
    streams = stream[rows]
    code = np.asarray(texts(rows).dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)
    same = (code, at[rows], owner[rows])
    double[rows[_nth((_nth((streams, *same)), *same)) > 0]] = True
    return double


def _tied(at: Numbers) -> Flags:
    same = np.zeros(len(at) + 1, bool)
    np.equal(at[1:], at[:-1], out=same[1:-1])
    return same[1:] | same[:-1]


def _nth(keys: tuple[Numbers, ...]) -> Numbers:
    """How many rows before each have the same keys."""
    order = np.lexsort(keys)
    new = np.zeros(len(order), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[order][1:] != key[order][:-1]
    places = np.arange(len(order))
    nth = np.empty(len(order), np.int64)
    nth[order] = places - np.maximum.accumulate(np.where(new, places, 0))
    return nth
