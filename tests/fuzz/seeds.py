"""Good inputs for each target: recorded answers with their lists cut short, log lines, samples of stamp layouts, and what people write."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reply_targets import NAMES, SOURCES
from retroline.collectors.registry import collector
from retroline.collectors.template import TEMPLATE
from retroline.normalize.layouts import layouts

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
MOST, LONGEST = 40, 6_000
KEEP = 2

HEADS = (b"", b"[pod/web-1/app] ")
LOGS = (
    b"2026-11-21T01:20:00.123456789Z up\n2026-11-21T01:20:01Z down\n\tat once\r\n",
    b"2026-11-21T01:20:00.123456789Z stdout F whole\n2026-11-21T01:20:00.2Z stderr P half \n2026-11-21T01:20:00.3Z stderr F done\n",
    b'{"ts": "2026-11-21T01:20:00.5Z", "level": "error", "msg": "no"}\nTraceback (most recent call last):\n  File "x"\nValueError: x\n',
    b"2026-11-21T03:20:00.1234567+02:00 ERROR x\n\xff\xfe\x00\x1b[31mred\x1b[0m\n\nunable to\n",
    b"unable to retrieve container logs for containerd://x",
    b'{"kind":"Status","apiVersion":"v1","message":"no","code":404}',
    b"",
)
EXPRESSIONS = (
    "service:http_errors:ratio_rate30s{service='checkout'} > 0.05 and on (service) sum by (service) (rate(http_requests_total[5m])) > 1",
    "histogram_quantile(0.99, sum by (le) (rate(x_bucket{code=~'5..|4..'}[1m30s]))) >= 2 * 1e3 unless absent(up == 0)",
    "1 - avg_over_time(up[1h:5m]) > bool -0.5 or 3 < x offset 5m < 9",
    'sum(rate(a{code=~"5.."}[1m])) / sum(rate(a[1m])) * 100 > 5 # comment',
    "vector(1) != 2 ^ 3 % 4 atan2 1",
)
TIMES = ("2026-11-21T01:20:00Z", "2026-11-21T01:20+01:00", "now", "2h", "1.5d", "2026-11-21 01:20:00.5 -0900", "2026-11-21")
STAMPS = (*TIMES, "0001-01-01T00:00:00Z", "2262-04-11T23:47:16.854775807Z", "1795223400.123", "1.795223400123e9", "-5", "2026-12-31T23:59:60,999999999Z")
WAITS = (
    *("120", "9" * 400, "Sat, 21 Nov 2026 01:21:00 GMT", "Sat, 21 Nov 2026 01:21:00 +0100"),
    *("Sat, 21 Nov 77777777777777777777 01:21:00 GMT", "Sat, 21 Nov 2026 01:21:00 +0100000000000000000000", "Sat, 21 Nov 7771888994 01:21:00 GMT"),
)
PEOPLE = """[incident]
id = "x"
service = "checkout"
depends_on = ["payments"]

[window]
since = "2026-11-21T01:19:35Z"   # the beginning
until = 2026-11-21T01:27:06Z

[[milestone]]
name = "mitigated"
at = "2026-11-21T01:24:57Z"

[[note]]
at = "2026-11-21T01:22:00Z"
text = "called"
by = "A"

[durations]
time_to_rollback = ["detected", "mitigation_started"]
"""
STAMPS = """
[stamps]
zone = "Europe/Berlin"

