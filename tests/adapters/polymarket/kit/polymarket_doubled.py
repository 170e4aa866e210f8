"""A session of the adapter with the double, and the configuration that leads to it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from venuekit.adapter import VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_doubles.polymarket import Account, PolymarketDouble
from venuekit_polymarket.adapter import PolymarketVenue


def table_of(double: PolymarketDouble, account: Account | None = None, **more: Any) -> dict[str, Any]:
    """A ``[venues.polymarket]`` table whose every address is the double's; with an account's key if one is given."""
    urls = double.urls
    key = {} if account is None else {"private_key": account.private_key, "funder": account.wallet}
    return {
        "environment": "sandbox",
        **{name: urls[name] for name in ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url")},
        "ws_market_url": urls["clob_market_ws_url"],
        "ws_user_url": urls["clob_user_ws_url"],
        "geoblock_url": double.geoblock_url,
        **key,
        **more,
    }


@asynccontextmanager
async def connected(
    double: PolymarketDouble, account: Account | None = None, **more: Any
) -> AsyncIterator[PolymarketVenue]:
    """A venue that is connected."""
    with tempfile.TemporaryDirectory() as folder:
        context = VenueContext(
            clock=SystemClock(), data_dir=Path(folder), account="main", options=table_of(double, account, **more)
        )
        venue = PolymarketVenue(context)
        await venue.connect()
        try:
            yield venue
        finally:
            await venue.close()
