"""Log files made for benchmarks: lines as a small shop's containers write them, in the formats that retroline reads.

The same arguments give the same bytes. Lines have about 150 bytes (JSON and logfmt more). Times never go back; a fifth of the window, from its
fortieth percent, is an incident with three times the lines, many of them errors, some with a traceback. `dirty` damages one line in so many: cut
short, with bytes that are no UTF-8, with a terminal's colours, empty, or without a time. Lines are made by columns, ten million in seconds.

    python benchmarks/corpus.py kubelet 1000000 /tmp/kubelet.log [--seed N] [--dirty N] [--hours H]
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from log_formats import ERROR, FORMATS, SEVERITIES, Lines, hex_digits, joined

BEGIN_NS = 1_795_244_400_000_000_000  # 2026-11-21T07:00:00Z
BLOCK = 50_000
# Wordings by severity; {n} a number, {m} a small one, {h} sixteen hex digits, {i} an address, {p} a path's end.
CALM = (
    ("INFO", "order {n} accepted for customer {n}: {m} items, {n} cents, warehouse wh-{m}, took {m} ms, request {h}"),
    ("INFO", "GET /shop/basket/{p} answered 200 with {n} bytes in {m} ms for {i} (session {h}, revision {m})"),
    ("INFO", "payment {h} captured by gateway eu-{m} after {m} ms, order {n}, amount {n} EUR cents"),
    ("DEBUG", "cache shard {m} looked up session:{h}: hit after {m} us, {n} entries, {m} percent full"),
    ("INFO", "consumed offsets {n}..{n} of stock.changes/{m} in {m} ms, {m} messages behind, committed"),
    ("INFO", "peer {i}:{n} connected over TLS 1.3, stream {m} of {m}, certificate valid for {m} more days"),
    ("INFO", "nightly export {p} wrote {n} rows to /var/lib/shop/export/{h}.csv in {m} seconds"),
    ("WARN", "statement took {m} ms: select id, state, total from orders where customer = {n} order by id limit {m}"),
    ("WARN", "queue stock.changes/{m} holds {n} messages, more than the soft limit of 5000; oldest is {m} s old"),
)
TROUBLE = (
    ("ERROR", "GET /shop/basket/{p} answered 503 after {m} ms: upstream {i}:8080 closed the connection, request {h}"),
    ("ERROR", "no connection to postgres-main:5432 within {m} ms: pool of {m} in use, {n} callers are waiting"),
    ("ERROR", "payment {h} failed: gateway eu-{m} did not answer within 5000 ms (attempt {m}), order {n}"),
    ("WARN", "retrying stock.changes/{m} offset {n} in {m} ms after a broken pipe to {i}:9092"),
    ("FATAL", "cannot allocate {n} bytes in arena {m}, worker {n} gives up after {m} s"),
)
FIELDS: dict[str, Callable[[Any], Any]] = {
    "n": lambda bits: bits >> 38,
    "m": lambda bits: bits >> 53,
    "h": lambda bits: hex_digits(bits, 16),
    "i": lambda bits: joined("10.4.", bits >> 52, ".7"),
    "p": lambda bits: hex_digits(bits >> 36, 6),
}
TRACE = (
    "Traceback (most recent call last):",
    '  File "/srv/shop/orders/place.py", line 118, in place',
    "    lease = await stock.lease(order, seconds=30)",
    '  File "/srv/shop/stock/client.py", line 64, in lease',
    "    return await self._pool.call('lease', order.id)",
    "shop.stock.errors.PoolTimeout: no connection within 5.0 s",
)


def write(format: str, lines: int, seed: int, path: str | Path, dirty: int = 0, hours: float = 1.0) -> int:  # noqa: A002, PLR0917 - as one reads it aloud
    """Write `lines` lines to `path`; `dirty`: damage one in so many, 0 for none. Returns the bytes written."""

    def rows(first: int) -> pa.Buffer:
        made = FORMATS[format](_block(first, lines, seed, hours)).cast(pa.binary())
        if dirty:
            made = _with_damage(made, random.Random(f"{seed} {first}"), dirty)  # noqa: S311 - a benchmark's noise
        return pc.binary_join_element_wise(made, b"\n", b"").buffers()[2]

    with Path(path).open("wb") as file, ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(file.write(block) for block in pool.map(rows, range(0, lines, BLOCK)))


def _block(first: int, lines: int, seed: int, hours: float) -> Lines:
    """At most BLOCK of the lines, from the one told on."""
    rng = np.random.default_rng([seed, first])
    count = min(BLOCK, lines - first)
    share = (first + np.sort(rng.random(count)) * count) / lines
    at = BEGIN_NS + (np.interp(share, [0, 0.4 / 1.4, 1 / 1.4, 1], [0, 0.4, 0.6, 1]) * hours * 3.6e12).astype(np.int64)
    troubled = rng.random(count) < np.where((share > 0.4 / 1.4) & (share < 1 / 1.4), 0.35, 0.03)
    numbers = rng.integers(0, 1 << 60, (count, 8))
    kinds = rng.random(count) ** 2
    wording = np.where(troubled, len(CALM) + (kinds * len(TROUBLE)).astype(np.int8), (kinds * len(CALM)).astype(np.int8))
    severity = np.array([SEVERITIES.index(word) for word, _ in CALM + TROUBLE])[wording]
    traced = _traced((severity == ERROR) & (numbers[:, 7] % 100 == 0))
    severity[traced > 0] = ERROR
    texts = _texts(np.where(traced, len(CALM) + len(TROUBLE) - 1 + traced, wording), numbers)
    return Lines(_stamps(at), severity, texts, numbers[:, 7] % 9_999_991, pa.array(traced > 0))


def _traced(begins: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Which line of a traceback each line is, from 1, or 0; tracebacks begin after the lines told, unless these are within one."""
    found, free = np.zeros(len(begins) + len(TRACE), np.int8), 0
    for line in np.flatnonzero(begins).tolist():
        if line >= free:
            free = line + 1 + len(TRACE)
            found[line + 1 : free] = range(1, len(TRACE) + 1)
    return found[: len(begins)]


