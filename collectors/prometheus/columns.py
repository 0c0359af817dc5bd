"""The points of a matrix as columns of text, cut out of the body by where its quotes stand: no object per point.

A matrix is `"values":[[1795224000.5,"0.25"],[…]]` once per series, and little else. The `outline` is the document as JSON reads it
with a mark where such points stood; `columns` are the points themselves. Only what `json` would read the same way is cut: compact,
times as plain decimals, values as printable ASCII without escapes. None says that the body is otherwise, in any part: then
`json` must read all of it, as it must to say what is wrong with a broken one. Knowledge: RFC 8259; "Expression query result formats".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

OPENING = b'"values":[['
CLOSING = b'"]]'
BETWEEN = b'"],['
MARK = b"-0e-770"
OTHER_POINTS = ("histograms", "value", "histogram")
LARGEST = 1 << 31
BLOCK = 1 << 20
WORTH_A_THREAD = 8
WHOLE_DIGITS = 10
MOST_DECIMALS = 9
QUOTE, COMMA, DOT, NINE, ZERO = (ord(c) for c in '",.90')
Positions = npt.NDArray[np.int64]
Span = tuple[int, int]
# Of one series, by its number: from its first time to behind its last value's closing quote.
Piece = tuple[int, int, int]


@dataclass(frozen=True)
class Outline:
    """`document` is the body as JSON, numbers as text, where a mark stands for the values of each series; `spans` says where those lie."""

    document: Any
    spans: list[Span]


@dataclass(frozen=True)
class Columns:
    """Points that follow each other, as they stand in the body; each of the `series` has as many of them as `counts` says."""

    stamps: pa.StringArray
    values: pa.StringArray
    series: list[int]
    counts: Positions


def outline(body: bytes) -> Outline | None:
    """The document around its points, None unless all its points can be cut out of it.

    Without `v` and backslash nothing in a span can name `values` again, so that its points are those of the series from the first one on.
    """
    spans = list(_spans(body)) if len(body) < LARGEST else []
    edges = [0, *(edge for start, end in spans for edge in (start - 2, end + 2)), len(body)]
    rest = [body[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if not spans or any(MARK in part for part in rest) or any(body.find(c, *span) >= 0 for c in (b"v", b"\\") for span in spans):
        return None
    marked = (part + MARK + str(i).encode() for i, part in enumerate(rest[:-1]))
    try:
        document = json.loads(b"".join([*marked, rest[-1]]), parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return Outline(document, spans) if _marked(document, len(spans)) else None


def columns(body: bytes, spans: Iterable[Span]) -> Iterator[Columns | None]:
    """The points of the spans, in their order; None, and then nothing more, where they are not plain. The next block is cut while one is used."""
    cut = partial(_columns, body, pa.py_buffer(body))
    blocks = list(_blocks(body, spans))
    for block in map(cut, blocks) if len(blocks) < WORTH_A_THREAD else _ahead(cut, blocks):
        yield block
        if block is None:
            return


def grid(blocks: Iterable[Columns | None]) -> str | None:
    """`step_of` the series in the blocks; None where a block is not plain."""
    times: dict[int, list[Positions]] = {}
    for block in blocks:
        exact = nanoseconds(block.stamps) if block else None
        if block is None or exact is None:
            return None
        for number, part in zip(block.series, np.split(exact, np.cumsum(block.counts)[:-1]), strict=True):
            times.setdefault(number, []).append(part)
    return step_of([np.concatenate(parts) for parts in times.values()])


def nanoseconds(texts: pa.StringArray) -> Positions | None:
    """Seconds as whole nanoseconds, exact; None where one is no plain number, or none above 0 and below 2**63 ns."""
    try:
        words = np.frombuffer(texts.cast(pa.decimal128(28, 9)).buffers()[1], np.int64, 2 * len(texts))
    except pa.ArrowInvalid:
        return None
    return words[::2] if not words[1::2].any() and (words[::2] > 0).all() else None


def step_of(times: Iterable[Positions]) -> str:
    """The step in seconds of the grid that all times (ns, one column per series) lie on, "" where there is none: raw samples, or too few.

    The grid is read off the smallest distance; scraped and evaluated samples have another phase per target or group.
    """
    known = [one for one in times if len(one)]
    gaps = np.concatenate([np.diff(one) for one in known]) if known else np.empty(0, np.int64)
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return ""
    step, first = int(gaps.min()), min(int(one[0]) for one in known)
    on_grid = all(not ((one - first) % step).any() for one in known)
    return f"{Decimal(step).scaleb(-9).normalize():f}" if on_grid else ""


def _ahead(cut: Callable[[list[Piece]], Columns | None], blocks: list[list[Piece]]) -> Iterator[Columns | None]:
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(cut, blocks[0])
        for block in blocks[1:]:
            now, coming = coming.result(), pool.submit(cut, block)
            yield now
        yield coming.result()


def _spans(body: bytes) -> Iterator[Span]:
    """Where the points of a series begin, behind `[[`, and end, before `]]`; most series end with their points."""
    end = 0
    while (start := body.find(OPENING, end) + len(OPENING)) >= len(OPENING):
        end = body.find(b"}", start) - 2
        if body[end - 1 : end + 2] != CLOSING:
            end = body.find(CLOSING, start) + 1
        if end <= start:
            return
        yield start, end


def _marked(document: Any, count: int) -> bool:
    """Whether the result is `count` series, each with its mark for values and no other points, and no error."""
    data = document.get("data") if isinstance(document, Mapping) and document.get("status") != "error" else None
    result = data.get("result") if isinstance(data, Mapping) and data.get("resultType") == "matrix" else None
    if not isinstance(result, list) or len(result) != count:
        return False
    marks = (f"{MARK.decode()}{i}" for i in range(count))
    return all(isinstance(s, Mapping) and s.keys().isdisjoint(OTHER_POINTS) and s.get("values") == mark for s, mark in zip(result, marks, strict=True))


def _blocks(body: bytes, spans: Iterable[Span]) -> Iterator[list[Piece]]:
    """Pieces that lie in about BLOCK bytes; a long series is cut between points."""
    block: list[Piece] = []
    for number, span in enumerate(spans):
        for start, end in _cut(body, *span):
            if block and end - block[0][1] > BLOCK:
                yield block
                block = []
            block.append((number, start, end))
    if block:
        yield block


def _cut(body: bytes, start: int, end: int) -> Iterator[Span]:
    while end - start > BLOCK and (cut := body.find(BETWEEN, start + BLOCK - len(BETWEEN), end)) >= 0:
        yield start, cut + 1
        start = cut + len(BETWEEN)
    yield start, end


def _columns(body: bytes, held: pa.Buffer, pieces: list[Piece]) -> Columns | None:
    """Points of neighbouring pieces; all positions count from the first one's start."""
    low, high = pieces[0][1], pieces[-1][2]
    chars = np.frombuffer(body, np.uint8, high - low, low)
    starts, ends = (np.array([piece[i] - low for piece in pieces], np.int64) for i in (1, 2))
    if not _plain(chars, starts, ends):
        return None
    quotes = np.flatnonzero(chars == QUOTE)
    firsts, behind = np.searchsorted(quotes, starts), np.searchsorted(quotes, ends)
    counts = behind - firsts
    if (counts & 1).any() or not counts.all():
        return None
    if len(pieces) > 1:
        quotes = np.concatenate([quotes[first:last] for first, last in zip(firsts.tolist(), behind.tolist(), strict=True)])
    last = np.cumsum(counts >> 1) - 1
    if (quotes[1::2][last] != ends - 1).any() or not _joined(body, low, quotes, last):
        return None
    near = held.slice(low, high - low)
    stamps = _slices(_stamps(quotes, starts, last), near)
    bounds = quotes.astype(np.int32)
    bounds[::2] += 1
    return Columns(stamps, _slices(bounds, near), [piece[0] for piece in pieces], counts >> 1) if _decimals(stamps) else None


