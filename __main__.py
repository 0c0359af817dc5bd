"""The command `retroline`, and `python -m retroline`."""

import atexit
import gc

from .cli import main


def run() -> None:
    """Run the command line in a process of its own. The last sweep for garbage, as Python ends, would find nothing and is left out."""
    atexit.register(gc.freeze)
    main()


if __name__ == "__main__":
    run()
