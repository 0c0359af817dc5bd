"""A saved log, block by block: when each line was written, by its own stamp, and what it says. Memory does not grow with the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from ..collectors.blocks import Block, in_turn
from ..collectors.kubernetes.log_format import split
from .automata_lines import Lines
from .stamp_columns import InnerStamps
from .stamp_streams import StampStream


@dataclass(frozen=True)
class Stamped:
    """Some lines, in file order: `stamps` has their instants, uncertainties and layouts, `messages` their bytes without the line's end."""

    stamps: InnerStamps
    messages: pa.Array


def stamped(given: Iterator[Block], stream: StampStream) -> Iterator[Stamped]:
    """The lines of each block (`collectors.blocks.blocks`), as `stream` reads them, two blocks at a time. What a block's line lacks of its end
    is read as a line of its own.

    Raises what `given` raises, after what came before.
    """

    def read(block: Block) -> Stamped:
        lines = split(block.data, block.size)
        return Stamped(stream.read_lines(Lines(lines.data, lines.starts, lines.ends)), lines.texts())

    return in_turn(read, given)
