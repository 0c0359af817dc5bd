"""Lines that no runtime stamped: the instant that the program wrote into each is the only one there is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.window import Window
from .stamp_reading import Stamp, explain
from .stamp_streams import StampStream
from .stamps import NONE_NS, Nanoseconds

OTHER_ZONE = "+01:00"


class InnerLines:
    """Reads one stream of such lines. The window settles a missing year or date; where no zone is written, `zone` is taken.

    `assumed` is True once a line was read in `zone` because it names none.
    """

    def __init__(self, window: Window, zone: str = "UTC") -> None:
        self.window, self.zone = window, zone
        self.assumed = False
        self._stream = StampStream(zone=zone, since_ns=window.since_ns, until_ns=window.until_ns)
        self._asked: set[str] = set()
        self._last = (0, 1)

    def times(self, texts: pa.Array) -> tuple[Nanoseconds, Nanoseconds, Nanoseconds]:
        """Instants (NONE_NS for a line without one), and how far before and after the true one may lie; as LINES has them.

        A line without an instant of its own has the uncertainty of the line before, to which it belongs.
        """
        found = self._stream.read(texts)
        known = found.at_ns != NONE_NS
        last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
        before, after = (
            np.where(last >= 0, widths[np.maximum(last, 0)], carried) for widths, carried in zip((found.before_ns, found.after_ns), self._last, strict=True)
        )
        if len(known):
            self._last = int(before[-1]), int(after[-1])
        self._ask(texts, found.layout, found.names)
        return found.at_ns, before, after

    def _ask(self, texts: pa.Array, layout: npt.NDArray[np.int32], names: list[str]) -> None:
        """Look once per layout whether a line of it reads otherwise in another zone: then it names none."""
        for number, name in enumerate(names):
            rows = np.flatnonzero(layout == number) if name not in self._asked and not self.assumed else ()
            if len(rows):
                self._asked.add(name)
                text = texts[int(rows[0])].as_py()
                readings = [explain(text, zone=zone, since=self.window.since_ns, until=self.window.until_ns) for zone in (self.zone, OTHER_ZONE)]
                first, second = (reading.at_ns if isinstance(reading, Stamp) else NONE_NS for reading in readings)
                self.assumed |= first != second
