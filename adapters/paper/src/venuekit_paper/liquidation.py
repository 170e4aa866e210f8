"""Margin calls: orders go first, then positions, and a loss beyond the account is the venue's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from venuekit.adapter import OrderStatus, OrderType, TimeInForce, TransferKind
from venuekit_paper import margin
from venuekit_paper.accounts import Account
from venuekit_paper.market import Market

if TYPE_CHECKING:
    from venuekit_paper.exchange import Exchange

#: The house account that takes over what nobody else will, and pays what an account cannot.
INSURANCE = "~insurance"
MARGIN_CALL = "MARGIN_CALL"


def call_margin(exchange: Exchange) -> None:
    """Look at every account with margined positions, until nothing needs to be done any more."""
    matcher = exchange.matcher
    while matcher.margin_moved:
        matcher.margin_moved = False
        for account in list(exchange.accounts.values()):
            if not account.house:
                for quote in sorted({m.quote for _, m in _positions(exchange, account)}):
                    _call(exchange, account, quote)
                _cover(exchange, account)


def _positions(exchange: Exchange, account: Account) -> list[tuple[str, Market]]:
    return [
        (name, exchange.markets[name])
        for name, holding in account.holdings.items()
        if holding.lots and exchange.markets[name].margined
    ]


def _call(exchange: Exchange, account: Account, quote: str) -> None:
    mine = [(account.holdings[name], market) for name, market in _positions(exchange, account) if market.quote == quote]
    equity = account.total[quote] + sum(margin.unrealized(h, m) for h, m in mine)
    kept = sum(margin.maintenance(h, m) for h, m in mine)
    in_orders = account.held[quote] - sum(margin.initial(abs(h.cost), m) for h, m in mine)
    if equity - in_orders < kept or account.available(quote) < 0:
        _cancel_orders(exchange, account, quote)
    # The worst position goes first, and the next only while that was not enough.
    for holding, market in sorted(mine, key=lambda pair: (margin.unrealized(*pair), pair[1].id)):
        if equity >= kept and account.available(quote) >= 0:
            return
        kept -= margin.maintenance(holding, market)
        before = account.total[quote] + margin.unrealized(holding, market)
        _close(exchange, account, market)
        equity += account.total[quote] - before


def _cancel_orders(exchange: Exchange, account: Account, quote: str) -> None:
    """Cancel what holds `quote`, newest first."""
    for order in reversed(list(account.open.values())):
        if order.market.quote == quote and (order.market.margined or order.side > 0):
            order.why, order.reason = MARGIN_CALL, "Canceled to keep the margin of open positions."
            exchange.matcher.finish(order, OrderStatus.CANCELED)


def _close(exchange: Exchange, account: Account, market: Market) -> None:
    """Close a position at the market; what the book does not take, the venue takes at the mark."""
    lots = account.holdings[market.id].lots
    side, price = (-1 if lots > 0 else 1), market.value
    order = exchange.new_order(account, market, side, OrderType.MARKET, abs(lots), 0)
    order.tif, order.reason = TimeInForce.IOC, "Liquidated: the equity fell below the maintenance margin."
    matcher = exchange.matcher
    matcher.match(order)
    order.why = MARGIN_CALL
    if order.left:
        insurer = exchange.open_account(INSURANCE, {}, exchange.now_ns, house=True)
        taker_over = exchange.new_order(insurer, market, -side, OrderType.LIMIT, order.left, price)
        matcher.execute(order, taker_over, order.left, price)
    matcher.finish(order, OrderStatus.FILLED)


def _cover(exchange: Exchange, account: Account) -> None:
    """No balance stays below zero, and no hold stays without its money."""
    for asset in [a for a, total in account.total.items() if total < account.held[a]]:
        _cancel_orders(exchange, account, asset)
        missing = -account.total[asset]
        if missing > 0:
            insurer = exchange.open_account(INSURANCE, {}, exchange.now_ns, house=True)
            insurer.total[asset] -= missing
            account.total[asset] += missing
            exchange.transferred(account, TransferKind.INSURANCE, asset, missing, None)
