"""What an adapter tells of its connection: signs of life, messages that it did not understand, gaps of its own."""

from __future__ import annotations

import pytest
from live import Stage, told

from venuekit.model.events import Channel, ConnectionEvent, ConnectionState, GapEvent

pytestmark = pytest.mark.anyio


def alive(stage: Stage, not_understood: int = 0) -> ConnectionEvent:
    return ConnectionEvent(
        venue="scripted",
        time_ns=stage.clock.now_ns(),
        state=ConnectionState.CONNECTED,
        not_understood=not_understood,
    )


async def test_a_quiet_market_whose_adapter_says_that_it_lives_is_not_given_up(stage: Stage) -> None:
    reader, seen = stage.read(Channel.TICKER, "BTC-USD")
    await stage.clock.settle()
    for _ in range(10):
        await stage.say(Channel.TICKER, alive(stage))
        await stage.clock.advance(20)
    assert told(seen) == ["connected"], "signs of life are for the supervisor, not for readers"
    assert (reader.status().received, stage.made(Channel.TICKER)) == (0, 1)
    await stage.clock.advance(30)
    assert told(seen)[-1] == "stale"


async def test_messages_that_were_not_understood_add_up_over_connections(stage: Stage) -> None:
    reader, _ = stage.read(Channel.TRADES, "BTC-USD")
    await stage.clock.settle()
    await stage.say(Channel.TRADES, alive(stage, 1), alive(stage, 3), alive(stage, 3))
    late, _ = stage.read(Channel.TRADES, "BTC-USD")
    await stage.say(Channel.TRADES, alive(stage, 4))
    assert (reader.status().not_understood, late.status().not_understood) == (4, 1)
    await stage.cut(Channel.TRADES)
    await stage.clock.advance(1.1)
    await stage.say(Channel.TRADES, alive(stage, 2))
    assert (reader.status().not_understood, late.status().not_understood) == (6, 3)


@pytest.mark.parametrize(("channel", "asked"), [(Channel.OWN_ORDERS, 2), (Channel.TICKER, 0)])
async def test_what_nobody_understood_of_own_orders_is_asked_for_and_not_all_the_time(
    stage: Stage, channel: Channel, asked: int
) -> None:
    again: list[Channel] = []

    async def compare(channel: Channel) -> None:
        again.append(channel)

    stage.read(channel, *([] if channel.is_own else ["BTC-USD"]))
    await stage.clock.settle()
    await stage.say(channel, alive(stage))
    stage.hub.on_reconnect = compare
    await stage.say(channel, alive(stage, 1))
    assert len(again) == (1 if asked else 0)
    await stage.say(channel, alive(stage, 2), alive(stage, 3), alive(stage, 3))
    assert len(again) == (1 if asked else 0), "once is enough for now"
    await stage.clock.advance(6)
    assert len(again) == asked
    await stage.clock.advance(20)
    assert len(again) == asked


async def test_a_gap_that_the_adapter_tells_reaches_readers_and_is_counted(stage: Stage) -> None:
    reader, seen = stage.read(Channel.BOOK, "BTC-USD")
    await stage.clock.settle()
    gap = GapEvent(venue="scripted", instrument="BTC-USD", time_ns=0, channel=Channel.BOOK)
    await stage.say(Channel.BOOK, stage.snapshot(1), stage.delta(2), gap, stage.snapshot(3), stage.delta(4))
    assert told(seen) == ["connected", "snapshot 1", "delta 2", "gap", "snapshot 3", "delta 4"]
    assert reader.status().gaps == 1


async def test_a_reconnect_that_was_only_guessed_is_reconciled_again_when_the_venue_speaks(stage: Stage) -> None:
    again: list[Channel] = []

    async def reconnected(channel: Channel) -> None:
        again.append(channel)

    stage.hub.on_reconnect = reconnected
    stage.read(Channel.OWN_ORDERS)
    await stage.clock.advance(2)
    await stage.say(Channel.OWN_ORDERS, alive(stage))
    assert len(again) == 1, "what happened before it was there is asked for"
    await stage.say(Channel.OWN_ORDERS, alive(stage))
    assert len(again) == 1, "once"
    again.clear()
    await stage.cut(Channel.OWN_ORDERS)
    await stage.clock.advance(3)
    assert len(again) == 1, "after a quiet second it is taken to be connected"
    await stage.say(Channel.OWN_ORDERS, alive(stage), alive(stage))
    assert len(again) == 2, "what happened before the venue spoke is asked for, once"
    await stage.cut(Channel.OWN_ORDERS)
    await stage.clock.advance(1.1)
    await stage.say(Channel.OWN_ORDERS, alive(stage))
    assert len(again) == 3, "nothing was guessed this time"
