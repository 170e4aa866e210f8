"""Live events: each subscription has a connection of its own, so that none depends on another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from venuekit.adapter import (
    Channel,
    Clock,
    ConnectionEvent,
    ConnectionState,
    Event,
    Instrument,
    NotConnected,
    TickerEvent,
    VenueDown,
    VenuePace,
    VenuePermission,
)
from venuekit_coinbase.api import Api
from venuekit_coinbase.asked_frames import LiveCandles, Statuses
from venuekit_coinbase.client import Signer
from venuekit_coinbase.config import CoinbaseOptions
from venuekit_coinbase.instruments import VENUE, Instruments
from venuekit_coinbase.market import Market
from venuekit_coinbase.own_frames import OwnFrames
from venuekit_coinbase.public_frames import Books, Names, Read, Tickers, Trades, frame_time
from venuekit_coinbase.reading import text
from venuekit_coinbase.socket import Socket
from venuekit_coinbase.strange import Strange
from venuekit_wire.endings import Endings

_CHANNELS = {
    Channel.TICKER: "ticker",
    Channel.BOOK: "level2",
    Channel.TRADES: "market_trades",
    Channel.CANDLES: "market_trades",
    Channel.STATUS: "status",
    Channel.OWN_ORDERS: "user",
    Channel.OWN_FILLS: "user",
}


#: What frames of a channel are called where that is not its name, and what comes beside them.
_TOLD = {Channel.BOOK: "l2_data"}
_ALWAYS = ("heartbeats", "subscriptions")


class Streams:
    """Subscriptions of one session, all ended with it."""

    def __init__(
        self,
        options: CoinbaseOptions,
        signer: Signer | None,
        *,
        api: Api,
        market: Market,
        instruments: Instruments,
        own: Callable[[Strange, bool], OwnFrames],
        pace: VenuePace,
        clock: Clock,
    ) -> None:
        self._options = options
        self._signer = signer
        self._api = api
        self._market = market
        self._instruments = instruments
        self._own = own
        self._pace = pace
        self._clock = clock
        self._open: set[Socket] = set()
        self._endings = Endings()
        self._ready = False
        #: Channels whose last connection ended with a key that was not taken.
        self._refused: set[Channel] = set()

    def begin(self) -> None:
        """Let subscriptions be made."""
        self._ready = True

    async def close(self) -> None:
        """End every subscription; its reader gets NotConnected."""
        self._ready = False
        await self.drop()

    async def drop(self) -> None:
        """Lose every connection at once, as a network does; for tests of what listens."""
        for socket in list(self._open):
            self._endings.begin(socket.close())
        await self._endings.done()

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Events of a channel, until the iterator is closed. Raises NotConnected before `connect`."""
        if not self._ready:
            raise NotConnected("The session with Coinbase is not open.", fix="Call connect first.")
        return self._events(channel, tuple(instruments))

    async def _events(self, channel: Channel, instruments: tuple[str, ...]) -> AsyncIterator[Event]:
        names = {} if channel.is_own else {i.id: i.metadata.get("alias", "") for i in await self._found(instruments)}
        socket = Socket(self._options, self._signer, self._pace, own=channel.is_own)
        self._open.add(socket)
        strange = Strange()
        own = self._own(strange, channel is Channel.OWN_FILLS) if channel.is_own else None
        try:
            if own is not None:
                await own.begin()
            await socket.open(_CHANNELS[channel], tuple(names))
            async for event in self._read(channel, socket, names, own, strange):
                yield event
                self._refused.discard(channel)
        except VenuePermission as error:
            if channel in self._refused or not self._options.has_key:
                raise
            # The venue is known to refuse good tokens now and then: the next connection has a new one.
            self._refused.add(channel)
            raise NotConnected(error.message) from error
        finally:
            self._open.discard(socket)
            # In a task of its own, since a reader that is canceled may not wait for anything.
            await asyncio.shield(self._endings.begin(socket.close()))

    async def _found(self, instruments: Sequence[str]) -> list[Instrument]:
        return [await self._instruments.one(name) for name in instruments]

    async def _read(
        self, channel: Channel, socket: Socket, names: Mapping[str, str], own: OwnFrames | None, strange: Strange
    ) -> AsyncIterator[Event]:
        if own is not None:
            reading = own.events
        elif channel is Channel.STATUS:
            reading = Statuses(self._api, self._instruments, frozenset(names), private=self._options.has_key).events
        elif channel is Channel.CANDLES:
            reading = LiveCandles(self._market, Names(names), self._clock).events
        else:
            async for event in self._public(channel, _PUBLIC[channel](Names(names), strange), socket, strange):
                yield event
            return
        told = own is None
        async for frame in socket.frames():
            at_ns = self._time(frame, strange)
            _check_kind(channel, frame, strange)
            if not told and text(frame, "channel") == _CHANNELS[channel]:
                told = True  # what happens from here on, this stream tells
                yield ConnectionEvent(venue=VENUE, time_ns=at_ns, state=ConnectionState.CONNECTED)
            async for event in reading(frame, at_ns):
                yield event
            if told:
                for sign in strange.news(at_ns):
                    yield sign

    async def _public(self, channel: Channel, read: Read, socket: Socket, strange: Strange) -> AsyncIterator[Event]:
        async for frame in socket.frames():
            at_ns = self._time(frame, strange)
            _check_kind(channel, frame, strange)
            try:
                for event in read(frame, at_ns):
                    if isinstance(event, TickerEvent):
                        self._market.told(event.ticker)
                    yield event
            except VenueDown as error:
                for sign in strange.news(at_ns):
                    yield sign
                raise NotConnected(error.message) from error
            for sign in strange.news(at_ns):
                yield sign

    def _time(self, frame: Mapping[str, Any], strange: Strange) -> int:
        """When the venue made a frame; now, where it does not say."""
        now = self._clock.now_ns()
        try:
            return frame_time(frame, now)
        except VenueDown as error:
            strange(error.message)
            return now


def _check_kind(channel: Channel, frame: Mapping[str, Any], strange: Strange) -> None:
    kind = text(frame, "channel")
    if kind not in _ALWAYS and kind != _TOLD.get(channel, _CHANNELS[channel]):
        strange(f"there is no frame of the kind {kind[:40]!r}")


_PUBLIC: Mapping[Channel, Callable[[Names, Strange], Read]] = {
    Channel.TICKER: Tickers,
    Channel.BOOK: Books,
    Channel.TRADES: Trades,
}
