"""Texts that differ only in which digits and letters they are made of: each such signature is judged once, then looked up for all lines."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from threading import Lock

import numpy as np
import numpy.typing as npt

from .words import Word, collapsed

SLOTS = 16
MOST = 512
SEED = 20_261_121


@dataclass(frozen=True)
class Known:
    """Signatures, the verdicts on them, and the table that finds them by a product with `factors`; exchanged as a whole."""

    keys: npt.NDArray[np.uint64]
    verdicts: npt.NDArray[np.int32]
    factors: npt.NDArray[np.uint64]
    table: npt.NDArray[np.int16]


class Signatures:
    """Known signatures of some words, with a verdict for each: a state of an automaton, or -1. Threads may share one."""

    def __init__(self, words: int) -> None:
        self.words = words
        self._random = Random(SEED)  # noqa: S311 - factors that spread keys, no secret
        self._lock = Lock()
        self._known = Known(np.empty((0, words), np.uint64), np.empty(0, np.int32), self._odd(), np.full(1 << SLOTS, -1, np.int16))

    def __len__(self) -> int:
        return len(self._known.keys)

    def look_up(self, words: list[Word]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The verdict on each signature, and whether it is known at all; `words` are collapsed."""
        held = self._known
        place = held.table[slots(words, held.factors)]
        known = place >= 0
        if not len(held.keys):
            return np.full(len(place), -1, np.int32), known
        keys = held.keys[np.maximum(place, 0)]
        for i, word in enumerate(words):
            known &= keys[:, i] == word
        return np.where(known, held.verdicts[np.maximum(place, 0)], np.int32(-1)), known

    def add(self, words: list[Word], row: int, verdict: int) -> bool:
        """Keep the signature of one row; False where there are too many already."""
        with self._lock:
            held = self._known
            if len(held.keys) >= MOST:
                return False
            key = np.array([[word[row] for word in words]], np.uint64)
            if (held.keys == key).all(axis=1).any():
                return True
            keys, factors = np.concatenate([held.keys, key]), held.factors
            places = slots(list(keys.T), factors)
            while len(np.unique(places)) < len(places):
                factors = self._odd()
                places = slots(list(keys.T), factors)
            table = np.full(1 << SLOTS, -1, np.int16)
            table[places] = np.arange(len(places), dtype=np.int16)
            self._known = Known(keys, np.append(held.verdicts, np.int32(verdict)), factors, table)
        return True

    def _odd(self) -> npt.NDArray[np.uint64]:
        return np.array([self._random.getrandbits(63) | 1 for _ in range(self.words)], np.uint64)


def slots(words: list[Word], factors: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Where in the table a signature may stand."""
    mixed = words[0] * factors[0]
    for word, factor in zip(words[1:], factors[1:], strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(29))) + word * factor
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) * factors[0] >> np.uint64(64 - SLOTS), np.int64)


def signature(words: list[Word]) -> list[Word]:
    """Words whose digits and letters are collapsed."""
    return [collapsed(word) for word in words]
