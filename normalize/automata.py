"""Patterns of layouts as automata over bytes, to prove what no line of some shape can fit.

Only what the table's patterns use is understood: literals, classes, groups, alternatives, repetitions and `(?i:…)`; anything else raises
UnknownSyntaxError, and is then left to a regular expression. A line's end is a symbol of its own, END_OF_LINE, that only `$` takes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

END_OF_LINE = 256
BYTES = (1 << 256) - 1
MOST = 3
SPECIAL = frozenset("([.$^*+?{\\")
REPEATED = ("?", "*", "+", "{")
DIGITS = sum(1 << b for b in b"0123456789")
LOWER = sum(1 << b for b in range(97, 123))
UPPER = sum(1 << b for b in range(65, 91))
CLASS = re.compile(r"\[\^?(?:\\.|[^\\])(?:\\.|[^\]\\])*\]", re.DOTALL)
NAMED = {"d": DIGITS, "w": DIGITS | LOWER | UPPER | 1 << 95, "s": sum(1 << b for b in b" \t\n\r\f\v"), "n": 1 << 10, "t": 1 << 9, "r": 1 << 13}


class UnknownSyntaxError(ValueError):
    """A pattern uses what this module does not know."""


class Node(NamedTuple):
    """A part of a pattern: a set of bytes, parts in sequence, alternatives, or the repetition of one part."""

    kind: Literal["set", "cat", "alt", "repeat"]
    bits: int = 0
    parts: tuple[Node, ...] = ()
    low: int = 0
    high: int | None = None
    lazy: bool = False


WHOLE = {".": Node("set", BYTES & ~(1 << 10)), "$": Node("set", 1 << END_OF_LINE)}


class Reader:
    """Takes a pattern apart, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.text, self.at, self.fold = pattern, 0, False

    def ahead(self, mark: str) -> bool:
        """Whether `mark` comes next; it is taken if so."""
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def alternatives(self) -> Node:
        """Everything up to a closing parenthesis or the end."""
        found = [self.sequence()]
        while self.ahead("|"):
            found.append(self.sequence())
        return found[0] if len(found) == 1 else Node("alt", parts=tuple(found))

    def sequence(self) -> Node:
        """Everything up to the next alternative."""
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.one()))
        return Node("cat", parts=tuple(parts))

    def one(self) -> Node:
        """One group, class or literal."""
        if (letter := self.text[self.at]) not in SPECIAL and letter.isascii():
            self.at += 1
            return literal(letter, self.fold)
        if self.ahead("("):
            return self.group()
        if self.ahead("["):
            return Node("set", self.of_class())
        if letter in WHOLE:
            self.at += 1
            return WHOLE[letter]
        if letter in "^*+?{":
            raise UnknownSyntaxError(self.text[self.at :])
        char, bits = self.char()
        if bits is not None:
            return Node("set", folded(bits) if self.fold else bits)
        if self.text[self.at : self.at + 1] in tuple("?*+{"):
            raise UnknownSyntaxError("a repeated letter beyond ASCII")
        return Node("cat", parts=tuple(Node("set", 1 << byte) for byte in char.encode()))

    def group(self) -> Node:
        """A group, whose opening parenthesis is taken."""
        outer = self.fold
        if self.ahead("?P<"):
            self.at = self.text.index(">", self.at) + 1
        elif self.ahead("?i:"):
            self.fold = True
        elif not self.ahead("?:") and self.text.startswith("?", self.at):
            raise UnknownSyntaxError(self.text[self.at :])
        found = self.alternatives()
        if not self.ahead(")"):
            raise UnknownSyntaxError(self.text)
        self.fold = outer
        return found

    def repeated(self, part: Node) -> Node:
        """The part with the repetition that follows it."""
        if self.text[self.at : self.at + 1] not in REPEATED:
            return part
        low, high = 1, None
        if self.ahead("?"):
            low, high = 0, 1
        elif self.ahead("*"):
            low = 0
        elif self.ahead("{"):
            end = self.text.index("}", self.at)
            first, comma, last = self.text[self.at : end].partition(",")
            low, high, self.at = int(first), int(last) if last else None if comma else int(first), end + 1
        else:
            self.at += 1
        return Node("repeat", parts=(part,), low=low, high=high, lazy=self.ahead("?"))

    def of_class(self) -> int:
        """The bytes of a class, whose opening bracket is taken; the same classes come again and again."""
        match = CLASS.match(self.text, self.at - 1)
        if match is None:
            return self.members()
        self.at = match.end()
        return class_bits(match[0], self.fold)

    def members(self) -> int:
        """A class, whose opening bracket is taken."""
        negated, bits, first = self.ahead("^"), 0, True
        while first or not self.ahead("]"):
            first = False
            char, one = self.char()
            if self.text[self.at] == "-" and self.text[self.at + 1] != "]" and one is not None:
                self.at += 1
                last, _ = self.char()
                one = sum(1 << byte for byte in range(ord(char), ord(last) + 1))
            if one is None:
                raise UnknownSyntaxError("a letter beyond ASCII in a class")
            bits |= folded(one) if self.fold else one
        return BYTES & ~bits if negated else bits

    def char(self) -> tuple[str, int | None]:
        """One character, escaped or not, and the bytes that it stands for; None for one beyond ASCII."""
        char = self.text[self.at]
        self.at += 1
        if char == "\\":
            char = self.text[self.at]
            self.at += 1
            if char == "x":
                char = chr(int(self.text[self.at : self.at + 2], 16))
                self.at += 2
                return char, 1 << ord(char)
            if char in NAMED:
                return char, NAMED[char]
            if char.isalnum():
                raise UnknownSyntaxError(f"\\{char}")
        return char, 1 << ord(char) if char.isascii() else None


