"""Kernels that numba compiles: they give what the kernels on numpy give beside which they stand, some times sooner, once enough was read for it to pay.

numba comes with `retroline[speed]`; where it is not installed, or does not work, numpy goes on alone. To load it takes as long as to read some million
lines, and to compile a kernel for the first time some seconds more, after which it is kept on disk. So it begins when ENOUGH bytes were read, in a
thread of its own, and until that is done nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from queue import SimpleQueue
from threading import Lock, Thread
from types import ModuleType
from typing import Literal

ENOUGH = 64 << 20
How = Literal["enough", "always", "never"]


class Compiled:
    """A module of compiled kernels, by its name inside `package`; `module()` is None until it can be had and is worth its while."""

    def __init__(self, package: str | None, name: str) -> None:
        self.name = f"{package}.{name}"
        self._module: ModuleType | None = None
        self._asked = False
        _state.every.append(self)

    def module(self) -> ModuleType | None:
        """The module, if it is loaded; the first time that it is worth loading it is asked for."""
        if _state.how == "never":
            return None
        if self._module is None and not self._asked:
            if _state.how == "always":
                self.load()
            elif _state.seen >= ENOUGH:
                self._asked = True
                _state.ask(self)
        return self._module

    def load(self) -> None:
        """Import the module; what cannot be imported stays None."""
        self._asked = True
        try:
            self._module = import_module(self.name)
        except Exception:  # noqa: BLE001 - a numba that is missing, too old for this numpy, or cannot keep files: all of that means without it
            self._module = None


class _State:
    """What was read so far, whether kernels are loaded by that alone, and the thread that loads them."""

    def __init__(self) -> None:
        self.seen = 0
        self.every: list[Compiled] = []
        self.how: How = "enough"
        self._wanted: SimpleQueue[Compiled] = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()

    def ask(self, one: Compiled) -> None:
        """Have a module loaded some time."""
        self._wanted.put(one)
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="retroline-kernels", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.get().load()


_state = _State()


def saw(count: int) -> None:
    """So many bytes more were read."""
    _state.seen += count


def every() -> tuple[Compiled, ...]:
    """All modules of kernels that some imported module may use."""
    return tuple(_state.every)


def use(how: How) -> None:
    """Load kernels at once where they are first asked for, or use none: for tests and benchmarks, which know what they want."""
    _state.how = how


@contextmanager
def loaded(how: How) -> Iterator[None]:
    """The same for a while."""
    before = _state.how
    use(how)
    try:
        yield
    finally:
        use(before)
