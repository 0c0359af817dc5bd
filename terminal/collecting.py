"""One `retroline collect`: from options and configuration to a filled evidence folder."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..collectors.errors import ConfigError
from ..collectors.files import Settings as FileSettings
from ..collectors.registry import names
from ..collectors.run import Outcome, collect_all
from ..collectors.session import folder_session, session
from ..collectors.settings import Configured
from ..collectors.window import Window, rfc3339
from ..normalize.stamp_settings import Said, said_stamps
from ..timeline.build_choices import set_build, stamps_for
from ..timeline.evidence import Kept
from ..timeline.extent import EVER, extent
from ..timeline.folder import incident_folder
from ..timeline.people import People, checked_pairs, write_people
from .progress import progress
from .times import incident_id, parse_time, parse_window

TIMEOUT_S = 300.0
COPY_TIMEOUT_S = 3600.0
LONGEST_S = 7 * 86_400.0


@dataclass(frozen=True)
class Job:
    """The options of the command, the configuration file's tables, the present, where remarks go, and what was read on the way.

    The present is `now_ns` on the wall clock and `now_s` on the monotonic one.
    """

    options: Mapping[str, Any]
    config: Mapping[str, Any]
    now_ns: int
    now_s: float
    say: Callable[[str], None]
    kept: Kept = field(default_factory=dict)

    def live(self, found: Configured) -> tuple[Path, list[Outcome]]:
        """Ask the configured sources. Returns the incident's folder and how each source ended."""
        window = parse_window(self.options, self.now_ns)
        chosen = self._chosen(found)
        folder = self._folder(window)
        self._frame(folder, window, sorted(chosen))
        plan = session(folder / "evidence", chosen, window, fresh=self.options["fresh"])
        if not plan.ask:
            self.say("this window was collected before and nothing is missing: reading it again (--fresh asks anew)")
        timeout_s = float(self.options["timeout_s"] or self.config.get("collect", {}).get("timeout_s", TIMEOUT_S))
        return folder, self._run(plan.ask, window, folder, plan.run, timeout_s)

    def files(self) -> tuple[Path, list[Outcome]]:
        """Copy saved files into evidence; a window that was not given is their extent, so the folder is named after copying."""
        if self.options["only"]:
            raise ConfigError("--source chooses among servers; --from reads every file it recognises")
        for end in ("since", "until"):
            if self.options[end]:
                parse_time(self.options[end], self.now_ns, f"--{end}")
        stamps = self._stamps()
        saved = Path(self.options["from_folder"])
        if not saved.is_dir():
            raise ConfigError(f"--from {saved}: {'a file, and a folder is needed' if saved.exists() else 'there is no such folder'}")
        given = bool(self.options["since"] and self.options["until"])
        window = parse_window(self.options, self.now_ns) if given else EVER
        base = Path("incidents")
        if given or self.options["out"] or self.options["incident"]:
            base = self._folder(window)
            writable(base)
        run = folder_session(saved)
        waiting = base / f".{run}"
        shutil.rmtree(waiting, ignore_errors=True)
        try:
            writable(waiting)
            outcomes = self._run({"files": FileSettings(str(saved))}, window, waiting, run, float(self.options["timeout_s"] or COPY_TIMEOUT_S))
            if not given:
                if outcomes[0].error:
                    raise ConfigError(str(outcomes[0].error))
                ends, kept = extent(waiting / "evidence", stamps_for(base, stamps))
                self.kept.update(kept)
                window = self._narrowed(ends)
            folder = self._folder(window)
            moved(waiting, folder)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)
        self._frame(folder, window, ["files"])
        return folder, outcomes

    def _narrowed(self, ends: Window) -> Window:
        since, until = (self.options[k] or rfc3339(at) for k, at in (("since", ends.since_ns), ("until", ends.until_ns)))
        return parse_window({"since": since, "until": until}, self.now_ns)

    def _run(self, settings: Mapping[str, Any], window: Window, folder: Path, run: str, timeout_s: float) -> list[Outcome]:
        cancelled = threading.Event()
        timeout_s = timeout_s if timeout_s < LONGEST_S else LONGEST_S
        with progress(sys.stderr, sorted(settings)) as tell:
            return collect_all(
                settings, window, folder / "evidence", run, now_ns=self.now_ns, now_s=self.now_s, timeout_s=timeout_s, progress=tell, cancelled=cancelled
            )

    def _chosen(self, found: Configured) -> dict[str, Any]:
        only = self.options["only"]
        known = [name for name in names() if name != "files"]
        for name in only:
            if name not in known:
                raise ConfigError(f"there is no source {name!r}; the sources are {', '.join(known)}")
            if name not in found.sources:
                raise ConfigError(found.missing.get(name, f"{name} is not configured"))
        if not found.sources:
            raise ConfigError("no source is configured. " + "; ".join(found.missing.values()) + ". `retroline init` writes a file to start from")
        return {name: one for name, one in found.sources.items() if not only or name in only}

    def _folder(self, window: Window) -> Path:
        if self.options["out"]:
            return Path(self.options["out"])
        return incident_folder(Path("incidents"), self.options["incident"] or incident_id(window))

    def _stamps(self) -> Said:
        return said_stamps(self.config.get("stamps", {}), str(self._config_path), self.options.get("zone"))

    @property
    def _config_path(self) -> Path:
        return self.options["config_path"] or Path("retroline.toml")

    def _frame(self, folder: Path, window: Window, sources: list[str]) -> None:
        stamps = self._stamps()
        writable(folder)
        said = self.config.get("incident", {})
        write_people(
            folder,
            People(
                id=self.options["incident"] or incident_id(window),
                window=window,
                service=self.options["service"] or said.get("service"),
                depends_on=tuple(said.get("depends_on", ())),
                sources=tuple(sources),
                own=checked_pairs(self._config_path, self.config.get("durations", {})),
            ),
        )
        for changed in set_build(folder, self.options.get("correct"), self.options.get("templates"), stamps):
            self.say(changed)


def writable(folder: Path) -> None:
    """Make the folder with room for evidence. Raises ConfigError where it cannot be written."""
    try:
        (folder / "evidence").mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(f"cannot write to {folder}: {error.strerror}") from error


def moved(waiting: Path, folder: Path) -> None:
    """Put the copied evidence where the incident belongs, beside what is there; a run of the same files is replaced."""
    target = folder / "evidence"
    target.mkdir(parents=True, exist_ok=True)
    for run in (waiting / "evidence").iterdir():
        shutil.rmtree(target / run.name, ignore_errors=True)
        run.replace(target / run.name)
