"""The names of runs in the evidence folder: the window, and a number behind it from the second run on."""

from __future__ import annotations


def window_of(run: str) -> str:
    """The part of a run's name that says its window."""
    return "-".join(run.split("-")[:2])


def order_of(run: str) -> tuple[int, str]:
    """Sorts runs of one window by age."""
    return len(run), run
