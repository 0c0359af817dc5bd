"""Changes to a TOML file that people edit too: what is changed changes in its place, everything else stays as they wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

# A value as TOML writes it on one line: in either quotes, or a bare time.
VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|\d{4}-[^#\n]*?(?=[ \t]*(?:#|$))|true|false)"""


def put(text: str, table: str, key: str, value: str | bool) -> str:
    """`text` with `key` of `[table]` set to `value`, in place of what stood there."""
    line = tomli_w.dumps({key: value})
    header = re.search(rf"(?m)^[ \t]*\[[ \t]*{table}[ \t]*\][^\n]*\n?", text)
    if header is None:
        return f"{text.rstrip()}\n\n[{table}]\n{line}"
    rest = text[header.end() :]
    end = re.search(r"(?m)^[ \t]*\[", rest)
    inside, after = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    old = re.compile(rf"(?m)^[ \t]*{key}[ \t]*=[ \t]*{VALUE}")
    inside = old.sub(lambda _: line.rstrip("\n"), inside, count=1) if old.search(inside) else line + inside
    return text[: header.end()].rstrip("\n") + "\n" + inside + after


def put_tables(text: str, name: str, tables: Iterable[Mapping[str, Any]]) -> str:
    """`text` with `tables` as its `[[name]]`, at its end, in place of those that it had; `name` may have dots. What is said above the next table stays."""
    own = re.compile(r"[ \t]*\[\[[ \t]*" + r"[ \t]*\.[ \t]*".join(map(re.escape, name.split("."))) + r"[ \t]*\]\]")
    kept: list[str] = []
    remarks: list[str] = []
    mine = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            mine = own.match(line) is not None
            kept += [] if mine else remarks
            remarks = []
        if not mine:
            kept.append(line)
        else:
            remarks = [*remarks, line] if re.match(r"\s*(?:#|$)", line) else []
    return "".join([f"{''.join(kept).rstrip()}\n", *(f"\n[[{name}]]\n{tomli_w.dumps(dict(table))}" for table in tables)])


def write(path: Path, text: str) -> None:
    """Write the file whole or not at all. Raises OSError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
