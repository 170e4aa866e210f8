"""Past orders: those that a query asks for, as they have ended meanwhile, and no cursor but our own."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from polymarket_trader import FED, Desk

from venuekit.adapter import HistoryQuery, InvalidCursor, OrderStatus, OrderType, Side

pytestmark = pytest.mark.anyio
D = Decimal


async def _asked(desk: Desk, query: HistoryQuery) -> list[str]:
    return [order.id for order in (await desk.own.history.orders(query)).items]


async def test_a_query_has_the_orders_that_it_asks_for_and_no_others(desk: Desk) -> None:
    trading = desk.own.trading
    desk.double.give(desk.double.account.wallet, "20", desk.token())
    rests = await trading.submit(desk.limit())
    sells = await trading.submit(desk.limit(Side.SELL, price="0.99"))
    bought = await trading.submit(desk.market(size=D(10), instrument=desk.token(FED, 1)))
    assert await _asked(desk, HistoryQuery()) == [bought.id, sells.id, rests.id]
    assert await _asked(desk, HistoryQuery(side=Side.SELL)) == [sells.id]
    assert await _asked(desk, HistoryQuery(type=OrderType.MARKET)) == [bought.id]
    assert await _asked(desk, HistoryQuery(instrument=desk.token())) == [sells.id, rests.id]
    assert await _asked(desk, HistoryQuery(statuses=(OrderStatus.FILLED,))) == [bought.id]
    span = HistoryQuery(start_ns=sells.created_ns, end_ns=bought.created_ns)
    assert await _asked(desk, span) == [sells.id], "from the first moment on, and up to the last without it"


async def test_an_order_that_ended_elsewhere_is_told_as_it_ended(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit(price="0.62"))
    desk.double.give(desk.double.other.wallet, "10", desk.token())
    desk.double.order(desk.token(), Side.SELL, "0.62", "10")
    [told] = (await desk.own.history.orders(HistoryQuery())).items
    assert (told.id, told.status, told.filled_size) == (order.id, OrderStatus.FILLED, D(10))


@pytest.mark.parametrize("text", ["elsewhere:1:2", "polymarket:1", "polymarket:one:2", ""])
async def test_a_cursor_that_we_did_not_make_is_refused(desk: Desk, text: str) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    with pytest.raises(InvalidCursor):
        await desk.own.history.orders(HistoryQuery(cursor=cursor))
