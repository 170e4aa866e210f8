"""What each channel tells: frames' channels and events, from the exchange's events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from typing import Any

import attrs

from venuekit.adapter import (
    BookDelta,
    BookSnapshot,
    Channel,
    Granularity,
    InstrumentEvent,
    Level,
    Order,
    TickerEvent,
    TradeEvent,
    iso,
)
from venuekit_doubles.coinbase import account_words, market_words, order_words
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.rest_futures import Futures
from venuekit_doubles.coinbase.seat import Seat

#: A frame's channel, and the events in it.
Told = tuple[str, list[dict[str, Any]]]
Feed = AsyncGenerator[Told, None]
#: Public trades and candles that a subscription begins with, at most.
_RECENT_TRADES = 50
_RECENT_CANDLES = 100


@attrs.frozen
class Pace:
    """How often the channels tell that do not tell of events, in seconds."""

    heartbeats: float = 1.0
    ticker_batch: float = 5.0
    balance: float = 1.0


class Feeds:
    """The channels. Each begins with a snapshot."""

    def __init__(self, backing: Backing, pace: Pace, *, text_heartbeats: bool) -> None:
        self._backing = backing
        self._venue = backing.venue
        self._futures = Futures(backing)
        self._pace = pace
        self._text_heartbeats = text_heartbeats

    # -- one product each

    async def ticker(self, name: str) -> Feed:
        """Best prices and the last trade, at each change."""
        kind = "snapshot"
        async with aclosing(self._venue.subscribe(Channel.TICKER, [name])) as upstream:
            async for event in upstream:
                if isinstance(event, TickerEvent):
                    yield "ticker", [{"type": kind, "tickers": [market_words.ticker(event.ticker)]}]
                    kind = "update"

    async def level2(self, name: str) -> Feed:
        """The book, whole at first, then what changed; a size of 0 takes a level away."""
        async with aclosing(self._venue.subscribe(Channel.BOOK, [name])) as upstream:
            async for event in upstream:
                if isinstance(event, BookSnapshot):
                    yield self._levels("snapshot", name, event.book.bids, event.book.asks)
                elif isinstance(event, BookDelta):
                    yield self._levels("update", name, event.bids, event.asks)

    def _levels(self, kind: str, name: str, bids: Sequence[Level], asks: Sequence[Level]) -> Told:
        at = iso(self._backing.now_ns())
        updates = [
            {"side": side, "event_time": at, "price_level": level["price"], "new_quantity": level["size"]}
            for side, levels in (("bid", bids), ("offer", asks))
            for level in market_words.levels(levels)
        ]
        return "l2_data", [{"type": kind, "product_id": name, "updates": updates}]

    async def market_trades(self, name: str) -> Feed:
        """Public trades, newest first."""
        async with aclosing(self._venue.subscribe(Channel.TRADES, [name])) as upstream:
            recent = [market_words.trade(t) for t in await self._venue.trades(name, limit=_RECENT_TRADES)]
            yield "market_trades", [{"type": "snapshot", "trades": recent}]
            async for event in upstream:
                if isinstance(event, TradeEvent):
                    yield "market_trades", [{"type": "update", "trades": [market_words.trade(event.trade)]}]

    async def candles(self, name: str) -> Feed:
        """Candles of five minutes, newest first; the one that is open comes again with each of its trades."""
        async with aclosing(self._venue.subscribe(Channel.CANDLES, [name])) as upstream:
            yield await self._candles("snapshot", name, _RECENT_CANDLES)
            told = await self._candles("update", name, 1)
            async for _ in upstream:  # which begins with the candle that the snapshot has
                newest = await self._candles("update", name, 1)
                if newest != told:
                    told = newest
                    yield newest

    async def _candles(self, kind: str, name: str, limit: int) -> Told:
        found = await self._venue.candles(name, Granularity.FIVE_MINUTES, limit=limit)
        shown = [{**market_words.candle(c), "product_id": name} for c in reversed(found)]
        return "candles", [{"type": kind, "candles": shown}]

    # -- a connection's whole channel

    async def ticker_batch(self, names: Collection[str]) -> Feed:
        """Tickers of all `names` that changed, every five seconds; `names` may change meanwhile."""
        told: dict[str, dict[str, str]] = {}
        while True:
            found = {n: market_words.ticker(await self._backing.ticker(n), with_best=False) for n in sorted(names)}
            fresh = [body for name, body in found.items() if told.get(name) != body]
            if fresh:
                yield "ticker_batch", [{"type": "update" if told else "snapshot", "tickers": fresh}]
            told |= found
            await asyncio.sleep(self._pace.ticker_batch)

    async def status(self, names: Collection[str]) -> Feed:
        """Products, and each that changes; all of them when there are no `names`."""
        async with aclosing(self._venue.subscribe(Channel.STATUS, ())) as upstream:
            listed = [i for i in await self._backing.instruments() if not names or i.id in names]
            yield "status", [{"type": "snapshot", "products": [market_words.status(i) for i in listed]}]
            known = {i.id for i in await self._backing.instruments()}
            async for event in upstream:
                if isinstance(event, InstrumentEvent) and event.instrument in (names or known):
                    yield "status", [{"type": "update", "products": [market_words.status(event.changed)]}]

    async def user(self, seat: Seat, names: Collection[str]) -> Feed:
        """An account's open orders, and each that changes; of all products when there are no `names`."""
        with seat.changes() as changes:
            orders = [await self._order(seat, o) for o in seat.open_orders() if not names or o.instrument in names]
            futures = [account_words.future(p) for p in await self._futures.positions(seat)]
            positions = {"perpetual_futures_positions": [], "expiring_futures_positions": futures}
            yield "user", [{"type": "snapshot", "orders": orders, "positions": positions}]
            while True:
                order = await changes.get()
                if not names or order.instrument in names:
                    yield "user", [{"type": "update", "orders": [await self._order(seat, order)]}]

    async def _order(self, seat: Seat, order: Order) -> dict[str, Any]:
        kind = await self._backing.product_type(order.instrument)
        return order_words.told(order, seat.fills_of(order), product_type=kind)

    async def balance(self, seat: Seat) -> Feed:
        """An account's balance for futures, when it changed."""
        told: dict[str, Any] = {}
        while True:
            now = await self._futures.balance(seat)
            if now != told:
                body = {n: v["value"] if isinstance(v, dict) and "value" in v else v for n, v in now.items()}
                kind = "update" if told else "snapshot"
                yield "futures_balance_summary", [{"type": kind, "fcm_balance_summary": body}]
                told = now
            await asyncio.sleep(self._pace.balance)

    async def heartbeats(self) -> Feed:
        """A beat a second, counted."""
        beats = 0
        while True:
            counter = str(beats) if self._text_heartbeats else beats
            yield "heartbeats", [{"current_time": iso(self._backing.now_ns()), "heartbeat_counter": counter}]
            beats += 1
            await asyncio.sleep(self._pace.heartbeats)

    @property
    def by_product(self) -> dict[str, Callable[[str], Feed]]:
        """The channels that tell of one product each."""
        return {
            "ticker": self.ticker,
            "level2": self.level2,
            "market_trades": self.market_trades,
            "candles": self.candles,
        }
