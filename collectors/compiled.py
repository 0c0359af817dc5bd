"""Kernels that numba compiles: they give what the kernels on numpy give beside which they stand, some times sooner, once enough was read for it to pay.

numba comes with `retroline[speed]`; where it is not installed, or does not work, numpy goes on alone. To load it and the kernels takes a third of a
second, as long as to read some million lines; to compile them, which is done once and kept on disk, more than ten. So it begins when ENOUGH bytes
were read or are going to be, in a thread of its own, and what is to be compiled is compiled by a process of its own, which goes on where the command that began
it ends. Nobody waits for either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from types import ModuleType
from typing import Literal

ENOUGH = 256 << 20
PACKED = 6
# After everybody else, where the system has such an order.
IMPORT = "import importlib, os, sys; hasattr(os, 'nice') and os.nice(19); [importlib.import_module(name) for name in sys.argv[1:]]"
How = Literal["enough", "always", "never"]


class Compiled:
    """A module of compiled kernels, by its name inside `package`; `module()` is None until it can be had and is worth its while."""

    def __init__(self, package: str | None, name: str) -> None:
        self.name = f"{package}.{name}"
        self._module: ModuleType | None = None
        self._asked = self.loaded = False
        _state.every.append(self)

    def module(self) -> ModuleType | None:
        """The module, if it is loaded; the first time that it is worth loading it is asked for, and all others with it."""
        if _state.how == "never":
            return None
        if self._module is None and not self._asked:
            if _state.how == "always":
                self.load()
            elif max(_state.seen, _state.awaited) >= ENOUGH:
                self._asked = True
                if find_spec("numba"):
                    _state.ask(self)
        return self._module

    def load(self) -> None:
        """Import the module; what cannot be imported stays None."""
        self._asked = self.loaded = True
        try:
            self._module = import_module(self.name)
        except Exception:  # noqa: BLE001 - a numba that is missing, too old for this numpy, or cannot keep files: all of that means without it
            self._module = None

    def kept(self) -> bool:
        """Whether something that was compiled lies beside the module, and is newer."""
        spec = find_spec(self.name)
        if spec is None or spec.origin is None:
            return False
        source = Path(spec.origin)
        found = (source.parent / "__pycache__").glob(f"{source.stem}.*.nbi")
        return any(one.stat().st_mtime >= source.stat().st_mtime for one in found)


class _State:
    """What was read so far, and what is going to be; whether kernels are loaded by that alone, and the thread that loads them."""

    def __init__(self) -> None:
        self.seen = self.awaited = 0
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
            one = self._wanted.get()
            if not one.kept():
                _compile([each.name for each in self.every if not each.kept()])
            for each in (one, *self.every):
                if not each.loaded:
                    each.load()


def _compile(names: list[str]) -> None:
    """Have modules imported by another process, which keeps what it compiles; what interrupts this one does not reach it."""
    import subprocess
    import sys

    words = [sys.executable, "-P", "-c", IMPORT, *names]
    nothing = subprocess.DEVNULL
    try:
        subprocess.run(words, stdin=nothing, stdout=nothing, stderr=nothing, process_group=0, check=False)  # noqa: S603 - our own modules, by name
    except (OSError, ValueError):  # no interpreter of its own, or no room for another process
        return


_state = _State()


def saw(count: int) -> None:
    """So many bytes more were read."""
    _state.seen += count


def awaits(paths: Iterable[Path]) -> None:
    """These logs are going to be read. A packed one is taken to hold PACKED times its size, one that is missing nothing."""
    for path in paths:
        with suppress(OSError):
            _state.awaited += path.stat().st_size * (PACKED if path.suffix in (".zst", ".gz") else 1)


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
