"""Desks over the pocket venue, and servers over those, all in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import attrs
import pytest
from pocket import PocketFactory, PocketVenue

import mcp
from venuekit import registry
from venuekit.adapter import Feature
from venuekit.protocols.approver import Caller, Mode, Role
from venuekit.settings.schema import (
    AgentSettings,
    ApprovalSettings,
    BreakerSettings,
    DeskConfig,
    DeskSettings,
    HoursWindow,
    OperatorSettings,
    PaceSettings,
    RiskSettings,
    StoreSettings,
)
from venuekit_mcp import build_server


@attrs.define
class Bench:
    """A desk, its venue, and clients of its server."""

    desk: Any
    venue: PocketVenue
    server: Any

    def client(self, mode: str = "auto", **more: Any) -> mcp.Client:
        return mcp.Client(self.server, mode=mode, **more)


AGENT = Caller(agent_id="agent", role=Role.TRADER, source="mcp-stdio")


@pytest.fixture
def bench(tmp_path) -> Callable[..., Any]:
    """``async with bench(mode=..., approval=..., caller=..., **build) as b``."""

    @asynccontextmanager
    async def opened(
        *,
        mode: Mode = Mode.SHADOW,
        caller: Any = AGENT,
        risk: RiskSettings | None = None,
        approval: ApprovalSettings | None = None,
        breakers: BreakerSettings | None = None,
        pace: PaceSettings | None = None,
        agents: dict[str, AgentSettings] | None = None,
        operators: Mapping[str, OperatorSettings] | None = None,
        hours: Sequence[HoursWindow] = (),
        without: Sequence[Feature] = (),
        **build: Any,
    ) -> AsyncIterator[Bench]:
        from venuekit.runtime.session import open_desk

        factory = PocketFactory(without=without)
        registry.register(factory)
        config = DeskConfig(
            desk=DeskSettings(venue="pocket", mode=mode, data_dir=str(tmp_path)),
            store=StoreSettings(url="sqlite://"),
            risk=risk or RiskSettings(max_order_notional=Decimal(20_000)),
            approval=approval or ApprovalSettings(),
            breakers=breakers or BreakerSettings(),
            pace=pace or PaceSettings(),
            agents=agents or {},
            operators=operators or {},
            hours=hours,
        )
        try:
            async with open_desk(config, environ={}) as desk:
                assert factory.venue is not None
                yield Bench(desk, factory.venue, build_server(desk, caller=caller, **build))
        finally:
            registry.unregister("pocket")

    return opened


@pytest.fixture(params=["auto", "legacy"])
def era(request) -> str:
    """Both protocol eras."""
    return str(request.param)
