"""Fees that another venue takes of each trade, by a function of price and size instead of a share of notional."""

from __future__ import annotations

import contextlib
import random
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from engine_kit import YES, exchange

from venuekit.adapter import FillQuery, Instrument, InsufficientFunds, LimitOrder, Liquidity, Side, TimeInForce
from venuekit_paper.exchange import Exchange
from venuekit_paper.fees import FeeSchedule
from venuekit_paper.outcomes import mint

D = Decimal
BUY, SELL = Side.BUY, Side.SELL


def charge(instrument: Instrument, price: Decimal, size: Decimal, liquidity: Liquidity) -> Decimal:
    """Highest in the middle; the maker gets a fifth of it back."""
    assert instrument.id == YES
    exact = size * D("0.05") * price * (1 - price)
    share = exact if liquidity is Liquidity.TAKER else -exact / 5
    return share.quantize(D("0.00001"), ROUND_HALF_EVEN)


def made(*accounts: str) -> Exchange:
    found = exchange(*accounts, fees=FeeSchedule(charge=charge))
    for account in accounts:
        mint(found, account, YES, D(3000), 1)
    return found


def place(made: Exchange, account: str, side: Side, size: str, price: str, **more: object) -> str:
    request = LimitOrder(instrument=YES, side=side, size=D(size), price=D(price), **more)  # type: ignore[arg-type]
    return made.place(account, request, 2).venue_order_id or ""


def test_each_trade_costs_taker_and_maker_what_the_function_says() -> None:
    found = made("ann", "bob")
    place(found, "ann", SELL, "7", "0.30")
    place(found, "ann", SELL, "9", "0.50")
    place(found, "bob", BUY, "16", "0.50")
    taken = found.history.fills("bob", FillQuery()).items
    assert [(f.price, f.fee) for f in taken] == [(D("0.50"), D("0.1125")), (D("0.30"), D("0.0735"))]
    assert [f.fee for f in found.history.fills("ann", FillQuery()).items] == [D("-0.0225"), D("-0.0147")]


def test_who_cannot_pay_the_fee_on_top_of_the_money_buys_nothing() -> None:
    found = made("ann", "bob")
    place(found, "ann", SELL, "3000", "0.50")
    usd = 10 ** found.places["USD"]
    found.accounts["bob"].total["USD"] = 500 * usd
    with pytest.raises(InsufficientFunds):
        place(found, "bob", BUY, "1000", "0.50", time_in_force=TimeInForce.IOC)
    found.accounts["bob"].total["USD"] = int(D("512.5001") * usd)
    place(found, "bob", BUY, "1000", "0.50", time_in_force=TimeInForce.IOC)
    assert found.accounts["bob"].total["USD"] == usd // 10_000


def test_fees_that_are_rounded_trade_by_trade_are_paid_for_before_the_first_trade() -> None:
    found = made("ann", "bob")
    for _ in range(10):
        place(found, "ann", SELL, "1", "0.41")  # each costs 0.0121, and all ten at once would cost 0.12095
    for cash, filled in (("4.22095", 0), ("4.2211", 10)):
        found.accounts["bob"].total["USD"] = int(D(cash).scaleb(found.places["USD"]))
        with contextlib.suppress(InsufficientFunds):
            place(found, "bob", BUY, "10", "0.41", time_in_force=TimeInForce.IOC)
        assert len(found.history.fills("bob", FillQuery()).items) == filled
        assert found.accounts["bob"].total["USD"] >= 0


def test_nobody_ever_owes_more_than_there_is_however_often_fees_are_rounded() -> None:
    for seed in range(60):
        dice = random.Random(seed)
        found = made("ann", "bob")
        found.accounts["bob"].total["USD"] = int(D(dice.randint(1, 4000)).scaleb(found.places["USD"] - 2))
        for _ in range(40):
            account, side = dice.choice([("ann", SELL), ("ann", SELL), ("bob", BUY)])
            size, price = str(dice.randint(1, 20)), f"0.{dice.randint(40, 60)}"
            with contextlib.suppress(InsufficientFunds):
                place(found, account, side, size, price, time_in_force=dice.choice([TimeInForce.GTC, TimeInForce.IOC]))
            for who in found.accounts.values():
                assert all(who.total[asset] >= who.held[asset] >= 0 for asset in {*who.total, *who.held}), seed
