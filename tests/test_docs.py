"""Documentation that cannot rot: tables are printed from the code, and what the pages name exists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from retroline.normalize import tables
from retroline.timeline.durations import PROFILES
from retroline.timeline.milestones import NAMES

ROOT = Path(__file__).resolve().parent.parent
TABLES = ("events", "lines", "samples", "milestones", "durations", "coverage")
PATHS = re.compile(r"`((?:collectors|normalize|timeline|tests|fixtures|docs|benchmarks)/[A-Za-z0-9_./-]+)`")
TARGETS = re.compile(r"`make ([a-z-]+)`")


def between(name: str, lines: Iterable[str], page: str) -> str:
    """`page` with `lines` between the markers called `name`."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    assert page.count(start) == 1 and page.count(end) == 1, f"the page needs one {start.strip()} and one {end}"
    head, _, rest = page.partition(start)
    return head + start + "".join(f"{line}\n" for line in lines) + end + rest.partition(end)[2]


def part(name: str, page: str) -> str:
    """What stands between the markers called `name`."""
    return page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0]


def meanings(text: str) -> dict[str, str]:
    """What people wrote into the last column of a table, by its first."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[-1] for row in cells}


def columns(schema: pa.Schema, said: dict[str, str]) -> Iterator[str]:
    """One row per column: name, type and whether it may be null from the schema, the meaning as people wrote it."""
    yield from ("| Column | Type | Null | Meaning |", "|---|---|---|---|")
    for field in schema:
        yield f"| `{field.name}` | {type_name(field.type)} | {'yes' if field.nullable else ''} | {said.get(field.name, '')} |"


def type_name(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return f"timestamp[{kind.unit}, {kind.tz}]"
    if pa.types.is_list(kind):
        return f"list of {type_name(kind.value_type)}"
    if pa.types.is_map(kind):
        return f"map of {type_name(kind.key_type)} to {type_name(kind.item_type)}"
    if pa.types.is_struct(kind):
        return "{" + ", ".join(field.name for field in kind) + "}"
    return type_name(kind.value_type) if pa.types.is_dictionary(kind) else str(kind)


def kinds(said: dict[str, str]) -> Iterator[str]:
    """One row per event kind; kinds of one thing stand together."""
    yield from ("| Kind | Meaning |", "|---|---|")
    for kind in sorted(tables.KINDS):
        yield f"| `{kind}` | {said.get(kind, '')} |"


def durations() -> Iterator[str]:
    """One row per duration, one column per profile."""
    names = list(dict.fromkeys(name for profile in PROFILES.values() for name in profile))
    yield "| Duration | " + " | ".join(f"`{profile}`" + (" (default)" if profile == "impact" else "") for profile in PROFILES) + " |"
    yield "|---" * (len(PROFILES) + 1) + "|"
    for name in names:
        pairs = [profile.get(name) for profile in PROFILES.values()]
        yield f"| {name} | " + " | ".join(f"`{pair[0]}` → `{pair[1]}`" if pair else "–" for pair in pairs) + " |"


def test_every_column_is_described(golden: Callable[[str, str], None]) -> None:
    """docs/tables.md lists the columns of every table and every event kind as the schemas have them."""
    path = "docs/tables.md"
    page = (ROOT / path).read_text(encoding="utf-8")
    for table in TABLES:
        name = f"columns:{table}"
        page = between(name, columns(getattr(tables, table.upper()), meanings(part(name, page))), page)
    page = between("kinds", kinds(meanings(part("kinds", page))), page)

    golden(path, page)


def test_every_meaning_is_written() -> None:
    """No column and no kind in docs/tables.md is without a meaning."""
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    names = ["kinds", *(f"columns:{table}" for table in TABLES)]

    assert [f"{name}: {column}" for name in names for column, said in meanings(part(name, page)).items() if not said] == []


def test_durations_are_defined_as_computed(golden: Callable[[str, str], None]) -> None:
    """docs/definitions.md has the formulas that the code computes with."""
    path = "docs/definitions.md"
    page = (ROOT / path).read_text(encoding="utf-8")

    golden(path, between("durations", durations(), page))


def test_every_milestone_is_defined() -> None:
    """docs/definitions.md defines exactly the milestones that there are, in the order of the story."""
    page = (ROOT / "docs/definitions.md").read_text(encoding="utf-8")

    assert tuple(meanings(part("milestones", page))) == NAMES


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/tables.md", "docs/definitions.md", "docs/benchmarks.md", "benchmarks/README.md"])
def test_what_pages_name_exists(page: str) -> None:
    """Every path and every `make` target that a page names is there."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert [path for path in PATHS.findall(text) if not (ROOT / path).exists()] == []
    assert set(TARGETS.findall(text)) <= targets
