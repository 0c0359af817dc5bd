"""Every decoder of bytes from outside, by name: a function that raises nothing for any bytes, whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from body_targets import chunks
from log_targets import cut_log, line_words, log_file, small_blocks
from reply_targets import index_lines, of_source, saved_file, series
from retroline.collectors import compiled
from stamp_targets import api_stamps, http_date, many_lines, one_line, retry_after, time_option
from text_targets import expression, file_name, markdown_cell, people_file, settings_file

# Processor seconds that one input may take.
LIMIT_S = 10.0


def twice(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target on numpy, and again with compiled kernels; the kernels are made ready before, since that takes its time."""
    with compiled.loaded("always"):
        for one in compiled.every():
            one.module()

    def both(data: bytes) -> None:
        with compiled.loaded("never"):
            target(data)
        with compiled.loaded("always"):
            target(data)

    return both


TARGETS: dict[str, Callable[[bytes], None]] = {
    "chunks": chunks,
    "log": twice(log_file),
    "log-cut": twice(cut_log),
    "log-blocks": twice(small_blocks),
    "log-words": twice(line_words),
    "stamp": one_line,
    "stamps": twice(many_lines),
    "api-stamps": twice(api_stamps),
    "http-date": http_date,
    "retry-after": retry_after,
    "time-option": time_option,
    "series": series,
    "kubernetes": partial(of_source, "kubernetes"),
    "alertmanager": partial(of_source, "alertmanager"),
    "pagerduty": partial(of_source, "pagerduty"),
    "prometheus": partial(of_source, "prometheus"),
    "saved-file": saved_file,
    "index": index_lines,
    "promql": expression,
    "settings": settings_file,
    "people": people_file,
    "markdown": markdown_cell,
    "file-name": file_name,
}