def _plain(chars: npt.NDArray[np.uint8], starts: Positions, ends: Positions) -> bool:
    """Whether all is printable ASCII, but for what lies between the pieces: labels."""
    return _printable(chars) or (len(starts) > 1 and all(_printable(chars[start:end]) for start, end in zip(starts, ends, strict=True)))


def _printable(chars: npt.NDArray[np.uint8]) -> bool:
    return bool(chars.min() >= ord(" ") and chars.max() <= ord("~"))


def _joined(body: bytes, low: int, quotes: Positions, last: Positions) -> bool:
    """Whether every value follows a comma and, but for the last of each piece, is followed by `],[`. More of `body` follows the last."""
    words = np.ndarray((len(body) - low - len(BETWEEN) + 1,), "<u4", body, low, (1,))
    after = words[quotes[1::2]]
    after[last] = wanted = int.from_bytes(BETWEEN, "little")
    before = np.frombuffer(body, np.uint8, offset=low - 1)
    return bool((after == wanted).all() and (before[quotes[::2]] == COMMA).all())


def _stamps(quotes: Positions, starts: Positions, last: Positions) -> npt.NDArray[np.int32]:
    """Bounds of what stands between `],[` and the comma before each value of `_joined` points: at least nothing."""
    bounds = np.empty(len(quotes), np.int32)
    bounds[2::2] = quotes[1:-1:2]
    bounds[2::2] += len(BETWEEN)
    bounds[0] = 0
    bounds[2 * last[:-1] + 2] = starts[1:]
    bounds[1::2] = quotes[::2]
    bounds[1::2] -= 1
    return bounds


