"""Container logs as kubelets give them, streamed to batches of time and message: beside `wc -l`, a loop over `fromisoformat`, and pandas.

What we give is first compared, line by line, with a parser that is slow and obviously right, on clean, damaged and sparse logs.

    python benchmarks/kubelet_lines.py [--size tiny|small|medium|large]
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from corpus import write
from measure import LINES, RUNS, Figure, beside, command, peak_memory, same, scratch, use_kernels

STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z(?: |$)")
TAGS = re.compile(rb"std(?:out|err) [PF] ")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Form(NamedTuple):
    """One kind of file: how the corpus calls it, one damaged line in so many, hours per million lines."""

    name: str
    written: str
    dirty: int = 0
    hours: float = 1.0


FORMS = (
    Form("kubelet", "kubelet"),
    Form("kubelet, zeros trimmed", "kubelet-trim"),
    Form("CRI", "cri"),
    Form("kubelet, one line in 50 damaged", "kubelet", dirty=50),
    Form("kubelet, one line a minute", "kubelet", hours=16_667.0),
)
COMPARED = 50_000
MOST_IN_PYTHON = 1_000_000


def rows(size: str) -> list[Figure]:
    """The table. Raises Differs where a line is not what the slow parser says."""
    lines, runs = LINES[size], RUNS[size]
    with scratch() as folder:
        for form in FORMS:
            compare(form, folder / "compared", min(lines, COMPARED))
        found = []
        for form in FORMS:
            found.append(_beside_wc(form, folder / "log", lines, runs))
            if form is FORMS[0]:
                memory = _memory(folder / "log", folder / "tenth", lines, size)
        return [*found, *_beside_python(folder / "log", min(lines, MOST_IN_PYTHON), runs), *memory]


def compare(form: Form, path: Path, lines: int) -> None:
    """Raise Differs unless every line has the time and the message that the slow parser finds."""
    write(form.written, lines, 3, path, dirty=form.dirty, hours=form.hours * lines / 1e6)
    ours = [pair for batch in streamed(path) for pair in zip(batch["at"].cast("int64").to_pylist(), batch["text"].to_pylist(), strict=True)]
    right = list(slowly(path.read_bytes(), cri=form.written == "cri"))
    same(len(ours), len(right), f"{form.name}: lines")
    for i, pair in enumerate(zip(ours, right, strict=True), 1):
        same(*pair, f"{form.name}, line {i}")


def slowly(body: bytes, *, cri: bool) -> Iterator[tuple[int, str]]:
    """Time and shown message of every line; a line without a stamp has the time of the line before, and is left out where there is none."""
    at = None
    for line in body.removesuffix(b"\n").split(b"\n"):
        rest = line.removesuffix(b"\r")
        match = STAMP.match(rest)
        if match:
            whole = datetime.fromisoformat(match[1].decode() + "+00:00") - EPOCH
            at = whole // timedelta(seconds=1) * 10**9 + int((match[2] or b"").ljust(9, b"0"))
            rest = rest[match.end() :]
        tags = TAGS.match(rest) if cri else None
        text = rest[tags.end() if tags else 0 :].decode("utf-8", "replace")
        if at is not None:
            yield at, "".join("\ufffd" if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160) else c for c in text)


def streamed(path: Path) -> Iterator[Any]:
    """What the lines of a container's log become, batch by batch."""
    from retroline.collectors.evidence import Reply
    from retroline.collectors.kubernetes.log_lines import log_lines
    from retroline.collectors.window import Window
    from retroline.normalize.lines import normal_lines

    about = {"namespace": "shop", "pod": "orders-7d9f", "container": "app", "timestamps": "true"}
    last_ns = None
    for raw in log_lines(Reply("kubernetes", "log", path.name, path, about=about)):
        batch, count = normal_lines(raw, Window(-(2**62), 2**62), last_ns)
        last_ns = count.last_ns
        yield batch


def stream(path: Path) -> int:
    """Lines streamed; nothing is kept."""
    return sum(batch.num_rows for batch in streamed(path))


