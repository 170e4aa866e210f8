"""A survey of a third party's venue, with settings of every kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from venuekit_mcp.generate_survey import Survey


@attrs.frozen(kw_only=True)
class AcmeOptions:
    """What a venue with keys asks for."""

    api_key: str = attrs.field(metadata={"doc": "The key's name."})
    api_secret: str = attrs.field(metadata={"doc": "The key's secret."})
    passphrase: str = attrs.field(default="", metadata={"doc": "Only for old keys."})
    region: str = attrs.field(default="eu", metadata={"doc": "eu or us | not both."})
    keyboard: str = attrs.field(default="qwerty", metadata={"doc": "Not a secret.", "secret": False})


def tool(name: str, **changes: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"instrument": {"type": "string"}}, "required": ["instrument"]}
    hints = {"readOnlyHint": True, "destructiveHint": False}
    return {
        "name": name,
        "title": name,
        "description": f"Does {name}. Not more.",
        "inputSchema": schema,
        "annotations": hints,
        **changes,
    }


@pytest.fixture
def acme() -> Survey:
    factory = SimpleNamespace(name="acme", title="Acme Exchange", environment="production", options=AcmeOptions)
    trade = {"readOnlyHint": False, "destructiveHint": True}
    return Survey(
        factory=factory,
        adapter="acme-venue",
        adapter_version="2.5.1",
        version="0.1.0",
        tools=[tool("get_balances"), tool("place_order", annotations=trade), tool("acme_sweep", annotations=trade)],
        readable=frozenset({"get_balances"}),
        live_only=frozenset({"acme_sweep"}),
        default=frozenset({"get_balances", "place_order"}),
        toolsets={"acme_sweep": "treasury"},
        resources=[{"uri": "account://balances", "name": "balances", "description": "What is held."}],
        templates=[{"uriTemplate": "market://ticker/{id}", "name": "ticker"}],
        prompts=[
            {"name": "daily_review", "description": "Review the day.", "arguments": [{"name": "day", "required": True}]}
        ],
        flags=[("--mode MODE", "what an order does")],
    )
