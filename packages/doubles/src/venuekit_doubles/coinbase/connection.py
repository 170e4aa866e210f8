"""One client's connection to the streams: what it subscribed to, its tokens, its sequence, and what goes wrong."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import logging
from collections.abc import Sequence
from typing import Any

import attrs
from aiohttp import WSMsgType, web

from venuekit.adapter import Unavailable, iso
from venuekit_doubles.coinbase.auth import Doorkeeper, Key, NotAuthorized
from venuekit_doubles.coinbase.backing import Backing
from venuekit_doubles.coinbase.feeds import Feed, Feeds
from venuekit_doubles.coinbase.limits import Counter, Limits
from venuekit_doubles.coinbase.record import PRIVATE_CHANNELS, Record, Said
from venuekit_doubles.faults import Faults, StreamFault

log = logging.getLogger("venuekit.doubles")

#: Channels that tell of the products that were named, or of all when none was.
_OF_PRODUCTS = ("ticker", "level2", "market_trades", "candles", "ticker_batch")
_OF_ACCOUNT = ("heartbeats", "futures_balance_summary")
#: Channels that tell of all products, or of those that were named; asked again, they begin anew with a snapshot.
_BEGIN_ANEW = ("status", "user")
CHANNELS = (*_OF_PRODUCTS, *_BEGIN_ANEW, *_OF_ACCOUNT)
#: The name on frames → the name to subscribe with, where they differ.
_SUBSCRIBED_AS = {"l2_data": "level2"}


@attrs.frozen
class Manners:
    """How connections are treated."""

    #: A connection that has not subscribed by then is closed (the venue's documents, 2026-11).
    seconds_to_subscribe: float = 5.0
    with_client_id: bool = True
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen(kw_only=True)
class House:
    """What all connections share."""

    backing: Backing
    door: Doorkeeper
    feeds: Feeds
    manners: Manners
    counter: Counter
    record: Record
    faults: Faults
    #: Set when a subscription has become live.
    news: asyncio.Event = attrs.field(factory=asyncio.Event)
    #: How many subscriptions ever became live, by channel.
    begun: collections.Counter[str] = attrs.field(factory=collections.Counter)


class Connection:
    """One client's connection. Its frames are numbered over all channels."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, house: House) -> None:
        self._socket = socket
        self._request = request
        self._house = house
        self._address = str(request.remote)
        self._sequence = 0
        #: What the client subscribed to: products by channel.
        self._subscribed: dict[str, set[str]] = {}
        #: What tells it: by channel, and by product where each has its own.
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        #: Of those, the ones whose first frame was sent: what happens from then on, they tell.
        self._live: set[tuple[str, str]] = set()
        self._sending = asyncio.Lock()
        #: The client is to go: with which code, and why. Then it is gone.
        self._ending, self._gone = asyncio.Event(), asyncio.Event()
        self._end_with = 1000, b""
        self._silent: set[str] = set()
        self._twice = self._left_out = self._overtaken = False
        #: A frame that waits for the one that overtakes it.
        self._held = ""

    async def serve(self) -> None:
        """Read what the client asks for, until it goes or is sent away."""
        reading, waiting = asyncio.ensure_future(self._read()), asyncio.ensure_future(self._or_leave())
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.clear()
            tasks = [reading, waiting, ending, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._ending.is_set():
                # Only where nothing reads any more does this wait for the client to say goodbye, too.
                await self._socket.close(code=self._end_with[0], message=self._end_with[1])
            self._gone.set()
        if not reading.cancelled():
            with contextlib.suppress(ConnectionError):  # the client went while it was answered
                reading.result()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                await self._asked(message.data)

    async def _or_leave(self) -> None:
        await asyncio.sleep(self._house.manners.seconds_to_subscribe)
        if not self._subscribed:
            await self._close(1000, b"no subscription")

    async def _close(self, code: int, why: bytes = b"") -> None:
        """Send the client away, politely, and wait until it went or its time is over."""
        if not self._ending.is_set():
            self._end_with = code, why
            self._ending.set()
        await self._gone.wait()

    def live(self, channel: str, product: str | None) -> int:
        """How many of its subscriptions to a channel are live: one a product, or one for a channel that is one."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            return 0
        listed = self._subscribed.get(channel, set())
        return sum(
            product in (None, name) or (name == "" and (product in listed or not listed))
            for live, name in self._live
            if live == channel
        )

    # -- what is asked

    async def _asked(self, data: str) -> None:
        try:
            message = json.loads(data)
            channel, names = str(message["channel"]), {str(n) for n in message.get("product_ids") or ()}
            wanted, token = message["type"], message.get("jwt")
        except (ValueError, KeyError, TypeError, AttributeError):
            await self._error("malformed message")
            return
        problem, key = await self._problem(channel, wanted, names, token)
        self._house.record.messages.append(
            Said(
                kind=str(wanted),
                channel=channel,
                products=frozenset(names),
                authorized=token is not None,
                key=key.name if key is not None else None,
                refused=problem,
            )
        )
        if problem:
            await self._error(problem)
        elif wanted == "subscribe":
            await self._subscribe(channel, names, key)
        else:
            await self._unsubscribe(channel, names)

    async def _problem(self, channel: str, wanted: Any, names: set[str], token: Any) -> tuple[str, Key | None]:
        """What is wrong with a message, or whose it is."""
        most = self._house.manners.limits.messages
        if token is None and most is not None and self._house.counter.left(self._address, most) < 0:
            return "rate limit exceeded", None
        if wanted not in ("subscribe", "unsubscribe"):
            return "type is not valid", None
        if channel not in CHANNELS:
            return f"channel {channel[:40]} is not valid", None
        key = None
        if token is not None or channel in PRIVATE_CHANNELS:
            try:
                key = self._house.door.message(str(token or ""))
            except NotAuthorized as why:
                self._house.record.refused.append(str(why))
                return "authentication failure", None
        unknown = names - {i.id for i in await self._house.backing.instruments()}
        return (f"product {min(unknown)[:40]} is not valid", None) if unknown else ("", key)

    async def _subscribe(self, channel: str, names: set[str], key: Key | None) -> None:
        self._subscribed[channel] = await self._listed(channel, names)
        if channel in _BEGIN_ANEW:
            self._end(channel)
        await self._acknowledge()
        feeds, listed = self._house.feeds, self._subscribed[channel]
        if channel in feeds.by_product:
            for name in sorted(listed):
                self._begin(channel, name, feeds.by_product[channel](name))
        elif channel == "ticker_batch":
            self._begin(channel, "", feeds.ticker_batch(listed))
        elif channel == "status":
            self._begin(channel, "", feeds.status(listed))
        elif channel == "heartbeats":
            self._begin(channel, "", feeds.heartbeats())
        elif key is not None:
            seat = self._house.backing.seat(key.account)
            feed = feeds.user(seat, listed) if channel == "user" else feeds.balance(seat)
            self._begin(channel, "", feed)

    async def _listed(self, channel: str, names: set[str]) -> set[str]:
        """The products of a channel, now that these were asked for as well; empty is all where a channel has all."""
        before = self._subscribed.get(channel)
        if channel in _OF_PRODUCTS:
            all_ = {i.id for i in await self._house.backing.instruments()}
            listed = before if before is not None else set()
            listed |= names or all_
            return listed
        if channel in _OF_ACCOUNT or (before is not None and not before):
            return set()
        return (before or set()) | names if names else set()

    def _begin(self, channel: str, name: str, feed: Feed) -> None:
        """Tell the client what a feed tells, unless it is told already."""
        if (channel, name) not in self._tasks:
            self._tasks[channel, name] = asyncio.ensure_future(self._tell((channel, name), feed))

    async def _unsubscribe(self, channel: str, names: set[str]) -> None:
        listed = self._subscribed.get(channel, set())
        if names:
            listed -= names
        if not names or not listed:
            self._subscribed.pop(channel, None)
            self._end(channel)
        for name in names:
            self._end(channel, name)
        await self._acknowledge()

    def _end(self, channel: str, name: str | None = None) -> None:
        for known in [k for k in self._tasks if k[0] == channel and name in (None, k[1])]:
            self._tasks.pop(known).cancel()
            self._live.discard(known)

    async def _acknowledge(self) -> None:
        shown = {channel: sorted(names) or [channel] for channel, names in self._subscribed.items()}
        await self._send("subscriptions", [{"subscriptions": shown}])

    async def _error(self, message: str) -> None:
        await self._socket.send_str(json.dumps({"type": "error", "message": message}))

    # -- what is told

    async def _tell(self, subscription: tuple[str, str], feed: Feed) -> None:
        try:
            async with contextlib.aclosing(feed):
                async for channel, events in feed:
                    await self._send(channel, events)
                    if subscription not in self._live:
                        self._live.add(subscription)
                        self._house.begun[subscription[0]] += 1
                        self._house.news.set()
        except ConnectionError:
            return  # the client went
        except Unavailable:
            await self._close(1001)
        except Exception:
            log.exception("A channel of the Coinbase double ended; this is a bug in venuekit-doubles.")
            await self._close(1011)

    async def _send(self, channel: str, events: Sequence[Any]) -> None:
        fault = self._house.faults.telling(channel)
        if fault is not None:
            await self.fail(fault, None)
        if "*" in self._silent or _SUBSCRIBED_AS.get(channel, channel) in self._silent:
            return
        async with self._sending:  # large frames are compressed elsewhere, and must not be overtaken
            frame: dict[str, Any] = {
                "channel": channel,
                "timestamp": iso(self._house.backing.now_ns()),
                "sequence_num": self._sequence,
                "events": list(events),
            }
            if self._house.manners.with_client_id:
                frame["client_id"] = ""
            self._sequence += 1
            for text in self._in_disorder(json.dumps(frame)):
                await self._socket.send_str(text)

    def _in_disorder(self, text: str) -> list[str]:
        """What goes now that this frame is due, by the faults that wait for one."""
        if self._left_out:
            self._left_out = False
            return []
        if self._overtaken:
            self._overtaken, self._held = False, text
            return []
        told = [text, *([text] if self._twice else ()), *([self._held] if self._held else ())]
        self._twice, self._held = False, ""
        return told

    # -- what goes wrong

    async def fail(self, fault: StreamFault, channel: str | None) -> None:
        """Fail in this way from now on, or at once."""
        if fault is StreamFault.CLOSE_1000:
            await self._close(1000)
        elif fault is StreamFault.CLOSE_1001:
            await self._close(1001)
        elif fault is StreamFault.ABORT:
            if self._request.transport is not None:
                self._request.transport.abort()
        elif fault is StreamFault.GAP:
            self._left_out = True
        elif fault is StreamFault.SWAP:
            self._overtaken = True
        elif fault is StreamFault.SILENCE:
            self._silent.add("*")
        elif fault is StreamFault.CHANNEL_SILENCE:
            self._silent |= {channel} if channel else {*_OF_PRODUCTS, "status", *PRIVATE_CHANNELS}
        elif fault is StreamFault.DUPLICATE:
            self._twice = True
        else:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_str("{not json")
