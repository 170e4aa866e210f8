"""Whatever was done, a restart at any point gives the same account: closed, or killed and found as a copy."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paper_kit import BTC, BUY, ETH, MOVE, NO, PERP, SELL, YES, Opener, bracket, everything, limit, market, stop

from venuekit.adapter import (
    FillQuery,
    Granularity,
    HistoryQuery,
    InstrumentStatus,
    OrderRef,
    OrderRequest,
    VenuekitError,
)
from venuekit.testing.clock import SimulatedClock
from venuekit_paper import persistence
from venuekit_paper.adapter import PaperVenue

D = Decimal
Step = Callable[[PaperVenue], Coroutine[Any, Any, object]]
#: Where each market begins, and a usual size there.
USUAL = {
    BTC: (D(60_000), D("0.3")),
    ETH: (D(3000), D(4)),
    PERP: (D(60_000), D("0.4")),
    YES: (D("0.62"), D(200)),
    NO: (D("0.38"), D(200)),
}


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    name = draw(st.sampled_from(list(USUAL)))
    price, size = USUAL[name]
    side = draw(st.sampled_from([BUY, SELL]))
    tick = D("0.01") if name in (YES, NO) else D(1)
    away = draw(st.integers(-8, 3)) * tick * side.sign
    more: dict[str, Any] = {"instrument": name, "client_order_id": f"h{draw(st.integers(0, 25))}"}
    kind = draw(st.sampled_from(["market", "limit", "limit", "stop", "bracket"]))
    if kind == "market":
        return market(side, size, reduce_only=draw(st.booleans()), **more)
    if kind == "limit":
        return limit(
            side,
            size * draw(st.sampled_from([1, 5])),
            price + away,
            post_only=draw(st.booleans()),
            reduce_only=draw(st.booleans()),
            **more,
        )
    if kind == "stop":
        return stop(side, size, price - away, **more)
    return bracket(side, size, price - side.sign * 5 * tick, price + side.sign * 5 * tick, **more)


def submits(request: OrderRequest) -> Step:
    return lambda venue: venue.submit(request)


def moves(number: int) -> Step:
    return lambda venue: venue.advance(number * MOVE)


def changes_the(place: int, how: str, factor: int) -> Step:
    async def change(venue: PaperVenue) -> object:
        orders = await venue.open_orders()
        if not orders:
            return None
        order = orders[place % len(orders)]
        ref = OrderRef.of(order)
        if how == "cancel":
            return await venue.cancel(ref)
        assert order.size is not None
        return await venue.amend(ref, size=order.size * factor / 2)

    return change


def pairs(how: str, size: int) -> Step:
    return lambda venue: venue.mint(YES, D(size)) if how == "mint" else venue.merge(NO, D(size))


def halts(name: str, status: InstrumentStatus) -> Step:
    return lambda venue: venue.set_status(name, status)


steps = st.one_of(
    requests().map(submits),
    requests().map(submits),
    st.integers(1, 30).map(moves),
    st.builds(changes_the, st.integers(0, 9), st.sampled_from(["cancel", "amend"]), st.integers(1, 5)),
    st.builds(pairs, st.sampled_from(["mint", "merge"]), st.integers(1, 50)),
    st.builds(halts, st.sampled_from([BTC, YES]), st.sampled_from([InstrumentStatus.TRADING, InstrumentStatus.HALTED])),
    st.just(lambda venue: venue.cancel_all()),
    st.sampled_from(["close", "kill"]),
)


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


async def done(venue: PaperVenue, step: Step) -> object:
    try:
        return await step(venue)
    except VenuekitError as error:
        return error.to_dict()


async def compare(script: list[Step | str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        first = opener = Opener(Path(name), SimulatedClock())
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(first.close)
            twin = await opener()
            venue = await opener(persist=True)
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
@given(st.lists(steps, min_size=5, max_size=30))
def test_a_restart_at_any_point_gives_the_same_account(script: list[Step | str]) -> None:
    asyncio.run(compare(script))
