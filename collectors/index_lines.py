"""The lines of the evidence's `index.jsonl`, before anybody knows what they mean; anyone may have changed the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# What a line holds besides texts.
NO_TEXTS = ("path", "status", "about", "complete", "ours")


def index_lines(path: Path) -> Iterator[Any]:
    """The JSON value of each line; a line that is none, as one cut by a kill, is left out: its reply is asked for again."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                yield json.loads(text)
            except (ValueError, RecursionError):
                continue


def demand_texts(fields: Mapping[str, Any]) -> None:
    """Raises ValueError where something else stands for a text."""
    odd = [name for name, value in fields.items() if not isinstance(value, str) and name not in NO_TEXTS]
    if odd:
        raise ValueError(f"{odd[0]} is no text")
