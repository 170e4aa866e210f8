"""A bot that quotes both sides of a market and keeps its inventory within a limit.

Run it on the paper exchange: ``python docs/examples/quoting_bot.py``. Stop it with Ctrl-C; it cancels its
orders on the way out.
"""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal

import attrs

from venuekit import Desk, LimitOrder, Order, Side, open_desk
from venuekit.adapter import Channel, PostOnlyWouldCross, Refused, UsageError, ceil_to, floor_to


@attrs.frozen(kw_only=True)
class Quoting:
    """What to quote. Sizes are in base units; spread and skew are shares of the price."""

    instrument: str
    size: Decimal = Decimal("0.05")
    #: Distance of each quote from the middle.
    half_spread: Decimal = Decimal("0.0005")
    #: Neither side may take the position beyond this, long or short.
    max_inventory: Decimal = Decimal("0.2")
    #: How far both quotes move against a full inventory, so that it tends back to zero.
    skew: Decimal = Decimal("0.001")


def prices(quoting: Quoting, middle: Decimal, inventory: Decimal, tick: Decimal) -> dict[Side, Decimal]:
    """The prices to quote at; a side that could break the inventory limit is left out."""
    centre = middle * (1 - quoting.skew * inventory / quoting.max_inventory)
    bid = floor_to(centre * (1 - quoting.half_spread), tick)
    ask = ceil_to(centre * (1 + quoting.half_spread), tick)
    wanted = {}
    if inventory + quoting.size <= quoting.max_inventory and bid > 0:
        wanted[Side.BUY] = bid
    if inventory - quoting.size >= -quoting.max_inventory:
        wanted[Side.SELL] = ask
    return wanted


class QuotingBot:
    """Keeps at most one order on each side, at the prices that `prices` wants."""

    def __init__(self, desk: Desk, quoting: Quoting) -> None:
        self.desk = desk
        self.quoting = quoting

    async def inventory(self) -> Decimal:
        """The position now, signed."""
        for position in await self.desk.positions():
            if position.instrument == self.quoting.instrument:
                return position.size
        return Decimal(0)

    async def step(self) -> None:
        """Look once, and bring the two orders where they should be."""
        instrument = await self.desk.venue.instrument(self.quoting.instrument)
        book = await self.desk.venue.order_book(instrument.id, depth=1)
        if book.best_bid is None or book.best_ask is None:
            return  # nothing to quote around
        middle = (book.best_bid.price + book.best_ask.price) / 2
        wanted = prices(self.quoting, middle, await self.inventory(), instrument.tick_size)
        for order in await self.desk.open_orders(instrument.id):
            if wanted.get(order.side) == order.price:
                del wanted[order.side]  # it is where it should be
            else:
                await self.pull(order)
        for side, price in wanted.items():
            await self.quote(side, price)

    async def quote(self, side: Side, price: Decimal) -> Order | None:
        """Place one quote; None when the market moved through it, or the desk refused."""
        try:
            return await self.desk.submit(
                LimitOrder(
                    instrument=self.quoting.instrument,
                    side=side,
                    size=self.quoting.size,
                    price=price,
                    post_only=True,
                    reason="two-sided quote",
                )
            )
        except PostOnlyWouldCross:
            return None  # the next step quotes again, around the new middle
        except Refused as refusal:
            print(f"{side.value} at {price}: {refusal}")
            return None

    async def pull(self, order: Order) -> None:
        """Cancel one quote; one that was filled in the meantime is no problem."""
        try:
            await self.desk.cancel(order.id)
        except UsageError:
            return

    async def told(self) -> str:
        """Position and quotes, in a line."""
        orders = await self.desk.open_orders(self.quoting.instrument)
        quotes = ", ".join(f"{order.side.value} at {order.price}" for order in orders)
        return f"{self.quoting.instrument}: holds {await self.inventory()}, quotes {quotes or 'nothing'}"

    async def stop(self) -> None:
        """Leave nothing behind."""
        await self.desk.cancel_all(self.quoting.instrument)


async def main() -> None:
    """Quote on paper with every change of the price, until interrupted."""
    async with open_desk("paper") as desk:
        bot = QuotingBot(desk, Quoting(instrument="BTC-PERP"))
        prices_change = await desk.subscribe(Channel.TICKER, ["BTC-PERP"])
        try:
            async for _ in prices_change:
                await bot.step()
                print(await bot.told())
        finally:
            await bot.stop()
            print(await bot.told())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
