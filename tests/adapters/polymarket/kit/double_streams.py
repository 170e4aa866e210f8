"""A session and its supervisor on the double, for tests of streams against it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio

from venuekit import LiveBook
from venuekit.adapter import Channel, ConnectionEvent, Event, Venue, VenueContext
from venuekit.runtime.buffers import LiveSubscription
from venuekit.runtime.subscriptions import Subscriptions
from venuekit.settings.schema import StreamSettings
from venuekit.watch.clock import SystemClock
from venuekit_doubles.polymarket import Pace, PolymarketDouble
from venuekit_polymarket.adapter import PolymarketVenue

#: Short enough that a test does not wait for long, long enough for a loaded machine.
QUICK = {"ping_seconds": 0.4, "pong_timeout_seconds": 0.4, "stream_check_seconds": 0.2, "resolution_poll_seconds": 0.3}


@contextmanager
def a_double(**named: Any) -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=Pace(moving=False, settle=0.02), **named) as double:
        yield double


def options(double: PolymarketDouble, **more: Any) -> dict[str, Any]:
    """A configuration whose every address is the double's."""
    urls = double.urls
    return {
        "environment": "sandbox",
        **{name: urls[name] for name in ("clob_url", "gamma_url", "data_url", "relayer_url", "rpc_url")},
        "ws_market_url": urls["clob_market_ws_url"],
        "ws_user_url": urls["clob_user_ws_url"],
        "geoblock_url": double.geoblock_url,
        "ca_file": double.ca_file,
        **QUICK,
        **more,
    }


@asynccontextmanager
async def connected(double: PolymarketDouble, folder: Path, **more: Any) -> AsyncIterator[PolymarketVenue]:
    context = VenueContext(clock=SystemClock(), data_dir=folder, account="main", options=options(double, **more))
    venue = PolymarketVenue(context)
    await venue.connect()
    try:
        yield venue
    finally:
        await venue.close()


class Follower:
    """A reader that keeps a book as a program would, and everything that it is told."""

    def __init__(self, subscription: LiveSubscription, instrument: str = "") -> None:
        self.subscription = subscription
        self.book = LiveBook(instrument)
        self.events: list[Event] = []

    async def run(self) -> None:
        async for event in self.subscription:
            self.events.append(event)
            self.book.apply(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def states(self) -> list[str]:
        return [event.state.value for event in self.of(ConnectionEvent)]


class Hub:
    """The supervisor, and followers in the background."""

    def __init__(self, venue: Venue, group: anyio.abc.TaskGroup) -> None:
        settings = StreamSettings(backoff_first_seconds=0.05, backoff_longest_seconds=0.2, stale_after_seconds=5)
        self.subscriptions = Subscriptions(venue, SystemClock(), settings, seed=1)
        self._group = group

    def follow(self, channel: Channel, *instruments: str) -> Follower:
        follower = Follower(self.subscriptions.subscribe(channel, instruments), instruments[0] if instruments else "")
        self._group.start_soon(follower.run)
        return follower


@asynccontextmanager
async def a_hub(venue: Venue) -> AsyncIterator[Hub]:
    async with anyio.create_task_group() as group:
        hub = Hub(venue, group)
        yield hub
        await hub.subscriptions.close()


async def until(true: Callable[[], Any]) -> None:
    """Wait for what happens in the double's thread."""
    with anyio.fail_after(60):
        while not true():  # noqa: ASYNC110 - it is another thread's doing
            await anyio.sleep(0.01)
