"""What an adapter's author gets for nothing: a base that can nothing yet, pages, and events for many readers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import anyio
import pytest

from venuekit.adapter import (
    Capabilities,
    Channel,
    ConnectionEvent,
    ConnectionState,
    Declared,
    Event,
    Fanout,
    Feature,
    Instrument,
    InstrumentKind,
    InvalidCursor,
    InvalidValue,
    NotConnected,
    PartialVenue,
    Support,
    UnknownInstrument,
    Unsupported,
    paged,
)

pytestmark = pytest.mark.anyio
NO = Declared(Support.UNSUPPORTED, "it is a lake")
COIN = Instrument(
    id="COIN-USD",
    venue="lake",
    kind=InstrumentKind.SPOT,
    base="COIN",
    quote="USD",
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
    min_size=Decimal(1),
    alias="the coin",
)


class Lake(PartialVenue):
    capabilities = Capabilities(
        venue="lake",
        title="Lake",
        kinds=[InstrumentKind.SPOT],
        features=dict.fromkeys(Feature, NO),
        order_types={},
        times_in_force={},
        channels={},
    )

    async def instruments(self) -> Sequence[Instrument]:
        return [COIN]


@pytest.fixture
async def lake() -> Lake:
    lake = Lake()
    await lake.connect()
    return lake


def told(number: int, instrument: str | None = None) -> Event:
    return ConnectionEvent(venue="lake", instrument=instrument, time_ns=number, state=ConnectionState.CONNECTED)


@pytest.mark.parametrize("feature", [f for f in Feature if f.value in vars(PartialVenue)], ids=lambda f: f.value)
async def test_what_is_not_written_says_why(lake: Lake, feature: Feature) -> None:
    with pytest.raises(Unsupported, match=rf"{feature.value} is unsupported \(it is a lake\)"):
        await getattr(lake, feature.value)()


async def test_an_instrument_is_found_by_id_or_alias(lake: Lake) -> None:
    assert await lake.instrument("COIN-USD") == await lake.instrument("the coin") == COIN


async def test_a_wrong_name_is_answered_with_what_it_may_have_meant(lake: Lake) -> None:
    with pytest.raises(UnknownInstrument) as caught:
        await lake.instrument("coin-usdt")
    assert caught.value.details["near"] == ["COIN-USD"]
    assert "Did you mean COIN-USD?" in str(caught.value)
    with pytest.raises(UnknownInstrument) as caught:
        await lake.instrument("x" * 10_000)
    assert caught.value.details["near"] == []
    assert len(str(caught.value)) < 200


async def test_nothing_is_found_before_connecting_or_after_closing(lake: Lake) -> None:
    with pytest.raises(NotConnected):
        await Lake().instrument("COIN-USD")
    await lake.close()
    await lake.close()
    with pytest.raises(NotConnected):
        await lake.instrument("COIN-USD")


def test_pages_are_newest_first_and_end() -> None:
    first = paged("abcde", limit=2, cursor=None)
    second = paged("abcde", limit=2, cursor=first.next_cursor)
    third = paged("abcde", limit=2, cursor=second.next_cursor)
    assert [page.items for page in (first, second, third)] == [["e", "d"], ["c", "b"], ["a"]]
    assert third.next_cursor is None


def test_what_arrives_between_two_pages_moves_nothing() -> None:
    first = paged("abc", limit=2, cursor=None)
    assert paged("abcdef", limit=2, cursor=first.next_cursor).items == ["a"]


def test_a_page_of_what_is_wanted_is_full_and_says_when_it_is_the_last() -> None:
    first = paged(range(10), limit=2, cursor=None, wanted=lambda number: number % 4 == 0)
    assert (first.items, paged(range(10), limit=2, cursor=first.next_cursor, wanted=lambda n: n % 4 == 0).items) == (
        [8, 4],
        [0],
    )
    assert paged(range(10), limit=3, cursor=None, wanted=lambda n: n % 4 == 0).next_cursor is None
    assert paged([], limit=1, cursor=None).items == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.0", "1\n", "\u0661", "1" * 19])
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor) as caught:
        paged("abc", limit=2, cursor=cursor)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_of_nothing_is_refused(limit: int) -> None:
    with pytest.raises(InvalidValue) as caught:
        paged("abc", limit=limit, cursor=None)
    assert caught.value.field == "limit"


async def test_a_reader_gets_the_events_of_its_channel_and_instruments() -> None:
    fanout, seen = Fanout(), list[int]()

    async def read() -> None:
        async for event in fanout.read(Channel.TICKER, ["A"], first=[told(0)]):
            seen.append(event.time_ns)

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        fanout.publish(Channel.TICKER, told(1, "A"))
        fanout.publish(Channel.TICKER, told(2, "B"))
        fanout.publish(Channel.TRADES, told(3, "A"))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    fanout.publish(Channel.TICKER, told(4, "A"))
    assert seen == [0, 1]


async def test_own_events_go_to_every_reader_whatever_its_instruments() -> None:
    fanout = Fanout()
    readers = [fanout.read(Channel.OWN_ORDERS, names, first=[told(0)]) for names in ((), ["A"])]
    for reader in readers:
        await anext(reader)
    fanout.publish(Channel.OWN_ORDERS, told(1, "B"))
    assert [(await anext(reader)).time_ns for reader in readers] == [1, 1]


async def test_a_lost_connection_ends_readers_after_what_they_have() -> None:
    fanout = Fanout()
    reader = fanout.read(Channel.OWN_FILLS, first=[told(0)])
    await anext(reader)
    fanout.publish(Channel.OWN_FILLS, told(1))
    fanout.lose()
    fanout.publish(Channel.OWN_FILLS, told(2))
    assert (await anext(reader)).time_ns == 1
    with pytest.raises(NotConnected):
        await anext(reader)
