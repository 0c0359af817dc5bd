"""Texts that differ only in which digits they are made of: each such signature is judged once, then looked up for all lines.

Where there are too many of them, letters count no more than digits do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from threading import Lock

import numpy as np
import numpy.typing as npt

from .words import Word, alike, collapsed

FEWEST, LARGEST = 10, 16
MOST = 512
SEED = 20_261_121


@dataclass(frozen=True)
class Known:
    """Signatures, a column for each, the verdicts on them, and the table that finds them by a product with `factors`; exchanged as a whole.

    `letters`: these count. `bits` is the binary logarithm of the table's size.
    """

    keys: npt.NDArray[np.uint64]
    verdicts: npt.NDArray[np.int32]
    factors: npt.NDArray[np.uint64]
    table: npt.NDArray[np.int16]
    bits: int
    letters: bool = True

    def slots(self, words: list[Word]) -> npt.NDArray[np.int64]:
        """Where in the table signatures may stand."""
        mixed = words[0] * self.factors[0]
        for word, factor in zip(words[1:], self.factors[1:], strict=True):
            mixed += word * factor
        mixed >>= np.uint64(64 - self.bits)
        return np.asarray(mixed.view(np.int64))


@dataclass(frozen=True)
class Answers:
    """Signatures of some lines, the verdict on each, -1 where it is not `known`; `letters`: these count."""

    signatures: list[Word]
    verdicts: npt.NDArray[np.int32]
    known: npt.NDArray[np.bool_]
    letters: bool


class Signatures:
    """Known signatures of some words, with a verdict for each: a state of an automaton, or -1. Threads may share one."""

    def __init__(self, words: int) -> None:
        self.words = words
        self._random = Random(SEED)  # noqa: S311 - factors that spread keys, no secret
        self._lock = Lock()
        self._known = self._none(letters=True)

    def __len__(self) -> int:
        return len(self._known.verdicts)

    @property
    def known(self) -> Known:
        """What is known now, which does not change any more."""
        return self._known

    def look_up(self, words: list[Word]) -> Answers:
        """What is known of these words; NUL stands after a text's end."""
        held = self._known
        found = [alike(word) if held.letters else collapsed(word) for word in words]
        if not len(held.verdicts):
            return Answers(found, np.full(len(found[0]), -1, np.int32), np.zeros(len(found[0]), bool), held.letters)
        place = held.table.take(held.slots(found)).astype(np.int64)
        odd = held.keys[0].take(place) ^ found[0]
        for key, word in zip(held.keys[1:], found[1:], strict=True):
            odd |= key.take(place) ^ word
        known, verdicts = odd == 0, held.verdicts.take(place)
        if not known.all():
            verdicts[~known] = -1
        return Answers(found, verdicts, known, held.letters)

    def add(self, answers: Answers, row: int, verdict: int) -> bool:
        """Keep the signature of one row; False where there are too many already."""
        with self._lock:
            held = self._known
            if held.letters != answers.letters:
                return False
            if len(held.verdicts) >= MOST:
                self._known = self._none(letters=False) if held.letters else held
                return False
            key = np.array([[word[row]] for word in answers.signatures], np.uint64)
            if (held.keys == key).all(axis=0).any():
                return True
            count = len(held.verdicts) + 1
            bits = min(max(FEWEST, 2 * count.bit_length()), LARGEST)
            new = replace(held, keys=np.concatenate([held.keys, key], axis=1), verdicts=np.append(held.verdicts, np.int32(verdict)), bits=bits)
            places = new.slots(list(new.keys))
            while len(set(places.tolist())) < count:
                new = replace(new, factors=self._odd())
                places = new.slots(list(new.keys))
            table = np.full(1 << bits, -1, np.int16)
            table[places] = np.arange(count, dtype=np.int16)
            self._known = replace(new, table=table)
        return True

    def _none(self, *, letters: bool) -> Known:
        table = np.full(1 << FEWEST, -1, np.int16)
        return Known(np.empty((self.words, 0), np.uint64), np.empty(0, np.int32), self._odd(), table, FEWEST, letters)

    def _odd(self) -> npt.NDArray[np.uint64]:
        return np.array([self._random.getrandbits(63) | 1 for _ in range(self.words)], np.uint64)
