"""What varies in log lines, masked: the few distinct masks of many lines, and the wording of one mask.

Digits betray most variables, so the part of a token that holds them becomes `*` for a whole column at once. The distinct masks that
remain are few; only they are looked at one by one for variables without digits: values of keys, quoted names, paths, hosts,
users, states. A JSON record is worded as its level, its message and its keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from .digit_masks import JSON, PLAIN, digits_masked, in_order

LONGEST = 2_048
COLOUR = "(?:\\x1b|\ufffd)\\[[0-9;]*[A-Za-z]"

COLOURS = re.compile(COLOUR)
ESCAPE, REPLACED = b"\x1b[", "\ufffd[".encode()
ESCAPED, REPLACEMENT = re.compile(re.escape(ESCAPE)), re.compile(re.escape(REPLACED))

METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT"
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
LEVEL_KEYS = ("level", "severity", "lvl", "log.level", "levelname", "loglevel", "log_level", "level_name", "priority")
MESSAGE_KEYS = ("msg", "message", "MESSAGE", "event", "log", "text", "body", "short_message", "@message")
NAMING_KEYS = ("type", "kind", "action", "op", "operation", "method", "name")
EXCEPTION = re.compile(r"(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)\b(?::|$)")

# In this order; each pattern sees what the ones before left.
WORDINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (rf'"({METHODS}) [^"]*"?', r"\1 *"),
        (r"\b(msg|message|event)=\"([^\"]*)\"", r"\1: \2"),
        (r"\b(msg|message|event|level|lvl|severity)=(?=[^\s*])", r"\1: "),
        (
            r"\b([A-Za-z_][\w./-]*)=(?:\"[^\"]*\"?|'[^']*'|\w*\{[^{}]*\}?|\w*\[[^\[\]]*\]|\w*\([^()]*\)| (?:true|false|null)\b|[^\s,;)\]}\"]*)",
            r"\1=*",
        ),
        (r"\b([A-Za-z_]\w*) = (?:\"[^\"]*\"|\{[^{}]*\}|[^\s,;)\]}]+)", r"\1=*"),
        (r"\b[a-z][a-z0-9+-]*://[^\s,;)\]}>\"]*", "*"),
        (r"[\w.+*-]+@[\w.*-]+", "*"),
        (r"\b[A-Za-z]:\\[^\s,;\")\]]*", "*"),
        (r"(?<![\w/.*<-])[~.]{0,2}/[\w.@%+~*$-]+(?:/[^\s,;:)\]}\"'>]*)*", "*"),
        (r"(?<![\w/*])[\w.*-]+(?:/[\w.*@-]+){2,}/?", "*"),
        (r"(?<![\w.])(?!(?:[\w-]+\.)*[\w-]*(?:Error|Exception)\b)[A-Za-z_][\w-]*+(?:\.[A-Za-z_*][\w$*-]*+){2,}+(?!=| : )(?::\*)?", "*"),
        (
            r"\b[\w-]+\.(?:com|net|org|edu|gov|io|dev|local|internal|svc|lan|info|(?!go|py|cc|js|rs|rb|ts|so|sh|pl|gz)[a-z]{2})(?::\*)?(?=[\s,;)\]]|$)",
            "*",
        ),
        (rf"\b(?:{DAYS}),?(?= +(?:\*|{MONTHS}))", "*"),
        (rf"\b(?:{MONTHS})(?= +\*)|(?<=\* )(?:{MONTHS})\b", "*"),
        (rf"\b(?:{DAYS}) \*", "*"),
        (r"\b(?:null|None|NULL)\b", "*"),
        (r"\*\s?(?:[KMGT]i?B|B|[munµ]?s|secs?|seconds?|mins?|minutes?|hours?|days?|milliseconds|msec|MILLISECONDS)\b(?!\()", "*"),
        (r"\b(for|invalid|illegal|unknown|of|by|as) (user|User|USER) (?!from\b|is\b|was\b|has\b)[\w.$@-]+", r"\1 \2 *"),
        (r"\b(user|User|USER) [\w.$@-]+(?= (?:by|from|with|on|logged|\(|\*))", r"\1 *"),
        (r"\b(for|authenticating user|failures for) [\w.@-]+(?= (?:from|by) \*)", r"\1 *"),
        (r"\bfrom [A-Z][A-Z_]+ to [A-Z][A-Z_]+", "from * to *"),
        (r"(?<=[:=\[(] )[A-Z]+(?:_[A-Z]+)+\b|(?<=[:=\[(])[A-Z]+(?:_[A-Z]+)+\b", "*"),
        (r"(?<!\S)\([\w.-]+\)(?= CMD\b)", "*"),
        (r"\*/[^\s,;)\]]*", "*"),
        (r"\[[^\[\]]*,[^\[\]]*\]|\b[A-Z][a-z]+\(\w+(?:, \w+)*\)|\(\w+(?:, \w+)+\)", "*"),
        (r"(?<=\bbytes) \(\*\)", ""),
        (r"\([\s*]*\)", "*"),
    )
)
QUOTED = re.compile(r"(?<!\.go:\* )(?<!\.go:\*\] )\"[^\"]*\"|(?<![\w'])'[^']*'(?!\w)|`[^`]*`")
# A token of nothing but masks and signs, and runs of them.
ONLY_MASKS = re.compile(r"(?<!\S)[^\w\s]*\*[^\w\s]*(?!\S)")
RUNS = re.compile(r"(?<!\S)\*(?:\s+[-,;:|/>=]*\*?(?!\S))*\s+\*(?!\S)")


def column(texts: Any) -> pa.Array:
    """`texts` (an Arrow column, or any sequence of str or bytes; None is "") as one Arrow array of strings."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if not isinstance(texts, pa.Array):
        texts = _listed(list(texts))
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = _listed(texts.to_pylist())
    return texts.fill_null("") if texts.null_count else texts


