"""What every test may rely on: no configuration of the machine leaks in, golden files, and in CI nothing is skipped."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from retroline.collectors import compiled

ROOT = Path(__file__).resolve().parent.parent
OURS = ("KUBECONFIG", "PROMETHEUS_", "ALERTMANAGER_", "PAGERDUTY_", "RETROLINE_")
GOLDEN = "RETROLINE_GOLDEN"

REWRITE = bool(os.environ.get(GOLDEN))


@pytest.fixture(autouse=True, scope="session")
def _no_configuration() -> Iterator[None]:
    """The environment variables that retroline reads are unset, so that no test asks a real cluster."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(OURS)]:
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def _numpy_alone() -> Iterator[None]:
    """Compiled kernels are used by the tests that say so; how much all tests read together does not decide it."""
    with compiled.loaded("never"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _swept() -> Iterator[None]:
    """What commands set aside from the sweeps for garbage, each for a process of its own, is swept after all."""
    yield
    gc.unfreeze()


@pytest.fixture(params=["never", "always"], ids=["numpy", "compiled"], scope="module")
def kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of a module that uses this run twice: on numpy alone, and with compiled kernels."""
    if request.param == "always":
        pytest.importorskip("numba")
    with compiled.loaded(request.param):
        yield


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """`golden(path, text)`: `text` must be what the file at `path`, from the repository's root, holds; `make golden` rewrites it."""

    def check(path: str, text: str) -> None:
        file = ROOT / path
        if REWRITE:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        held = file.read_text(encoding="utf-8") if file.exists() else ""
        assert held == text, f"{path} is out of date; `make golden` writes it anew, then look at the difference"

    return check


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that uses `golden` carries the marker of that name."""
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker("golden")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure: everything that tests need is installed there."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
