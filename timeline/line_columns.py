"""What is said once per batch of lines, as columns: whose they are, how exact their instants."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .column_chunks import Codes
from .line_groups import Rows
from .line_merge import Piece
from .line_texts import Texts
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
        common = [(*(name or None for name in containers[source.container]), *source.precision) for source in sources]
        self._known = list(dict.fromkeys(common))
        numbers = {one: i for i, one in enumerate(self._known)}
        self._common = np.array([numbers[one] for one in common], np.int32)
        resolved = _owners(self._containers)
        self.owners: list[Container] = list(dict.fromkeys(resolved))
        places = {owner: i for i, owner in enumerate(self.owners)}
        self.owner = np.array([places[owner] for owner in resolved], np.int64)[self.container] if sources else self.container
        streams = defaultdict(set)
        for owner, stream in zip(self.owner.tolist(), self.stream.tolist(), strict=True):
            streams[owner].add(stream)
        self.shared = np.array([bool(owner[1]) and len(streams[i]) > 1 for i, owner in enumerate(self.owners)], bool)

    def rows(self, piece: Piece, texts: Texts, level: Codes, template: Codes | None, ids: Sequence[int]) -> Rows:
        """A piece as it is written; `texts`, `level` and `template` (severity, place in `ids`; None: none was looked for) of its lines are given."""
        common = piece.per_source(self._common)
        return Rows(piece.at, texts, piece.column("app_at"), piece.column("truncated"), level, template, ids, common, self._known)


def _owners(containers: Sequence[Container]) -> list[Container]:
    known: dict[tuple[str, str], set[str]] = {}
    for namespace, pod, container in containers:
        known.setdefault((pod, container), set()).update({namespace} - {""})
    return [(next(iter(known[c[1:]])) if not c[0] and len(known[c[1:]]) == 1 else c[0], *c[1:]) for c in containers]
