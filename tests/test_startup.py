"""Starting fast: what the command line does not need, it does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"kubernetes", "matplotlib", "numpy", "pandas", "pyarrow"}
NETWORK = {"httpx", "kubernetes", "prometheus_api_client", "requests", "urllib3"}
SOURCES = ("kubernetes", "prometheus", "alertmanager", "pagerduty")
SHOW = "import sys; print('loaded:', *sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after `code`, even if that exits."""
    script = f"import atexit\n@atexit.register\ndef _show():\n    {SHOW}\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("loaded:")[2].split())


def run(*arguments: str) -> str:
    return f"import sys; sys.argv[1:] = {list(arguments)!r}\nfrom retroline.cli import main\nmain()"


def test_the_package_is_light() -> None:
    """`import retroline` loads no library at all."""
    assert not (HEAVY | NETWORK | {"click", "rich"}) & loaded("import retroline")


def test_the_command_line_is_light() -> None:
    """Importing the command line loads no table, cluster or plot library."""
    assert not (HEAVY | NETWORK) & loaded("import retroline.cli")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("collect", "--help"), ("show", "--help")], ids=" ".join)
def test_help_is_light(arguments: tuple[str, ...]) -> None:
    """Neither help nor version loads a table, cluster or plot library."""
    assert not (HEAVY | NETWORK) & loaded(run(*arguments))


def test_a_build_needs_no_pandas(tmp_path: Path) -> None:
    """Logs and metrics are collected and built without loading pandas, whose import takes longer than that."""
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "shop_web-1_app.log").write_text("2026-11-21T07:00:00.5Z order 7 failed\n")
    points = ",".join(f'[{1_795_244_400 + t}.5,"{t}"]' for t in range(5))
    series = f'{{"metric":{{"pod":"web-1"}},"values":[{points}]}}'
    (tmp_path / "saved" / "errors.json").write_text(f'{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}}}')
    window = ("--since", "2026-11-21T07:00:00Z", "--until", "2026-11-21T07:10:00Z")

    for words in (("collect", "--from", f"{tmp_path}/saved", "--out", f"{tmp_path}/a", *window), ("build", f"{tmp_path}/a")):
        assert "pyarrow" in (found := loaded(run(*words)))
        assert "pandas" not in found, words


@pytest.mark.parametrize("source", SOURCES)
def test_reading_loads_no_network(source: str) -> None:
    """Recognising and reading a saved answer loads no network library."""
    code = f"from retroline.collectors.registry import collector\nassert collector({source!r}).recognise({{}}, 'a.json') is None"

    assert not NETWORK & loaded(code)


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [("pass", 0, ""), ("sys.exit(3)", 3, ""), ("sys.exit()", 0, ""), ("sys.exit('no')", 1, "no"), ("raise ValueError('odd')", 1, "ValueError: odd")],
)
def test_the_process_ends_as_the_command_did(ends: str, code: int, said: str) -> None:
    """What was printed arrives, in whole, and the exit code is the command's; a bug is still told with its traceback."""
    script = f"import sys\nimport retroline.__main__ as start\ndef main():\n    print('word ' * 50_000)\n    {ends}\nstart.main = main\nstart.run()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (code, "word " * 50_000 + "\n")
    assert said in done.stderr and bool(said) == bool(done.stderr)


def test_what_others_registered_is_called_before_the_end() -> None:
    """Libraries tidy up after themselves although the interpreter is not taken apart; threads are waited for."""
    late = "import threading, time\n    threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\n    atexit.register(print, 'tidy')"
    script = f"import atexit\nimport retroline.__main__ as start\ndef main():\n    {late}\nstart.main = main\nstart.run()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["thread", "tidy"]


def test_closed_streams_do_no_harm() -> None:
    """A process without stdout and stderr ends with the command's code too."""
    script = "import sys\nimport retroline.__main__ as start\nstart.main = lambda: sys.exit(3)\nstart.run()"
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" >&- 2>&-', sys.executable, script], check=False)

    assert done.returncode == 3
