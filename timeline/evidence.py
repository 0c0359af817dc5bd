"""Evidence read back: every reply through its reader and the normaliser, in a fixed order, offline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from ..collectors.compiled import awaits
from ..collectors.errors import BadPayload, ConfigError, SourceError
from ..collectors.evidence import Failure, Reply, indexes
from ..collectors.raw import Raw
from ..collectors.registry import collector
from ..collectors.window import Window
from ..normalize.facts import normal_facts, unread
from ..normalize.inner_lines import InnerLines, alike
from ..normalize.lines import AS_RECEIVED, Correction, normal_lines
from .facts import facts_of
from .line_held import Places
from .line_store import LineStore
from .rows import NODE, Fact, Series, Stream
from .sample_store import SampleStore

Part = tuple[str, str]
# Namespace, pod, container, ref of the reply.
Place = tuple[str, str, str, str]
Kept = dict[str, list[Raw]]


@dataclass
class Tally:
    """Where the records of one part (source, form) went, and the stretch of time they span."""

    counts: Counter[str] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None

    def add(self, outcome: str, count: int = 1) -> None:
        """Count records; every record has exactly one outcome: kept, folded, outside or unreadable."""
        if count:
            self.counts[outcome] += count

    def span(self, *at_ns: int | None) -> None:
        """Widen the stretch seen."""
        for at in at_ns:
            if at is not None:
                self.first_ns = at if self.first_ns is None else min(self.first_ns, at)
                self.last_ns = at if self.last_ns is None else max(self.last_ns, at)


@dataclass
class Read:
    """All evidence of an incident, normalised. `samples` has the window's points; `series` all points, for rules."""

    facts: list[Fact]
    unread: set[int]
    series: list[Series]
    samples: pa.Table
    streams: list[Stream]
    failures: list[Failure]
    replies: dict[str, Reply]
    sources: dict[str, bool]
    tallies: dict[Part, Tally]

    def part(self, ref: str, source: str) -> Part:
        """The part that a ref belongs to."""
        reply = self.replies.get(ref.partition("#")[0])
        return source, reply.form if reply else "other"


def read_evidence(root: Path, window: Window, lines: LineStore, kept: Kept | None = None) -> Read:
    """Read everything below `root`; log lines go to `lines`. A reply that cannot be read becomes a failure and a record.

    `kept`: batches of replies, by ref, that were read already.
    """
    reader = _Reader(window, lines, kept or {})
    found = list(indexes(root))
    awaits(reply.path for index in found for reply in index.replies if reply.form == "log")
    for index in found:
        reader.read.failures += index.failures
        reader.told = {failure.text for failure in index.failures}
        reader.read.sources[index.source] = reader.read.sources.get(index.source, False) or bool(index.replies)
        for reply in sorted(index.replies, key=lambda r: r.ref):
            reader.add(reply)
    return reader.done()


def reread_lines(read: Read, window: Window, lines: LineStore, corrections: Mapping[Place, Correction]) -> None:
    """Read the log lines behind `read` once more, to `lines`, on corrected time; streams and tallies of the logs become those of this reading."""
    reader = _Reader(window, lines, {}, corrections)
    parts = {read.part(stream.ref, source_of(read.replies[stream.ref])) for stream in read.streams}
    for reply in read.replies.values():
        if (source_of(reply), reply.form) in parts:
            reader.add(reply)
    read.streams = reader.read.streams
    read.tallies.update(reader.read.tallies)


def source_of(reply: Reply) -> str:
    """The source whose reader the reply needs; a saved file names it."""
    return reply.about.get("reader") or reply.source


