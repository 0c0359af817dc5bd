"""Every decoder of bytes from outside, by name: a function that raises nothing for any bytes, whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from body_targets import chunks
from log_targets import cut_log, line_words, log_file, small_blocks
from reply_targets import index_lines, of_source, saved_file, series
from stamp_targets import api_stamps, http_date, many_lines, one_line, retry_after, time_option
from text_targets import expression, file_name, markdown_cell, people_file, settings_file

# Processor seconds that one input may take.
LIMIT_S = 10.0

TARGETS: dict[str, Callable[[bytes], None]] = {
    "chunks": chunks,
    "log": log_file,
    "log-cut": cut_log,
    "log-blocks": small_blocks,
    "log-words": line_words,
    "stamp": one_line,
    "stamps": many_lines,
    "api-stamps": api_stamps,
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
