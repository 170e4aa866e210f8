"""An adapter by somebody else gets its server without keys, without a connection, without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from venuekit.adapter import (
    FULL,
    Capabilities,
    Channel,
    Declared,
    Extra,
    Feature,
    InstrumentKind,
    OrderType,
    Support,
    TimeInForce,
)
from venuekit.registry import load_factory, register, unregister
from venuekit_mcp.generate import generated


@attrs.frozen(kw_only=True)
class Options:
    """Keys that the test does not have."""

    api_key: str = attrs.field(metadata={"doc": "The key."})


@attrs.frozen(kw_only=True)
class Sweep:
    """What to sweep."""

    asset: str = attrs.field(metadata={"doc": "Which asset."})


@attrs.frozen(kw_only=True)
class Swept:
    """What came of it."""

    amount: str = attrs.field(metadata={"doc": "How much."})


def refuse(_: object) -> Any:
    pytest.fail("the generator made a session at the venue")


@pytest.fixture
def factory() -> Iterator[Any]:
    capabilities = Capabilities(
        venue="acme",
        title="Acme Exchange",
        kinds=(InstrumentKind.SPOT,),
        features={**dict.fromkeys(Feature, FULL), Feature.AMEND: Declared(Support.UNSUPPORTED, "Acme cannot amend.")},
        order_types={OrderType.LIMIT: FULL},
        times_in_force={TimeInForce.GTC: FULL},
        channels={Channel.TICKER: FULL},
    )
    sweep = Extra(
        name="acme_sweep",
        toolset="treasury",
        title="Sweep",
        description="Sweeps small balances.",
        arguments=Sweep,
        result=Swept,
        call=refuse,
        mutates=True,
    )
    made = SimpleNamespace(
        name="acme",
        title="Acme Exchange",
        environment="production",
        capabilities=capabilities,
        options=Options,
        extras=(sweep,),
        create=refuse,
    )
    register(made)
    yield made
    unregister("acme")


def test_a_server_is_written_from_what_the_adapter_declares(factory: Any) -> None:
    files = generated("acme", namespace="io.github.someone")
    tools = [tool["name"] for tool in json.loads(files["tools.json"])["tools"]]
    assert "place_order" in tools
    assert "acme_sweep" in tools
    assert "amend_order" not in tools, "what the venue cannot do is not offered"
    assert (
        "| `acme_sweep` | Sweeps small balances. | `asset*`, `reason`, `action_id` | destructive | treasury | live |"
        in files["README.md"]
    )
    (variable,) = json.loads(files["server.json"])["packages"][0]["environmentVariables"]
    assert variable["name"] == "VENUEKIT__VENUES__ACME__API_KEY"
    assert variable["isSecret"] is True


def test_the_adapter_itself_is_back_in_its_place_afterwards(factory: Any) -> None:
    generated("acme")
    assert load_factory("acme") is factory
