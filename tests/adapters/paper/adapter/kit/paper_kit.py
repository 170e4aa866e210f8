"""Opening paper venues through the factory, and short ways to say what to order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from venuekit.adapter import (
    Balance,
    BracketOrder,
    LimitOrder,
    MarketOrder,
    Order,
    OrderRef,
    Side,
    StopLimitOrder,
    StopOrder,
    VenueContext,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue

D = Decimal
BTC, ETH, PERP = "BTC-USD", "ETH-USD", "BTC-PERP"
YES, NO = "FED-CUT-DEC:YES", "FED-CUT-DEC:NO"
BUY, SELL = Side.BUY, Side.SELL
#: Enough to buy every level of a book.
RICH = {"USD": D(10_000_000), "BTC": D(100), "ETH": D(1000)}
#: Enough for one usual position on margin, and for its end.
POOR = {"USD": D(6000)}
#: The length of one move of the market, in seconds.
MOVE = 0.25

_numbers = itertools.count(1)


class Opener:
    """Opens venues on one folder; `close` ends those that a test left open."""

    def __init__(self, folder: Path, clock: SimulatedClock) -> None:
        self.folder = folder
        self.clock = clock
        self._opened: list[PaperVenue] = []
        self._others: list[Opener] = []

    def also(self, other: Opener) -> None:
        """Close another folder's venues with this one's."""
        self._others.append(other)

    def make(self, account: str = "default", **options: Any) -> PaperVenue:
        """A venue that is not connected yet."""
        chosen: dict[str, Any] = {"pace": "manual", "persist": False, "initial_balances": RICH, **options}
        context = VenueContext(clock=self.clock, data_dir=self.folder, account=account, options=chosen)
        venue = factory.create(context)
        assert isinstance(venue, PaperVenue)
        self._opened.append(venue)
        return venue

    async def __call__(self, account: str = "default", **options: Any) -> PaperVenue:
        venue = self.make(account, **options)
        await venue.connect()
        return venue

    async def close(self) -> None:
        for venue in self._opened:
            await venue.close()
        for other in self._others:
            await other.close()


def client_id() -> str:
    return f"c{next(_numbers)}"


def _common(side: Side, more: dict[str, Any]) -> dict[str, Any]:
    return {"instrument": BTC, "side": side, "client_order_id": client_id(), **more}


def market(side: Side, size: str | Decimal, **more: Any) -> MarketOrder:
    return MarketOrder(size=D(size), **_common(side, more))


def spend(side: Side, quote_size: str | Decimal, **more: Any) -> MarketOrder:
    return MarketOrder(quote_size=D(quote_size), **_common(side, more))


def limit(side: Side, size: str | Decimal, price: str | Decimal, **more: Any) -> LimitOrder:
    return LimitOrder(size=D(size), price=D(price), **_common(side, more))


def stop(side: Side, size: str | Decimal, stop_price: str | Decimal, **more: Any) -> StopOrder:
    return StopOrder(size=D(size), stop_price=D(stop_price), **_common(side, more))


def stop_limit(
    side: Side, size: str | Decimal, price: str | Decimal, stop_price: str | Decimal, **more: Any
) -> StopLimitOrder:
    return StopLimitOrder(size=D(size), price=D(price), stop_price=D(stop_price), **_common(side, more))


def bracket(
    side: Side, size: str | Decimal, price: str | Decimal, stop_price: str | Decimal, **more: Any
) -> BracketOrder:
    return BracketOrder(size=D(size), price=D(price), stop_price=D(stop_price), **_common(side, more))


async def again(venue: PaperVenue, order: Order) -> Order:
    """The order as it is now."""
    return await venue.order(OrderRef.of(order))


async def move_until_done(venue: PaperVenue, order: Order, moves: int = 4000) -> Order:
    """Let the market move until the order's end."""
    for _ in range(moves):
        await venue.advance(MOVE)
        order = await again(venue, order)
        if order.is_done:
            return order
    raise AssertionError(f"still {order.status} after {moves} moves")


async def balance(venue: PaperVenue, asset: str = "USD") -> Balance:
    """One asset's balance; nothing of it is a balance of zero."""
    for found in await venue.balances():
        if found.asset == asset:
            return found
    return Balance(venue="paper", account=venue.account, asset=asset, total=D(0), available=D(0), held=D(0))


async def everything(venue: PaperVenue) -> Mapping[str, object]:
    """All that an order could have changed."""
    instruments = [i.id for i in await venue.instruments()]
    return {
        "balances": await venue.balances(),
        "positions": await venue.positions(),
        "open": await venue.open_orders(),
        "books": [await venue.order_book(i, depth=500) for i in instruments],
        "trades": [await venue.trades(i, limit=1000) for i in instruments],
    }
