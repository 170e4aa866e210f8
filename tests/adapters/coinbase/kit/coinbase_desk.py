"""A double, venues on it and desks on it, for the tests of the Coinbase adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from venuekit.adapter import LimitOrder, Side, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_doubles.coinbase import CoinbaseDouble

D = Decimal


@contextmanager
def a_double(**named: Any) -> Iterator[CoinbaseDouble]:
    exchange = {"pace": "manual", "start_time_ns": 0, "initial_balances": {"USD": D(10_000_000), "BTC": D(100)}}
    with CoinbaseDouble(heartbeat_seconds=0.1, exchange=exchange, **named) as double:
        yield double


def options(double: CoinbaseDouble, **more: Any) -> dict[str, Any]:
    return {
        "environment": "sandbox",
        "api_key": double.key,
        "api_secret": double.secret,
        "base_url": double.rest_url,
        "ws_url": double.ws_url,
        "ws_user_url": double.ws_url,
        "ca_file": double.ca_file,
        "ticker_ttl_seconds": 0.0,
        "book_ttl_seconds": 0.0,
        "timeout_seconds": 2.0,
        **more,
    }


def a_venue(double: CoinbaseDouble, folder: Path, **more: Any) -> CoinbaseVenue:
    context = VenueContext(clock=SystemClock(), data_dir=folder, account="main", options=options(double, **more))
    return CoinbaseVenue(context)


@asynccontextmanager
async def connected(double: CoinbaseDouble, folder: Path, **more: Any) -> AsyncIterator[CoinbaseVenue]:
    venue = a_venue(double, folder, **more)
    await venue.connect()
    try:
        yield venue
    finally:
        double.faults.clear()
        await venue.close()


def resting(name: str = "one", **more: Any) -> LimitOrder:
    """A bid far below the market."""
    terms = {"size": D("0.01"), "price": D(1000), "post_only": True, **more}
    return LimitOrder(instrument="BTC-USD", side=Side.BUY, client_order_id=name, **terms)
