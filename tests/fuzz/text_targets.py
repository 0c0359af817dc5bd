"""What people and machines write in words: expressions, settings, names, and text on its way into the report."""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from contextlib import suppress
from dataclasses import replace

from retroline.collectors.errors import ConfigError
from retroline.collectors.file_names import safe_name
from retroline.collectors.prometheus.promql import canonical, duration_s, rate_window_s, sides
from retroline.collectors.prometheus.ratios import ratio
from retroline.collectors.settings import Flags, configured, read_config
from retroline.collectors.window import Window
from retroline.normalize.stamp_settings import StampSettings, stamp_settings
from retroline.terminal.stamps import safe
from retroline.timeline.build_choices import set_build
from retroline.timeline.log_query import plain
from retroline.timeline.people import FILE, checked_pairs, read_people, said_rows, write_people
from retroline.timeline.text import LONGEST, cell
from saved import Room

UNSEEN = {"Cc", "Zl", "Zp", "Cs"}
HIDING = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
ROOM = Room()


def expression(data: bytes) -> None:
    """An expression has sides, each of which says the same again when it is read as an expression, or a ValueError says why not."""
    text = data.decode("utf-8", "replace")
    assert rate_window_s(text) >= 0
    assert duration_s(text) >= 0
    once = canonical(text)
    assert canonical(once) == once
    try:
        found = sides(text)
    except ValueError:
        return
    for side in found:
        assert not math.isnan(side.threshold)
        assert "\n" not in side.series
        ratio(side.series, side.op, {})
        with suppress(ValueError):  # the parser writes `offset 0s`, which it does not read
            again = sides(f"({side.series}) {side.op} {side.threshold!r}")
            assert again[-1] == replace(side, guard=False), (side, again)


def settings_file(data: bytes) -> None:
    """`retroline.toml`: settings, or a sentence."""
    path = ROOM.file(data, "retroline.toml")
    try:
        config = read_config(path)
        configured(Flags(), {"PAGERDUTY_TOKEN": "t"}, config)
        stamp_settings(config.get("stamps", {}), str(path))
        checked_pairs(path, config.get("durations", {}))
    except ConfigError as error:
        assert str(error)


def people_file(data: bytes) -> None:
    """`incident.toml`: what people said, or a sentence; with another window written into it, everything else stays."""
    ROOM.clear()
    path = ROOM.file(data, FILE)
    try:
        people = read_people(ROOM.path)
    except ConfigError as error:
        assert FILE in str(error)
        return
    said_rows(people)
    moved = replace(people, window=Window(people.window.since_ns + 10**9, people.window.until_ns + 10**9))
    before = tomllib.loads(path.read_text("utf-8"))
    try:
        write_people(ROOM.path, moved)
    except ConfigError:
        assert path.read_bytes() == data
        return
    after = tomllib.loads(path.read_text("utf-8"))
    assert read_people(ROOM.path) == moved
    assert {k: v for k, v in after.items() if k != "window"} == {k: v for k, v in before.items() if k != "window"}
    try:
        set_build(ROOM.path, None, None, {"zone": "+02:00", "layout": []})
    except ConfigError:
        assert tomllib.loads(path.read_text("utf-8")) == after
        return
    said = tomllib.loads(path.read_text("utf-8"))
    assert read_people(ROOM.path).stamps == StampSettings("+02:00")
    assert {k: v for k, v in said.items() if k != "stamps"} == {k: v for k, v in after.items() if k != "stamps"}


def markdown_cell(data: bytes) -> None:
    """One cell of a table: no sign that ends it, hides text, moves a cursor, or is HTML; no longer than it may be."""
    text = data.decode("utf-8", "surrogatepass" if data.isascii() else "replace")
    for longest in (LONGEST, 5):
        shown = cell(text, longest)
        bare = re.sub(r"\\[\\`*\[\]|~$_]", "", shown)
        assert not re.search(r"[|<>`*\[\]\\~$\n\r\t]", bare), shown
        assert not re.search(r"(?<![^\W_])_|_(?![^\W_])", re.sub(r"\\.", " ", shown)), shown
        assert not {unicodedata.category(sign) for sign in shown} & UNSEEN
        assert not HIDING.search(shown)
        assert re.sub(r"&(amp|lt|gt);", "", shown).count("&") == 0
        assert len(re.sub(r"&(amp|lt|gt);", "x", re.sub(r"\\(.)", r"\1", shown))) <= longest
    for line in (safe(data), safe(text), plain(text)):
        assert not {unicodedata.category(sign) for sign in line.replace("\t", " ")} & UNSEEN - {"Zl", "Zp"}


def file_name(data: bytes) -> None:
    """A name of a file that stays where it is put, fits into a folder, and tells one text from another."""
    text = data.decode("utf-8", "replace")
    name = safe_name(text)
    assert name.strip(".")
    assert "/" not in name
    assert "\0" not in name
    assert len(name.encode()) <= 250
    assert safe_name(text + "x") != name
