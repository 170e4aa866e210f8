"""Many messages at once, in whole numbers: for backtests and replays, where a request object each would cost most."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from venuekit.adapter import (
    ClientOrderIdReused,
    InsufficientFunds,
    NoLiquidity,
    OrderStatus,
    OrderType,
    TimeInForce,
    UnknownOrder,
)
from venuekit_paper.acceptance import check_funds
from venuekit_paper.accounts import Account
from venuekit_paper.exchange import Exchange
from venuekit_paper.market import Market
from venuekit_paper.orders import PaperOrder
from venuekit_paper.reports import ORDER

ADD, CANCEL, MARKET = range(3)
#: ``(ADD, CANCEL or MARKET, client order id, account's place in the list, side, price, lots)``: side +1 buys, -1 sells,
#: the price counts the instrument's price units and is 0 where the message has none.
Message = tuple[int, str, int, int, int, int]
#: A message's place in the batch, and the code of the error that refused it.
Refusal = tuple[int, str]


def run(
    exchange: Exchange, instrument: str, accounts: Sequence[str], messages: Iterable[Message], time_ns: int
) -> list[Refusal]:
    """Carry messages out in order, all at one time, with the rules of `Exchange.place` and `cancel`.

    Adds are good-till-canceled limit orders. Prices must be on the tick: they are whole numbers already, so nothing
    checks them. What happened stands in ``exchange.matcher.reports`` and was told to the listener.

    Returns:
        The messages that were refused: not enough funds, nothing to trade with, an id that is in use or unknown.

    Raises:
        UnknownInstrument, InvalidValue: no such instrument or account; nothing was carried out.
    """
    market = exchange.market(instrument)
    owners = [exchange.account(name) for name in accounts]
    plain = not market.margined and exchange.matcher.fees.charge is None and not any(owner.house for owner in owners)
    refused: list[Refusal] = []
    bids, asks, now_ns = market.book.bids, market.book.asks, max(exchange.now_ns, time_ns)
    finish = exchange.matcher.finish
    with exchange.at(time_ns), _uncollected():
        rest = _resting(exchange, market)
        for place, (what, client_id, who, side, price, lots) in enumerate(messages):
            owner = owners[who]
            known = owner.by_client_id.get(client_id)
            if what == CANCEL:
                if known is None:
                    refused.append((place, UnknownOrder.code))
                else:
                    finish(known, OrderStatus.CANCELED)
            elif known is not None:
                refused.append((place, ClientOrderIdReused.code))
            else:
                kind = OrderType.LIMIT if what == ADD else OrderType.MARKET
                number = exchange.number + 1
                order = PaperOrder(number, owner, market, side, kind, lots, price, now_ns, client_id)
                other = asks if side > 0 else bids
                try:
                    if plain and what == ADD and not (other.keys and (price - other.keys[-1] * other.sign) * side >= 0):
                        rest(order, owner, client_id)
                    else:
                        _enter(exchange, owner, market, order)
                except (InsufficientFunds, NoLiquidity) as error:
                    refused.append((place, error.code))
    return refused


def _resting(exchange: Exchange, market: Market) -> Callable[[PaperOrder, Account, str], None]:
    """What nine of ten orders do: hold their own money, and rest. The same as `_enter`, at a third of the cost."""
    matcher = exchange.matcher
    most, denominator = matcher.fees.most, matcher.fees.denominator
    unit, base_unit, quote, base = market.unit, market.base_unit, market.quote, market.base
    add_bid, add_ask, report = market.book.bids.add, market.book.asks.add, matcher.reports.append
    opened = OrderStatus.OPEN

    def rest(order: PaperOrder, owner: Account, client_id: str) -> None:
        lots = order.size
        buys = order.side > 0
        if buys:
            asset, money = quote, lots * order.price * unit
            claim = money - (-money * most // denominator)
        else:
            asset, claim = base, lots * base_unit
        held = owner.held[asset]
        if claim > owner.total[asset] - held:
            owner.need(asset, claim)
        owner.held[asset] = held + claim
        order.hold_price, order.held, order.holding = order.price, claim, True
        number = exchange.number = order.number
        owner.open[number] = order
        owner.by_client_id[client_id] = order
        (add_bid if buys else add_ask)(order)
        market.moved = True
        report((ORDER, order, opened, lots, 0, 0, 0))
        if market.watched:
            matcher.level_changed(order)

    return rest


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: a batch drops next to nothing, and looking for it takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _enter(exchange: Exchange, owner: Account, market: Market, order: PaperOrder) -> None:
    matcher, price = exchange.matcher, order.price
    order.hold_price = price
    if price:
        money = order.size * price * market.unit
    else:
        order.tif = TimeInForce.IOC
        got, money = matcher.reachable(market, order.side, 0, order.size, owner)
        if not got:
            raise NoLiquidity("There is nothing to trade with.", field="size")
    check_funds(matcher, exchange.markets, order, order.size, money)
    exchange.number = order.number
    owner.open[order.number] = order
    if order.client_id is not None:
        owner.by_client_id[order.client_id] = order
    matcher.trade(order)
    exchange.fire(market)
