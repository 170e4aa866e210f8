"""Live events of Polymarket: market data over shared sockets, own orders and fills over one of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

import attrs

from venuekit.adapter import (
    Channel,
    Clock,
    Event,
    Instrument,
    NotConnected,
    OrderBook,
    Ticker,
    TickerEvent,
    Unsupported,
)
from venuekit_polymarket.checks import AskBook
from venuekit_polymarket.frame_values import Frame
from venuekit_polymarket.inbox import Inbox
from venuekit_polymarket.own_feed import Ledger, OwnFeed
from venuekit_polymarket.own_frames import OwnOrders, ReadOrder
from venuekit_polymarket.shards import Shards
from venuekit_polymarket.socket import Socket, SocketSettings
from venuekit_polymarket.statuses import Known, Outcome, Statuses


@attrs.frozen(kw_only=True)
class Own:
    """What the streams of own orders need: a key, and who knows the orders."""

    #: The ``auth`` of the first message. Raises VenuePermission, Unavailable.
    auth: Callable[[], Awaitable[Mapping[str, str]]]
    read: ReadOrder
    ledger: Ledger


@attrs.frozen(kw_only=True)
class Market:
    """What the streams of market data need of the rest."""

    #: One instrument, by id or alias. Raises UnknownInstrument.
    find: Callable[[str], Awaitable[Instrument]]
    known: Known
    #: Whole books by REST.
    ask_book: AskBook
    #: Instruments as the venue has them now.
    refresh: Callable[[Sequence[str]], Awaitable[Iterable[Outcome]]]
    #: Instruments whose fate matters though nobody named them, such as those that are held.
    interesting: Callable[[], Iterable[str]] = tuple
    #: Called with every ticker that a stream tells.
    told: Callable[[Ticker], None] = lambda _: None


@attrs.frozen(kw_only=True)
class StreamSettings:
    """Sockets and how they are watched."""

    market: SocketSettings
    user: SocketSettings
    assets_per_socket: int = 200
    check_seconds: float = 15.0
    resolution_poll_seconds: float = 60.0


class Streams:
    """Subscriptions of one session, all ended with it. None is made again here: that is the supervisor's work."""

    def __init__(self, settings: StreamSettings, market: Market, own: Own | None, clock: Clock) -> None:
        self._market = market
        self._own: OwnFeed | None = None
        self._statuses = Statuses(
            market.known,
            market.refresh,
            clock,
            poll_seconds=settings.resolution_poll_seconds,
            interesting=lambda: [*market.interesting(), *self._shards.assets()],
        )
        self._shards = Shards(
            lambda: Socket(settings.market, clock),
            market.ask_book,
            clock,
            most=settings.assets_per_socket,
            check_seconds=settings.check_seconds,
            on_news=self._statuses.news,
        )
        if own is not None:
            self._own = OwnFeed(
                lambda: Socket(settings.user, clock),
                lambda: _first(own),
                OwnOrders(own.read),
                own.ledger,
                clock,
            )
        self._clock = clock
        self._ready = False

    def begin(self) -> None:
        """Let subscriptions be made."""
        self._ready = True

    async def close(self) -> None:
        """End every subscription; its reader gets NotConnected."""
        self._ready = False
        await self.drop()

    async def drop(self) -> None:
        """Lose every connection at once, as a network does; for tests of what listens."""
        for inbox in self._statuses.inboxes():
            inbox.fail(NotConnected("The stream was closed."))
        await asyncio.gather(self._shards.close(), *([] if self._own is None else [self._own.close()]))

    def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        """Events of a channel, until the iterator is closed. Raises NotConnected before `connect`."""
        if not self._ready:
            raise NotConnected("The session with Polymarket is not open.", fix="Call connect first.")
        return self._events(channel, tuple(instruments))

    def live_book(self, asset: str, depth: int | None = None) -> OrderBook | None:
        """The book of a token that is being followed, with the number of its last event; None where none is sure."""
        return self._shards.book(asset, depth)

    def expect(self, venue_order_id: str) -> None:
        """The venue took an order: its stream has to tell of it soon, or is given up."""
        if self._own is not None:
            self._own.expect(venue_order_id)

    def doubt(self, venue_order_id: str) -> None:
        """The venue does not list an order that nobody told the end of: its stream has to, or is given up."""
        if self._own is not None:
            self._own.doubt(venue_order_id)

    async def _events(self, channel: Channel, instruments: tuple[str, ...]) -> AsyncIterator[Event]:
        names = () if channel.is_own else tuple([(await self._market.find(name)).id for name in instruments])
        inbox = Inbox(channel)
        try:
            await self._follow(channel, names, inbox)
            while True:
                event = await inbox.next()
                if isinstance(event, TickerEvent):
                    self._market.told(event.ticker)
                yield event
        finally:
            # In a task of its own, since a reader that is canceled may not wait for anything.
            await asyncio.shield(self._leave(channel, inbox))

    async def _follow(self, channel: Channel, names: Sequence[str], inbox: Inbox) -> None:
        if channel.is_own:
            if self._own is None:
                raise Unsupported("The stream of own orders needs a private key.", fix="Set POLYMARKET_PRIVATE_KEY.")
            await self._own.follow(inbox)
            return
        if channel is Channel.STATUS:
            self._statuses.follow(inbox, names)
            if not names:
                inbox.alive(self._clock.now_ns())
        await self._shards.follow(names, inbox)

    def _leave(self, channel: Channel, inbox: Inbox) -> asyncio.Future[None]:
        async def leave() -> None:
            if channel is Channel.STATUS:
                await self._statuses.leave(inbox)
            if not channel.is_own:
                await self._shards.leave(inbox)
            elif self._own is not None:
                await self._own.leave(inbox)

        return asyncio.ensure_future(leave())


async def _first(own: Own) -> Frame:
    return {"type": "user", "auth": dict(await own.auth())}
