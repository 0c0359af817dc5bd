"""Text from outside as one harmless cell of a Markdown table; spans and times in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from retroline.collectors.window import SECOND_NS
from retroline.timeline.text import cell, clock_time, crosses_midnight, span, span_with_bounds

Test = Callable[[str], None]
HOSTILE = [
    "a | b || c\\| d\\",
    "line\nbreak\r\nand\u2028more\u0085",
    "<script>alert(1)</script><br/>&lt;",
    "\x1b[2J\x1b]8;;http://x\x07red\x1b[0m",
    "safe\u202egnp.exe\u202c \u2066x\u2069 \u061c",
    "`code` ``two`` ```",
    "[text](javascript:alert(1)) ![i](x)",
    "null\x00bell\x07del\x7f",
    "lone \ud800 surrogate",
    "zero\u200bwidth\ufeff",
    "**bold** __init__ ~~gone~~ $x^2$",
    "|---|---|",
    "x" * 10_000,
    "\\" * 10_000,
    "",
]
texts = st.text(alphabet=st.characters(exclude_categories=()), max_size=60) | st.text("|\\`*_[]()<>&~$\n\r\t\x1b \u202e", max_size=40)
hidden = {"Cc", "Cs", "Zl", "Zp"}


def with_examples(test: Test) -> Test:
    for text in HOSTILE:
        test = example(text)(test)
    return test


@with_examples
@given(texts)
def test_a_cell_is_one_cell(text: str) -> None:
    """No pipe is left unescaped, nothing breaks the line, and a backslash at the end cannot escape the bar behind it."""
    found = cell(text)
    unescaped = re.sub(r"\\.", "", found, flags=re.DOTALL)

    assert "|" not in unescaped
    assert "\\" not in unescaped
    assert len(found.splitlines()) <= 1


@with_examples
@given(texts)
def test_a_cell_has_no_markup(text: str) -> None:
    """No HTML, link, code or emphasis survives."""
    unescaped = re.sub(r"\\.", "", cell(text), flags=re.DOTALL)

    assert not set("<>`*[]~$") & set(unescaped)
    assert re.search(r"&(?!amp;|lt;|gt;)", unescaped) is None
    assert re.search(r"(?<![^\W_])_|_(?![^\W_])", re.sub(r"\\.", " ", cell(text), flags=re.DOTALL)) is None


@with_examples
@given(texts)
def test_a_cell_moves_no_cursor(text: str) -> None:
    """No control sign, line separator, lone surrogate or direction override is left, and it is valid UTF-8."""
    found = cell(text)

    assert found.encode("utf-8").decode("utf-8") == found
    assert not {unicodedata.category(c) for c in found} & hidden
    assert not re.search("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", found)


@with_examples
@given(texts)
def test_a_cell_is_short(text: str) -> None:
    """However long the text, at most `longest` signs of it are shown, marked where it was cut."""
    found = cell(text, 50)
    shown = re.sub(r"\\(.)", r"\1", found).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    assert len(shown) <= 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("plain words, 5 % of 3 → 5", "plain words, 5 % of 3 → 5"),
        ("app_name stays_whole", "app_name stays_whole"),
        ("a|b", "a\\|b"),
        ("a\nb", "a b"),
        ("R&D <b>", "R&amp;D &lt;b&gt;"),
        ("x" * 201, "x" * 199 + "…"),
        ("größer als 0 · 日本語 🙂", "größer als 0 · 日本語 🙂"),
    ],
)
def test_words_stay_readable(text: str | None, expected: str) -> None:
    """Ordinary text is shown as it is, only what would do harm is escaped."""
    assert cell(text) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.5, "1 min"),
        (60, "1 min"),
        (233, "3 min 53 s"),
        (3599.6, "1 h"),
        (3840, "1 h 04 min"),
        (86_399, "1 d"),
        (183_600, "2 d 3 h"),
    ],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    """A span has two units at most and never sixty of one."""
    assert span(seconds) == words


@given(st.floats(0, 1e9))
def test_no_span_has_sixty_of_a_unit(seconds: float) -> None:
    """Rounding carries into the next unit."""
    assert not re.search(r"\b60 (s|min)|\b24 h", span(seconds))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((None, None, None), "–"),
        ((32.0, 31.5, 33.0), "32 s"),
        ((32.0, 20.0, 35.0), "32 s (20–35)"),
        ((480.0, 360.0, 480.0), "8 min (6–8)"),
        ((72.0, 58.0, 120.0), "1 min 12 s (58 s – 2 min)"),
        ((120.0, 58.0, 180.0), "2 min (58 s – 3 min)"),
        ((32.0, None, 35.0), "32 s (? – 35 s)"),
        ((32.0, 20.0, None), "32 s (20 s – ?)"),
        ((0.0, 0.0, 0.0), "0 s"),
    ],
)
def test_bounds_in_words(numbers: tuple[float | None, float | None, float | None], words: str) -> None:
    """Bounds are shown where they differ from the best by more than a second; unknown is a dash."""
    assert span_with_bounds(*numbers) == words


def test_dates_are_shown_when_asked() -> None:
    """A time has its date before it where the window crosses midnight, which its end alone does not."""
    day = 86_400 * SECOND_NS

    assert (clock_time(day - SECOND_NS, dated=False), clock_time(day - SECOND_NS, dated=True)) == ("23:59:59", "1970-01-01 23:59:59")
    assert [crosses_midnight(0, day), crosses_midnight(0, day + 1), crosses_midnight(day - 1, day + 1)] == [False, True, True]
