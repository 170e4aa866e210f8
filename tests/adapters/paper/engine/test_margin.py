"""Perpetuals: margin for positions and orders together, margin calls, liquidation, the venue's insurance, funding."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_kit import PERP, exchange

from venuekit.adapter import (
    FillQuery,
    HistoryQuery,
    InsufficientFunds,
    LimitOrder,
    MarketOrder,
    NotReducing,
    OrderStatus,
    Side,
    TransferKind,
)
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.funding import INTERVAL_NS

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
USD = D("9000.12345678")
#: Money of one contract at a price of 100: contract size 0.7.
ONE = D(70)


@pytest.fixture
def made() -> Exchange:
    """Without fees, so that the sums are plain."""
    return exchange("ann", "bob", fees=FeeSchedule(maker=D(0), taker=D(0)))


def limit(made: Exchange, account: str, side: Side, size: str, price: str, *, reduce_only: bool = False) -> None:
    order = LimitOrder(instrument=PERP, side=side, size=D(size), price=D(price), reduce_only=reduce_only)
    made.place(account, order, 2)


def trade(made: Exchange, buyer: str, seller: str, size: str, price: str) -> None:
    limit(made, seller, SELL, size, price)
    limit(made, buyer, BUY, size, price)


def held(made: Exchange, account: str) -> Decimal:
    return next(b.held for b in made.balances(account) if b.asset == "USD")


def total(made: Exchange, account: str) -> Decimal:
    return next(b.total for b in made.balances(account) if b.asset == "USD")


def test_orders_on_both_sides_share_one_margin_and_closing_needs_none(made: Exchange) -> None:
    limit(made, "ann", BUY, "10", "100")
    assert held(made, "ann") == 10 * ONE / 10
    limit(made, "ann", SELL, "8", "101")
    assert held(made, "ann") == 10 * ONE / 10
    limit(made, "ann", SELL, "6", "101")
    assert held(made, "ann") == 14 * ONE / 10 * D("1.01")
    made.cancel_all("ann", None, 3)
    assert held(made, "ann") == 0
    trade(made, "ann", "bob", "10", "100")
    assert held(made, "ann") == held(made, "bob") == 10 * ONE / 10
    limit(made, "ann", SELL, "10", "100")
    assert held(made, "ann") == 10 * ONE / 10


def test_an_order_beyond_the_margin_is_refused_and_open_losses_count(made: Exchange) -> None:
    most = (USD * 10 / ONE).quantize(D("0.1"), rounding="ROUND_DOWN")
    with pytest.raises(InsufficientFunds):
        limit(made, "ann", BUY, str(most + D("0.1")), "100")
    trade(made, "ann", "bob", "500", "100")
    made.set_mark(PERP, D(90), 3)  # ann is 3500 down, 3500 are margin: about 2000 are free
    with pytest.raises(InsufficientFunds) as caught:
        limit(made, "ann", BUY, "300", "100")
    assert caught.value.details["available"] == str(USD - 3500 - 3500)
    limit(made, "ann", BUY, "280", "100")


def test_reduce_only_never_opens_and_is_trimmed_when_the_position_shrinks(made: Exchange) -> None:
    with pytest.raises(NotReducing):
        limit(made, "ann", SELL, "1", "100", reduce_only=True)
    trade(made, "ann", "bob", "10", "100")
    limit(made, "ann", SELL, "4", "101", reduce_only=True)
    limit(made, "ann", SELL, "6", "102", reduce_only=True)
    with pytest.raises(NotReducing):
        limit(made, "ann", SELL, "0.1", "103", reduce_only=True)
    trade(made, "bob", "ann", "5", "100")
    assert [(o.price, o.size) for o in made.open_orders("ann")] == [(D("101.0"), D("4"))]
    trade(made, "bob", "ann", "7", "100")
    assert not made.open_orders("ann")
    newest = made.history.orders("ann", HistoryQuery(statuses=(OrderStatus.CANCELED,))).items
    assert {o.status_code for o in newest} == {"NOT_REDUCING"}
    assert made.positions("ann")[0].size == D(-2)


def test_a_margin_call_cancels_orders_first_and_leaves_a_position_that_still_stands(made: Exchange) -> None:
    trade(made, "ann", "bob", "500", "100")
    limit(made, "ann", BUY, "400", "99")
    made.set_mark(PERP, D(88), 3)
    assert len(made.open_orders("ann")) == 1
    made.set_mark(PERP, D(86), 3)
    assert not made.open_orders("ann")
    assert made.positions("ann")[0].size == D(500)
    (order,) = made.history.orders("ann", HistoryQuery(statuses=(OrderStatus.CANCELED,))).items
    assert order.status_code == "MARGIN_CALL"


def test_a_position_below_maintenance_is_closed_at_the_market_and_what_nobody_takes_by_the_venue(
    made: Exchange,
) -> None:
    trade(made, "ann", "bob", "1000", "100")
    limit(made, "bob", BUY, "300", "90")
    made.set_mark(PERP, D(91), 3)
    assert not [p for p in made.positions("ann") if p.size]
    fills = made.history.fills("ann", FillQuery()).items
    assert [(f.price, f.size) for f in fills[:2]] == [(D("91.0"), D(700)), (D("90.0"), D(300))]
    (order,) = [o for o in made.history.orders("ann", HistoryQuery()).items if o.status_code == "MARGIN_CALL"]
    assert order.status is OrderStatus.FILLED
    assert total(made, "ann") == USD - 700 * D("0.7") * 9 - 300 * D("0.7") * 10
    assert held(made, "ann") == 0
    assert made.accounts["~insurance"].lots(PERP) == 7000


def test_a_loss_beyond_the_account_is_paid_by_the_venue_and_written_down(made: Exchange) -> None:
    trade(made, "ann", "bob", "1200", "100")
    made.set_mark(PERP, D(50), 3)
    assert not [b for b in made.balances("ann") if b.asset == "USD"]
    loss = 1200 * D("0.7") * 50
    (paid,) = [t for t in made.history.transfers("ann", 10, None).items if t.kind is TransferKind.INSURANCE]
    assert paid.amount == loss - USD
    assert total(made, "bob") == USD  # the other side keeps its profit, which is not realized yet
    assert made.positions("bob")[0].unrealized_pnl == loss


def test_funding_moves_from_longs_to_shorts_when_the_market_is_above_its_index(made: Exchange) -> None:
    made.advance(INTERVAL_NS - 1)
    trade(made, "ann", "bob", "100", "100")
    made.set_mark(PERP, D(100), INTERVAL_NS - 1)
    limit(made, "ann", BUY, "0.1", "100")
    limit(made, "bob", SELL, "0.1", "100.5")  # the middle is 0.25 % above the mark: more than the most
    made.advance(INTERVAL_NS)
    paid = 100 * ONE / 2000
    assert total(made, "ann") == USD - paid
    assert total(made, "bob") == USD + paid
    (transfer,) = [t for t in made.history.transfers("bob", 10, None).items if t.kind is TransferKind.FUNDING]
    assert (transfer.amount, transfer.instrument) == (paid, PERP)
    made.advance(INTERVAL_NS * 2 - 1)
    assert total(made, "ann") == USD - paid


def test_a_market_order_closes_with_all_the_money_in_margin(made: Exchange) -> None:
    trade(made, "ann", "bob", "1285", "100")
    limit(made, "bob", BUY, "1285", "99.5")
    order = made.place("ann", MarketOrder(instrument=PERP, side=SELL, size=D(1285), reduce_only=True), 3)
    assert order.status is OrderStatus.FILLED
    assert total(made, "ann") == USD - 1285 * D("0.7") * D("0.5")
