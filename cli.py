"""The command line: click, environment, configuration, terminal, exit codes, and the wall clock.

Exit codes: 0 done; 1 a bug; 2 wrong usage or configuration; 3 done, but a source failed us or was cut by a bound of ours;
4 no source answered; 130 interrupted. The report goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import __version__
from .collectors.errors import ConfigError, RetrolineError
from .terminal.options import all_option, archive_option, build_options, config_option, format_option, log_options, names_option, stamp_options

if TYPE_CHECKING:
    from .timeline.timeline import Timeline

DEFAULT_CONFIG = Path("retroline.toml")
# A short life with hardly a circle of references: the default, 700, sweeps a hundred times more often than there is anything to find.
FEW_SWEEPS = 100_000


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, message="retroline %(version)s")
def cli() -> None:
    """Turn the telemetry of an incident window into one UTC timeline, with evidence."""


@cli.command()
@click.option("--since", help="Start of the window: ISO 8601 with a zone, `now`, or an age such as `2h`.")
@click.option("--until", help="End of the window, exclusive; written like --since.")
@config_option
@click.option("--incident", help="The incident's id [default: the window's start].")
@click.option("--service", help="Whose incident it is [default: the service of the gravest firing alerts].")
@click.option("--source", "only", multiple=True, metavar="NAME", help="Ask only this source (repeatable).")
@click.option("--from", "from_folder", type=click.Path(path_type=Path), help="Read saved files from this folder instead of asking servers.")
@click.option("--out", type=click.Path(path_type=Path), help="The incident's folder [default: ./incidents/ID].")
@format_option
@click.option("--kubeconfig", help="Kubeconfig file [KUBECONFIG].")
@click.option("--context", help="Kubeconfig context.")
@click.option("--namespace", "namespaces", multiple=True, metavar="NS", help="Kubernetes namespace (repeatable) [default: the context's].")
@click.option("--selector", help="Label selector for pods.")
@click.option("--prometheus", metavar="URL", help="Prometheus, VictoriaMetrics, Thanos or Mimir [PROMETHEUS_URL].")
@click.option("--query", "queries", multiple=True, metavar="NAME=EXPR", help="Also collect this range query (repeatable).")
@click.option("--alertmanager", metavar="URL", help="Alertmanager [ALERTMANAGER_URL].")
@click.option("--alert-log", multiple=True, metavar="FILE", help="Saved webhook bodies or event recorder lines (repeatable) [ALERTMANAGER_WEBHOOK_LOG].")
@click.option("--pagerduty", metavar="URL", help="PagerDuty's API [PAGERDUTY_URL].")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=1), help="Seconds that each source may take [default: 300].")
@click.option("--fresh", is_flag=True, help="Ask everything again even if this window was collected before.")
@click.option("--strict", is_flag=True, help="Exit with 3 also for what a source had already forgotten.")
@build_options
@all_option
@names_option
def collect(**options: Any) -> None:
    """Collect a window from all sources, build its timeline and print it."""
    from .collectors.settings import Flags, configured, read_config
    from .terminal.collecting import Job
    from .terminal.lost import exit_code, lost
    from .timeline.frames import without_pandas

    without_pandas()
    config = read_config(_config_path(options["config_path"]))
    now_ns, now_s = time.time_ns(), time.monotonic()
    flags = Flags(**{name: options[name] for name in Flags.__dataclass_fields__})
    job = Job(options, config, now_ns, now_s, say=_say)
    folder, outcomes = job.files() if options["from_folder"] else job.live(configured(flags, os.environ, config, home=Path.home()))
    timeline = _built(folder, job.kept)
    _print(timeline, options["form"], everything=options["everything"], names=options["names"])
    for source, sentence in lost(timeline):
        _say(f"not seen: {source}: {sentence}")
    _say(f"incident folder: {folder}")
    _end(exit_code(timeline, outcomes, strict=options["strict"]), hanging=any(o.hanging for o in outcomes))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@format_option
@build_options
@all_option
@names_option
def build(folder: Path, **options: Any) -> None:
    """Make the timeline of FOLDER again from its evidence, offline."""
    from .normalize.stamp_settings import said_stamps
    from .timeline.build_choices import set_build

    set_build(folder, options["correct"], options["templates"], said_stamps({}, "", options["zone"]))
    _print(_built(folder), options["form"], everything=options["everything"], names=options["names"])


@cli.command()
@click.argument("incident", metavar="DIR|ID")
@format_option
@archive_option
@all_option
@names_option
def show(incident: str, form: str, archive_path: Path | None, everything: bool, names: bool) -> None:
    """Print a stored timeline: a folder, an id below ./incidents, or an id in the archive."""
    _print(_stored(incident, archive_path), form, everything=everything, names=names)


@cli.command()
@click.argument("incident", metavar="DIR|ID")
@click.option("--profiles", "profiles", multiple=True, metavar="NAME", help="Profile, or `all` for the published ones too (repeatable).")
@archive_option
def durations(incident: str, profiles: tuple[str, ...], archive_path: Path | None) -> None:
    """Print durations with formula, bounds and evidence, under our profiles and as others define them."""
    from .timeline.published import durations_text

    click.echo(durations_text(_stored(incident, archive_path), profiles), nl=False)


@cli.command()
@config_option
def sources(config_path: Path | None) -> None:
    """Show which sources are configured, reachable and permitted, and what each clock says."""
    from .collectors.run import probe_all
    from .collectors.settings import Flags, configured, read_config
    from .terminal.probing import probe_lines

    wrong: dict[str, str] = {}
    found = configured(Flags(), os.environ, read_config(_config_path(config_path)), home=Path.home(), wrong=wrong)
    probes = probe_all(found.sources, now_ns=time.time_ns())
    for line in probe_lines(probes, found.missing.values(), wrong):
        click.echo(line)
    if wrong or not all(p.reachable and p.permitted for p in probes.values()):
        sys.exit(3)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@stamp_options
@config_option
def stamps(file: Path, **options: Any) -> None:
    """Show how the time of each line of FILE was read, or why it was not."""
    from .terminal.stamps import stamp_lines

    _write(stamp_lines(file, options, _config_path(options["config_path"]), time.time_ns(), say=_say))


@cli.command()
@click.argument("incident", metavar="DIR|ID")
@log_options
@archive_option
def logs(incident: str, archive_path: Path | None, **options: Any) -> None:
    """Print log lines of a stored incident, or what they say most."""
    from .terminal.logs import log_lines

    _write(log_lines(_stored(incident, archive_path).places, options, time.time_ns(), say=_say))


@cli.command()
@click.option("--force", is_flag=True, help="Write over an existing file.")
def init(force: bool) -> None:
    """Write a commented retroline.toml into this folder."""
    from .terminal.template import write_template

    write_template(DEFAULT_CONFIG, force=force)
    _say(f"wrote {DEFAULT_CONFIG}")


@cli.group()
def archive() -> None:
    """The Parquet archive of all incidents."""


@archive.command("add")
@click.argument("incident", metavar="DIR|ID")
@archive_option
def archive_add(incident: str, archive_path: Path | None) -> None:
    """Put a built incident into the archive; a second time replaces the first."""
    from .timeline import archive as store

    _say(f"archived: {store.add(_archive(archive_path), _stored(incident, archive_path))}")


@archive.command("list")
@click.option("--since", help="Only incidents that reach into the time from here on: ISO 8601 with a zone, `now`, or an age such as `90d`.")
@click.option("--until", help="Only incidents that began before this.")
@archive_option
def archive_list(since: str | None, until: str | None, archive_path: Path | None) -> None:
    """List the archived incidents with their durations, oldest first."""
    from .terminal.archived import listed

    click.echo(listed(_archive(archive_path), since, until, time.time_ns()), nl=False)


@archive.command("show")
@click.argument("incident", metavar="ID")
@archive_option
@format_option
@all_option
@names_option
def archive_show(incident: str, archive_path: Path | None, form: str, everything: bool, names: bool) -> None:
    """Print an archived timeline."""
    from .timeline import archive as store

    _print(store.find(_archive(archive_path), incident), form, everything=everything, names=names)


def main() -> None:
    """Run the command line; every error that a user can mend is one sentence on stderr."""
    gc.set_threshold(FEW_SWEEPS)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except RetrolineError as error:
        _say(f"error: {error}")
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        _say("stopped; what was collected is kept: the same command goes on from here")
        sys.stdout.flush()
        os._exit(130)
    except OSError as error:
        _hush()
        _say(f"error: {error.filename or 'the report'}: {error.strerror or error}")
        sys.exit(2)


def _end(code: int, *, hanging: bool) -> NoReturn:
    """End the process; a source that still hangs when all is said does not hold it."""
    if hanging:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _built(folder: Path, kept: Any = None) -> Timeline:
    from .timeline.folder import build_folder
    from .timeline.frames import without_pandas

    without_pandas()
    gc.freeze()  # what was imported is no garbage: a sweep in a small build would find nothing else
    return build_folder(folder, kept)


def _stored(incident: str, archive_path: Path | None) -> Timeline:
    from .timeline import archive as store
    from .timeline.timeline import load

    for folder in (Path(incident), Path("incidents") / incident):
        if (folder / "events.parquet").is_file():
            return load(folder)
        if (folder / "evidence").is_dir():
            raise ConfigError(f"{folder} has not been built: run retroline build {folder}")
    if os.sep in incident or not _archive(archive_path).is_dir():
        raise ConfigError(f"there is no incident {incident!r}: neither a folder, nor below ./incidents, nor in {_archive(archive_path)}")
    return store.find(_archive(archive_path), incident)


def _archive(path: Path | None) -> Path:
    from .collectors.settings import read_config

    return path or Path(read_config(_config_path(None)).get("archive", {}).get("path", "archive"))


def _config_path(path: Path | None) -> Path | None:
    return path or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)


def _print(timeline: Timeline, form: str, *, everything: bool, names: bool) -> None:
    from .timeline.export import as_csv

    makers: dict[str, Callable[[], str]] = {
        "md": lambda: timeline.to_markdown(names=names, everything=everything),
        "json": timeline.to_json,
        "csv": lambda: as_csv(timeline),
        "none": lambda: "",
    }
    _write([makers[form]().encode("utf-8")])


def _write(parts: Iterable[bytes]) -> None:
    """Write to stdout; whoever reads it may stop reading."""
    try:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.flush()
    except BrokenPipeError:
        _hush()
        sys.exit(141)


def _hush() -> None:
    """Send what is left for stdout nowhere: whoever read it is gone, or it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    click.echo(text, err=True)