def _texts(wording: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any]) -> pa.Array:
    """What lines say: CALM, TROUBLE and TRACE count on from each other."""
    order = np.argsort(wording, kind="stable")
    ends = np.searchsorted(wording[order], np.arange(len(CALM) + len(TROUBLE) + 1)).tolist()
    said = [_said(text, numbers[order[start:end]]) for (_, text), start, end in zip(CALM + TROUBLE, ends, ends[1:], strict=False)]
    said.append(pa.array(TRACE).take(pa.array(wording[order[ends[-1] :]] - len(CALM) - len(TROUBLE))))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(said).take(pa.array(back))


def _said(wording: str, numbers: np.ndarray[Any, Any]) -> pa.Array:
    """One wording with its fields, which are cut out of numbers of sixty bits."""
    first, *parts = wording.split("{")
    pieces: list[Any] = [first]
    for number, part in zip(numbers.T, parts, strict=False):
        pieces += [FIELDS[part[0]](number), part[2:]]
    return joined(*pieces)


def _stamps(at_ns: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Letters of the times, a row each."""
    words = pa.array(at_ns.view("M8[ns]")).cast(pa.string())
    rows = np.frombuffer(words.buffers()[2], "u1").reshape(len(at_ns), 29).copy()
    rows[:, 10] = ord("T")
    return rows


def _with_damage(rows: pa.Array, random_: random.Random, dirty: int) -> pa.Array:
    """The lines, about one in `dirty` of them damaged."""
    hit = np.frombuffer(random_.randbytes(4 * len(rows)), np.uint32) < 2**32 // dirty
    damaged = [_damaged(row, random_) for row in rows.filter(pa.array(hit)).to_pylist()]
    return pc.replace_with_mask(rows, pa.array(hit), pa.array(damaged, pa.binary()))


def _damaged(row: bytes, random_: random.Random) -> bytes:
    where = random_.randrange(len(row) + 1)
    kinds = (
        row[: where % 40],
        row[:where] + b"\xff\xc3" + row[where:],
        row[:where] + b"\x1b[31m" + row[where:],
        b"",
        b"nobody knows when " + row[30:],
        row + b"\r",
    )
    return random_.choice(kinds)


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("lines", type=int)
    parser.add_argument("path")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirty", type=int, default=0)
    parser.add_argument("--hours", type=float, default=1.0)
    given = parser.parse_args()
    print(f"{write(given.format, given.lines, given.seed, given.path, given.dirty, given.hours):,} bytes")


if __name__ == "__main__":
    main()
