"""A subscription that is given up while its connection is being made leaves nothing open behind it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from coinbase_desk import a_double, a_venue

from venuekit.adapter import Channel
from venuekit_coinbase.adapter import CoinbaseVenue
from venuekit_doubles.coinbase.sockets import Sockets


async def read(venue: CoinbaseVenue) -> None:
    async for _ in venue.subscribe(Channel.TICKER, ["BTC-USD"]):
        pass


def test_giving_up_while_the_venue_is_slow_to_answer_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, handle = threading.Event(), Sockets.handle

    async def slow(sockets: Sockets, request: Any) -> Any:
        asked.set()
        time.sleep(0.3)  # noqa: ASYNC251 - the whole server is slow
        return await handle(sockets, request)

    async def session() -> None:
        venue = a_venue(double, tmp_path)
        await venue.connect()
        reading = asyncio.create_task(read(venue))
        await asyncio.to_thread(asked.wait, 10)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await venue.close()

    monkeypatch.setattr(Sockets, "handle", slow)
    with a_double() as double, warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        asyncio.run(session())
        gc.collect()
    assert [str(each.message) for each in found if issubclass(each.category, ResourceWarning)] == []
    assert asked.is_set()
