"""How well lines are grouped by what they say, beside drain3 on the same lines in the same run.

The score is grouping accuracy: the share of lines whose group holds exactly the lines of one label. Lines come from the imitations in
`labelled_logs`, or from labelled logs on disk: `*_structured.csv` with the columns Content and EventId, as the loghub collection has
them, or `*.tsv` with `EventId<TAB>Content` in each line. drain3 runs with its defaults and with masks for addresses, ids and numbers;
without drain3 its columns stay empty.

    python benchmarks/labelled_logs.py [--labelled DIR]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from labelled_logs import SYSTEMS, corpus, grouping_accuracy
from retroline.normalize.templates import grouped

MASKS = (
    (r"(?<![A-Za-z0-9])(?:[0-9a-f]{2,}:){3,}[0-9a-f]{2,}(?![A-Za-z0-9])", "ID"),
    (r"(?<![A-Za-z0-9])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9])", "IP"),
    (r"(?<![A-Za-z0-9])0x[0-9A-Fa-f]+(?![A-Za-z0-9])", "HEX"),
    (r"(?<![A-Za-z0-9])[-+]?\d+(?![A-Za-z0-9])", "NUM"),
)


@dataclass(frozen=True)
class Labelled:
    """The lines of one system, each with its label."""

    name: str
    lines: Sequence[str]
    labels: Sequence[str | int]


def imitations() -> Iterator[Labelled]:
    """2,000 made lines of each system."""
    for system in SYSTEMS:
        lines, labels = zip(*corpus(system), strict=True)
        yield Labelled(system, lines, labels)


def labelled_files(folder: Path) -> Iterator[Labelled]:
    """The labelled logs below `folder`, by name; a set that is there as CSV and as TSV is two."""
    for path in sorted({*folder.rglob("*_structured.csv"), *folder.rglob("*.tsv")}):
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            if path.suffix == ".csv":
                pairs = [(row["Content"], row["EventId"]) for row in csv.DictReader(file)]
            else:
                pairs = [(text, label) for label, _, text in (line.rstrip("\r\n").partition("\t") for line in file)]
        if pairs:
            lines, labels = zip(*pairs, strict=True)
            yield Labelled(path.name.partition(".")[0].removesuffix("_2k"), lines, labels)


def drain3_groups(lines: Sequence[str], masks: Sequence[tuple[str, str]]) -> list[int] | None:
    """The clusters that drain3 puts `lines` in, one after the other; None without drain3."""
    try:
        from drain3 import TemplateMiner
        from drain3.masking import MaskingInstruction
        from drain3.template_miner_config import TemplateMinerConfig
    except ImportError:
        return None
    config = TemplateMinerConfig()
    config.profiling_enabled = False
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in masks]
    miner = TemplateMiner(config=config)
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def scores(labelled: Labelled) -> tuple[float, float | None, float | None]:
    """Grouping accuracy of retroline, of drain3, and of drain3 with masks."""
    labels = list(labelled.labels)
    others = (drain3_groups(labelled.lines, masks) for masks in ((), MASKS))
    plain, masked = (None if groups is None else grouping_accuracy(groups, labels) for groups in others)
    return grouping_accuracy(grouped(labelled.lines)[0].tolist(), labels), plain, masked


def row(name: str, sizes: tuple[object, object], found: Sequence[float | None]) -> str:
    """One line of the table."""
    return f"{name:<14}{sizes[0]:>7}{sizes[1]:>8}" + "".join(f"{'' if score is None else format(score, '.3f'):>16}" for score in found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--labelled", type=Path, metavar="DIR", help="labelled logs instead of imitations: *_structured.csv or *.tsv")
    folder = parser.parse_args().labelled
    print(f"{'':<14}{'lines':>7}{'events':>8}{'retroline':>16}{'drain3':>16}{'drain3, masks':>16}")
    table = []
    for labelled in imitations() if folder is None else labelled_files(folder):
        table.append(scores(labelled))
        print(row(labelled.name, (len(labelled.lines), len(set(labelled.labels))), table[-1]))
    if not table:
        parser.exit(2, f"{folder} holds neither *_structured.csv nor *.tsv\n")
    means = [None if column[0] is None else fmean(score for score in column if score is not None) for column in zip(*table, strict=True)]
    print(row("mean", ("", ""), means))
