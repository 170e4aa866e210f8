"""An agent at Polymarket's double: the generated server in this process, and the official MCP client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
from double_streams import options

import mcp
from venuekit import Mode, open_desk, registry
from venuekit.settings.schema import ApprovalSettings, DeskConfig, DeskSettings, StreamSettings
from venuekit_doubles.polymarket import Account, PolymarketDouble
from venuekit_mcp import build_server
from venuekit_polymarket import factory

#: A market by its names.
SLUG, YES, NO = "fed-cuts-in-december", "fed-cuts-in-december:YES", "fed-cuts-in-december:NO"
ORDER = {"instrument": YES, "side": "BUY", "order_type": "LIMIT", "size": "10", "price": "0.59", "reason": "a test"}


@asynccontextmanager
async def agent(
    double: PolymarketDouble,
    folder: Path,
    mode: Mode = Mode.LIVE,
    *,
    account: Account | None = None,
    profile: str | None = None,
    toolsets: Sequence[str] = ("core",),
    approve_above: str = "1000",
    **more: Any,
) -> AsyncIterator[mcp.Client]:
    """A client of a desk that has the account's key; `more` are options of the venue."""
    registry.register(factory)
    config = DeskConfig(
        desk=DeskSettings(venue="polymarket", mode=mode, data_dir=str(folder)),
        streams=StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.2),
        approval=ApprovalSettings(require_above=Decimal(approve_above)),
    )
    who = account or double.account
    keys = ("private_key", "funder", "api_key", "api_secret", "api_passphrase")
    own = {name: value for name, value in double.desk_options(who).items() if name in keys}
    async with (
        open_desk(config, environ={}, venue_options=options(double, **{**own, **more})) as desk,
        mcp.Client(build_server(desk, profile=profile, toolsets=toolsets)) as client,
    ):
        yield client


async def call(client: mcp.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; an error is none."""
    result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    assert not result.is_error, result.structured_content
    return dict(result.structured_content)


async def refused(client: mcp.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The error that a tool answers, as an error of MCP."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    assert result.structured_content is not None
    return dict(result.structured_content)


class Waiting:
    """Reads a subscription on from where it was."""

    def __init__(self, client: mcp.Client, opened: dict[str, Any]) -> None:
        self._client = client
        self._id = opened.get("subscription_id") or opened["subscription"]
        self._cursor = opened["cursor"]
        self.events: list[dict[str, Any]] = []

    async def until(self, kind: str, **told: Any) -> dict[str, Any]:
        """The next event of a kind that tells this."""
        with anyio.fail_after(60):
            while True:
                for event in self.events:
                    if event["event"] == kind and all(event.get(k) == v for k, v in told.items()):
                        return event
                answer = await call(
                    self._client, "wait_for_event", subscription=self._id, cursor=self._cursor, timeout=2, limit=100
                )
                self.events = answer["events"]
                self._cursor = answer["cursor"]


def heard(double: PolymarketDouble, channel: str = "market") -> list[Any]:
    """What the venue heard on the connections of a channel that are open: messages, and PING."""
    sockets = getattr(double.venue, f"{channel}_channel").sockets
    texts: list[str] = double.do(lambda: [m for c in sockets.open for m in c.heard])
    return [m if m == "PING" else json.loads(m) for m in texts]


def posted(double: PolymarketDouble) -> int:
    """How many requests with signed orders there were."""
    return sum(asked.signed for asked in double.requests.copy())
