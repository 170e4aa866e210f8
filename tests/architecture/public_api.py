"""The public names as a user writes them; mypy reads this file, nothing runs it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_type

from venuekit import (
    BracketOrder,
    Channel,
    Desk,
    LimitOrder,
    MarketOrder,
    Mode,
    Operator,
    Order,
    OrderBook,
    OrderEvent,
    Position,
    RiskRefused,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
    VenuekitError,
    open_desk,
)
from venuekit.adapter import Detail, InstrumentId, Venue, VenueContext, VenueFactory


async def the_ten_lines() -> None:
    async with open_desk("paper") as desk:
        assert_type(desk, Desk)
        book = await desk.venue.order_book("BTC-USD", depth=10)
        assert_type(book, OrderBook)
        order = await desk.submit(
            LimitOrder(
                instrument="BTC-USD",
                side=Side.BUY,
                size=Decimal("0.05"),
                price=book.best_bid.price,
                post_only=True,
            )
        )
        assert_type(order, Order)
        async for event in desk.events(order.id):
            assert_type(event, OrderEvent)


async def every_kind_of_order(desk: Desk, one: Decimal) -> None:
    await desk.submit(MarketOrder(instrument="X", side=Side.BUY, quote_size=one))
    await desk.submit(StopOrder(instrument="X", side=Side.SELL, size=one, stop_price=one))
    await desk.submit(StopLimitOrder(instrument="X", side=Side.SELL, size=one, price=one, stop_price=one))
    await desk.submit(BracketOrder(instrument="X", side=Side.SELL, size=one, price=one, stop_price=one))
    await desk.submit(
        LimitOrder(instrument="X", side=Side.BUY, size=one, price=one, time_in_force=TimeInForce.GTD, expires_at_ns=1)
    )


async def the_rest(desk: Desk) -> None:
    assert_type(await desk.positions(), Sequence[Position])
    assert_type(await desk.cancel("id"), Order)
    assert_type(await desk.amend("id", price=Decimal(1)), Order)
    subscription = await desk.subscribe(Channel.TICKER, ["BTC-USD"])
    await subscription.close()
    await desk.approve("id", Operator(name="alice", source="console"))
    await desk.halt(by="alice", reason="news", cancel_all=True)
    try:
        await desk.close_position("BTC-USD")
    except RiskRefused as refusal:
        assert_type(refusal.details["limit"], Detail)
    except VenuekitError as error:
        assert_type(error.code, str)


async def modes_are_words() -> None:
    async with open_desk("paper", mode=Mode.READ_ONLY):
        pass


class MyFactory:
    """An adapter author's factory is checked against the protocol."""

    def create(self, context: VenueContext) -> Venue:
        raise NotImplementedError(context.account)


def names_are_strings(name: InstrumentId) -> str:
    return name


def factories(found: VenueFactory) -> str:
    return found.name
