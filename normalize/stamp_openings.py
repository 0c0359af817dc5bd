"""Which layouts a text could fit, by how it begins: as far as the automaton of them all has been that way, or not much further."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from .automata_tables import TAKEN, UNKNOWN
from .layout import Layout
from .stamp_shapes import Prover

LONGEST, FEW = 16, 6
MOST_STEPS = 1024


class Narrowed:
    """Called with a text, gives the layouts of the table that it could fit, in their order; threads may share one.

    Bytes are taken while no layout has matched yet. What no text before led to is worked out MOST_STEPS times, which takes as long as to try some layouts.
    """

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self._left = MOST_STEPS
        self._steps: dict[tuple[int, int], int] = {}
        self._layouts: dict[int, tuple[Layout, ...]] = {}

    def __call__(self, text: bytes) -> Sequence[Layout]:
        """The layouts that this text could fit."""
        state, steps = self.prover.start(len(self.prover.table)), self._steps
        for byte in text[:LONGEST]:
            after = steps.get((state, byte), UNKNOWN)
            if after == UNKNOWN:
                after = self._step(state, byte)
            if after == TAKEN:
                break
            state = after
        return self._layouts.get(state) or self._of(state)

    def _step(self, state: int, byte: int) -> int:
        """Where a byte leads that was not met in this state; TAKEN, which ends the way, where few layouts are left, or there were too many such bytes."""
        if self._left <= 0:
            return TAKEN
        self._left -= 1
        after = self._steps[state, byte] = TAKEN if len(self._of(state)) <= FEW else self.prover.walker.step(state, 1 << byte)
        return after

    def _of(self, state: int) -> tuple[Layout, ...]:
        """The layouts that go on from a state."""
        ends, table = self.prover.ends, self.prover.table
        places = sorted({bisect_right(ends, pc) for pc in self.prover.walker.sets[state]})
        self._layouts[state] = tuple(table[place] for place in places if place < len(table))
        return self._layouts[state]


@lru_cache(maxsize=4)
def narrowed(prover: Prover) -> Narrowed:
    """What a prover's automaton knows, asked by all streams."""
    return Narrowed(prover)
