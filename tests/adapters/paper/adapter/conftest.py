"""Paper venues that are opened through the factory and closed again, on a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from venuekit.adapter import VenueContext
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import factory
from venuekit_paper.adapter import PaperVenue

#: Enough to buy every level of a book.
RICH = {"USD": Decimal(10_000_000), "BTC": Decimal(100), "ETH": Decimal(1000)}


class Opener:
    """Opens venues on one folder; `close` ends those that a test left open."""

    def __init__(self, folder: Path, clock: SimulatedClock) -> None:
        self.folder = folder
        self.clock = clock
        self._opened: list[PaperVenue] = []

    def make(self, account: str = "default", **options: Any) -> PaperVenue:
        chosen: dict[str, Any] = {"pace": "manual", "persist": False, "initial_balances": RICH, **options}
        context = VenueContext(clock=self.clock, data_dir=self.folder, account=account, options=chosen)
        venue = factory.create(context)
        assert isinstance(venue, PaperVenue)
        self._opened.append(venue)
        return venue

    async def __call__(self, account: str = "default", **options: Any) -> PaperVenue:
        venue = self.make(account, **options)
        await venue.connect()
        return venue

    async def close(self) -> None:
        for venue in self._opened:
            await venue.close()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
async def opened(tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Opener]:
    """Opens a paper venue: ``await opened(account, **options)``."""
    opener = Opener(tmp_path, clock)
    yield opener
    await opener.close()


@pytest.fixture
async def venue(opened: Opener) -> PaperVenue:
    """A rich account on a market that stands still, without a file."""
    return await opened()
