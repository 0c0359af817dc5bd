"""docs/stamps.md is printed from the table of layouts."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from retroline.normalize.keyed import KEYS
from retroline.normalize.layout import GROUPS, configured_layouts
from retroline.normalize.layouts import layouts
from retroline.normalize.stamp_reading import proven

PAGE = "docs/stamps.md"
TEXT = (Path(__file__).resolve().parent.parent / PAGE).read_text(encoding="utf-8")


def between(name: str, lines: Iterator[str], page: str) -> str:
    """`page` with `lines` between the markers called `name`."""
    head, start, rest = page.partition(f"<!-- {name} -->\n")
    tail = rest.partition(f"<!-- /{name} -->")
    return head + start + "".join(f"{line}\n" for line in lines) + "".join(tail[1:])


def rows() -> Iterator[str]:
    """One row per layout, in the order in which they are tried."""
    yield from ("| Layout | Written by | Sample |", "|---|---|---|")
    for layout in layouts():
        sample = layout.samples[0].text.split("\n")
        text = sample[0] if len(sample) == 1 else sample[-1] if "timestamp" in sample[-1].lower() else sample[0]
        cell = text.replace("\t", " ").replace("|", "\\|").strip()
        yield f"| `{layout.name}` | {layout.where} | ``{cell}`` |" if "`" in cell else f"| `{layout.name}` | {layout.where} | `{cell}` |"


def keys() -> Iterator[str]:
    """The time keys, best first."""
    yield "  " + ", ".join(f"`{key}`" for key in KEYS)


def test_every_layout_is_in_the_table(golden: Callable[[str, str], None]) -> None:
    """The page lists the layouts and the JSON keys as the code has them."""
    golden(PAGE, between("keys", keys(), between("layouts", rows(), TEXT)))


def test_the_example_of_a_layout_works() -> None:
    """The layout that the page shows loads, and the page names every group."""
    table = tomllib.loads(TEXT.partition("```toml\n")[2].partition("```")[0])

    assert proven(configured_layouts(table["stamps"]["layout"]))[0].name == "mill"
    assert [group for group in sorted(GROUPS) if f"`{group}`" not in TEXT] == []
