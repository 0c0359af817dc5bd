"""How fast lines are grouped into templates, beside drain3 with masks on the same lines; how well, and better than drain3 or not.

drain3 reads the first DRAINED lines only: its speed does not depend on how many there are, and it needs a minute for a million.

    python benchmarks --only templates [--size tiny|small|medium|large]
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean

from corpus import write
from grouping import MASKS, drain3_groups, imitations, scores
from measure import LINES, RUNS, Figure, medians, same
from retroline.normalize.digit_masks import PLAIN
from retroline.normalize.templates import grouped, merged_templates

FORMATS = ("kubelet", "python", "nginx")
MOST, DRAINED, COMPARED = 1_000_000, 20_000, 50_000


def rows(size: str) -> list[Figure]:
    """Seconds for a million lines of each format, and the mean accuracy."""
    return [*(_speed(form, min(LINES[size], MOST), RUNS[size]) for form in FORMATS), _accuracy(2 if size == "tiny" else 16)]


def _speed(form: str, count: int, runs: int) -> Figure:
    lines = _lines(form, count)
    few = lines[:DRAINED]
    _compare(lines[:COMPARED])
    drains = drain3_groups(few[:10], MASKS) is not None
    took = medians(lambda: grouped(lines), *([lambda: drain3_groups(few, MASKS)] if drains else []), runs=runs)
    a_million = [seconds / n * 1e6 for seconds, n in zip(took, (len(lines), len(few)), strict=False)]
    return Figure(f"a million {form} lines into templates", "drain3 with masks", a_million[0], a_million[1] if drains else None, ">= 25")


def _lines(form: str, count: int) -> list[str]:
    """Messages as a program writes them: a runtime's stamp is taken off."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, form)
        write(form, count, 1, path)
        lines = path.read_text("utf-8").splitlines()
    return [line.partition(" ")[2] for line in lines] if form == "kubelet" else lines


def _compare(lines: Sequence[str]) -> None:
    """Raise Differs unless the groups are those of masking one line after the other."""
    pattern = re.compile(PLAIN.pattern, re.ASCII)
    masks = [pattern.sub("*", line) for line in lines]
    found = merged_templates(set(masks))
    numbers, templates = grouped(lines)
    same([templates[number] for number in numbers.tolist()], [found[mask] for mask in masks], "templates")


def _accuracy(systems: int) -> Figure:
    table = [scores(labelled) for labelled in islice(imitations(), systems)]
    drained = [masked for _, _, masked in table if masked is not None]
    ours = fmean(one for one, _, _ in table)
    return Figure(f"grouping accuracy, mean of {systems} imitated systems", "drain3 with masks", ours, fmean(drained) if drained else None, "> 1", "")
