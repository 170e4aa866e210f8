"""Perpetuals' funding: every eight hours longs pay shorts, or the other way, what the market is above its index."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from venuekit.adapter import InstrumentKind, TransferKind
from venuekit_paper.market import Market

if TYPE_CHECKING:
    from venuekit_paper.exchange import Exchange

#: Funding times are 00:00, 08:00 and 16:00 UTC.
INTERVAL_NS = 8 * 3_600_000_000_000
#: The most that one funding moves, as a share of a position's value: 0.05 %.
MOST = Fraction(1, 2000)


def rate(market: Market) -> Fraction:
    """The book's middle over the mark, as a share of the mark, within `MOST`; 0 without both."""
    bid, ask = market.book.bids.best, market.book.asks.best
    if not (bid and ask and market.mark):
        return Fraction(0)
    return max(-MOST, min(MOST, Fraction(bid + ask, 2 * market.mark) - 1))


def fund(exchange: Exchange, before_ns: int, now_ns: int) -> None:
    """Pay the funding that fell due in between, once, at the rate of now. Payments round up, receipts down."""
    if not before_ns or before_ns // INTERVAL_NS == now_ns // INTERVAL_NS:
        return
    for market in exchange.markets.values():
        share = rate(market) if market.scale.instrument.kind is InstrumentKind.PERPETUAL else 0
        if not share:
            continue
        exchange.matcher.margin_moved = True
        for account in exchange.accounts.values():
            lots = account.lots(market.id)
            if lots:
                owed = lots * market.mark * market.unit * share
                paid = -(-owed.numerator // owed.denominator)
                account.total[market.quote] -= paid
                exchange.matcher.taken[market.quote] += paid
                if not account.house:
                    exchange.transferred(account, TransferKind.FUNDING, market.quote, -paid, market.id)
