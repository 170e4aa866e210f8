"""Which orders the exchange takes: a request becomes an order in whole numbers, or an error and no trace."""

from __future__ import annotations

from venuekit.adapter import (
    InstrumentKind,
    InstrumentNotTrading,
    InstrumentStatus,
    InvalidSize,
    InvalidValue,
    LimitOrder,
    MarketOrder,
    NoLiquidity,
    NotReducing,
    OrderRequest,
    OrderType,
    PostOnlyWouldCross,
    TimeInForce,
    iso,
    plain,
)
from venuekit_paper import margin
from venuekit_paper.accounts import Account
from venuekit_paper.market import Market
from venuekit_paper.matching import Matcher
from venuekit_paper.orders import PaperOrder

_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


def accepted(
    matcher: Matcher, markets: dict[str, Market], owner: Account, request: OrderRequest, number: int, now_ns: int
) -> PaperOrder:
    """The order, which holds nothing yet.

    Raises:
        InstrumentNotTrading, InvalidPrice, InvalidSize, NotReducing, PostOnlyWouldCross, NoLiquidity,
        InsufficientFunds.
    """
    market = markets[request.instrument]
    scale, side = market.scale, request.side.sign
    _check_status(market, request)
    expires_ns: int | None = getattr(request, "expires_at_ns", None)
    if expires_ns is not None and expires_ns <= now_ns:
        raise InvalidValue(
            f"expires_at {iso(expires_ns)} has passed; it is {iso(now_ns)}.",
            field="expires_at",
            details={"accepted": f"a time after {iso(now_ns)}"},
        )
    limit, trigger = getattr(request, "price", None), getattr(request, "stop_price", None)
    price = scale.price_in(limit) if limit is not None else 0
    stop = scale.price_in(trigger, "stop_price") if trigger is not None else 0
    lots = _lots(matcher, market, request)
    order = PaperOrder(number, owner, market, side, request.type, lots, price, now_ns, request.client_order_id)
    order.stop, order.tif, order.reduce_only = stop, request.time_in_force, request.reduce_only
    order.hold_price = max(price, stop) if request.type is OrderType.BRACKET else price or stop
    order.post_only = isinstance(request, LimitOrder) and request.post_only
    order.quote_size = getattr(request, "quote_size", None)
    order.expires_ns = expires_ns
    _check_notional(market, request, order)
    if order.reduce_only:
        check_reducing(order, lots)
    if order.post_only and market.crosses(side, price):
        raise PostOnlyWouldCross(
            f"A post-only {request.side.value} at {plain(scale.price_out(price))} would trade at once.",
            fix="Use a price that does not reach the other side, or leave post_only out.",
            field="price",
        )
    if request.type in (OrderType.MARKET, OrderType.LIMIT) and order.tif in _IMMEDIATE:
        _check_immediate(matcher, markets, order)
    else:
        check_waiting(matcher, markets, order)
    return order


def _check_status(market: Market, request: OrderRequest) -> None:
    status = market.scale.instrument.status
    post_only = isinstance(request, LimitOrder) and request.post_only
    if status is not InstrumentStatus.TRADING and not (status is InstrumentStatus.POST_ONLY and post_only):
        raise InstrumentNotTrading(f"{market.id} is {status.value}.", field="instrument")


def _lots(matcher: Matcher, market: Market, request: OrderRequest) -> int:
    if request.size is not None:
        return market.scale.size_in(request.size)
    assert isinstance(request, MarketOrder)
    assert request.quote_size is not None
    lots = matcher.affordable(market, request.side.sign, market.scale.money_in(request.quote_size))
    if lots <= 0:
        raise NoLiquidity(
            f"{plain(request.quote_size)} {market.scale.instrument.quote} buys less than one lot now.",
            fix="Use a larger quote_size.",
            field="quote_size",
        )
    return lots


def _check_notional(market: Market, request: OrderRequest, order: PaperOrder) -> None:
    least = market.scale.instrument.min_notional
    at = order.price or order.stop or market.last
    if least is not None and at and at * order.size * market.unit < market.scale.money_in(least):
        raise InvalidSize(
            f"The order is worth less than {plain(least)} {market.scale.instrument.quote}.",
            field="size" if request.size is not None else "quote_size",
            details={"min_notional": plain(least)},
        )


def check_reducing(order: PaperOrder, lots: int) -> None:
    """Raises NotReducing when `lots` more than what waits already would do more than close what is held."""
    market, side = order.market, order.side
    held = order.account.lots(market.id)
    if not market.margined:
        held = order.account.total[market.base] // market.base_unit
    waiting = sum(
        o.left
        for o in order.account.open.values()
        if o.reduce_only and o.side == side and o.market is market and o is not order
    )
    if held * side >= 0 or lots + waiting > abs(held):
        kind = "balance" if market.scale.instrument.kind is InstrumentKind.SPOT else "position"
        raise NotReducing(
            f"The {kind} in {market.id} is {plain(market.scale.size_out(held))}; the order would not only reduce it.",
            fix="Use a smaller size, the other side, or leave reduce_only out.",
            field="reduce_only",
        )


def _check_immediate(matcher: Matcher, markets: dict[str, Market], order: PaperOrder) -> None:
    """What trades now must be there, and be paid for."""
    market, lots = order.market, order.size
    got, money = matcher.reachable(market, order.side, order.price, lots, order.account)
    if (not order.price and not got) or (order.tif is TimeInForce.FOK and got < lots):
        raise NoLiquidity(
            f"{plain(market.scale.size_out(got))} of {plain(market.scale.size_out(lots))} could trade now.",
            fix="Use a smaller size, or a limit order that may rest.",
            field="size",
        )
    check_funds(matcher, markets, order, lots, money)


def check_waiting(matcher: Matcher, markets: dict[str, Market], order: PaperOrder) -> None:
    """Raises InsufficientFunds when the account cannot hold what the order's unfilled part needs while it waits."""
    check_funds(matcher, markets, order, order.left, order.left * order.hold_price * order.market.unit)


def check_funds(matcher: Matcher, markets: dict[str, Market], order: PaperOrder, lots: int, money: int) -> None:
    """Raises InsufficientFunds when the account cannot trade `lots` for `money` and pay the fee."""
    account, market = order.account, order.market
    if account.house or (market.margined and order.reduce_only):
        return
    if market.margined:
        margin.need(account, market, order.side, money, matcher.fees.most_of(market.scale, lots, money), markets)
    elif order.side > 0:
        account.need(market.quote, money + matcher.fees.most_of(market.scale, lots, money))
    else:
        account.need(market.base, lots * market.base_unit)
