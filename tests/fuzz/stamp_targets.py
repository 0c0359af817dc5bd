"""Inner stamps: no time that a line's own digits do not tell, and one by one the same as columns at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
from retroline.collectors.errors import ConfigError
from retroline.normalize import stamp_streams
from retroline.normalize.epochs import FILETIME_1970, TAI64_1970
from retroline.normalize.http_date import MONTHS, http_date_ns
from retroline.normalize.stamp_columns import InnerStamps, inner_stamps
from retroline.normalize.stamp_reading import Stamp, head, read_stamp
from retroline.normalize.stamps import NONE_NS, instant_ns, instants
from retroline.normalize.zones import ABBREVIATIONS, zone_of
from retroline.terminal.times import parse_time
from saved import slow_ns

ZONES = ("UTC", "Europe/Paris", "-09:30", "America/New_York", "+05:45")
SINCE_NS, UNTIL_NS = 1_795_223_400 * 10**9, 1_795_227_000 * 10**9
WINDOWS = ((None, None), (SINCE_NS, UNTIL_NS))
DAY_NS = 86_400 * 10**9
NO_DIGITS = bytes.maketrans(b"0123456789", b"..........")


def one_line(data: bytes) -> None:
    """The first byte chooses zone and window. A stamp is told by the line's digits; without digits there is none."""
    zone, (since, until) = _choice(data)
    line = data[1:]
    stamp = read_stamp(line, zone=zone, since=since, until=until)
    assert read_stamp(line.translate(NO_DIGITS), zone=zone, since=since, until=until) is None
    if stamp is not None:
        check_told(head(line), stamp, dated=since is None)


def many_lines(data: bytes) -> None:
    """Lines read one by one, all at once, and in batches of one stream have the same stamps, with and without the runtime's."""
    zone, (since, until) = _choice(data)
    lines = data[1:].split(b"\n")[:60]
    texts = pa.array(lines, pa.binary())
    runtime = np.array([SINCE_NS + i * 10**9 for i in range(len(lines))], np.int64)
    for given in (None, runtime):
        alone = [read_stamp(line, zone=zone, since=since, until=until, runtime_ns=None if given is None else int(given[i])) for i, line in enumerate(lines)]
        assert _told(inner_stamps(texts, zone=zone, since_ns=since, until_ns=until, runtime_ns=given)) == [_row(one) for one in alone]
        assert _streamed(texts, zone, since, until, given) == [_row(one) for one in alone]


def _streamed(texts: pa.Array, zone: str, since: int | None, until: int | None, runtime: np.ndarray | None) -> list[tuple[int, int, int, str] | None]:
    """In three batches, with what is learnt of a stream after many lines learnt at once."""
    few, stamp_streams.FEW = stamp_streams.FEW, 0
    try:
        stream = stamp_streams.StampStream(zone=zone, since_ns=since, until_ns=until)
        third = len(texts) // 3
        ends = [0, third, 2 * third, len(texts)]
        parts = [stream.read(texts[a:b], None if runtime is None else runtime[a:b]) for a, b in pairwise(ends)]
    finally:
        stamp_streams.FEW = few
    return [row for part in parts for row in _told(part)]


def _told(found: InnerStamps) -> list[tuple[int, int, int, str] | None]:
    return [
        None if at == NONE_NS else (int(at), int(before), int(after), found.names[layout])
        for at, before, after, layout in zip(found.at_ns, found.before_ns, found.after_ns, found.layout, strict=True)
    ]


def _row(stamp: Stamp | None) -> tuple[int, int, int, str] | None:
    return None if stamp is None else (stamp.at_ns, stamp.before_ns, stamp.after_ns, stamp.format)


