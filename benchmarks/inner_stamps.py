"""Logs that no runtime stamped, streamed to batches of time and message by what programs wrote: beside `wc -l`, a loop, and pandas.

What we give is first compared, line by line, with a parser of each format that is slow and obviously right: on clean and sparse logs every line,
on damaged ones every line that is whole; what is left of the others must read as `retroline.read_stamp` reads it alone, and a line without a time
has that of the line before.

pandas too has to be right before it is measured: the time of every line that is whole and none for any other, on clean and on damaged logs. To cut
the stamp out at fixed places and parse it takes least, but gives times to lines that are none (`2026-11-21 07:00:00,1` of one cut short), and
`read_csv` drops empty lines and stops at bytes that are no UTF-8 unless it is told otherwise; so the whole form is asked for by `str.match`, which
takes a sixth of what `str.extract` does, and letters are replaced only where reading without that failed. It reads all lines as we do, at once or in
pieces of PIECE lines: the faster of both counts.

    python benchmarks --only inner_stamps [--size tiny|small|medium|large]
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from corpus import BEGIN_NS, write
from measure import LINES, RUNS, Figure, beside, command, medians, same, scratch

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = {name: i for i, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)}
HOUR_NS = 3_600_000_000_000
COMPARED, FEW = 20_000, 6_000
NAT = -(2**63)
MOST_IN_PYTHON = 1_000_000
# At ten million lines pieces of this size take least, of 20,000 to a million.
PIECE = 65_536
DIRTY, SPARSE_HOURS = 50, 16_667.0


class Form(NamedTuple):
    """A format: how a whole line of it begins, how a loop and pandas read that; the sparse log of one without years ends within one."""

    name: str
    whole: str
    loop: Callable[[str], datetime]
    pandas: Callable[[Any, Any], Any]
    hours: float = SPARSE_HOURS


def _year(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC)


def _clf(text: str) -> datetime:
    return datetime.strptime(text[text.index("[") + 1 :][:26], "%d/%b/%Y:%H:%M:%S %z")


FORMS = (
    Form(
        "klog",
        r"[IWEF](?P<m>\d\d)(?P<d>\d\d) (?P<t>\d\d:\d\d:\d\d)\.(?P<f>\d{6}) +\d+ \S+:\d+\] ",
        lambda line: _year(datetime.fromisoformat(f"2026-{line[1:3]}-{line[3:5]}T{line[6:21]}")),
        lambda pd, line: pd.to_datetime("2026" + line.str.slice(1, 21), format="%Y%m%d %H:%M:%S.%f", errors="coerce", utc=True),
        4_000.0,
    ),
    Form(
        "python",
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d) (?P<t>\d\d:\d\d:\d\d),(?P<f>\d{3}) [A-Z]+ \S+: ",
        lambda line: _year(datetime.fromisoformat(line[:23])),
        lambda pd, line: pd.to_datetime(line.str.slice(0, 23), format="%Y-%m-%d %H:%M:%S,%f", errors="coerce", utc=True),
    ),
    Form(
        "rfc3164",
        r"<\d+>(?P<b>[A-Z][a-z]{2}) (?P<d>[ \d]\d) (?P<t>\d\d:\d\d:\d\d) \S+ \S+\[\d+\]: ",
        lambda line: datetime.strptime(f"2026 {line[line.index('>') + 1 :][:15]} +0000", "%Y %b %d %H:%M:%S %z"),
        lambda pd, line: pd.to_datetime("2026 " + line.str.slice(5, 20), format="%Y %b %d %H:%M:%S", errors="coerce", utc=True),
        4_000.0,
    ),
    Form(
        "nginx",
        r"[\d.]+ - \S+ \[(?P<d>\d\d)/(?P<b>[A-Z][a-z]{2})/(?P<y>\d{4}):(?P<t>\d\d:\d\d:\d\d) \+0000\] ",
        _clf,
        lambda pd, line: pd.to_datetime(line.str.partition(" [")[2].str.slice(0, 26), format="%d/%b/%Y:%H:%M:%S %z", errors="coerce", utc=True),
    ),
    Form(
        "json",
        r'\{"ts":"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)T(?P<t>\d\d:\d\d:\d\d)\.(?P<f>\d{3})Z",',
        lambda line: datetime.fromisoformat(json.loads(line)["ts"]),
        lambda pd, line: pd.to_datetime(line.str.slice(7, 31), format="ISO8601", errors="coerce", utc=True),
    ),
)


def rows(size: str) -> list[Figure]:
    """The table. Raises Differs where a line is not what the slow parser says."""
    lines, runs = LINES[size], RUNS[size]
    found = []
    with scratch() as folder:
        for form in FORMS:
            for dirty, hours in ((0, 1.0), (DIRTY, 1.0), (0, form.hours)):
                compare(form, folder / "compared", COMPARED if lines > COMPARED else FEW, dirty, hours)
        for form in FORMS:
            found += [_beside_wc(form, folder / "log", lines, runs, "", 0, 1.0)]
            found += [_beside_wc(form, folder / "log", lines, runs, f", one line in {DIRTY} damaged", DIRTY, 1.0)]
            found += [_beside_wc(form, folder / "log", lines, runs, ", sparse", 0, form.hours)]
            found += _beside_loop(form, folder / "log", min(lines, MOST_IN_PYTHON), min(runs, 3))
            found += _beside_pandas(form, folder / "log", lines, min(runs, 3))
    return found


def compare(form: Form, path: Path, lines: int, dirty: int, hours: float) -> None:
    """Raise Differs unless every line has the time that the slow parser finds, or, damaged, that it has when it is read alone."""
    write(form.name, lines, 3, path, dirty=dirty, hours=hours * lines / 1e6 if hours > 1 else hours)
    window = _window(hours)
    ours = [pair for batch in streamed(path, window) for pair in zip(batch["at"].cast("int64").to_pylist(), batch["text"].to_pylist(), strict=True)]
    body = [line.removesuffix(b"\r") for line in path.read_bytes().removesuffix(b"\n").split(b"\n")]
    right = list(_expected(form, body, window))
    same(len(ours), len(right), f"{form.name}: lines")
    for number, pair in enumerate(zip(ours, right, strict=True), 1):
        same(*pair, f"{form.name}, line {number}")
    for way in _pandas(form, path, keep=True) if hours == 1.0 else ():
        found = [None if at == NAT else at for times in way() for at in times.astype("datetime64[ns, UTC]").astype("int64").tolist()]
        for number, (at, text) in enumerate(zip(found, body, strict=True), 1):
            same(at, slowly(form, text), f"{form.name}, pandas, line {number}, {text!r}")


def _expected(form: Form, body: list[bytes], window: tuple[int, int]) -> Iterator[tuple[int, str]]:
    """Time and shown message of every line in the window; lines before the first time are left out."""
    import retroline

    at = None
    for text in body:
        time = slowly(form, text)
        if time is None:
            alone = retroline.read_stamp(text, since=window[0], until=window[1])
            time = alone.at_ns if alone else None
        at = at if time is None else time
        if at is not None and window[0] <= at < window[1]:
            yield at, "".join("\ufffd" if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160) else c for c in text.decode("utf-8", "replace"))


def slowly(form: Form, text: bytes) -> int | None:
    """The time of a whole line of the format; None for anything else, and where colours or broken letters stand in its beginning."""
    match = re.match(form.whole, text.decode("utf-8", "replace"), re.ASCII)
    if match is None:
        return None
    said = match.groupdict()
    month = MONTHS[said["b"]] if "b" in said else int(said["m"])
    year = int(said.get("y") or (2026 if month > 10 else 2027))
    hour, minute, second = map(int, said["t"].split(":"))
    whole = datetime(year, month, int(said["d"]), hour, minute, second, tzinfo=UTC) - EPOCH
    return whole // timedelta(seconds=1) * 10**9 + int(said.get("f", "").ljust(9, "0"))


def _window(hours: float) -> tuple[int, int]:
    return BEGIN_NS - HOUR_NS, BEGIN_NS + int((hours + 1) * HOUR_NS)


def streamed(path: Path, window: tuple[int, int]) -> Iterator[Any]:
    """What the lines of a log become, batch by batch."""
    from retroline.collectors.evidence import Reply
    from retroline.collectors.kubernetes.log_lines import log_lines
    from retroline.collectors.window import Window
    from retroline.normalize.inner_lines import InnerLines
    from retroline.normalize.lines import normal_lines

    wanted, last_ns = Window(*window), None
    inner = InnerLines(wanted)
    for raw in log_lines(Reply("kubernetes", "log", path.name, path, about={"container": "app", "timestamps": "false"})):
        batch, count = normal_lines(raw, wanted, last_ns, inner=inner)
        last_ns = count.last_ns
        yield batch


def stream(path: Path, window: tuple[int, int]) -> int:
    """Lines streamed; nothing is kept."""
    return sum(batch.num_rows for batch in streamed(path, window))


def _beside_wc(form: Form, path: Path, lines: int, runs: int, how: str, dirty: int, hours: float) -> Figure:  # noqa: PLR0917 - one call per row, side by side
    write(form.name, lines, 1, path, dirty=dirty, hours=hours)
    ours, theirs = beside(lambda: stream(path, _window(hours)), command("wc", "-l", os.fspath(path)), runs)
    return Figure(f"{form.name}{how}: time and message, streaming", "`wc -l`", ours, theirs, "<= 7")


def _beside_loop(form: Form, path: Path, lines: int, runs: int) -> list[Figure]:
    write(form.name, lines, 1, path)
    ours, theirs = beside(lambda: stream(path, _window(1.0)), lambda: loop(form, path), runs)
    return [Figure(f"{form.name}: time and message", "a `datetime` loop", ours, theirs, ">= 5")]


def _beside_pandas(form: Form, path: Path, lines: int, runs: int) -> list[Figure]:
    write(form.name, lines, 1, path)
    ours, *theirs = medians(lambda: stream(path, _window(1.0)), *_pandas(form, path), runs=runs)
    return [Figure(f"{form.name}: time and message", "pandas, the faster of two ways", ours, min(theirs, default=None), ">= 15")]


def loop(form: Form, path: Path) -> int:
    """Times to the microsecond, which is all that `datetime` holds, and messages; a line without a time has that of the line before."""
    count, times, texts, at = 0, [], [], EPOCH
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            with suppress(ValueError, KeyError):
                at = form.loop(line)
            times.append(at)
            texts.append(line)
            count += 1
            if count % 65_536 == 0:
                times, texts = [], []
    return count


def _pandas(form: Form, path: Path, *, keep: bool = False) -> list[Callable[[], list[Any]]]:
    """The job of pandas, in each way: the lines, and the time of each that is whole; times are returned where they are to be kept."""
    try:
        import pandas as pd
    except ImportError:
        return []
    whole = re.sub(r"\(\?P<\w+>", "(?:", form.whole)
    how = {"sep": "\x01", "header": None, "names": ["line"], "quoting": 3, "skip_blank_lines": False, "lineterminator": "\n", "keep_default_na": False}

    def times(given: Any) -> Iterator[Any]:
        for part in given:
            at = form.pandas(pd, part["line"]).where(part["line"].str.match(whole))
            if keep:
                yield at

    def run(pieces: bool) -> list[Any]:
        def read(errors: str) -> list[Any]:
            found = pd.read_csv(path, encoding_errors=errors, chunksize=PIECE if pieces else None, **how)
            return list(times(found if pieces else [found]))

        try:
            return read("strict")
        except UnicodeDecodeError:
            return read("replace")

    return [lambda: run(False), lambda: run(True)]
