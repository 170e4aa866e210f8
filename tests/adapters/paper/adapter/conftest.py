"""Paper venues that are opened through the factory and closed again, on a clock that tests move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from paper_kit import Opener

from venuekit.testing.clock import SimulatedClock
from venuekit_paper.adapter import PaperVenue


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
