"""The message in a log line: what a reader wants of it in a title, without stamp, level and place in the code."""

from __future__ import annotations

import json
import re

from ..normalize.masks import COLOURS, MESSAGE_KEYS, first_of, record_of
from .text import CONTROL

LONGEST = 120
ERROR_KEYS = ("error", "err", "exception", "exc", "cause", "reason")
REQUEST = re.compile(r'"([A-Z]{3,7}) (\S+)[^"]*" ([1-5]\d\d)\b')
LOGFMT = re.compile(r'\b(?:msg|message)=(?:"((?:[^"\\]|\\.)*)"|(\S+))')
LEVEL = r"(?:FATAL|CRITICAL|CRIT|SEVERE|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE|LOG|fatal|crit|error|warn|warning|notice|info|debug)"
WORD = rf"[IWEF]\d{{4}}|[A-Z],|\d\w*[.:,/+#-][\w.:,/+#-]*|\d+(?!\s+[a-z]+\s)|[A-Z][a-z]{{2}}|UTC|Z|{LEVEL}|[\w.-]+\.(?:go|cc|c|py|rs):\d+"
HEAD = re.compile(rf"(?:<\d+>\d? ?|[\[(<]?(?:{WORD})[\])>]?[:|,]?\s+|[|*#-]\s*)+")


def message(text: str) -> str:
    """One line of at most LONGEST signs, nothing in it that a terminal would act on, colours left out."""
    said = " ".join(CONTROL.sub(" ", _message(COLOURS.sub("", text))).split())
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1].rstrip()}…"


def _message(text: str) -> str:
    record = record_of(text) if text.startswith("{") else None
    if record is not None:
        said = first_of(record, MESSAGE_KEYS) or json.dumps({k: v for k, v in record.items() if k not in ("ts", "time", "timestamp")}, ensure_ascii=False)
        why = first_of(record, ERROR_KEYS)
        return f"{said}: {why}" if why and why not in said else said
    if asked := REQUEST.search(text):
        return f"{asked[1]} {asked[2].partition('?')[0]} answered {asked[3]}"
    if told := LOGFMT.search(text):
        return told[1] or told[2] or text
    head = HEAD.match(text)
    return text[head.end() :] if head and len(text) - head.end() >= 4 else text
