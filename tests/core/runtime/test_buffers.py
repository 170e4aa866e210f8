"""A slow reader: prices are conflated, books start afresh, and what happened to own orders is never dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest
from desks import limit
from hypothesis import given, settings
from hypothesis import strategies as st
from live import Stage, told

from venuekit.model.events import Channel, Event
from venuekit.runtime.buffers import LiveSubscription

pytestmark = pytest.mark.anyio


@pytest.fixture
async def small(anyio_backend: str) -> AsyncIterator[Stage]:
    made = Stage(buffer=4)
    yield made
    await made.close()


async def drained(reader: LiveSubscription) -> list[str]:
    """Close the reader and take what it still has."""
    await reader.close()
    return told([event async for event in reader])


async def test_tickers_are_conflated_to_the_newest_of_each_instrument(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.TICKER, ["BTC-USD", "ETH-USD"])
    await small.clock.settle()
    for bid in range(90, 99):
        await small.say(Channel.TICKER, small.ticker(bid=str(bid)), small.ticker("ETH-USD", bid=str(bid - 50)))
    status = reader.status()
    kept = await drained(reader)
    assert kept[0] == "connected"
    assert "ticker 98" in kept
    assert "ticker 48" in kept
    assert len(kept) <= 4 + 1
    assert status.received == 18
    assert status.received - status.conflated == len(kept) - 1, "every event was delivered or counted as conflated"


async def test_of_trades_the_oldest_go(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.TRADES, ["BTC-USD"])
    await small.clock.settle()
    await small.say(Channel.TRADES, *(small.trade(n) for n in range(10)))
    assert reader.status().conflated == 7
    assert await drained(reader) == ["connected", "trade 7", "trade 8", "trade 9"]


async def test_a_book_that_overflows_starts_afresh_and_goes_on_from_there(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.BOOK, ["BTC-USD"])
    await small.clock.settle()
    await small.say(Channel.BOOK, small.snapshot(10), *(small.delta(n) for n in range(11, 20)))
    small.venue.sequence = 19
    assert told([await anext(reader), await anext(reader)]) == ["connected", "snapshot 19"]
    assert reader.status().gaps == 1
    await small.say(Channel.BOOK, small.delta(20), small.delta(21))
    assert told([await anext(reader), await anext(reader)]) == ["delta 20", "delta 21"]


async def test_changes_that_come_while_a_fresh_book_is_fetched_are_neither_lost_nor_told_twice(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.BOOK, ["BTC-USD"])
    await small.clock.settle()
    await small.say(Channel.BOOK, small.snapshot(10), *(small.delta(n) for n in range(11, 16)))

    async def meanwhile() -> None:
        small.venue.sequence = 17
        await small.say(Channel.BOOK, small.delta(16), small.delta(17), small.delta(18))

    small.venue.faults["order_book"].append(meanwhile)
    taken = [await anext(reader) for _ in range(3)]
    assert told(taken) == ["connected", "snapshot 17", "delta 18"]


async def test_a_reader_that_stops_waiting_for_a_fresh_book_gets_it_the_next_time(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.BOOK, ["BTC-USD"])
    await small.clock.settle()
    await small.say(Channel.BOOK, small.snapshot(10), *(small.delta(n) for n in range(11, 16)))
    assert told([await anext(reader)]) == ["connected"]
    hangs = asyncio.Event()
    small.venue.faults["order_book"].append(hangs.wait)
    waiting = asyncio.ensure_future(anext(reader))
    await small.clock.settle()
    await small.say(Channel.BOOK, small.delta(16))
    waiting.cancel()
    await asyncio.wait([waiting])
    small.venue.sequence = 16
    await small.say(Channel.BOOK, small.delta(17))
    small.venue.sequence = 17
    assert told([await anext(reader)]) == ["snapshot 17"]
    await small.say(Channel.BOOK, small.delta(18))
    assert told([await anext(reader)]) == ["delta 18"]


async def test_own_orders_and_fills_are_never_dropped_however_slow_the_reader(small: Stage) -> None:
    orders, fills = small.hub.subscribe(Channel.OWN_ORDERS, ()), small.hub.subscribe(Channel.OWN_FILLS, ())
    await small.clock.settle()
    order = small.venue.accept(limit(client_order_id="mine"))
    for n in range(100):
        small.venue.set(
            attrs.evolve(order, updated_ns=n),
            small.venue.execution(order, order.size or order.fees, order.price or order.fees),
        )
    await small.clock.settle()
    assert (orders.status().conflated, fills.status().conflated) == (0, 0)
    assert (await drained(orders)).count("order") == 101
    assert (await drained(fills)).count("fill") == 100


async def test_a_gap_or_a_lost_connection_is_told_even_to_a_reader_that_is_full(small: Stage) -> None:
    reader = small.hub.subscribe(Channel.TRADES, ["BTC-USD"])
    await small.clock.settle()
    await small.say(Channel.TRADES, *(small.trade(n) for n in range(10)))
    await small.cut(Channel.TRADES)
    await small.clock.advance(3)
    await small.say(Channel.TRADES, small.trade(10))
    kept = await drained(reader)
    assert [word for word in kept if not word.startswith("trade")] == ["connected", "disconnected", "connected", "gap"]
    assert kept[-1] == "trade 10"


async def test_a_subscription_for_the_sink_alone_counts_and_keeps_nothing(small: Stage) -> None:
    heard: list[Event] = []

    async def sink(event: Event) -> None:
        heard.append(event)

    small.hub.sink = sink
    silent = small.hub.subscribe(Channel.TRADES, ["BTC-USD"], kept=False)
    await small.clock.settle()
    await small.say(Channel.TRADES, *(small.trade(n) for n in range(10)))
    status = silent.status()
    assert (status.state, status.received, status.delivered, status.conflated) == ("connected", 10, 11, 0)
    assert len(heard) == 11
    assert await drained(silent) == []


async def test_one_slow_reader_costs_the_others_nothing(small: Stage) -> None:
    slow = small.hub.subscribe(Channel.TRADES, ["BTC-USD"])
    _, seen = small.read(Channel.TRADES, "BTC-USD")
    await small.clock.settle()
    for n in range(50):
        await small.say(Channel.TRADES, small.trade(n))
    assert told(seen) == ["connected", *(f"trade {n}" for n in range(50))]
    assert slow.status().conflated == 47


Script = list[tuple[str, int]]
STEPS = st.lists(st.tuples(st.sampled_from(["say", "read", "miss"]), st.integers(1, 6)), max_size=30)


@settings(max_examples=40, deadline=None)
@given(STEPS)
async def test_whatever_the_pace_a_readers_book_is_always_a_snapshot_and_the_changes_after_it(script: Script) -> None:
    """Follow what is read as a program would: each change is the next one after what it has."""
    stage = Stage(buffer=3)
    reader = stage.hub.subscribe(Channel.BOOK, ["BTC-USD"])
    await stage.clock.settle()
    at = stage.venue.sequence = 10
    await stage.say(Channel.BOOK, stage.snapshot(at))
    taken: list[Event] = []

    async def read(most: int) -> None:
        for _ in range(most):
            waiting = asyncio.ensure_future(anext(reader))
            await stage.clock.settle()
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait([waiting])
                return
            taken.append(waiting.result())

    for what, count in [*script, ("read", 50)]:
        if what == "read":
            await read(count)
            continue
        for _ in range(count):
            at = stage.venue.sequence = at + 1
            if what == "say":
                await stage.say(Channel.BOOK, stage.delta(at))
    have: int | None = None
    for word in told(taken):
        kind, _, sequence = word.partition(" ")
        if kind == "snapshot":
            have = int(sequence)
        elif kind == "delta":
            assert have is not None
            assert int(sequence) == have + 1, told(taken)
            have = int(sequence)
    if any(what == "say" for what, _ in script):
        said = max((i for i, (what, _) in enumerate(script) if what == "say"), default=0)
        missed_after = sum(count for what, count in script[said + 1 :] if what == "miss")
        assert have is not None
        assert have >= at - missed_after, "the reader ends where the book is"
    await reader.close()
