"""The file that `retroline init` writes."""

from __future__ import annotations

from pathlib import Path

from ..collectors.errors import ConfigError
from ..collectors.template import TEMPLATE


def write_template(path: Path, *, force: bool) -> None:
    """Write the commented configuration to `path`. Raises ConfigError where a file is there, unless forced, or none can be written."""
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; --force writes over it")
    try:
        path.write_text(TEMPLATE, "utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
