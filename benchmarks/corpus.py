"""Log files made for benchmarks: lines as a small shop's containers write them, in the formats that retroline reads.

The same arguments give the same bytes. Lines have about 150 bytes (JSON and logfmt more). Times never go back; a fifth of the window, from its
fortieth percent, is an incident with three times the lines, many of them errors, some with a traceback. `dirty` damages one line in so many: cut
short, with bytes that are no UTF-8, with a terminal's colours, empty, or without a time.

    python benchmarks/corpus.py kubelet 1000000 /tmp/kubelet.log [--seed N] [--dirty N] [--hours H]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BEGIN_NS = 1_795_244_400_000_000_000  # 2026-11-21T07:00:00Z
BLOCK = 50_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
TRACE = (
    "Traceback (most recent call last):",
    '  File "/srv/shop/orders/place.py", line 118, in place',
    "    lease = await stock.lease(order, seconds=30)",
    '  File "/srv/shop/stock/client.py", line 64, in lease',
    "    return await self._pool.call('lease', order.id)",
    "shop.stock.errors.PoolTimeout: no connection within 5.0 s",
)
LOGGERS = ("shop.orders", "shop.basket", "shop.stock.client", "shop.payments")
SOURCES = ("reconcile.go:212", "queue.go:87", "lister.go:341", "leases.go:129")
LETTERS = {"DEBUG": "I", "INFO": "I", "WARN": "W", "ERROR": "E", "FATAL": "F"}
PRIORITIES = {"DEBUG": 135, "INFO": 134, "WARN": 132, "ERROR": 131, "FATAL": 130}


@dataclass(frozen=True)
class Line:
    """One line before it is written: `at` is `2026-11-21T07:00:00.123456789`, `go_on` marks the lines of a traceback after its error."""

    at: str
    severity: str
    text: str
    number: int
    go_on: bool = False


def _python(line: Line) -> str:
    if line.go_on:
        return line.text
    level = {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(line.severity, line.severity)
    return f"{line.at[:10]} {line.at[11:19]},{line.at[20:23]} {level} {LOGGERS[line.number % 4]}: {line.text}"


def _nginx(line: Line) -> str:
    n, day = line.number, f"{line.at[8:10]}/{MONTHS[int(line.at[5:7]) - 1]}/{line.at[:4]}:{line.at[11:19]}"
    status = (500 + n % 5) if line.severity in ("ERROR", "FATAL") else (200, 200, 200, 304, 404)[n % 5]
    agent = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "kube-probe/1.31", "curl/8.5.0")[n % 3]
    return f'10.{n % 251}.{n % 241}.{n % 239} - - [{day} +0000] "GET /shop/basket/{n}?page={n % 17} HTTP/1.1" {status} {n % 90_001} "-" "{agent}" {n % 997}'


def _json(line: Line) -> str:
    words = {"ts": line.at[:23] + "Z", "level": line.severity.lower(), "logger": LOGGERS[line.number % 4], "msg": line.text}
    return json.dumps({**words, "request": f"{line.number * 2654435761:016x}", "replica": line.number % 12}, separators=(",", ":"))


def _logfmt(line: Line) -> str:
    return f'time="{line.at[:19]}Z" level={line.severity.lower()} msg={json.dumps(line.text)} logger={LOGGERS[line.number % 4]} replica={line.number % 12}'


def _klog(line: Line) -> str:
    at = line.at
    return f"{LETTERS[line.severity]}{at[5:7]}{at[8:10]} {at[11:26]} {1 + line.number % 3:7} {SOURCES[line.number % 4]}] {line.text}"


def _rfc3164(line: Line) -> str:
    day = f"{MONTHS[int(line.at[5:7]) - 1]} {int(line.at[8:10]):2}"
    return f"<{PRIORITIES[line.severity]}>{day} {line.at[11:19]} node-{line.number % 5} shop-orders[{300 + line.number % 30_000}]: {line.text}"


def _app(line: Line) -> str:
    return line.text if line.go_on else f"{line.severity} {LOGGERS[line.number % 4]} {line.text}"


FORMATS: dict[str, Callable[[Line], str]] = {
    "kubelet": lambda line: f"{line.at}Z {_app(line)}",
    "kubelet-trim": lambda line: f"{line.at.rstrip('0').rstrip('.')}Z {_app(line)}",
    "cri": lambda line: f"{line.at}Z {'stderr' if line.severity == 'ERROR' else 'stdout'} F {_app(line)}",
    "klog": _klog,
    "python": _python,
    "rfc3164": _rfc3164,
    "nginx": _nginx,
    "json": _json,
    "logfmt": _logfmt,
}


def write(format: str, lines: int, seed: int, path: str | Path, dirty: int = 0, hours: float = 1.0) -> int:  # noqa: A002, PLR0917 - as one reads it aloud
    """Write `lines` lines to `path`; `dirty`: damage one in so many, 0 for none. Returns the bytes written."""
    shape, size = FORMATS[format], 0
    with Path(path).open("wb") as file:
        for block in _blocks(lines, seed, hours):
            rows = [shape(line).encode() for line in block]
            if dirty:
                random_ = random.Random(f"{seed} {block[0].at}")  # noqa: S311 - a benchmark's noise
                rows = [_damaged(row, random_) if random_.randrange(dirty) == 0 else row for row in rows]
            size += file.write(b"\n".join(rows) + b"\n")
    return size


def _blocks(lines: int, seed: int, hours: float) -> Iterator[list[Line]]:
    """The lines by BLOCK."""
    calm, trouble = ([(severity, *_compiled(wording)) for severity, wording in wordings] for wordings in (CALM, TROUBLE))
    for first in range(0, lines, BLOCK):
        rng = np.random.default_rng([seed, first])
        count = min(BLOCK, lines - first)
        share = (first + np.sort(rng.random(count)) * count) / lines
        at = BEGIN_NS + (np.interp(share, [0, 0.4 / 1.4, 1 / 1.4, 1], [0, 0.4, 0.6, 1]) * hours * 3.6e12).astype(np.int64)
        troubled = rng.random(count) < np.where((share > 0.4 / 1.4) & (share < 1 / 1.4), 0.35, 0.03)
        stamps = np.datetime_as_string(at.astype("datetime64[ns]"), unit="ns").tolist()
        numbers = rng.integers(0, 1 << 60, (count, 8)).tolist()
        kinds = (rng.random(count) ** 2).tolist()
        found: list[Line] = []
        left = 0
        for stamp, bad, row, kind in zip(stamps, troubled.tolist(), numbers, kinds, strict=True):
            if left:
                found.append(Line(stamp, "ERROR", TRACE[-left], row[7] % 9_999_991, go_on=True))
                left -= 1
                continue
            wordings = trouble if bad else calm
            severity, wording, shifts = wordings[int(kind * len(wordings))]
            found.append(Line(stamp, severity, wording % tuple(row[i] >> shift for i, shift in enumerate(shifts)), row[7] % 9_999_991))
            left = len(TRACE) if severity == "ERROR" and row[7] % 100 == 0 else 0
        yield found


def _compiled(wording: str) -> tuple[str, list[int]]:
    """A `%` format, and how far to shift a 60-bit number down for each of its fields."""
    forms = {"n": ("%d", 38), "m": ("%d", 53), "h": ("%016x", 0), "i": ("10.4.%d.7", 52), "p": ("%06x", 36)}
    parts, shifts = wording.split("{"), []
    for i, part in enumerate(parts[1:], 1):
        form, shift = forms[part[0]]
        parts[i] = form + part[2:]
        shifts.append(shift)
    return "".join(parts), shifts


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
