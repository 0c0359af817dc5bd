"""The README: its tables are printed from the code, its commands run, its excerpt is real."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from retroline.cli import cli
from retroline.collectors.registry import COLLECTORS
from retroline.collectors.settings import Flags, configured

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
EXCERPT_KINDS = ("change", "impact", "detected", "paged", "acknowledged", "scaled", "mitigation started", "recovered", "resolved")


def replaced(name: str, lines: Iterator[str] | list[str], page: str) -> str:
    """`page` with `lines` between the markers called `name`."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, _, rest = page.partition(start)
    return head + start + "".join(f"{line}\n" for line in lines) + end + rest.partition(end)[2]


def rows(name: str, page: str) -> dict[str, list[str]]:
    """The cells of a marked table by their first."""
    text = page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row for row in cells}


def flag_table() -> Iterator[str]:
    """One row per flag of `collect`, as click knows it."""
    yield from ("| Flag | |", "|---|---|")
    for option in cli.commands["collect"].params:
        assert isinstance(option, click.Option)
        words = "/".join([*option.opts, *option.secondary_opts])
        value = "" if option.is_flag else f" {option.metavar or option.make_metavar(click.Context(cli))}"
        yield f"| `{words}{value.replace('|', '/')}` | {option.help} |"


def source_table(page: str) -> Iterator[str]:
    """One row per shipped source: name and how it is configured from the code, the rest as people wrote it."""
    said = rows("sources", page)
    missing = configured(Flags(), {}, {}).missing
    yield from ("| Source | Configured by | Tells | Cannot tell |", "|---|---|---|---|")
    for name in COLLECTORS:
        if name != "files":
            yield f"| `{name}` | {missing[name].partition(': ')[2]} | {' | '.join(said[name][2:])} |"


def excerpt() -> Iterator[str]:
    """The golden report's durations, and those lines of its table that tell the story."""
    report = (ROOT / "tests" / "golden" / "incident-c.md").read_text("utf-8").splitlines()
    yield from [next(line for line in report if line.startswith("**TTD**")), ""]
    table = [line for line in report if line.startswith("| ")]
    yield from [table[0], "|---|---|---|---|"]
    yield from [line for line in table[1:] if line.count(" | ") == 3 and any(kind in line for kind in EXCERPT_KINDS) and re.match(r"^\| ≈?\d\d:", line)]


def test_tables_are_printed_from_the_code(golden: Callable[[str, str], None]) -> None:
    """The flag table, the source table and the excerpt are what the code and the shipped incident give."""
    page = README.read_text("utf-8")

    page = replaced("flags", flag_table(), page)
    page = replaced("sources", source_table(page), page)
    page = replaced("excerpt", excerpt(), page)

    golden("README.md", page)


def test_every_dependency_has_its_reason() -> None:
    """Each run-time dependency stands in the README with a reason, and no other does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split(r"[>=<!~]", d)[0] for d in project["dependencies"]}

    said = rows("dependencies", README.read_text("utf-8"))

    assert needed == said.keys()
    assert all(len(row[1]) > 5 for row in said.values())


def test_shell_examples_use_flags_that_exist() -> None:
    """Every retroline command in the README parses: its command and its flags exist."""
    blocks = re.findall(r"```(?:sh|console)\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    lines = [line.partition("#")[0].removeprefix("$ ") for block in blocks for line in block.splitlines()]
    commands = [shlex.split(line.partition(">")[0]) for line in lines if "retroline " in line]

    assert len(commands) >= 8
    for words in commands:
        name, *rest = words[[w.endswith("retroline") for w in words].index(True) + 1 :]
        command = cli.commands[name]
        if isinstance(command, click.Group):
            command = command.commands[rest.pop(0)]
        known = {o for p in command.params for o in p.opts}
        assert {w for w in rest if w.startswith("--")} <= known, words


def test_the_install_commands_work(tmp_path: Path) -> None:
    """The README's main job runs as printed, from the repository's root."""
    command = next(line for line in README.read_text("utf-8").splitlines() if line.startswith("$ .venv/bin/retroline collect"))
    words = shlex.split(command)[2:]
    words[words.index("--out") + 1] = str(tmp_path / "demo")
    done = subprocess.run([sys.executable, "-m", "retroline", *words], cwd=ROOT, capture_output=True, check=False, timeout=60)

    assert (done.returncode, done.stdout[:10]) == (0, b"# Incident"), done.stderr.decode()