def _listed(texts: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except (pa.ArrowException, UnicodeError, OverflowError):
        return pa.array([_text(text) for text in texts], pa.string())


def _text(text: Any) -> str:
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    return "" if text is None else str(text).encode("utf-8", "replace").decode()


def masked(texts: pa.Array) -> tuple[npt.NDArray[np.int32], list[str]]:
    """The mask of every line: numbers into the list of distinct masks, in order of first appearance. `texts` without nulls.

    Tokens with digits become `*` in text and `0` in JSON, so that it stays JSON.
    """
    small = texts if pa.types.is_string(texts.type) else texts.cast(pa.string())
    lines = _without_colour(_cut(small))
    is_object = _begins(lines, ord("{"))
    count = np.count_nonzero(is_object)
    if not count or count == len(lines):
        return digits_masked(lines, JSON if count else PLAIN)
    codes = np.empty(len(lines), np.int32)
    codes[~is_object], plain = digits_masked(lines.filter(pa.array(~is_object)), PLAIN)
    keyed_codes, keyed = digits_masked(lines.filter(pa.array(is_object)), JSON)
    codes[is_object] = keyed_codes + len(plain)
    return in_order(codes, [*plain, *keyed])


def _begins(texts: pa.Array, byte: int) -> npt.NDArray[np.bool_]:
    """Which texts begin with a byte."""
    _, bounds, data = texts.buffers()
    if data is None or not data.size:
        return np.zeros(len(texts), bool)
    starts = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    first = np.frombuffer(data, np.uint8)[np.minimum(starts[:-1], data.size - 1)]
    return np.asarray((first == byte) & (starts[1:] > starts[:-1]), bool)


def _cut(texts: pa.Array) -> pa.Array:
    """`texts`, no line longer than LONGEST signs."""
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    return texts if longest <= LONGEST else pc.utf8_slice_codeunits(texts, 0, LONGEST)


def _without_colour(texts: pa.Array) -> pa.Array:
    """`texts` without the sequences that colour a terminal, whole or with their first sign replaced."""
    _, bounds, data = texts.buffers()
    if data is None:
        return texts
    ends = np.frombuffer(bounds, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    if not len(held):
        return texts
    escaped = held.min() <= ESCAPE[0] and ESCAPED.search(held.data)
    coloured = escaped or (held.max() >= REPLACED[0] and REPLACEMENT.search(held.data))
    return pc.replace_substring_regex(texts, COLOUR, "") if coloured else texts


@lru_cache(maxsize=65_536)
def worded(mask: str) -> str:
    """A distinct mask with its remaining variables masked too; white space as single blanks."""
    if mask.startswith("{"):
        record = record_of(mask)
        if record is not None:
            return _keyed(record)
    text = mask
    if not EXCEPTION.match(text):
        for pattern, into in WORDINGS[:5]:
            text = pattern.sub(into, text)
        text = QUOTED.sub("*", text)
        for pattern, into in WORDINGS[5:]:
            text = pattern.sub(into, text)
    return RUNS.sub("*", ONLY_MASKS.sub("*", " ".join(text.split())))


def record_of(text: str) -> Mapping[str, Any] | None:
    """The JSON object that `text` is, None for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def first_of(record: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The value of the first of `keys` that holds text."""
    return next((value for key in keys if isinstance(value := record.get(key), str) and value), None)


def _keyed(record: Mapping[str, Any]) -> str:
    level = first_of(record, LEVEL_KEYS)
    said = first_of(record, MESSAGE_KEYS) or " ".join(f"{key}={record[key]}" for key in NAMING_KEYS if isinstance(record.get(key), str))
    words = [level.lower()] if level else []
    return " ".join([*words, worded(said.replace("0", "*").lstrip("{")), "{" + ", ".join(sorted(map(str, record))) + "}"])
