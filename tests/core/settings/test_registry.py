"""Adapters are found by name without being imported, and a missing one says how to get it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from venuekit import registry
from venuekit.errors import ConfigError, UnknownVenue


@pytest.fixture
def toy() -> Iterator[Any]:
    factory = SimpleNamespace(name="toy-venue")
    registry.register(factory)  # type: ignore[arg-type]
    yield factory
    registry.unregister("toy-venue")


def test_a_registered_factory_is_found_and_can_be_taken_back(toy: Any) -> None:
    assert "toy-venue" in registry.venue_names()
    assert registry.load_factory("toy-venue") is toy
    registry.unregister("toy-venue")
    registry.unregister("toy-venue")
    assert "toy-venue" not in registry.venue_names()


def test_an_unknown_name_says_near_ones_or_what_to_install(toy: Any) -> None:
    with pytest.raises(UnknownVenue, match="toy-venue") as near:
        registry.load_factory("toyvenue")
    assert near.value.fix == "Did you mean 'toy-venue'?"
    with pytest.raises(UnknownVenue) as far:
        registry.load_factory("zzzzz")
    assert far.value.fix == "Try: pip install venuekit-zzzzz"
    assert far.value.details["installed"] == registry.venue_names()


def test_an_adapter_whose_import_fails_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no_such_package_anywhere:factory", registry.GROUP)
    monkeypatch.setattr(registry, "_installed", lambda: {"broken": broken})
    assert "broken" in registry.venue_names()
    with pytest.raises(ConfigError, match="no_such_package_anywhere") as refused:
        registry.load_factory("broken")
    assert "venuekit-broken" in refused.value.fix


def test_listing_names_imports_no_adapter() -> None:
    code = "import sys; from venuekit.registry import venue_names; assert 'paper' in venue_names(); print('venuekit_paper' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
