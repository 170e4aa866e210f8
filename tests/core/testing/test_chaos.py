"""A network that misbehaves on command, between a test and any venue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from venuekit.adapter import (
    Channel,
    ConnectionEvent,
    ConnectionState,
    Event,
    NotConnected,
    OrderRef,
    OutcomeUnknown,
    Unavailable,
)
from venuekit.testing import ChaosVenue

pytestmark = pytest.mark.anyio


class Far:
    """The venue behind the network: remembers what reached it, and tells four things."""

    name = "far"

    def __init__(self) -> None:
        self.arrived: list[str] = []

    async def cancel(self, order: OrderRef) -> str:
        self.arrived.append(f"cancel {order.client_order_id}")
        return "canceled"

    async def balances(self) -> list[str]:
        self.arrived.append("balances")
        return []

    async def subscribe(self, channel: Channel, instruments: Sequence[str]) -> AsyncIterator[Event]:
        for number in range(4):
            yield ConnectionEvent(venue="far", time_ns=number, state=ConnectionState.CONNECTED)


@pytest.fixture
def far() -> Far:
    return Far()


@pytest.fixture
def chaos(far: Far) -> ChaosVenue:
    return ChaosVenue(far)  # type: ignore[arg-type]


ORDER = OrderRef(client_order_id="a")


async def told(chaos: ChaosVenue) -> list[int]:
    return [event.time_ns async for event in chaos.subscribe(Channel.OWN_ORDERS, ())]


async def test_without_orders_everything_passes_through(chaos: ChaosVenue, far: Far) -> None:
    assert await chaos.cancel(ORDER) == "canceled"
    assert chaos.name == "far"
    assert await told(chaos) == [0, 1, 2, 3]
    assert chaos.calls == {"cancel": 1}


async def test_a_lost_answer_to_a_change_leaves_its_outcome_unknown(chaos: ChaosVenue, far: Far) -> None:
    chaos.lose_answer("cancel")
    with pytest.raises(OutcomeUnknown):
        await chaos.cancel(ORDER)
    assert far.arrived == ["cancel a"]
    assert await chaos.cancel(ORDER) == "canceled"


async def test_a_lost_answer_to_a_read_may_be_asked_for_again(chaos: ChaosVenue, far: Far) -> None:
    chaos.lose_answer("balances", times=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await chaos.balances()
    assert await chaos.balances() == []
    assert chaos.calls == {"balances": 3}


async def test_a_lost_request_never_arrives(chaos: ChaosVenue, far: Far) -> None:
    chaos.lose_request("cancel")
    with pytest.raises(NotConnected):
        await chaos.cancel(ORDER)
    assert far.arrived == []
    assert chaos.calls == {}


async def test_events_come_twice_or_in_the_wrong_order_when_told_so(chaos: ChaosVenue) -> None:
    chaos.duplicate_events = True
    assert await told(chaos) == [0, 0, 1, 1, 2, 2, 3, 3]
    chaos.duplicate_events, chaos.swap_events = False, True
    assert await told(chaos) == [1, 0, 3, 2]


async def test_dropped_streams_end_with_an_error_and_new_ones_work(chaos: ChaosVenue) -> None:
    stream = chaos.subscribe(Channel.OWN_ORDERS, ())
    assert (await anext(stream)).time_ns == 0
    chaos.drop_streams()
    with pytest.raises(NotConnected):
        await anext(stream)
    assert await told(chaos) == [0, 1, 2, 3]
