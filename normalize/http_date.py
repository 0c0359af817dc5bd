"""The HTTP `Date` header: whole seconds in GMT, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7, IMF-fixdate).

The obsolete forms that section tells of are not read: a server must not write them.
"""

from __future__ import annotations

import re

from .stamps import instant_ns

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FIXDATE = re.compile(rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ({'|'.join(MONTHS)}) (\d{{4}}) (\d\d:\d\d:\d\d) GMT", re.ASCII)


def http_date_ns(text: str | None) -> int | None:
    """Nanoseconds since 1970 of the second's beginning; None where `text` is no such date."""
    match = FIXDATE.fullmatch(text or "")
    return instant_ns(f"{match[3]}-{MONTHS.index(match[2]) + 1:02}-{match[1]}T{match[4]}Z") if match else None
