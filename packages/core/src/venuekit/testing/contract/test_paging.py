"""Paging: following the cursors to the end gives each item once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from venuekit.adapter import Fill, FillQuery, HistoryQuery, Order, Page
from venuekit.testing.contract.behaviours import behaviour
from venuekit.testing.contract.kit import Kit

pytestmark = pytest.mark.anyio
T = TypeVar("T")
MOST_PAGES = 500


async def to_the_end(read: Callable[[str | None], Awaitable[Page[T]]]) -> list[T]:
    """All items, page after page."""
    items: list[T] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await read(cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items
    raise AssertionError(f"the pages do not end after {MOST_PAGES}")


async def placed(kit: Kit, count: int) -> list[str]:
    return [str((await kit.submit(kit.resting())).venue_order_id) for _ in range(count)]


def orders(kit: Kit, limit: int, since: int | None = None) -> Callable[[str | None], Awaitable[Page[Order]]]:
    def read(cursor: str | None) -> Awaitable[Page[Order]]:
        query = HistoryQuery(instrument=kit.instrument.id, limit=limit, cursor=cursor, start_ns=since)
        return kit.venue.order_history(query)

    return read


@behaviour("PAG-01")
async def test_pages_of_orders_lose_and_repeat_nothing(kit: Kit) -> None:
    ids = await placed(kit, 5)
    since = (await kit.venue.order(kit.ref(ids[0]))).created_ns
    found = [o.venue_order_id for o in await to_the_end(orders(kit, 2, since))]
    assert len(set(found)) == len(found), "an order came twice"
    assert set(ids) <= set(found), "an order was lost"


@behaviour("PAG-02")
async def test_pages_of_fills_lose_and_repeat_nothing(kit: Kit) -> None:
    bought = [await kit.bought() for _ in range(3)]
    fills = [fill for order in bought for fill in await kit.fills_of(order)]
    since = min(f.time_ns for f in fills)

    def read(cursor: str | None) -> Awaitable[Page[Fill]]:
        return kit.venue.fills(FillQuery(instrument=kit.instrument.id, start_ns=since, limit=2, cursor=cursor))

    found = [f.id for f in await to_the_end(read)]
    assert len(set(found)) == len(found), "a fill came twice"
    assert {f.id for f in fills} <= set(found), "a fill was lost"


@behaviour("PAG-03")
async def test_orders_that_arrive_meanwhile_repeat_nothing(kit: Kit) -> None:
    ids = await placed(kit, 4)
    since = (await kit.venue.order(kit.ref(ids[0]))).created_ns
    read = orders(kit, 2, since)
    first = await read(None)
    await placed(kit, 1)
    rest = await to_the_end(lambda cursor: read(cursor or first.next_cursor))
    found = [o.venue_order_id for o in [*first.items, *rest]]
    assert len(set(found)) == len(found), "an order came twice"
    assert set(ids) <= set(found), "an order was lost"


@behaviour("PAG-04")
async def test_a_page_is_newest_first_and_keeps_its_limit(kit: Kit) -> None:
    ids = await placed(kit, 3)
    page = await orders(kit, 2)(None)
    assert len(page.items) == 2
    assert page.next_cursor is not None
    assert [o.venue_order_id for o in page.items] == ids[:0:-1]


@behaviour("PAG-05")
async def test_pages_of_transfers_lose_and_repeat_nothing(kit: Kit) -> None:
    whole = [t.id for t in (await kit.venue.transfers(limit=20)).items]
    if len(whole) < 2:
        pytest.skip("the account has fewer than two transfers")
    cursor: str | None = None
    found: list[str] = []
    for _ in whole:
        page = await kit.venue.transfers(limit=1, cursor=cursor)
        found += [t.id for t in page.items]
        cursor = page.next_cursor
    assert found == whole


@behaviour("PAG-06")
async def test_orders_that_end_meanwhile_are_neither_lost_nor_repeated(kit: Kit) -> None:
    ids = await placed(kit, 5)
    since = (await kit.venue.order(kit.ref(ids[0]))).created_ns
    read = orders(kit, 2, since)
    first = await read(None)
    for ended in (ids[0], ids[4]):  # one that has been on a page, and one that will be
        await kit.venue.cancel(kit.ref(ended))
    rest = await to_the_end(lambda cursor: read(cursor or first.next_cursor))
    found = [o.venue_order_id for o in [*first.items, *rest]]
    assert sorted(found, key=str) == sorted(ids)
