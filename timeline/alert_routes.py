"""Group keys from Alertmanager's configuration: which groups an alert belongs to, by the route tree.

`/api/v2/status` gives the configuration as Alertmanager prints it: YAML in block style with plain or quoted scalars. Only the part
below `route:` is read, and only what routing needs; where it holds anything else, no key is made. Knowledge: Alertmanager
"Configuration", sections route and matcher; dispatch/route.go (a key is the matchers from the root, `:`, the group's labels).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

MATCHER = re.compile(r'^\s*([A-Za-z_][\w.:-]*|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*(.*?)\s*$', re.DOTALL)
FLOW = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+)""")
UNITS = re.compile(r"(\d{1,15})(ms|[smhdwy])")
UNIT_NS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9, "w": 604_800 * 10**9, "y": 31_536_000 * 10**9}
DEFAULT_WAIT_NS = 30 * 10**9
MAPS = {"match": "=", "match_re": "=~"}


@dataclass
class Route:
    """One node: matchers as (name, operator, value), what it groups by and how long a new group waits (None: as its parent), its children."""

    matchers: list[tuple[str, str, str]] = field(default_factory=list)
    group_by: list[str] | None = None
    wait_ns: int | None = None
    go_on: bool = False
    children: list[Route] = field(default_factory=list)


def group_keys(original: str, labels: Mapping[str, str]) -> list[str]:
    """The key of every group that an alert with `labels` is put into; [] where the configuration is not understood."""
    route = parse(original)
    if route is None:
        return []
    try:
        return [key for key, _ in _walk(route, labels, "", ["..."] if route.group_by is None else [])]
    except re.error:
        return []


def shortest_wait_ns(original: str, labels: Mapping[str, str]) -> int | None:
    """The least `group_wait` of the routes that take an alert with `labels`; None where the configuration is not understood."""
    route = parse(original)
    try:
        return min(_waits(route, labels, DEFAULT_WAIT_NS), default=None) if route else None
    except re.error:
        return None


def _waits(route: Route, labels: Mapping[str, str], above_ns: int) -> list[int]:
    """`group_wait` of every route that may take the alert; children inherit, and which of several siblings take it does not matter."""
    if not all(matches(name, operator, value, labels) for name, operator, value in route.matchers):
        return []
    own = above_ns if route.wait_ns is None else route.wait_ns
    return [wait for child in route.children for wait in _waits(child, labels, own)] or [own]


def _duration_ns(text: str) -> int | None:
    """A duration as Prometheus writes it (`1m30s`), None where it is none."""
    parts = UNITS.findall(_scalar(text))
    return sum(int(n) * UNIT_NS[u] for n, u in parts) if parts and "".join(n + u for n, u in parts) == _scalar(text) else None


@lru_cache(maxsize=8)
def parse(original: str) -> Route | None:
    """The route tree of a printed configuration, None without one."""
    lines = original.splitlines()
    start = next((i for i, line in enumerate(lines) if line.rstrip() == "route:"), None)
    if start is None:
        return None
    block: list[str] = []
    for line in lines[start + 1 :]:
        if line.strip() and not line.startswith((" ", "-")):
            break
        if line.strip():
            block.append(line)
    return _route(block)


def _route(block: list[str]) -> Route:
    """One route from its lines, which share one indentation; deeper ones belong to the key above them."""
    route = Route()
    for key, value, inner in _entries(block):
        if key == "matchers":
            route.matchers += [m for text in _items(value, inner) if (m := _matcher(text))]
        elif key in MAPS:
            route.matchers += [(k, MAPS[key], _scalar(v)) for k, v, _ in _entries(inner)]
        elif key == "group_by":
            route.group_by = _items(value, inner)
        elif key == "group_wait":
            route.wait_ns = _duration_ns(value)
        elif key == "continue":
            route.go_on = value == "true"
        elif key == "routes":
            route.children = [_route(item) for item in _blocks(inner)]
    return route


def _entries(block: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(key, scalar, lines below) of a mapping."""
    depth = min((len(line) - len(line.lstrip()) for line in block), default=0)
    at = 0
    while at < len(block):
        key, _, value = block[at].strip().partition(":")
        end = at + 1
        while end < len(block) and (block[end].startswith(" " * depth + " ") or block[end].startswith(" " * depth + "- ")):
            end += 1
        yield key, value.strip(), block[at + 1 : end]
        at = end


def _blocks(lines: list[str]) -> list[list[str]]:
    """The items of a list of mappings, each as lines of one mapping."""
    depth = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    found: list[list[str]] = []
    for line in lines:
        if line.startswith(" " * depth + "- "):
            found.append([" " * depth + "  " + line[depth + 2 :]])
        elif found:
            found[-1].append(line)
    return found


def _items(value: str, lines: list[str]) -> list[str]:
    """A list of scalars: one per line below the key, or `[a, b]` beside it."""
    if value.startswith("[") and value.endswith("]"):
        return [_scalar(m[0].strip()) for m in FLOW.finditer(value[1:-1])]
    return [_scalar(line.strip()[2:]) for line in lines if line.strip().startswith("- ")]


def _scalar(text: str) -> str:
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text


def _matcher(text: str) -> tuple[str, str, str] | None:
    match = MATCHER.match(text)
    return (_scalar(match[1]), match[2], _scalar(match[3])) if match else None


def _walk(route: Route, labels: Mapping[str, str], above: str, grouped: list[str]) -> Iterator[tuple[str, bool]]:
    """(group key, whether to go on to the next sibling) of the deepest routes that take the alert."""
    if not all(matches(name, operator, value, labels) for name, operator, value in route.matchers):
        return
    key = f"{above}/{_text(route)}" if above else _text(route)
    by = grouped if route.group_by is None else route.group_by
    taken = False
    for child in route.children:
        below = list(_walk(child, labels, key, by))
        yield from below
        taken = taken or bool(below)
        if below and not child.go_on:
            break
    if not taken:
        named = sorted(labels) if by == ["..."] else sorted(n for n in set(by) if n in labels)
        yield f"{key}:{{{', '.join(f'{n}={_quoted(labels[n])}' for n in named)}}}", route.go_on


def matches(name: str, operator: str, value: str, labels: Mapping[str, str]) -> bool:
    """Whether one matcher takes `labels`; an absent label is empty, a pattern is anchored. Raises re.error."""
    found = labels.get(name, "")
    if operator in ("=", "!="):
        return (found == value) == (operator == "=")
    return (re.fullmatch(value, found) is not None) == (operator == "=~")


def _text(route: Route) -> str:
    return "{" + ",".join(f"{n}{o}{_quoted(v)}" for n, o, v in sorted(route.matchers)) + "}"


def _quoted(value: str) -> str:
    """As Go's %q writes it; JSON's escapes are the same for what labels hold in practice."""
    return json.dumps(value, ensure_ascii=False)
