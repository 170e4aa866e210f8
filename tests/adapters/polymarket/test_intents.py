"""Orders are on the disk before they are sent; those of one turn of the event loop wait for the disk together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from venuekit.adapter import Order, OrderStatus, OrderType, Side, TimeInForce, Unavailable
from venuekit_polymarket.intents import Intent, Intents
from venuekit_polymarket.kept_rows import KeptOrder
from venuekit_polymarket.records import Records
from venuekit_polymarket.signing import Unsigned

pytestmark = pytest.mark.anyio
UNSIGNED = Unsigned(
    token_id="1", side=Side.BUY, maker_amount=1, taker_amount=2, neg_risk=False, salt=3, time_ms=1_760_000_000_000
)


def order(number: int) -> Order:
    return Order(
        venue="polymarket",
        account="main",
        instrument="1",
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=OrderStatus.NEW,
        time_in_force=TimeInForce.GTC,
        created_ns=number,
        updated_ns=number,
        client_order_id=f"mine-{number}",
        venue_order_id=f"0x{number}",
    )


class Disk:
    """Writes by hand: what came together, and what is said of it."""

    def __init__(self, *, fails: Exception | None = None, wrong: str = "") -> None:
        self.written: list[list[str | None]] = []
        self._fails = fails
        self._wrong = wrong

    def write(self, intents: Sequence[Intent]) -> list[KeptOrder | Exception]:
        self.written.append([order.client_order_id for order, _ in intents])
        if self._fails is not None:
            raise self._fails
        return [
            sqlite3.IntegrityError("its own fault")
            if o.client_order_id == self._wrong
            else KeptOrder(o, taken=False, unsigned=u)
            for o, u in intents
        ]


async def test_those_who_come_in_one_turn_wait_once() -> None:
    disk = Disk()
    intents = Intents(disk.write)
    kept = await asyncio.gather(*(intents.add(order(n), UNSIGNED) for n in range(3)))
    assert disk.written == [["mine-0", "mine-1", "mine-2"]]
    assert [k.order.client_order_id for k in kept] == ["mine-0", "mine-1", "mine-2"]
    await intents.add(order(3), UNSIGNED)
    assert disk.written[1:] == [["mine-3"]]


async def test_what_is_wrong_with_one_is_not_the_others_fault() -> None:
    intents = Intents(Disk(wrong="mine-1").write)
    kept = await asyncio.gather(*(intents.add(order(n), UNSIGNED) for n in range(3)), return_exceptions=True)
    assert [isinstance(k, sqlite3.IntegrityError) for k in kept] == [False, True, False]


async def test_a_disk_that_does_not_take_it_is_everybodys_error() -> None:
    intents = Intents(Disk(fails=Unavailable("the disk is full")).write)
    kept = await asyncio.gather(*(intents.add(order(n), UNSIGNED) for n in range(2)), return_exceptions=True)
    assert [isinstance(k, Unavailable) for k in kept] == [True, True]


async def test_who_leaves_before_it_is_written_is_left_out() -> None:
    disk = Disk()
    intents = Intents(disk.write)
    staying = asyncio.ensure_future(intents.add(order(0), UNSIGNED))
    leaving = asyncio.ensure_future(intents.add(order(1), UNSIGNED))
    asyncio.get_running_loop().call_soon(leaving.cancel)
    await staying
    assert leaving.cancelled()
    assert disk.written == [["mine-0"]]


@pytest.fixture
def records(tmp_path: Path) -> Any:
    kept = Records(tmp_path / "orders.db")
    kept.open()
    yield kept
    kept.close()


async def test_an_intent_waits_for_the_disk_and_what_is_told_later_does_not(records: Records) -> None:
    said: list[str] = []
    records._db.set_trace_callback(said.append)
    await records.intend(order(1), UNSIGNED)
    records.tell(order(1))
    records._db.set_trace_callback(None)
    full, normal = said.index("PRAGMA synchronous = FULL"), said.index("PRAGMA synchronous = NORMAL")
    commits = [place for place, words in enumerate(said) if words == "COMMIT"]
    assert full < commits[0] < normal < commits[1]


async def test_an_id_that_is_known_gives_the_order_of_then(records: Records) -> None:
    first, again = await asyncio.gather(
        records.intend(order(1), UNSIGNED),
        records.intend(attrs.evolve(order(2), client_order_id="mine-1"), UNSIGNED),
    )
    assert first.order.venue_order_id == again.order.venue_order_id == "0x1"
    assert records.by_venue_id("0x2") is None
