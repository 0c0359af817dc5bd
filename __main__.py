"""`python -m retroline`."""

from .cli import main

main()
