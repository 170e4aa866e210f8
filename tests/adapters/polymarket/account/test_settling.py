"""Fills: matched is not settled, confirmed is final, failed is undone and says so; each once, over restarts too."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from polymarket_trader import BY_HAND, FED, Desk, trading

from venuekit.adapter import (
    FillEvent,
    FillQuery,
    FillState,
    InsufficientFunds,
    Liquidity,
    OrderRef,
    OrderStatus,
    Side,
)
from venuekit_doubles.polymarket import PolymarketDouble, TradeState
from venuekit_doubles.polymarket.words import trade_event

pytestmark = pytest.mark.anyio
D = Decimal
FAILED, RETRYING = TradeState.FAILED, TradeState.RETRYING


async def _states(desk: Desk) -> list[FillState]:
    page = await desk.own.history.fills(FillQuery())
    return [fill.state for fill in page.items]


def _frames(desk: Desk) -> list[dict[str, Any]]:
    """Every trade of the account, as the user channel tells of it now."""
    double = desk.double

    def frames() -> list[dict[str, Any]]:
        owner = double.account.address
        trades = reversed(double.venue.clob.trades_of(owner))
        return [trade_event(trade, owner, trade.updated_ns) for trade in trades]

    return double.do(frames)


async def test_a_fill_is_provisional_until_its_trade_is_confirmed(desk: Desk) -> None:
    await desk.own.trading.submit(desk.market(size=D(10)))
    assert await _states(desk) == [FillState.PROVISIONAL]
    desk.double.settle()
    assert await _states(desk) == [FillState.PROVISIONAL], "mined is not confirmed"
    desk.double.settle()
    assert await _states(desk) == [FillState.CONFIRMED]


async def test_a_trade_that_is_tried_again_stays_provisional(desk: Desk) -> None:
    desk.double.fail_settlements(RETRYING)
    await desk.own.trading.submit(desk.market(size=D(10)))
    desk.double.settle()
    assert await _states(desk) == [FillState.PROVISIONAL]
    desk.double.settle()
    desk.double.settle()
    assert await _states(desk) == [FillState.CONFIRMED]


async def test_a_trade_that_fails_is_undone_with_an_event_and_its_shares_are_gone(desk: Desk) -> None:
    desk.double.fail_settlements(FAILED)
    order = await desk.own.trading.submit(desk.market(size=D(10)))
    assert await _shares(desk) == 10
    desk.double.settle()
    [event] = [e for frame in _frames(desk) for e in desk.own.ledger.told(frame)]
    assert isinstance(event, FillEvent)
    assert (event.fill.state, event.fill.venue_order_id) == (FillState.REVERSED, order.venue_order_id)
    assert await _shares(desk) == 0
    after = await desk.own.finder.find(OrderRef.of(order))
    assert (after.filled_size, after.fees) == (D(0), D(0))
    assert "failed" in after.status_reason


async def _shares(desk: Desk) -> Decimal:
    return sum((p.size for p in await desk.own.portfolio.positions() if p.instrument == desk.token()), D(0))


async def test_what_is_told_twice_or_late_changes_nothing(desk: Desk) -> None:
    await desk.own.trading.submit(desk.market(size=D(10)))
    early = _frames(desk)
    told = [[e.fill.state for e in desk.own.ledger.told(f)] for f in (*early, *early)]
    assert told == [[FillState.PROVISIONAL]] * 2, "the stream knows what it has told"
    desk.double.settle()
    desk.double.settle()
    late = _frames(desk)
    told = [[e.fill.state for e in desk.own.ledger.told(f)] for f in (*late, *early, *late)]
    assert told == [[FillState.CONFIRMED]] * 3, "what is final stays so"
    assert await _states(desk) == [FillState.CONFIRMED]


async def test_fills_that_were_on_their_way_at_a_restart_are_looked_after(
    double: PolymarketDouble, tmp_path: Path
) -> None:
    async with trading(double, tmp_path) as desk:
        await desk.own.trading.submit(desk.market(size=D(10)))
        assert await _states(desk) == [FillState.PROVISIONAL]
    double.settle()
    double.settle()
    async with trading(double, tmp_path) as desk:
        assert await _states(desk) == [FillState.CONFIRMED]


async def test_a_makers_fill_is_ours_in_its_own_outcome_side_and_price(desk: Desk) -> None:
    """We bid for YES; somebody bids for NO at the rest of the dollar, and the two are minted."""
    order = await desk.own.trading.submit(desk.limit(price="0.62"))
    desk.double.order(desk.token(FED, 1), Side.BUY, "0.38", "10")
    [fill] = (await desk.own.history.fills(FillQuery())).items
    assert (fill.instrument, fill.side, fill.price, fill.size) == (desk.token(), Side.BUY, D("0.62"), D(10))
    assert (fill.liquidity, fill.fee, fill.client_order_id) == (Liquidity.MAKER, D(0), order.client_order_id)


async def test_several_of_our_orders_in_one_trade_are_a_fill_each(desk: Desk) -> None:
    orders = [await desk.own.trading.submit(desk.limit(price="0.62", size=size)) for size in ("6", "7")]
    desk.double.give(desk.double.other.wallet, "13", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "13")
    page = await desk.own.history.fills(FillQuery())
    assert {(f.venue_order_id, f.size) for f in page.items} == {
        (orders[0].venue_order_id, D(6)),
        (orders[1].venue_order_id, D(7)),
    }
    for order in orders:
        after = await desk.own.finder.find(OrderRef.of(order))
        assert (after.status, after.filled_size) == (OrderStatus.FILLED, order.size)


async def test_shares_bought_after_a_sale_are_not_sold_before_they_are_there_either(desk: Desk) -> None:
    """What is on its way is looked at anew after each purchase, not only before the first sale."""
    desk.double.give(desk.double.account.wallet, "6", desk.token())
    await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="5"))
    await desk.own.trading.submit(desk.market(size=D(10)))
    with pytest.raises(InsufficientFunds) as caught:
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.98", size="11"))
    assert caught.value.details["unsettled"] == "10"


async def test_shares_can_be_sold_when_their_trade_is_settled_and_not_before(desk: Desk) -> None:
    """Matched a moment ago, they are not there yet: the venue would say "not enough balance", and the trade may fail."""
    await desk.own.trading.submit(desk.market(size=D(10)))
    posted = desk.posted()
    with pytest.raises(InsufficientFunds) as caught:
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99"))
    assert caught.value.details["available"] == "0"
    assert caught.value.details["unsettled"] == "10"
    assert desk.posted() == posted, "it was sent all the same"
    desk.double.settle()
    await desk.own.ledger.cover(0)
    assert (await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99"))).status is OrderStatus.OPEN


async def test_settled_shares_can_be_sold_while_others_are_on_their_way(desk: Desk) -> None:
    desk.double.give(desk.double.account.wallet, "25", desk.token())
    await desk.own.trading.submit(desk.market(size=D(10)))
    await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="20"))
    with pytest.raises(InsufficientFunds) as caught:
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="6"))
    assert caught.value.details["available"] == "5"
    await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="5"))


async def test_pages_of_fills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    with PolymarketDouble(pace=BY_HAND, page=3) as double:
        async with trading(double, tmp_path) as desk:
            for _ in range(8):
                await desk.own.trading.submit(desk.market(quote_size=D(2)))
            seen: list[str] = []
            cursor: str | None = None
            while True:
                page = await desk.own.history.fills(FillQuery(limit=3, cursor=cursor))
                seen += [fill.id for fill in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
                await desk.own.trading.submit(desk.market(quote_size=D(2)))
            assert len(seen) == len(set(seen)) == 8
