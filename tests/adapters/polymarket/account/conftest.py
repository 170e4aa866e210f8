from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from polymarket_trader import BY_HAND, Desk, trading

from venuekit_doubles.polymarket import PolymarketDouble


@pytest.fixture
def double() -> Iterator[PolymarketDouble]:
    with PolymarketDouble(pace=BY_HAND) as running:
        yield running


@pytest.fixture
async def desk(double: PolymarketDouble, tmp_path: Path) -> AsyncIterator[Desk]:
    async with trading(double, tmp_path) as opened:
        yield opened
