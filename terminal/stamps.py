"""`retroline stamps`: how each line of a file was read, so that a wrong or a missing instant can be understood."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..collectors.errors import ConfigError
from ..collectors.settings import read_config
from ..collectors.window import rfc3339_short
from ..normalize.shown import shown_text
from ..normalize.stamp_reading import Stamp, explain
from ..normalize.stamp_settings import said_stamps, stamp_settings
from .times import parse_time

LONGEST = 1 << 20
SHOWN = 160
# As stamp_reading ends its reason.
INCOMPLETE = "no valid or no complete time"


def stamp_lines(path: Path, options: Mapping[str, Any], config_path: Path | None, now_ns: int, say: Callable[[str], None]) -> Iterator[bytes]:
    """One UTF-8 line per line of the file: number, instant, layout or why there is none, zone, and the line itself.

    `options` are zone, since and until; the configuration may add layouts. A file may be plain, gzip or zstd by its name. The part of
    a line beyond 1 MiB is passed over. Remarks go to `say`. Raises ConfigError for a file that cannot be read, or an unknown zone or time.
    """
    said = said_stamps(read_config(config_path).get("stamps", {}), str(config_path), options["zone"])
    settings = stamp_settings(said, str(config_path))
    since, until = (options[k] and parse_time(options[k], now_ns, f"--{k}") for k in ("since", "until"))
    incomplete = 0
    for number, line in enumerate(_lines(path), 1):
        if number == 1:
            yield _row("line", "instant", "layout", "zone", "text")
        found = explain(line, zone=settings.zone, since=since or None, until=until or None, extra=settings.layouts)
        told = (rfc3339_short(found.at_ns), found.format, found.zone) if isinstance(found, Stamp) else ("-", found.why, "-")
        incomplete += told[1].endswith(INCOMPLETE)
        yield _row(str(number), told[0], safe(told[1]), safe(told[2]), safe(line))
    if incomplete and not (since and until):
        say(f"{incomplete:,} of {number:,} lines may lack a year or a date: --since and --until settle it")


def _row(number: str, instant: str, layout: str, zone: str, text: str) -> bytes:
    return f"{number:>8}  {instant:30}  {layout:24}  {zone:8}  {text}\n".encode("utf-8", "replace")


def safe(text: str | bytes) -> str:
    """Text from outside, without what a terminal would act on, cut to what fits a line of the listing."""
    part = text[: SHOWN * 4].encode("utf-8", "replace") if isinstance(text, str) else text[: SHOWN * 4]
    shown: str = shown_text(pa.array([part], pa.binary()))[0].as_py()
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with io.BufferedReader(pa.input_stream(str(path), compression="detect")) as stream:
            while line := stream.readline(LONGEST):
                yield line.rstrip(b"\r\n")
                while not line.endswith(b"\n") and (line := stream.readline(LONGEST)):
                    continue
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
