"""retroline: the telemetry of an incident window as one UTC timeline.

The notebook's door: `retroline.load(path)` gives a `Timeline`, `retroline.archived(path, since, until)` those of an archive,
`retroline.excursions(times, values)` the excursions of any series, `retroline.milestones_from_rows(rows, tz=…, date=…)` the
milestones of a timeline that people wrote, `retroline.templates(lines)` the group of every log line. Names are imported when first
used, so that the command line starts without the libraries that a timeline needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .normalize.stamp_reading import Stamp as Stamp
    from .normalize.stamp_reading import read_stamp as read_stamp
    from .normalize.templates import templates as templates
    from .timeline.catalogue import archived as archived
    from .timeline.postmortem import milestones_from_rows as milestones_from_rows
    from .timeline.series import excursions as excursions
    from .timeline.timeline import Timeline as Timeline
    from .timeline.timeline import load as load

__all__ = ["Stamp", "Timeline", "__version__", "archived", "excursions", "load", "milestones_from_rows", "read_stamp", "templates"]
__version__ = "0.1.0"

WHERE = {
    "Stamp": ".normalize.stamp_reading",
    "Timeline": ".timeline.timeline",
    "archived": ".timeline.catalogue",
    "excursions": ".timeline.series",
    "load": ".timeline.timeline",
    "milestones_from_rows": ".timeline.postmortem",
    "read_stamp": ".normalize.stamp_reading",
    "templates": ".normalize.templates",
}


def __getattr__(name: str) -> Any:
    if name in WHERE:
        return getattr(import_module(WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
