"""Many lines through one automaton at once: which of them certainly fit none of some patterns.

Bytes with which a colour sequence may begin end in TAKEN, since what follows is not what a reading of the record would see.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

import numpy as np
import numpy.typing as npt

from .automata import BYTES, END_OF_LINE, Program
from .automata_lines import COLOUR_BYTES, KERNELS, Lines, chosen
from .automata_tables import DEAD, LANDMARKS, SYMBOLS, TAKEN, UNKNOWN, WINDOW, Tables
from .words import Places, Word, gathered

LONGEST, STRIDE, OFTEN = 4096, 32, 8
MOST_STATES = 8192
FEW = 64
LEADS, NEW_LEADS = 24, 4
States = npt.NDArray[np.int32]


class Walker:
    """A program's sets of states, numbered as they are met; DEAD can match no more, TAKEN has matched. Threads may share one.

    A state is over where no more bytes are taken: landmarks settle it. Tables have the place of the next state's row, `_held` that of the
    same row where a state is over; UNKNOWN is not known yet. `steps` is the same as the table, but for states that are over, or UNKNOWN,
    of which it has the number, negative and less one.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lock = RLock()
        self.sets: list[frozenset[int]] = [frozenset(), frozenset({0}), frozenset({-1})]
        self._ids = {one: i for i, one in enumerate(self.sets)}
        self._steps: dict[tuple[int, int], int] = {}
        self._needed: dict[int, int] = {}
        self._windows: dict[int, tuple[tuple[int, ...], ...]] = {}
        self._leads: dict[int, list[tuple[np.uint64, np.uint64, int]]] = {}
        self.table = np.full((64, SYMBOLS), UNKNOWN * SYMBOLS, np.int64)
        self.table[DEAD], self.table[TAKEN] = DEAD * SYMBOLS, TAKEN * SYMBOLS
        self._held = self.table.copy()
        self.steps = np.full((64, SYMBOLS), -UNKNOWN - 1, np.int32)
        self.over = np.zeros(64, bool)
        self.over[:2] = True
        self.tables = Tables(self)

    def state(self, pcs: Iterable[int]) -> int:
        """The number of a set of states; TAKEN, which proves nothing, once there are too many."""
        found = frozenset(pcs)
        if 0 in found:
            return TAKEN
        with self.lock:
            if found not in self._ids:
                if len(self.sets) >= MOST_STATES:
                    return TAKEN
                self.sets.append(found)
                self._grow()
                if self.windows(len(self.sets) - 1):
                    self.over[len(self.sets) - 1] = True
                    self._held[len(self.sets) - 1] = (len(self.sets) - 1) * SYMBOLS
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
        if compiled := KERNELS.module():
            return self.tables.walk(compiled, lines, rows, at, states)
        ends = lines.ends[rows]
        settled = self.led(ends - at, gathered(lines.data, at, 1)[0], states)
        open_rows = np.flatnonzero(settled < 0)
        if len(open_rows):
            further = states[open_rows]
            self._run(lines, ends[open_rows], at[open_rows].copy(), further, whole=False)
            settled[open_rows] = further
        free: npt.NDArray[np.bool_] = settled == DEAD
        for state in (one for one in np.flatnonzero(np.bincount(settled)).tolist() if one > TAKEN):
            here = settled == state
            here[here] = self.unmarked(lines, rows[here], state)
            free |= here
        left = np.flatnonzero(~free & (settled != TAKEN))
        if len(left):
            further = states[left]
            self._run(lines, ends[left], at[left].copy(), further, whole=True)
            free[left] = further == DEAD
        return free

    def away(self, lines: Lines, rows: Places | slice, room: Places, word: Word, state: int) -> npt.NDArray[np.bool_]:
        """For which rows it is known by their next `word` that nothing can match that goes on from `state`; `room` is what is left of each."""
        if self.over[state]:
            return self.unmarked(lines, rows, state)
        found, waiting = np.zeros(len(word), bool), dict[int, npt.NDArray[np.bool_]]()
        for mask, value, settled in self._leads.get(state, ()):
            if settled == TAKEN:
                continue
            hit = (word & mask) == value
            if self._harmless(lines, settled):
                found |= hit
            else:
                waiting[settled] = waiting[settled] | hit if settled in waiting else hit
        for settled, hit in waiting.items():
            if hit.all():
                found |= self.unmarked(lines, rows, settled)
            elif hit.any():
                found[hit] |= self.unmarked(lines, chosen(rows, np.flatnonzero(hit)), settled)
        return found & (room >= 8) if len(room) and int(room.min()) < 8 else found

    def unmarked(self, lines: Lines, rows: Places | slice, state: int) -> npt.NDArray[np.bool_]:
        """Which rows lack what a match would need from this state on, which is over."""
        free = np.ones(len(lines.starts[rows]), bool)
        if state == DEAD:
            return free
        if not self.windows(state):
            return ~free
        for one in self.windows(state):
            if lines.holds(one[0].bit_length() - 1):
                free &= ~lines.marked(one, rows)
        return free

    def is_over(self, state: int) -> bool:
        """Whether no more bytes are taken in this state."""
        return bool(self.over[state])

    def _harmless(self, lines: Lines, state: int) -> bool:
        windows = self.windows(state)
        return state == DEAD or (bool(windows) and not any(lines.holds(one[0].bit_length() - 1) for one in windows))

    def led(self, room: Places, word: Word, states: States, most: int = NEW_LEADS) -> States:
        """Where the next bytes lead, by those of lines before; -1 where they are new. At `most` so many of these are added."""
        found = np.full(len(word), -1, np.int32)
        for state in np.flatnonzero(np.bincount(states)).tolist():
            leads = self._leads.setdefault(state, [])
            here = states == state
            if self.over[state]:
                found[here] = state
                continue
            here &= room >= 8
            for number in range(most + 1):
                for mask, value, settled in leads:
                    found[here & ((word & mask) == value)] = settled
                if number == most:
                    break
                new = np.flatnonzero(here & (found < 0))
                if not len(new) or len(leads) >= LEADS or not self._lead(leads, state, word[new[0]]):
                    break
        return found

    def _lead(self, leads: list[tuple[np.uint64, np.uint64, int]], state: int, word: np.uint64) -> bool:
        """Keep how the bytes of a word lead to a state that is settled; False where they do not."""
        for i, byte in enumerate(int(word).to_bytes(8, "little"), 1):
            state = TAKEN if byte in COLOUR_BYTES else self.step(state, 1 << byte)
            if self.over[state]:
                mask = np.uint64((1 << 8 * i) - 1)
                leads.append((mask, word & mask, state))
                return True
        return False

    def _run(self, lines: Lines, ends: Places, at: Places, states: States, *, whole: bool) -> None:
        """Take byte after byte, until nothing is open; `whole`: also where landmarks would settle it."""
        live = np.flatnonzero(self._open(states, whole=whole))
        for _ in range(LONGEST // STRIDE):
            if not len(live):
                return
            symbols = _symbols(lines, at[live], ends[live])
            states[live] = self._stride(symbols, states[live], whole=whole)
            at[live] += STRIDE
            live = live[self._open(states[live], whole=whole)]
        states[live] = TAKEN

    def _open(self, states: States | Places, *, whole: bool) -> npt.NDArray[np.bool_]:
        return states > TAKEN if whole else ~self.over[states]

    def _stride(self, symbols: Places, states: States, *, whole: bool) -> Places:
        """The states after some symbols, a row for each place."""
        while True:
            table, rows = (self.table if whole else self._held).ravel(), states.astype(np.int64) * SYMBOLS
            for i, symbol in enumerate(symbols, 1):
                rows = table.take(rows + symbol)
                if i % OFTEN == 0 and not self._open(rows // SYMBOLS, whole=whole).any():
                    break
            unknown = rows == UNKNOWN * SYMBOLS
            if not unknown.any():
                return rows // SYMBOLS
            self._fill(symbols[:, unknown], states[unknown])

    def _fill(self, symbols: Places, states: States) -> None:
        """Make all steps known that these symbols lead to."""
        with self.lock:
            for symbol in symbols:
                for key in np.unique(states * np.int64(SYMBOLS) + symbol).tolist():
                    self._set(*divmod(key, SYMBOLS))
                states = self.table.ravel().take(states * np.int64(SYMBOLS) + symbol) // SYMBOLS

    def follow(self, state: int, symbols: Iterable[int]) -> None:
        """Make the steps known that these symbols lead to one after another, up to a state that is over."""
        with self.lock:
            for symbol in symbols:
                self._set(state, symbol)
                state = int(self.table[state, symbol]) // SYMBOLS
                if self.over[state]:
                    return

    def _set(self, state: int, symbol: int) -> None:
        if self.table[state, symbol] == UNKNOWN * SYMBOLS:
            after = TAKEN if symbol < END_OF_LINE and symbol in COLOUR_BYTES else self.step(state, 1 << symbol)
            self.steps[state, symbol] = -after - 1 if self.over[after] else after * SYMBOLS
            self.table[state, symbol] = after * SYMBOLS
            if not self.over[state]:
                self._held[state, symbol] = after * SYMBOLS

    def _grow(self) -> None:
        if len(self.sets) > len(self.table):
            more = np.full_like(self.table, UNKNOWN * SYMBOLS)
            self.table, self._held = np.concatenate([self.table, more]), np.concatenate([self._held, more])
            self.steps = np.concatenate([self.steps, np.full_like(self.steps, -UNKNOWN - 1)])
            self.over = np.concatenate([self.over, np.zeros_like(self.over)])

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


def _symbols(lines: Lines, at: Places, ends: Places) -> Places:
    """The next STRIDE symbols of lines, a row for each place."""
    texts = np.ascontiguousarray(gathered(lines.data, at, STRIDE // 8).T).view(np.uint8)
    symbols = np.ascontiguousarray(texts.T).astype(np.int64)
    room = ends - at
    if int(room.min()) < STRIDE:
        symbols[np.arange(STRIDE)[:, None] >= room] = END_OF_LINE
    return symbols