class _Reader:
    """Collects what the replies hold until all are read."""

    def __init__(self, window: Window, lines: LineStore, kept: Kept, corrections: Mapping[Place, Correction] | None = None) -> None:
        self.window, self.lines, self.kept, self.corrections = window, lines, kept, corrections or {}
        self.read = Read([], set(), [], pa.table({}), [], [], {}, {}, {})
        self.raws: list[Raw] = []
        self.samples = SampleStore()
        self.told: set[str] = set()
        self.inner: dict[str, InnerLines] = {}

    def add(self, reply: Reply) -> None:
        """Read one reply; what cannot be read is one unreadable record, and a failure unless its source has told of it (`told`)."""
        self.read.replies[reply.ref] = reply
        if not reply.complete and reply.reason not in self.told:
            self._fail(reply, "cut", reply.reason)
        streams: dict[str, Stream] = {}
        try:
            for raw in self.kept.pop(reply.ref, None) or batches(reply):
                if raw.table == "facts":
                    self.raws.append(raw)
                elif raw.table == "samples":
                    self.samples.add(raw, reply.about, reply.ref, (source_of(reply), reply.form))
                else:
                    self._add_lines(raw, reply, streams)
        except SourceError as error:
            self.samples.drop(reply.ref)
            self._tally(reply).add("unreadable")
            if reply.complete:
                self._fail(reply, error.reason, str(error))
        self.read.streams += streams.values()

    def done(self) -> Read:
        """Everything read, joined."""
        table = normal_facts(self.raws)
        self.read.facts = facts_of(table, {ref: reply.received_at for ref, reply in self.read.replies.items()})
        self.read.unread = {i for i, lost in enumerate(unread(table)) if lost}
        self._join_samples()
        return self.read

    def _join_samples(self) -> None:
        joined = self.samples.join(self.window)
        self.read.series, self.read.samples = joined.series, joined.table
        for part, seen in joined.seen.items():
            tally = self.read.tallies.setdefault(part, Tally())
            for outcome, count in seen.counts.items():
                tally.add(outcome, count)
            tally.span(seen.first_ns, seen.last_ns)

    def _add_lines(self, raw: Raw, reply: Reply, streams: dict[str, Stream]) -> None:
        about = {**{k: reply.about.get(k, "") for k in ("namespace", "pod", "container", "instance")}, **raw.about}
        place = about["namespace"], about["pod"], about["container"], reply.ref
        key = json.dumps(place)
        old = streams.get(key)
        moved = self.corrections.get(place, AS_RECEIVED)
        inner = self.inner.setdefault(key, InnerLines(self.window, self.lines.stamps)) if about.get("stamps") == "inner" else None
        batch, count = normal_lines(replace(raw, about=about), self.window, old.last_ns if old else None, moved, inner)
        if inner and inner.assumed:
            self._say_assumed(reply, inner.settings.zone)
        for rows in alike(batch) if inner else (slice(0, batch.num_rows),):
            places = None if count.begins is None else Places(reply.path, count.begins[rows])
            self.lines.add(place[:3], key, batch.slice(rows.start, rows.stop - rows.start), reply.ref, count.numbers[rows], places)
        tally = self._tally(reply)
        for outcome, number in (("kept", batch.num_rows), ("outside", count.outside), ("unreadable", count.unreadable)):
            tally.add(outcome, number)
        tally.span(count.first_ns, count.last_ns)
        first = old.first_ns if old and old.first_ns is not None else count.first_ns
        received = (old.lines if old else 0) + count.received
        clock = "" if about.get("stamps") == "inner" else about.get("clock", NODE)
        streams[key] = Stream(*place[:3], about["instance"], first, count.last_ns, received, reply.ref, clock, moved[0])

    def _say_assumed(self, reply: Reply, zone: str) -> None:
        what = reply.about.get("file") or reply.ref
        text = f"{what}: lines that name no zone were read as {zone}" + (" (collect --zone says otherwise)" if zone == "UTC" else "")
        said = Failure(source_of(reply), what, "assumed", text, ours=False)
        if said not in self.read.failures:
            self.read.failures.append(said)

    def _tally(self, reply: Reply) -> Tally:
        return self.read.tallies.setdefault((source_of(reply), reply.form), Tally())

    def _fail(self, reply: Reply, reason: str, text: str) -> None:
        self.read.failures.append(Failure(source_of(reply), reply.ref, reason, text))


def batches(reply: Reply) -> Iterator[Raw]:
    """The reader's batches; an answer whose shape no reader foresaw is a BadPayload, not the end of the run."""
    try:
        yield from collector(source_of(reply)).read(reply)
    except (SourceError, ConfigError):
        raise
    except (TypeError, ValueError, KeyError, AttributeError, LookupError, pa.ArrowException, RecursionError) as error:
        raise BadPayload(f"{reply.ref}: the answer has another shape than documented ({type(error).__name__}: {error})") from error
