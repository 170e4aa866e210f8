"""New ticks and resolutions, told by the channel or found by asking: each of them once."""

from __future__ import annotations

from typing import Any

import anyio
import attrs
import pytest
from stream_venue import MARKET, D, Reading, Stand, a_stand, down, instrument

from venuekit.adapter import Channel, ConnectionEvent, InstrumentEvent, InstrumentStatus
from venuekit_polymarket.statuses import Outcome

pytestmark = pytest.mark.anyio


def resolved(winner: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "event_type": "market_resolved",
        "market": MARKET,
        "assets_ids": ["1", "2"],
        "winning_asset_id": winner,
        "winning_outcome": "Yes",
        "timestamp": "1700000000000",
        **more,
    }


def payouts(reading: Reading) -> dict[str, str | None]:
    return {e.instrument: e.payout for e in reading.of(InstrumentEvent)}


async def following(stand: Stand, *names: str) -> Reading:
    reading = stand.read(Channel.STATUS, *names)
    await stand.until(lambda: reading.of(ConnectionEvent))
    return reading


async def test_a_resolution_pays_the_winner_a_dollar_and_the_other_nothing() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1", "2")
        await stand.venue.all_say(resolved(), resolved())
        await stand.until(lambda: len(reading.of(InstrumentEvent)) == 2)
        await stand.quiet()
        assert payouts(reading) == {"1": "1", "2": "0"}
        assert {e.changed.status for e in reading.of(InstrumentEvent)} == {InstrumentStatus.RESOLVED}
        kept = stand.catalog.known("1")
        assert kept is not None
        assert kept.status is InstrumentStatus.RESOLVED
        assert len(reading.of(InstrumentEvent)) == 2, "told twice by the venue, once by us"


async def test_a_resolution_that_the_channel_never_tells_is_found_by_asking_once() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1", "2")
        await stand.clock.advance(60)
        assert stand.catalog.polled == [("1", "2")]
        assert reading.of(InstrumentEvent) == []
        half = attrs.evolve(instrument("1"), status=InstrumentStatus.RESOLVED)
        stand.catalog.now["1"] = Outcome(half, D("0.5"))
        stand.catalog.faults.append(down())
        await stand.clock.advance(60)
        assert reading.of(InstrumentEvent) == []
        await stand.clock.advance(60)
        await stand.until(lambda: reading.of(InstrumentEvent))
        assert payouts(reading) == {"1": "0.5"}
        await stand.venue.all_say(resolved())
        await stand.until(lambda: "2" in payouts(reading))
        assert len(reading.of(InstrumentEvent)) == 2
        asked = len(stand.catalog.polled)
        await stand.venue.all_say(resolved())
        await stand.clock.advance(120)
        assert len(stand.catalog.polled) == asked, "nothing is left to ask about"


async def test_a_resolution_that_is_told_while_it_is_being_asked_for_is_told_once() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1", "2")
        stand.catalog.answers = anyio.Event()
        for name, paid in (("1", 1), ("2", 0)):
            over = attrs.evolve(instrument(name), status=InstrumentStatus.RESOLVED)
            stand.catalog.now[name] = Outcome(over, D(paid))
        await stand.clock.advance(60)
        await stand.venue.all_say(resolved())
        await stand.until(lambda: len(stand.catalog.polled) == 2)
        stand.catalog.answers.set()
        await stand.until(lambda: len(reading.of(InstrumentEvent)) >= 2)
        await stand.quiet()
        assert [e.instrument for e in reading.of(InstrumentEvent)] == ["1", "2"]


async def test_a_new_tick_is_an_instrument_with_that_tick() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1")
        tick = {"event_type": "tick_size_change", "asset_id": "1", "market": MARKET, "timestamp": "1700000000000"}
        await stand.venue.all_say({**tick, "old_tick_size": "0.01", "new_tick_size": "0.001"})
        await stand.until(lambda: reading.of(InstrumentEvent))
        [event] = reading.of(InstrumentEvent)
        assert (event.changed.tick_size, event.payout) == (D("0.001"), None)


