"""The live display: per source what, how much, how fast. Quiet when nobody watches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

Tell = Callable[[str, str, int, int], None]


@dataclass
class Doing:
    """What one source is at."""

    what: str = "waiting"
    n_bytes: int = 0
    n_items: int = 0


@contextmanager
def progress(stream: IO[str], sources: list[str]) -> Iterator[Tell]:
    """A function `(source, what, bytes, items)` that adds to the display while the block runs."""
    if not stream.isatty():
        yield lambda source, what, n_bytes, n_items: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

    doing = {name: Doing() for name in sources}
    lock = threading.Lock()
    begun = time.monotonic()

    def tell(source: str, what: str, n_bytes: int, n_items: int) -> None:
        with lock:
            one = doing.setdefault(source, Doing())
            one.what = what
            one.n_bytes += n_bytes
            one.n_items += n_items

    class Display:
        def __rich__(self) -> Table:
            table = Table.grid(padding=(0, 2))
            seconds = max(time.monotonic() - begun, 0.1)
            with lock:
                for name, one in doing.items():
                    table.add_row(name, Text(_plain(one.what)), size(one.n_bytes), f"{one.n_items} items", f"{size(one.n_bytes / seconds)}/s")
            return table

    with Live(Display(), console=Console(file=stream), refresh_per_second=4, transient=True):
        yield tell


def size(n_bytes: float) -> str:
    """`12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:60]
