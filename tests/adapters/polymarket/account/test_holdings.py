"""Balances, positions and what moved: all of it, to the last digit, with what is not settled told apart."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from polymarket_trader import FED, FINE, Desk

from venuekit.adapter import (
    NANOS,
    Balance,
    FillQuery,
    HistoryQuery,
    InsufficientFunds,
    InvalidCursor,
    KeyPermission,
    OrderRef,
    OrderStatus,
    Position,
    Side,
    TransferKind,
    VenueDown,
)
from venuekit_doubles.polymarket import TradeState
from venuekit_polymarket.holdings import Spendable

pytestmark = pytest.mark.anyio
D = Decimal


async def balance(desk: Desk, asset: str = "pUSD") -> Balance:
    found = {b.asset: b for b in await desk.own.portfolio.balances()}
    return found.get(asset) or Balance(
        venue="polymarket", account="main", asset=asset, total=D(0), available=D(0), held=D(0)
    )


async def position(desk: Desk, token: str) -> Position | None:
    return next((p for p in await desk.own.portfolio.positions() if p.instrument == token), None)


async def test_an_open_order_holds_its_cost_and_canceling_frees_it(desk: Desk) -> None:
    before = await balance(desk)
    assert (before.total, before.held) == (D(100_000), D(0))
    order = await desk.own.trading.submit(desk.limit(price="0.11", size="10.01"))
    during = await balance(desk)
    assert (during.total, during.held) == (before.total, D("1.1011"))
    await desk.own.canceling.cancel(OrderRef.of(order))
    assert await balance(desk) == before


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_money_and_shares_are_the_same_matched_mined_and_confirmed(desk: Desk, steps: int) -> None:
    await desk.own.trading.submit(desk.market(quote_size=D(20)))
    [fill] = (await desk.own.history.fills(FillQuery())).items
    for _ in range(steps):
        desk.double.settle()
    money = await balance(desk)
    assert abs(money.total - (D(100_000) - fill.size * fill.price - fill.fee)) < D("0.000001")
    held = await position(desk, desk.token())
    assert held is not None
    assert held.size == fill.size


async def test_a_trade_that_failed_has_moved_nothing(desk: Desk) -> None:
    desk.double.fail_settlements(TradeState.FAILED)
    await desk.own.trading.submit(desk.market(quote_size=D(20)))
    desk.double.settle()
    assert (await balance(desk)).total == D(100_000)
    assert await position(desk, desk.token()) is None


async def test_proceeds_of_a_sale_are_held_until_they_are_there(desk: Desk) -> None:
    desk.double.give(desk.double.account.wallet, "10", desk.token())
    sale = await desk.own.trading.submit(desk.market(Side.SELL, size=D(10)))
    assert sale.average_price is not None
    proceeds = sale.average_price * 10 - sale.fees
    money = await balance(desk)
    assert (money.total, money.held) == (D(100_000) + proceeds, proceeds)
    assert await position(desk, desk.token()) is None
    desk.double.settle()
    assert await balance(desk) == Balance(
        venue="polymarket",
        account="main",
        asset="pUSD",
        total=D(100_000) + proceeds,
        available=D(100_000) + proceeds,
        held=D(0),
    )


async def test_what_is_on_sale_cannot_be_sold_a_second_time(desk: Desk) -> None:
    desk.double.give(desk.double.account.wallet, "25", desk.token())
    await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="20"))
    assert desk.own.sellable(desk.token(), D(25)) == 5
    with pytest.raises(InsufficientFunds):
        await desk.own.trading.submit(desk.limit(Side.SELL, price="0.99", size="6"))


async def test_a_fraction_of_a_share_is_a_position_too(desk: Desk) -> None:
    """The venue's older interface leaves out what is smaller than one."""
    desk.double.give(desk.double.account.wallet, "0.37", desk.token())
    held = await position(desk, desk.token())
    assert held is not None
    assert held.size == D("0.37")


async def test_a_position_says_what_it_has_cost_and_what_it_is_worth(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.market(size=D(10)))
    desk.double.settle()
    held = await position(desk, desk.token())
    assert held is not None
    assert (held.quote, held.average_entry_price) == ("pUSD", order.average_price)
    assert held.mark_price is not None
    assert held.average_entry_price is not None
    assert held.unrealized_pnl == 10 * (held.mark_price - held.average_entry_price)


async def test_shares_are_positions_and_no_balances(desk: Desk) -> None:
    """A desk values positions; a balance of something without a market of its own would have no worth."""
    desk.double.give(desk.double.account.wallet, "25", desk.token(FED, 1))
    assert [b.asset for b in await desk.own.portfolio.balances()] == ["pUSD"]
    assert [p.instrument for p in await desk.own.portfolio.positions()] == [desk.token(FED, 1)]


async def test_the_profile_says_what_the_key_may_do(desk: Desk) -> None:
    profile = await desk.own.portfolio.profile()
    assert (profile.environment, list(profile.permissions)) == ("sandbox", [KeyPermission.VIEW, KeyPermission.TRADE])


async def test_splits_merges_and_redemptions_are_transfers(desk: Desk) -> None:
    wallet, market = desk.double.account.wallet, desk.double.market(FED)
    ledger = desk.double.venue.clob.ledger
    desk.double.do(lambda: ledger.split(wallet, market, 30_000_000, 1_800_000_000 * NANOS))
    desk.double.do(lambda: ledger.merge(wallet, market, 10_000_000, 1_800_000_001 * NANOS))
    first = await desk.own.portfolio.transfers(1, None)
    rest = await desk.own.portfolio.transfers(10, first.next_cursor)
    moved = {(t.kind, t.asset, t.amount) for t in (*first.items, *rest.items)}
    assert moved == {(TransferKind.MINT, "pUSD", D(-30)), (TransferKind.MERGE, "pUSD", D(10))}
    assert len(first.items) == 1


