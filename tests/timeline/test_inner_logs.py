"""Saved logs without the runtime's stamps: read by what their programs wrote, whatever the format."""

from __future__ import annotations

from pathlib import Path

import pytest
import retroline
from click.testing import CliRunner
from retroline.cli import cli

LOGS = {
    "klog": "I1120 10:00:00.125000       1 main.go:42] started\ngoroutine 1 [running]:\nW1120 10:00:02.500000       1 main.go:43] slow\n",
    "python": "2026-11-20 10:00:00,125 INFO shop: started\n  more of it\n2026-11-20 10:00:02,500 WARNING shop: slow\n",
    "nginx": '10.0.0.4 - ann [20/Nov/2026:11:00:00 +0100] "GET / HTTP/1.1" 200 17\nno time here\n'
    '10.0.0.4 - - [20/Nov/2026:10:00:02 +0000] "GET /a HTTP/1.1" 503 1\n',
    "json": '{"level":"info","ts":1795168800.125,"msg":"started"}\n{"msg":"no time"}\n{"level":"warn","ts":1795168802.5,"msg":"slow"}\n',
    "syslog": "<34>Nov 20 10:00:00 node7 app: started\n\tat x\n<34>Nov 20 10:00:02 node7 app: slow\n",
}
AT = 1_795_168_800_000_000_000
SECONDS, WIDTH_NS = {"nginx", "syslog"}, {"klog": 1_000, "json": 100_000_000}
ZONED = {"nginx", "json"}


@pytest.mark.parametrize("name", LOGS)
def test_lines_have_their_own_instants(name: str, tmp_path: Path) -> None:
    """Each line is where its program says, as exactly as it says; a line that says nothing is where the line before is."""
    saved, incident = tmp_path / "saved", tmp_path / "incident"
    saved.mkdir()
    (saved / f"{name}.log").write_text(LOGS[name], "utf-8")
    window = ("--since", "2026-11-20T09:30:00Z", "--until", "2026-11-20T10:30:00Z")

    ran = CliRunner().invoke(cli, ["collect", "--from", str(saved), "--out", str(incident), *window])

    assert ran.exit_code == 0, ran.output
    lines = retroline.load(str(incident)).lines.reset_index()
    first, last, width_ns = (AT, AT + 2 * 10**9, 10**9) if name in SECONDS else (AT + 125_000_000, AT + 2_500_000_000, WIDTH_NS.get(name, 1_000_000))
    assert [at.value for at in lines["at"]] == [first, first, last]
    assert lines["text"].tolist() == LOGS[name].splitlines()
    assert lines["after_ns"].tolist()[:2] == [width_ns] * 2
    assert ("read as UTC" in ran.output) == (name not in ZONED)
