"""Whoever waits may be stopped while something is recorded: what the store has is told, what it has not is owed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from desks import Bench, limit, rows

from venuekit.desk.desk import Desk
from venuekit.errors import JournalUnavailable, OutcomeUnknown
from venuekit.model.events import OrderEvent
from venuekit.model.order import OrderStatus
from venuekit.protocols.journal import EntryKind

pytestmark = pytest.mark.anyio


class Slow:
    """A store whose writes wait, as those of a server do."""

    def __init__(self, desk: Desk, patch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.fails = 0
        store = desk._parts.store
        append = store.append

        async def later(entries: Any, claims: Any = ()) -> Any:
            await self.open.wait()
            if self.fails:
                self.fails -= 1
                raise JournalUnavailable("The store cannot be written: disk full.")
            return await append(entries, claims)

        patch.setattr(store, "append", later)


def told(desk: Desk) -> list[OrderEvent]:
    heard: list[OrderEvent] = []
    desk._parts.bus.hook(lambda event: heard.append(event) if isinstance(event, OrderEvent) else None)
    return heard


async def test_an_end_that_is_being_recorded_when_its_caller_is_given_up_is_told_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open() as desk:
        bench.venue.tell = False
        order = await desk.submit(limit(client_order_id="mine"))
        heard, slow = told(desk), Slow(desk, monkeypatch)
        slow.open.set()

        async def from_here_on() -> None:
            slow.open.clear()  # the call is in the journal, and the answer is on its way there

        bench.venue.faults["cancel"].append(from_here_on)
        canceling = asyncio.ensure_future(desk.cancel(order.id))
        await bench.clock.settle()
        desk._parts.changes.overdue(0)
        with pytest.raises(OutcomeUnknown):
            await canceling
        slow.open.set()
        await bench.clock.settle()
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "CANCELED"
        assert [event.order.status for event in heard] == [OrderStatus.CANCELED]


async def test_an_end_whose_fills_are_asked_for_when_its_caller_is_given_up_is_recorded(bench: Bench) -> None:
    from decimal import Decimal

    async with bench.open() as desk:
        order = await desk.submit(limit(client_order_id="mine", size=Decimal(2)))
        bench.venue.tell = False
        bench.venue.fill(order.id, Decimal(1), Decimal(98))
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> None:
            asked.set()
            await go_on.wait()

        bench.venue.faults["fills"].append(slowly)
        canceling = asyncio.ensure_future(desk.cancel(order.id))
        await asked.wait()
        desk._parts.changes.overdue(0)
        with pytest.raises(OutcomeUnknown):
            await canceling
        go_on.set()
        await bench.clock.settle()
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "CANCELED"
        assert [row.body["size"] for row in rows(desk, EntryKind.FILL)] == ["1"]


async def test_what_is_owed_stays_owed_when_its_writer_is_stopped_and_the_store_fails(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.open() as desk:
        order = await desk.submit(limit(client_order_id="mine"))
        heard, slow = told(desk), Slow(desk, monkeypatch)
        slow.open.set()
        slow.fails = 1
        bench.venue.set(bench.venue.orders[order.id].but(status=OrderStatus.CANCELED))
        await bench.clock.settle()
        assert heard == []
        slow.fails = 1
        slow.open.clear()
        writing = asyncio.ensure_future(desk._parts.recorder.catch_up())
        await bench.clock.settle()
        writing.cancel()
        slow.open.set()
        await asyncio.wait([writing])
        await bench.clock.settle()
        await desk._parts.recorder.catch_up()
        assert rows(desk, EntryKind.ORDER)[-1].body["status"] == "CANCELED"
        assert [event.order.status for event in heard] == [OrderStatus.CANCELED]
