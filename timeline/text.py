"""Values as words for the report; text from outside made harmless."""

from __future__ import annotations

import re

from ..collectors.window import SECOND_NS, rfc3339

# C0, DEL and C1 controls, zero-width and bidirectional signs, line and paragraph separators: nothing that moves a cursor or hides text.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]+")
# An underscore between letters or digits is none.
MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
LONGEST = 200


def cell(text: str | None, longest: int = LONGEST) -> str:
    """`text` as one cell of a Markdown table: one line, no markup, no HTML, no control signs, cut at `longest` signs."""
    plain = " ".join(CONTROL.sub(" ", text or "").encode("utf-8", "replace").decode().split())
    if len(plain) > longest:
        plain = plain[: longest - 1].rstrip() + "…"
    escaped = MARKUP.sub(lambda m: "\\" + m[0], plain.replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def clock_time(at_ns: int, *, dated: bool) -> str:
    """`01:20:55`, with the date before it when asked."""
    text = rfc3339(at_ns, 0)
    return f"{text[:10]} {text[11:19]}" if dated else text[11:19]


def span(seconds: float) -> str:
    """`32 s`, `3 min 53 s`, `1 h 04 min`, `2 d 3 h`: two units at most, rounded to the second."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if round(whole / 60) < 1440:
        hours, rest = divmod(round(whole / 60), 60)
        return f"{hours} h {rest:02d} min" if rest else f"{hours} h"
    days, rest = divmod(round(whole / 3600), 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


def span_with_bounds(best_s: float | None, low_s: float | None, high_s: float | None) -> str:
    """`32 s (20–35)`, `1 min 12 s (58 s – 2 min)`; the bounds only where they differ from the best by more than a second; `–` for unknown."""
    if best_s is None:
        return "–"
    if low_s is not None and high_s is not None:
        if best_s - low_s <= 1.0 and high_s - best_s <= 1.0:
            return span(best_s)
        (_, *unit), (low, *lows), (high, *highs) = (span(s).split() for s in (best_s, low_s, high_s))
        if len(unit) == 1 and unit == lows == highs:
            return f"{span(best_s)} ({low}–{high})"
    return f"{span(best_s)} ({'?' if low_s is None else span(low_s)} – {'?' if high_s is None else span(high_s)})"


def crosses_midnight(since_ns: int, until_ns: int) -> bool:
    """Whether two instants of [since, until) have different dates in UTC."""
    day = 86_400 * SECOND_NS
    return since_ns // day != (until_ns - 1) // day
