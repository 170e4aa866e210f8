"""An order survives its caller: a timeout or a disconnect ends the wait, never the order or its record."""

from __future__ import annotations

import asyncio

import pytest
from mcp.shared.exceptions import MCPError

from venuekit.protocols.journal import EntryKind, RowQuery

pytestmark = pytest.mark.anyio
BUY = {"instrument": "BTC-USD", "side": "BUY", "order_type": "LIMIT", "size": "0.1", "price": "50010", "reason": "t"}


async def _settled(check):
    async with asyncio.timeout(60):
        while not check():  # noqa: ASYNC110 - the venue signals nobody
            await asyncio.sleep(0)


async def test_a_clients_timeout_does_not_lose_the_order(bench, era):
    async with bench() as b:
        b.venue.gate = asyncio.Event()
        async with b.client(era) as c:
            with pytest.raises(MCPError):
                await c.call_tool("place_order", BUY, read_timeout_seconds=0.2)
            b.venue.gate.set()
            await _settled(lambda: b.venue.traded)
            history = (await c.call_tool("get_orders", {"view": "history"})).structured_content["orders"]
            assert [o["status"] for o in history] == ["FILLED"]
            rows = b.desk.store.rows(RowQuery(kinds=(EntryKind.CALL,), subject="place_order"))
            assert len(rows) == 1
            assert rows[0].body["outcome"] in ("CALLER_GONE", "ok")  # an older client only stops listening


async def test_a_disconnect_in_the_middle_does_not_lose_the_order(bench, era):
    async with bench() as b:
        b.venue.gate = asyncio.Event()

        async def call():
            async with b.client(era) as c:
                await c.call_tool("place_order", BUY)

        task = asyncio.create_task(call())
        await _settled(lambda: b.desk.store.rows(RowQuery(kinds=(EntryKind.INTENT,))))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        b.venue.gate.set()
        await _settled(lambda: b.venue.traded)
        await _settled(lambda: b.desk.store.rows(RowQuery(kinds=(EntryKind.FILL,))))
        assert not await b.desk.open_orders()
        (fill,) = (await b.venue.fills(_fills())).items
        assert (await b.desk.order(fill.client_order_id)).status == "FILLED"


def _fills():
    from venuekit.adapter import FillQuery

    return FillQuery()
