"""Lines that no runtime stamped: the instant that the program wrote into each is the only one there is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.window import Window
from .stamp_columns import InnerStamps
from .stamp_reading import Stamp, explain
from .stamp_settings import AS_SHIPPED, StampSettings
from .stamps import NONE_NS, Nanoseconds

# At any moment at most one of them reads like a given zone.
OTHER_ZONES = ("+01:00", "-01:00")
MINUTE_NS = 60_000_000_000

Width = int | Nanoseconds


class InnerLines:
    """Reads one stream of such lines. The window settles a missing year or date; where no zone is written, that of the settings is taken.

    `assumed` is True once a line was read in this zone because it names none.
    """

    def __init__(self, window: Window, settings: StampSettings = AS_SHIPPED) -> None:
        self.window, self.settings = window, settings
        self.assumed = False
        self._stream = settings.stream(window)
        self._asked: set[str] = set()
        self._last = (0, 1)

    def times(self, texts: pa.Array) -> tuple[Nanoseconds, Width, Width]:
        """Instants (NONE_NS for a line without one), and how far before and after the true one may lie; as LINES has them, one number where it is all lines'.

        A line without an instant of its own has the uncertainty of the line before, to which it belongs. Lines read together are taken as no
        more exact than the least exact of them, but for those of an hour that clocks show twice or not at all.
        """
        found = self._stream.read(texts)
        self._ask(texts, found.layout, found.names)
        if usual := self._usual(found):
            self._last = usual if len(found.at_ns) else self._last
            return found.at_ns, *usual
        before, after = self._filled(found)
        if len(after):
            self._last = int(before[-1]), int(after[-1])
        return found.at_ns, before, after

    def _usual(self, found: InnerStamps) -> tuple[int, int] | None:
        """How exact the lines are where all are as exact as the least exact of them; None where that is not so."""
        count = len(found.at_ns)
        carried = self._last if count and found.at_ns[0] == NONE_NS else (0, 1)
        most = max(int(found.after_ns.max(initial=1)), carried[1])
        if found.before_ns.any() or carried[0] or most > MINUTE_NS:
            return None
        return 0, most

    def _filled(self, found: InnerStamps) -> tuple[Nanoseconds, Nanoseconds]:
        known = found.at_ns != NONE_NS
        last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
        before, after = (
            np.where(last >= 0, widths[np.maximum(last, 0)], carried) for widths, carried in zip((found.before_ns, found.after_ns), self._last, strict=True)
        )
        usual = (before == 0) & (after <= MINUTE_NS)
        after[usual] = after[usual].max(initial=1)
        return before, after

    def _ask(self, texts: pa.Array, layout: npt.NDArray[np.int32], names: list[str]) -> None:
        """Look once per layout whether a line of it reads otherwise in another zone: then it names none."""
        for number, name in enumerate(names):
            if name in self._asked or self.assumed:
                continue
            rows = layout == number
            if not rows.any():
                continue
            self._asked.add(name)
            self.assumed = self._follows_the_settings(texts[int(rows.argmax())].as_py())

    def _follows_the_settings(self, text: str | bytes) -> bool:
        """Whether the line is read in the settings' zone, and otherwise in another: a count since 1970 is not, nor letters that only this zone explains."""
        found = self._stamp(text, self.settings.zone)
        if found is None or found.zone != self.settings.zone:
            return False
        others = (self._stamp(text, zone) for zone in OTHER_ZONES)
        return any(other is None or other.at_ns != found.at_ns for other in others)

    def _stamp(self, text: str | bytes, zone: str) -> Stamp | None:
        found = explain(text, zone=zone, since=self.window.since_ns, until=self.window.until_ns, extra=self.settings.layouts)
        return found if isinstance(found, Stamp) else None


def alike(batch: pa.RecordBatch) -> Iterator[slice]:
    """The rows of a batch of LINES in runs that are equally exact."""
    before, after = (batch.column(name).to_numpy() for name in ("before_ns", "after_ns"))
    cuts = np.flatnonzero((np.diff(before) != 0) | (np.diff(after) != 0)) + 1
    bounds = [0, *cuts.tolist(), batch.num_rows]
    return (slice(first, last) for first, last in pairwise(bounds))
