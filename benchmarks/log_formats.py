"""How made-up lines are written, format by format: columns of a block in, one text a line out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LOGGERS = ("shop.orders", "shop.basket", "shop.stock.client", "shop.payments")
SOURCES = ("reconcile.go:212", "queue.go:87", "lister.go:341", "leases.go:129")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "kube-probe/1.31", "curl/8.5.0")
SEVERITIES = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
PRIORITIES = ("135", "134", "132", "131", "130")
ERROR = SEVERITIES.index("ERROR")
HEX = np.array([f"{byte:02x}" for byte in range(256)], "S2").view("u2")


@dataclass(frozen=True)
class Lines:
    """Columns of lines before they are written.

    `at` has a row of letters each, `2026-11-21T07:00:00.123456789`; `severity` is a place in SEVERITIES; `go_on` marks the lines of a traceback
    after its error.
    """

    at: np.ndarray[Any, Any]
    severity: np.ndarray[Any, Any]
    text: pa.Array
    number: np.ndarray[Any, Any]
    go_on: pa.Array

    def cut(self, start: int, end: int) -> pa.Array:
        """Letters of the stamps."""
        return letters(self.at[:, start:end])

    def of(self, words: Sequence[str], place: np.ndarray[Any, Any] | None = None) -> pa.Array:
        """One of `words` for every line, by its number if nothing else is said."""
        return pa.array(words).take(pa.array(self.number % len(words) if place is None else place))


def _app(line: Lines) -> pa.Array:
    return pc.if_else(line.go_on, line.text, joined(line.of(SEVERITIES, line.severity), " ", line.of(LOGGERS), " ", line.text))


def _trimmed(line: Lines) -> pa.Array:
    return joined(pc.ascii_rtrim(pc.ascii_rtrim(line.cut(0, 29), "0"), "."), "Z ", _app(line))


def _cri(line: Lines) -> pa.Array:
    return joined(line.cut(0, 29), "Z ", line.of(("stdout", "stderr"), (line.severity == ERROR).view(np.int8)), " F ", _app(line))


def _python(line: Lines) -> pa.Array:
    level, logger = line.of(LEVELS, line.severity), line.of(LOGGERS)
    return pc.if_else(line.go_on, line.text, joined(line.cut(0, 10), " ", line.cut(11, 19), ",", line.cut(20, 23), " ", level, " ", logger, ": ", line.text))


def _nginx(line: Lines) -> pa.Array:
    n = line.number
    status = np.where(line.severity >= ERROR, 500 + n % 5, np.array([200, 200, 200, 304, 404])[n % 5])
    when = joined(line.cut(8, 10), "/", _month(line), "/", line.cut(0, 4), ":", line.cut(11, 19))
    who = joined("10.", n % 251, ".", n % 241, ".", n % 239, " - - [", when, ' +0000] "GET /shop/basket/')
    return joined(who, n, "?page=", n % 17, ' HTTP/1.1" ', status, " ", n % 90_001, ' "-" "', line.of(AGENTS), '" ', n % 997)


def _json(line: Lines) -> pa.Array:
    head = joined('{"ts":"', line.cut(0, 23), 'Z","level":"', pc.ascii_lower(line.of(SEVERITIES, line.severity)), '","logger":"', line.of(LOGGERS))
    return joined(head, '","msg":', _quoted(line.text), ',"request":"', hex_digits(line.number * 2_654_435_761, 16), '","replica":', line.number % 12, "}")


def _logfmt(line: Lines) -> pa.Array:
    head = joined('time="', line.cut(0, 19), 'Z" level=', pc.ascii_lower(line.of(SEVERITIES, line.severity)), " msg=", _quoted(line.text))
    return joined(head, " logger=", line.of(LOGGERS), " replica=", line.number % 12)


def _klog(line: Lines) -> pa.Array:
    head = joined(line.of("IIWEF", line.severity), line.cut(5, 7), line.cut(8, 10), " ", line.cut(11, 26))
    return joined(head, " " * 7, 1 + line.number % 3, " ", line.of(SOURCES), "] ", line.text)


def _rfc3164(line: Lines) -> pa.Array:
    day = pc.replace_substring_regex(line.cut(8, 10), "^0", " ")
    head = joined("<", line.of(PRIORITIES, line.severity), ">", _month(line), " ", day, " ", line.cut(11, 19), " node-", line.number % 5)
    return joined(head, " shop-orders[", 300 + line.number % 30_000, "]: ", line.text)


FORMATS: dict[str, Callable[[Lines], pa.Array]] = {
    "kubelet": lambda line: joined(line.cut(0, 29), "Z ", _app(line)),
    "kubelet-trim": _trimmed,
    "cri": _cri,
    "klog": _klog,
    "python": _python,
    "rfc3164": _rfc3164,
    "nginx": _nginx,
    "json": _json,
    "logfmt": _logfmt,
}


def joined(*parts: Any) -> pa.Array:
    """Words, numbers and columns, one after the other; one of them at least is a column."""
    return pc.binary_join_element_wise(*(pa.array(part).cast(pa.string()) if isinstance(part, np.ndarray) else part for part in parts), "")


def hex_digits(numbers: np.ndarray[Any, Any], digits: int) -> pa.Array:
    """So many digits, from the lowest."""
    return letters(HEX[numbers.astype(">i8").view("u1").reshape(-1, 8)[:, 8 - digits // 2 :]].view("u1"))


def letters(rows: np.ndarray[Any, Any]) -> pa.Array:
    """Words of one length, a row of bytes each."""
    count, width = rows.shape
    ends = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(rows)))


def _month(line: Lines) -> pa.Array:
    return line.of(MONTHS, (line.at[:, 5:7] - ord("0")) @ np.array([10, 1], np.uint8) - 1)


def _quoted(texts: pa.Array) -> pa.Array:
    return joined('"', pc.replace_substring(texts, '"', '\\"'), '"')
