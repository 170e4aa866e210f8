"""Live data for tests of streams: a supervisor on a scripted venue, and the events it carries."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from scripted import ScriptedVenue

from venuekit.errors import NotConnected
from venuekit.model.events import (
    BookDelta,
    BookSnapshot,
    Channel,
    ConnectionEvent,
    Event,
    FillEvent,
    GapEvent,
    OrderEvent,
    TickerEvent,
    TradeEvent,
)
from venuekit.model.intent import Side
from venuekit.model.market import Level, OrderBook, Trade
from venuekit.runtime.buffers import LiveSubscription
from venuekit.runtime.subscriptions import Subscriptions
from venuekit.settings.schema import StreamSettings
from venuekit.testing.clock import SimulatedClock

D = Decimal


class Stage:
    """A supervisor, and readers whose events are gathered in lists."""

    def __init__(self, **settings: Any) -> None:
        self.clock = SimulatedClock(settle_rounds=40)
        self.venue = ScriptedVenue(self.clock)
        self.hub = Subscriptions(self.venue, self.clock, StreamSettings(**settings), seed=1)
        self._reading: list[asyncio.Task[None]] = []

    def read(self, channel: Channel, *instruments: str) -> tuple[LiveSubscription, list[Event]]:
        """A reader that takes everything at once."""
        reader, seen = self.hub.subscribe(channel, instruments), list[Event]()

        async def gather() -> None:
            async for event in reader:
                seen.append(event)

        self._reading.append(asyncio.get_running_loop().create_task(gather()))
        return reader, seen

    async def cut(self, channel: Channel) -> None:
        """Lose the connection of a channel."""
        self.venue.push(channel, NotConnected("reset by peer"))
        await self.clock.settle()

    async def say(self, channel: Channel, *events: Event) -> None:
        """Send events down the channel's connections."""
        for event in events:
            self.venue.push(channel, event)
        await self.clock.settle()

    def made(self, channel: Channel) -> int:
        """How many connections of a channel were tried."""
        return self.venue.made("subscribe").count(channel)

    async def close(self) -> None:
        await self.hub.close()
        await asyncio.gather(*self._reading)

    # -- events

    def ticker(self, instrument: str = "BTC-USD", bid: str = "99") -> TickerEvent:
        self.venue.bid = D(bid)
        at = self.clock.now_ns()
        return TickerEvent(venue="scripted", instrument=instrument, time_ns=at, ticker=self.venue.ticker(instrument))

    def trade(self, number: int) -> TradeEvent:
        at = self.clock.now_ns()
        trade = Trade(
            venue="scripted",
            instrument="BTC-USD",
            time_ns=at,
            id=str(number),
            price=D(100),
            size=D(1),
            taker_side=Side.BUY,
        )
        return TradeEvent(venue="scripted", instrument="BTC-USD", time_ns=at, trade=trade)

    def snapshot(self, sequence: int | None, instrument: str = "BTC-USD") -> BookSnapshot:
        at = self.clock.now_ns()
        book = OrderBook(
            venue="scripted",
            instrument=instrument,
            time_ns=at,
            bids=(Level(D(99), D(1)),),
            asks=(Level(D(100), D(1)),),
            sequence=sequence,
        )
        return BookSnapshot(venue="scripted", instrument=instrument, time_ns=at, sequence=sequence, book=book)

    def delta(self, sequence: int | None, instrument: str = "BTC-USD") -> BookDelta:
        at = self.clock.now_ns()
        bids = (Level(D(98), D(sequence or 1)),)
        return BookDelta(venue="scripted", instrument=instrument, time_ns=at, sequence=sequence, bids=bids)


def told(events: list[Event]) -> list[str]:
    """The events in short: ``connected``, ``snapshot 10``, ``delta 11``, ``gap 12-14``, ``ticker 99`` …"""
    return [_short(e) for e in events]


def _short(event: Event) -> str:
    if isinstance(event, ConnectionEvent):
        return event.state.value
    if isinstance(event, GapEvent):
        return "gap" if event.expected is None else f"gap {event.expected}-{event.received}"
    if isinstance(event, BookSnapshot):
        return f"snapshot {event.sequence}"
    if isinstance(event, BookDelta):
        return f"delta {event.sequence}"
    if isinstance(event, TickerEvent):
        return f"ticker {event.ticker.bid}"
    if isinstance(event, TradeEvent):
        return f"trade {event.trade.id}"
    if isinstance(event, OrderEvent | FillEvent):
        return event.tag
    raise AssertionError(event)
