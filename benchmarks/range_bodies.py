"""Prometheus' range answers from bytes to columns, beside prometheus-api-client's MetricRangeDataFrame on the same bytes.

The bodies are made here (seeded): series of shares, counters, durations and shares with NaN and infinity, 10,000 points each, as Prometheus
3 writes them. Before anything is measured the columns are compared, point by point, with `json` and exact decimals, and with theirs.

    python benchmarks/range_bodies.py [--size tiny|small|medium|large]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import LINES, RUNS, Figure, medians, peak_memory, same
from retroline.collectors.evidence import Reply
from retroline.collectors.prometheus.reader import read
from retroline.normalize.samples import normal_samples

YARDSTICK = "json.loads + MetricRangeDataFrame"
START_S = 1_795_224_000
STEP_S = 15
POINTS_A_SERIES = 10_000
SMALL, LARGE = 100_000, 1_000_000
GOALS = {"tiny": {2_000: ""}, "small": {SMALL: ">= 15"}, "medium": {SMALL: ">= 15", LARGE: ">= 28"}, "large": {SMALL: ">= 15", LARGE: ">= 28"}}
ABOUT = {"name": "n", "query": "q", "step": str(STEP_S)}


@dataclass(frozen=True)
class Held(Reply):
    """A reply whose body is in memory."""

    held: bytes = b""

    def body(self) -> bytes:
        """The whole body."""
        return self.held


def rows(size: str) -> list[Figure]:
    """Seconds for 100,000 points and, from `medium` on, for a million, and then memory too."""
    found = []
    for points, goal in GOALS[size].items():
        for decimals, told in (("", ""), (".137", ", fractions of seconds")):
            body = range_body(points, decimals)
            compare(body)
            ours, theirs = medians(partial(decode, body), partial(their_frame, body), runs=RUNS[size])
            found.append(Figure(f"query_range body → columns, {points:,} points{told}", YARDSTICK, ours, theirs, goal))
    return [*found, *_memory(range_body(LARGE))] if LARGE in GOALS[size] else found


def range_body(points: int, decimals: str = "") -> bytes:
    """An answer of `points` points; all times end in `decimals`."""
    chance = random.Random(points)  # noqa: S311 - made-up values
    series = []
    for i, first in enumerate(range(0, points, POINTS_A_SERIES)):
        texts = _texts(i, min(POINTS_A_SERIES, points - first), chance)
        values = ",".join(f'[{START_S + t * STEP_S}{decimals},"{text}"]' for t, text in enumerate(texts))
        labels = {"__name__": "http:requests", "instance": f"10.1.{i // 250}.{i % 250}:8080", "job": "api", "namespace": "shop", "pod": f"api-{i:04}"}
        series.append(f'{{"metric":{json.dumps(labels, separators=(",", ":"))},"values":[{values}]}}')
    return f'{{"status":"success","data":{{"resultType":"matrix","result":[{",".join(series)}]}}}}'.encode()


def _texts(number: int, count: int, chance: random.Random) -> list[str]:
    """Values of one series: a share, a counter, a duration, or a share with holes."""
    kind = number % 4
    if kind == 1:
        return [str(total) for total in np.cumsum([chance.randrange(500) for _ in range(count)]).tolist()]
    if kind == 2:
        return [repr(round(chance.expovariate(8), 6)) for _ in range(count)]
    texts = [repr(chance.random()) for _ in range(count)]
    if kind == 3:
        texts[:: count // 9 + 1] = ["NaN", "+Inf", "-Inf", "1e+00", "0", "NaN", "5.0000000000000000e-02", "NaN", "1e-09"][: len(texts[:: count // 9 + 1])]
    return texts


def decode(body: bytes) -> list[tuple[Any, ...]]:
    """Ours: batches of times, values and labels."""
    return [normal_samples(raw) for raw in read(Held("prometheus", "query_range", "r.json", Path("r.json"), about=ABOUT, held=body)) if raw.table == "samples"]


def their_frame(body: bytes) -> Any:
    """The frame that prometheus-api-client makes of the same bytes."""
    from prometheus_api_client import MetricRangeDataFrame

    return MetricRangeDataFrame(json.loads(body)["data"]["result"])


def compare(body: bytes) -> None:
    """Times to the nanosecond, values to the last bit, labels: as read one by one; values also as theirs."""
    batches = decode(body)
    at, values = (np.concatenate([batch[i] for batch in batches]) for i in (0, 1))
    labels = [text for batch in batches for text in batch[2].to_pylist()]
    right = [
        (int(Decimal(time).scaleb(9)), float(value), series["metric"])
        for series in json.loads(body, parse_float=str, parse_int=str)["data"]["result"]
        for time, value in series["values"]
    ]
    same(at.tolist(), [one[0] for one in right], "times")
    same(_known(values.tolist()), _known([one[1] for one in right]), "values")
    known = {id(one[2]): json.dumps(one[2], sort_keys=True) for one in right}
    same(labels, [known[id(one[2])] for one in right], "labels")
    same(_known(values.tolist()), _known(their_frame(body)["value"].tolist()), "values beside theirs")


def _known(values: list[float]) -> list[float | None]:
    """NaN as None, which equals itself."""
    return [None if math.isnan(value) else value for value in values]


def _memory(body: bytes) -> list[Figure]:
    """What decoding holds at most beyond the body, in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "body.json")
        path.write_bytes(body)
        held, ours, theirs = (peak_memory([sys.executable, __file__, "--hold", str(path), "--by", by]) for by in ("none", "ours", "theirs"))
    if held is None or ours is None or theirs is None:
        return []
    size = len(body)
    return [
        Figure("memory beyond the body", "the body", (ours - held) / 1e6, size / 1e6, "<= 1.5", "MB"),
        Figure("memory beyond the body", YARDSTICK, (ours - held) / 1e6, (theirs - held) / 1e6, "", "MB"),
    ]


def _hold(path: str, by: str) -> None:
    """A child's job: warm up on a small body, then hold the large one and what is made of it."""
    warm = range_body(2_000)
    decode(warm)
    their_frame(warm)
    body = Path(path).read_bytes()
    kept = decode(body) if by == "ours" else their_frame(body) if by == "theirs" else None
    del kept


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=LINES, default="medium")
    parser.add_argument("--hold", help=argparse.SUPPRESS)
    parser.add_argument("--by", default="none", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.hold:
        _hold(given.hold, given.by)
        return
    for figure in rows(given.size):
        print(f"{figure.what:60} {figure.ours:10.4g} {figure.theirs:10.4g} {figure.unit:3} ratio {figure.ratio:7.2f}  goal {figure.goal or '-'}")


if __name__ == "__main__":
    main()
