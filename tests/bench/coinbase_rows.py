"""A call through our Coinbase adapter beside the same through the official SDK as it is shipped, at a double."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import beside
from coinbase.rest import RESTClient
from report import Row

from venuekit.adapter import LimitOrder, OrderRef, Side, VenueContext
from venuekit.watch.clock import SystemClock
from venuekit_coinbase.adapter import CoinbaseVenue

COINBASE = beside.Venue(
    name="Coinbase",
    client="official SDK",
    client_many="official SDK in threads",
    latency_budget=0.4,
    throughput_budget=3,
    blocks=True,
)
#: What the server that answers at once has: an order of the usual length.
ORDER = {
    "order_id": "o-1",
    "client_order_id": "c-1",
    "product_id": "BTC-USD",
    "side": "BUY",
    "status": "OPEN",
    "created_time": "2026-11-20T10:00:00Z",
    "filled_size": "0",
    "total_fees": "0",
    "order_configuration": {"limit_limit_gtc": {"base_size": "0.01", "limit_price": "1000", "post_only": True}},
    "cancel_message": "x" * 500,
}
PRODUCT = {
    "product_id": "BTC-USD",
    "product_type": "SPOT",
    "base_increment": "0.00000001",
    "price_increment": "0.01",
    "base_min_size": "0.00000001",
    "status": "online",
}
ANSWERS = {
    "/": {"order": ORDER},
    "/api/v3/brokerage/orders": {"success": True, "success_response": {"order_id": "o-1", "client_order_id": "c-1"}},
    "/api/v3/brokerage/orders/historical/": {"order": ORDER},
    "/api/v3/brokerage/market/products": {"products": [PRODUCT]},
}


def _sdk(options: Mapping[str, Any]) -> RESTClient:
    """The client as it comes: the environment is the one way to tell it whom to trust that changes nothing of it."""
    os.environ["REQUESTS_CA_BUNDLE"] = options["ca_file"]
    return RESTClient(
        api_key=options["api_key"],
        api_secret=options["api_secret"].replace("\\n", "\n"),
        base_url=options["base_url"].removeprefix("https://"),
    )


def _venue(options: Mapping[str, Any], folder: Path) -> CoinbaseVenue:
    given = {**options, "products_ttl_seconds": 0.000001}
    return CoinbaseVenue(VenueContext(clock=SystemClock(), data_dir=folder, account="bench", options=given))


def _order(number: int) -> dict[str, Any]:
    kind = {"limit_limit_gtc": {"base_size": "0.01", "limit_price": "1000", "post_only": True}}
    return {"client_order_id": f"sdk-{number}", "product_id": "BTC-USD", "side": "BUY", "order_configuration": kind}


class Calls:
    """The same calls of both; orders have numbers of their own."""

    def __init__(self, venue: CoinbaseVenue, sdk: RESTClient, identity: str) -> None:
        self._venue = venue
        self._sdk = sdk
        self._identity = identity
        self._numbers = iter(range(1_000_000))

    async def our_order(self) -> None:
        """An order that is there, by the adapter."""
        await self._venue.order(OrderRef(venue_order_id=self._identity))

    def their_order(self) -> None:
        """The same by the SDK."""
        self._sdk.get_order(order_id=self._identity)

    async def place(self) -> None:
        """A new order, as the venue has it and compared with what was asked, by the adapter."""
        await self._venue.submit(
            LimitOrder(
                instrument="BTC-USD",
                side=Side.BUY,
                size=Decimal("0.01"),
                price=Decimal(1000),
                post_only=True,
                client_order_id=f"ours-{next(self._numbers)}",
            )
        )

    def place_and_look(self) -> None:
        """The same by the SDK, which takes two calls."""
        placed = self._sdk.create_order(**_order(next(self._numbers)))
        self._sdk.get_order(order_id=placed["success_response"]["order_id"])

    def products(self) -> None:
        """What can be traded, by the SDK."""
        for kind in ("SPOT", "FUTURE"):
            self._sdk.get_public_products(product_type=kind)


async def _at_the_double(options: Mapping[str, Any], folder: Path) -> list[Row]:
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue.connect()
    placed = await venue.submit(
        LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(1000), client_order_id="first"
        )
    )
    calls = Calls(venue, sdk, placed.venue_order_id or "")
    try:
        return [
            *await COINBASE.compare("get an order", calls.our_order, calls.their_order, 200, 400),
            *await COINBASE.compare("list the products", venue.instruments, calls.products, 40),
            *await COINBASE.compare("place an order and read it back", calls.place, calls.place_and_look, 80, 160),
        ]
    finally:
        sdk.session.close()
        await venue.close()


async def _at_once(options: Mapping[str, Any], folder: Path, port: str) -> list[Row]:
    """The clients alone: the server's own time is next to nothing."""
    options = {**options, "base_url": f"https://127.0.0.1:{port}"}
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue._transport.open()
    calls, where = Calls(venue, sdk, "o-1"), ", of a server that answers at once"
    try:
        return [
            *await COINBASE.compare(f"get an order{where}", calls.our_order, calls.their_order, 400, 800),
            *await COINBASE.compare(
                f"place an order and read it back{where}", calls.place, calls.place_and_look, 200, 400
            ),
        ]
    finally:
        sdk.session.close()
        await venue.close()


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Get an order, list products, place an order: the adapter's call, parsed and compared, and the SDK's."""
    del peers
    with beside.double("coinbase", folder) as options:
        found = asyncio.run(_at_the_double(options, folder))
        with beside.at_once("at_once.py", options["ca_file"], ANSWERS) as port:
            found += asyncio.run(_at_once(options, folder, port))
    return found
