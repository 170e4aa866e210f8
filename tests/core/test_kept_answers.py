"""Answers that are good for a while: asked for once, in time anew, and never given when they are too old."""

from __future__ import annotations

import asyncio

import pytest

from venuekit.adapter import Kept, VenueDown
from venuekit.testing.clock import SimulatedClock

pytestmark = pytest.mark.anyio


class Venue:
    """Answers with how often it was asked, when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.is_down = False

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.answers.wait()
        if self.is_down:
            raise VenueDown("Nobody is there.", fix="Wait.")
        return number


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_is_given_until_its_time_is_over() -> None:
    clock, venue = SimulatedClock(), Venue()
    kept = Kept[int](clock, 60)
    assert [await kept.get("x", venue.ask) for _ in range(2)] == [1, 1]
    await clock.advance(59)
    assert await kept.get("x", venue.ask) == 1
    await settled()
    assert venue.asked == 1
    await clock.advance(1)
    assert await kept.get("x", venue.ask) == 2


async def test_what_is_wanted_after_half_its_time_is_asked_for_anew_and_nobody_waits() -> None:
    clock, venue = SimulatedClock(), Venue()
    kept = Kept[int](clock, 60, ahead=0.5)
    await kept.get("x", venue.ask)
    await clock.advance(29)
    await kept.get("x", venue.ask)
    await settled()
    assert venue.asked == 1
    await clock.advance(1)
    venue.answers.clear()
    assert [await kept.get("x", venue.ask) for _ in range(3)] == [1, 1, 1]
    venue.answers.set()
    await settled()
    assert venue.asked == 2, "asked once for all who wanted it"
    await clock.advance(59)
    assert await kept.get("x", venue.ask) == 2


async def test_a_venue_that_is_down_is_asked_a_few_times_ahead_and_its_old_answer_never_given() -> None:
    clock, venue = SimulatedClock(), Venue()
    kept = Kept[int](clock, 80, ahead=0.5)
    await kept.get("x", venue.ask)
    venue.is_down = True
    for _ in range(79):
        await clock.advance(1)
        assert await kept.get("x", venue.ask) == 1
        await settled()
    assert venue.asked == 1 + 4
    await clock.advance(1)
    with pytest.raises(VenueDown):
        await kept.get("x", venue.ask)
    venue.is_down = False
    assert await kept.get("x", venue.ask) == venue.asked


async def test_an_answer_that_was_forgotten_is_asked_for_at_once() -> None:
    clock, venue = SimulatedClock(), Venue()
    kept = Kept[int](clock, 60, ahead=0.5)
    await kept.get("x", venue.ask)
    kept.drop("x")
    assert await kept.get("x", venue.ask) == 2
