"""Every decoder under atheris, led by what code an input reaches, for a bounded time each: `make fuzz`, or `make fuzz ARGS="--seconds 600 log series"`.

Each target runs in a process of its own, since libFuzzer does not come back. Its corpus begins with the seeds and is forgotten unless
`--corpus` says where to keep it. What breaks a decoder is written to `--findings` and can be tried again with `--again FILE TARGET`.
"""

# ruff: noqa: T201 - a script that prints

from __future__ import annotations

import argparse
import importlib.util
import os
import pkgutil
import random
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
LONGEST = 1 << 14
MEMORY_MB = 4096


def main() -> int:
    """Run the targets one after the other; 1 where one was broken, 2 where none could be run."""
    options = _options()
    from targets import TARGETS

    wrong = [name for name in options.targets if name not in TARGETS]
    if wrong:
        print(f"there is no target {wrong[0]}; the targets are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    if options.again:
        TARGETS[options.targets[0]](options.again.read_bytes())
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed here: it is in the extra `fuzz`, for Linux on x86-64", file=sys.stderr)
        return 2
    options.findings.mkdir(parents=True, exist_ok=True)
    broken = [name for name in options.targets or TARGETS if not _run(name, options)]
    print(f"broken: {', '.join(broken)}" if broken else "nothing broke")
    return 1 if broken else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("targets", nargs="*", help="names in targets.py; none: all")
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was found to reach new code")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--again", type=Path, help="try this one input")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, options: argparse.Namespace) -> bool:
    """One target in a process of its own; whether nothing broke."""
    from seeds import seeds

    with TemporaryDirectory(prefix="retroline-corpus-") as temporary:
        corpus = (options.corpus or Path(temporary)) / name
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (corpus / f"seed-{number}").write_bytes(seed)
        begun = time.monotonic()
        done = subprocess.run(
            [
                *(sys.executable, __file__, "--one", name, "--", f"-max_total_time={options.seconds}", "-timeout=20", f"-rss_limit_mb={MEMORY_MB}"),
                *(f"-max_len={LONGEST}", f"-artifact_prefix={options.findings}/{name}-", "-print_final_stats=1", str(corpus)),
            ],
            check=False,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
    said = done.stderr.decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace")
    runs = re.search(r"number_of_executed_units: (\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    result = "nothing broke" if done.returncode == 0 else f"BROKEN (exit {done.returncode})"
    print(
        f"{name:14} {runs[1] if runs else '?':>9} inputs  {time.monotonic() - begun:6.0f} s  coverage {covered[-1] if covered else '?':>6}  {result}",
        flush=True,
    )
    if done.returncode:
        print(said[-6_000:], flush=True)
    return done.returncode == 0


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz one target; ends the process."""
    import atheris

    with atheris.instrument_imports(include=["retroline"], enable_loader_override=False):
        import retroline

        for found in pkgutil.walk_packages(retroline.__path__, "retroline."):
            if found.name.partition(".")[2].split(".")[0] in ("collectors", "normalize", "timeline", "terminal"):
                import_module(found.name)
    from changes import any_change, changed
    from limits import within
    from targets import LIMIT_S, TARGETS

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return changed(data, [any_change(chance) for _ in range(chance.randint(1, 3))], most)

    def one(data: bytes) -> None:
        with within(LIMIT_S):
            TARGETS[name](data)

    atheris.Setup([sys.argv[0], *arguments], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[4:])
    else:
        sys.exit(main())