def _choice(data: bytes) -> tuple[str, tuple[int | None, int | None]]:
    first = data[0] if data else 0
    return ZONES[first % len(ZONES)], WINDOWS[first // len(ZONES) % len(WINDOWS)]


def check_told(line: bytes, stamp: Stamp, *, dated: bool) -> None:
    """Raises AssertionError where the line's digits do not tell the instant: as a count, or as a wall clock in the stamp's zone."""
    digits = re.sub(rb"[.,]", b"", line)
    counts = [str(stamp.at_ns).rstrip("0"), str(stamp.at_ns // 100 + FILETIME_1970)]
    if any(count.encode() in digits for count in counts) or _tai64n(stamp.at_ns) in line.lower():
        return
    assert any(_wall(line, stamp, at_ns, dated=dated) for at_ns in _readings(stamp)), f"{line[:300]!r} does not tell {stamp}"


def _tai64n(at_ns: int) -> bytes:
    return f"{at_ns // 10**9 + TAI64_1970:016x}{at_ns % 10**9:08x}".encode()


def _readings(stamp: Stamp) -> list[int]:
    """What the wall clock of the stamp's zone may have shown, in nanoseconds counted as if it were UTC."""
    letters, bias = ABBREVIATIONS.get(stamp.zone), re.fullmatch(r"[+-]\d{3}", stamp.zone)
    if bias:
        offsets = {int(stamp.zone) * 60.0}
    elif letters:
        offsets = {float(letters[0])}
    elif letters == ():
        offsets = {quarter * 900.0 for quarter in range(-48, 57)}
    else:
        zone = zone_of(stamp.zone)
        at = datetime.fromtimestamp(stamp.at_ns // 10**9, UTC)
        nearby = (at + timedelta(seconds=s) for s in (0, -7200, 7200))
        offsets = {float(zone)} if isinstance(zone, int) else {one.astimezone(zone).utcoffset().total_seconds() for one in nearby}
    return [stamp.at_ns + int(offset) * 10**9 + late for offset in offsets for late in {0, stamp.before_ns, stamp.after_ns}]


def _wall(line: bytes, stamp: Stamp, at_ns: int, *, dated: bool) -> bool:
    """Whether the digits of hour, minute, second and fraction follow each other in the line, and day and year stand there too."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_ns // 10**9)
    fraction = f"{at_ns % 10**9:09}".rstrip("0").encode()
    readings = [(at.hour, at.minute, at.second), (at.hour % 12 or 12, at.minute, at.second)]
    if at.second == 0:
        before = at - timedelta(seconds=1)
        readings += [(before.hour, before.minute, 60), (before.hour % 12 or 12, before.minute, 60)]
    if not (at.hour or at.minute or at.second):
        readings.append((24, 0, 0))
    for hour, minute, second in readings:
        end = rb"\D{0,3}" + fraction if fraction else b""
        tail = rb"\D{0,3}%02d" % second + end
        tail = tail if second or fraction else b"(?:" + tail + b")?"
        if re.search(rb"0?%d\D{0,3}%02d" % (hour, minute) + tail, line):
            return not dated or _dated(line, at) or _dated(line, at - timedelta(seconds=1))
    return False


def _dated(line: bytes, at: datetime) -> bool:
    week = at.isocalendar()
    days = (at.day, at.timetuple().tm_yday, week.week)
    return b"%02d" % (at.year % 100) in line or b"%02d" % (week.year % 100) in line if any(b"%d" % day in line for day in days) else False


def api_stamps(data: bytes) -> None:
    """Lines as stamps of the four APIs: one by one, as a column, and exact arithmetic agree."""
    texts = data.decode("utf-8", "replace").split("\n")[:40]
    column = pa.array(texts, pa.string())
    for some in (column, pa.concat_arrays([column] * 30), column[1:]):
        expected = [slow_ns(text) for text in some.to_pylist()]
        assert [None if at == NONE_NS else at for at in instants(some, "rfc3339").tolist()] == expected
        for layout, unit in (("epoch_s", 10**9), ("epoch_ms", 10**6), ("epoch_us", 1000), ("epoch_ns", 1)):
            columns = [None if at == NONE_NS else at for at in instants(some, layout).tolist()]
            assert columns == [instant_ns(text, layout) for text in some.to_pylist()]
            for text, at in zip(some.to_pylist(), columns, strict=True):
                assert at is None or at == int(Fraction(text) * unit), (text, at)
    assert [instant_ns(text) for text in texts] == [slow_ns(text) for text in texts]


def http_date(data: bytes) -> None:
    """A date that is read is, written again, the same text."""
    text = data.decode("utf-8", "replace")
    at_ns = http_date_ns(text)
    if at_ns is None:
        return
    at = datetime.fromtimestamp(at_ns // 10**9, UTC)
    again = {f"{one:%d} {MONTHS[one.month - 1]} {one.year:04} {one:%H:%M}:{s:02} GMT" for one, s in ((at, at.second), (at - timedelta(seconds=60), 60))}
    assert text[5:] in again


def retry_after(data: bytes) -> None:
    """How long a server asks to wait: none that is known, or seconds, for all three who talk to servers."""
    import httpx
    from retroline.collectors import http
    from retroline.collectors.kubernetes import client
    from retroline.collectors.prometheus import verdict

    text = data.decode("latin-1").replace("\r", " ").replace("\n", " ").replace("\0", " ")
    headers = httpx.Headers({"Retry-After": text.encode("latin-1"), "Date": b"Sat, 21 Nov 2026 01:20:00 GMT"})
    answer = SimpleNamespace(headers=headers)
    for wait_s in (http._wait_s(answer), client._wait_s(answer), verdict._retry_after(headers)):
        assert wait_s is None or wait_s >= 0


def time_option(data: bytes) -> None:
    """`--since`: an instant that the text tells, or a sentence; without digits only `now`."""
    text = data.decode("utf-8", "replace")
    try:
        at_ns = parse_time(text, UNTIL_NS, "--since")
    except ConfigError as error:
        assert "--since" in str(error)
        return
    if text.strip() == "now":
        assert at_ns == UNTIL_NS
    elif re.fullmatch(r"[\d.]+[smhdw]", text.strip()):
        assert at_ns <= UNTIL_NS
    else:
        whole = re.sub(r"(?<=[Tt ]\d\d:\d\d)(?=[Zz+-])", ":00", text.strip())
        assert at_ns == slow_ns(whole)
