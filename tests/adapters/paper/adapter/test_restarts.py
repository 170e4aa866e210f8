"""Whatever was done, a restart at any point gives the same account: closed, or killed and found as a copy."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper_kit import BTC, POOR, RICH, Opener, everything
from random_steps import Step, done, moves, steps

from venuekit.adapter import FillQuery, Granularity, HistoryQuery
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import persistence
from venuekit_paper.adapter import PaperVenue


async def all_of_it(venue: PaperVenue) -> dict[str, object]:
    return {
        **await everything(venue),
        "orders": (await venue.order_history(HistoryQuery(limit=500))).items,
        "fills": (await venue.fills(FillQuery(limit=500))).items,
        "transfers": (await venue.transfers(limit=500)).items,
        "candles": await venue.candles(BTC, Granularity.FIVE_MINUTES, limit=10),
        "hash": venue.journal_hash,
        "now": venue.now_ns(),
    }


async def restarted(opener: Opener, venue: PaperVenue, how: str) -> tuple[Opener, PaperVenue]:
    if how == "close":
        await venue.close()
    else:
        folder = Path(tempfile.mkdtemp(dir=opener.folder))
        for name in ("default.sqlite3", "default.sqlite3-wal"):
            if (opener.folder / name).exists():
                shutil.copy(opener.folder / name, folder / name)
        copy = Opener(folder, opener.clock)
        opener.also(copy)
        opener = copy
    return opener, await opener(persist=True)


async def compare(script: list[Step | str], wealth: dict[str, Decimal]) -> None:
    with tempfile.TemporaryDirectory() as name:
        first = opener = Opener(Path(name), SimulatedClock())
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(first.close)
            twin = await opener(initial_balances=wealth)
            venue = await opener(persist=True, initial_balances=wealth)
            for step in [*script, "close", moves(8), "close", moves(8), "kill"]:
                if isinstance(step, str):
                    opener, venue = await restarted(opener, venue, step)
                    assert await all_of_it(venue) == await all_of_it(twin)
                else:
                    assert await done(venue, step) == await done(twin, step)


@pytest.fixture(autouse=True, scope="module")
def often() -> Iterator[None]:
    """Snapshots come often enough to stand between the steps of a script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(persistence, "SNAPSHOT_EVERY", 12)
        yield


@settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps | st.sampled_from(["close", "kill"]), min_size=5, max_size=30), st.sampled_from([RICH, POOR]))
def test_a_restart_at_any_point_gives_the_same_account(script: list[Step | str], wealth: dict[str, Decimal]) -> None:
    asyncio.run(compare(script, wealth))
