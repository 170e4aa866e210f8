"""Who trades with whom, at which price, for which fee: worked examples, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_kit import SPOT, exchange

from venuekit.adapter import (
    BracketOrder,
    FillQuery,
    InsufficientFunds,
    LimitOrder,
    MarketOrder,
    OrderRef,
    OrderStatus,
    Side,
    StopLimitOrder,
    StopOrder,
    TimeInForce,
)
from venuekit_paper.exchange import Exchange

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def made() -> Exchange:
    return exchange("ann", "bob", "cem")


def limit(made: Exchange, account: str, side: Side, size: str, price: str, **more: object) -> str:
    """Places a limit order; its number."""
    request = LimitOrder(instrument=SPOT, side=side, size=D(size), price=D(price), **more)  # type: ignore[arg-type]
    return made.place(account, request, 2).venue_order_id or ""


def makers(made: Exchange, account: str) -> list[tuple[str, Decimal, Decimal]]:
    """Whose orders an account's fills met: order, price and size of the other side, oldest first."""
    mine = made.history.fills(account, FillQuery(limit=500)).items
    others = [f for other in made.accounts for f in made.history.fills(other, FillQuery(limit=500)).items]
    return [
        (other.venue_order_id, fill.price, fill.size)
        for fill in reversed(mine)
        for other in others
        if other.id[:-1] == fill.id[:-1] and other.account != account
    ]


def test_the_best_price_trades_first_and_the_oldest_order_among_equals(made: Exchange) -> None:
    late_but_best = [limit(made, "ann", SELL, "0.3", price) for price in ("100.10", "100.00")][1]
    first = limit(made, "ann", SELL, "0.3", "100.05")
    second = limit(made, "bob", SELL, "0.3", "100.05")
    limit(made, "cem", BUY, "0.75", "100.05")
    assert makers(made, "cem") == [
        (late_but_best, D("100.00"), D("0.3")),
        (first, D("100.05"), D("0.3")),
        (second, D("100.05"), D("0.15")),
    ]


def test_a_smaller_size_keeps_its_place_and_a_larger_one_or_another_price_loses_it(made: Exchange) -> None:
    first, second, third = (limit(made, who, SELL, "0.3", "100") for who in ("ann", "bob", "ann"))
    made.amend("ann", OrderRef(first), size=D("0.15"), time_ns=3)
    made.amend("bob", OrderRef(second), size=D("0.6"), time_ns=3)
    made.amend("ann", OrderRef(third), price=D("100.05"), time_ns=3)
    made.amend("ann", OrderRef(third), price=D("100.00"), time_ns=3)
    made.place("cem", MarketOrder(instrument=SPOT, side=BUY, size=D("1.05")), 4)
    assert [(order, size) for order, _, size in makers(made, "cem")] == [
        (first, D("0.15")), (second, D("0.6")), (third, D("0.3")),
    ]  # fmt: skip


def test_fees_are_rounded_up_once_an_order_however_many_fills_it_has(made: Exchange) -> None:
    for _ in range(7):
        limit(made, "ann", SELL, "0.003", "100.05")
    made.place("cem", MarketOrder(instrument=SPOT, side=BUY, size=D("0.021")), 3)
    fills = made.history.fills("cem", FillQuery()).items
    assert len(fills) == 7
    notional = D("0.021") * D("100.05")
    exact = notional * D("0.00213")
    assert 0 <= sum(f.fee for f in fills) - exact < D(1).scaleb(-made.places["USD"])
    usd = next(b for b in made.balances("cem") if b.asset == "USD")
    assert usd.total == D("9000.12345678") - notional - sum(f.fee for f in fills)


def test_an_order_stops_before_its_own_accounts_order(made: Exchange) -> None:
    limit(made, "bob", SELL, "0.3", "100")
    own = limit(made, "ann", SELL, "0.3", "100.05")
    behind = limit(made, "bob", SELL, "0.3", "100.10")
    order = made.place("ann", LimitOrder(instrument=SPOT, side=BUY, size=D("0.9"), price=D("100.10")), 3)
    assert (order.status, order.filled_size, order.status_code) == (OrderStatus.CANCELED, D("0.3"), "WOULD_SELF_TRADE")
    assert {o.venue_order_id for o in made.open_orders("ann")} == {own}
    assert {o.venue_order_id for o in made.open_orders("bob")} == {behind}


def test_a_trade_sets_off_stops_in_the_order_of_their_triggers(made: Exchange) -> None:
    limit(made, "ann", SELL, "3", "101")
    for price in ("100", "100.50"):
        limit(made, "ann", SELL, "0.003", price)
    far = made.place("bob", StopOrder(instrument=SPOT, side=BUY, size=D("0.3"), stop_price=D("100.50")), 3)
    near = made.place("bob", StopLimitOrder(
        instrument=SPOT, side=BUY, size=D("0.6"), price=D("101"), stop_price=D("100.00")), 3)  # fmt: skip
    assert {o.status for o in made.open_orders("bob")} == {OrderStatus.PENDING_TRIGGER}
    made.place("cem", MarketOrder(instrument=SPOT, side=BUY, size=D("0.003")), 4)
    # The stop-limit takes the rest up to 101, and that sets off the stop.
    assert [f.venue_order_id for f in reversed(made.history.fills("bob", FillQuery()).items)] == [
        near.venue_order_id, near.venue_order_id, far.venue_order_id,
    ]  # fmt: skip
    assert not made.open_orders("bob")


def test_a_bracket_takes_profit_at_its_limit_or_loss_at_its_stop_never_both(made: Exchange) -> None:
    bracket = BracketOrder(instrument=SPOT, side=SELL, size=D("3"), price=D("102"), stop_price=D("99"))
    for number, (price, proceeds) in enumerate((("102", D(306)), ("98.95", D("296.85")))):
        made = exchange("ann", "bob")
        if number:
            limit(made, "bob", BUY, "3.003", "98.95")
        order = made.place("ann", bracket, 3)
        if number:
            limit(made, "ann", SELL, "0.003", "98.95")
        else:
            limit(made, "bob", BUY, "3", price)
        done = made.order("ann", OrderRef(order.venue_order_id))
        assert (done.status, (done.average_price or D(0)) * 3) == (OrderStatus.FILLED, proceeds)
        assert not made.open_orders("ann")


def test_a_stop_that_fires_into_a_price_it_cannot_pay_is_canceled_and_says_so(made: Exchange) -> None:
    limit(made, "bob", SELL, "0.003", "100")
    limit(made, "bob", SELL, "30", "310")
    order = made.place("ann", StopOrder(instrument=SPOT, side=BUY, size=D("30"), stop_price=D("100")), 3)
    made.place("cem", MarketOrder(instrument=SPOT, side=BUY, size=D("0.003")), 4)
    done = made.order("ann", OrderRef(order.venue_order_id))
    assert (done.status, done.status_code) == (OrderStatus.CANCELED, InsufficientFunds.code)
    assert not any(b.held for b in made.balances("ann"))


def test_orders_that_are_done_leave_no_expiry_behind(made: Exchange) -> None:
    for n in range(3_000):
        number = limit(made, "ann", BUY, "0.003", "90", time_in_force=TimeInForce.GTD, expires_at_ns=10**18 + n)
        made.cancel("ann", OrderRef(number), 3)
    stays = limit(made, "ann", BUY, "0.003", "90", time_in_force=TimeInForce.GTD, expires_at_ns=10**18)
    assert len(made.expiries) <= 1_001
    made.advance(10**18)
    assert made.order("ann", OrderRef(stays)).status is OrderStatus.EXPIRED
