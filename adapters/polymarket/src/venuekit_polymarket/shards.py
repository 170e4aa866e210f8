"""The sockets of the market channel: a few hundred assets each, shared by everybody who follows one of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, MutableMapping, Sequence

from venuekit.adapter import Clock, NotConnected, OrderBook
from venuekit_polymarket.checks import AskBook, Checks
from venuekit_polymarket.facts import ListedTold, ResolvedTold, TickTold
from venuekit_polymarket.feed import Feed
from venuekit_polymarket.inbox import Inbox
from venuekit_polymarket.socket import Socket
from venuekit_wire.endings import Endings

News = TickTold | ResolvedTold | ListedTold
#: More assets than this on one socket, and the venue sends no first books.
MOST_ASSETS = 500


class Shard:
    """One socket and its assets. When it is lost, everybody who followed any of them is told, and it is not used again.

    Its messages are sent one after the other, since the venue refuses what it has been told already.
    """

    def __init__(self, socket: Socket, feed: Feed, checks: Checks, ended: Callable[[Shard], None]) -> None:
        self.feed = feed
        self._socket = socket
        self._checks = checks
        self._ended = ended
        self._order = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None
        #: What the venue has been told to send, and what of it was given up since.
        self._sent: set[str] = set()
        self._left: set[str] = set()
        self._owes_sign = True
        self.is_over = False
        socket.on_pong = self._pong
        socket.on_strange = feed.strange

    def _pong(self) -> None:
        """The venue answers: what it was told before is in force."""
        if self._owes_sign:
            self._owes_sign = False
            self.feed.alive()

    def leave(self, inbox: Inbox) -> bool:
        """Tell `inbox` nothing more; whether that leaves something that nobody follows."""
        gone = self.feed.leave(inbox)
        self._left.update(gone)
        return bool(gone)

    async def sync(self) -> None:
        """Tell the venue what is followed now and was not before, and what is not any more. Raises NotConnected."""
        # In a task of its own: a reader that is canceled must not leave half of it said.
        telling = asyncio.ensure_future(self._sync())
        self._telling.add(telling)
        telling.add_done_callback(self._told)
        await asyncio.shield(telling)

    def _told(self, telling: asyncio.Task[None]) -> None:
        self._telling.discard(telling)
        if not telling.cancelled():
            telling.exception()  # whoever waits for it is told, and all the others by `lose`

    async def _sync(self) -> None:
        async with self._order:
            if self.is_over:
                raise NotConnected("The stream was lost.")
            wanted = set(self.feed.tracks)
            # What was left and is wanted again begins anew, so that a whole book comes.
            gone = sorted(self._sent & (self._left | (self._sent - wanted)))
            added = sorted(wanted - (self._sent - set(gone)))
            self._sent, self._left = wanted, set()
            self._owes_sign = True
            try:
                await self._say(added, gone)
            except NotConnected as error:
                self.lose(error)
                raise

    async def _say(self, added: Sequence[str], gone: Sequence[str]) -> None:
        if self._running is None:
            await self._socket.open({"type": "market", "assets_ids": added, "custom_feature_enabled": True})
            self._running = asyncio.ensure_future(self._run())
            return
        if gone:
            await self._socket.send({"operation": "unsubscribe", "assets_ids": gone})
        if added:
            await self._socket.send({"operation": "subscribe", "assets_ids": added, "custom_feature_enabled": True})
        await self._socket.ping()

    async def _run(self) -> None:
        rounds = asyncio.ensure_future(self._checks.rounds())
        try:
            await self._socket.run(self.feed.take)
        except Exception as error:  # noqa: BLE001 - a bug too must reach those who wait, who tell it
            self.lose(error)
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)

    def lose(self, error: Exception) -> None:
        """It is over; everybody is told."""
        self.is_over = True
        for inbox in self.feed.inboxes():
            inbox.fail(error)
        self._ended(self)

    async def close(self) -> None:
        """Close the socket; everybody who still follows something gets NotConnected."""
        self.lose(NotConnected("The stream was closed."))
        await self._socket.close()
        waiting = [*self._telling, *([self._running] if self._running is not None else [])]
        if waiting:
            await asyncio.wait(waiting)
        await self._checks.close()


class Shards:
    """Places assets on sockets. It connects nothing again: who loses a socket asks anew, after a while of its own."""

    def __init__(
        self,
        socket: Callable[[], Socket],
        ask: AskBook,
        clock: Clock,
        *,
        most: int,
        check_seconds: float,
        on_news: Callable[[News], None],
    ) -> None:
        self._make = socket
        self._ask = ask
        self._clock = clock
        self._most = max(1, min(most, MOST_ASSETS))
        self._check_seconds = check_seconds
        self._on_news = on_news
        self._shards: list[Shard] = []
        self._endings = Endings()
        #: Events of each book so far, so that numbers go on over connections.
        self._numbers: MutableMapping[str, int] = {}

    async def follow(self, assets: Iterable[str], inbox: Inbox) -> None:
        """Tell `inbox` of these assets. Raises NotConnected."""
        touched: list[Shard] = []
        for asset in dict.fromkeys(assets):
            shard = self._for(asset)
            shard.feed.follow(asset, inbox)
            if shard not in touched:
                touched.append(shard)
        await asyncio.gather(*(shard.sync() for shard in touched))

    def _for(self, asset: str) -> Shard:
        """The socket that has the asset, or has room for it."""
        having = next((s for s in self._shards if asset in s.feed.tracks), None)
        if having is not None:
            return having
        roomy = next((s for s in self._shards if len(s.feed.tracks) < self._most), None)
        if roomy is not None:
            return roomy
        shard = self._new()
        self._shards.append(shard)
        return shard

    def _new(self) -> Shard:
        socket = self._make()
        feed = Feed(self._clock, self._numbers, on_news=self._on_news)
        checks = Checks(feed, self._ask, self._clock, every_seconds=self._check_seconds, fail=socket.fail)
        return Shard(socket, feed, checks, self._forget)

    def _forget(self, shard: Shard) -> None:
        if shard in self._shards:
            self._shards.remove(shard)
            self._endings.begin(shard.close())

    async def leave(self, inbox: Inbox) -> None:
        """Tell `inbox` nothing more; sockets that nobody needs are closed."""
        for shard in list(self._shards):
            if not shard.leave(inbox):
                continue
            if not shard.feed.tracks:
                self._forget(shard)
                continue
            with contextlib.suppress(NotConnected):  # all who follow the others have been told
                await shard.sync()
        await self._endings.done()

    def assets(self) -> list[str]:
        """Everything that is followed."""
        return [asset for shard in self._shards for asset in shard.feed.tracks]

    def book(self, asset: str, depth: int | None) -> OrderBook | None:
        """The live book of an asset that is followed; None while there is none to be trusted."""
        for shard in self._shards:
            track = shard.feed.tracks.get(asset)
            if track is not None and track.book.is_valid and not track.in_doubt:
                return track.book.order_book(depth)
        return None

    async def close(self) -> None:
        """Close every socket."""
        for shard in list(self._shards):
            self._forget(shard)
        await self._endings.done()
