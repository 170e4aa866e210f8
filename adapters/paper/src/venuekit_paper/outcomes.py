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
from venuekit_paper.fees import shares
from venuekit_paper.matching import Market


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
    exchange.advance(time_ns)
    pair = _open_pair(exchange, instrument)
    owner, quote = exchange.accounts[account], pair[0].scale.instrument.quote
    lots = pair[0].scale.size_in(size)
    money = pair[0].scale.money_in(size)
    owner.hold(quote, money)
    owner.release(quote, money)
    owner.move(quote, -money)
    for market, cost in zip(pair, (money - money // 2, money // 2), strict=True):
        owner.move(shares(market.scale.instrument.id), lots)
        owner.holding(market.scale.instrument.id).add(lots, cost)
    exchange._transfer(account, TransferKind.MINT, quote, -size, pair[0].scale.instrument.id)  # noqa: SLF001


def merge(exchange: Exchange, account: str, instrument: str, size: Decimal, time_ns: int) -> None:
    """`size` shares of each outcome become `size` quote.

    Raises:
        InsufficientFunds, InvalidSize, InstrumentNotTrading.
    """
    exchange.advance(time_ns)
    pair = _open_pair(exchange, instrument)
    owner, quote = exchange.accounts[account], pair[0].scale.instrument.quote
    lots = pair[0].scale.size_in(size)
    money = pair[0].scale.money_in(size)
    for market in pair:  # both must be free before either moves
        owner.hold(shares(market.scale.instrument.id), lots)
        owner.release(shares(market.scale.instrument.id), lots)
    for market, part in zip(pair, (money - money // 2, money // 2), strict=True):
        owner.move(shares(market.scale.instrument.id), -lots)
        owner.holding(market.scale.instrument.id).add(-lots, -part)
    owner.move(quote, money)
    exchange._transfer(account, TransferKind.MERGE, quote, size, pair[0].scale.instrument.id)  # noqa: SLF001


def resolve(exchange: Exchange, instrument: str, payout: Decimal, time_ns: int) -> None:
    """Every share of `instrument` pays `payout` (0 to 1), of its complement 1 - payout; all orders are canceled.

    Raises:
        InvalidValue: not an outcome, or a payout that is not from 0 to 1 in the market's price digits.
        InstrumentNotTrading: it is resolved already.
    """
    exchange.advance(time_ns)
    pair = _open_pair(exchange, instrument)
    scaled = payout.scaleb(pair[0].scale.price_digits)
    if not 0 <= payout <= 1 or scaled != int(scaled):
        raise InvalidValue("payout must be from 0 to 1.", field="payout", details={"accepted": "0 to 1"})
    for market, each in zip(pair, (payout, minus(Decimal(1), payout)), strict=True):
        for order in [o for o in exchange.orders.values() if o.scale is market.scale]:
            order.reason = "the market was resolved"
            exchange.matcher.finish(market, order, OrderStatus.CANCELED)
        for account in exchange.accounts.values():
            _pay(exchange, account, market, each)
        exchange._change_instrument(market, payout=each, status=InstrumentStatus.RESOLVED)  # noqa: SLF001


def _pay(exchange: Exchange, account: Account, market: Market, each: Decimal) -> None:
    scale = market.scale
    asset, quote = shares(scale.instrument.id), scale.instrument.quote
    lots = account.total.get(asset, 0)
    if not lots:
        return
    money = lots * int(each.scaleb(scale.price_digits)) * scale.unit
    account.move(asset, -lots)
    account.move(quote, money)
    account.holding(scale.instrument.id).add(-lots, -money)
    kind = TransferKind.RESOLUTION
    exchange._transfer(account.name, kind, quote, scale.money_out(money), scale.instrument.id)  # noqa: SLF001
