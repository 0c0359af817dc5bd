"""Templates: the lines that differ only in their variables are one group.

Lines are masked by `masks` in chunks, one thread each; then the distinct masks, a few hundred for millions of lines, are worded, and
those that differ in one or two words only are merged where these have many variants. What comes out depends on the set of lines alone,
not on their order nor on how they were cut into batches.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..collectors.errors import ConfigError
from .masks import column, masked, worded

CHUNK = 16_384
VARIANTS = 5
FEW_WORDS_VARIANTS = 12
PASSES = 4
MOST_TOKENS = 64
MOST_MERGED = 20_000
MOST_PAIRED = 2_000
# Words that tell events apart however many of them there are.
TELLING = frozenset(
    re.split(
        " ",
        "GET POST PUT PATCH DELETE HEAD OPTIONS CONNECT FATAL ERROR WARN WARNING INFO DEBUG TRACE CRITICAL NOTICE "
        "fatal error warn warning info debug trace critical notice [error] [warn] [info] [notice] [debug] [crit] not no",
    )
)

Tokens = tuple[str, ...]
Places = tuple[int, ...]


def grouped(texts: Any) -> tuple[npt.NDArray[np.int32], list[str]]:
    """The group of every line, and each group's template with `*` for what varies.

    `texts` is an Arrow column or a sequence of str or bytes. Groups are numbered in order of first appearance.
    """
    lines = texts if isinstance(texts, list | tuple) else column(texts)
    numbers, masks = masked_in_chunks(lines)
    found = merged_templates(masks)
    groups: dict[str, int] = {}
    of_mask = np.array([groups.setdefault(found[mask], len(groups)) for mask in masks], np.int32)
    return (of_mask[numbers] if len(numbers) else numbers), list(groups)


def templates(lines: Any, *, by: Literal["masks", "drain3"] = "masks") -> npt.NDArray[np.int32]:
    """One number per line, its group, in order of first appearance; see `grouped` for what lines may be and for the templates' texts.

    `by="drain3"`: the clusters of drain3, which must be installed, with its defaults; they depend on the order of lines.
    """
    if by == "drain3":
        return _drained(lines)
    if by != "masks":
        raise ConfigError(f"lines are grouped by masks or by drain3, not by {by!r}")
    return grouped(lines)[0]


def drained(masks: Collection[str]) -> dict[str, str]:
    """Mask → template as drain3 groups the masks, in their alphabetical order. Raises ConfigError where drain3 is not installed."""
    miner = drain_miner()
    clusters = {mask: miner.add_log_message(mask)["cluster_id"] for mask in sorted(masks)}
    said = {cluster.cluster_id: cluster.get_template().replace("<*>", "*") for cluster in miner.drain.clusters}
    return {mask: said[cluster] for mask, cluster in clusters.items()}


def drain_miner() -> Any:
    """drain3 with its defaults. Raises ConfigError where it is not installed."""
    try:
        from drain3 import TemplateMiner
        from drain3.template_miner_config import TemplateMinerConfig
    except ImportError as error:
        raise ConfigError("drain3 is not installed: pip install drain3") from error
    return TemplateMiner(config=TemplateMinerConfig())


def _drained(lines: Any) -> npt.NDArray[np.int32]:
    miner = drain_miner()
    clusters = [miner.add_log_message(line)["cluster_id"] for line in column(lines).to_pylist()]
    known: dict[int, int] = {}
    return np.array([known.setdefault(cluster, len(known)) for cluster in clusters], np.int32)


def masked_in_chunks(lines: pa.Array | Sequence[Any]) -> tuple[npt.NDArray[np.int32], list[str]]:
    """As `masks.masked`, on all cores; a list becomes columns chunk by chunk, while other chunks are masked."""
    if len(lines) <= CHUNK:
        return masked(column(lines))
    starts = range(0, len(lines), CHUNK)
    with ThreadPoolExecutor(min(len(starts), os.cpu_count() or 1)) as threads:
        parts = list(threads.map(lambda start: masked(column(lines[start : start + CHUNK])), starts))
    known: dict[str, int] = {}
    return np.concatenate([numbered(codes, masks, known) for codes, masks in parts]), list(known)


def numbered(codes: npt.NDArray[np.int32], masks: Sequence[str], known: dict[str, int]) -> npt.NDArray[np.int32]:
    """`codes` of one chunk as numbers in `known`, which takes up the masks that are new."""
    return np.array([known.setdefault(mask, len(known)) for mask in masks], np.int32)[codes] if masks else codes


def template_id(template: str) -> int:
    """31 bits that name a template wherever and whenever it occurs."""
    return int.from_bytes(hashlib.sha256(template.encode("utf-8", "surrogatepass")).digest()[:4], "big") & 0x7FFF_FFFF


def merged_templates(masks: Collection[str]) -> dict[str, str]:
    """Mask → template, for all distinct masks of a corpus; their order does not matter."""
    wordings = {mask: worded(mask) for mask in masks}
    current = {wording: tuple(wording.split(" ")) for wording in sorted(set(wordings.values()))}
    passes = [1] * PASSES + [2] if len(current) <= MOST_PAIRED else [1] * PASSES if len(current) <= MOST_MERGED else [1]
    settled = 0
    for together in passes:
        if together == settled:
            continue
        changed = _wildcards(set(current.values()), together)
        settled = 0 if changed else together
        current = {wording: changed.get(tokens, tokens) for wording, tokens in current.items()}
    return {mask: " ".join(current[wording]) for mask, wording in wordings.items()}


def _wildcards(shapes: Iterable[Tokens], together: int) -> dict[Tokens, Tokens]:
    """Old → new for shapes with a word where many others, alike in all but `together` places, have another."""
    seen: dict[tuple[Places, Tokens], set[Tokens]] = defaultdict(set)
    ordered = [tokens for tokens in sorted(shapes) if len(tokens) <= MOST_TOKENS // together]
    for tokens in ordered:
        for places in combinations(_changeable(tokens), together):
            seen[places, _without(tokens, places)].add(tuple(tokens[place] for place in places))
    varying = {key for key, words in seen.items() if _varies(*key, words)}
    changed = {}
    for tokens in ordered if varying else ():
        choices = [places for places in combinations(_changeable(tokens), together) if (places, _without(tokens, places)) in varying]
        best = max(choices, key=lambda places: (len(seen[places, _without(tokens, places)]), [-p for p in places]), default=())
        if any(tokens[place] != "*" for place in best):
            changed[tokens] = tuple("*" if place in best else token for place, token in enumerate(tokens))
    return changed


def _changeable(tokens: Tokens) -> list[int]:
    """The places whose word may be a variable."""
    return [place for place, word in enumerate(tokens) if word == "*" or (word not in TELLING and "=*" not in word and _spoken(word))]


def _without(tokens: Tokens, places: Places) -> Tokens:
    left = list(tokens)
    for place in places:
        left[place] = ""
    return tuple(left)


@lru_cache(maxsize=65_536)
def _spoken(token: str) -> bool:
    return any(map(str.isalpha, token))


def _varies(places: Places, around: Tokens, words: Collection[Tokens]) -> bool:
    """Whether enough different words stand there: more where little else is said, fewer where one is masked already."""
    if len(words) < VARIANTS and not (len(places) == 1 and ("*",) in words):
        return False
    said = sum(map(_spoken, around))
    if len(places) == 1 and ("*",) in words:
        return said >= 3 and places[0] > 0
    variants = min(len(set(column)) for column in zip(*words, strict=True))
    return variants >= (VARIANTS if said > len(places) else FEW_WORDS_VARIANTS) and said >= len(places)
