"""The command `retroline`, and `python -m retroline`."""

import atexit
import os
import sys

from .cli import main


def run() -> None:
    """Run the command line in a process of its own, which does at its beginning and its end what it must and no more.

    numpy's linear algebra, which nothing here needs, starts a thread per core as it is loaded unless told otherwise. And what was loaded is not taken
    apart at the end, object by object: of all that is called as Python ends, `_leave`, the first one registered, is the last.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    codes: list[int] = []
    atexit.register(_leave, codes)
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            codes.append(end.code or 0)
        raise
    codes.append(0)


def _leave(codes: list[int]) -> None:
    """End the process with the code found; Python does so itself where there is none, after a bug, or where the last words cannot be written."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed from the beginning
            stream.flush()
    except (OSError, ValueError):
        return
    if codes:
        os._exit(codes[0])


if __name__ == "__main__":
    run()
