"""Texts that differ only in which digits and letters they are made of: each such signature is judged once, then looked up for all lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .words import Word, collapsed

SLOTS = 16
MOST = 2048
SEED = 20_261_121


class Signatures:
    """Known signatures of some words, with a verdict for each: a state of an automaton, or -1."""

    def __init__(self, words: int) -> None:
        self.words = words
        self.verdicts = np.empty(0, np.int32)
        self._keys = np.empty((0, words), np.uint64)
        self._table = np.full(1 << SLOTS, -1, np.int16)
        self._random = np.random.default_rng(SEED)
        self._factors = self._odd()

    def __len__(self) -> int:
        return len(self._keys)

    def look_up(self, words: list[Word]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
        """The place of each signature, and whether it is known at all; `words` are collapsed."""
        place = self._table[self._slots(words)]
        known = place >= 0
        if len(self):
            held = self._keys[np.maximum(place, 0)]
            for i, word in enumerate(words):
                known &= held[:, i] == word
        return place, known

    def add(self, words: list[Word], row: int, verdict: int) -> bool:
        """Keep the signature of one row; False where there are too many already."""
        if len(self) >= MOST:
            return False
        key = np.array([[word[row] for word in words]], np.uint64)
        self._keys = np.concatenate([self._keys, key])
        self.verdicts = np.append(self.verdicts, np.int32(verdict))
        slots = self._slots(list(self._keys.T))
        for _ in range(64):
            if len(np.unique(slots)) == len(slots):
                break
            self._factors = self._odd()
            slots = self._slots(list(self._keys.T))
        self._table[:] = -1
        self._table[slots] = np.arange(len(slots), dtype=np.int16)
        return True

    def _odd(self) -> npt.NDArray[np.uint64]:
        return self._random.integers(1, 1 << 63, self.words, dtype=np.uint64) | np.uint64(1)

    def _slots(self, words: list[Word]) -> npt.NDArray[np.int64]:
        mixed = words[0] * self._factors[0]
        for word, factor in zip(words[1:], self._factors[1:], strict=True):
            mixed = (mixed ^ (mixed >> np.uint64(29))) + word * factor
        return np.asarray((mixed ^ (mixed >> np.uint64(31))) * self._factors[0] >> np.uint64(64 - SLOTS), np.int64)


def signature(words: list[Word]) -> list[Word]:
    """Words whose digits and letters are collapsed."""
    return [collapsed(word) for word in words]
