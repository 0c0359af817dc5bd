"""Container logs against a slow, obviously right reading of them, line by line."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyarrow as pa
from retroline.collectors.blocks import BOM
from retroline.collectors.errors import BadPayload
from retroline.collectors.kubernetes import log_lines
from retroline.collectors.raw import LINES, Raw
from retroline.collectors.window import Window
from retroline.normalize.inner_lines import InnerLines
from retroline.normalize.lines import normal_lines
from retroline.normalize.records import records
from retroline.normalize.severity import LEVELS, severities, severity
from retroline.normalize.stamp_reading import read_stamp
from retroline.normalize.templates import templates
from saved import Room, check_batches, reply, slow_ns

TIME = rb"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d"
RUNTIME = re.compile(rb"(" + TIME + rb"(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d))(?= |\Z)")
PRECISE = re.compile(TIME + rb"\.\d{7,9}(?:[Zz]|[+-]\d\d:\d\d)(?= |\Z)")
TAGS = re.compile(rb"(?:stdout|stderr) ([PF])(?::[^\t\n\f\r ]*)?(?= |\Z)")
PREFIX = re.compile(rb"\[pod/([^/\] ]+)/([^\] ]+)\] ")
REFUSALS = (b"unable to retrieve container logs", b'{"kind":"Status"')
ASKED = ("", "true", "false")
EVER, NOW = Window(0, 2**63 - 1), Window(1_795_223_400 * 10**9, 1_795_224_000 * 10**9)
UNSHOWN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ROOM = Room()


@dataclass
class Line:
    """One line as read slowly."""

    number: int
    stamp: str | None
    text: bytes
    whose: tuple[str, str]


def slowly(body: bytes, asked: str) -> list[Line]:
    """The lines of a log. Bytes; a line ends at LF, one CR before it is taken off."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    whole = body.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in whole[:-1]] + ([whole[-1]] if whole[-1] else [])
    first = [(PREFIX.match(line[:400]), line) for line in lines[:2000]]
    prefixed = any(match for match, _ in first)
    bare = [line[match.end() :] if match else line for match, line in first]
    stamped = [(line, match) for line in bare if (match := RUNTIME.match(line[:48]))]
    cri = bool(stamped) and all(TAGS.match(line[match.end() + 1 :][:48]) for line, match in stamped)
    runtime = asked == "true" or (asked != "false" and (cri or any(PRECISE.match(line[:48]) for line, _ in stamped)))
    found, whose, joined = [], ("", ""), False
    for number, line in enumerate(lines, 1):
        text, stamp = line, None
        if prefixed and (prefix := PREFIX.match(text[:400])):
            text, whose = text[prefix.end() :], (prefix[1].decode("utf-8", "replace"), prefix[2].decode("utf-8", "replace").strip("[] "))
        match = RUNTIME.match(text[:48]) if runtime else None
        if match:
            text, stamp = text[match.end() + 1 :], match[1].decode()
        tags = TAGS.match(text[:48]) if cri and runtime and not prefixed else None
        text = text[tags.end() + 1 :] if tags else text
        if joined:
            found[-1].text += text
        else:
            found.append(Line(number, stamp, text, whose))
        joined = bool(tags) and tags[1] == b"P"
    return found


def log_file(data: bytes) -> None:
    """The first byte says what was asked for. Lines, stamps, texts and whose they are equal the slow reading, and so do their instants."""
    asked, body = ASKED[data[0] % 3] if data else "", data[1:]
    if body[:2] == b"\x1f\x8b":
        packed_log(body)
        return
    raws = list(log_lines.log_lines(reply(ROOM, body, "kubernetes", "log", timestamps=asked)))
    check_batches(raws)
    if raws[0].table == "facts":
        assert body.lstrip(b"\xef\xbb\xbf\t\n\x0b\f\r ").startswith(REFUSALS)
        return
    expected = slowly(body, asked)
    by_stream: dict[tuple[str, str], list[Line]] = {}
    for line in expected:
        by_stream.setdefault(line.whose, []).append(line)
    seen: dict[tuple[str, str], list[tuple[int, str | None, bytes]]] = {}
    for raw in raws:
        rows = zip(*(raw.batch.column(name).to_pylist() for name in ("number", "stamp", "text")), strict=True)
        seen.setdefault((raw.about["pod"], raw.about["container"]), []).extend(rows)
    assert {k: v for k, v in seen.items() if v} == {k: [(line.number, line.stamp, line.text) for line in v] for k, v in by_stream.items()}
    for raw in raws:
        _normal(raw)


