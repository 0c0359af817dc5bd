"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

FORMATS = ("md", "json", "csv", "none")
config_option = click.option("--config", "config_path", type=click.Path(path_type=Path), help="Configuration file [default: ./retroline.toml if there is one].")
format_option = click.option("--format", "form", type=click.Choice(FORMATS), default="md", show_default=True, help="What to print on stdout.")
all_option = click.option("--all", "everything", is_flag=True, help="Show every row, background and routine included.")
names_option = click.option("--names", is_flag=True, help="Show people by name instead of by role.")
correct_option = click.option("--correct/--no-correct", default=None, help="Whether times of clocks that are known to be wrong are corrected [default: yes].")
archive_option = click.option("--archive", "archive_path", type=click.Path(path_type=Path), help="The archive's folder [default: ./archive].")
