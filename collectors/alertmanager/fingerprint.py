"""The name Alertmanager gives a set of labels."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

OFFSET = 0xCBF29CE484222325
PRIME = 0x100000001B3


def fingerprint(labels: Mapping[str, str]) -> str:
    """16 hex digits: FNV-1a (64 bits) over the labels by name, 0xff after each name and each value (prometheus/common, model)."""
    return _hashed(tuple(sorted(labels.items())))


@lru_cache(maxsize=65_536)
def _hashed(labels: tuple[tuple[str, str], ...]) -> str:
    total = OFFSET
    for name, value in labels:
        for byte in (*name.encode("utf-8", "replace"), 0xFF, *value.encode("utf-8", "replace"), 0xFF):
            total = ((total ^ byte) * PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{total:016x}"