def _normal(raw: Raw) -> None:
    """No line lost; each line's instant is that of its stamp, else what its program wrote, else that of the line before; text can be shown."""
    programs = raw.about["stamps"] == "inner"
    for window in (EVER, NOW):
        alone = (
            [_inner_ns(text, window) for text in raw.batch["text"].to_pylist()] if programs else [slow_ns(stamp) for stamp in raw.batch["stamp"].to_pylist()]
        )
        expected = list(accumulate(alone, lambda last, at: last if at is None else at))
        batch, count = normal_lines(raw, window, inner=InnerLines(window) if programs else None)
        assert batch.num_rows + count.outside + count.unreadable == count.received == len(alone)
        batch.validate(full=True)
        at = batch.column("at").cast(pa.int64()).to_pylist()
        assert at == [one for one in expected if one is not None and window.since_ns <= one < window.until_ns]
        assert not any(UNSHOWN.search(text) for text in batch.column("text").to_pylist())


def _inner_ns(text: bytes, window: Window) -> int | None:
    stamp = read_stamp(text, since=window.since_ns, until=window.until_ns)
    return stamp.at_ns if stamp else None


def packed_log(data: bytes) -> None:
    """What follows the packed bytes' damage is lost and said so; what came before is as it was; nothing else is raised."""
    given = reply(ROOM, data, "kubernetes", "log")
    try:
        for raw in log_lines.log_lines(given):
            check_batches([raw])
    except BadPayload:
        return


def cut_log(data: bytes) -> None:
    """A log packed by gzip and cut anywhere gives a beginning of its lines, then BadPayload. Of a byte order mark that is cut itself, what is left is text."""
    share, body = (data[0] + 1) / 256 if data else 1, data[1:]
    if PREFIX.search(body) or body.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(REFUSALS):
        return
    packed = gzip.compress(body, 1)
    whole = _texts(reply(ROOM, body, "kubernetes", "log", timestamps="false"))
    cut = _texts(reply(ROOM, packed[: max(2, round(len(packed) * share))], "kubernetes", "log", timestamps="false"))
    for (number, text), (other, other_text) in zip(cut, whole, strict=False):
        assert number == other
        assert other_text.startswith(text.removesuffix(b"\r")) or (body.startswith(BOM) and BOM.startswith(text))


def _texts(given: object) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    try:
        for raw in log_lines.log_lines(given):
            found += zip(*(raw.batch.column(name).to_pylist() for name in ("number", "text")), strict=True)
    except BadPayload:
        pass
    return sorted(found)


def small_blocks(data: bytes) -> None:
    """Read in blocks of a few bytes, and lines cut at few, no byte of a log without stamps or prefixes is lost or moved."""
    size, longest, body = 1 + (data[0] if data else 0), 64 + (data[1] if len(data) > 1 else 0), data[2:3_000]
    was = log_lines.BLOCK_BYTES, log_lines.LONGEST_LINE
    log_lines.BLOCK_BYTES, log_lines.LONGEST_LINE = size, longest
    try:
        raws = [raw for raw in log_lines.log_lines(reply(ROOM, body, "kubernetes", "log", timestamps="false")) if raw.table == "lines"]
    finally:
        log_lines.BLOCK_BYTES, log_lines.LONGEST_LINE = was
    check_batches(raws)
    if not raws or PREFIX.search(body):
        return
    lines = pa.Table.from_batches([raw.batch for raw in raws], LINES).combine_chunks()
    found: dict[int, bytes] = {}
    for number, text in zip(lines["number"].to_pylist(), lines["text"].to_pylist(), strict=True):
        found[number] = found.get(number, b"") + text
    plain = body.removeprefix(b"\xef\xbb\xbf")
    expected = {i: line.replace(b"\r", b"") for i, line in enumerate(plain.removesuffix(b"\n").split(b"\n") if plain else [], 1)}
    assert {number: text.replace(b"\r", b"") for number, text in found.items()} == expected


def line_words(data: bytes) -> None:
    """Levels do not depend on the batch, records not on where batches end, and equal lines have equal templates."""
    cut, lines = data[0] if data else 0, [line.decode("utf-8", "replace") for line in data[1:].split(b"\n")[:200]]
    column = pa.array(lines, pa.string())
    levels = severities(column)
    assert [severity(line) for line in lines] == [LEVELS[level] for level in levels]
    grave = np.asarray([LEVELS[level] in ("error", "fatal") for level in levels])
    whole = records(column, grave)
    assert len(whole.continues) == len(lines)
    first = records(column[:cut], grave[:cut]) if 0 < cut < len(lines) else None
    if first is not None:
        second = records(column[cut:], grave[cut:], first.open)
        assert [*first.continues, *second.continues] == whole.continues.tolist()
    groups = list(templates(lines))
    assert len(groups) == len(lines)
    assert all(groups[i] == groups[lines.index(text)] for i, text in enumerate(lines))
