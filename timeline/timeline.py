"""A built incident as pandas frames: what a notebook opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from ..collectors.window import Window
from .frames import frames

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("events", "lines", "samples", "milestones", "durations", "coverage")
LARGE = ("lines", "samples")


def load(path: str | Path) -> Timeline:
    """The timeline of an incident folder. Raises ConfigError where `path` is none, or has not been built."""
    folder = Path(path)
    if not (folder / "events.parquet").is_file():
        raise ConfigError(f"{folder} is no built incident: it has no events.parquet")
    return Timeline({name: folder / f"{name}.parquet" for name in TABLES})


class Timeline:
    """One incident. Frames have a UTC index with nanoseconds; nothing is read before it is asked for.

    `events`: one row per instant worth reading; `lines`: one per log line; `samples`: one per metric point (see the tables'
    page in the documentation for columns). `milestones` is indexed by name, `coverage` has one row per source and part.
    """

    def __init__(self, places: Mapping[str, Path]) -> None:
        self.places = dict(places)
        self._tables: dict[str, pa.Table] = {}
        self._reports: dict[tuple[bool, bool], str] = {}

    @property
    def id(self) -> str:
        """The incident's id."""
        return self.told["id"]

    @property
    def window(self) -> Window:
        """`[since, until)` of the incident."""
        return Window(int(self.told["since_ns"]), int(self.told["until_ns"]))

    @cached_property
    def events(self) -> pd.DataFrame:
        """Events by `at`; `labels` are dicts, `witnesses` lists of dicts."""
        table = self.table("events")
        frame = _frame(table.drop_columns(["labels", "witnesses"]), "at")
        frame["labels"] = [dict(pairs or ()) for pairs in table["labels"].to_pylist()]
        frame["witnesses"] = table["witnesses"].to_pylist()
        return frame

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Log lines by `at`."""
        return _frame(self.table("lines"), "at")

    @cached_property
    def samples(self) -> pd.DataFrame:
        """Metric points by `at`; `name` and `labels` are categories."""
        return _frame(self.table("samples"), "at")

    @cached_property
    def milestones(self) -> pd.DataFrame:
        """Milestones by name: earliest, best, latest, method, event_ids."""
        return self.table("milestones").to_pandas().set_index("name")

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """What was covered, where records went, and what could not be had."""
        return self.table("coverage").to_pandas()

    def durations(self, profile: str | None = None) -> pd.DataFrame:
        """Durations of one profile, or of all stored: name, profile, from, to, low_s, best_s, high_s, event_ids, why.

        The profiles that others publish (`azure`, `pagerduty`, …; see `timeline.published`) are computed when they are named.
        """
        from .published import PUBLISHED, chosen

        if profile in PUBLISHED:
            return frames().DataFrame(chosen(self, [profile]))
        frame = self.table("durations").to_pandas()
        return frame if profile is None else frame[frame["profile"] == profile].reset_index(drop=True)

    def segments(self) -> pd.DataFrame:
        """Where the minutes went: TTD and TTA in segments that sum exactly; duration, profile, from, to, ns, low_s, best_s, high_s, knob, merged, event_ids."""
        from .segments import COLUMNS, segment_rows

        return frames().DataFrame(segment_rows(self), columns=list(COLUMNS))

    def clocks(self) -> pd.DataFrame:
        """How far each clock is off: clock, against, low_s, best_s, high_s, proven, zone, correction_s, inner, why; ahead is positive."""
        from .clock_text import COLUMNS, clock_rows

        return frames().DataFrame(clock_rows(self), columns=list(COLUMNS))

    def impact(self) -> pd.DataFrame:
        """Impact in numbers: requests, failed and share (0 to 1) from impact to recovery; name, low, best, high, query, alert, why (it is blank)."""
        from .impact_text import COLUMNS, impact_rows

        return frames().DataFrame(impact_rows(self), columns=list(COLUMNS))

    def to_markdown(self, *, names: bool = False, everything: bool = False) -> str:
        """The report. `names` shows people by name, `everything` shows every row."""
        from .report import markdown

        if (names, everything) not in self._reports:
            self._reports[names, everything] = markdown(self, names=names, everything=everything)
        return self._reports[names, everything]

    def to_json(self) -> str:
        """One object: window, events, milestones, durations, coverage, accounting; keys as the columns."""
        from .export import as_json

        return as_json(self)

    def table(self, name: str) -> pa.Table:
        """One table as stored, see `normalize.tables`. Raises ConfigError when it cannot be read."""
        if name in self._tables:
            return self._tables[name]
        path = self.places[name]
        try:
            table = pq.ParquetFile(path).read()
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from error
        if name not in LARGE:
            self._tables[name] = table
        return table

    @cached_property
    def told(self) -> dict[str, str]:
        """What `build` said beside the tables: id, since_ns, until_ns, scope, services, set_aside (event ids)."""
        raw = self.table("events").schema.metadata or {}
        told = {k.decode().removeprefix("retroline."): v.decode() for k, v in raw.items() if k.startswith(b"retroline.")}
        if not {"id", "since_ns", "until_ns"} <= told.keys():
            raise ConfigError(f"{self.places['events']} was not written by retroline")
        return told

    def _repr_html_(self) -> str:
        """Notebooks show the milestones."""
        shown: Any = self.milestones[["best", "method"]]
        return str(shown.to_html())

    def __repr__(self) -> str:
        """Its folder, window and size."""
        return f"<retroline.Timeline {json.dumps(self.id)} {len(self.events)} events>"


def _frame(table: pa.Table, index: str) -> pd.DataFrame:
    return table.to_pandas().set_index(index)
