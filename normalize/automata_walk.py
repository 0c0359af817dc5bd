"""Many lines through one automaton at once: which of them certainly fit none of some patterns.

Bytes with which a colour sequence may begin end in TAKEN, since what follows is not what a reading of the record would see.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt

from .automata import BYTES, END_OF_LINE, Program
from .words import Places, Word, gathered, places_of

DEAD, TAKEN = 0, 1
SYMBOLS = 257
COLOUR_BYTES = b"\x1b\\#"
LANDMARKS = b"[|{"
LONGEST = 4096
MOST_STATES = 8192
WINDOW = 6
MEMBER, COLOUR = 1, 2
FEW = 64
SPARSE = 8
LEADS, NEW_LEADS = 24, 4
BLOCK, PIECE = 1 << 16, 1 << 19
States = npt.NDArray[np.int32]


@dataclass
class Lines:
    """Some lines of one buffer, `data[starts:ends]` each without its newline; they lie in order."""

    data: npt.NDArray[np.uint8]
    starts: Places
    ends: Places
    _marks: dict[tuple[int, ...], npt.NDArray[np.bool_]] = field(default_factory=dict)
    _held: dict[int, bool] = field(default_factory=dict)
    _answers: dict[int, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def marked(self, windows: tuple[int, ...], rows: Places) -> npt.NDArray[np.bool_]:
        """Which of `rows` hold bytes of these sets one after another, or a colour among them; the first set is a single byte."""
        byte = windows[0].bit_length() - 1
        if windows not in self._marks and self.holds(byte) and len(rows) * SPARSE < len(self.starts):
            some = self.only(rows)
            return some.holding(windows, 0, len(some.data))
        if windows not in self._marks:
            first, last = int(self.starts[0]), int(self.ends[-1])
            self._marks[windows] = self.holding(windows, first, last if self.holds(byte) else first)
        return self._marks[windows][rows]

    def once(self, about: Hashable, find: Callable[[Lines, Any], npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
        """What `find` says of all lines, asked once."""
        if id(about) not in self._answers:
            self._answers[id(about)] = find(self, about)
        return self._answers[id(about)]

    def holds(self, byte: int) -> bool:
        """Whether any line holds a byte."""
        if byte not in self._held:
            last = int(self.ends[-1])
            parts = (self.data[first : min(first + BLOCK, last)] for first in range(int(self.starts[0]), last, BLOCK))
            self._held[byte] = any(byte in part.tobytes() for part in parts)
        return self._held[byte]

    def holding(self, windows: tuple[int, ...], first: int, last: int) -> npt.NDArray[np.bool_]:
        """Which lines hold bytes of these sets in a row that begin in `[first, last)`, looked for in pieces that stay in the cache."""
        byte, hits = windows[0].bit_length() - 1, []
        for begin in range(first, last, PIECE):
            at = places_of(self.data[begin : min(begin + PIECE, last)], byte) + begin
            for i, bits in enumerate(windows[1:], 1):
                if not len(at):
                    break
                kind = kinds(bits)[self.data[np.minimum(at + i, len(self.data) - 1)]]
                if kind.max() == COLOUR:
                    hits.append(at[kind == COLOUR])
                at = at[kind == MEMBER]
            hits.append(at)
        found = np.zeros(len(self.starts) + 1, bool)
        if hits:
            found[np.searchsorted(self.starts, np.concatenate(hits), "right") - 1] = True
        return found[:-1]

    def only(self, rows: Places) -> Lines:
        """Some of the lines, copied one after another."""
        sizes = self.ends[rows] - self.starts[rows]
        ends = np.cumsum(sizes)
        starts = ends - sizes
        data = self.data[np.arange(ends[-1] if len(ends) else 0) + np.repeat(self.starts[rows] - starts, sizes)]
        return Lines(data if len(data) else np.zeros(1, np.uint8), starts, ends)


@lru_cache(maxsize=256)
def kinds(bits: int) -> npt.NDArray[np.uint8]:
    """For each byte: a MEMBER of the set, the beginning of a COLOUR, or 0."""
    found = np.unpackbits(np.frombuffer((bits & BYTES).to_bytes(32, "little"), np.uint8), bitorder="little")
    found[list(COLOUR_BYTES)] = COLOUR
    return found


class Walker:
    """A program's sets of states, numbered as they are met; DEAD can match no more, TAKEN has matched. Threads may share one."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._lock = RLock()
        self.sets: list[frozenset[int]] = [frozenset(), frozenset({0})]
        self._ids = {self.sets[0]: DEAD, self.sets[1]: TAKEN}
        self._steps: dict[tuple[int, int], int] = {}
        self._needed: dict[int, int] = {}
        self._windows: dict[int, tuple[tuple[int, ...], ...]] = {}
        self._leads: dict[int, list[tuple[np.uint64, np.uint64, int]]] = {}
        self._table = np.full((64, SYMBOLS), -1, np.int32)
        self._table[DEAD], self._table[TAKEN] = DEAD, TAKEN
        self._over = np.zeros(64, bool)
        self._over[:2] = True

    def state(self, pcs: Iterable[int]) -> int:
        """The number of a set of states; TAKEN, which proves nothing, once there are too many."""
        found = frozenset(pcs)
        if 0 in found:
            return TAKEN
        with self._lock:
            if found not in self._ids:
                if len(self.sets) >= MOST_STATES:
                    return TAKEN
                self.sets.append(found)
                self._grow()
                self._over[len(self.sets) - 1] = bool(self.windows(len(self.sets) - 1))
                self._ids[found] = len(self.sets) - 1
        return self._ids[found]

    def step(self, state: int, bits: int) -> int:
        """Where any symbol of a set may lead."""
        if state in (DEAD, TAKEN):
            return state
        if (state, bits) not in self._steps:
            program = self.program
            self._steps[state, bits] = self.state(t for pc in self.sets[state] if program.bits[pc] & bits for t in program.closure(program.then[pc][0]))
        return self._steps[state, bits]

    def walk(self, lines: Lines, rows: Places, at: Places, states: States) -> npt.NDArray[np.bool_]:
        """For which rows nothing can match that goes on from `states` at the byte `at`; all are rows of `lines`."""
        ends = lines.ends[rows]
        word = gathered(lines.data, at, 1)[0]
        if self._all_lead_away(lines, ends - at, word, states):
            return np.ones(len(rows), bool)
        settled = self._led(ends - at, word, states)
        open_rows = np.flatnonzero(settled < 0)
        if len(open_rows):
            further = states[open_rows]
            self._run(lines, ends[open_rows], at[open_rows].copy(), further, whole=False)
            settled[open_rows] = further
        free: npt.NDArray[np.bool_] = settled == DEAD
        for state in (one for one in np.flatnonzero(np.bincount(settled)).tolist() if one > TAKEN):
            here = settled == state
            for one in self.windows(state):
                if lines.holds(one[0].bit_length() - 1):
                    here[here] = ~lines.marked(one, rows[here])
            free |= here
        left = np.flatnonzero(~free & (settled != TAKEN))
        if len(left):
            further = states[left]
            self._run(lines, ends[left], at[left].copy(), further, whole=True)
            free[left] = further == DEAD
        return free

    def _all_lead_away(self, lines: Lines, room: Places, word: Word, states: States) -> bool:
        """Whether the next bytes of all rows are known to lead to where no line of the buffer can go on; all are in the same state."""
        state = int(states[0]) if len(states) else DEAD
        if (states != state).any():
            return False
        if self._over[state]:
            return self._harmless(lines, state)
        away = np.zeros(len(word), bool)
        for mask, value, settled in self._leads.get(state, ()):
            if self._harmless(lines, settled):
                away |= (word & mask) == value
        return bool(away.all()) and int(room.min()) >= 8

    def _harmless(self, lines: Lines, state: int) -> bool:
        windows = self.windows(state)
        return state == DEAD or (bool(windows) and not any(lines.holds(one[0].bit_length() - 1) for one in windows))

    def _led(self, room: Places, word: Word, states: States) -> States:
        """Where the next bytes lead, by those of lines before; -1 where they are new. A few of these are added."""
        found = np.full(len(word), -1, np.int32)
        for state in np.flatnonzero(np.bincount(states)).tolist():
            leads = self._leads.setdefault(state, [])
            here = states == state
            if self._over[state]:
                found[here] = state
                continue
            here &= room >= 8
            for _ in range(NEW_LEADS):
                for mask, value, settled in leads:
                    found[here & ((word & mask) == value)] = settled
                new = np.flatnonzero(here & (found < 0))
                if not len(new) or len(leads) >= LEADS or not self._lead(leads, state, word[new[0]]):
                    break
        return found

    def _lead(self, leads: list[tuple[np.uint64, np.uint64, int]], state: int, word: np.uint64) -> bool:
        """Keep how the bytes of a word lead to a state that is settled; False where they do not."""
        for i, byte in enumerate(int(word).to_bytes(8, "little"), 1):
            state = TAKEN if byte in COLOUR_BYTES else self.step(state, 1 << byte)
            if self._over[state]:
                mask = np.uint64((1 << 8 * i) - 1)
                leads.append((mask, word & mask, state))
                return True
        return False

    def _run(self, lines: Lines, ends: Places, at: Places, states: States, *, whole: bool) -> None:
        """Take byte after byte, until nothing is open; `whole`: also where landmarks would settle it."""
        live = np.flatnonzero(states > TAKEN if whole else ~self._over[states])
        last = len(lines.data) - 1
        for _ in range(LONGEST):
            if not len(live):
                return
            place, state = at[live], states[live]
            symbol = lines.data[np.minimum(place, last)].astype(np.int64)
            symbol[place >= ends[live]] = END_OF_LINE
            after = self._table.ravel()[state * np.int64(SYMBOLS) + symbol]
            if (after < 0).any():
                self._fill(state, symbol)
                after = self._table.ravel()[state * np.int64(SYMBOLS) + symbol]
            states[live], at[live] = after, place + 1
            live = live[after > TAKEN if whole else ~self._over[after]]
        states[live] = TAKEN

    def _fill(self, states: States, symbols: Places) -> None:
        with self._lock:
            for key in np.unique(states * np.int64(SYMBOLS) + symbols).tolist():
                state, symbol = divmod(key, SYMBOLS)
                if self._table[state, symbol] < 0:
                    after = TAKEN if symbol < END_OF_LINE and symbol in COLOUR_BYTES else self.step(state, 1 << symbol)
                    self._table[state, symbol] = after

    def _grow(self) -> None:
        if len(self.sets) > len(self._table):
            self._table = np.concatenate([self._table, np.full_like(self._table, -1)])
            self._over = np.concatenate([self._over, np.zeros_like(self._over)])

    def windows(self, state: int) -> tuple[tuple[int, ...], ...]:
        """What a line must hold for a match to be possible still, as sets of bytes in a row; () if that is not known."""
        if state not in self._windows:
            pcs = self.sets[state]
            known = 0 < len(pcs) <= FEW and all(self._need(pc) for pc in pcs)
            self._windows[state] = tuple(self._window(state, byte) for byte in sorted({self._need(pc) for pc in pcs})) if known else ()
        return self._windows[state]

    def _need(self, pc: int) -> int:
        """A landmark without which there is no way from here to a match; 0 if there is none."""
        if pc not in self._needed:
            self._needed[pc] = next((byte for byte in LANDMARKS if 0 not in self.reached([pc], without=byte)), 0)
        return self._needed[pc]

    def reached(self, pcs: Iterable[int], without: int = -1) -> set[int]:
        """All states that these lead to; `without`: on ways that take no such byte where only that byte leads on."""
        program, seen, stack = self.program, set(pcs), list(pcs)
        while stack:
            one = stack.pop()
            if program.bits[one] >= 0 and without >= 0 and program.bits[one] == 1 << without:
                continue
            for after in program.then[one]:
                if after not in seen:
                    seen.add(after)
                    stack.append(after)
        return seen

    def _window(self, state: int, byte: int) -> tuple[int, ...]:
        return self.window_after(self.reached([pc for pc in self.sets[state] if self._need(pc) == byte]), byte)

    def window_after(self, pcs: Iterable[int], byte: int) -> tuple[int, ...]:
        """A byte that one of these states takes, and nothing else, and the sets of what may follow it."""
        program = self.program
        now = {t for pc in pcs if program.bits[pc] == 1 << byte for t in program.closure(program.then[pc][0])}
        found = [1 << byte]
        for _ in range(WINDOW):
            bits = 0
            for pc in now:
                bits |= program.bits[pc] if pc else BYTES
            if not bits & BYTES or bits >> END_OF_LINE or 0 in now:
                break
            found.append(bits)
            now = {t for pc in now for t in program.closure(program.then[pc][0])}
        return tuple(found)