async def test_who_names_no_instrument_hears_of_all_that_are_followed() -> None:
    async with a_stand() as stand:
        everything, one = await following(stand), await following(stand, "1")
        assert len(stand.venue.lines) == 1
        await stand.until(lambda: stand.venue.lines[0].assets == {"1"})
        await stand.catalog.find("2")
        await stand.venue.all_say(resolved("2"))
        await stand.until(lambda: len(everything.of(InstrumentEvent)) == 2)
        assert payouts(everything) == {"1": "0", "2": "1"}
        assert payouts(one) == {"1": "0"}


async def test_who_names_no_instrument_also_hears_of_what_the_account_has_and_others_follow() -> None:
    async with a_stand(interesting=lambda: ["7"]) as stand:
        everything, _ = await following(stand), await following(stand, "1")
        over = attrs.evolve(instrument("7"), status=InstrumentStatus.RESOLVED)
        stand.catalog.now["7"] = Outcome(over, D(1))
        await stand.clock.advance(60)
        assert [sorted(asked) for asked in stand.catalog.polled] == [["1", "7"]]
        await stand.until(lambda: everything.of(InstrumentEvent))
        assert payouts(everything) == {"7": "1"}


async def test_a_market_that_is_new_is_understood_and_changes_nothing() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1")
        await stand.venue.all_say({"event_type": "new_market", "market": MARKET, "assets_ids": ["8", "9"]})
        await stand.quiet()
        assert reading.of(InstrumentEvent) == []
        assert max(e.not_understood for e in reading.of(ConnectionEvent)) == 0


async def test_asking_ends_with_the_last_who_wants_to_know() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1")
        await reading.stop()
        await stand.clock.advance(300)
        assert stand.catalog.polled == []
        assert stand.clock.sleeping == 0


async def test_what_a_market_pays_is_asked_for_since_a_frame_names_one_winner_also_of_a_draw() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1", "2")
        for name in ("1", "2"):
            over = attrs.evolve(instrument(name), status=InstrumentStatus.RESOLVED)
            stand.catalog.now[name] = Outcome(over, D("0.5"))
        await stand.venue.all_say(resolved("1"))
        await stand.until(lambda: len(reading.of(InstrumentEvent)) == 2)
        assert payouts(reading) == {"1": "0.5", "2": "0.5"}
        assert {e.changed.metadata["payout"] for e in reading.of(InstrumentEvent)} == {"0.5"}


async def test_a_resolution_is_told_by_its_frame_when_nobody_answers() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1", "2")
        stand.catalog.faults.append(down())
        await stand.venue.all_say(resolved("2"))
        await stand.until(lambda: len(reading.of(InstrumentEvent)) == 2)
        assert payouts(reading) == {"1": "0", "2": "1"}


async def test_a_tick_that_is_told_twice_is_news_once_and_one_that_is_not_told_is_found_by_asking() -> None:
    async with a_stand() as stand:
        reading = await following(stand, "1")
        frame = {
            "event_type": "tick_size_change",
            "market": MARKET,
            "asset_id": "1",
            "old_tick_size": "0.01",
            "new_tick_size": "0.001",
            "timestamp": "1700000000000",
        }
        await stand.venue.all_say(frame, frame)
        await stand.until(lambda: reading.of(InstrumentEvent))
        await stand.quiet()
        assert [e.changed.tick_size for e in reading.of(InstrumentEvent)] == [D("0.001")]
        stand.catalog.now["1"] = Outcome(attrs.evolve(instrument("1"), tick_size=D("0.0025")))
        await stand.clock.advance(60)
        await stand.until(lambda: len(reading.of(InstrumentEvent)) == 2)
        assert reading.of(InstrumentEvent)[-1].changed.tick_size == D("0.0025")
