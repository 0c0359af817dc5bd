"""What stands at the beginnings of a log's lines, told from words of eight bytes: the usual forms for all lines at once.

Each function gives a number of bytes per line, or UNKNOWN where a line has none of the usual forms and its regular expression in `log_format` has
to look. None claims a line that the expression would not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..words import Offsets, Words, all_fit, digits, fits, runs, word, words

UNKNOWN = -1
# Bytes after a line's beginning that are looked at, so that many must follow the last line in its buffer.
REACH = 48
STDOUT, STDERR = word(b"stdout F"), word(b"stderr F")
PART = word(b"stdout F") ^ word(b"stdout P")
Z_SPACE = word(b"Z ")


def stamp_sizes(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> Offsets:
    """Bytes of an RFC 3339 stamp (capital T and Z or an offset with colon, up to 9 decimals) that a space follows."""
    heads = words(data, starts, 4)
    date, minute = heads[:, 0], heads[:, 1]
    second, rest = heads[:, 2].copy(), heads[:, 3].copy()
    sizes = np.full(len(starts), 30)
    if not (all_fit(second, ":00.0000") and all_fit(rest, "00000Z ?")):
        other = np.flatnonzero(~(fits(second, ":00.0000") & fits(rest, "00000Z ?")))
        sizes[other] = _odd_sizes(data, starts[other], second[other], rest[other])
    room = ends - starts
    if (sizes >= room).any():
        sizes[sizes >= room] = UNKNOWN
    first = runs(date, minute)
    shaped = fits(date[first], "0000-00-") & fits(minute[first], "00T00:00")
    if not shaped.all():
        sizes[~np.repeat(shaped, np.diff(first, append=len(starts)))] = UNKNOWN
    return sizes


def _odd_sizes(data: npt.NDArray[np.uint8], starts: Offsets, second: Words, rest: Words) -> Offsets:
    """The same for fewer decimals than 9 and for offsets."""
    dot = fits(second, ":00.????")
    first = digits(second >> 32 | rest << 32)
    decimals = first + ((first == 8) & fits(rest, "????0???"))
    ends = np.where(dot, 20 + decimals, 19)
    tail = words(data, starts + ends, 1)[:, 0]
    zulu = (tail & 0xFFFF) == Z_SPACE
    offset = fits(tail, "+00:00 ?") | fits(tail, "-00:00 ?")
    good = (zulu | offset) & np.where(dot, decimals > 0, fits(second, ":00?????"))
    return np.where(good, ends + np.where(zulu, 1, 6), UNKNOWN)


def tag_sizes(data: npt.NDArray[np.uint8], starts: Offsets, ends: Offsets) -> tuple[Offsets, npt.NDArray[np.bool_]]:
    """Bytes of `stdout F` and its like before a space; True where the tag is P, which says that the line goes on in the next record."""
    heads = words(data, starts, 2)
    tags, after = heads[:, 0], heads[:, 1] & 0xFF
    whole = (tags == STDOUT) | (tags == STDERR)
    partial = (tags == STDOUT ^ PART) | (tags == STDERR ^ PART)
    good = (whole | partial) & (after == 32) & (ends - starts > 8)
    return np.where(good, 8, UNKNOWN), partial & good