def _beside_wc(form: Form, path: Path, lines: int, runs: int) -> Figure:
    write(form.written, lines, 1, path, dirty=form.dirty, hours=form.hours * lines / 1e6)
    ours, theirs = beside(lambda: stream(path), command("wc", "-l", os.fspath(path)), runs)
    return Figure(f"{form.name}: time and message, streaming", "`wc -l`", ours, theirs, "<= 4")


def _beside_python(path: Path, lines: int, runs: int) -> Iterator[Figure]:
    """Beside what is commonly written, on lines whose stamps have any length, as most have."""
    write("kubelet-trim", lines, 1, path)
    ours, theirs = beside(lambda: stream(path), lambda: loop(path), runs)
    yield Figure("kubelet, zeros trimmed: time and message", "a `datetime.fromisoformat` loop", ours, theirs, ">= 5")
    ours, theirs = beside(lambda: stream(path), _best_pandas(path), runs)
    yield Figure("kubelet, zeros trimmed: time and message", "pandas, the faster of two ways", ours, theirs, ">= 15")


def loop(path: Path) -> int:
    """Times to the microsecond, which is all that `datetime` holds, and messages, in batches."""
    count, times, texts = 0, [], []
    with path.open("rb") as file:
        for line in file:
            stamp, _, text = line.rstrip(b"\n").partition(b" ")
            times.append(datetime.fromisoformat(stamp.decode()))
            texts.append(text)
            count += 1
            if count % 65_536 == 0:
                times, texts = [], []
    return count


def _best_pandas(path: Path) -> Callable[[], object] | None:
    """The faster of two ways to part lines at their first space; None without pandas. A cut at one place is faster, but wrong."""
    try:
        import pandas as pd
    except ImportError:
        return None

    def lines() -> Any:
        return pd.read_csv(path, sep="\x01", header=None, names=["line"], quoting=3)["line"]

    def times(stamps: Any) -> Any:
        return pd.to_datetime(stamps, format="ISO8601", utc=True).dt.as_unit("ns")

    def split() -> object:
        parts = lines().str.split(" ", n=1, expand=True)
        return times(parts[0]), parts[1]

    def extract() -> object:
        parts = lines().str.extract(r"^(\S+) (.*)$")
        return times(parts[0]), parts[1]

    split_s, extract_s = beside(split, extract, 1)
    return split if extract_s is None or split_s <= extract_s else extract


def _memory(whole: Path, tenth: Path, lines: int, size: str) -> list[Figure]:
    """Anonymous memory of a process that streams `whole`, beside its input, and beside a process that streams a tenth of it."""
    write(FORMS[0].written, lines // 10, 1, tenth)
    words = (sys.executable, os.fspath(Path(__file__).resolve()), "--stream")
    peaks = [peak_memory((*words, os.fspath(path))) for path in (tenth, whole)]
    if None in peaks:
        return []
    small_mb, large_mb = (peak / 1e6 for peak in peaks if peak is not None)
    what, large = f"kubelet: most anonymous memory while streaming {lines:,} lines", size == "large"
    return [
        Figure(what, "the input", large_mb, whole.stat().st_size / 1e6, "<= 0.1" if large else "", "MB"),
        Figure(what, "a tenth of the lines", large_mb, small_mb, "<= 1.2" if large else "", "MB"),
    ]


def main() -> None:
    """Print the table, or stream one file (`--stream`, for the memory that it takes)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=LINES, default="small")
    parser.add_argument("--stream", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    use_kernels()
    if given.stream:
        print(f"{stream(given.stream):,} lines")
        return
    for figure in rows(given.size):
        theirs = "not installed" if figure.theirs is None else f"{figure.theirs:.4f} {figure.unit}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        print(f"{figure.what:70} {figure.ours:.4f} {figure.unit}  {figure.yardstick}: {theirs}  {ratio} ({figure.goal or 'no goal'})")


if __name__ == "__main__":
    main()
