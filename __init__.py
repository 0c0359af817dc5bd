"""retroline: the telemetry of an incident window as one UTC timeline.

The notebook's door: `retroline.load(path)` gives a `Timeline`, `retroline.excursions(times, values)` the excursions of any
series. Names are imported when first used, so that the command line starts without the libraries that a timeline needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .normalize.stamp_reading import Stamp as Stamp
    from .normalize.stamp_reading import read_stamp as read_stamp
    from .timeline.series import excursions as excursions
    from .timeline.timeline import Timeline as Timeline
    from .timeline.timeline import load as load

__all__ = ["Stamp", "Timeline", "__version__", "excursions", "load", "read_stamp"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("Timeline", "load"):
        from .timeline import timeline

        return getattr(timeline, name)
    if name in ("Stamp", "read_stamp"):
        from .normalize import stamp_reading

        return getattr(stamp_reading, name)
    if name == "excursions":
        from .timeline import series

        return series.excursions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
