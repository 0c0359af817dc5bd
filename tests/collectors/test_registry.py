"""The table of sources."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint

import pytest
from retroline.collectors import registry
from retroline.collectors.errors import ConfigError


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What one test installs, the next does not see."""
    yield
    registry._others.cache_clear()


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    point = EntryPoint(name, value, registry.GROUP)
    registry._others.cache_clear()
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [point] if group == registry.GROUP else [])


@pytest.mark.parametrize("name", registry.COLLECTORS)
def test_each_source_offers_the_face_of_a_collector(name: str) -> None:
    """Every name in the table leads to a module with that NAME and all that a collector must offer."""
    source = registry.collector(name)

    assert name == source.NAME
    assert all(callable(getattr(source, part)) for part in ("Settings", "fetch", "read", "recognise", "probe"))


@pytest.mark.parametrize("name", registry.COLLECTORS)
def test_the_face_survives_its_use(name: str) -> None:
    """No module inside a source's folder takes the name, and so the place, of one of its functions once it is imported."""
    source = registry.collector(name)
    for module in pkgutil.iter_modules(getattr(source, "__path__", ())):
        import_module(f"retroline.collectors.{name}.{module.name}")

    assert [part for part in ("fetch", "read", "recognise", "probe") if not callable(getattr(source, part))] == []


def test_an_unknown_name_is_answered_with_the_names_that_exist() -> None:
    """A source that does not exist is the user's to mend, and the message says what there is."""
    with pytest.raises(ConfigError, match=r"no source 'graphite'; the sources are kubernetes, prometheus, alertmanager, pagerduty, files"):
        registry.collector("graphite")


def test_an_installed_package_adds_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name offered through the entry-point group is known and loaded."""
    offer(monkeypatch, "graphite", "retroline.collectors.files")

    assert registry.names()[-1] == "graphite"
    assert registry.collector("graphite").NAME == "files"


def test_an_installed_package_cannot_take_a_shipped_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`kubernetes` stays ours whatever is installed."""
    offer(monkeypatch, "kubernetes", "retroline.collectors.files")

    assert registry.names() == list(registry.COLLECTORS)
    assert registry.collector("kubernetes").NAME == "kubernetes"


@pytest.mark.parametrize("value", ["no_such_module_here", "retroline.collectors.files:nothing"])
def test_an_installed_source_that_breaks_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A package whose source cannot be imported is a sentence with its place, not a traceback."""
    offer(monkeypatch, "graphite", value)

    with pytest.raises(ConfigError, match=f"'graphite' is installed but cannot be imported.*{value.split(':', maxsplit=1)[0]}"):
        registry.collector("graphite")
