"""What a whole session adds: orders that end with it only if asked to, and the dead man's switch only if asked for."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from polymarket_doubled import connected
from polymarket_trader import FED

from venuekit.adapter import (
    Channel,
    FillEvent,
    FillState,
    LimitOrder,
    MarketOrder,
    Order,
    OrderRef,
    OrderStatus,
    Side,
    Unsupported,
)
from venuekit_doubles.polymarket import Fault, PolymarketDouble
from venuekit_polymarket.adapter import PolymarketVenue
from venuekit_polymarket.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio
D = Decimal


async def _resting(venue: PolymarketVenue, name: str = "mine-1") -> Order:
    token = (await venue.instrument(f"{FED}:YES")).id
    return await venue.submit(
        LimitOrder(instrument=token, side=Side.BUY, price=D("0.10"), size=D(10), client_order_id=name)
    )


def _open_at(double: PolymarketDouble) -> list[str]:
    mine = double.account.wallet
    return double.do(lambda: [o.id for o in double.venue.clob.open_orders() if o.wallet == mine])


async def test_orders_outlive_the_session_that_placed_them(double: PolymarketDouble) -> None:
    async with connected(double, double.account) as venue:
        order = await _resting(venue)
    assert _open_at(double) == [order.venue_order_id]


async def test_closing_cancels_what_was_placed_from_here_and_nothing_else_if_it_is_asked_to(
    double: PolymarketDouble,
) -> None:
    theirs = double.order(double.market(FED).tokens[0], Side.BUY, "0.11", "10", account=double.account)
    async with connected(double, double.account, cancel_on_close=True) as venue:
        await _resting(venue)
        assert len(await venue.open_orders()) == 2
    assert _open_at(double) == [theirs]
    assert not [a for a in double.requests if a.path == "/cancel-all"]


async def test_without_being_asked_for_no_heartbeat_is_ever_sent(double: PolymarketDouble) -> None:
    async with connected(double, double.account) as venue:
        await _resting(venue)
    assert not [a for a in double.requests if "heartbeat" in a.path]


async def test_a_heartbeat_that_is_asked_for_is_armed_and_goes_on_from_the_id_that_the_venue_expects(
    double: PolymarketDouble,
) -> None:
    async with connected(double, double.account, heartbeat=True) as venue:
        await double.until(lambda: sum("heartbeat" in a.path for a in double.requests) == 1)
    async with connected(double, double.account, heartbeat=True) as venue:
        await double.until(lambda: sum("heartbeat" in a.path for a in double.requests) == 3)
        statuses = [a.status for a in double.requests if "heartbeat" in a.path]
        assert statuses == [200, 400, 200], "armed by another process: the id that it had is asked for, and then had"
        assert isinstance(venue.heartbeat, Heartbeat)


async def test_a_heartbeat_that_is_not_taken_is_said_to_be_dead(double: PolymarketDouble) -> None:
    double.fail("heartbeat", Fault.SERVER_ERROR)
    async with connected(double, double.account, heartbeat=True) as venue:
        await double.until(lambda: any("heartbeat" in a.path for a in double.requests))
        assert not venue.heartbeat.alive


async def test_a_fill_comes_by_the_stream_provisional_first_and_final_when_it_is_settled(
    double: PolymarketDouble,
) -> None:
    async with connected(double, double.account) as venue:
        token = (await venue.instrument(f"{FED}:YES")).id
        events = venue.subscribe(Channel.OWN_FILLS, [])

        async def final() -> list[str]:
            states: list[str] = []
            async for event in events:
                if isinstance(event, FillEvent):
                    states.append(event.fill.state.value)
                    if event.fill.state is FillState.CONFIRMED:
                        return states
                    double.settle()
                    double.settle()
            raise AssertionError("the stream ended")

        reading = asyncio.ensure_future(final())
        await double.subscribed(users=1)
        await venue.submit(MarketOrder(instrument=token, side=Side.BUY, quote_size=D(5), client_order_id="m-1"))
        assert await reading == ["PROVISIONAL", "CONFIRMED"]
        await events.aclose()  # type: ignore[attr-defined]


async def test_a_key_is_needed_for_what_is_ones_own(double: PolymarketDouble) -> None:
    async with connected(double) as venue:
        with pytest.raises(Unsupported):
            await venue.balances()
        with pytest.raises(Unsupported):
            await venue.order(OrderRef(client_order_id="mine-1"))


async def test_an_order_is_found_by_the_name_of_its_outcome(double: PolymarketDouble) -> None:
    async with connected(double, double.account) as venue:
        order = await _resting(venue)
        assert [o.id for o in await venue.open_orders(f"{FED}:YES")] == [order.id]
        assert await venue.open_orders(f"{FED}:NO") == []
        [result] = await venue.cancel_all(f"{FED}:YES")
        assert result.error_code is None
        assert (await venue.order(OrderRef.of(order))).status is OrderStatus.CANCELED