def folded(bits: int) -> int:
    """Both cases of every letter."""
    return bits | (bits & UPPER) << 32 | (bits & LOWER) >> 32


@lru_cache(maxsize=256)
def literal(letter: str, fold: bool) -> Node:
    """A letter of ASCII that stands for itself; both of its cases where case does not count."""
    return Node("set", folded(1 << ord(letter)) if fold else 1 << ord(letter))


@lru_cache(maxsize=512)
def class_bits(text: str, fold: bool) -> int:
    """The bytes of a class, brackets and all. Raises UnknownSyntaxError."""
    reader = Reader(text)
    reader.at, reader.fold = 1, fold
    bits = reader.members()
    if reader.at != len(text):
        raise UnknownSyntaxError(text)
    return bits


@lru_cache(maxsize=512)
def parsed(pattern: str) -> Node:
    """A pattern that is anchored at the start. Raises UnknownSyntaxError."""
    if not pattern.startswith("^"):
        raise UnknownSyntaxError(pattern)
    reader = Reader(pattern)
    reader.at = 1
    try:
        found = reader.alternatives()
    except (IndexError, ValueError) as error:
        raise UnknownSyntaxError(pattern) from error
    if reader.at != len(pattern):
        raise UnknownSyntaxError(pattern)
    return found


class Program:
    """States of an automaton with ordered choices: `bits[pc]` is the set of symbols that lead to `then[pc][0]`; -1 is a choice among `then[pc]`.

    State 0 is the match.
    """

    def __init__(self) -> None:
        self.bits: list[int] = [0]
        self.then: list[tuple[int, ...]] = [()]
        self._closures: dict[int, tuple[int, ...]] = {}

    def add(self, pattern: str, *, loose: bool = False) -> int:
        """The first state of a pattern. `loose`: long repetitions of groups have no bounds, so more may match than the pattern says."""
        return self._compiled(parsed(pattern), 0, loose)

    def closure(self, pc: int) -> tuple[int, ...]:
        """The states with symbols, or the match, that a state leads to without any, the preferred first."""
        if pc not in self._closures:
            found: dict[int, None] = {}
            seen, stack = set(), [pc]
            while stack:
                one = stack.pop()
                if one in seen:
                    continue
                seen.add(one)
                if self.bits[one] < 0:
                    stack.extend(reversed(self.then[one]))
                else:
                    found[one] = None
            self._closures[pc] = tuple(found)
        return self._closures[pc]

    def _new(self, bits: int, then: tuple[int, ...]) -> int:
        self.bits.append(bits)
        self.then.append(then)
        return len(self.bits) - 1

    def _compiled(self, node: Node, after: int, loose: bool) -> int:
        if node.kind == "set":
            return self._new(node.bits, (after,))
        if node.kind == "cat":
            for part in reversed(node.parts):
                after = self._compiled(part, after, loose)
            return after
        if node.kind == "alt":
            return self._new(-1, tuple(self._compiled(part, after, loose) for part in node.parts))
        return self._repeat(node, after, loose)

    def _repeat(self, node: Node, after: int, loose: bool) -> int:
        (part,), low, high = node.parts, node.low, node.high
        if loose and part.kind != "set" and (high or 0) > MOST:
            low, high = min(low, 1), None
        entry = after
        if high is None:
            entry = self._new(-1, ())
            body = self._compiled(part, entry, loose)
            self.then[entry] = (after, body) if node.lazy else (body, after)
        else:
            for _ in range(high - low):
                body = self._compiled(part, entry, loose)
                entry = self._new(-1, (after, body) if node.lazy else (body, after))
        for _ in range(low):
            entry = self._compiled(part, entry, loose)
        return entry
