"""What is said once per batch of lines, as columns: whose they are, how exact their instants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..normalize.severity import LEVELS
from .line_file import WRITTEN
from .line_merge import Piece
from .line_waiting import Source

# Namespace, pod, container; "" where unknown.
Container = tuple[str, str, str]
Numbers = npt.NDArray[np.int64]

PRECISION = ("correction_ns", "before_ns", "after_ns")


class Columns:
    """Of all sources: `container`, `stream` and `owner` by source; `shared` tells which owners have several streams.

    The owner of a container without namespace is the same container in the only namespace known for its pod, if there is one.
    """

    def __init__(self, sources: Sequence[Source], containers: Sequence[Container]) -> None:
        self._containers = list(containers)
        self.container = np.array([source.container for source in sources], np.int64)
        self.stream = np.array([source.stream for source in sources], np.int64)
        self._precision = {name: np.array([source.precision[i] for source in sources], np.int64) for i, name in enumerate(PRECISION)}
        resolved = _owners(self._containers)
        self.owners: list[Container] = list(dict.fromkeys(resolved))
        places = {owner: i for i, owner in enumerate(self.owners)}
        self.owner = np.array([places[owner] for owner in resolved], np.int64)[self.container] if sources else self.container
        streams = defaultdict(set)
        for owner, stream in zip(self.owner.tolist(), self.stream.tolist(), strict=True):
            streams[owner].add(stream)
        self.shared = np.array([bool(owner[1]) and len(streams[i]) > 1 for i, owner in enumerate(self.owners)], bool)

    def table(self, piece: Piece, text: pa.Array, level: npt.NDArray[np.int32], ids: npt.NDArray[np.int32] | None) -> pa.Table:
        """A piece as WRITTEN; `text`, `level` and `ids` (severity and template, None: none was looked for) of its lines are given."""
        container = piece.per_source(self.container)
        columns: dict[str, pa.Array] = {
            "at": pa.array(piece.at).view(WRITTEN.field("at").type),
            "severity": coded(level, LEVELS),
            "template_id": pa.nulls(len(level), pa.int32()) if ids is None else pa.array(ids),
            "text": text if pa.types.is_string(text.type) else text.cast(pa.string()),
            "app_at": piece.column("app_at"),
            "truncated": piece.column("truncated"),
        }
        for i, name in enumerate(("namespace", "pod", "container")):
            columns[name] = coded(container, [one[i] or None for one in self._containers])
        for name in PRECISION:
            columns[name] = pa.array(piece.per_source(self._precision[name]))
        return pa.Table.from_arrays([columns[name] for name in WRITTEN.names], schema=WRITTEN)


def _owners(containers: Sequence[Container]) -> list[Container]:
    known: dict[tuple[str, str], set[str]] = {}
    for namespace, pod, container in containers:
        known.setdefault((pod, container), set()).update({namespace} - {""})
    return [(next(iter(known[c[1:]])) if not c[0] and len(known[c[1:]]) == 1 else c[0], *c[1:]) for c in containers]


def coded(codes: npt.NDArray[np.integer], values: Sequence[str | None]) -> pa.DictionaryArray:
    """`values` by number, as a dictionary; None is null."""
    known = [value for value in dict.fromkeys(values) if value is not None]
    place = {value: i for i, value in enumerate(known)}
    places = np.array([-1 if value is None else place[value] for value in values], np.int32)[codes]
    missing = places < 0
    indices = pa.array(places, pa.int32(), mask=missing) if missing.any() else pa.array(places, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, pa.string()))