[[stamps.layout]]
name = "mill"
pattern = '^mill (?P<epoch_s>[0-9]+)'
sample = "mill 1795168800"
expected = 2026-11-20T10:00:00Z
"""
INDEX = (
    {"type": "started", "at": "2026-11-21T01:30:00Z", "settings": "s"},
    {"type": "reply", "key": "a", "source": "prometheus", "form": "query", "ref": "r1/prometheus/a.json", "status": 200, "about": {"name": "x"}, "asked_at": "",
     "received_at": "", "date": "", "complete": True, "reason": ""},
    {"type": "failure", "source": "prometheus", "what": "b", "reason": "gone", "text": "t", "since": "", "until": "", "ours": False, "subject": ""},
    {"type": "finished", "at": "2026-11-21T01:31:00Z"},
)  # fmt: skip
CELLS = ("a | b", "<b>x</b> &amp; `c`", "snake_case _x_ [l](u) ~~s~~ $x$", "\x1b[31m\u202ered\u2066", "a" * 300, "\\|", "&lt;")


@cache
def seeds(target: str) -> tuple[bytes, ...]:
    """Some good inputs of a target, the byte that chooses included."""
    return tuple(dict.fromkeys(one[:LONGEST] for one in MAKERS[target]()))


def _texts(*given: str) -> Iterator[bytes]:
    yield from (one.encode("utf-8", "surrogatepass") for one in given)


def _logs() -> Iterator[bytes]:
    recorded = [_unpacked(path)[:3_000] for path in sorted(FIXTURES.rglob("logs/*/*"))[:12]]
    for i, body in enumerate((*LOGS, *recorded)):
        for head in HEADS:
            yield bytes([i % 3]) + b"\n".join(head + line if line else b"" for line in body.split(b"\n"))


def _chunks() -> Iterator[bytes]:
    for size in (1, 7, 100, 4096):
        for body in LOGS:
            parts = (body[start : start + size] for start in range(0, len(body), size))
            wire = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            yield from (bytes([piece]) + wire + end for piece in (0, 60, 255) for end in (b"0\r\n\r\n", b"0;a=b\r\nC: d\r\n\r\n", b""))


def _cut_logs() -> Iterator[bytes]:
    yield b"c\xef\xbb\xbf':1e-400"  # cut within its byte order mark
    yield from (bytes([share]) + body[1:] for body in _logs() for share in (100, 250))


def _packed_logs() -> Iterator[bytes]:
    yield from _logs()
    yield from (b"\0" + gzip.compress(body) for body in LOGS[:3])


def _block_logs() -> Iterator[bytes]:
    yield from (bytes([size, 0]) + body[1:] for body in _logs() for size in (5, 200))


def _lines() -> Iterator[bytes]:
    """Samples of stamp layouts, one in each input, and a few together."""
    samples = [sample.text.encode() for layout in layouts() for sample in layout.samples]
    yield from (bytes([i % 10]) + text for i, text in enumerate(samples))


def _streams() -> Iterator[bytes]:
    samples = [one[1:] for one in _lines()]
    for i in range(0, len(samples), 3):
        yield bytes([i % 10]) + b"\n".join([samples[i]] * 4 + samples[i + 1 : i + 3] * 2)
    yield from (bytes([i]) + body for i, body in enumerate(LOGS))


def _answers(*sources: str) -> Iterator[bytes]:
    """Recorded answers, each with the byte of its form."""
    for path in sorted(FIXTURES.rglob("*.json*")):
        body = _unpacked(path)
        try:
            document = json.loads(body)
        except ValueError:
            document = json.loads(body.split(b"\n")[0]) if body[:1] == b"{" else None
        for source in sources:
            form = collector(source).recognise(document, path.name)
            forms = [known for _, known in SOURCES[source]]
            if form in ("query", "query_range"):
                yield bytes([form == "query"]) + _short(document)
            elif form in forms:
                yield bytes([forms.index(form)]) + (b"\n".join(body.split(b"\n")[:2]) if form == "history" else _short(document))


def _series() -> Iterator[bytes]:
    yield from (one for one in _answers("prometheus") if b'"resultType"' in one)
    histogram = {"metric": {"a": "\u00e9"}, "histograms": [[1795223400.5, {"count": "3", "sum": "1.5", "buckets": [[0, "1", "2", "3"]]}]]}
    for form in (0, 1):
        yield bytes([form]) + json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [histogram]}}).encode()
        yield bytes([form]) + b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"NaN"],[2.5,"+Inf"],[1e3,"-1e-3"]]}]}}'


def _files() -> Iterator[bytes]:
    exchange = {"request": {"path": "/api/v1/namespaces/a/pods/b/log", "query": {"container": "c"}}, "response": {"status": 200, "body": LOGS[0].decode()}}
    packed = gzip.compress(LOGS[0])
    for i in range(len(NAMES)):
        yield bytes([i]) + (*LOGS[:6], json.dumps(exchange).encode(), packed, packed[:-9])[i % 9]
    yield from (bytes([i % len(NAMES)]) + one[1:] for i, one in enumerate(_answers(*SOURCES)))


def _index() -> Iterator[bytes]:
    yield b"".join(json.dumps(line).encode() + b"\n" for line in INDEX)
    yield from (json.dumps(line).encode() + b"\n" for line in INDEX)


def _settings() -> Iterator[bytes]:
    yield TEMPLATE.encode()
    yield "\n".join(line.removeprefix("# ") if "=" in line or "[" in line else line for line in TEMPLATE.splitlines()).encode()
    yield b'[stamps]\nzone = "UTC"\n[[stamps.layout]]\nname = "x"\npattern = "^(?P<epoch_s>[0-9]+)"\nsample = "1"\nexpected = "1970-01-01T00:00:01Z"\n'
    yield b'[prometheus]\nurl = "http://x:1"\nstep_s = 15\n[[prometheus.query]]\nname = "q"\nexpr = "x"\nthreshold = "> 5 %"\n'


def _unpacked(path: Path) -> bytes:
    body = path.read_bytes() if path.is_file() else b""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _short(document: Any) -> bytes:
    return json.dumps(_cut(document)).encode()


def _cut(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _cut(value) for key, value in thing.items()}
    return [_cut(one) for one in thing[:KEEP]] if isinstance(thing, list) else thing


MAKERS = {
    "chunks": _chunks,
    "log": _packed_logs,
    "log-cut": _cut_logs,
    "log-blocks": _block_logs,
    "log-words": _logs,
    "stamp": _lines,
    "stamps": _streams,
    "api-stamps": lambda: _texts("\n".join(STAMPS), *STAMPS),
    "http-date": lambda: _texts("Sat, 21 Nov 2026 01:20:00 GMT", "Sun, 31 Dec 2016 23:59:60 GMT"),
    "retry-after": lambda: _texts(*WAITS),
    "time-option": lambda: _texts(*TIMES),
    "series": _series,
    **{source: (lambda source=source: (one for one in _answers(source) if b'"resultType"' not in one)) for source in SOURCES},
    "saved-file": _files,
    "index": _index,
    "promql": lambda: _texts(*EXPRESSIONS),
    "settings": _settings,
    "people": lambda: _texts(PEOPLE, PEOPLE.replace('"', "'"), PEOPLE + STAMPS),
    "markdown": lambda: _texts(*CELLS),
    "file-name": lambda: _texts("a/b", "..", "logs of x", "\u00e9" * 200),
}