def _slices(bounds: npt.NDArray[np.int32], body: pa.Buffer) -> pa.StringArray:
    """Texts from `bounds[2 * i]` to `bounds[2 * i + 1]`."""
    both = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), body)
    every = np.arange(0, len(bounds), 2, dtype=np.int32)
    return both.take(pa.Array.from_buffers(pa.int32(), len(every), [None, pa.py_buffer(every)]))


def _decimals(texts: pa.StringArray) -> bool:
    """Whether all are JSON numbers without sign and exponent, from 1 to below 10**WHOLE_DIGITS, with at most nine decimals."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1)
    sizes = np.diff(bounds)
    digits = np.frombuffer(data, np.uint8, bounds[-1])
    if sizes.min() < 1 or digits.max() > NINE or (digits[bounds[:-1]] <= ZERO).any():
        return False
    if digits.min() >= ZERO:
        return bool(sizes.max() <= WHOLE_DIGITS)
    if sizes.min() == sizes.max() and _alike(digits.reshape(len(texts), -1)):
        return True
    dots = np.flatnonzero(digits < ZERO)
    if (digits[dots] != DOT).any():
        return False
    rows = np.arange(len(texts)) if len(dots) == len(texts) else np.searchsorted(bounds, dots, "right") - 1
    whole, decimals = dots - bounds[rows], bounds[rows + 1] - dots - 1
    pointed = (np.diff(rows) > 0).all() and whole.min() > 0 and whole.max() <= WHOLE_DIGITS and decimals.min() > 0 and decimals.max() <= MOST_DECIMALS
    return bool(pointed) and bool(np.delete(sizes, rows).max(initial=0) <= WHOLE_DIGITS)


def _alike(digits: npt.NDArray[np.uint8]) -> bool:
    """Whether all rows have the same digits before their one dot, and so many decimals, that they are plain."""
    dot = int((digits[0] == DOT).argmax())
    fits = 0 < dot <= WHOLE_DIGITS and 1 <= digits.shape[1] - 1 - dot <= MOST_DECIMALS
    return fits and bool((digits[:, dot] == DOT).all()) and np.count_nonzero(digits < ZERO) == len(digits)
