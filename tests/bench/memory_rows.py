"""Memory: an idle server, and a desk that has seen very many orders."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from decimal import Decimal
from pathlib import Path

import psutil
from mcp.client.stdio import StdioServerParameters
from report import Row

from mcp import Client
from venuekit import MarketOrder, Side, open_desk

ORDERS = 20_000


async def _idle(folder: Path) -> float:
    environment = {**os.environ, "VENUEKIT__DESK__DATA_DIR": str(folder)}
    parameters = StdioServerParameters(command=sys.executable, args=["-m", "venuekit_mcp_paper"], env=environment)
    async with Client(parameters) as client:
        await client.list_tools()
        children = psutil.Process().children(recursive=True)
        servers = [c for c in children if "venuekit_mcp_paper" in " ".join(c.cmdline())]
        return max(c.memory_info().rss for c in servers) / 1e6


async def _flat(folder: Path) -> tuple[float, float]:
    environ = {
        "VENUEKIT__DESK__DATA_DIR": str(folder),
        "VENUEKIT__RISK__CHECK_BALANCE": "false",
        "VENUEKIT__RECONCILE__EVERY_SECONDS": "0",
    }
    options = {
        "pace": "manual",
        "persist": True,
        "initial_balances": {"USD": Decimal(10) ** 12, "BTC": Decimal(10) ** 6},
    }
    seen = []
    async with open_desk("paper", environ=environ, venue_options=options) as desk:
        for n in range(ORDERS):
            side = Side.BUY if n % 2 else Side.SELL
            await desk.submit(MarketOrder(instrument="BTC-USD", side=side, size=Decimal("0.0001")))
            if n % 500 == 499:
                await desk.call_extra("advance_market", {"seconds": 1})
            if n in (ORDERS // 4, ORDERS - 1):
                gc.collect()
                seen.append(psutil.Process().memory_info().rss / 1e6)
    return seen[0], seen[1]


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Both figures, in megabytes."""
    del peers
    idle = asyncio.run(_idle(folder / "idle"))
    early, late = asyncio.run(_flat(folder / "flat"))
    grown = (late - early) / (ORDERS * 3 / 4) * 1e6
    return [
        Row("venuekit-mcp-paper, idle", f"{idle:.0f} MB", "-", "-", "≤ 85 MB", idle <= 85),
        Row(
            f"a desk and the exchange after {ORDERS:,} finished orders, against a quarter of them",
            f"{late:.0f} MB",
            f"{early:.0f} MB",
            f"{late / early:.2f}×",
            "flat: below 50 bytes an order",
            grown < 50,
            f"{grown:.0f} bytes an order",
        ),
    ]
