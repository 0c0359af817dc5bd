"""Severity: what lines of many programs say of themselves, one by one and in columns."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from retroline.normalize.severity import LEVELS, severities, severity

SAID: dict[str | None, tuple[str, ...]] = {
    "fatal": (
        "F1121 01:25:33.128775       1 main.go:12] cannot listen",
        "panic: runtime error: index out of range [3] with length 3",
        "fatal error: all goroutines are asleep - deadlock!",
        '{"level":"fatal","msg":"bye"}',
        '{"level":60,"msg":"bye"}',
        "<2>kernel: out of memory",
        "2026-11-21 01:19:12.001 UTC [1] FATAL:  the database system is starting up",
        "2026/11/21 01:20:58 [emerg] 1#1: bind() to 0.0.0.0:80 failed",
    ),
    "error": (
        "2026-11-21 02:20:04,415 ERROR [payments.gateway] gateway call failed, retrying once order=o-1",
        "E1121 01:25:33.128775       1 reflector.go:879] Watch closed",
        '{"ts": "2026-11-21T01:21:12.381Z", "level": "error", "msg": "unhandled exception", "status": 200}',
        '{"severity":"ERROR","message":"x"}',
        '{"level":50,"msg":"x"}',
        '{"__REALTIME_TIMESTAMP":"1795223400123456","MESSAGE":"unit failed","PRIORITY":"3"}',
        '{"PRIORITY":"6","MESSAGE":"ERROR no route"}',
        'time="2026-11-21T01:21:12Z" level=error msg="no route"',
        "2026/11/21 01:20:58 [error] 31#31: *12 connect() failed (111: Connection refused), client: 10.0.0.1",
        '10.244.0.1 - - [21/Nov/2026:01:20:58 +0000] "GET /readyz HTTP/1.1" 503 46 "-" "kube-probe/1.36"',
        '{"method":"GET","path":"/","status":502}',
        "Traceback (most recent call last):",
        "KeyError: 'currency'",
        "java.lang.IllegalStateException: pool closed",
        'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
        "<11>Nov 21 01:20:58 web app[12]: no",
        "ERROR:root:no",
        'ERROR level=info "GET /readyz HTTP/1.1" 200',
        "error: no such file",
        "11-21 01:20:58.123  1702  2395 E ActivityManager: dead",
        "2026-11-21T01:20:58.1Z 7 [ERROR] [MY-010119] [Server] Aborting",
        "E, [2026-11-21T01:20:58.123 #7] ERROR -- : no",
        "2026-11-21 01:19:12.001 UTC [33] ERROR:  duplicate key value",
        "fail: Example.Service[0]",
    ),
    "warning": (
        "1:M 21 Nov 2026 01:25:31.355 # WARNING: 3 clients are waiting",
        "W1121 01:25:33.128775       1 reflector.go:879] Watch closed",
        "2026-11-21T01:21:05+0000 WARN probe order 5 answered 500",
        "<4>something",
        '{"level":"warn","caller":"agent/loop.go:3","msg":"slow"}',
    ),
    "info": (
        "1:M 21 Nov 2026 01:25:31.355 * 117 changes in 60 seconds. Saving...",
        "I1121 01:25:33.128775       1 httplog.go:132] ERROR is only a word here",
        '10.244.0.1 - - [21/Nov/2026:01:20:58 +0000] "GET /readyz HTTP/1.1" 200 46 "-" "kube-probe/1.36"',
        "2026-11-21 01:19:12.001 UTC [33] LOG:  checkpoint starting",
        "[2026-11-21 01:19:12,001] INFO [Broker 1] ERROR count is 0",
        "<134>1 2026-11-21T01:19:12.001Z host prog 1 - - hello",
        '{"level":30,"msg":"hello","status":503}',
    ),
    "debug": ("2026-11-21 01:19:12 DEBUG x", '{"level":20,"msg":"x"}', "level=trace msg=x", "<15>x"),
    None: ("hello world", "", "an error happened somewhere", "  at foo (bar.js:1:2)", "status 500 is bad", "E11 bottles", '{"a": 1}', "{broken"),
}
CASES = [(text, level) for level, texts in SAID.items() for text in texts]


@pytest.mark.parametrize(("text", "level"), CASES)
def test_one_line(text: str, level: str | None) -> None:
    """A line has the severity that its program gave it, and none where it gave none."""
    assert severity(text) == level


def test_bytes_are_read_too() -> None:
    """Bytes that are no UTF-8 do not matter."""
    assert severity(b"ERROR \xff\xfe") == "error"


@given(st.permutations(CASES), st.integers(0, 5))
def test_a_column_says_what_its_lines_say(cases: list[tuple[str, str | None]], start: int) -> None:
    """In any order and any slice of a column, each line says the same."""
    found = severities(pa.array([text for text, _ in cases]).slice(start))

    assert [LEVELS[code] for code in found] == [level for _, level in cases[start:]]


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")) | st.from_regex(r"[IWEF<{\[\"*0-9 :=a-fA-F]{0,30}")))
def test_any_text_is_taken(texts: list[str]) -> None:
    """No text fails, alone or in a column."""
    assert [LEVELS[code] for code in severities(texts)] == [severity(text) for text in texts]
