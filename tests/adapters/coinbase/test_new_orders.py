"""A new order is read back once: for whoever placed it, and for the stream that tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from coinbase_desk import a_double, connected, resting

from venuekit.adapter import Channel, Event, Order, OrderEvent, OrderRef
from venuekit_coinbase.adapter import CoinbaseVenue

pytestmark = pytest.mark.anyio
D = Decimal


def own_orders(venue: CoinbaseVenue) -> aclosing[AsyncGenerator[Event]]:
    return aclosing(cast("AsyncGenerator[Event]", venue.subscribe(Channel.OWN_ORDERS, [])))


async def next_order(stream: AsyncIterator[Event]) -> Order:
    async for event in stream:
        if isinstance(event, OrderEvent):
            return event.order
    raise AssertionError("the stream has ended")


async def test_an_order_is_asked_for_once_by_its_caller_and_the_stream_together(tmp_path: Path) -> None:
    with a_double() as double:
        async with connected(double, tmp_path) as venue, own_orders(venue) as stream:
            await anext(stream)  # it is connected
            placing = asyncio.ensure_future(venue.submit(resting()))
            told = await next_order(stream)
            placed = await placing
            assert (told.id, told.size, told.time_in_force) == (placed.id, placed.size, placed.time_in_force)
            assert [asked.endpoint for asked in double.requests].count("order") == 1


async def test_an_order_that_another_program_has_changed_since_is_told_as_it_is(tmp_path: Path) -> None:
    with a_double() as double:
        async with connected(double, tmp_path) as venue, connected(double, tmp_path / "other") as other:
            placed = await venue.submit(resting())
            await other.amend(OrderRef(venue_order_id=placed.venue_order_id), size=D("0.02"), price=D(900))
            async with own_orders(venue) as stream:
                told = await next_order(stream)
            assert (told.size, told.price) == (D("0.02"), D(900))


async def test_an_order_that_is_placed_again_is_told_as_it_has_become(tmp_path: Path) -> None:
    with a_double() as double:
        async with connected(double, tmp_path) as venue, connected(double, tmp_path / "other") as other:
            placed = await venue.submit(resting())
            await other.cancel(OrderRef(venue_order_id=placed.venue_order_id))
            again = await venue.submit(resting())
            assert again.id == placed.id
            assert again.is_done
