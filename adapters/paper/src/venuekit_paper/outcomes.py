"""Two-outcome markets: shares are minted and merged in pairs, and pay out when the outcome is known."""

from __future__ import annotations

from decimal import Decimal

from venuekit.adapter import (
    InstrumentKind,
    InstrumentNotTrading,
    InstrumentStatus,
    InvalidValue,
    OrderStatus,
    TransferKind,
    minus,
)
from venuekit_paper.accounts import Account
from venuekit_paper.exchange import Exchange
from venuekit_paper.market import Market


def _pair(exchange: Exchange, instrument: str) -> tuple[Market, Market]:
    first = exchange.market(instrument)
    i = first.scale.instrument
    if i.kind is not InstrumentKind.BINARY_OUTCOME or i.complement is None:
        raise InvalidValue(f"{i.id} is not an outcome of a two-outcome market.", field="instrument")
    return first, exchange.market(i.complement)


def _open_pair(exchange: Exchange, instrument: str) -> tuple[Market, Market]:
    pair = _pair(exchange, instrument)
    if pair[0].scale.instrument.status is InstrumentStatus.RESOLVED:
        raise InstrumentNotTrading(f"{instrument} is resolved.", field="instrument")
    return pair


def mint(exchange: Exchange, account: str, instrument: str, size: Decimal, time_ns: int) -> None:
    """`size` quote becomes `size` shares of each outcome, each at half a unit of cost.

    Raises:
        InsufficientFunds, InvalidSize, InstrumentNotTrading.
    """
    with exchange.at(time_ns):
        pair = _open_pair(exchange, instrument)
        owner, quote = exchange.account(account), pair[0].quote
        lots = pair[0].scale.size_in(size)
        money = pair[0].scale.money_in(size)
        owner.need(quote, money)
        owner.total[quote] -= money
        for market, cost in zip(pair, (money - money // 2, money // 2), strict=True):
            owner.total[market.base] += lots
            owner.holdings[market.id].add(lots, cost)
        exchange.transferred(owner, TransferKind.MINT, quote, -money, pair[0].id)


def merge(exchange: Exchange, account: str, instrument: str, size: Decimal, time_ns: int) -> None:
    """`size` shares of each outcome become `size` quote.

    Raises:
        InsufficientFunds, InvalidSize, InstrumentNotTrading.
    """
    with exchange.at(time_ns):
        pair = _open_pair(exchange, instrument)
        owner, quote = exchange.account(account), pair[0].quote
        lots = pair[0].scale.size_in(size)
        money = pair[0].scale.money_in(size)
        for market in pair:  # both must be free before either moves
            owner.need(market.base, lots)
        for market, part in zip(pair, (money - money // 2, money // 2), strict=True):
            owner.total[market.base] -= lots
            owner.holdings[market.id].add(-lots, -part)
        owner.total[quote] += money
        exchange.transferred(owner, TransferKind.MERGE, quote, money, pair[0].id)


def resolve(exchange: Exchange, instrument: str, payout: Decimal, time_ns: int) -> None:
    """Every share of `instrument` pays `payout` (0 to 1), of its complement 1 - `payout`; all orders are canceled.

    Raises:
        InvalidValue: not an outcome, or a payout that is not from 0 to 1 in the market's price digits.
        InstrumentNotTrading: it is resolved already.
    """
    with exchange.at(time_ns):
        pair = _open_pair(exchange, instrument)
        scaled = payout.scaleb(pair[0].scale.price_digits)
        if not 0 <= payout <= 1 or scaled != int(scaled):
            raise InvalidValue("payout must be from 0 to 1.", field="payout", details={"accepted": "0 to 1"})
        for market, each in zip(pair, (payout, minus(Decimal(1), payout)), strict=True):
            for account in exchange.accounts.values():
                for order in [o for o in account.open.values() if o.market is market]:
                    order.reason = "the market was resolved"
                    exchange.matcher.finish(order, OrderStatus.CANCELED)
            for account in exchange.accounts.values():
                _pay(exchange, account, market, each)
            exchange.change_instrument(market, payout=each, status=InstrumentStatus.RESOLVED)


def _pay(exchange: Exchange, account: Account, market: Market, each: Decimal) -> None:
    lots = account.total[market.base]
    if not lots:
        return
    money = lots * int(each.scaleb(market.scale.price_digits)) * market.unit
    account.total[market.base] = 0
    account.total[market.quote] += money
    account.holdings[market.id].add(-lots, -money)
    if not account.house:
        exchange.transferred(account, TransferKind.RESOLUTION, market.quote, money, market.id)
