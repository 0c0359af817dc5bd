"""Log lines on their way from many streams into one sorted Parquet file; of each line, only what it says is held in memory, as a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..collectors.compiled import Compiled
from ..normalize.stamp_settings import AS_SHIPPED, StampSettings
from ..normalize.templates import template_id
from .line_columns import PRECISION, Columns, Container, Numbers
from .line_doubles import doubles
from .line_file import LinesFile
from .line_held import Places
from .line_merge import Piece, merged
from .line_texts import Texts
from .line_waiting import Source, Waiting, nanoseconds, size_of
from .line_words import Keys, Words
from .log_templates import Counting, First, Said, told
from .rows import Template

KERNELS = Compiled(__package__, "lines_compiled")


@dataclass(frozen=True)
class Named:
    """The template of each mask, by number; the id of each template; what is counted of them."""

    template: Keys
    ids: list[int]
    counting: Counting

    def count(self, piece: Piece, key: Keys, columns: Columns, line: Callable[[Numbers, int], First]) -> Keys:
        """Count the records of a piece, whose lines' keys are `key`; the template of each line. `line` tells of the nth of some lines."""
        said: Keys = self.template[key >> 4]
        rows = np.flatnonzero(key & 1)
        self.counting.add(Said(piece.at[rows], piece.per_source(columns.owner)[rows], said[rows], (key >> 1 & 7)[rows]), lambda place: line(rows, place))
        return said


class LineStore:
    """Takes batches of `normalize.tables.LINES` in any order, writes them in order of `at`.

    Lines wait in an Arrow file beside the result. Where two streams are of one container (a log saved twice, or while it
    ran and after), lines of equal stamp and text count once per stream's own repetition. After `write`, `templates` has what they
    say: `severity` and `template_id` of a line are those of its record.

    `by`: how templates are found, one of people.TEMPLATES; by none, there are none. `stamps`: how stamps inside lines are read. Raises ConfigError
    where drain3 is to and is not installed.
    """

    def __init__(self, place: Path, by: str = "masks", stamps: StampSettings = AS_SHIPPED) -> None:
        self.stamps = stamps
        self._words, self._by = Words(by), by
        self._waiting = Waiting(place / ".lines.arrow.part", stamps)
        self._sources: list[Source] = []
        self._containers: dict[Container, int] = {}
        self._streams: dict[str, int] = {}
        self.templates: list[Template] = []

    def add(  # noqa: PLR0917 - a batch, and what is known of it
        self, container: Container, stream: str, batch: pa.RecordBatch, ref: str = "", numbers: Numbers | None = None, places: Places | None = None
    ) -> None:
        """Keep one batch of one stream of a container; `ref` and `numbers` say where in the evidence its lines stand.

        `places`: where their texts stand in a file as they are here; it is looked at once more in `write`.
        The columns of `PRECISION` have one value each, namespace, pod and container are the container's; severity, template and `app_at` are found here.
        """
        if not batch.num_rows:
            return
        at = nanoseconds(batch.column("at"))
        ordered = bool((at[1:] >= at[:-1]).all())
        self._sources.append(
            Source(
                self._containers.setdefault(container, len(self._containers)),
                self._streams.setdefault(stream, len(self._streams)),
                ref,
                _short(numbers),
                tuple(_only(batch, name) for name in PRECISION),
                len(at),
                size_of(batch.column("text")),
                int(at[0] if ordered else at.min()),
                int(at[-1] if ordered else at.max()),
                ordered,
            )
        )
        self._waiting.put(batch, self._sources[-1].precision[0], places)
        self._words.add(stream, batch.column("text"))

    def write(self, path: Path, workloads: Mapping[str, str] | None = None) -> int:
        """Write everything to `path` as Parquet, sorted; returns how many lines were doubles and left out.

        `workloads`: pod → workload, where it is known better than by the pod's name.
        """
        self._waiting.end()
        self._words.end()
        file = LinesFile(path)
        metadata = None
        try:
            left_out = self._write(file, workloads or {})
            metadata = {"retroline.templates": told(self.templates), "retroline.templates_by": self._by}
        finally:
            file.close(metadata)
        self.close()
        return left_out

    def close(self) -> None:
        """Remove the waiting file."""
        self._words.close()
        self._waiting.close()

    def _write(self, file: LinesFile, workloads: Mapping[str, str]) -> int:
        columns = Columns(self._sources, list(self._containers))
        named = None if self._by == "none" else self._named(columns, workloads)
        left_out = 0
        kernels = KERNELS.module()
        for merged_piece in merged(self._sources, self._waiting.held):
            piece, texts = self._once(merged_piece, merged_piece.texts(kernels), columns)
            left_out += len(merged_piece.at) - len(piece.at)
            key = piece.per_row(self._words.keys)
            template = None if named is None else named.count(piece, key, columns, partial(self._line, piece, texts))
            file.write(columns.rows(piece, texts, key >> 1 & 7, template, named.ids if named else ()))
        self.templates = named.counting.templates() if named else []
        return left_out

    def _named(self, columns: Columns, workloads: Mapping[str, str]) -> Named:
        found = self._words.templates(_used(self._words.keys, len(self._words.masks)))
        names = sorted(set(found.values()))
        known = {name: i for i, name in enumerate(names)}
        template = np.zeros(len(self._words.masks), np.int32)
        template[list(found)] = [known[name] for name in found.values()]
        return Named(template, [template_id(name) for name in names], Counting(names, columns.owners, workloads))

    def _once(self, piece: Piece, texts: Texts, columns: Columns) -> tuple[Piece, Texts]:
        """The piece without doubles."""
        if not columns.shared.any():
            return piece, texts
        owner, stream = piece.per_source(columns.owner), piece.per_source(columns.stream)
        double = doubles(piece.at, owner, stream, columns.shared, lambda rows: texts.some(rows).array())
        return (piece.without(double), texts.some(~double)) if double.any() else (piece, texts)

    def _line(self, piece: Piece, texts: Texts, rows: Numbers, place: int) -> First:
        """Text and ref of one of the chosen rows of a piece."""
        row = int(rows[place])
        number, within = piece.origin(row)
        ref, numbers = self._sources[number].ref, self._sources[number].numbers
        line = numbers + within if isinstance(numbers, int) else int(numbers[within])
        return First(texts.some(slice(row, row + 1)).array()[0].as_py(), f"{ref}#line {line}" if line > 0 else ref)


def _short(numbers: Numbers | None) -> Numbers | int:
    """Line numbers, or the first of them where they go on by one; a number below 1 is unknown."""
    if numbers is None or not len(numbers):
        return -(1 << 40)
    return int(numbers[0]) if numbers[-1] - numbers[0] == len(numbers) - 1 else numbers


def _only(batch: pa.RecordBatch, name: str) -> int:
    """The one value of a column of 64 bits without nulls."""
    values = nanoseconds(batch.column(name))
    if (values != values[0]).any():
        raise ValueError(f"lines of one batch have one {name}")
    return int(values[0])


def _used(keys: Sequence[Keys], masks: int) -> Numbers:
    """The masks that are some line's."""
    used = np.zeros(masks, bool)
    for key in keys:
        used[key >> 4] = True
    return np.flatnonzero(used)
