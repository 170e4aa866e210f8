"""How the contract kit exercises the Coinbase adapter against the double, which is started when this is imported."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.faults import Fault

D = Decimal
_double = CoinbaseDouble(
    heartbeat_seconds=0.2,
    exchange={
        "pace": "manual",
        "start_time_ns": 0,
        "initial_balances": {"USD": D(10_000_000), "BTC": D(100), "ETH": D(10)},
    },
)
_double.start()

options: Mapping[str, Any] = {
    "environment": "sandbox",
    "api_key": _double.key,
    "api_secret": _double.secret,
    "base_url": _double.rest_url,
    "ws_url": _double.ws_url,
    "ws_user_url": _double.ws_url,
    "ca_file": _double.ca_file,
    "ticker_ttl_seconds": 0.0,
    "book_ttl_seconds": 0.0,
}
#: Spot first: the kit trades what needs no margin.
instruments = ("BTC-USD", "ETH-USD")
settle_seconds = 0.4
patience_seconds = 5.0


async def advance(_: Any, seconds: float) -> None:
    """Let the exchange's market move."""
    await _double.advance(seconds)


async def drop_connections(venue: Any) -> None:
    """Break the live connections."""
    await venue.drop_connections()


def too_many(_: Any) -> None:
    """Let the next order be one too many."""
    _double.fail("create", Fault.RATE_LIMITED)
