"""What the exchange shows: balances, positions, books and tickers as the protocols know them."""

from __future__ import annotations

from venuekit.adapter import Balance, Level, OrderBook, Position, Ticker, normal, ratio, times
from venuekit_paper import margin
from venuekit_paper.accounts import Account
from venuekit_paper.market import Market
from venuekit_paper.reports import Print
from venuekit_paper.scale import out


def balances(account: Account, venue: str) -> list[Balance]:
    """Assets with a total or a hold; shares of outcomes are positions, not balances."""
    return [
        Balance(
            venue=venue,
            account=account.name,
            asset=asset,
            total=out(total, account.places[asset]),
            available=out(total - account.held.get(asset, 0), account.places[asset]),
            held=out(account.held.get(asset, 0), account.places[asset]),
        )
        for asset, total in sorted(account.total.items())
        if not asset.endswith("#") and (total or account.held.get(asset))
    ]


def positions(account: Account, markets: dict[str, Market], venue: str) -> list[Position]:
    """Positions with a size or realized profit, valued at the mark, the book's middle or the last price."""
    return [
        _position(account, name, markets[name], venue)
        for name, holding in sorted(account.holdings.items())
        if holding.lots or holding.realized
    ]


def _position(account: Account, name: str, market: Market, venue: str) -> Position:
    holding, scale, value = account.holdings[name], market.scale, market.value
    size = scale.size_out(holding.lots)
    cost = scale.money_out(holding.cost)
    contracts = times(size, scale.instrument.contract_size)
    return Position(
        venue=venue,
        account=account.name,
        instrument=name,
        quote=scale.instrument.quote,
        size=size,
        average_entry_price=normal(ratio(cost, contracts)) if holding.lots else None,
        realized_pnl=scale.money_out(holding.realized),
        unrealized_pnl=scale.money_out(margin.unrealized(holding, market)) if value else None,
        mark_price=scale.price_out(value) if value else None,
        fees_paid=scale.money_out(holding.fees),
        updated_ns=holding.updated_ns,
    )


def book(market: Market, depth: int, venue: str, now_ns: int) -> OrderBook:
    """The best `depth` levels of each side."""
    scale = market.scale
    bids, asks = (
        tuple(Level(scale.price_out(price), scale.size_out(lots)) for price, lots in side.depth(depth))
        for side in (market.book.bids, market.book.asks)
    )
    return OrderBook(venue=venue, instrument=market.id, time_ns=now_ns, bids=bids, asks=asks, sequence=market.sequence)


def ticker(market: Market, latest: Print | None, venue: str, now_ns: int) -> Ticker:
    """Best prices and the last trade."""
    scale = market.scale
    bid, ask = market.book.bids.depth(1), market.book.asks.depth(1)
    return Ticker(
        venue=venue,
        instrument=market.id,
        time_ns=now_ns,
        bid=scale.price_out(bid[0][0]) if bid else None,
        bid_size=scale.size_out(bid[0][1]) if bid else None,
        ask=scale.price_out(ask[0][0]) if ask else None,
        ask_size=scale.size_out(ask[0][1]) if ask else None,
        last=scale.price_out(market.last) if market.last else None,
        last_size=scale.size_out(latest[2]) if latest else None,
        mark=scale.price_out(market.value) if market.value else None,
        sequence=market.sequence,
    )