async def test_a_cursor_of_somebody_elses_is_refused(desk: Desk) -> None:
    for cursor in ("garbage", "-1", "1\n", "\u0661"):
        with pytest.raises(InvalidCursor):
            await desk.own.portfolio.transfers(10, cursor)
        with pytest.raises(InvalidCursor):
            await desk.own.history.fills(FillQuery(cursor=cursor))
        with pytest.raises(InvalidCursor):
            await desk.own.history.orders(HistoryQuery(cursor=cursor))


# -- past orders


async def test_orders_that_are_over_are_in_the_history_though_the_venue_forgets_them(desk: Desk) -> None:
    filled = await desk.own.trading.submit(desk.market(size=D(10)))
    canceled = await desk.own.trading.submit(desk.limit())
    await desk.own.canceling.cancel(OrderRef.of(canceled))
    resting = await desk.own.trading.submit(desk.limit())
    page = await desk.own.history.orders(HistoryQuery())
    assert [(o.id, o.status) for o in page.items] == [
        (resting.id, OrderStatus.OPEN),
        (canceled.id, OrderStatus.CANCELED),
        (filled.id, OrderStatus.FILLED),
    ]
    only = await desk.own.history.orders(HistoryQuery(statuses=[OrderStatus.CANCELED]))
    assert [o.id for o in only.items] == [canceled.id]


async def test_an_order_that_ended_elsewhere_is_settled_when_history_is_asked_for(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    desk.own.finder.patience_seconds = 0
    venue = desk.double.venue
    desk.double.do(lambda: venue.clob.cancel(venue.clob.orders[order.venue_order_id or ""]))
    [seen] = (await desk.own.history.orders(HistoryQuery())).items
    assert seen.status is OrderStatus.CANCELED


async def test_an_order_that_was_just_placed_is_not_called_over_because_a_list_is_late(desk: Desk) -> None:
    order = await desk.own.trading.submit(desk.limit())
    venue = desk.double.venue
    desk.double.do(lambda: venue.clob.cancel(venue.clob.orders[order.venue_order_id or ""]))
    assert (await desk.own.finder.find(OrderRef.of(order))).status is OrderStatus.OPEN


async def test_pages_of_orders_lose_and_repeat_nothing(desk: Desk) -> None:
    for _ in range(5):
        await desk.own.trading.submit(desk.limit())
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await desk.own.history.orders(HistoryQuery(limit=2, cursor=cursor))
        seen += [o.id for o in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        await desk.own.trading.submit(desk.limit())
    assert seen == [f"order-{n}" for n in (5, 4, 3, 2, 1)]


class _Settling:
    """Lets another trade be mined after each question for what there is on the chain."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self._desk = desk
        self._collateral, self._shares = desk.own.holdings.collateral, desk.own.holdings.shares
        monkeypatch.setattr(desk.own.holdings, "collateral", self.collateral)
        monkeypatch.setattr(desk.own.holdings, "shares", self.shares)

    def _mine(self) -> None:
        settlement = self._desk.double.venue.clob.settlement
        for trade in settlement.unmined[:1]:
            self._desk.double.do(partial(settlement.step, trade))

    async def collateral(self, *, fresh: bool = False) -> Spendable:
        found = await self._collateral(fresh=fresh)
        self._mine()
        return found

    async def shares(self, token: str, *, fresh: bool = False) -> Spendable:
        found = await self._shares(token, fresh=fresh)
        self._mine()
        return found


@pytest.mark.parametrize("trades", [1, 5, 12])
async def test_what_there_is_is_of_one_moment_however_many_trades_are_settled_meanwhile_or_not_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trades: int
) -> None:
    for _ in range(trades):
        await desk.own.trading.submit(desk.market(quote_size=D(2)))
    fills = (await desk.own.history.fills(FillQuery())).items
    paid = sum(f.size * f.price + f.fee for f in fills)
    _Settling(desk, monkeypatch)
    if trades > 8:
        with pytest.raises(VenueDown, match="settled faster"):
            await balance(desk)
        return
    assert abs((await balance(desk)).total - (D(100_000) - paid)) < D("0.0001")


async def test_shares_are_of_one_moment_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await desk.own.trading.submit(desk.market(quote_size=D(2)))
    bought = sum(f.size for f in (await desk.own.history.fills(FillQuery())).items)
    _Settling(desk, monkeypatch)
    held = await position(desk, desk.token())
    assert held is not None
    assert held.size == bought


async def test_shares_that_are_sold_and_not_gone_yet_and_shares_on_sale_are_not_sold_again(desk: Desk) -> None:
    token = desk.token(FINE)
    price = str((await desk.best(Side.SELL, token)).price + D("0.001"))
    desk.double.give(desk.double.account.wallet, "20", token)
    await desk.own.trading.submit(desk.limit(Side.SELL, price=price, size="10", instrument=token))
    desk.double.order(token, Side.BUY, price, "4")
    [order] = [o async for o in desk.own.finder.open()]
    assert order.filled_size == 4
    assert desk.own.holdings.sellable(token, D(20)) == 10, "20, less 4 that are sold, less 6 on sale"
