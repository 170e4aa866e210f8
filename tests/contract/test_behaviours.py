"""The list of promises and the checks of them are one: no promise without a check, no check without a promise."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from enum import Enum
from types import FunctionType

import pytest

from venuekit import adapter
from venuekit.adapter import Channel, Feature, MarketData, OrderEntry, OrderType, Portfolio, Streams, TimeInForce, Venue
from venuekit.testing import contract
from venuekit.testing.contract.behaviours import AREAS, BEHAVIOURS, behaviour
from venuekit.testing.contract.catalogue import CATALOGUE
from venuekit.testing.contract.reads import READS
from venuekit.testing.contract.test_capabilities import CHANGES, OPTIONS, ORDERS

MODULES = [
    importlib.import_module(f"{contract.__name__}.{found.name}") for found in pkgutil.iter_modules(contract.__path__)
]
ABILITIES: list[Enum] = [member for kind in (Feature, OrderType, TimeInForce, Channel) for member in kind]


def checks() -> Iterator[FunctionType]:
    for module in MODULES:
        for name, value in vars(module).items():
            if name.startswith("test_") and isinstance(value, FunctionType) and value.__module__ == module.__name__:
                yield value


def promised(check: FunctionType) -> list[str]:
    return [mark.args[0] for mark in getattr(check, "pytestmark", []) if mark.name == "behaviour"]


def test_every_promise_has_a_check() -> None:
    checked = {name for check in checks() for name in promised(check)}
    assert set(BEHAVIOURS) - checked == set()


def test_every_check_has_one_promise() -> None:
    assert [check.__name__ for check in checks() if len(promised(check)) != 1] == []


def test_a_check_of_an_unknown_promise_cannot_be_written() -> None:
    with pytest.raises(KeyError):
        behaviour("ORD-99")


def test_ids_are_unique_and_counted_within_their_areas() -> None:
    assert len(BEHAVIOURS) == len(CATALOGUE)
    for area in AREAS:
        numbers = [int(name[4:]) for name in BEHAVIOURS if name.startswith(f"{area}-")]
        assert numbers == list(range(1, len(numbers) + 1)), area
    assert {name[:3] for name in BEHAVIOURS} == set(AREAS)


@pytest.mark.parametrize("promise", BEHAVIOURS.values(), ids=lambda promise: promise.id)
def test_a_promise_is_a_sentence_and_its_source_is_documented(promise: object) -> None:
    sentence, source = getattr(promise, "sentence"), getattr(promise, "source")  # noqa: B009
    assert sentence.endswith(".")
    found: object = adapter
    for name in source.split("."):
        found = getattr(found, name)
    assert found.__doc__, f"{source} has no documentation that could promise anything"


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda a: f"{type(a).__name__}.{a.name}")
def test_what_is_declared_usable_is_exercised(ability: Enum) -> None:
    assert [promise.id for promise in BEHAVIOURS.values() if ability in promise.needs]


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda a: f"{type(a).__name__}.{a.name}")
def test_what_is_declared_unusable_is_tried_and_refused(ability: Enum) -> None:
    if ability is Feature.IDEMPOTENT_SUBMIT:
        return  # the absence of a quality, not of a call: there is nothing to refuse
    assert ability in {*READS, *CHANGES, *OPTIONS, *ORDERS, *TimeInForce, *Channel}


def test_every_method_of_the_protocols_is_called() -> None:
    called = {
        node.attr
        for module in MODULES
        for node in ast.walk(ast.parse(_source(module.__name__)))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("venue")
    }
    protocols = (MarketData, OrderEntry, Portfolio, Streams, Venue)
    members = {name for protocol in protocols for name in vars(protocol) if not name.startswith("_")}
    assert members - called == set()


def _source(module: str) -> str:
    loader = importlib.util.find_spec(module)
    assert loader is not None
    assert loader.origin is not None
    with open(loader.origin, encoding="utf-8") as file:  # noqa: PTH123
        return file.read()
