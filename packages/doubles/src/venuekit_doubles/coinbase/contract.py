"""How the contract kit exercises the Coinbase adapter against the double, which is started when this is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

from venuekit.adapter import Channel
from venuekit_doubles.clock import SteppedClock
from venuekit_doubles.coinbase.server import CoinbaseDouble
from venuekit_doubles.faults import Fault, StreamFault

D = Decimal
#: Enough to move the market.
_BALANCES = {"USD": D(10_000_000), "BTC": D(100), "ETH": D(10)}
#: The double's and the sessions', so that what is moved ahead for one is for the other.
clock = SteppedClock()
double = CoinbaseDouble(
    clock=clock,
    heartbeat_seconds=0.2,
    exchange={
        "pace": "manual",
        "start_time_ns": 0,
        "initial_balances": _BALANCES,
    },
)
double.start()

options: Mapping[str, Any] = {
    "environment": "sandbox",
    "api_key": double.key,
    "api_secret": double.secret,
    "base_url": double.rest_url,
    "ws_url": double.ws_url,
    "ws_user_url": double.ws_url,
    "ca_file": double.ca_file,
    "ticker_ttl_seconds": 0.0,
    "book_ttl_seconds": 0.0,
}
#: Spot first: the kit trades what needs no margin.
instruments = ("BTC-USD", "ETH-USD")
patience_seconds = 5.0
shadow: Mapping[str, Any] = {"balances": _BALANCES, "latency_ms": 0}
#: Channels as the kit knows them, and as the adapter asks for them.
_CHANNELS = {
    Channel.TICKER: "ticker",
    Channel.BOOK: "level2",
    Channel.TRADES: "market_trades",
    Channel.CANDLES: "market_trades",
    Channel.STATUS: "status",
    Channel.OWN_ORDERS: "user",
    Channel.OWN_FILLS: "user",
}


async def advance(_: Any, seconds: float) -> None:
    """Let the exchange's market move."""
    clock.step(seconds)
    await double.advance(seconds)


def subscribing(_: Any, channel: Channel, __: Sequence[str]) -> AbstractAsyncContextManager[None]:
    """Be sure that the double has the subscription that is made."""
    return double.subscribing(_CHANNELS[channel], within=patience_seconds)


async def drop_connections(_: Any) -> None:
    """Break the live connections."""
    await double.fail_streams(StreamFault.ABORT)


def too_many(_: Any) -> None:
    """Let the next order be one too many."""
    double.fail("create", Fault.RATE_LIMITED)
