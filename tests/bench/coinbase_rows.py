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


async def _at_the_double(options: Mapping[str, Any], folder: Path) -> list[Row]:
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue.connect()
    numbers = iter(range(1_000_000))
    body = await venue.submit(
        LimitOrder(
            instrument="BTC-USD", side=Side.BUY, size=Decimal("0.01"), price=Decimal(1000), client_order_id="first"
        )
    )
    identity = body.venue_order_id or ""
    ref = OrderRef(venue_order_id=identity)

    async def place() -> None:
        await venue.submit(
            LimitOrder(
                instrument="BTC-USD",
                side=Side.BUY,
                size=Decimal("0.01"),
                price=Decimal(1000),
                post_only=True,
                client_order_id=f"ours-{next(numbers)}",
            )
        )

    def place_and_look() -> None:
        # Ours answers with the order as the venue has it, compared with what was asked: the same takes two calls.
        placed = sdk.create_order(**_order(next(numbers)))
        sdk.get_order(order_id=placed["success_response"]["order_id"])

    def products() -> None:
        for kind in ("SPOT", "FUTURE"):
            sdk.get_public_products(product_type=kind)

    try:
        return [
            *await COINBASE.compare(
                "get an order", lambda: venue.order(ref), lambda: sdk.get_order(order_id=identity), 300, 600
            ),
            *await COINBASE.compare("list the products", venue.instruments, products, 60),
            *await COINBASE.compare("place an order and read it back", place, place_and_look, 100, 200),
        ]
    finally:
        sdk.session.close()
        await venue.close()


async def _at_once(options: Mapping[str, Any], folder: Path, port: str) -> list[Row]:
    """The clients alone: the server's own time is next to nothing."""
    options = {**options, "base_url": f"https://127.0.0.1:{port}"}
    venue, sdk = _venue(options, folder), _sdk(options)
    await venue._transport.open()
    ref = OrderRef(venue_order_id="o-1")
    what = "get an order of a server that answers at once"
    try:
        return await COINBASE.compare(what, lambda: venue.order(ref), lambda: sdk.get_order(order_id="o-1"), 600, 1200)
    finally:
        sdk.session.close()
        await venue.close()


def rows(folder: Path, *, peers: bool) -> list[Row]:
    """Get an order, list products, place an order: the adapter's call, parsed and compared, and the SDK's."""
    del peers
    with beside.double("coinbase", folder) as options:
        found = asyncio.run(_at_the_double(options, folder))
        with beside.at_once("at_once.py", options["ca_file"], {"/": {"order": ORDER}}) as port:
            found += asyncio.run(_at_once(options, folder, port))
    return found
