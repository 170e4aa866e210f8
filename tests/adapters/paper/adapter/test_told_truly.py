"""Whatever is done, the streams tell all of it: books, orders and fills kept from events are the venue's own."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper_kit import POOR, RICH, Opener
from random_steps import Step, done, moves, steps
from stream_kit import KeptBook, drained

from venuekit.adapter import Channel, Fill, FillEvent, FillQuery, Order, OrderEvent, OrderRef, TradeEvent, may_follow
from venuekit.testing.clock import SimulatedClock
from venuekit_paper.adapter import PaperVenue


class Listener:
    """Keeps books, orders and fills from events alone."""

    def __init__(self, venue: PaperVenue) -> None:
        self.venue = venue
        self.books: dict[str, KeptBook] = defaultdict(KeptBook)
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.trades: set[tuple[str, str]] = set()
        self._streams = {channel: venue.subscribe(channel, []) for channel in Channel}

    async def listen(self) -> None:
        for event in await drained(self._streams[Channel.BOOK]):
            assert event.instrument is not None
            self.books[event.instrument].take(event)
        for event in await drained(self._streams[Channel.OWN_ORDERS]):
            if isinstance(event, OrderEvent):
                number = event.order.venue_order_id or ""
                if number in self.orders:
                    assert may_follow(self.orders[number].status, event.order.status)
                    assert event.order.filled_size >= self.orders[number].filled_size
                self.orders[number] = event.order
        for event in await drained(self._streams[Channel.OWN_FILLS]):
            if isinstance(event, FillEvent):
                self.fills.append(event.fill)
        for event in await drained(self._streams[Channel.TRADES]):
            if isinstance(event, TradeEvent):
                self.trades.add((event.trade.instrument, event.trade.id))

    async def check(self) -> None:
        for name, kept in self.books.items():
            book = await self.venue.order_book(name, depth=500)
            assert (kept.bids(), kept.asks(), kept.number) == (tuple(book.bids), tuple(book.asks), book.sequence)
            assert not book.bids or not book.asks or book.best_bid.price < book.best_ask.price
        now_open = {o.venue_order_id: o for o in await self.venue.open_orders()}
        assert {n: o for n, o in self.orders.items() if not o.is_done} == now_open
        for number, order in self.orders.items():
            assert await self.venue.order(OrderRef(venue_order_id=number)) == order
            own = [f for f in self.fills if f.venue_order_id == number]
            assert order.filled_size == sum((f.size for f in own), Decimal(0))
            assert order.fees == sum((f.fee for f in own), Decimal(0))
            assert order.size is None or order.filled_size <= order.size
        assert list((await self.venue.fills(FillQuery(limit=500))).items) == self.fills[::-1]
        assert {(f.instrument, f.id.rstrip("tm")) for f in self.fills} <= self.trades


async def tell(script: list[Step], wealth: dict[str, Decimal]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opener = Opener(Path(folder), SimulatedClock())
        listener = Listener(await opener(initial_balances=wealth))
        for step in [*script, moves(20)]:
            await done(listener.venue, step)
            await listener.listen()
            await listener.check()
        await opener.close()


@settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=5, max_size=30), st.sampled_from([RICH, POOR]))
def test_what_is_kept_from_the_streams_is_what_the_venue_says(script: list[Step], wealth: dict[str, Decimal]) -> None:
    asyncio.run(tell(script, wealth))
