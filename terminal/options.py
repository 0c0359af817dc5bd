"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

FORMATS = ("md", "json", "csv", "none")
config_option = click.option("--config", "config_path", type=click.Path(path_type=Path), help="Configuration file [default: ./retroline.toml if there is one].")
format_option = click.option("--format", "form", type=click.Choice(FORMATS), default="md", show_default=True, help="What to print on stdout.")
all_option = click.option("--all", "everything", is_flag=True, help="Show every row, background and routine included.")
names_option = click.option("--names", is_flag=True, help="Show people by name instead of by role.")
# As timeline.people has them, which loads libraries.
TEMPLATES = ("masks", "drain3", "none")
archive_option = click.option("--archive", "archive_path", type=click.Path(path_type=Path), help="The archive's folder [default: ./archive].")
zone_option = click.option(
    "--zone", metavar="ZONE", help="Zone of stamps inside lines that name none: UTC, +02:00, Europe/Paris [default: as configured, or UTC]."
)
BUILD_OPTIONS = (
    click.option("--correct/--no-correct", default=None, help="Whether times of clocks that are known to be wrong are corrected [default: yes]."),
    click.option("--templates", type=click.Choice(TEMPLATES), help="How log lines are grouped into templates, if at all [default: masks]."),
    zone_option,
)
STAMP_OPTIONS = (
    zone_option,
    click.option("--since", help="Start of the time that the lines are from; settles missing years and dates."),
    click.option("--until", help="Its end."),
)
LOG_OPTIONS = (
    click.option("--template", metavar="ID|TEXT", help="Only lines of this template, by its id or by words in it."),
    click.option("--severity", type=click.Choice(("fatal", "error", "warning", "info", "debug")), help="Only lines at least this grave."),
    click.option("--grep", metavar="RE", help="Only lines that match this pattern (RE2)."),
    click.option("--around", metavar="T|EVENT_ID", help="Only lines near this time or event."),
    click.option("--seconds", type=click.FloatRange(min=0, max=1e9), default=30, show_default=True, help="How near."),
    click.option("--pod", metavar="P", help="Only lines of pods whose names begin so."),
    click.option("--limit", type=click.IntRange(min=1), help="Print at most so many lines."),
    click.option("--templates", is_flag=True, help="Print the table of templates instead of lines."),
)


def build_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a timeline is made."""
    return _with(BUILD_OPTIONS, command)


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which lines `retroline logs` prints."""
    return _with(LOG_OPTIONS, command)


def stamp_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What `retroline stamps` reads lines by."""
    return _with(STAMP_OPTIONS, command)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
