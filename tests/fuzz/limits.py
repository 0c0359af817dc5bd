"""A guard against hanging that a busy machine does not trip: what is limited is processor time, not time on the wall."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Hangs(AssertionError):
    """A decoder took more processor time for one input than it may."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises Hangs once the body has used `seconds` of processor time. No guard outside the main thread and where there are no such timers."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(number: int, frame: object) -> None:
        raise Hangs(f"more than {seconds} s of processor time for one input")

    was = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, was)
