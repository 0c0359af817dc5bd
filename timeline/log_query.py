"""Log lines read back from `lines.parquet`: only the row groups that may hold them, only the columns that are asked for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..collectors.errors import ConfigError
from ..collectors.window import rfc3339
from ..normalize.masks import COLOURS
from ..normalize.severity import LEVELS
from .services import workload_of
from .text import CONTROL

KEYS = ["namespace", "pod", "container", "template_id", "severity"]
COLUMNS = ["at", *KEYS, "text"]
SEVERITIES = tuple(level for level in LEVELS if level)
LONGEST = 100_000


@dataclass(frozen=True)
class Query:
    """What lines are wanted: at least that grave, of templates by id or by words, matching an RE2 pattern, in [since, until), of a pod."""

    severity: str | None = None
    template: str | None = None
    grep: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    pod: str | None = None


def lines(path: Path, query: Query, limit: int | None = None) -> Iterator[str]:
    """The lines in order of time, safe for a terminal: instant, container, severity, text. The last says how many `limit` left out."""
    shown, left = 0, 0
    for table in found(path, query):
        taken = table if limit is None else table.slice(0, max(limit - shown, 0))
        shown += len(taken)
        left += len(table) - len(taken)
        for row in taken.set_column(taken.schema.get_field_index("at"), "at", taken["at"].cast(pa.int64())).to_pylist():
            yield f"{rfc3339(row['at'])}  {_place(row['pod'], row['container'])}  {row['severity'] or '-':7}  {plain(row['text'])}"
    if left:
        yield f"… {left} more lines"


def table(path: Path, query: Query) -> Iterator[str]:
    """One line per workload's container, template and severity, the most frequent first: lines, first and last instant, whose, id, template.

    Namespaces are told where there are several.
    """
    known = templates(path)
    counts: dict[tuple[str, str, str, int, str], list[int]] = defaultdict(lambda: [0, 1 << 62, 0])
    for part in found(path, query):
        timed = part.set_column(part.schema.get_field_index("at"), "at", part["at"].cast(pa.int64()))
        for row in timed.group_by(KEYS).aggregate([("at", "count"), ("at", "min"), ("at", "max")]).to_pylist():
            owner = row["namespace"] or "", workload_of(row["pod"] or ""), row["container"] or ""
            one = counts[*owner, row["template_id"] or 0, row["severity"] or ""]
            one[:] = [one[0] + row["at_count"], min(one[1], row["at_min"]), max(one[2], row["at_max"])]
    several = len({namespace for namespace, *_ in counts}) > 1
    places = {owner: _place(*owner[0 if several else 1 :]) for owner in {key[:3] for key in counts}}
    width = max([len("workload"), *map(len, places.values())])
    yield f"{'lines':>9}  {'severity':8}  {'first':24}  {'last':24}  {'workload':{width}}  {'id':>10}  template"
    for key, (count, first, last) in sorted(counts.items(), key=lambda item: (-item[1][0], item[0])):
        place, severity, said = places[key[:3]], key[4] or "-", plain(known.get(key[3], "-"))
        yield f"{count:>9}  {severity:8}  {rfc3339(first, 3):24}  {rfc3339(last, 3):24}  {place:{width}}  {key[3]:>10}  {said}"


def _place(*names: str | None) -> str:
    return plain("/".join(name for name in names if name)) or "-"


def templates(path: Path) -> dict[int, str]:
    """Id → text of the templates that the file tells of. Raises ConfigError where none were looked for."""
    told = _opened(path).metadata.metadata or {}
    if told.get(b"retroline.templates_by") == b"none":
        raise ConfigError("the incident was built without templates: `retroline build DIR --templates masks` makes it with them")
    return {int(number): str(text) for number, text in json.loads(told.get(b"retroline.templates", b"{}")).items()}


def found(path: Path, query: Query) -> Iterator[pa.Table]:
    """Matching lines, row group by row group. Raises ConfigError for a pattern or a template that cannot be looked for."""
    file = _opened(path)
    ids = _ids(path, query.template)
    for group in range(file.num_row_groups):
        if _may_hold(file.metadata.row_group(group), query):
            part = file.read_row_group(group, columns=COLUMNS)
            kept = part.filter(_mask(part, query, ids))
            if len(kept):
                yield kept


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _ids(path: Path, wanted: str | None) -> list[int] | None:
    """The templates meant: by number, or all that hold the words."""
    if wanted is None:
        return None
    known = templates(path)
    if wanted.isascii() and wanted.isdigit():
        return [int(wanted)]
    ids = [number for number, text in known.items() if wanted.casefold() in text.casefold()]
    if not ids:
        raise ConfigError(f"no template holds {wanted!r}; `retroline logs … --templates` lists them")
    return ids


def _may_hold(group: Any, query: Query) -> bool:
    """Whether a row group's instants reach into the query's; one without statistics may hold anything."""
    at = next(group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == "at")
    if not at.is_stats_set or not at.statistics.has_min_max:
        return True
    first, last = at.statistics.min_raw, at.statistics.max_raw
    return (query.until_ns is None or first < query.until_ns) and (query.since_ns is None or last >= query.since_ns)


def _mask(part: pa.Table, query: Query, ids: list[int] | None) -> pa.Array:
    at = np.asarray(part["at"].cast(pa.int64()).to_numpy())
    kept = np.ones(len(at), bool)
    if query.since_ns is not None:
        kept &= at >= query.since_ns
    if query.until_ns is not None:
        kept &= at < query.until_ns
    if query.severity:
        kept &= _is(pc.is_in(part["severity"], pa.array(SEVERITIES[: SEVERITIES.index(query.severity) + 1])))
    if ids is not None:
        kept &= _is(pc.is_in(part["template_id"], pa.array(ids, pa.int64()).cast(pa.int32(), safe=False)))
    if query.pod:
        kept &= _is(pc.starts_with(part["pod"], query.pod))
    if query.grep:
        kept &= _is(_matches(part["text"], query.grep))
    return pa.array(kept)


def _matches(text: pa.ChunkedArray, pattern: str) -> pa.ChunkedArray:
    try:
        return pc.match_substring_regex(text, pattern)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{pattern!r} is no pattern in RE2's syntax: {error}") from error


def _is(flags: Any) -> np.ndarray:
    return np.asarray(pc.fill_null(flags, False).to_numpy(), bool)


def plain(text: str) -> str:
    """`text` as one line without colours and without what a terminal would act on; tabs become blanks."""
    return CONTROL.sub(" ", COLOURS.sub("", text[:LONGEST]))
