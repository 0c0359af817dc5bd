"""The texts of lines that stand in many batches, in one order: copied into one array, or, by compiled kernels, only where a page is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

SIZE_BYTES = 4
# What offsets of 32 bits can tell.
MOST_BYTES = (1 << 31) - 1

Sizes = npt.NDArray[np.int32]
Rows = slice | npt.NDArray[np.bool_] | npt.NDArray[np.int64]


class Texts(Protocol):
    """Texts in an order."""

    @property
    def sizes(self) -> Sizes:
        """The bytes of each."""

    def some(self, rows: Rows) -> Texts:
        """Those of some rows."""

    def array(self) -> pa.Array:
        """All of them as one array."""

    def plain(self) -> pa.Buffer:
        """All of them as Parquet's PLAIN encoding has them, each behind its size in four bytes."""


@dataclass(frozen=True)
class Standing:
    """Texts that stand in a file, of which `data` is all bytes: where each begins after the place `start`, and how many bytes it has."""

    data: pa.Buffer
    start: int
    begins: npt.NDArray[np.int32]
    sizes: Sizes

    def __len__(self) -> int:
        return len(self.begins)

    @property
    def end(self) -> int:
        """Where the last of them ends."""
        return self.start + int((self.begins.astype(np.int64) + self.sizes).max(initial=0))

    def slice(self, start: int, count: int) -> Standing:
        """Some of them, as of an array."""
        return Standing(self.data, self.start, self.begins[start : start + count], self.sizes[start : start + count])

    def take(self, rows: pa.Array) -> Standing:
        """Some of them in an order, as of an array."""
        return Standing(self.data, self.start, self.begins[rows.to_numpy()], self.sizes[rows.to_numpy()])

    def array(self) -> pa.Array:
        """All of them as one array."""
        ends = np.cumsum(self.sizes, dtype=np.int64)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.begins + self.sizes - ends + self.start, self.sizes)
        offsets = np.append(0, ends).astype(np.int32)
        return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(np.frombuffer(self.data, np.uint8)[places])])


@dataclass(frozen=True)
class Copied:
    """Texts that are an array already."""

    texts: pa.Array

    @property
    def sizes(self) -> Sizes:  # noqa: D102 - as Texts
        return np.diff(bounds_of(self.texts)).astype(np.int32)

    def some(self, rows: Rows) -> Copied:  # noqa: D102 - as Texts
        if isinstance(rows, slice):
            return Copied(self.texts[rows])
        return Copied(self.texts.filter(pa.array(rows)) if rows.dtype == np.bool_ else self.texts.take(pa.array(rows)))

    def array(self) -> pa.Array:  # noqa: D102 - as Texts
        return self.texts

    def plain(self) -> pa.Buffer:  # noqa: D102 - as Texts
        sizes = self.sizes
        starts = np.arange(0, SIZE_BYTES * len(sizes) + 1, SIZE_BYTES, dtype=np.int32)
        heads = pa.Array.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(starts), pa.py_buffer(sizes)])
        texts = self.texts.cast(pa.string()).cast(pa.binary())
        both = pc.binary_join_element_wise(heads, texts, pa.scalar(b"", pa.binary()))
        return both.buffers()[2].slice(0, int(bounds_of(both)[-1]))


@dataclass(frozen=True)
class Placed:
    """Texts that stand at addresses of memory, which `held` keeps; `kernels` are those of `lines_compiled`."""

    kernels: Any
    addresses: npt.NDArray[np.int64]
    sizes: Sizes
    held: Sequence[pa.Array | Standing]

    def some(self, rows: Rows) -> Placed:  # noqa: D102 - as Texts
        return Placed(self.kernels, self.addresses[rows], self.sizes[rows], self.held)

    def array(self) -> pa.Array:  # noqa: D102 - as Texts
        if self._total() > MOST_BYTES:
            half = len(self.sizes) // 2
            return together([self.some(slice(half)).array(), self.some(slice(half, None)).array()])
        offsets, out = np.empty(len(self.sizes) + 1, np.int32), np.empty(self._total(), np.uint8)
        self.kernels.gathered(self.addresses, self.sizes, out, offsets)
        return pa.Array.from_buffers(pa.string(), len(self.sizes), [None, pa.py_buffer(offsets), pa.py_buffer(out)])

    def plain(self) -> pa.Buffer:  # noqa: D102 - as Texts
        buffer = pa.allocate_buffer(self._total() + SIZE_BYTES * len(self.sizes))
        self.kernels.plain(self.addresses, self.sizes, np.frombuffer(buffer, np.uint8))
        return buffer

    def _total(self) -> int:
        return int(self.sizes.sum(dtype=np.int64))


def placed(kernels: Any, texts: Sequence[pa.Array | Standing]) -> Placed:
    """Texts one after the other."""
    count = sum(map(len, texts))
    addresses, sizes = np.empty(count, np.int64), np.empty(count, np.int32)
    start = 0
    for one in texts:
        stop = start + len(one)
        if isinstance(one, Standing):
            np.add(one.begins, one.data.address + one.start, out=addresses[start:stop], dtype=np.int64)
            sizes[start:stop] = one.sizes
        else:
            data = one.buffers()[2]
            kernels.places(bounds_of(one), data.address if data else 0, addresses[start:stop], sizes[start:stop])
        start = stop
    return Placed(kernels, addresses, sizes, texts)


def joined(parts: Sequence[Texts]) -> Texts:
    """Texts of one kind one after the other."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Placed):
        every = [part for part in parts if isinstance(part, Placed)]
        addresses, sizes = (np.concatenate([getattr(part, name) for part in every]) for name in ("addresses", "sizes"))
        return Placed(parts[0].kernels, addresses, sizes, [one for part in every for one in part.held])
    return Copied(together([part.array() for part in parts]))


def together(texts: Sequence[pa.Array]) -> pa.Array:
    """Arrays one after the other, as large strings where they are more than 2 GiB: 32 bits do not number their bytes."""
    try:
        return pa.concat_arrays(texts) if len(texts) > 1 else texts[0]
    except pa.ArrowInvalid:
        return pa.concat_arrays([one.cast(pa.large_string()) for one in texts])


def bounds_of(texts: pa.Array) -> npt.NDArray[Any]:
    """Where the texts of a string or binary array begin and end in its data."""
    large = pa.types.is_large_string(texts.type) or pa.types.is_large_binary(texts.type)
    return np.frombuffer(texts.buffers()[1], np.int64 if large else np.int32)[texts.offset : texts.offset + len(texts) + 1]
